#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs all tests of a build: each unit test program in BUILD/tests, the golden tests of the command line, and the
# end-to-end tests. A suite that takes too long, or runs no test, has failed.
#
#   tests/run.sh BUILD
#
# One line per suite; the output of one that failed comes before its line. Last line: "N passed, N failed". Exit status:
# 0 all passed, 1 some failed, 2 could not run.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ ! -x "${1:-.}/nomem" ]; then
  echo "nomem: no build in '${1:-}' to test: run 'make check', or 'make' and then tests/run.sh BUILD" >&2
  exit 2
fi
build=$(cd "$1" && pwd)
unit_seconds=120
script_seconds=300
passed=0
failed=0
output=$(mktemp)
trap 'rm -f "$output"' EXIT
trap 'exit 130' INT TERM

# suite NAME SECONDS COMMAND...: its tests are the lines of its output that begin with "ok" or "not ok".
suite() {
  name=$1
  seconds=$2
  shift 2
  status=0
  timeout -k 5 "$seconds" "$@" >"$output" 2>&1 </dev/null || status=$?
  ok=$(grep -c '^ok ' "$output" || :)
  not_ok=$(grep -c '^not ok ' "$output" || :)
  why=
  if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
    why=": stopped after $seconds s"
  elif [ "$status" -ne 0 ]; then
    why=": ended with status $status"
  elif [ $((ok + not_ok)) -eq 0 ]; then
    why=': ran no test'
  fi
  [ -z "$why" ] || [ "$not_ok" -gt 0 ] || not_ok=1
  [ "$not_ok" -eq 0 ] || cat "$output"
  passed=$((passed + ok))
  failed=$((failed + not_ok))
  printf '%-28s %4d passed, %d failed%s\n' "$name" "$ok" "$not_ok" "$why"
}

export CMOCKA_MESSAGE_OUTPUT=TAP
for program in "$build"/tests/test_*; do
  if [ -f "$program" ] && [ -x "$program" ]; then suite "${program##*/}" $unit_seconds "$program"; fi
done
suite cli $script_seconds "$here/cli/run.sh" "$build"
for name in preload sites verdicts behaviour isolation report engines causes self store minimise sanitizers terminate \
  recovery threads hangs budget heap; do
  suite "e2e $name" $script_seconds "$here/e2e/$name.sh" "$build"
done
suite fuzz_engine $script_seconds "$here/fuzz_engine/run.sh" "$build"
suite examples $unit_seconds "$here/examples.sh" "$build"
suite downstream $unit_seconds "$here/downstream/quick.sh" "$build"
suite fuzz-regress $script_seconds make --no-print-directory -C "$here/.." BUILD="$build" fuzz-regress
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
