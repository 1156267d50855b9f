#!/bin/sh
# SPDX-License-Identifier: MIT
# A block that a test had handed over to the library, and that the library lost, is the library's leak, whether the test
# then ends well or gives up; what the test still had is its own.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
if cannot_trace 'what a test has handed over'; then finish; exit 0; fi

# finds NAME STATUS PATTERN COMMAND...: the exit status of the exploration, and a line of its text; '': no leak counts.
finds() {
  finds_name=$1 finds_status=$2 finds_pattern=$3
  shift 3
  status=0
  nomem explore "$@" >seen 2>&1 || status=$?
  echo "(exit status $status, wanted $finds_status)" >>seen
  if [ $status = "$finds_status" ] && { [ -z "$finds_pattern" ] || grep -q -e "$finds_pattern" seen; } &&
    { [ -n "$finds_pattern" ] || ! grep -q '^leak in' seen; }; then
    pass "$finds_name"
  else
    fail "$finds_name" seen
  fi
}

for level in 0 2; do
  for ends in '' -DGOES_ON; do
    for mended in '' -DMENDED; do
      # shellcheck disable=SC2086 # none or one
      "$cc" -std=gnu11 -D_GNU_SOURCE -g -O$level $ends $mended -o test_handed "$here/programs/handed_over.c" \
        "$here/programs/handed_over_test.c"
      how="-O$level${ends:+, the test goes on}${mended:+, mended}"
      if [ -n "$mended" ]; then
        finds "an object, $how" 0 '' -- ./test_handed object
        finds "what was parsed, $how" 0 '' -- ./test_handed uri
        continue
      fi
      finds "an object, $how" 1 '^leak in object_set_new (.*handed_over.c:' -- ./test_handed object
      finds "what was parsed, $how" 1 '^leak in uri_normalise (.*handed_over.c:' -- ./test_handed uri
      for what in forgets variable member; do
        finds "what the test has kept: $what, $how" 0 '' -- ./test_handed $what
      done
      finds "what the test has from an allocation function, $how" 0 '' -- ./test_handed notes
      # With optimisation object_new() jumps to calloc(), which the test then calls itself.
      [ $level != 0 ] || finds "what the test made later, $how" 0 '' --sites object_new -- ./test_handed later
    done
  done
done

# The same where main() is no test's: what it has just made, and handed over, it cannot free either.
for level in 0 2; do
  for how in '' -DPLACE -DMENDED '-DPLACE -DMENDED' -DKEEPS; do
    # shellcheck disable=SC2086 # none or one
    "$cc" -std=gnu11 -D_GNU_SOURCE -g -O$level $how -o uses "$here/programs/handed_over.c" \
      "$here/programs/handed_over_main.c"
    case $how in
      '') finds "by a program that is no test, -O$level" 1 '^leak in object_set_new (.*handed_over.c:' -- ./uses ;;
      -DPLACE) finds "a part, -O$level" 1 '^leak in [a-z]*_normalise (.*handed_over.c:' -- ./uses ;;
      *) finds "by a program that is no test, -O$level $how" 0 '' -- ./uses ;;
    esac
  done
done

# What the text says of it.
"$cc" -std=gnu11 -D_GNU_SOURCE -g -O0 -o test_handed "$here/programs/handed_over.c" "$here/programs/handed_over_test.c"
nomem explore -- ./test_handed object >seen 2>&1 || :
if grep -q 'what had been handed over is lost here: 8 bytes in 1 block' seen &&
  grep -q '^  the block was allocated here:$' seen && grep -q '#0  value_new (.*handed_over.c:' seen; then
  pass 'the text says where the block was allocated, and where it was lost'
else
  fail 'the text says where the block was allocated, and where it was lost' seen
fi

# A second time, from the store, it is the same.
"$cc" -std=gnu11 -D_GNU_SOURCE -g -O0 -o test_handed "$here/programs/handed_over.c" "$here/programs/handed_over_test.c"
for time in first second; do
  finds "the $time time, with a store" 1 '^leak in object_set_new' --store kept.db -- ./test_handed object
done
finish
