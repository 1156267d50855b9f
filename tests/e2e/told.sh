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

# What follows takes the return of a call to be seen.
if [ -n "$no_ptrace" ]; then
  skip 'what a call of the test returned' "$no_ptrace"
  finish
  exit
fi

built_with= # libraries
# built SOURCE OPTION...: a library and its test, which is called like one, as ./test_told.
built() {
  built_source=$here/programs/$1
  shift
  cp "$built_source" test_told.c
  cp "$built_source" told.c
  "$cc" -std=gnu11 -g "$@" -DLIB -c -o told.o told.c
  "$cc" -std=gnu11 -g "$@" -pthread -o test_told test_told.c told.o $built_with
}

for level in -O0 -O2; do
  built told_error.c $level
  finds "another error than the right one ($level)" 1 \
    'what came of it: url_check returned URL_BAD_HOST; the type has URL_NO_MEMORY$' --strict -- ./test_told
  built told_error.c $level -DMENDED
  finds "the right one ($level)" 0 ' 4 reported; 0 findings' --strict -- ./test_told
  built told_error.c $level -DNUMBERS
  finds "another errno ($level)" 1 'what came of it: url_check returned -22, other calls .* -12 \(-ENOMEM\)$' \
    --strict -- ./test_told
  built told_error.c $level -DNUMBERS -DMENDED
  finds "the right errno ($level)" 0 ' 4 reported; 0 findings' --strict -- ./test_told
done
# One call whose NULL is taken for something else is one finding, whatever fails below it; another one is another.
for level in -O0 -O2; do
  built told_error.c $level -DTWICE
  finds "two failures below one call ($level)" 1 '; 1 finding ' --strict -- ./test_told
  built told_error.c $level -DTWICE -DTWO_BUGS
  finds "two calls ($level)" 1 '; 2 findings ' --strict -- ./test_told
  built told_error.c $level -DTWICE -DTWO_BUGS -DMENDED
  finds "two calls, of which one is right ($level)" 1 '; 1 finding ' --strict -- ./test_told
done
for kind in OWN UNNAMED; do
  built told_error.c -O0 -D$kind
  finds "nothing says that there is a better error, $kind" 0 ' 4 reported; 0 findings' --strict -- ./test_told
done
built told_error.c -O0
finds 'advice that does not count' 0 '^advisory: misreported in check_host ' -- ./test_told
for run in first 'and from the store'; do
  finds "it is placed where the error is returned ($run)" 1 '^misreported in check_host ' --strict --store error.db \
    -- ./test_told
done
finds 'not without the heap check' 0 ' 4 reported; 0 findings' --strict --heap off -- ./test_told

# A library that says yes and gives something else, as its test notices; and one that says so in another way.
for kind in '' -DCOUNTS -DCHECKS -DTHREAD -DASSERTS -DTABLE; do
  take_turns -O0 -O2
  for level in $turn; do
    built told_text.c "$level" $kind
    finds "nobody is told ($level $kind)" 1 '^silent in append .*' -- ./test_told
  done
done
for kind in LATE ERROR HANDLER STATUS RETURNS JUMPS 'LATE -DTABLE'; do
  take_turns -O0 -O2
  for level in $turn; do
    # shellcheck disable=SC2086 # more than one option
    built told_text.c "$level" -D$kind
    finds "somebody is told ($level $kind)" 0 ' 8 reported; 0 findings' --strict -- ./test_told
  done
done
built_with=-lcmocka
built told_text.c -O0 -DCMOCKA
finds 'a test framework compares' 1 '^silent in append ' -- ./test_told
built told_text.c -O0 -DCMOCKA -DLATE
finds 'a test framework is told' 0 ' 8 reported; 0 findings' --strict -- ./test_told
"$cc" -c -o unity.o "$here/programs/told_unity.c"
built_with=unity.o
for level in -O0 -O2; do
  built told_text.c "$level" -DUNITY
  finds "a test framework that is linked in compares ($level)" 1 '^silent in append ' -- ./test_told
  built told_text.c "$level" -DUNITY -DLATE
  finds "and is told ($level)" 0 ' 8 reported; 0 findings' --strict -- ./test_told
