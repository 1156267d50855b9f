#!/bin/sh
# SPDX-License-Identifier: MIT
# What a test says of a result counts: by its exit status, by nomem_wrong, or by what it was told and did then.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"

faults=$tests/../faults

# finds NAME STATUS PATTERN [OPTION...] -- PROGRAM: explores it into the file found, which has the pattern in it.
finds() {
  finds_name=$1 finds_wanted=$2 finds_pattern=$3 finds_status=0
  shift 3
  nomem explore --jobs 2 "$@" >found 2>&1 || finds_status=$?
  if [ "$finds_status" = "$finds_wanted" ] && grep -Eq -e "$finds_pattern" found; then pass "$finds_name"; else
    echo "(exit status $finds_status)" >>found
    fail "$finds_name" found
  fi
}

# By a call that needs nothing to be linked, however the program is built and runs are made.
says="$cc -std=gnu11 -g -I$faults $here/programs/says_wrong.c"
for kind in '-O0' '-O2' '-O0 -fno-pie -no-pie' '-O2 -fno-pie -no-pie -DABORTS'; do
  # shellcheck disable=SC2086 # a compiler and its options
  $says $kind -o says
  finds "a test says that a result is wrong ($kind)" 1 "the test says: 'the list has lost an item'" -- ./says
done
# shellcheck disable=SC2086
$says -o says
finds 'without ptrace, too' 1 '^wrong in add \(' --no-trace -- ./says
# shellcheck disable=SC2086
$says -DMENDED -o says
finds 'a failure that was reported is not wrong' 0 ' 2 reported; 0 findings' --strict -- ./says
if ./says; then pass 'without the command it does nothing'; else fail 'without the command'; fi
# shellcheck disable=SC2086
$says -DALWAYS -o says
finds 'nor what the test says in any case' 0 "^nomem: without any fault the test calls nomem_wrong: 'the list " -- ./says
# shellcheck disable=SC2086
$says -DHOSTILE -o says
finds 'what it says is shown as text' 1 "the test says: '.x1b\[2J.n'xxx*\.\.\.'" -- ./says
if [ "$(wc -L <found)" -lt 400 ] && ! grep -q "$(printf '\033')" found; then pass 'and is cut'; else fail 'cut' found; fi
# A program that is linked statically has the injector's own.
# shellcheck disable=SC2086
if $says -static "$build/nomem-link.o" -Wl,-z,muldefs -o linked 2>/dev/null; then
  finds 'in a static program' 1 "the test says: 'the list has lost an item'" -- ./linked
else
  skip 'in a static program' 'no static C library here'
fi

# By its exit status.
# shellcheck disable=SC2086
$says -DEXITS -o says
finds 'an exit status that is no bad one' 0 ' 2 reported; 0 findings' -- ./says
finds 'an exit status that is' 1 'what came of it: exit status 3, by --bad-code' --bad-code 4 --bad-code 3 -- ./says
finds 'others are not' 0 ' 2 reported; 0 findings' --bad-code 4 -- ./says
finds 'not both' 2 '^nomem: explore: --skip-code and --bad-code name the same' --bad-code 3 --skip-code 3 -- ./says

finish
