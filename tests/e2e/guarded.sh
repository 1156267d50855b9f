#!/bin/sh
# SPDX-License-Identifier: MIT
# Guarded blocks: a read of a freed block, or past the end of one, is found in an unchanged program, where
# AddressSanitizer finds it in one that was built for it; and no program is disturbed.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
needs_ptrace

reads=$here/programs/heap_reads.c
hosts=$here/programs/guarded_hosts.c

build_program() { "$cc" -w -std=gnu11 -g -O0 -o program "$@"; }

# explore STATUS [OPTION...]: explores ./program into the file seen, and comes to this exit status.
explore() {
  explore_wanted=$1 explore_status=0
  shift
  nomem explore "$@" -- ./program >seen 2>&1 || explore_status=$?
  echo "(exit status $explore_status)" >>seen
  [ "$explore_status" = "$explore_wanted" ]
}

# The line of the function that has the bug, as the report in the file seen has it.
planted_line() { sed -n "s/^$1 in planted (.*:\([0-9]*\)).*/\1/p" seen; }

# reads KIND MEANING: found in its place, with the stacks of its block; and not in the mended twin.
reads() {
  build_program "-D$1" "$reads"
  if explore 1 && grep -q "^crash in planted .*: $2, 1 run\$" seen && grep -q '^  the block was allocated here:' seen &&
    [ "$(grep -c '^  reproduce: ' seen)" = 1 ]; then
    pass "$2 ($1)"
  else
    fail "$2 ($1)" seen
  fi
  planted_line crash >by_guards
  build_program "-D$1" -DMENDED "$reads"
  if explore 0 && grep -q ' 0 findings' seen && ! grep -q 'not looked for' seen; then pass "mended ($1)"; else
    fail "mended ($1)" seen
  fi
  "$cc" -w -std=gnu11 -g -O0 -fsanitize=address -D"$1" -o program "$reads"
  explore 1 --leaks off || :
  planted_line sanitizer >by_sanitizer
  if [ -s by_guards ] && cmp -s by_guards by_sanitizer; then pass "as AddressSanitizer ($1)"; else
    cat by_guards by_sanitizer >>seen
    fail "as AddressSanitizer ($1)" seen
  fi
}

reads FREED 'use after free'
reads CALL 'use after free'
reads MOVED 'use after free'
reads ELEMENT 'read past the end of a block'
reads ALIGNED 'read past the end of a block'
reads RECOVERY 'read past the end of a block'

build_program -DFREED -DREFUSE "$reads"
if explore 1 --store guarded.db && grep -q '^crash in planted .*: use after free, 1 run$' seen &&
  grep -A1 '^  and freed before here:' seen | grep -q ' replace '; then
  pass 'in a run that gives up, too'
else
  fail 'in a run that gives up' seen
fi
sed -n 's/^  reproduce: //p' seen >line
sh ./line >seen 2>&1 || :
nomem replay --store guarded.db crash >>seen 2>&1 || :
nomem explore --store guarded.db -v -- ./program >>seen 2>&1 || :
if [ "$(grep -c 'killed by SIGSEGV' seen)" = 2 ] &&
  [ "$(grep -c 'a block was read after it was freed, it was allocated here' seen)" = 2 ] &&
  grep -q '^nomem: resumed: ' seen && grep -q '^crash in planted .*: use after free, 1 run$' seen &&
  ! grep -q 'more for heap errors' seen; then
  pass 'reproduced, replayed and resumed'
else
  fail 'reproduced, replayed and resumed' seen
fi
if explore 1 --heap all && grep -q '^crash in planted .*: use after free, ' seen; then pass 'with --heap all'; else
  fail 'with --heap all' seen
fi
if explore 0 --heap off && explore 0 --no-trace && grep -q 'nor leaks and heap errors$' seen; then
  pass 'not without ptrace, which is said'
else
  fail 'without ptrace' seen
fi

# unguarded KIND REASON: nothing is found, and it is said why.
unguarded() {
  build_program "-D$1" "$hosts"
  if explore 0 && grep -q "not looked for: $2" seen; then pass "$2 ($1)"; else fail "$2 ($1)" seen; fi
}

unguarded READS 'without any failure a block was read past its end, in begin '
if [ -n "$(sed -n 's/^Seccomp:[[:space:]]*//p' /proc/self/status)" ]; then
  unguarded FILTER 'the program filters its system calls'
else
  skip 'a filter of system calls' 'the kernel knows none'
fi
"$cc" -w -std=gnu11 -g -O0 -DFREED -DREFUSE -o limited "$reads"
printf '#!/bin/sh\nulimit -v 3000000\nexec ./limited\n' >program
if explore 0 && grep -q 'not looked for: the memory of the program is limited' seen; then
  pass 'a limit of memory'
else
  fail 'a limit of memory' seen
fi

# All runs are checked, however busy the machine is; there are few.
few='--heap all --faults transient --max-points 3'

# hosts KIND: with the bug it is found, without it nothing is, and all is as ever.
hosts() {
  build_program "-D$1" -DPLANTED "$hosts"
  # shellcheck disable=SC2086 # words
  if explore 1 $few && grep -q '^crash in planted .*: use after free, ' seen; then pass "found ($1)"; else
    fail "found ($1)" seen
  fi
  build_program "-D$1" "$hosts"
  # shellcheck disable=SC2086 # words
  if explore 0 $few && grep -q ' 0 findings' seen && ! grep -q 'not looked for' seen; then pass "not disturbed ($1)"; else
    fail "not disturbed ($1)" seen
  fi
}

hosts HANDLER
hosts SWITCH
hosts MANY
if grep -q 'only some blocks were watched for reads ' seen; then pass 'what is not guarded is said'; else
  fail 'what is not guarded is said' seen
fi

build_program -DLATE "$hosts"
# shellcheck disable=SC2086 # words
if explore 0 $few && grep -q '^not counted: crash in begin .*: a run without a failure does the same$' seen; then
  pass 'what is no matter of a failure does not count'
else
  fail 'what is no matter of a failure' seen
fi

for source in guarded_right heap_right; do
  "$cc" -w -std=gnu11 -g -O0 -pthread -o program "$here/programs/$source.c"
  nomem run --fail nth=1 --guard 1 -- ./program >seen 2>&1 || :
  if grep -q '^right$' seen && ! grep -q 'a block was\|a freed block\|killed' seen; then pass "$source"; else
    fail "$source" seen
  fi
done

# A write past the end that the C library notices later, in one place or another, is found where it is done.
for level in -O0 -O2; do
  "$cc" -w -std=gnu11 -g $level -o program "$here/programs/late_corruption.c"
  line=$(grep -n '/\* written \*/' "$here/programs/late_corruption.c" | cut -d: -f1)
  if explore 1 && grep -q "^corruption in put (.*:$line): " seen && grep -q ' 2 corruption.*; 1 finding (' seen; then
    pass "what is noticed late ($level)"
  else
    fail "what is noticed late ($level)" seen
  fi
  "$cc" -w -std=gnu11 -g $level -DMENDED -o program "$here/programs/late_corruption.c"
  if explore 0 && grep -q ' 0 findings' seen; then pass "and what is not there ($level)"; else
    fail "and what is not there ($level)" seen
  fi
done

finish
