#!/bin/sh
# SPDX-License-Identifier: MIT
# What is lost of an output is found beside lines that vary from run to run, and lines that vary are no finding.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
needs_ptrace

# check NAME FILE CONDITION...
check() {
  check_name=$1 check_file=$2
  shift 2
  if "$@"; then pass "$check_name"; else fail "$check_name" "$check_file"; fi
}

# status_of FILE COMMAND...: prints the exit status; the output is in FILE.
status_of() {
  status_file=$1
  shift
  status_came=0
  "$@" >"$status_file" 2>&1 || status_came=$?
  echo "$status_came"
}

"$cc" -std=gnu11 -g -O0 -o program "$here/programs/varying_output.c"
"$cc" -std=gnu11 -g -O0 -DMENDED -o mended "$here/programs/varying_output.c"

for engine in exec snapshot; do
  status=$(status_of found nomem explore --strict --engine $engine -- ./program)
  grep -q "lacks line 2 of what it is without the fault, 'name: one'" found || status="$status, not said"
  check "a lost line beside one that varies, by $engine" found [ "$status" = 1 ]
done
check 'what is not compared is said' found grep -q 'of its 4 lines, 0 are not compared, 1 in part' found
status=$(status_of found nomem explore --strict --json report -- ./mended)
check 'not where it is reported' found [ "$status" = 0 ]
check 'and in each report' report grep -q 'standard output varies without any fault' report

# The C++ library's templates, and a buffer that a stream does without, have lost nothing: who called them has.
for level in -O0 -O2; do
  g++ -g $level -o lost "$here/programs/lost_lines.cc"
  status=$(status_of found nomem explore --strict -- ./lost)
  [ "$(grep -c '^swallowed in add (' found)" = 1 ] && grep -q '; 1 finding (' found || status="$status, but not once in add"
  check "what lost a line is named, $level" found [ "$status" = 1 ]
  g++ -g $level -DMENDED -o lost "$here/programs/lost_lines.cc"
  status=$(status_of found nomem explore --strict -- ./lost)
  check "and not where it says so, $level" found [ "$status" = 0 ]
done

# Nor have functions that only allocate, told by their name and by what they return: who called them has.
for level in -O0 -O2; do
  "$cc" -std=gnu11 -g $level -o lost "$here/programs/lost_entry.c"
  status=$(status_of found nomem explore --strict -- ./lost)
  grep -q '^swallowed in add_title (' found && grep -q '^swallowed in add_entry (' found &&
    grep -q '; 2 findings (' found || status="$status, but not in add_title and add_entry"
  check "who called an allocation function is named, $level" found [ "$status" = 1 ]
  "$cc" -std=gnu11 -g $level -DMENDED -o lost "$here/programs/lost_entry.c"
  status=$(status_of found nomem explore --strict -- ./lost)
  check "and gives up, $level" found [ "$status" = 0 ]
done

# When all calls fail from the one on that the C library makes for the time zone, and does without.
g++ -g -O0 -DTIMED -o lost "$here/programs/lost_lines.cc"
nomem run --fail nth=2 -- ./lost >stacks 2>&1 || :
if grep -q tzset_internal stacks; then
  status=$(status_of found nomem explore --strict -- ./lost)
  grep -q '^swallowed in add (' found && grep -q '; 1 finding (' found || status="$status, but not once in add"
  check 'nor has the time zone' found [ "$status" = 1 ]
else
  skip 'nor has the time zone' "the C library's functions have no names here"
fi

# Lines that are the same in both baselines, and change with the time.
status_of found timeout -s INT 3 nomem explore --jobs 2 --strict --all -- ./program tick >/dev/null
grep -q interrupted found && ! grep -q "^swallowed\|--all" found && seen=none || seen=some
check 'an interrupted exploration finds none in the time' found [ "$seen" = none ]

finish
