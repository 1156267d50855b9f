# SPDX-License-Identifier: MIT
# What every suite of shell code counts and prints by: the Test Anything Protocol. Sourced.
#
# A test that cannot be made on this machine is skipped with the reason, never left out in silence: tests/run.sh counts
# what is skipped, and a suite that neither tests nor skips anything has failed.
# shellcheck shell=sh
passed=0
failed=0
skipped=0

pass() {
  echo "ok $((passed + failed + skipped + 1)) - $1"
  passed=$((passed + 1))
}

# fail NAME [FILE]: what was seen is in FILE.
fail() {
  echo "not ok $((passed + failed + skipped + 1)) - $1"
  failed=$((failed + 1))
  [ $# -lt 2 ] || sed -n 's/^/  | /; 1,40p' "$2"
}

# skip NAME REASON
skip() {
  echo "ok $((passed + failed + skipped + 1)) - $1 # SKIP $2"
  skipped=$((skipped + 1))
}

# skip_suite REASON: ends a suite of which no test can be made here.
skip_suite() {
  echo "1..0 # SKIP $1"
  exit 0
}

# Ends a suite; status 1 when a test failed, or when nothing at all was done.
finish() {
  echo "1..$((passed + failed + skipped))"
  [ "$failed" -eq 0 ] && [ $((passed + skipped)) -gt 0 ]
}
