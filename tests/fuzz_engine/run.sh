#!/bin/sh
# SPDX-License-Identifier: MIT
# The drop-in engine on targets with one planted bug each, and on their clean twins.
#
#   tests/fuzz_engine/run.sh BUILD     prints "ok" or "not ok" and what was tested; exit status 1 when a test failed
#
# CLANG (default clang) builds them; clang-19, where it is installed, builds a few of them once more.
# shellcheck disable=SC2317 # the functions are called through "result"
set -eu
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
tests=$(dirname "$here")
CLANG=${CLANG:-clang}
engine=$build/libnomem-fuzz.a
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cd "$work"
# shellcheck source-path=SCRIPTDIR/../lib source=tap.sh
. "$tests/lib/tap.sh"
# shellcheck source-path=SCRIPTDIR/../lib source=fuzz_run.sh
. "$tests/lib/fuzz_run.sh"
fuzz_seconds=500
# shellcheck source-path=SCRIPTDIR/../lib source=machine.sh
. "$tests/lib/machine.sh"
# LeakSanitizer stops the process by ptrace, and fails it where that is not allowed.
[ -z "$no_ptrace" ] || export ASAN_OPTIONS=detect_leaks=0
unset NOMEM_FUZZ NOMEM_FUZZ_PLAN NOMEM_FUZZ_ONLY NOMEM_FUZZ_NOT
export NOMEM_FUZZ_KNOWN= # each test begins anew; tests/fuzz_going_on has those that do not

# target NAME SOURCE SANITIZERS [FLAG...]: with the engine
target() {
  name=$1 source=$2 sanitizers=$3
  shift 3
  case $source in
    *.cc) compiler=$(echo "$CLANG" | sed 's/clang/clang++/') ;;
    *) compiler=$CLANG ;;
  esac
  "$compiler" -g -O1 -pthread -fsanitize="fuzzer$sanitizers" "$@" "$here/$source" -o "$name" \
    -Wl,--wrap=LLVMFuzzerTestOneInput "$engine" >"$name.cc" 2>&1 || { cat "$name.cc"; exit 1; }
}

prints() {
  grep -qE "$1" log
}

reproduce_line() {
  sed -n 's/^nomem: reproduce: //p' log
}

# finds STATUS PATTERN COMMAND...: the command ends with the status, prints the pattern and a failed call; the line it
# prints to reproduce does the same again, and the target alone does nothing of the kind.
finds() {
  expected=$1 pattern=$2
  shift 2
  fuzz "$expected" "$@" && prints "$pattern" && prints '^nomem: the call that was failed: ' || return 1
  line=$(reproduce_line)
  plan=$(sed -n 's/^nomem: plan written to //p' log)
  [ -n "$line" ] && grep -q '^\(site\|from\)=[0-9a-f]\{16\}' "$plan" || return 1
  # As it starts, libFuzzer's thread that watches the memory frees a block, and then libFuzzer may take a leak for none.
  fuzz "$expected" sh -c "$line -rss_limit_mb=0" && prints "$pattern" || return 1
  fuzz 0 env NOMEM_FUZZ=off "$1" "${line##* }"
}

runs="-seed=1 -runs=20000 -max_total_time=400" # a busy machine takes a minute for what an idle one does in seconds
# What has no bug makes all of its runs. A bug is found in far fewer.
fewer_runs="-seed=1 -runs=5000 -max_total_time=400"
[ -z "${NOMEM_ALL_TESTS:-}" ] || fewer_runs=$runs
for bug in NONE UNCHECKED_MALLOC DOUBLE_FREE LEAK UNCHECKED_STRDUP; do
  target parser-$bug parser.c ,address -DBUG_$bug
done
target provider provider.cc ,address
target provider-bug provider.cc ,address -DBUG_UNCHECKED_MALLOC

