#!/bin/sh
# SPDX-License-Identifier: MIT
# What it takes to explore a whole suite: libuv 1.44.2's own tests, in seconds, beside the suite itself; the places that
# are found, in how many findings; and what a second time costs, when nothing has changed.
#
#   bench/suite.sh BUILD [TESTS]      TESTS: a regular expression, of the names of tests (default: all)
#
# Each test of the runner is one (--split). The sources are Debian's, without its changes where the mirror has only those;
# they are built once, below BUILD/bench. The suite refuses to run as root: root runs it as another user.
set -eu
build=$(cd "${1:?usage: bench/suite.sh BUILD [TESTS]}" && pwd)
here=$(cd "$(dirname "$0")/.." && pwd)
tests=${2:-.}
work=$build/bench/suite
mkdir -p "$work"
source=$("$here/tests/downstream/fetch.sh" "$work" libuv1)
if [ ! -x "$work/built/uv_run_tests_a" ]; then
  cmake -S "$source" -B "$work/built" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DLIBUV_BUILD_TESTS=ON >"$work/log" 2>&1
  cmake --build "$work/built" -j 2 --target uv_run_tests_a >>"$work/log" 2>&1
fi
export NOMEM_PRELOAD="$build/libnomem-preload.so"
run=$(mktemp -d "${TMPDIR:-/tmp}/nomem-bench-XXXXXX")
trap 'rm -rf "$run"' EXIT
cp "$work/built/uv_run_tests_a" "$run/run-tests"
cp -r "$source/test" "$run"
mkdir "$run/where"
as_user=
if [ "$(id -u)" = 0 ]; then
  as_user='setpriv --reuid=65534 --regid=65534 --clear-groups'
  chown -R 65534:65534 "$run"
fi
cd "$run"

# explore NAME: prints what it took.
explore() {
  status=0
  # shellcheck disable=SC2086 # a list of words
  $as_user "$build/nomem" suite --split --tests "$tests" --json "$run/where/json" -- ./run-tests >"$run/where/text" 2>&1 \
    </dev/null || status=$?
  [ $status -le 1 ] || { tail -n 20 "$run/where/text" >&2 && exit 2; }
  jq -r --arg name "$1" '"\($name): \(.seconds * 10 | round / 10) s, after \(.recording_seconds * 10 | round / 10) s of the suite itself; " +
    "\(.coverage.cases_explored) of \(.coverage.cases) tests, \(.coverage.points_tried) runs; " +
    "\([.findings[] | select(.flaky | not)] | length) findings at \([.findings[] | select(.flaky | not) | .location] | unique | length) places"' \
    "$run/where/json"
  jq -r '.passes[] | "  \(.pass): \(.runs) runs, \(.seconds | round) s, of all tests together"' "$run/where/json"
}

explore 'the first time'
explore 'again'
jq -r '[.findings[] | select(.flaky | not) | "  \(.verdict) in \(.location)"] | unique[]' "$run/where/json"
