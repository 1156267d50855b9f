#!/bin/sh
# SPDX-License-Identifier: MIT
# The injector is a guest: it makes no system call that the program has forbidden itself, and obeys nobody who may not
# command the program.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"

# A program that allows itself write, exit_group and memory, and reports its failures. With "end", it asks for nothing at
# its end that nomem asks for, either.
cat >filtered.c <<'EOS'
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#define ALLOW(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
int main(void) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      ALLOW(write), ALLOW(exit_group), ALLOW(brk), ALLOW(mmap), ALLOW(munmap), ALLOW(futex), ALLOW(getrandom),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)};
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  free(malloc(4));
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) return 2;
  void *block = malloc(8);
  if (block == NULL) return 1;
  free(block);
  return 0;
}
EOS
"$cc" -g -o filtered filtered.c
if ./filtered; then
  for engine in exec auto; do
    status=0
    timeout 60 nomem explore --no-store --engine $engine --leaks off -- ./filtered >seen 2>&1 || status=$?
    if [ $status -eq 0 ] && grep -q ' reported.*; 0 findings' seen; then pass "a system call filter, by $engine"; else
      fail "a system call filter, by $engine" seen
    fi
  done
  status=0
  timeout 60 nomem explore --no-store -- ./filtered >seen 2>&1 || status=$?
  if [ $status -eq 2 ] && grep -q 'SIGSYS.*--leaks off' seen; then pass 'the option that helps is named'; else
    fail 'the option that helps is named' seen
  fi
else
  skip 'a system call filter, by exec' 'no seccomp here'
  skip 'a system call filter, by auto' 'no seccomp here'
  skip 'the option that helps is named' 'no seccomp here'
fi

# A set-uid program that has nomem-link.o in it is not its caller's to command.
printf '#include <stdlib.h>\nint main(void) { return malloc(10) == NULL ? 3 : 0; }\n' >linked.c
name='a set-uid program ignores the plan of its caller'
if [ "$(id -u)" != 0 ] || ! command -v setpriv >/dev/null; then
  skip "$name" 'needs root and setpriv'
elif ! "$cc" -static -w -o linked linked.c "$build/nomem-link.o" -Wl,-z,muldefs 2>seen; then
  skip "$name" 'no static C library'
else
  chmod 755 .
  set_uid=0
  other() {
    status=0
    NOMEM_PLAN=nth=1 setpriv --reuid 65534 --regid 65534 --clear-groups ./linked || status=$?
  }
  other
  plain=$status
  chmod 4755 linked
  other
  set_uid=$status
  echo "exit status $plain as it is, $set_uid with the set-uid bit" >seen
  if [ "$plain" -eq 3 ] && [ "$set_uid" -eq 0 ]; then pass "$name"; else fail "$name" seen; fi
fi

# The program may open the pages that it shares with the command, and cannot take them away.
cat >shortens.c <<'EOS'
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
int main(void) {
  void *block = malloc(4);
  if (block == NULL) return ftruncate(open(getenv("NOMEM_CHANNEL"), O_RDWR), 0) == 0 ? 3 : 1;
  free(block);
  return 0;
}
EOS
"$cc" -g -o shortens shortens.c
status=0
timeout 60 nomem explore --no-store -- ./shortens >seen 2>&1 || status=$?
if [ $status -eq 0 ] && grep -q '2 reported; 0 findings' seen; then pass 'the channel cannot be shortened'; else
  fail 'the channel cannot be shortened' seen
fi

# What an argument names is looked at only where looking changes nothing.
printf '#include <stdlib.h>\nint main(void) { void *p = malloc(3); return p == NULL; }\n' >plain.c
"$cc" -g -o plain plain.c
mkfifo pipe
echo line >pipe &
writer=$!
status=0
timeout 60 nomem explore --store fifo.db -- ./plain pipe >seen 2>&1 || status=$?
if [ $status -eq 0 ] && kill -0 $writer 2>/dev/null; then pass 'a FIFO among the arguments is not opened'; else
  fail 'a FIFO among the arguments is not opened' seen
fi
kill $writer 2>/dev/null || :
wait $writer 2>/dev/null || :

finish