# shellcheck disable=SC2086
{
  result "a clean target stays clean" fuzz 0 ./parser-NONE $fewer_runs
  result "an unchecked malloc is found from nothing" finds 1 'AddressSanitizer: SEGV' ./parser-UNCHECKED_MALLOC $runs
  result "a double free on an error path is found" finds 1 'double-free' ./parser-DOUBLE_FREE $runs
  cannot_trace "a leak on an error path is found" ||
    result "a leak on an error path is found" finds 77 'detected memory leaks' ./parser-LEAK $runs
  result "a strdup, which ASan answers itself, is failed too" \
    finds 1 'AddressSanitizer: SEGV' ./parser-UNCHECKED_STRDUP $runs
  result "a C++ target with its own mutator, start-up and exceptions stays clean" \
    fuzz 0 ./provider $fewer_runs
  result "a bug behind FuzzedDataProvider is found" finds 1 'SEGV' ./provider-bug $runs
  result "off, nothing is failed" fuzz 0 env NOMEM_FUZZ=off ./parser-UNCHECKED_MALLOC $runs
  result "off by a flag, nothing is failed" fuzz 0 ./parser-UNCHECKED_MALLOC --nomem=off $runs
  result "calls that NOMEM_FUZZ_NOT names are left alone" \
    fuzz 0 env NOMEM_FUZZ_NOT=in=copy ./parser-UNCHECKED_MALLOC $runs
  result "calls that NOMEM_FUZZ_ONLY does not name are left alone" \
    fuzz 0 env NOMEM_FUZZ_ONLY='in=add_entry fn=calloc' ./parser-UNCHECKED_MALLOC $runs
  result "calls that NOMEM_FUZZ_ONLY names are failed" \
    fuzz 1 env NOMEM_FUZZ_ONLY=in=copy ./parser-UNCHECKED_MALLOC $runs
  result "the target's own calls are failed when asked" finds 1 'AddressSanitizer: SEGV' \
    ./parser-NONE --nomem=harness $runs
}

# The same run twice. On a clean machine's first run of this suite the two were seen to differ, and never again in 4,000:
# what is not deterministic differs each time.
outcome() {
  sed -n 's/^#[0-9]*.DONE *\(cov: .*\) exec.*/\1/p' log
}
is_deterministic() {
  for _ in 1 2 3; do
    fuzz 0 ./parser-NONE -seed=7 -runs=5000 && cp log first && fuzz 0 ./parser-NONE -seed=7 -runs=5000 || return 1
    if [ -n "$(outcome)" ] && grep -qF "$(outcome)" first; then return 0; fi
    diff first log | sed 's/^/# another campaign: /' | head -n 40
  done
  return 1
}
result "the same seed gives the same campaign" is_deterministic

# What the engine writes is an ordinary corpus, and it reads ordinary corpora.
"$CLANG" -g -O1 -fsanitize=fuzzer,address "$here/parser.c" -o plain >log 2>&1
corpus_is_shared() {
  mkdir -p corpus merged
  fuzz 0 ./parser-NONE -seed=1 -runs=5000 corpus && [ "$(find corpus -type f | wc -l)" -gt 3 ] &&
    fuzz 0 ./plain -runs=0 corpus && fuzz 0 ./parser-UNCHECKED_MALLOC -merge=1 merged corpus &&
    [ "$(find merged -type f | wc -l)" -gt 0 ]
}
result "the corpus serves the plain target, and a merge is left alone" corpus_is_shared
more_edges() {
  fuzz 0 ./plain -seed=1 -runs=20000 && plain=$(outcome | sed 's/cov: \([0-9]*\).*/\1/') &&
    fuzz 0 ./parser-NONE -seed=1 -runs=20000 && [ "$(outcome | sed 's/cov: \([0-9]*\).*/\1/')" -ge $((plain + 4)) ]
}
result "error paths count as covered" more_edges

is_minimised() {
  printf 'first=1\nthe second key=and its value\nthird=3\n' >input
  fuzz 1 ./parser-UNCHECKED_MALLOC -artifact_prefix=big- input || return 1
  plan=$(sed -n 's/.*NOMEM_FUZZ_PLAN=\([^ ]*\) .*-minimize_crash.*/\1/p' log)
  fuzz 0 env NOMEM_FUZZ_PLAN="$plan" ./parser-UNCHECKED_MALLOC -minimize_crash=1 -runs=2000 \
    -exact_artifact_path=small input
  [ "$(wc -c <small)" -lt 10 ] && fuzz 1 env NOMEM_FUZZ_PLAN="$plan" ./parser-UNCHECKED_MALLOC small
}
result "the input is minimised under its plan" is_minimised

