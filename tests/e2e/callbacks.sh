#!/bin/sh
# SPDX-License-Identifier: MIT
# A test that counts on a callback of its own, or on an answer to a request that was lost, is to blame for what it did
# not look at; a library that itself uses what it did not get, or says that all is well, is found.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
needs_ptrace

# events NAME STATUS PATTERN [-DMACRO]...: explores the test, built with these macros, each way it may be optimised.
events() {
  events_name=$1 events_wanted=$2 events_pattern=$3
  shift 3
  for level in -O0 -O2; do
    events_status=0
    "$cc" -g -fPIC -shared "$level" "$@" -o libevents.so "$here/programs/events/events.c"
    "$cc" -g "$level" "$@" -o events_test "$here/programs/events/events_test.c" -L. -levents -Wl,-rpath,"$work"
    nomem explore --no-store --leaks off --timeout 1 -- ./events_test >seen 2>&1 || events_status=$?
    if [ "$events_status" = "$events_wanted" ] && grep -q "$events_pattern" seen; then pass "$events_name ($level)"; else
      echo "(exit status $events_status, wanted $events_wanted)" >>seen
      fail "$events_name ($level)" seen
    fi
  done
}

events 'a callback that did not come' 0 \
  'not counted: crash in client_letter .*: the test used what its on_client sets, which was not called$'
events 'a callback that did not come, and the test looks' 0 ' 0 findings' -DCHECKS
events 'the library uses what it did not get' 1 '^crash in loop_dispatch ' -DUSES_IT_ITSELF
events 'a callback that was handed NULL' 1 '^crash in client_letter ' -DHANDS_NULL
events 'what the call itself was to give' 1 '^crash in client_letter ' -DTAKES
events 'a callback that the call was given' 1 '^crash in client_letter ' -DEACH

events 'an answer to a request that was lost, as a later call had said' 0 \
  'not counted: hang in .*: the test waits although loop_flush had returned -1$' -DWAITS
events 'the same in a loop that turns, though all later calls fail' 0 ' 0 findings, 1 not counted' -DTURNS
events 'an answer to a request that was lost, and nothing had said so' 1 '^hang in ' -DWAITS -DFLUSHES_QUIETLY
events 'the same in a loop that turns' 1 '^hang in ' -DTURNS -DFLUSHES_QUIETLY
events 'the clean-up that waits for it' 1 '^hang in ' -DCLOSES

finish
