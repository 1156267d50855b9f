#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs each example: they check themselves.
#
#   tests/examples/run.sh BUILD       prints "ok" or "not ok" and the name; exit status 1 when one failed
set -u
# shellcheck source-path=SCRIPTDIR/../lib source=tap.sh
. "$(dirname "$0")/../lib/tap.sh"
seen=$(mktemp)
trap 'rm -f "$seen"' EXIT
for example in "$1"/examples/*; do
  case $example in *.*) continue ;; esac
  if timeout 60 "$example" >"$seen" 2>&1; then pass "${example##*/}"; else
    echo "(exit status $?)" >>"$seen"
    fail "${example##*/}" "$seen"
  fi
done
finish
