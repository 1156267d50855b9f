#!/bin/sh
# SPDX-License-Identifier: MIT
# One planted bug per verdict, built by two compilers at two levels: found, called by its name, its place shown twice,
# and reproduced by the line that is printed. In its mended twin nothing is found.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
needs_ptrace

victims=$tests/victims
programs=$here/programs
# Of a hang only; long enough for a loaded machine to run a victim to its end.
seconds=1

# explore NAME STATUS [OPTION...]: explores ./program into the file found.
explore() {
  explore_status=0
  explore_wanted=$1
  shift
  nomem explore -v --strict --timeout "$seconds" --jobs 2 "$@" -- ./program >found 2>&1 || explore_status=$?
  [ "$explore_status" = "$explore_wanted" ]
}

# A finding's line, pasted, ends in the same way: the signal, or the time that is up.
reproduces() {
  reproduce=$(sed -n 's/^  reproduce: //p' found)
  [ -n "$reproduce" ] || return 1
  # shellcheck disable=SC2016 # the words are the command's
  [ "$1" != flood ] || reproduce="$reproduce 2>&1 >/dev/null | grep -v 'out of memory, trying\|^\.*\$'" # hundreds of megabytes
  sh -c "$reproduce" >again 2>&1 9<"$here/lib/suite.sh" || :
  case $1 in
    crash) grep -q 'killed by SIGSEGV' again ;;
    abort | corruption) grep -q 'killed by SIGABRT\|a block was' again ;;
    flood) grep -q 'still running when its time was up' again ;;
    hang) grep -q 'still running when its time was up' again ;;
    leftover) ! grep -q 'suite.sh' again && { [ "${2%child.c}" != "$2" ] || grep -q 'is open: /etc/passwd\| was left: ' again; } ;;
    leak) grep -q 'leaked, for nothing points to them any more' again ;;
    misreported) grep -q ": Success" again ;;
    mute | swallowed) ./program >clean && ! cmp -s clean again ;;
  esac
}

# is_planted VERDICT SOURCE EXACT: what is found is the planted bug, at its lines if they are exact.
is_planted() {
  awk -v verdict="$1" -v file="${2##*/}" -v exact="$3" -f "$here/lib/is_planted.awk" "$2" found
}

look_at_isolation
for source in "$victims"/*_*.c; do
  name=${source##*/}
  name=${name%.c}
  verdict=${name%%_*}
  case $name in
    leftover_descriptor | leftover_child) ;;
    leftover_*) # which makes files
      if [ -n "$no_isolation" ]; then
        skip "$name" "$no_isolation"
        continue
      fi ;;
  esac
  take_turns 1 2 3 4
  for number in $turn; do
    case $number in
      1) build="$cc -O0" ;;
      2) build="$cc -O2" ;;
      3) build="$clang -O0" ;;
      4) build="$clang -O2" ;;
    esac
    # shellcheck disable=SC2086 # a compiler and its options
    $build -std=gnu11 -g -pthread -o program "$source"
    exact=exact
    [ "${build#* }" = -O0 ] || exact=inexact
    if explore 1 && is_planted "$verdict" "$source" $exact && reproduces "$verdict" "$source"; then
      pass "$name ($build)"
    else
      cat again >>found 2>/dev/null || :
      fail "$name ($build)" found
    fi
    # shellcheck disable=SC2086
    $build -std=gnu11 -g -pthread -DMENDED -o program "$source"
    if explore 0 && grep -q ' 0 findings' found; then pass "$name, mended ($build)"; else
      fail "$name, mended ($build)" found
    fi
  done
done

for verdict in handled reported; do
  "$cc" -std=gnu11 -g -O0 -o program "$victims/$verdict.c"
  if explore 0 && grep -q "^2 runs: 2 $verdict; 0 findings" found; then pass "$verdict"; else fail "$verdict" found; fi
done

# Advice is listed, and does not count unless it is asked to.
"$cc" -std=gnu11 -g -O0 -o program "$victims/swallowed_line.c"
status=0
nomem explore -- ./program >found 2>&1 || status=$?
if [ "$status" = 0 ] && grep -q '^advisory: swallowed in planted .*, 6 runs' found &&
  grep -q "what came of it: line 2 of its output is 'second', without the fault it is 'first'" found &&
  grep -q '6 swallowed; 0 findings, 1 advisory' found; then
  pass 'advice does not count'
else
  fail 'advice does not count' found
fi

