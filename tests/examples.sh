#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs each example: they check themselves.
#
#   tests/examples.sh BUILD       prints "ok" or "not ok" and the name; exit status 1 when one failed
set -u
status=0
for example in "$1"/examples/*; do
  case $example in *.*) continue ;; esac
  if output=$(timeout 60 "$example" 2>&1); then
    echo "ok ${example##*/}"
  else
    echo "not ok ${example##*/}: exit status $?"
    printf '%s\n' "$output"
    status=1
  fi
done
exit "$status"