# Two calls have to fail for this bug; the plan that finds it fails all from the first on.
target pair pair.c ,address
plan_is_minimised() {
  fuzz 1 ./pair -seed=1 -runs=2000 && prints '^nomem: one by one: ' || return 1
  line=$(reproduce_line)
  plan=$(echo "$line" | sed 's/.*NOMEM_FUZZ_PLAN=\([^ ]*\) .*/\1/')
  fuzz 0 env NOMEM_FUZZ_PLAN="$plan" "$here/../../fuzz/minimise_plan.sh" ./pair "${line##* }" &&
    [ "$(head -1 log | tr ';' '\n' | grep -c '^site=')" = 2 ] && plan=$(head -1 log) &&
    fuzz 1 env NOMEM_FUZZ_PLAN="$plan" ./pair "${line##* }"
}
result "the plan is minimised for its input" plan_is_minimised

# The file of known sites: the second start leaves alone the call that the first one found.
continues() {
  fuzz 1 ./parser-UNCHECKED_MALLOC --nomem_known=known -seed=1 -runs=20000 && [ "$(wc -l <known)" = 1 ] || return 1
  first=$(reproduce_line)
  fuzz 1 ./parser-UNCHECKED_MALLOC --nomem_known=known -seed=1 -runs=20000 && [ "$(wc -l <known)" = 2 ] &&
    [ "$first" != "$(reproduce_line)" ] && fuzz 1 sh -c "$first" &&
    fuzz 0 ./parser-UNCHECKED_MALLOC --nomem_known=known -seed=1 -runs=20000 &&
    fuzz 1 ./parser-UNCHECKED_MALLOC --nomem_known=known:1 -seed=1 -runs=20000
}
result "what was found does not stand in the way of the next" continues

# How often the target is run.
target count count.c ,address
target count-bug count.c ,address -DBUG_THREAD
echo input >one
count_of() {
  fuzz 0 env "$@" && grep -c '^run$' log
}
# Now and then a thread ends late, and the next one's stack is allocated anew, which is one more call to try.
runs_settle() {
  few=$(count_of "NOMEM_FUZZ=sample=0,$1" ./count -runs=100 one) &&
    many=$(count_of "NOMEM_FUZZ=sample=0,$1" ./count -runs=1100 one) &&
    [ $((many - few)) -ge 990 ] && [ $((many - few)) -le 1010 ] && [ "$few" -gt "$2" ] && [ "$few" -lt "$3" ]
}
result "when nothing is left to try, an input is run once" runs_settle sticky=1 165 230
result "it is not run to be compared when that is not wanted" runs_settle sticky=0 105 160
samples() {
  [ "$(count_of NOMEM_FUZZ=sample=10 ./count -runs=1100 one)" -gt $((many + 150)) ]
}
result "now and then any call is failed once more" samples
result "with a plan, an input is run once" [ "$(count_of NOMEM_FUZZ_PLAN=nth=1 ./count -detect_leaks=0 one)" = 1 ]
result "or as often as it takes to compare" \
  [ "$(count_of NOMEM_FUZZ=sticky=1 NOMEM_FUZZ_PLAN=nth=1 ./count -detect_leaks=0 one)" -gt 66 ]
result "what a target's threads allocate is failed too" finds 1 'SEGV.*in_thread' ./count-bug -seed=1 -runs=1000

# What a failed call leaves behind for the next run. A target may also report its results.
#
# kept NAME SANITIZERS BUG [reports]
kept() {
  target "$1" sticky.c "$2" "-D$3" ${4:+-DREPORTS}
}
for bug in FLAG TABLE RETURNED DANGLING LOCK; do
  kept sticky-$bug ,address BUG_$bug
done
for bug in REPORTED LATE; do
  kept sticky-$bug ,address BUG_$bug reports
done
for twin in NONE CACHE SPARE SCRATCH GIVES_UP ORDER RANDOM; do
  kept repeats-$twin ,address CLEAN_$twin reports
