#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the plan of a finding smaller: drops each failed call without which the target still ends in the same way.
#
#   NOMEM_FUZZ_PLAN=PLAN fuzz/minimise_plan.sh TARGET INPUT     as in the finding's line to reproduce
#
# Prints the plan and the line that reproduces the finding with it. The input is not changed: under a plan, libFuzzer's
# -minimize_crash=1 makes that smaller. Exit status: 0 done, 2 the line reproduces nothing.
set -eu

if [ $# -ne 2 ] || [ -z "${NOMEM_FUZZ_PLAN:-}" ]; then
  echo "usage: NOMEM_FUZZ_PLAN=PLAN fuzz/minimise_plan.sh TARGET INPUT" >&2
  exit 2
fi
target=$1 input=$2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT TERM

# How the target ends under a plan: its status and the kind of the error, without addresses and sizes.
ending() {
  status=0
  NOMEM_FUZZ_PLAN=$1 timeout 60 "$target" "$input" >"$log" 2>&1 || status=$?
  echo "$status $(sed -n 's/^SUMMARY: \([A-Za-z]*: [A-Za-z-]*\).*/\1/p' "$log" | head -1)"
}

plan=$NOMEM_FUZZ_PLAN
wanted=$(ending "$plan")
[ "${wanted%% *}" != 0 ] || {
  echo "nomem: $target ends without a failure on $input under '$plan': there is nothing to make smaller" >&2
  exit 2
}
one_by_one=$(sed -n 's/^nomem: one by one: //p' "$log")
if [ -n "$one_by_one" ] && [ "$(ending "$one_by_one")" = "$wanted" ]; then plan=$one_by_one; fi

changed=yes
while [ $changed = yes ]; do
  changed=no
  count=$(echo "$plan" | tr ';' '\n' | wc -l)
  number=1
  while [ "$count" -gt 1 ] && [ $number -le "$count" ]; do
    without=$(echo "$plan" | tr ';' '\n' | sed "${number}d" | paste -sd';')
    if [ "$(ending "$without")" = "$wanted" ]; then
      plan=$without changed=yes count=$((count - 1))
    else
      number=$((number + 1))
    fi
  done
done
echo "$plan"
echo "reproduce: NOMEM_FUZZ_PLAN='$plan' $target $input"
