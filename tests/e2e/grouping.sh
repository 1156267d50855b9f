#!/bin/sh
# SPDX-License-Identifier: MIT
# One bug is one finding, though it shows in several ways, and is named where a reader would mend it.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
needs_ptrace

programs=$here/programs/grouping

# gives NAME STATUS PATTERN [OPTION...] -- PROGRAM: explores it into the file found, which has the pattern in it.
gives() {
  gives_name=$1 gives_wanted=$2 gives_pattern=$3 gives_status=0
  shift 3
  nomem explore --jobs 2 "$@" >found 2>&1 || gives_status=$?
  if [ "$gives_status" = "$gives_wanted" ] && grep -Eq -e "$gives_pattern" found; then pass "$gives_name"; else
    echo "(exit status $gives_status)" >>found
    fail "$gives_name" found
  fi
}

# A freed block that is used, or comes again in the same list, which then never ends.
"$cc" -std=gnu11 -g -O0 -o ring "$programs/ring.c"
gives 'a hang is of the block that was freed first' 1 ' 1 hang, .*; 1 finding ' -t 1 -- ./ring
if grep -q '^  freed first: listen_to (.*ring.c:' found; then pass 'and the report says by whom'; else
  fail 'freed first' found
fi
"$cc" -std=gnu11 -g -O0 -DMENDED -o ring "$programs/ring.c"
gives 'nobody keeps it' 0 '; 0 findings' --strict -t 1 -- ./ring

# More room than there is memory for: at NULL, or past the end of a block.
for level in -O0 -O2; do
  "$cc" -std=gnu11 -g $level -o growing "$programs/growing.c"
  gives "no block, or one that is too small ($level)" 1 '; 1 finding ' -- ./growing
  if grep -q '^corruption in push (.*growing.c:26)' found; then pass "at the line that writes ($level)"; else
    fail "at the line that writes ($level)" found
  fi
  "$cc" -std=gnu11 -g $level -DMENDED -o growing "$programs/growing.c"
  gives "as much room as there is memory ($level)" 0 '; 0 findings' -- ./growing
done

# A template of the C++ library's does not leave a mutex locked.
for level in -O0 -O2; do
  g++ -g $level -o registry "$programs/registry.cc"
  gives "a mutex left locked by an exception ($level)" 1 '^leftover in add \(.*registry.cc:17\)' --strict -- ./registry
  g++ -g $level -DMENDED -o registry "$programs/registry.cc"
  gives "and by none ($level)" 0 '; 0 findings' --strict -- ./registry
done
finish