done
built_with=
built told_text.c -O0 -DERRNO
finds 'somebody is told by errno' 0 ' 8 reported; 0 findings' --strict -- ./test_told
built told_text.c -O2 -DERRNO # of which the compiler remembers where it is, so that no call shows that it is read
finds 'errno is read without a call' 0 '; 0 findings' -- ./test_told
# The first failure of the site leaves out another word, which nobody looks for.
built told_text.c -O0 -DLAST
finds 'a later failure of a site' 1 '^silent in append ' -- ./test_told
built told_text.c -O0 -DLAST -DLATE
finds 'and one that was told' 0 ' reported; 0 findings' --strict -- ./test_told
built told_text.c -O0 -DMEMBER
finds 'what no call shows is advice' 0 '^advisory: untold in append ' -- ./test_told
built told_text.c -O0
finds 'a finding of calls is confirmed, and not flaky' 1 ' 1 crash, 1 silent, 6 reported; 1 finding \(' -- ./test_told
nomem explore --store told.db -- ./test_told >first 2>&1 || :
finds 'and comes from the store' 1 '^silent in append ' --store told.db -- ./test_told
if grep -q '^nomem: resumed: 8 of 8' found; then pass 'without a run'; else fail 'without a run' found; fi

# What the test finds in memory, without a call, and what may be an error that was left there.
for kind in '' -DFRACTION -DLETTER -DELEMENT -DSUM -DEARLIER -DTAP; do
  take_turns -O0 -O2
  for level in $turn; do
    built told_memory.c "$level" $kind
    finds "another result in memory ($level $kind)" 1 '^silent in add ' -- ./test_told
    built told_memory.c "$level" -DMENDED $kind
    finds "and where the call says no ($level $kind)" 0 ' (reported|handled); 0 findings' --strict -- ./test_told
  done
done
for level in -O0 -O2; do
  built told_memory.c "$level" -DRETURNED
  finds "a call returns another number ($level)" 1 '^silent in add_three ' -- ./test_told
  built told_memory.c "$level" -DCOUNTED
  finds "a call returns a smaller number ($level)" 0 '^advisory: untold in add_three ' -- ./test_told
  built told_memory.c "$level" -DCOUNTED -DMENDED
  finds "or an error ($level)" 0 ' reported; 0 findings' --strict -- ./test_told
  for kind in CODE RC; do
    built told_memory.c "$level" -D$kind
    finds "or a status ($level $kind)" 0 ' reported; 0 findings' --strict -- ./test_told
  done
  for kind in FLAG STATE POINTER; do
    built told_memory.c "$level" -D$kind
    finds "an error in memory ($level $kind)" 0 '^advisory: untold in add ' -- ./test_told
  done
  built_with=-lcmocka
  built told_memory.c "$level" -DCMOCKA
  finds "a framework is given what is in memory ($level)" 1 '^silent in add ' -- ./test_told
  built told_memory.c "$level" -DCMOCKA -DMENDED
  finds "and where the call says no, cmocka ($level)" 0 ' reported; 0 findings' --strict -- ./test_told
  built_with=
done
built told_memory.c -O0
rm told*.c test_told.c
finds 'without its source, a number may be a status' 0 '^advisory: untold in add ' -- ./test_told

# A function of the test's that is not called has not told it anything.
for level in -O0 -O2; do
  built told_words.c $level
  finds "a callback that does not come ($level)" 1 '^silent in each_word ' -- ./test_told
  for kind in MENDED STATUS; do
    built told_words.c $level -D$kind
    finds "one that does not come, or says so ($level $kind)" 0 '; 0 findings' --strict -- ./test_told
  done
done

# A program that is no test notices as well. It may have said so in ways of its own: then nothing is held against it.
# used OPTION...: a library and a program that uses it, as ./joins.
used() {
  built told_text.c "$@"
  mv test_told.c joins.c
  "$cc" -std=gnu11 -g "$@" -o joins joins.c told.o
}
for kind in '' -DCOUNTS -DCHECKS; do
  take_turns -O0 -O2
  for level in $turn; do
    used "$level" $kind
    finds "nobody tells a program ($level $kind)" 1 '^silent in append .*' -- ./joins
  done
done
for kind in -DLATE -DERROR -DHANDLER -DSTATUS -DRETURNS -DMEMBER '-DSAYS -DCOUNTS'; do
  take_turns -O0 -O2
  for level in $turn; do
    # shellcheck disable=SC2086 # one or two
    used "$level" $kind
    finds "a program may have been told ($level $kind)" 0 ' 8 reported; 0 findings' --strict -- ./joins
  done
done
used -O0
finds 'what is said of a program' 1 'no later call reported a failure, and the program failed$' -- ./joins