done
target sticky-cc sticky.cc ,address -DBUG
target repeats-cc sticky.cc ,address
# shellcheck disable=SC2086
{
  result "an error that is remembered for good is sticky" \
    finds 77 '^nomem: sticky: .*: allocations: 1 before, 0 after; edges:' ./sticky-FLAG $runs
  result "a table that is half made is sticky" \
    finds 77 '^nomem: sticky: .*: allocations: .* before, 0 after' ./sticky-TABLE $runs
  result "so is what the target returns" \
    finds 77 '^nomem: sticky: .*: returned: 0 before, -1 after' ./sticky-RETURNED $runs
  result "so is a result that it reports" finds 77 '^nomem: sticky: .*: result 1: [1-3] before, -1 after' ./sticky-REPORTED $runs
  result "a failure that is reported one run late is a false report" \
    finds 77 '^nomem: false report: .*: result 1: [1-3] before, -1 after' ./sticky-LATE $runs
  result "a crash in the run after the fault names the fault" \
    finds 1 'heap-use-after-free' ./sticky-DANGLING $runs
  finds_lock() {
    fuzz 70 ./sticky-LOCK -timeout=5 $runs && prints '^nomem: no call was failed in this run, but in the one before it' &&
      prints '^nomem: reproduce: NOMEM_FUZZ=sticky=1 NOMEM_FUZZ_PLAN='
  }
  result "so does a lock that is still held" finds_lock
  result "C++: a result that it reports is sticky" \
    finds 77 '^nomem: sticky: .*: result 1: [0-9]* before, -1 after' ./sticky-cc $runs
  result "C++: a cache that was dropped is not" fuzz 0 ./repeats-cc $fewer_runs
  result "sticky=0 looks for nothing of the kind" fuzz 0 ./sticky-FLAG --nomem=sticky=0 $runs
  for twin in NONE CACHE SPARE SCRATCH GIVES_UP ORDER RANDOM; do
    result "repeats itself: $twin" fuzz 0 ./repeats-$twin $fewer_runs
  done
}
# What comes first is spoiled first.
for twin in BUG CLEAN KEEPS; do target early-$twin early.c ,address -D$twin; done
keeps_all() {
  fuzz 0 ./early-KEEPS -seed=1 -runs=2000 && prints '^nomem: no call was failed: an input makes its calls once'
}
# shellcheck disable=SC2086
{
  result "the first fault waits for an input that does something" \
    finds 77 '^nomem: sticky: .*: allocations: 1 before, 0 after' ./early-BUG $runs
  result "and nothing is said of the mended twin" fuzz 0 ./early-CLEAN $fewer_runs
  result "where a call is made once for each input, that is said" keeps_all
}
is_not_compared() {
  fuzz 0 ./repeats-RANDOM --nomem=sample=10 -seed=1 -runs=20000 && prints '^nomem: one input does not always have the same outcome'
}
result "a target with random outcomes is not compared, and a line says so" is_not_compared
gives_hint() {
  printf 'some words' >words
  fuzz 0 env NOMEM_FUZZ=sticky=1 NOMEM_FUZZ_PLAN=nth=2 ./repeats-GIVES_UP words &&
    prints '^nomem: after the failed call the same input runs differently, .*: allocations: 7 before, 5 after'
}
result "under a plan, a lasting change that is no finding is reported" gives_hint
reports_to_nobody() {
  "$CLANG" -g -O1 -pthread -fsanitize=fuzzer -DBUG_REPORTED -DREPORTS "$here/sticky.c" -o reports-to-nobody >log 2>&1 &&
    fuzz 0 ./reports-to-nobody -seed=1 -runs=1000
}
result "a target that reports its results links without the engine" reports_to_nobody

# What a target sets in LLVMFuzzerInitialize counts as if it had been set from outside.
target switch-off switch.c ,address -DBUG_UNCHECKED_MALLOC '-DWORDS="off"'
target switch-on switch.c ,address -DBUG_UNCHECKED_MALLOC '-DWORDS="on"'
target switch-not switch.c ,address -DBUG_UNCHECKED_MALLOC '-DEXCEPT="in=copy"'
target switch-wrong switch.c ,address '-DWORDS="maybe"'
is_rejected_late() {
  fuzz 2 ./switch-wrong -runs=10 && prints '^nomem: NOMEM_FUZZ: maybe: unknown word'
}
# shellcheck disable=SC2086
{
  result "a target that switches itself off is left alone" fuzz 0 ./switch-off $runs
  result "one that switches itself on is not, whatever was set" fuzz 1 env NOMEM_FUZZ=off ./switch-on $runs
  result "but a flag takes precedence" fuzz 0 ./switch-on --nomem=off $runs
  result "calls that it names itself are left alone" fuzz 0 ./switch-not $runs
  result "an unknown word of its own is rejected" is_rejected_late
}

# A name that asks for the engine.
target named parser.c ,address -DBUG_UNCHECKED_MALLOC -Wl,--defsym=nomem_fuzz_named=1
cp named named_nomem
cp named named@nomem
# shellcheck disable=SC2086
{
  result "linked for names, an ordinary name fails nothing" fuzz 0 ./named $runs
  result "linked for names, _nomem does" fuzz 1 ./named_nomem $runs
  result "linked for names, @nomem does" fuzz 1 ./named@nomem $runs
}

