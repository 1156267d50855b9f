#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/run.sh itself, on suites that are made up: they are found by folder, and what each comes to is counted.
#
#   tests/runner/run.sh BUILD
set -eu
tests=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source-path=SCRIPTDIR/../lib source=tap.sh
. "$tests/lib/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$work/build/tests" "$work/tests/e2e/lib"
cp "$tests/run.sh" "$work/tests"
printf '#!/bin/sh\n' >"$work/build/nomem"
chmod +x "$work/build/nomem"

# suite PATH: with the script that is read.
suite() {
  mkdir -p "$(dirname "$work/$1")"
  { echo '#!/bin/sh'; cat; } >"$work/$1"
  chmod +x "$work/$1"
}

# comes_to NAME STATUS LINE...: run.sh ends with the status, and prints each of the lines, apart from the seconds that a
# suite took; the last of them last.
comes_to() {
  name=$1
  wanted=$2
  shift 2
  status=0
  # shellcheck disable=SC2086 # words
  "$work/tests/run.sh" "$work/build" $named >"$work/all" 2>&1 || status=$?
  sed 's/ skipped, [0-9]* s/ skipped/' "$work/all" >"$work/seen"
  for line; do grep -qxF -e "$line" "$work/seen" || status="$status, missing: $line"; done
  [ "$(tail -n 1 "$work/seen")" = "$line" ] || status="$status, another last line"
  if [ "$status" = "$wanted" ]; then pass "$name"; else
    echo "(status $status)" >>"$work/seen"
    fail "$name" "$work/seen"
  fi
}

named=
printf 'exit 1\n' | suite tests/e2e/lib/helper.sh
printf 'echo "ok 1 - a"\necho "ok 2 - b # SKIP not here"\n' | suite tests/e2e/new.sh
printf 'echo "ok 1 - a"\n' | suite tests/folder/run.sh
printf 'echo "1..0 # SKIP none of it here"\n' | suite tests/whole/run.sh
printf 'echo "# why"\necho "not ok 1 # SKIP name"\necho "ok 2 - name"\n' | suite build/tests/test_unit
comes_to 'suites are found by folder, and what is skipped has its reason' 0 \
  'e2e new                         1 passed, 0 failed, 1 skipped' '  1 skipped: not here' \
  'folder                          1 passed, 0 failed, 0 skipped' \
  'whole                           0 passed, 0 failed, 1 skipped' '  1 skipped: none of it here' \
  'test_unit                       1 passed, 0 failed, 1 skipped' '  1 skipped: why' \
  '3 passed, 0 failed, 3 skipped'

named='folder whole'
comes_to 'suites that are named' 0 'folder                          1 passed, 0 failed, 0 skipped' \
  'whole                           0 passed, 0 failed, 1 skipped' '  1 skipped: none of it here' '1 passed, 0 failed, 1 skipped'
named='folder test_forgotten'
comes_to 'a suite that is named and is not there' 2 \
  "nomem: no suite 'test_forgotten' here: a unit test must be built, as by 'make $work/build/tests/test_forgotten'"
named=
printf 'echo "not ok 1 - broken"\necho "ok 2 - a"\nexit 1\n' | suite tests/e2e/new.sh
comes_to 'a test that fails' 1 'not ok 1 - broken' \
  'e2e new                         1 passed, 1 failed, 0 skipped: ended with status 1' '3 passed, 1 failed, 2 skipped'
printf 'echo "ok 1 - a"\nexit 3\n' | suite tests/e2e/new.sh
comes_to 'a suite that ends badly' 1 \
  'e2e new                         1 passed, 1 failed, 0 skipped: ended with status 3' '3 passed, 1 failed, 2 skipped'
printf 'echo "# skipped: nothing to do"\n' | suite tests/e2e/new.sh
comes_to 'a suite that neither tests nor skips anything' 1 \
  'e2e new                         0 passed, 1 failed, 0 skipped: ran no test' '2 passed, 1 failed, 2 skipped'
finish
