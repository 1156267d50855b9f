#!/bin/sh
# SPDX-License-Identifier: MIT
# Golden tests of the command line.
#
#   tests/cli/run.sh BUILD [CASE...]       run all cases, or these, with BUILD/nomem
#   UPDATE=1 tests/cli/run.sh BUILD ...    write what they print as what is expected
#
# A case is NAME.cmd, a shell script that is run in a folder of its own below the one that fixtures.sh filled (so that
# ../good is a program). NAME.out, NAME.err and NAME.exit hold what it must print and its status; a missing one stands
# for nothing printed and for 0. Exit status: 0 all passed, 1 some failed, 2 could not run.
#
# What differs from run to run or from machine to machine is replaced in both outputs before they are compared:
#   the build folder, the folder of the fixtures     BUILD, WORK
#   site keys (8 or 16 hexadecimal digits)           KEY
#   ids of findings (a verdict and 12 of them)       crash-ID
#   addresses (0x...)                                ADDRESS
#   process numbers (after "pid ")                   PID
#   times (a number, then ms, s or seconds)          TIME
#   numbers of stack frames                          #N
# and what no two systems have the same is left out: the stack frames of the C library, and the lines that say that runs
# cannot be isolated here, and what that means, that ptrace is not allowed and what is not known for that, or how far it is. Where ptrace is not, cases that show
# a stack which only ptrace gives are skipped.
set -eu

if [ ! -x "${1:-.}/nomem" ]; then
  echo "nomem: no program '${1:-.}/nomem' to test: build it, then run tests/cli/run.sh BUILD [CASE...]" >&2
  exit 2
fi
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
tests=$(dirname "$here")
shift
timeout_seconds=600

# shellcheck source-path=SCRIPTDIR/../lib source=tap.sh
. "$tests/lib/tap.sh"
work=$(mktemp -d "${TMPDIR:-/tmp}/nomem-cli-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
export PATH="$build:$PATH" LC_ALL=C TERM=dumb NO_COLOR=1
unset NOMEM_PLAN NOMEM_CHANNEL LD_PRELOAD || :
umask 022

normalise() {
  sed -E -e '/^what the program (writes|may write) to files is not compared: its runs are not isolated/d' \
    -e '/^nomem: (runs are not isolated from one another|ptrace is not allowed here|[0-9]+ of [0-9]+ runs, )/d' \
    ${no_ptrace:+-e '/^(without ptrace a crash|[0-9]+ of [0-9]+ runs that ended well were not looked at)/d'} -e "s|$build|BUILD|g; s|$work|WORK|g" \
    -e '/^ +#[0-9]+ /{/WORK/!d; s/#[0-9]+ +/#N /}' \
    -e 's/\b[0-9a-f]{8}([0-9a-f]{8})?\b/KEY/g; s/-[0-9a-f]{12}\b/-ID/g; s/0x[0-9a-f]{2,}/ADDRESS/g' \
    -e 's/\bpid [0-9]+/pid PID/g; s/\b[0-9]+(\.[0-9]+)? ?(ms|s|seconds?)\b/TIME/g' "$1"
}

# Compares, or with UPDATE keeps, one of a case's three results: the file's ending, and what came.
check() {
  expected=$here/$name.$1
  if [ -n "${UPDATE:-}" ]; then
    if [ -s "$2" ]; then cp "$2" "$expected"; else rm -f "$expected"; fi
    return 0
  fi
  [ -e "$expected" ] || expected=/dev/null
  diff -u --label "$name.$1 (expected)" --label "$name.$1 (came)" "$expected" "$2" >>"$work/diff"
}

cd "$work"
# shellcheck source-path=SCRIPTDIR/../lib source=machine.sh
. "$tests/lib/machine.sh"
if ! sh "$here/fixtures.sh" "$build" >fixtures.log 2>&1; then
  cat fixtures.log >&2
  echo "nomem: tests/cli/fixtures.sh could not make the programs to test on: mend what it says above" >&2
  exit 2
fi

if [ $# -eq 0 ]; then
  for file in "$here"/*.cmd; do set -- "$@" "$(basename "$file" .cmd)"; done
fi
for name; do
  [ -e "$here/$name.cmd" ] || { echo "nomem: no case '$name' in tests/cli" >&2; exit 2; }
  if [ -z "${UPDATE:-}" ] && grep -qsE '(crash|abort|hang) in |SIGSEGV|SIGABRT|still running' "$here/$name.out" "$here/$name.err" &&
    cannot_trace "$name"; then continue; fi
  mkdir "$work/case"
  status=0
  (cd "$work/case" && exec timeout -k 5 "$timeout_seconds" sh "$here/$name.cmd") \
    </dev/null >"$work/raw.out" 2>"$work/raw.err" || status=$?
  rm -rf "$work/case"
  normalise "$work/raw.out" >"$work/out"
  normalise "$work/raw.err" >"$work/err"
  : >"$work/exit"
  : >"$work/diff"
  [ "$status" -eq 0 ] || echo "$status" >"$work/exit"
  same=yes
  for ending in out err exit; do check "$ending" "$work/$ending" || same=no; done
  if [ "$same" = yes ]; then pass "$name"; else
    fail "$name"
    cat "$work/diff"
  fi
done
finish
