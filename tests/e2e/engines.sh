#!/bin/sh
# SPDX-License-Identifier: MIT
# Whichever engine makes a run, the result is the same: verdict, exit status and what was written, for a sample of the
# points that two engines can run. `make equivalence` compares thousands.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
# shellcheck source-path=SCRIPTDIR source=lib/compare.sh
. "$here/lib/compare.sh"
needs_ptrace

# Not jq: what it does when its first allocation fails depends on what lies in a variable that it never sets.
printf '<r><a id="1"><b>t</b></a></r>\n' >small.xml
printf 'b\na\nc\n' >letters
same lua -- lua5.4 -e 'local t = {} for i = 1, 50 do t[i] = tostring(i) end print(#t)'
same xmllint -- xmllint --noout small.xml
same grep -- grep -c a letters
same sqlite3 -- sqlite3 :memory: 'create table t(a); insert into t values(1); select * from t'
same git -- git --version
same sort -- sort letters
same expr -- expr 1 + 2
same libuv -- "$build/examples/uv_loop"

# Each run is a leader of its own session, and what it does to its process group or to what its standard output has in
# common with its parent's is not seen by others.
cat >leads.c <<'END'
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(void) {
  for (int i = 0; i < 5; i++) {
    void *block = malloc(10);
    free(block);
    if (block != NULL) continue;
    printf("%d %d %d %x\n", getsid(0) == getpid(), getpgrp() == getpid(), setsid() < 0, (unsigned)fcntl(1, F_GETFL));
    fcntl(1, F_SETFL, O_NONBLOCK);
    signal(SIGUSR1, SIG_IGN);
    kill(0, SIGUSR1);
    return 3;
  }
  return 0;
}
END
"$cc" -o leads leads.c
same leads -- ./leads

# The comparison sees what it is for: of these, a differs in status, b in what was written, c is not met by fork; d ends
# in two ways by exec, one of which fork saw; e never writes the same; f was left to exec.
printf '%s\n' 'a,exec,reported (exit 1),x' 'b,exec,reported (exit 1),x' 'c,exec,reported (exit 1),x' \
  'd,exec,reported (exit 1),x' 'e,exec,reported (exit 1),x' 'f,exec,reported (exit 1),x' 'g,exec,handled (exit 0),x' |
  tr , '\t' >exec.1
sed -e 's/^d.*/d\texec\tcrash (signal 11)\tx/' -e '/^e/s/x$/y/' exec.1 >exec.2
printf '%s\n' 'a,fork,reported (exit 2),x' 'b,fork,reported (exit 1),y' 'd,fork,crash (signal 11),x' \
  'e,fork,reported (exit 1),z' 'f,exec,reported (exit 1),x' 'g,fork,handled (exit 0),x' | tr , '\t' >fork.1
awk -v other=fork -f "$here/lib/compare.awk" exec.1 exec.2 fork.1 >seen
if [ "$(head -n 1 seen)" = '5 2 3 0' ] && [ "$(grep -c '^  [abc]$' seen)" = 3 ]; then pass 'differences are seen'; else
  fail 'differences are seen' seen
fi

# Where the threads of a program race, a point is too seldom met to tell, which is said in the end only.
head -n 1 exec.2 >exec.3
for last in 0 1; do awk -v other=fork -v last=$last -f "$here/lib/compare.awk" exec.1 exec.2 exec.3 fork.1; done >seen
if [ "$(grep -c '^5 2 1 1$\|^4 2 0 2$' seen)" = 2 ]; then pass 'what is met too seldom is told apart'; else
  fail 'what is met too seldom is told apart' seen
fi

# A program that writes files is not forked on its way: what one run writes, the next would find.
cat >counts.c <<'END'
#include <stdio.h>
#include <stdlib.h>
int main(void) {
  FILE *file = fopen("counted", "a");
  if (file != NULL) fclose(file);
  free(malloc(1));
  return 0;
}
END
"$cc" -o counts counts.c
status=0
engine_explores snapshot ignored --isolate off -- ./counts || status=$?
if [ $status -eq 1 ] && grep -q 'writes or removes files' "$outcomes/err"; then pass 'writes files: refused'; else
  fail 'writes files: refused' "$outcomes/err"
