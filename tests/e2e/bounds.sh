#!/bin/sh
# SPDX-License-Identifier: MIT
# What a program writes takes the command neither time nor memory without bound, and no process waits for a command that
# is gone.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"

# explored NAME STATUS PATTERN COMMAND...: what nomem explore ends with and says of the command, within a minute.
explored() {
  explored_name=$1
  wanted=$2
  pattern=$3
  shift 3
  status=0
  timeout -k 5 60 nomem explore --no-store -- "$@" >seen 2>&1 || status=$?
  echo "(exit status $status)" >>seen
  if [ $status -eq "$wanted" ] && grep -q "$pattern" seen; then pass "$explored_name"; else fail "$explored_name" seen; fi
}

# A file that is large, and of which nothing is there.
cat >sparse.c <<'EOS'
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1 && ftruncate(1, 1L << 40) != 0) return 2;
  void *block = malloc(5000);
  if (block == NULL) {
    if (ftruncate(1, 1L << 40) != 0) return 2;
    abort();
  }
  free(block);
  return 0;
}
EOS
"$cc" -g -o sparse sparse.c
explored 'output that is sparse, under a fault' 1 '^flood in main .*: writes more than 64 MiB, 2 runs' ./sparse
explored 'output that is sparse, without a fault' 2 'writes more than 64 MiB' ./sparse always

cat >flood.c <<'EOS'
#include <string.h>
#include <unistd.h>
#include <stdlib.h>
static char text[1 << 20];
static void flood(int fd, int megabytes) {
  memset(text, 'x', sizeof text);
  for (int i = 0; i < megabytes; i++)
    if (write(fd, text, sizeof text) < 0) _exit(3);
}
/* More than is let happen, and never done: but where nobody stops it, it does not fill the machine's memory. */
static void endless(void) {
  flood(1, 256);
  for (;;) pause();
}
int main(int argc, char **argv) {
  int kind = argc > 1 ? argv[1][0] : 'a';
  if (kind == 'a') flood(1, 80);
  void *block = malloc(8);
  if (block == NULL && kind == 'e') endless();
  if (block == NULL && kind == 'r') flood(2, 200); /* and then it reports the failure */
  if (block == NULL && kind == 'c') flood(2, 65);  /* and then it crashes */
  if (block == NULL && kind == 'w') flood(1, 65);
  if (block == NULL && kind == 'w') sleep(25); /* which nobody waits for */
  if (block == NULL && kind == 'l') flood(1, 60);  /* less than that */
  if (kind == 'c') *(volatile char *)block = 1;
  if (block == NULL) return 1;
  free(block);
  return 0;
}
EOS
"$cc" -g -o flood flood.c
explored 'output without an end, without a fault' 2 'writes more than 64 MiB' ./flood
explored 'less than the bound is no matter' 0 '^2 runs: 2 reported; 0 findings' ./flood less

# Whether the program was ended or came to an end by itself, by each engine: it is the same finding.
for kind in endless report crash waits; do
  : >came
  for how in '--engine exec' '--engine fork' '--engine snapshot' '--no-trace'; do
    status=0
    # shellcheck disable=SC2086 # a list of options
    timeout -k 5 60 nomem explore --no-store -j 1 --timeout 30 $how --json flood.json -- ./flood $kind >seen 2>&1 || status=$?
    echo "$status $(jq -c '[.findings[] | [.verdict, .id, .runs, .flaky, .location]],
      [.verdicts[] | select(.runs > 0) | [.name, .runs]]' flood.json | tr '\n' ' ')" >>came
    grep -q 'not safe for this program' seen && sed -i '$d' came
  done
  if [ "$(sort -u came | wc -l)" = 1 ] && grep -q '^1 .*"flood-.*,2,false,"main .*\["flood",2\]' came; then
    pass "a flood by every engine: $kind"
  else
    cat seen >>came
    fail "a flood by every engine: $kind" came
  fi
done

# Every report knows it, and the store.
status=0
nomem explore --store flood.db --html flood.html --junit flood.xml --sarif flood.sarif --tap flood.tap -- ./flood report \
  >seen 2>&1 || status=$?