# Bad settings: one line, status 2.
rejects() {
  pattern=$1
  shift
  fuzz 2 env "$@" && [ "$(wc -l <log)" = 1 ] && prints "$pattern"
}
result "what is no plan is rejected" \
  rejects '^nomem: NOMEM_FUZZ_PLAN: column 1: ' NOMEM_FUZZ_PLAN=nonsense ./count one
result "a condition of no use here is rejected" rejects '^nomem: NOMEM_FUZZ_NOT: .*in=' NOMEM_FUZZ_NOT=nth=1 ./count one
result "an unknown word is rejected" rejects '^nomem: NOMEM_FUZZ: maybe: unknown word' NOMEM_FUZZ=maybe ./count one

# Other sanitizers, and none.
target parser-ub parser.c ,undefined -fno-sanitize-recover=all -DBUG_UNCHECKED_MALLOC
target parser-ub-clean parser.c ,undefined
target parser-ms parser.c ,memory -DBUG_UNCHECKED_STRDUP
target parser-ms-clean parser.c ,memory
for kind in undefined memory none; do
  sanitizers=,$kind
  [ $kind != none ] || sanitizers=
  kept sticky-FLAG-$kind "$sanitizers" BUG_FLAG
  kept sticky-REPORTED-$kind "$sanitizers" BUG_REPORTED reports
  kept repeats-SPARE-$kind "$sanitizers" CLEAN_SPARE reports
  kept repeats-ORDER-$kind "$sanitizers" CLEAN_ORDER reports
  # shellcheck disable=SC2086
  {
    result "$kind: a remembered error" finds 77 '^nomem: sticky: .*: allocations:' ./sticky-FLAG-$kind $runs
    result "$kind: a reported result" finds 77 '^nomem: sticky: .*: result 1:' ./sticky-REPORTED-$kind $runs
    result "$kind: repeats itself with spare blocks" fuzz 0 ./repeats-SPARE-$kind $runs
    result "$kind: repeats itself in another order" fuzz 0 ./repeats-ORDER-$kind $runs
  }
done
target parser-none parser.c '' -DBUG_UNCHECKED_MALLOC
target parser-none-clean parser.c ''
# shellcheck disable=SC2086
{
  result "UBSan: found" finds 1 'runtime error' ./parser-ub $runs
  result "UBSan: clean" fuzz 0 ./parser-ub-clean $runs
  result "MSan: found" finds 1 'MemorySanitizer: SEGV' ./parser-ms $runs
  result "MSan: clean" fuzz 0 ./parser-ms-clean $runs
  result "no sanitizer: found" finds 1 'SEGV' ./parser-none $runs
  result "no sanitizer: clean" fuzz 0 ./parser-none-clean $runs
}

if command -v clang-19 >/dev/null 2>&1; then
  CLANG=clang-19
  for bug in NONE UNCHECKED_MALLOC LEAK UNCHECKED_STRDUP; do
    target parser19-$bug parser.c ,address,undefined -DBUG_$bug
  done
  target provider19 provider.cc ,address
  kept sticky19-FLAG ,address,undefined BUG_FLAG
  kept sticky19-TABLE ,address,undefined BUG_TABLE
  kept sticky19-REPORTED ,address,undefined BUG_REPORTED reports
  kept repeats19-GIVES_UP ,address,undefined CLEAN_GIVES_UP reports
  # shellcheck disable=SC2086
  {
    result "clang 19: clean" fuzz 0 ./parser19-NONE $runs
    result "clang 19: an unchecked malloc" finds 1 'AddressSanitizer: SEGV' ./parser19-UNCHECKED_MALLOC $runs
    cannot_trace "clang 19: a leak" || result "clang 19: a leak" finds 77 'detected memory leaks' ./parser19-LEAK $runs
    result "clang 19: a strdup" finds 1 'AddressSanitizer: SEGV' ./parser19-UNCHECKED_STRDUP $runs
    result "clang 19: C++" fuzz 0 ./provider19 $runs
    result "clang 19: a remembered error" finds 77 '^nomem: sticky: .*: allocations:' ./sticky19-FLAG $runs
    result "clang 19: a table that is half made" finds 77 '^nomem: sticky: .*: allocations:' ./sticky19-TABLE $runs
    result "clang 19: a reported result" finds 77 '^nomem: sticky: .*: result 1:' ./sticky19-REPORTED $runs
    result "clang 19: repeats itself" fuzz 0 ./repeats19-GIVES_UP $runs
  }
fi
finish
