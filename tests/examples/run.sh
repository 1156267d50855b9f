#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs each example, and the one that takes an argument with one, too: they check themselves.
#
#   tests/examples/run.sh BUILD       prints "ok" or "not ok" and the name; exit status 1 when one failed
set -u
# shellcheck source-path=SCRIPTDIR/../lib source=tap.sh
. "$(dirname "$0")/../lib/tap.sh"
seen=$(mktemp)
trap 'rm -f "$seen"' EXIT
# run EXAMPLE ARGUMENT...
run() {
  name=$(basename "$*")
  if timeout 300 "$@" >"$seen" 2>&1; then pass "$name"; else
    echo "(exit status $?)" >>"$seen"
    fail "$name" "$seen"
  fi
}

for example in "$1"/examples/*; do
  case $example in *.*) continue ;; esac
  run "$example"
done
run "$1/examples/pool_libuv" 65536
finish
