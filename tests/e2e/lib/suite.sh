# SPDX-License-Identifier: MIT
# What the end-to-end suites share; sourced by them with BUILD as their first argument. Sets build, tests (the folder of
# all tests), here (that of these), work (a folder of their own, the current one), PATH and NOMEM_PRELOAD.
# shellcheck shell=sh disable=SC2034 # what is set here is used there
set -eu
# Every run is to be made, none taken from the store of an earlier one.
export NOMEM_STORE=

if [ ! -x "${1:-.}/nomem" ]; then
  echo "nomem: no program '${1:-.}/nomem' to test: build it, then run $0 BUILD" >&2
  exit 2
fi
build=$(cd "$1" && pwd)
tests=$(cd "$(dirname "$0")/.." && pwd)
here=$tests/e2e
# shellcheck source-path=SCRIPTDIR/../../lib source=tap.sh
. "$tests/lib/tap.sh"
work=$(mktemp -d "${TMPDIR:-/tmp}/nomem-e2e-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cd "$work"
export PATH="$build:$PATH" NOMEM_PRELOAD="$build/libnomem-preload.so" LC_ALL=C TERM=dumb NO_COLOR=1
unset NOMEM_PLAN NOMEM_CHANNEL LD_PRELOAD MALLOC_PERTURB_ || :
cc=${CC:-gcc}
clang=${CLANG:-clang}

# take_turns WORD...: sets turn to those that are to be tried. With 'make check-all' it is all of them; else one, another
# with each call.
turns=0
turn=
take_turns() {
  turn=$*
  [ -z "${NOMEM_ALL_TESTS:-}" ] || return 0
  shift $((turns % $#))
  turns=$((turns + 1))
  turn=$1
}

# expect NAME 'WORD ...' COMMAND...: the command's output has each of the words as a line.
expect() {
  expect_name=$1
  expect_words=$2
  shift 2
  "$@" >seen 2>&1 || echo "(exit status $?)" >>seen
  for word in $expect_words; do
    grep -qxF -e "$word" seen && continue
    echo "(missing: $word)" >>seen
    fail "$expect_name" seen
    return 0
  done
  pass "$expect_name"
}

# shellcheck source-path=SCRIPTDIR/../../lib source=machine.sh
. "$tests/lib/machine.sh"
"$cc" -std=gnu11 -O1 -o probe "$here/lib/probe.c"