# The store knows it for what it is: resumed it is shown alike, and 'diff' does not count it.
nomem explore --store advice.db -- ./program >first 2>&1
nomem explore --store advice.db -- ./program >second 2>&1
"$cc" -std=gnu11 -g -O0 -o nothing "$victims/handled.c"
nomem explore --store none.db -- ./nothing >/dev/null 2>&1
grep '^advisory\|came of it' first >first.advice
grep '^advisory\|came of it' second >second.advice
if grep -q '^nomem: resumed: 6 of 6' second && [ -s first.advice ] && cmp first.advice second.advice &&
  nomem replay --store advice.db >found && grep -q '(advisory: --strict counts it)$' found &&
  nomem diff none.db advice.db >found && grep -q '^0 new' found; then
  pass 'advice from the store'
else
  cat second >>found
  fail 'advice from the store' found
fi

# Output that differs from run to run, or from an earlier hour to a later, tells nothing; what speaks of the failure is a
# report of it.
programs=$here/programs
for kind in RANDOM:handled LATE:handled REPORTED:handled; do
  "$cc" -std=gnu11 -g -O0 -D"${kind%:*}" -o program "$programs/output.c"
  rm -f runs
  if explore 0 --isolate off --engine exec --no-store && grep -q "^2 runs: 2 ${kind#*:}; 0 findings" found; then
    pass "output, $kind"
  else
    fail "output, $kind" found
  fi
done

# What is not so when it is tried again is told from findings in every report, and counts in none.
"$cc" -std=gnu11 -g -O0 -DFLAKY -o program "$programs/output.c"
rm -f runs
if explore 0 --isolate off --engine exec --no-store --jobs 1 --json flaky.json --junit flaky.xml --tap flaky.tap \
  --sarif flaky.sarif && grep -q '^flaky: abort in main (.*, 2 runs: not when it was tried again' found &&
  grep -q '^2 runs: 2 abort; 0 findings, 1 flaky' found &&
  [ "$(jq -c '[.findings[].flaky]' flaky.json)" = '[true]' ] && grep -q ' failures="0"' flaky.xml &&
  grep -q '<skipped message="flaky' flaky.xml && grep -q '^not ok 1 .*# TODO flaky' flaky.tap &&
  [ "$(jq -c '[.runs[].results[].level]' flaky.sarif)" = '["note"]' ]; then
  pass 'flaky'
else
  fail 'flaky' found
fi

# A run in which the call to fail was not made does not say whether it is so.
"$cc" -std=gnu11 -g -O0 -o program "$programs/comes_and_goes.c"
if explore 1 --isolate off --engine exec --no-store --jobs 1 --faults transient --heap off &&
  grep -q '^crash in load (' found && grep -q ' 1 finding' found; then
  pass 'the call to fail is not always made'
else
  fail 'the call to fail is not always made' found
fi

# Every thread of a hang is in the reports for machines, with its stack.
"$cc" -std=gnu11 -g -O0 -pthread -o program "$victims/hang_threads.c"
if explore 1 --json hang.json --sarif hang.sarif --no-store && jq -e '.findings[0].threads |
    [.[] | [.number, .process, .state, .is_shown == true, (.stack | length) > 2]] ==
    [[1, 1, "waits for thread 2 to end", false, true], [2, 1, "waits for a lock that thread 1 holds", true, true]]' \
  hang.json >jq.log 2>&1 && [ "$(jq '.runs[0].results[0].stacks | length' hang.sarif)" = 3 ]; then
  pass 'the threads of a hang'
else
  cat hang.json jq.log >>found
  fail 'the threads of a hang' found
fi

# Faults of one kind only.
"$cc" -std=gnu11 -g -O0 -o program "$victims/crash_persistent.c"
if explore 0 --faults transient; then pass 'a transient fault does not show it'; else fail 'transient' found; fi
"$cc" -std=gnu11 -g -O0 -o program "$victims/crash_second.c"
if explore 1 --faults transient && grep -q '@2 -' found; then pass 'a transient fault of the second call shows it'; else
  fail 'transient, second' found
fi

# What a run leaves counts where it ended as the baseline did, unless all are to be looked at, or none.
"$cc" -std=gnu11 -g -O0 -o program "$victims/leak_path.c"
if explore 0 --leaks off && grep -q '^6 runs: 6 handled; 0 findings' found; then pass '--leaks off'; else
  fail '--leaks off' found
