#!/bin/sh
# SPDX-License-Identifier: MIT
# The drop-in engine: whose fault it was, going on after a finding, artifacts that reproduce by themselves, and failures
# that are swallowed.
#
#   tests/fuzz_going_on/run.sh BUILD     prints "ok" or "not ok" and what was tested; exit status 1 when a test failed
# shellcheck disable=SC2317 # the functions are called through "result"
set -eu
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
tests=$(dirname "$here")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cd "$work"
# shellcheck disable=SC1091 source-path=SCRIPTDIR/../lib source=tap.sh
. "$tests/lib/tap.sh"
# shellcheck source-path=SCRIPTDIR/../lib source=fuzz_run.sh
. "$tests/lib/fuzz_run.sh"
# shellcheck disable=SC1091 source-path=SCRIPTDIR/../lib source=machine.sh
. "$tests/lib/machine.sh"
fuzz_seconds=400
# Leaks are another matter, and LeakSanitizer cannot look for them everywhere.
export ASAN_OPTIONS=detect_leaks=0 AFL_QUIET=1
unset NOMEM_FUZZ NOMEM_FUZZ_PLAN NOMEM_FUZZ_ONLY NOMEM_FUZZ_NOT NOMEM_FUZZ_KNOWN
runs="-seed=1 -runs=2000 -max_total_time=200 -detect_leaks=0"
# Which of several calls is failed is a matter of chance.
often="$runs --nomem=sample=8"
mkdir corpus
printf 'xyz' >corpus/seed

# target NAME FLAG...: the sources and flags given, with the engine, in libFuzzer
target() {
  name=$1
  shift
  clang -g -O1 -pthread -fsanitize=fuzzer,address "$@" -o "$name" -Wl,--wrap=LLVMFuzzerTestOneInput "$build/libnomem-fuzz.a" \
    >log 2>&1 || { cat log; exit 1; }
}

# prints COUNT PATTERN: so many lines match.
prints() {
  [ "$(grep -cE "$2" log)" = "$1" ]
}

