#!/bin/sh
# SPDX-License-Identifier: MIT
# A signal that a bug raises counts, whoever catches it: it is shown where it was delivered, with its address and its
# cause. In the mended twins, and where such signals are part of what a program does, nothing is found.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
needs_ptrace

programs=$here/programs

# A line of a source that has the mark as a comment; of several, this one.
line() { grep -n "/\* $2 \*/" "$programs/$1" | cut -d: -f1 | sed -n "${3:-1}p"; }

# explore STATUS [OPTION...]: explores ./program into the file found.
explore() {
  explore_wanted=$1
  explore_status=0
  shift
  nomem explore -v --no-store "$@" -- ./program >found 2>&1 || explore_status=$?
  [ "$explore_status" = "$explore_wanted" ]
}

# build KIND [OPTION...]
build() {
  build_kind=$1
  shift
  "$cc" -std=gnu11 -g -O0 -pthread -D"$build_kind" "$@" -o program "$programs/catching.c"
}

# is_found WHERE WHAT: one finding, all of whose runs blew up at this line, and what is said of it.
is_found() {
  [ "$(grep -c '^  reproduce: ' found)" = 1 ] && grep -q "^[a-z]* in make_name (.*catching.c:$1)" found &&
    grep -q "^  where it blew up: $2" found
}

at=$(line catching.c blow-up 2)
for kind in JUMPS GOES_ON EXITS RAISES RESETS ABORTS SKIPS THREADS FORKS BARRIER; do
  build $kind
  if explore 1 && is_found "$at" 'SIGSEGV at NULL, which the program caught$' &&
    grep -q "^  not checked: make_name (" found; then
    pass "a crash that is caught, $kind"
  else
    fail "a crash that is caught, $kind" found
  fi
  build $kind -DMENDED
  if explore 0 && grep -q ' 0 findings' found; then pass "$kind, mended"; else fail "$kind, mended" found; fi
done

build ASSERTS
if explore 1 && is_found "$(line catching.c blow-up)" 'SIGABRT, which the program caught' &&
  grep -q '^abort in' found; then
  pass 'an abort that is caught'
else
  fail 'an abort that is caught' found
fi

build HANGS
if explore 1 --timeout 1 --faults transient && is_found "$at" 'SIGSEGV at NULL, which the program caught$'; then
  pass 'a handler that does not return'
else
  fail 'a handler that does not return' found
fi

for kind in DEMAND PROVOKES PROBES SENDS STOPS; do
  build $kind -DMENDED
  if explore 0 && grep -q ' 0 findings' found; then pass "no crash, $kind"; else fail "no crash, $kind" found; fi
done

# Whoever makes the runs.
build JUMPS
for engine in exec fork snapshot; do
  if explore 1 --engine $engine && is_found "$at" 'SIGSEGV at NULL, which the program caught$'; then
    pass "by $engine"
  else
    fail "by $engine" found
  fi
done
if explore 0 --no-trace && grep -q '^without ptrace .*one that the program catches, is not seen' found; then
  pass 'what is not seen without ptrace is said'
else
  fail 'what is not seen without ptrace is said' found
fi

# The line that reproduces it, and reports for machines.
explore 1 --json found.json || :
status=0
sh -c "$(sed -n 's/^  reproduce: //p' found)" >again 2>&1 || status=$?
if [ "$status" = 1 ] && grep -q '^nomem: caught SIGSEGV$' again &&
  [ "$(jq -c '[.findings[] | [.verdict, .signal, .was_caught, .address_kind]]' found.json)" = \
    '[["crash","SIGSEGV",true,"null"]]' ]; then
  pass 'reproduced, and in JSON'
else
  cat found.json >>again
  fail 'reproduced, and in JSON' again
fi
nomem explore --store caught.db -- ./program >first 2>&1 || :
nomem explore --store caught.db -- ./program >second 2>&1 || :
if grep -q '^nomem: resumed' second && grep -q 'which the program caught$' second; then pass 'from the store'; else
  fail 'from the store' second
fi

# A test framework that catches them; the test's own assertion is a report of the failure.
cp "$programs/catching_test.c" test_vector.c
cp "$programs/catching_test.c" vector.c
for mended in '' -DMENDED; do
  # shellcheck disable=SC2086 # no option, or one
  "$cc" -g -O0 $mended -DLIBRARY -c -o vector.o vector.c
  "$cc" -g -O0 -o program test_vector.c vector.o -lcmocka
  if [ -n "$mended" ]; then
    if explore 0 && grep -q '2 reported; 0 findings' found; then pass 'cmocka, mended'; else fail 'cmocka, mended' found; fi
  elif explore 1 && grep -q '2 crash; 1 finding' found &&
    grep -q "^crash in vector_new (.*vector.c:$(line catching_test.c blow-up))" found &&
    grep -q "^  not checked: vector_new (.*vector.c:$(line catching_test.c fault))" found; then
    pass 'cmocka'
  else
    fail 'cmocka' found
  fi
done

# One that executes a breakpoint for a debugger at each assertion that fails: none looks on here, so it goes on, in runs
# without a fault as well. A breakpoint of the code under test is for nobody.
cp "$programs/breaking_test.c" test_breaking.c
cp "$programs/breaking_test.c" vector.c
"$cc" -g -O0 -c test_breaking.c
for breaks in '' -DBREAKS; do
  # shellcheck disable=SC2086 # no option, or one
  "$cc" -g -O0 -DLIBRARY $breaks -o program test_breaking.o -x c vector.c
  if [ -n "$breaks" ]; then
    if explore 1 && grep -q '^crash in vector_new (.*vector.c:' found && grep -q '; 1 finding' found; then
      pass 'a breakpoint of the code under test'
    else
      fail 'a breakpoint of the code under test' found
    fi
  elif explore 0 && grep -q ' reported; 0 findings' found; then
    pass 'a breakpoint for debuggers'
  else
    fail 'a breakpoint for debuggers' found
  fi
done
if timeout 60 nomem suite -- ./program >found 2>&1; grep -q '^1 test explored, 1 finding' found; then
  pass 'a breakpoint for debuggers, in a suite'
else
  fail 'a breakpoint for debuggers, in a suite' found
fi

finish