fi
"$cc" -std=gnu11 -g -O0 -DGIVES_UP -o program "$victims/leak_path.c"
if explore 0 --leaks handled && grep -q ' 0 findings' found; then pass '--leaks handled'; else
  fail '--leaks handled' found
fi
if explore 1 --leaks all && grep -q '^leak in planted ' found; then pass '--leaks all'; else fail '--leaks all' found; fi

# A program that gives up may leave what main() has; what a function lost that it called is a leak, if it came back.
gives_up() { # WANTED_STATUS DEFINED FUNCTION [SOURCE]: the function is the one that has the only leak, if any has
  "$cc" -std=gnu11 -g "$level" -D"$2" -o program "$programs/${4:-gives_up}.c"
  if explore "$1" --no-store && [ "$(sed -n 's/^leak in \([a-z_]*\) .*/\1/p' found)" = "$3" ]; then
    pass "a program that gives up, $level, $2"
  else
    fail "a program that gives up, $level, $2" found
  fi
}
for level in -O0 -O2; do
  gives_up 0 NOTHING ''
  gives_up 1 LOSES fill
  gives_up 1 LOSES_OLD grow
  gives_up 0 NOTHING '' gives_up_later
  gives_up 1 LOSES_LIST make_list gives_up_later
  gives_up 1 LOSES_REST make_list gives_up_later # only the third failure does
  gives_up 1 LOSES_GROWN grow gives_up_later
  gives_up 1 LOSES_WRAPPED make_pair gives_up_later
  gives_up 0 NOTHING '' lost_stack
  gives_up 1 LOSES push lost_stack
  gives_up 0 NOTHING '' lost_ring
  gives_up 1 LOSES make_family lost_ring
done
"$cc" -std=gnu11 -g -O0 -DLOSES -DDIES -o program "$programs/gives_up.c"
if explore 0 --no-store; then pass 'a program that exits from within may leave its memory'; else
  fail 'exits from within' found
fi

# The same of descriptors: advice, with where it was opened.
for level in -O0 -O2; do
  for kind in LOSES LOSES_STREAM; do
    "$cc" -std=gnu11 -g "$level" -D$kind -o program "$programs/gives_up_open.c"
    if explore 1 --no-store && grep -q "^leftover in load (.*" found &&
      grep -q "descriptor [0-9]* is open: '/etc/passwd'" found && grep -q 'it was opened here' found; then
      pass "a descriptor of a program that gives up, $level, $kind"
    else
      fail "a descriptor of a program that gives up, $level, $kind" found
    fi
  done
  for kind in CLOSES KEEPS HANDS_OUT OPENS_LATE; do
    "$cc" -std=gnu11 -g "$level" -D$kind -o program "$programs/gives_up_open.c"
    if explore 0 --no-store; then pass "a descriptor that is not lost, $level, $kind"; else
      fail "a descriptor that is not lost, $level, $kind" found
    fi
  done
done

# A mutex that is locked at the end, in a variable or in a block, is left over; one that was unlocked is not.
for level in -O0 -O2; do
  for kind in REPORTED HANDLED IN_BLOCK; do
    "$cc" -std=gnu11 -g "$level" -pthread -D"$kind" -o program "$programs/locks.c"
    explore 0 --no-store && clean=yes || clean=no
    "$cc" -std=gnu11 -g "$level" -pthread -D"$kind" -DKEEPS -o program "$programs/locks.c"
    if [ "$clean" = yes ] && explore 1 --no-store && grep -q '^leftover in add (.*$' found &&
      grep -q 'a mutex is still locked' found && grep -q ' 1 finding' found; then
      pass "a mutex left locked, $level, $kind"
    else
      fail "a mutex left locked, $level, $kind" found
    fi
  done
done

# A descriptor of a temporary file is one finding, whatever the file's name and the descriptor's number.
"$cc" -std=gnu11 -g -O0 -o program "$programs/open_temporary.c"
if explore 1 --no-store && grep -q '^4 runs: 4 leftover; 1 finding' found &&
  nomem minimise --fail nth=1.. -- ./program >found 2>&1 && grep -q '^1 of 2 failed calls .*leftover' found; then
  pass 'a temporary file left open'
else
  fail 'a temporary file left open' found
fi

# A block that the caller lost, the test's own or not, is not who allocated it.
"$cc" -std=gnu11 -g -O0 -o program "$programs/losing.c"
if explore 1 && grep -q '^leak in loses (' found && ! grep -q '^leak in makes' found; then
  pass 'who lost a block is told from who allocated it'