# The library is called once more after the failure: it then says another error than the right one, or the test has
# noticed a wrong result just before.
for level in -O0 -O2; do
  built told_later.c $level
  finds "another error, when it is given back ($level)" 1 \
    'what came of it: reader_end returned READ_SYNTAX; the type has READ_NO_MEMORY$' --strict -- ./test_told
  built told_later.c $level -DASKED
  finds "another error, when it is asked for ($level)" 1 \
    'what came of it: reader_error returned READ_SYNTAX; the type has READ_NO_MEMORY$' --strict -- ./test_told
  for kind in SHARED COUNTED; do
    built told_later.c $level -D$kind
    finds "an assertion before the next call ($level $kind)" 1 '^silent in item(_get|s_add) ' -- ./test_told
  done
  for kind in '' -DASKED -DSHARED -DCOUNTED; do
    # shellcheck disable=SC2086 # one or none
    built told_later.c $level -DMENDED $kind
    finds "the right one, and at once ($level $kind)" 0 ' reported; 0 findings' --strict -- ./test_told
  done
  built told_later.c $level -DCOUNTED -DQUIT
  finds "the next call ends the program ($level)" 0 ' reported; 0 findings' --strict -- ./test_told
done

# A test that only cleans up after an error frees a block twice, because the library kept what was not its own; or
# because the test had freed it before.
for level in -O0 -O2; do
  built given_back.c $level
  finds "two that are given back have one block ($level)" 1 '^corruption in session_free ' -- ./test_told
  built given_back.c $level -DMENDED
  finds "each has its own ($level)" 0 ' reported; 0 findings' --strict -- ./test_told
  built given_back.c $level -DSTALE
  finds "one that the test had given back before ($level)" 0 '^not counted: (corruption|crash) in session_free ' -- ./test_told
done

# What a call leaves half done that says nothing of it is the library's, though it breaks in a later call; so is what it
# leaves to who cleans up. A test that goes on in spite of an error has itself to blame.
for kind in QUEUE BUFFER; do
  built half_done.c -O0 -D$kind -DSILENT
  finds "what was left half done in silence, $kind" 1 '^(hang in thing_wait|crash in buffer_set) ' --timeout 1 -- ./test_told
  built half_done.c -O0 -D$kind
  finds "and with a word, $kind" 0 '^not counted: (hang in thing_wait|crash in buffer_set) ' --timeout 1 -- ./test_told
done
built half_done.c -O0 -DGROWN
finds 'a block that is not as long as the library takes it for' 1 '^crash in thing_sum .*: read past the end of a block' -- ./test_told
built half_done.c -O0 -DGROWN -DMENDED
finds 'and one that is' 0 '; 0 findings' -- ./test_told
for kind in REQUEST ALWAYS; do
  built half_done.c -O0 -D$kind
  finds "what was left for the clean-up, $kind" 1 '^hang in thing_close ' --timeout 1 -- ./test_told
  built half_done.c -O0 -D$kind -DMENDED
  finds "what was not, $kind" 0 ' 2 reported; 0 findings' --timeout 1 -- ./test_told
done

# Test code that crashes need not be to blame for it.
for kind in CALLBACK MEMBER OUTPUT FREED JUMPED; do
  take_turns -O0 -O2
  for level in $turn; do
    built left_to_test.c "$level" -D$kind
    owner=', in the test'
    [ "$level$kind" != -O0JUMPED ] || owner= # a call, which the stack shows
    finds "what was left to the test, $level $kind" 1 "^crash in [a-z_]+ \\(.*[0-9]\\)$owner: " -- ./test_told
    built left_to_test.c "$level" -D$kind -DMENDED
    finds "what was not, $level $kind" 0 '[0-9] reported; 0 findings' -- ./test_told
  done
done
built left_to_test.c -O0 -DOWN
finds 'a NULL of its own is not what was left' 0 '^not counted: crash in name_thing .*own code used what it did not check' -- ./test_told
built left_to_test.c -O0 -DOUTPUT -DSAYS
finds 'and where a word was said' 0 '^not counted: crash in main .*: the test went on after list_parts had returned -1 ' -- ./test_told
built left_to_test.c -O0 -DHOLDER
finds 'what was not filled in, and released' 1 '^corruption in release ' -- ./test_told
built left_to_test.c -O0 -DHOLDER -DMENDED
finds 'what is not released then' 0 ' 2 reported; 0 findings' -- ./test_told
built left_to_test.c -O0 -DHOLDER -DSAYS
finds 'and what the test has released all the same' 0 '^not counted: corruption in release .* fill had returned -1 ' -- ./test_told

finish