fi

# One that starts a process is not, though its tracer gets no event of that process, which is gone again at the end.
cat >untraced.c <<'END'
#define _GNU_SOURCE
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
static char stack[65536];
static int nothing(void *unused) {
  (void)unused;
  return 0;
}
int main(int argc, char **argv) {
  int flags = argc > 1 && strstr(argv[1], "untraced") != NULL ? CLONE_UNTRACED : 0;
  pid_t pid = -1;
  if (argc > 1 && strstr(argv[1], "clone3") != NULL) {
    struct clone_args arguments = {.flags = (unsigned)flags, .exit_signal = SIGCHLD};
    pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0) _exit(0);
  } else if (argc > 1) {
    pid = clone(nothing, stack + sizeof stack, flags | SIGCHLD, NULL);
  }
  if (argc > 1 && (pid < 0 || waitpid(pid, NULL, 0) != pid)) return 77;
  free(malloc(1));
  return 0;
}
END
"$cc" -w -o untraced untraced.c
for way in clone clone-untraced clone3 clone3-untraced; do
  if ! ./untraced $way; then skip "starts a process by $way: refused" 'the kernel does not allow it' && continue; fi
  seen_refusals=
  for engine in fork snapshot; do
    status=0
    engine_explores $engine ignored --isolate off -- ./untraced $way || status=$?
    [ $status -ne 1 ] || seen_refusals="$seen_refusals$(grep -c 'it starts processes' "$outcomes/err")"
  done
  if [ "$seen_refusals" = 11 ]; then pass "starts a process by $way: refused"; else
    fail "starts a process by $way: refused" "$outcomes/err"
  fi
done
if engine_explores fork ignored --isolate off -- ./untraced; then pass 'starts none: forked'; else
  fail 'starts none: forked' "$outcomes/err"
fi

# What a fork would share only while it is open keeps a point from a snapshot only as long. Shared, the byte that the
# fork writes after its fault would be read by the program.
cat >for_a_while.c <<'EOF'
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
static void allocate(int fd) {
  void *block = malloc(1);
  if (block == NULL && fd >= 0 && write(fd, "", 1) != 1) exit(3);
  free(block);
}
int main(void) {
  int pair[2];
  unsigned count = 0;
  char byte;
  allocate(-1);
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0) return 2;
  allocate(pair[0]);
  while (read(pair[1], &byte, 1) == 1) count++;
  close(pair[0]);
  close(pair[1]);
  allocate(-1);
  int events = epoll_create1(0);
  allocate(-1);
  close(events);
  allocate(-1);
  fprintf(stderr, "%u\n", count);
  return 0;
}
EOF
"$cc" -o for_a_while for_a_while.c
same 'open for a while' -- ./for_a_while
engine_explores auto mixed -- ./for_a_while
cut -f 2 "$outcomes/mixed" | sort | uniq -c | tr -s ' \n' ' ' >seen
if [ "$(cat seen)" = ' 4 fork 6 snapshot ' ]; then pass 'open for a while: only then no snapshots'; else
  fail 'open for a while: only then no snapshots' seen
fi

# A large program's memory is in huge pages where it is forked, and only there; nothing else is different.
cat >large.c <<'END'
#include <stdlib.h>
#include <string.h>
int main(void) {
  for (int i = 0; i < 12; i++) {
    size_t size = i < 4 ? (size_t)12 << 20 : 100;
    char *block = malloc(size);
    if (block == NULL) return 3;
    memset(block, i, size);
  }
  return 0;
}
END
"$cc" -o large large.c
same large -- ./large
for engine in exec auto; do
  engine_explores $engine ignored -- ./large
  cp "$outcomes/err" "large.$engine"
done
if grep -q 'takes [45][0-9] MB: forked processes have it in huge pages' large.auto &&
  ! grep -q 'huge pages' large.exec; then pass 'large: huge pages'; else
  fail 'large: huge pages' large.auto
fi
finish
