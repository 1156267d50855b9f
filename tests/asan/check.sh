#!/bin/sh
# SPDX-License-Identifier: MIT
# A command and unit tests that are built with AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer: the unit
# tests, explorations of all victims in every form of report, with a store, resumed, replayed and compared, stores that
# somebody has changed, and programs that scribble over the shared pages. Nothing is reported.
#
#   tests/asan/check.sh BUILD PLAIN [--seeds N]     BUILD: with sanitizers; PLAIN: without, for the victims
#
# No suite of make check, which has no time for the build: make check-asan.
# shellcheck source-path=SCRIPTDIR
set -eu
case $0 in /*) ;; *) exec "$PWD/$0" "$@" ;; esac # what is sourced looks for itself beside it, from another folder
plain=$(cd "$2" && pwd)
# shellcheck source=../e2e/lib/suite.sh
. "$(dirname "$0")/../e2e/lib/suite.sh"
# shellcheck source=../lib/machine.sh
. "$tests/lib/machine.sh"
shift 2
seeds=200
[ "${1:-}" != --seeds ] || seeds=$2
mkdir "$work/reports"
cp "$plain/libnomem-preload.so" "$build" # what is put into other people's programs is as it is
export ASAN_OPTIONS="exitcode=99:log_path=$work/reports/asan" UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1:exitcode=99"

# unreported NAME STATUS: passes when no sanitizer has anything to say, and the command has not ended badly.
unreported() {
  cat "$work"/reports/* >reported 2>/dev/null || :
  grep -A 20 'runtime error:' seen >>reported 2>/dev/null || :
  rm -f "$work"/reports/*
  if [ "$2" -le 2 ] && [ ! -s reported ]; then
    pass "$1"
  else
    { echo "(exit status $2)" && cat reported seen; } >why
    fail "$1" why
  fi
}

# explores NAME COMMAND...
explores() {
  explores_name=$1
  shift
  status=0
  nice timeout -k 5 120 "$@" >seen 2>&1 </dev/null || status=$?
  unreported "$explores_name" "$status"
}

for program in "$build"/tests/test_*; do
  case $program in *.d) continue ;; esac
  name=${program##*/}
  # The sanitizer's allocator and theirs cannot both stand before the C library's.
  if grep -qs 'short_memory.h' "$tests/unit/$name.c"; then
    skip "$name" 'it has an allocator of its own'
    continue
  fi
  options=$ASAN_OPTIONS
  [ "$name" != test_check ] || options=$ASAN_OPTIONS:detect_leaks=0 # it makes some, to see them found
  status=0
  (cd "$tests/.." && CMOCKA_MESSAGE_OUTPUT=STDOUT ASAN_OPTIONS=$options nice timeout -k 5 300 "$program") >seen 2>&1 \
    </dev/null || status=$?
  [ "$status" -eq 0 ] || status=3
  unreported "$name" "$status"
done

[ -z "$no_ptrace" ] || { skip 'explorations' "$no_ptrace" && finish && exit; }
mkdir there
cd there
for victim in "$plain"/victims/*; do
  case $victim in *.d) continue ;; esac
  if [ ! -f "$victim" ] || [ ! -x "$victim" ]; then continue; fi
  name=${victim##*/}
  for engine in exec auto; do
    explores "explore $name, $engine" nomem explore --store "$name.db" --fresh --engine $engine --timeout 2 --json "$name.json" \
      --junit j.xml --sarif s.sarif --tap t.tap --html h.html -- "$victim"
  done
  explores "resume $name" nomem explore --store "$name.db" --timeout 2 --all --strict -- "$victim"
done
victim=$plain/victims/crash_second
explores 'explore, without ptrace' nomem explore --no-store --no-trace -- "$victim"
explores 'explore, not isolated' nomem explore --no-store --isolate off -- "$victim"
explores 'explore, all leaks and heaps' nomem explore --no-store --leaks all --heap all --all -- "$plain/victims/leak_path"
explores 'explore, suppressed' nomem explore --no-store --suppress /dev/null --baseline crash_second.db -- "$victim"
explores 'explore, refused' nomem explore --no-store -- /no/such/program
explores 'explore, a hostile allocator' nomem explore --no-store --hostile -- "$plain/victims/handled"
printf '"%s"\n"%s"\n' "$victim" "$plain/victims/leak_path" >runner
explores 'suite' nomem suite --timeout 2 --store suite.db --json suite.json -- sh ./runner
explores 'suite, a second time' nomem suite --timeout 2 --store suite.db --split --junit suite.xml -- sh ./runner
explores 'suite, a list' nomem suite --list -- sh ./runner
explores 'report' nomem report suite.db --json j.json --junit j.xml --sarif s.sarif --tap t.tap --html h.html --markdown m.md
explores 'sites' nomem sites --stacks --verify -- "$victim"
explores 'run' nomem run --fail nth=2 --leaks all -- "$plain/victims/handled"
explores 'replay, a list' nomem replay --store crash_second.db
explores 'minimise' nomem minimise --fail 'nth=1..' -- "$plain/victims/handled"
explores 'diff' nomem diff crash_second.db crash_write.db
explores 'merge' nomem merge all.db crash_second.db crash_write.db
status=0
timeout 1200 "$tests/asan/stores.py" "$build/nomem" crash_second.db "$victim" 300 >seen 2>&1 || status=3
unreported 'stores that somebody has changed' "$status"
explores 'explain' nomem explain
explores 'help' nomem help explore
cd ..

# What these find is found by the exit status and the text that they show.
unset ASAN_OPTIONS UBSAN_OPTIONS
mkdir -p sanitized/victims
cp "$build/nomem" "$build/libnomem-preload.so" sanitized
cp "$plain/victims/handled" sanitized/victims
hostile_megabytes=0
export hostile_megabytes
for part in "scribble --seeds $seeds" 'hostile channel_ones channel_zeros channel_cut channel_grown channel_unmapped
  channel_read_only channel_written channel_check_leaks channel_plan channel_busy channel_sealed odd_text comm_odd
  daemon_plain crowd'; do
  suite=${part%% *}
  # shellcheck disable=SC2086 # a list of words
  "$tests/$suite/run.sh" sanitized ${part#* } >came 2>&1 </dev/null || :
  grep -v '^1\.\.' came | grep -E '^(ok|not ok|  \||#)' >lines || :
  while IFS= read -r line; do
    case $line in
      'ok '*'# SKIP'*) skip "$suite: ${line#* - }" ;;
      'ok '*) pass "$suite: ${line#* - }" ;;
      'not ok '*) fail "$suite: ${line#* - }" ;;
      *) printf '%s\n' "$line" ;;
    esac
  done <lines
done
finish