nomem explore --store flood.db -- ./flood report >again 2>&1 || :
printf 'flood function=main # it may\n' >flood.supp
if [ $status = 1 ] && grep -q '<failure.*type="flood"' flood.xml && grep -q '^not ok 1 .*flood' flood.tap &&
  [ "$(jq -r '.runs[0].results[0].ruleId' flood.sarif)" = nomem/flood ] && grep -q 'writes more than 64 MiB' flood.html &&
  grep -q 'resumed: 2 of 2' again && grep -q '^flood in main' again && nomem replay --store flood.db | grep -q flood &&
  nomem explain flood | grep -q '64 MiB' && nomem explore --no-store --suppress flood.supp -- ./flood report >again 2>&1 &&
  grep -q '^not counted: flood in main .*it may' again; then
  pass 'a flood in every report'
else
  cat again >>seen
  fail 'a flood in every report' seen
fi

# What is written while the command is stopped the kernel bounds, or else the run's keeper. The program stops the command
# itself, and writes no more than it is told to.
cat >stopper.c <<'EOS'
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static char text[1 << 20];
static void stop_command(void) {
  int pid = 0;
  FILE *file = fopen("command.pid", "r");
  if (file == NULL || fscanf(file, "%d", &pid) != 1 || pid <= 1 || kill(pid, SIGSTOP) != 0) _exit(3);
}
int main(int argc, char **argv) {
  int megabytes = argc > 1 ? atoi(argv[1]) : 0;
  void *block = malloc(5000);
  if (block == NULL) {
    stop_command();
    memset(text, 'x', sizeof text);
    for (int i = 0; i < megabytes && write(1 + i % 2, text, sizeof text) > 0; i++) continue;
    if (megabytes > 64) for (;;) pause();
    _exit(1);
  }
  free(block);
  return 0;
}
EOS
"$cc" -g -o stopper stopper.c


# Files of limited size are refused: ./unbounded COMMAND...
cat >unbounded.c <<'EOS'
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int argc, char **argv) {
  struct sock_filter rules[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fsopen, 0, 1),
                                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog program = {sizeof rules / sizeof *rules, rules};
  if (argc < 2 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 125;
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) return 125;
  execvp(argv[1], argv + 1);
  return 127;
}
EOS
"$cc" -o unbounded unbounded.c
files=$tests/../faults/explore/isolation

# in_memory PID: the KiB of memory that the files take which the runs of this command write to.
in_memory() {
  kib=0
  for fd in "/proc/$1/fd"/*; do
    case $(readlink "$fd") in *memfd:nomem-output*) kib=$((kib + $(stat -L -c '%b * %B / 1024' "$fd"))) ;; esac
  done
  echo $kib
}

# runs PID: how many processes there are of the runs of this command: its keepers' children.
runs() {
  grep -s '^PPid:' /proc/[0-9]*/status | awk -F '[/:[:space:]]+' -v command="$1" '
    { parent[$3] = $NF }
    END { for (pid in parent) if ((parent[pid] in parent) && parent[parent[pid]] == command) count++; print count + 0 }'
}

# is_over: whether what was waited for while the command is stopped has come about: they take $least KiB of memory; or,
# if that is "end", none of the run is left.
is_over() {
  if [ "$least" = end ]; then [ "$(runs "$pid")" = 0 ]; else [ "$(in_memory "$pid")" -ge "$least" ]; fi
}

# stopped STATUS PATTERN MEGABYTES LEAST [WORD...]: what nomem explore ends with and says of it when the program writes so
# many megabytes each time while the command, begun with the words, is stopped. It is let go on a second after is_over, or
# half a minute later. $most is the most memory that was seen, in KiB, and $overs how often it was over.
stopped() {
  rm -f command.pid
  wanted=$1
  pattern=$2
  megabytes=$3
  least=$4
  shift 4
  # shellcheck disable=SC2016 # for the other shell
  timeout -k 5 90 "$@" sh -c 'echo $$ >command.new && mv command.new command.pid && exec nomem explore --no-store --jobs 1 \
    --timeout 30 --faults transient $OPTIONS -- ./stopper "$1"' sh "$megabytes" >seen 2>&1 &
  started=$!
  stops=0
  overs=0
  most=0
  while kill -0 $started 2>/dev/null; do
    sleep 0.1
    pid=$(cat command.pid 2>/dev/null) || continue
    grep -q '^State:.T' "/proc/$pid/status" 2>/dev/null || continue
    looks=0
    until is_over || [ $looks -ge 300 ]; do
      sleep 0.1
      looks=$((looks + 1))
    done
    sleep 1
    now=$(in_memory "$pid")
    [ "$now" -le "$most" ] || most=$now
    ! is_over || overs=$((overs + 1))
    stops=$((stops + 1))
    kill -CONT "$pid"
  done
  status=0
  wait $started || status=$?
  echo "(exit status $status, stopped $stops times, over $overs times, $most KiB)" >>seen
  [ $status -eq "$wanted" ] && grep -q "$pattern" seen && [ $stops -gt 0 ] && [ $overs -eq $stops ]
}

