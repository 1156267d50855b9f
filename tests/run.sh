#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs all tests of a build. They are found by folder: each program BUILD/tests/test_*, each script of tests/e2e/, and
# run.sh of each other folder of tests/. A script that is no suite belongs in a folder below, as tests/e2e/lib/.
#
#   tests/run.sh BUILD [SUITE...]     these only: "test_plan", "cli", "e2e store"
#
# A suite prints the Test Anything Protocol. One that takes too long, ends badly, or neither tests nor skips anything
# has failed. A test that cannot be made here is an "ok" line that ends with "# SKIP" and the reason; a suite that can
# make none prints "1..0 # SKIP" and the reason, and counts as one.
#
# A suite that is named and is not there ends this with status 2: it may not have been built.
#
# Four suites run at a time, because a third of their time is waiting. One line per suite as it ends, with its seconds,
# and one below it for each reason to skip; the output of one that failed comes before its line. Last line: "N passed, N
# failed, N skipped". Exit status: 0 none failed, 1 some failed, 2 could not run.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ ! -x "${1:-.}/nomem" ]; then
  echo "nomem: no build in '${1:-}' to test: run 'make check', or 'make' and then tests/run.sh BUILD" >&2
  exit 2
fi
build=$(cd "$1" && pwd)
shift
# What hangs is ended by then. No suite takes two minutes on an idle machine, nor ten times that on a busy one.
limit_seconds=1200
at_a_time=4
results=${NOMEM_RESULTS:-$(mktemp -d)} # for each suite that has ended a file with its three counts
output=$results/$$.output
counts=$results/$$.counts

# Prints "PASSED FAILED SKIPPED", and for each reason to skip a line "COUNT REASON". cmocka prints a skipped test as
# "not ok N # SKIP NAME", and has no place for a reason: it is the comment above that line.
count() {
  awk '
    { line = $0; is_skip = sub(/.*# SKIP[: ]*/, "", line) && $0 ~ /^(ok |not ok |1\.\.0 )/ }
    is_skip && /^(not )?ok [0-9]+ # SKIP/ { line = said }
    is_skip { skipped++; reasons[line]++; next }
    /^ok / { passed++ }
    /^not ok / { failed++ }
    { said = ""; if (/^# /) said = substr($0, 3) }
    END {
      print passed + 0, failed + 0, skipped + 0
      for (reason in reasons) print reasons[reason], (reason == "" ? "no reason is said" : reason)
    }' "$output"
}

# Shows what a suite has come to, in one piece although another may end at the same time.
show_suite() {
  exec 9>"$results/lock"
  flock 9
  [ "$not_ok" -eq 0 ] || cat "$output"
  printf '%-28s %4d passed, %d failed, %d skipped, %d s%s\n' "$name" "$ok" "$not_ok" "$left_out" "$seconds" "$why"
  sed -n '2,$s/^\([0-9]*\) \(.*\)/  \1 skipped: \2/p' "$counts"
  exec 9>&-
}

# run_suite PROGRAM
run_suite() {
  name=$(suite_name "$1")
  started=$(date +%s)
  status=0
  program=$1
  case $program in
    "$here"/*) set -- "$build" ;;
    *) set -- ;;
  esac
  timeout -k 5 "$limit_seconds" "$program" "$@" >"$output" 2>&1 </dev/null || status=$?
  seconds=$(($(date +%s) - started))
  count >"$counts"
  read -r ok not_ok left_out <"$counts"
  why=
  if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
    why=": stopped after $limit_seconds s"
  elif [ "$status" -ne 0 ]; then
    why=": ended with status $status"
  elif [ $((ok + not_ok + left_out)) -eq 0 ]; then
    why=': ran no test'
  fi
  [ -z "$why" ] || [ "$not_ok" -gt 0 ] || not_ok=1
  show_suite
  echo "$ok $not_ok $left_out" >"$results/$name.result"
}

# suite_name PROGRAM
suite_name() {
  case $1 in
    "$here"/e2e/*) printf 'e2e %s\n' "$(basename "$1" .sh)" ;;
    "$here"/*) basename "$(dirname "$1")" ;;
    *) basename "$1" ;;
  esac
}

# The longest ones come first: at the end, one would run alone.
list_programs() {
  for program in "$here/e2e/verdicts.sh" "$here/self/run.sh" "$build"/tests/test_* "$here"/*/run.sh "$here"/e2e/*.sh; do
    if [ -f "$program" ] && [ -x "$program" ]; then printf '%s\n' "$program"; fi
  done | awk '!seen[$0]++'
}

list_suites() {
  list_programs | while read -r program; do
    if [ -z "$wanted" ] || printf '%s\n' "$wanted" | grep -qxF -e "$(suite_name "$program")"; then
      printf '%s\0' "$program"
    fi
  done
}

export CMOCKA_MESSAGE_OUTPUT=TAP
# This script runs itself for each suite.
if [ -n "${NOMEM_RESULTS:-}" ]; then
  unset NOMEM_RESULTS
  run_suite "$1"
  exit 0
fi
trap 'rm -rf "$results"' EXIT
trap 'exit 130' INT TERM
wanted=
suites=$(list_suites | tr '\0' '\n' | while read -r program; do suite_name "$program"; done)
for name; do
  if ! printf '%s\n' "$suites" | grep -qxF -e "$name"; then
    echo "nomem: no suite '$name' here: a unit test must be built, as by 'make $build/tests/$name'" >&2
    exit 2
  fi
done
wanted=$(printf '%s\n' "$@")
list_suites | NOMEM_RESULTS=$results xargs -0 -r -n 1 -P "$at_a_time" "$0" "$build"
cat "$results"/*.result 2>/dev/null | awk '
  { passed += $1; failed += $2; skipped += $3 }
  END { print passed + 0 " passed, " failed + 0 " failed, " skipped + 0 " skipped"; exit failed > 0 || passed == 0 }'
