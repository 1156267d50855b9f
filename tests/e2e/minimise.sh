#!/bin/sh
# SPDX-License-Identifier: MIT
# Work on one finding: nomem minimise, and nomem replay with a debugger.
#
#   tests/e2e/minimise.sh BUILD
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
needs_ptrace

# The second failure is what crashes, and only after the first: forty others do not matter.
cat >pair.c <<'EOC'
#include <stdio.h>
#include <stdlib.h>

static __attribute__((noinline)) void *careful(void) {
  return malloc(10);
}

static __attribute__((noinline)) char *careless(void) {
  char *text = malloc(20);
  return text != NULL ? text : malloc(8);
}

int main(int argc, char **argv) {
  void *others[40];
  char line[8] = "";
  if (argc > 1 && (fgets(line, sizeof line, stdin) == NULL || argv[1][1] != ' ')) return 3;
  for (int i = 0; i < 40; i++) others[i] = careful();
  char *text = careless();
  text[0] = 'x';
  for (int i = 0; i < 40; i++) free(others[i]);
  free(text);
  return 0;
}
EOC
"$cc" -g -O0 -o pair pair.c
echo input >input
printf '#!/bin/sh\n/bin/true\n./pair "a b"\n' >script
chmod +x script

# needed NAME PLAN: of the calls that PLAN fails, the two in careless are left, and they do crash it.
needed() {
  nomem minimise --fail "$2" -- ./pair >seen 2>&1 || echo "(status $?)" >>seen
  grep -q '^2 of [0-9]* failed calls lead to the same end (crash; ' seen || { fail "$1" seen; return 0; }
  [ "$(grep -c ' careless (' seen)" = 2 ] || { fail "$1" seen; return 0; }
  plan=$(sed -n "s/.*--fail '\(.*\)' -- .*/\1/p" seen)
  status=0
  nomem run --fail "$plan" -- ./pair >>seen 2>&1 || status=$?
  if [ "$status" = 139 ]; then pass "$1"; else fail "$1" seen; fi
}

needed 'of all later calls' 'nth=3..'
needed 'of calls by chance' 'p=0.6 seed=3'
needed 'of two rules' 'size=20;fn=malloc'

# refused NAME WORDS PLAN: exit status 2, nothing on standard output and one line with these words.
refused() {
  status=0
  nomem minimise --fail "$3" -- ./pair >out 2>seen || status=$?
  if [ "$status $(wc -l <seen) $(wc -c <out)" = '2 1 0' ] && grep -q "$2" seen; then pass "$1"; else fail "$1" seen; fi
}
refused 'a plan that does no harm' 'ends as it does without' size=20
refused 'a plan that fails nothing' 'fails no call' size=21

cat >loses.c <<'EOC'
#include <stdlib.h>
static __attribute__((noinline)) void work(void) {
  char *first = malloc(10), *second = first != NULL ? malloc(20) : NULL;
  if (second == NULL) return;
  free(second);
  free(first);
}
int main(void) {
  for (int i = 0; i < 5; i++) work();
  return 0;
}
EOC
"$cc" -g -O0 -o loses loses.c
nomem minimise --fail 'nth=1;size=20' -- ./loses >seen 2>&1 || :
if grep -q '^1 of 5 failed calls leads to the same end (leak; ' seen && grep -q 'malloc of 20 bytes' seen; then
  pass 'a leak'
else
  fail 'a leak' seen
fi

# From the store: the persistent fault's finding, with the program's arguments and input.
export NOMEM_STORE=store.db
nomem explore -q --faults persistent --stdin input -- ./pair 'a b' >explored 2>&1 || :
status=0
nomem minimise 1 >seen 2>&1 || status=$?
if [ "$status $(grep -c '^2 of 43 failed calls ' seen) $(grep -c " --stdin input -- ./pair 'a b'" seen)" = '0 1 1' ]; then
  pass 'a finding of the store'
else
  fail 'a finding of the store' seen
fi

# debug NAME: it stops at the call that fails, and goes on to the crash.
debug() {
  printf 'set width 0\nbt\ndelete\ncontinue\nbt\nkill\n' | timeout 300 nomem replay 1 --gdb >seen 2>&1 || :
  if grep -q '#0 .*nomem_fault' seen && grep -q 'received signal SIGSEGV' seen && grep -q 'main (argc=2' seen; then
    pass "$1"
  else
    fail "$1" seen
  fi
}
if command -v gdb >/dev/null 2>&1; then
  debug 'gdb stops at the call, and the program has its arguments and its input'
  nomem explore -q --faults persistent --stdin input --image pair -- ./script >explored 2>&1 || :
  debug 'gdb stops in whatever process of a script it is'
else
  skip 'gdb' 'gdb is not installed'
fi

# What was explored without isolation is replayed without: what the run writes is there.
cat >writer.c <<'EOC'
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv) {
  if (argc > 1) close(open(argv[1], O_WRONLY | O_CREAT, 0600));
  char *text = malloc(1);
  *text = 'x';
  free(text);
  return 0;
}
EOC
"$cc" -o writer writer.c
# left WHEN: a replay of what was explored with --isolate WHEN leaves the file that it writes.
left() {
  nomem explore -q --fresh --isolate "$1" -- ./writer "$work/left" >explored 2>&1 || :
  rm -f left
  nomem replay 1 >seen 2>&1 || :
  [ -e left ]
}
if left off; then pass 'a replay is not isolated when the exploration was not'; else fail 'isolation off' seen; fi
look_at_isolation
if [ -n "$no_isolation" ]; then
  skip 'a replay is isolated when the exploration was' "$no_isolation"
elif left auto; then
  fail 'isolation auto' seen
else
  pass 'and is when it was'
fi
finish
