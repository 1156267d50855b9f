#!/bin/sh
# SPDX-License-Identifier: MIT
# Heap errors that only the block table notices: each kind is called by its name and found once for each site, as far as
# it was asked for; programs without an error run as before.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
needs_ptrace

# explores NAME STATUS WORDS [OPTION...]: the report has these words.
explores() {
  explores_name=$1 explores_wanted=$2 explores_words=$3 explores_status=0
  shift 3
  nomem explore --no-store "$@" -- ./program >seen 2>&1 || explores_status=$?
  if [ "$explores_status" = "$explores_wanted" ] && grep -q "$explores_words" seen; then
    pass "$explores_name"
  else
    echo "(exit status $explores_status)" >>seen
    fail "$explores_name" seen
  fi
}

build_program() { "$cc" -w -std=gnu11 -g -O0 -pthread -o program "$@"; }

for kind in 'WORD:a block was written past its end' 'NEIGHBOUR:a block was written past its end' \
  'AGAIN:a freed block was given to realloc' 'MOVED:a block was written after it was freed'; do
  build_program -D"${kind%%:*}" "$here/programs/heap_errors.c"
  explores "${kind#*:} (${kind%%:*})" 1 "| *^ ${kind#*:}\$"
done
explores 'not with --heap off' 0 ' 0 findings' --heap off
explores 'not with --leaks off' 0 ' 0 findings' --leaks off
explores 'not without ptrace' 0 ' 0 findings' --no-trace

build_program -DSECOND "$here/programs/heap_errors.c"
explores 'a later call is not looked at' 0 ' 0 findings'
explores 'unless all are' 1 '^corruption in planted ' --heap all
explores 'JSON says what it takes' 1 '^corruption in planted ' --heap all --json found.json
if jq -e '(.findings[0].reproduce | contains(" --leaks all ")) and .findings[0].origin.stack[0].function == "planted" and
  .coverage.heap_checks > 1 and .coverage.heap_checks_skipped == 0' found.json >seen 2>&1; then
  pass 'reproduction and stacks'
else
  fail 'reproduction and stacks' seen
fi

# How many runs are looked at does not depend on how long they take.
build_program "$here/programs/slow_start.c"
explores 'a slow program is looked at as a fast one' 1 '^corruption in planted '
build_program -DMENDED "$here/programs/slow_start.c"
explores 'and its mended twin' 0 ' 0 findings'
if ! grep -q 'not checked for heap errors' seen; then pass 'nothing is left out'; else fail 'left out' seen; fi

"$cc" -w -std=gnu11 -g -fsanitize=address -o program "$here/programs/heap_errors.c"
nomem explore --no-store -v -- ./program >seen 2>&1 || :
if grep -q '^engines: ' seen && ! grep -q 'more for heap errors' seen; then pass 'a sanitizer does it itself'; else
  fail 'a sanitizer' seen
fi

# Kept: what was looked at is not looked at again, by whichever shard it was; a finding is replayed with a block table.
build_program -DMOVED "$here/programs/heap_errors.c"
nomem explore --store s.db -v -- ./program >first 2>&1 || :
nomem explore --store s.db -v -- ./program >second 2>&1 || :
nomem explore --store 1.db --shard 1/2 -- ./program >seen 2>&1 || :
nomem explore --store 2.db --shard 2/2 -- ./program >seen 2>&1 || :
nomem merge all.db 1.db 2.db >seen 2>&1
nomem explore --store all.db -v -- ./program >third 2>&1 || :
cat first second third >seen
if grep -q ' 3 more for heap errors' first && [ "$(grep -c 'more for heap errors' second)" = 0 ] &&
  [ "$(grep -c 'more for heap errors' third)" = 0 ] && grep -q '^corruption in ' second && grep -q '^corruption in ' third
then pass 'resumed and joined'; else fail 'resumed and joined' seen; fi
nomem explore --store late.db --heap off -- ./program >seen 2>&1 || :
nomem explore --store late.db -v -- ./program >seen 2>&1 || :
if grep -q 'resumed: ' seen && grep -q '^corruption in ' seen; then pass 'made up for later'; else
  fail 'made up for later' seen
fi
nomem replay --store s.db corruption >seen 2>&1 || :
if grep -q 'a block was written after it was freed' seen; then pass 'replayed with a block table'; else
  fail 'replayed with a block table' seen
fi

build_program "$here/programs/heap_right.c"
nomem run --fail nth=1 --leaks all -- ./program >seen 2>&1 || :
if grep -q '^right$' seen && ! grep -q 'a block was\|a freed block\|killed' seen; then
  pass 'threads and children are not disturbed'
else
  fail 'threads and children' seen
fi

finish
