# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154 # fuzz_seconds is the suite's
# For the suites of the drop-in engine: what a target did is in the file log.
#
#   . "$tests/lib/fuzz_run.sh"     fuzz_seconds: when a target that hangs is ended

# result WHAT COMMAND...: the test named WHAT passes when the command succeeds; otherwise shows the end of "log".
result() {
  what=$1
  shift
  if "$@"; then pass "$what"; else
    tail -30 log >seen
    fail "$what" seen
  fi
}

# fuzz STATUS COMMAND...: runs it, its output in "log"; succeeds when it ends with the status.
fuzz() {
  expected=$1
  shift
  status=0
  timeout "$fuzz_seconds" "$@" >log 2>&1 || status=$?
  [ "$status" = "$expected" ]
}