if stopped 0 ' reported; 0 findings' 20 20480; then
  pass 'less than the bound, while the command is stopped'
else
  fail 'less than the bound, while the command is stopped' seen
fi
printf '#include "bounded_files.h"\nint main(void) { return nomem__bounded_files_open("x", 4096, 1, &(int){0}) != 0; }\n' >can.c
"$cc" -o can -I "$files" can.c "$files/bounded_files.c" "$files/descriptor_message.c" "$files/user_namespace.c"
if ! ./can; then
  skip 'output without an end, while the command is stopped' 'files of limited size cannot be made here'
elif stopped 1 '^flood in main .*: writes more than 64 MiB' 600 65537 && [ "$most" -lt 163840 ]; then
  pass 'output without an end, while the command is stopped'
else
  fail 'output without an end, while the command is stopped' seen
fi
if ! ./unbounded true; then
  skip 'and where the kernel does not bound it' 'no system call can be forbidden here'
elif stopped 1 '^flood in main .*: writes more than 64 MiB' 600 end env OPTIONS=--no-trace ./unbounded; then
  pass 'and where the kernel does not bound it'
else
  fail 'and where the kernel does not bound it' seen
fi

# The command, or the process that it starts programs by, is killed as soon as it has made another process (GENERATION: 0
# the one, 1 the other), before that has asked to be told. A keeper waits for the process that it makes.
cat >killed.c <<'EOS'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static int generation;
static int (*call)(void *);
static void note_child(void) {
  FILE *file = fopen(getenv("CHILDREN"), "a");
  if (file != NULL && fprintf(file, "%d\n", (int)getpid()) > 0) fclose(file);
}
static void not_yet_scheduled(void) { nanosleep(&(struct timespec){0, 100000000}, NULL); }
pid_t fork(void) {
  pid_t pid = (pid_t)syscall(SYS_fork);
  if (pid == 0) {
    generation++;
    note_child();
    not_yet_scheduled();
  } else if (generation == atoi(getenv("GENERATION"))) {
    kill(getpid(), SIGKILL);
  }
  return pid;
}
static int kill_parent(void *user) {
  note_child();
  if (generation == atoi(getenv("GENERATION"))) kill(getppid(), SIGKILL);
  not_yet_scheduled();
  return call(user);
}
typedef int clones(int (*function)(void *), void *stack, int flags, void *user, ...);
int clone(int (*function)(void *), void *stack, int flags, void *user, ...) {
  call = function;
  return ((clones *)dlsym(RTLD_NEXT, "clone"))(kill_parent, stack, flags, user);
}
EOS
"$cc" -shared -fPIC -o killed.so killed.c
printf '#include <stdlib.h>\nint main(void) { return malloc(1) == NULL; }\n' >plain.c
"$cc" -o plain plain.c
# killed NAME GENERATION STATUS: what is killed, with and without ptrace; and the exit status of the command.
killed() {
  : >children
  : >seen
  statuses=
  for options in '--isolate off' '--isolate off --no-trace'; do
    status=0
    # shellcheck disable=SC2086 # a list of options
    (CHILDREN="$work/children" GENERATION=$2 LD_PRELOAD="$work/killed.so" timeout -k 5 100 nomem explore --no-store \
      $options -- ./plain) >>seen 2>&1 || status=$?
    statuses="$statuses $status"
  done
  waited=0
  while [ $waited -lt 100 ]; do # ten seconds
    left=
    while read -r pid; do
      if kill -0 "$pid" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$pid/status" 2>/dev/null; then left="$left $pid"; fi
    done <children
    [ -n "$left" ] || break
    sleep 0.1
    waited=$((waited + 1))
  done
  echo "left:$left of $(wc -l <children), exit statuses$statuses" >>seen
  if [ "$(wc -l <children)" -ge $((2 * ($2 + 1))) ] && [ -z "$left" ] && [ "$statuses" = " $3 $3" ]; then pass "$1"; else
    fail "$1" seen
    for pid in $left; do kill -KILL "$pid" 2>/dev/null || :; done
  fi
}
killed 'a child of a command that was killed ends' 0 137
killed 'a program whose keeper was killed ends' 1 2
if grep -q 'the process that starts it was killed' seen; then pass 'and the command says so'; else
  fail 'and the command says so' seen
fi

finish