# anew: forgets what was found.
anew() {
  rm -rf ./*.nomem-known crash-* alone
}

library=$here/library.c harness=$here/harness.c
target careless "$library" "$harness"
target careless-bug "$library" "$harness" -DBUG_ADD
target careful-bugs "$library" "$harness" -DCHECKS -DBUG_ADD -DBUG_NAME
target careful-forget "$library" "$harness" -DCHECKS -DBUG_FORGET
target careful "$library" "$harness" -DCHECKS

# shellcheck disable=SC2086 # $runs and $often are lists of words
{
  # Both calls of collector_new, the NULL of which is passed on, and that of collector_name, which is read.
  is_harness() {
    anew
    fuzz 0 ./careless $runs corpus && prints 3 '^nomem: not counted: ' && ! ls crash-* >/dev/null 2>&1
  }
  result "what the harness does not check is no finding, and is said once for each call" is_harness
  is_said_once() {
    fuzz 0 ./careless $runs corpus && prints 0 '^nomem: not counted: ' && prints 1 '^nomem: left alone: 3 calls'
  }
  result "nor is it said again by the next process" is_said_once
  finds_bug_beside() {
    anew
    fuzz 1 ./careless-bug $runs corpus && prints 1 '^nomem: the call that was failed: realloc of '
  }
  result "the library's own bug is found beside it" finds_bug_beside
  finds_forget() {
    anew
    fuzz 1 ./careful-forget $runs corpus && prints 0 '^nomem: not counted: ' && prints 1 '#0 .* in collector_forget '
  }
  result "a crash in what the harness calls because it was told is the library's" finds_forget
  stays_clean() {
    anew
    fuzz 0 ./careful $runs corpus && prints 0 '^nomem: '
  }
  result "a harness that checks everything stays clean" stays_clean

  goes_on() {
    anew
    fuzz 77 ./careful-bugs -ignore_crashes=1 $runs corpus && prints 2 '^SUMMARY: AddressSanitizer: SEGV' &&
      prints 1 'DONE' && prints 1 '^nomem: findings that the campaign went on after: 2$' &&
      [ "$(wc -l <careful-bugs.nomem-known)" = 2 ] && [ "$(find . -name 'crash-*' | wc -l)" -ge 2 ]
  }
  result "with -ignore_crashes=1 one process finds both bugs, and goes on" goes_on
  goes_on_in_jobs() {
    anew
    timeout 400 ./careful-bugs -fork=1 -ignore_crashes=1 $runs corpus >log 2>&1 || :
    [ "$(wc -l <careful-bugs.nomem-known)" = 2 ]
  }
  result "so it does in jobs" goes_on_in_jobs
  # Neither a leak nor an error that is remembered ends the process. Several calls can leave the error behind; how
  # many are tried before it is known depends on the time that each run takes.
  goes_on_after_quiet_ones() {
    anew
    fuzz 77 ./quiet -ignore_crashes=1 $runs corpus && prints 1 DONE &&
      grep -q '^nomem: sticky: ' log && prints 1 '^nomem: findings that the campaign went on after: [1-9]$' &&
      fuzz 0 ./quiet-clean -ignore_crashes=1 $runs corpus && prints 0 '^nomem: '
  }
  target quiet "$tests/fuzz_engine/sticky.c" -DBUG_FLAG
  target quiet-clean "$tests/fuzz_engine/sticky.c" -DCLEAN_NONE
  result "a sticky error is found by a process that goes on" goes_on_after_quiet_ones
  if [ -z "$no_ptrace" ]; then
    target leaky "$tests/fuzz_engine/parser.c" -DBUG_LEAK
    target leaky-clean "$tests/fuzz_engine/parser.c"
    goes_on_after_leak() {
      anew
      fuzz 77 env ASAN_OPTIONS=detect_leaks=1 ./leaky -ignore_crashes=1 -seed=1 -runs=20000 -max_total_time=200 corpus &&
        prints 1 DONE && prints 1 '^nomem: findings that the campaign went on after: ' &&
        prints 0 'detected memory leaks.*fuzzer' && line=$(sed -n 's/^nomem: reproduce: //p' log | head -n 1) &&
        fuzz 77 env ASAN_OPTIONS=detect_leaks=1 sh -c "$line -rss_limit_mb=0" && prints 1 'detected memory leaks' &&
        fuzz 0 env ASAN_OPTIONS=detect_leaks=1 ./leaky-clean -ignore_crashes=1 -seed=1 -runs=20000 corpus &&
        prints 0 '^nomem: '
    }
    result "so is a leak, and its line reproduces it" goes_on_after_leak
  else
    skip "so is a leak, and its line reproduces it" "$no_ptrace"
  fi
  # Each site is tried once in the campaign, not once in each job. Its runs would be counted together all the same.
  shares_progress() {
    anew
    timeout 400 ./quiet-clean -fork=1 -ignore_crashes=1 --nomem=sample=0 -seed=1 -max_total_time=12 -detect_leaks=0 \
      corpus >log 2>&1 || :
    [ "$(grep -c '^#.* job: ' log)" -ge 2 ] || return 1
    made=$(sed -n 's/^nomem: edges: [0-9]*, of them only where a call failed: [1-9].*call: \([0-9]*\); findings: 0$/\1/p' log)
    [ "$made" -ge 1 ] && [ "$made" -le 12 ]
  }
  result "jobs of one campaign go on where the one before was, and say together what they reached" shares_progress
  begins_again() {
    anew
    fuzz 1 ./careful-bugs $runs corpus && fuzz 1 ./careful-bugs $runs corpus &&
      prints 1 '^nomem: left alone: 1 call that is known from ./careful-bugs.nomem-known$' &&
      fuzz 0 ./careful-bugs $runs corpus && prints 1 '^nomem: left alone: 2 calls'
  }
  result "started again, it finds the other bug, and then none" begins_again

  # The artifacts of both, from begins_again.
  is_reproduced() {
    artifacts=$(find . -maxdepth 1 -name 'crash-*' ! -name '*.plan')
    fuzz 1 ./careful-bugs $artifacts && prints 1 '^SUMMARY: AddressSanitizer: SEGV'
  }
  result "what is known is not left alone when it is reproduced" is_reproduced
  is_reproduced_alone() {
    anew
    fuzz 1 ./careless-bug $runs corpus || return 1
    summary=$(grep '^SUMMARY: ' log) call=$(grep -A1 '^nomem: the call that was failed: realloc' log)
    mkdir alone
    cp "$(find . -maxdepth 1 -name 'crash-*' ! -name '*.plan')" alone/artifact
    fuzz 1 ./careless-bug alone/artifact && grep -qF "$summary" log && grep -qF "$call" log
  }
  result "an artifact by itself shows the same crash" is_reproduced_alone
  target many "$here/many.c"
  printf 'xyz' >alone/one
  result "every call of an artifact is failed, however many there are" fuzz 1 ./many -artifact_prefix=alone/ alone/one
  is_reproduced_by_plan() {
    cp ./crash-*.plan alone/artifact.plan
    fuzz 1 ./careless-bug alone/artifact && grep -qF "$summary" log && prints 0 '^nomem: not counted: '
  }
  result "with the plan beside it, by that plan alone" is_reproduced_by_plan
  is_reproduced_with_old_plan() {
    echo site=0123456789abcdef@1 >alone/artifact.plan
    fuzz 1 ./careless-bug alone/artifact && grep -qF "$summary" log
  }
  result "or without it, when it is of another build" is_reproduced_with_old_plan
  is_minimised() {
    printf 'xyz and much that makes no difference' >alone/large
    fuzz 0 ./careful-bugs -minimize_crash=1 -runs=300 -exact_artifact_path=alone/small alone/large &&
      [ "$(wc -c <alone/small)" -lt 12 ] && fuzz 1 ./careful-bugs alone/small
  }
  result "an artifact is minimised without its plan" is_minimised
  if command -v afl-clang-fast >/dev/null 2>&1; then
    AFL_USE_ASAN=1 afl-clang-fast -g -O1 -fsanitize=fuzzer -DBUG_ADD "$library" "$harness" -o afl \
      -Wl,--wrap=LLVMFuzzerTestOneInput "$build/libnomem-fuzz.a" >log 2>&1 || { cat log; exit 1; }
    afl_shows_it() {
      ! fuzz 0 ./afl alone/artifact && prints 1 '^nomem: the call that was failed: realloc of ' &&
        prints 2 '^nomem: not counted: '
    }
    result "AFL++: an artifact shows the same crash" afl_shows_it
  else
    skip "AFL++: an artifact shows the same crash" 'no afl-clang-fast'
  fi

  has_budget() {
    fuzz 1 env NOMEM_FUZZ_PLAN=budget=24 ./careful-bugs corpus/seed && prints 1 'call that was failed: realloc of 4' &&
      fuzz 0 env NOMEM_FUZZ_PLAN=budget=1M ./careful-bugs corpus/seed && prints 1 '^nomem: the plan failed no call'
  }
  result "a budget fails the call that goes beyond it" has_budget
  target paused "$here/paused.c"
  target unpaused "$here/paused.c" -DUNPAUSED
  is_paused() {
    fuzz 0 ./paused $runs && prints 0 '^nomem: not counted: ' && fuzz 0 ./unpaused $runs && prints 1 '^nomem: not counted: '
  }
  result "between nomem_pause and nomem_resume nothing fails" is_paused

  # The library's calls may fail although they are made in the harness's file.
  hooks='-Dmalloc=hook_malloc -Dcalloc=hook_calloc -Drealloc=hook_realloc -Dfree=hook_free'
  target hooked "$library" "$here/hook.c" -DCHECKS $hooks
  target hooked-bug "$library" "$here/hook.c" -DCHECKS $hooks -DBUG_ADD
  is_hooked() {
    anew
    fuzz 0 ./hooked $runs corpus && prints 0 '^nomem: ' && fuzz 1 ./hooked-bug $runs corpus &&
      prints 1 '^nomem: the call that was failed: realloc of ' && grep -q '#1 in collector_add ' log
  }
  result "what a library allocates by the harness's own allocator is failed" is_hooked

  target silent "$here/silent.c" -DBUG
  for twin in CODES TRUTHS ERRNOS; do target told-$twin "$here/silent.c" -D$twin; done
  is_silent() {
    anew
    fuzz 77 ./silent $often && prints 1 '^nomem: silent: .* result 2 is [0-9]+ instead of [0-9]+$' &&
      fuzz 77 sh -c "$(sed -n 's/^nomem: reproduce: //p' log)" && prints 1 '^nomem: silent: '
  }
  result "success with half an answer is silent" is_silent
  for twin in CODES TRUTHS ERRNOS; do
    result "an operation that says that it failed is not: $twin" fuzz 0 ./told-$twin $often
  done
}
finish
