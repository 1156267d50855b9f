#!/bin/sh
# SPDX-License-Identifier: MIT
# Every run of a test reads what the test read where its runner started it, be it from a pipe, a here-document, or a file
# that the runner has written anew since: the planted bug, which only that input leads to, is found, and the line to
# paste reproduces it; in the mended project there is nothing to find.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
# shellcheck source-path=SCRIPTDIR source=lib/whole_suite.sh
. "$here/lib/whole_suite.sh"
needs_ptrace

programs='clean adds'
project bad
project good -DMENDED
found_add='crash in shelf_add (shelf.c:'
export TMPDIR="$work"

# reads NAME TESTS COMMAND...: the runner, with which so many tests have the input.
reads() {
  test=$1
  count=$2
  shift 2
  found() { suite bad 1 -- "$@" && says "$found_add" "$count explored, 1 finding by cause" && reproduces; }
  check "$test" found "$@"
  silent() { suite good 0 -- "$@" && says "$count explored, 0 findings by cause" && grep -q '"complete": true' seen.json; }
  check "$test, mended" silent "$@"
}

reads 'a pipe' '1 test' sh -c 'echo one | ./adds'
reads 'a pipe that somebody fills slowly' '1 test' sh -c '(sleep 0.5; echo one) | ./adds'
reads 'a test that needs what it reads' '1 test' sh -c 'echo one | ./adds 1'
reads 'a here-document' '1 test' sh -c './adds 2 <<TEXT
one
two
TEXT
'
reads 'more than a pipe has room for' '1 test' sh -c '(echo one; echo end; seq 30000) | ./adds 1'
reads 'a file in the middle' '1 test' sh -c 'printf "end\none\nend\n" >lines; { read -r first; ./adds 1; } <lines'
reads 'a file that is gone' '1 test' sh -c 'echo one >lines; exec 3<lines; rm lines; ./adds 1 <&3'
reads 'a file that is written anew' '2 tests' \
  sh -c 'echo one >lines; ./adds <lines; echo end >lines; ./adds <lines'
check 'the tests have names of their own' grep -q '"adds < lines (2)"' seen.json

# Each line that a program is given by a pipe is a test, one given twice is the same; what reads on from one pipe, too.
# shellcheck disable=SC2016 # expanded by the runner
reads 'one program, several inputs' '2 tests' sh -c 'for word in end end one one end; do echo $word | ./adds; done'
one() { suite good 0 -- sh -c 'seq 3 | while read -r line; do ./clean; done' && says '1 test explored'; }
check 'a test that is started again and again on one pipe' one

# A test that writes to the next: none waits for ever.
chain() { suite good 0 --list -- sh -c './adds <many | ./adds 0 | cat | ./adds 0' && says '2 tests, 0 left out'; }
seq 20 >good/many
check 'a pipe from test to test' chain
rm good/many

# What cannot be copied is named: a pipe that is written to while the test runs, and one that is never closed.
cat >late.c <<'PROGRAM'
#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char **argv) {
  int ends[2], status = 1;
  if (argc < 2 || pipe(ends) != 0) return 1;
  pid_t pid = fork();
  if (pid == 0) {
    dup2(ends[0], 0);
    close(ends[0]);
    close(ends[1]);
    execv(argv[1], argv + 1);
    _exit(127);
  }
  sleep(4);
  if (write(ends[1], "one\n", 4) != 4) return 1;
  close(ends[1]);
  return waitpid(pid, &status, 0) != pid || status != 0;
}
PROGRAM
mkdir -p make && "$cc" -o make/make late.c # by its name it is a runner
comes_late() { suite good 0 -- ../make/make ./adds && says 'adds: what the runner gave to standard input was too much'; }
check 'what comes while the test runs is named' comes_late

# Copies that no line names are removed; with a store they are beside it, and stay.
gone() {
  rm -rf nomem-inputs-*
  suite good 0 -- sh -c 'echo one | ./adds' && ! ls -d nomem-inputs-* 2>/dev/null
}
check 'copies that nobody needs are removed' gone
stays() {
  suite bad 1 --store kept.db -- sh -c 'echo one | ./adds' && says "--stdin $work/bad/kept.db-inputs/" && reproduces
}
check 'copies beside a store' stays

# Of one program that reads several inputs a store has several explorations, and all of them count as known.
known() {
  suite bad 1 --store known.db -- sh -c 'echo one | ./adds; ./adds </dev/null' &&
    suite bad 0 --baseline known.db --no-store -- sh -c 'echo one | ./adds' && says '1 not counted'
}
check 'a baseline with several inputs of one program' known

# In front of a test.
wrapped() {
  status=0
  (cd bad && echo one | timeout 100 nomem explore --wrapper on -- ./adds 1) >seen 2>&1 || status=$?
  [ "$status" = 1 ] && says "$found_add" && reproduces
}
check 'in front of a test that reads a pipe' wrapped
none() {
  status=0
  (cd good && echo one | timeout 100 nomem explore --wrapper on -- ./adds 1) >seen 2>&1 || status=$?
  [ "$status" = 0 ] && says '0 findings' && ! grep -q 'without it' seen
}
check 'in front of a test that reads a pipe, mended' none
late() {
  (cd good && (sleep 4; echo one) | timeout 100 nomem explore --wrapper on -- ./adds) >seen 2>&1 && says 'it is explored without it'
}
check 'in front of a test, what comes too late is named' late
finish
