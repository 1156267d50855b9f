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
# One line per suite, and one below it for each reason to skip; the output of one that failed comes before its line. Last
# line: "N passed, N failed, N skipped". Exit status: 0 none failed, 1 some failed, 2 could not run.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ ! -x "${1:-.}/nomem" ]; then
  echo "nomem: no build in '${1:-}' to test: run 'make check', or 'make' and then tests/run.sh BUILD" >&2
  exit 2
fi
build=$(cd "$1" && pwd)
shift
wanted=$(printf '%s\n' "$@")
# What hangs is ended by then. No suite takes two minutes on an idle machine, nor ten times that on a busy one.
limit_seconds=1200
passed=0
failed=0
skipped=0
output=$(mktemp)
counts=$(mktemp)
trap 'rm -f "$output" "$counts"' EXIT
trap 'exit 130' INT TERM

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

# suite NAME COMMAND...
suite() {
  name=$1
  shift
  if [ -n "$wanted" ] && ! printf '%s\n' "$wanted" | grep -qxF -e "$name"; then return 0; fi
  status=0
  timeout -k 5 "$limit_seconds" "$@" >"$output" 2>&1 </dev/null || status=$?
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
  [ "$not_ok" -eq 0 ] || cat "$output"
  passed=$((passed + ok))
  failed=$((failed + not_ok))
  skipped=$((skipped + left_out))
  printf '%-28s %4d passed, %d failed, %d skipped%s\n' "$name" "$ok" "$not_ok" "$left_out" "$why"
  sed -n '2,$s/^\([0-9]*\) \(.*\)/  \1 skipped: \2/p' "$counts"
}

export CMOCKA_MESSAGE_OUTPUT=TAP
for program in "$build"/tests/test_*; do
  if [ -f "$program" ] && [ -x "$program" ]; then suite "${program##*/}" "$program"; fi
done
for script in "$here"/*/run.sh "$here"/e2e/*.sh; do
  case $script in
    "$here"/e2e/*) name=${script##*/} && name="e2e ${name%.sh}" ;;
    *) name=${script%/run.sh} && name=${name##*/} ;;
  esac
  suite "$name" "$script" "$build"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