else
  fail 'who lost it' found
fi
"$cc" -std=gnu11 -g -O0 -o program "$programs/losing_loop.c"
if explore 1 && grep -q '^leak in loses (' found && grep -q '; 1 finding' found; then
  pass "what a loop lost is not the C library's"
else
  fail 'a loop that loses' found
fi
cp "$programs/losing.c" test_losing.c
cp "$programs/losing.c" makes.c
"$cc" -std=gnu11 -g -O0 -c -o makes.o -DMAKES makes.c
"$cc" -std=gnu11 -g -O0 -o program -DLOSES test_losing.c makes.o
if explore 0 && grep -q "^not counted: leak in loses .*the test's own code did not free what it had" found; then
  pass "what a test's own code loses is the test's"
else
  fail "the test's own leak" found
fi

# The first thread of a process may end long before it: its memory is then read through another one.
cat >outlives.c <<'END'
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
static pthread_mutex_t alone = PTHREAD_MUTEX_INITIALIZER;
static void *loses(void *unused) {
  pthread_mutex_lock(&alone);
  void *block = malloc(100), *other = malloc(200);
  if (block == NULL) exit(1);
  if (other == NULL) {
    if (LOSES) block = NULL;
    free(block);
    exit(0);
  }
  free(block);
  free(other);
  exit(0);
  return unused;
}
int main(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, loses, NULL) != 0) return 1;
  syscall(SYS_exit, 0);
}
END
for loses in 1 0; do
  "$cc" -std=gnu11 -g -O0 -fno-builtin -pthread -DLOSES=$loses -o program outlives.c
  if { [ $loses = 1 ] && explore 1 && grep -q '^leak in loses (' found && grep -q '; 1 finding' found; } ||
    { [ $loses = 0 ] && explore 0 && ! grep -q 'cannot be looked for' found; }; then
    pass "the first thread has gone: loses $loses"
  else
    fail "the first thread has gone: loses $loses" found
  fi
done

# What a child process has at its end is a leak where the baseline's same child does not leave it: not what it inherits
# and its parent frees, nor what is left by one that gives up, is killed, or executes another program.
for kind in INHERITS:0 QUITS:0 REFUSES:0 KILLED:0 EXECUTES:0 AT_ONCE:0 FREES:leak QUITS_LOSING:leak \
  EXECUTES_OPEN:leftover; do
  "$cc" -std=gnu11 -g -O0 -D"${kind%:*}" -o program "$programs/children.c"
  verdict=${kind#*:}
  explored=1
  [ "$verdict" != 0 ] || explored=0
  if explore "$explored" --no-store &&
    [ "$(grep -c "^$verdict in .*(.*children.c:" found)" = "$explored" ] &&
    { [ "$verdict" = 0 ] || grep -q "in another process of the run: 'program'" found; }; then
    pass "a child's end, $kind"
  else
    fail "a child's end, $kind" found
  fi
done
"$cc" -std=gnu11 -g -O0 -DREFUSES -o program "$programs/children.c"
if explore 1 --no-store --leaks all && grep -q '^leak in loses (' found; then
  pass 'a child that gives up, with --leaks all'
else
  fail 'a child that gives up, with --leaks all' found
fi

# A library's abort is its bug; its test's assertion about its error is not.
"$cc" -g -O0 -shared -fPIC -o liblibrary.so "$programs/library.c"
"$cc" -g -O0 -o program "$programs/library_test.c" -L. -llibrary -Wl,-rpath,"$work"
if explore 0 && grep -q '^2 runs: 2 reported; 0 findings' found; then pass "a test's own assertion is no finding"; else
  fail "a test's own assertion" found
fi
if grep -q "^2 of 2 runs ended at the test's first failed assertion: no clean-up code was run" found; then
  pass "it is said that nothing was run after a test's assertion"
else
  fail 'runs that an assertion cuts short' found
fi
"$cc" -g -O0 -shared -fPIC -DABORTS -o liblibrary.so "$programs/library.c"
blow_up=$(grep -n '/\* blow-up \*/' "$programs/library.c" | cut -d: -f1)
if explore 1 && grep -q "^abort in library_make (.*library.c:$blow_up)" found &&
  reproduces abort; then
  pass "a library's abort is"
  if grep -q 'first failed assertion' found; then fail "a library's abort is none of the test's" found; fi
else
  fail "a library's abort" found
fi

finish
