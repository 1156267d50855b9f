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
elif grep -q '^NoNewPrivs:.*1' /proc/self/status; then
  skip "$name" 'no program gets privileges here'
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

# What it writes there: without a fault, or after it; then it crashes, hangs or reports its failure.
cat >damages.c <<EOS
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "$tests/../faults/channel.h"
static struct nomem_channel *find_pages(void) {
  static char line[4096];
  unsigned long from, to;
  FILE *maps = fopen("/proc/self/maps", "r");
  while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
    if (strstr(line, "nomem-channel") != NULL && sscanf(line, "%lx-%lx", &from, &to) == 2) return (void *)from;
  return NULL;
}
static void damage(struct nomem_channel *pages, const char *how) {
  if (strcmp(how, "leaks") == 0) pages->check_leaks = 1;
  if (strcmp(how, "zeros") == 0) memset(pages, 0, offsetof(struct nomem_channel, sites));
  if (strcmp(how, "ones") == 0) memset(pages, 0xff, offsetof(struct nomem_channel, sites));
  if (strcmp(how, "function") == 0) pages->faults[0].fn = 1000;
  if (strcmp(how, "frames") == 0) memset(pages->faults[0].frame, 0x77, sizeof pages->faults[0].frame);
  if (strcmp(how, "modules") == 0) memset(pages->modules, 'x', sizeof pages->modules);
  if (strcmp(how, "count") == 0) pages->fault_count = 0;
  if (strcmp(how, "turn") == 0) {
    pages->fork.turn++;
    syscall(SYS_futex, &pages->fork.turn, FUTEX_WAKE, 1, NULL, NULL, 0);
    usleep(20000);
  }
}
int main(int argc, char **argv) {
  struct nomem_channel *pages = find_pages();
  char *block = malloc(11), *end = argc > 2 ? argv[2] : "";
  if (pages != NULL && (block == NULL || strcmp(end, "always") == 0)) damage(pages, argv[1]);
  if (block == NULL && strcmp(end, "crash") == 0) block[0] = 'x';
  while (block == NULL && strcmp(end, "hang") == 0) pause();
  free(block);
  return block == NULL;
}
EOS
"$cc" -g -O0 -w -o damages damages.c
impossible='\(null\)|\(no stack'
[ -z "$no_ptrace" ] || impossible='\(null\)'
# damaged NAME TEXT STATUS HOW END [OPTION...]: TEXT, which may be two lines, is among what the exploration prints.
damaged() {
  damaged_name=$1 damaged_text=$2 damaged_status=$3 how=$4 then=$5
  shift 5
  status=0
  timeout 60 nomem explore --no-store "$@" -- ./damages "$how" "$then" >seen 2>&1 || status=$?
  printf '%s\n' "$damaged_text" >wanted
  while IFS= read -r line; do
    grep -q -e "$line" seen || status="$status, and not '$line'"
  done <wanted
  if [ "$status" = "$damaged_status" ] && ! grep -qE "$impossible" seen; then pass "$damaged_name"; else
    echo "(exit status $status)" >>seen
    fail "$damaged_name" seen
  fi
}
for engine in exec auto; do
  damaged "what the command has told the program is not asked of it, by $engine" '^hang in ' 1 leaks hang -t 1 --engine $engine
  for how in zeros ones function frames modules count turn; do
    name="a crash is one, and has its fault, after $how, by $engine"
    cannot_trace "$name" || damaged "$name" \
      "$(printf 'malloc of 11 bytes returned NULL\n^crash in main (damages.c:')" 1 $how crash --engine $engine
  done
  damaged "that the pages are damaged is said, by $engine" 'wrote over the pages' 0 ones report --engine $engine
done
damaged 'a crash without damage is one' '^crash in main' 1 nothing crash
if grep -q 'wrote over' seen; then fail 'and nothing is said' seen; else pass 'and nothing is said'; fi
damaged 'damage without a fault is refused' 'without any fault the program writes over' 2 leaks always
damaged 'and so are zeros' 'without any fault the program writes over' 2 zeros always
damaged 'what is written without damage is not' '4 reported, 2 handled; 0 findings' 0 nothing always

# What an argument names is looked at only where looking changes nothing.
printf '#include <stdlib.h>\nint main(void) { void *p = malloc(3); return p == NULL; }\n' >plain.c
"$cc" -g -o plain plain.c
mkfifo pipe
ln -s pipe link
echo line >pipe &
writer=$!
status=0
timeout 60 nomem explore --store fifo.db -- ./plain pipe link /dev/zero /dev/stdin . >seen 2>&1 || status=$?
if [ $status -eq 0 ] && kill -0 $writer 2>/dev/null; then pass 'a FIFO among the arguments is not opened'; else
  fail 'a FIFO among the arguments is not opened' seen
