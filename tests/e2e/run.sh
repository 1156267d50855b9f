#!/bin/sh
# End-to-end tests: real programs under the preload library and under the command.
#
#   tests/e2e/run.sh BUILD [SUITE...]      all suites, or these: preload, sites, verdicts, behaviour, isolation,
#                                          report, causes, self, store
#
# NOMEM_SLOW_TESTS=1 tries every build of a victim that hangs. Last line: "N passed, N failed". Exit status: 0 all
# passed, 1 some failed, 2 could not run.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ ! -x "${1:-.}/nomem" ]; then
  echo "nomem: no program '${1:-.}/nomem' to test: build it, then run tests/e2e/run.sh BUILD [SUITE...]" >&2
  exit 2
fi
build=$1
shift
[ $# -gt 0 ] || set -- preload sites verdicts behaviour isolation report engines causes self store minimise
passed=0
failed=0
output=$(mktemp)
trap 'rm -f "$output"' EXIT
for suite; do
  echo "# $suite"
  status=0
  "$here/$suite.sh" "$build" >"$output" 2>&1 || status=$?
  cat "$output"
  ok=$(grep -c '^ok ' "$output" || :)
  not_ok=$(grep -c '^not ok ' "$output" || :)
  if [ "$status" -ne 0 ] && [ "$not_ok" -eq 0 ]; then
    echo "not ok $suite: ended with status $status before it was done"
    not_ok=1
  fi
  passed=$((passed + ok))
  failed=$((failed + not_ok))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