fi
kill $writer 2>/dev/null || :
wait $writer 2>/dev/null || :

# It takes little of the address space, and of a signal stack. Careless, each program crashes.
cat >tight.c <<'EOS'
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
static int status, is_careless;
static void allocate(int number) {
  void *volatile block = malloc(20);
  (void)number;
  if (is_careless) *(volatile char *)block = 1;
  if (block == NULL) status = 1;
  free(block);
}
int main(int argc, char **argv) {
  struct rlimit limit = {10 << 20, 10 << 20};
  is_careless = argc > 2;
  if (strcmp(argv[1], "space") == 0 && setrlimit(RLIMIT_AS, &limit) != 0) return 3;
  limit = (struct rlimit){3 << 20, 3 << 20};
  if (strcmp(argv[1], "data") == 0 && setrlimit(RLIMIT_DATA, &limit) != 0) return 3;
  if (strcmp(argv[1], "stack") == 0) {
    size_t bytes = getauxval(AT_MINSIGSTKSZ) + 4096;
    stack_t stack = {.ss_sp = calloc(1, bytes + 4096), .ss_size = bytes};
    struct sigaction action = {.sa_handler = allocate, .sa_flags = SA_ONSTACK};
    if (stack.ss_sp == NULL) return 1;
    char *below = stack.ss_sp;
    stack.ss_sp = below + 4096;
    if (sigaltstack(&stack, NULL) != 0 || sigaction(SIGUSR1, &action, NULL) != 0) return 3;
    raise(SIGUSR1);
    for (int i = 0; i < 4096; i++)
      if (below[i] != 0) abort(); /* somebody has written below the stack */
  } else {
    allocate(0);
  }
  return status;
}
EOS
"$cc" -g -Wl,-z,now -o tight tight.c
for kind in space data stack; do
  status=0
  timeout 60 nomem explore --no-store -- ./tight $kind >seen 2>&1 || status=$?
  timeout 60 nomem explore --no-store -- ./tight $kind careless >again 2>&1 || status=$((status + 10 * $?))
  cat again >>seen
  if [ $status -eq 10 ] && grep -q '; 0 findings' seen && grep -q '^crash in allocate' again; then
    pass "a program with little $kind"
  else
    fail "a program with little $kind" seen
  fi
done

# A program that fails only because of nomem: what helps is named. One that fails in any case is to be mended.
cat >minds.c <<'EOS'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char **argv) {
  char line[4096];
  free(malloc(5));
  if (argc > 1 && strcmp(argv[1], "traces") == 0) {
    int status;
    pid_t pid = fork();
    if (pid == 0) _exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0 ? 3 : 0);
    return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : 3;
  }
  if (argc > 1 && strcmp(argv[1], "fails") == 0) return 3;
  FILE *maps = fopen("/proc/self/maps", "r");
  while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
    if (strstr(line, "libnomem") != NULL) return 3;
  return 0;
}
EOS
"$cc" -g -o minds minds.c
minds() {
  status=0
  timeout 60 nomem explore --no-store -- ./minds "$1" >seen 2>&1 || status=$?
  if [ $status -eq 2 ] && grep -q "exits with 3[,:] $2" seen; then pass "a program that $1: $2"; else
    fail "a program that $1: $2" seen
  fi
}
cannot_trace 'a program that traces' || minds traces 'but passes when nobody traces it.*--no-trace'
minds minds "but passes without nomem's library in it"
minds fails 'mend that first'

# A program may cut a library of its own short while the command reads it.
printf '#include <stdlib.h>\nvoid *take(int n) { return malloc(n); }\n' >short.c
cat >shortens_library.c <<'EOS'
#include <stdlib.h>
#include <unistd.h>
void *take(int n);
int main(void) {
  void *block = take(9);
  if (block == NULL && truncate("libshort.so", 4096) != 0) return 3;
  if (block == NULL) abort();
  free(block);
  return 0;
}
EOS
"$cc" -g -shared -fPIC -o libshort.so short.c
"$cc" -g -o shortens_library shortens_library.c -L. -lshort -Wl,-rpath,.
status=0
timeout 60 nomem explore --no-store --engine exec --isolate off -- ./shortens_library >seen 2>&1 || status=$?
if [ $status -le 2 ]; then pass 'a library that is cut short costs no more than names'; else
  fail 'a library that is cut short costs no more than names' seen
fi

finish
