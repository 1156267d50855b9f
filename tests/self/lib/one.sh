#!/bin/sh
# SPDX-License-Identifier: MIT
# Fails allocations of the command itself, each in a run of its own, and says what was wrong.
#
#   one.sh SCENARIO PLAN...
#
# self_build, self_work and self_end (see run.sh) are in the environment, and $self_work/SCENARIO has what an undisturbed
# run came to. Prints one line a plan: ok, refused (status 2 and one line), "skip PLAN" or "wrong PLAN: what".
# shellcheck disable=SC2154 # what is in the environment
set -u
scenario=$1
shift
whole=$self_work/$scenario
folder=$(mktemp -d "$self_work/one-XXXXXX")
trap 'rm -rf "$folder"' EXIT
# shellcheck source-path=SCRIPTDIR source=scenarios.sh
. "$(dirname "$0")/scenarios.sh"

# wrong WHAT: nothing else need be looked at.
wrong() { echo "wrong $scenario $plan: $*"; }

look() {
  timeout -k 5 60 env LD_PRELOAD="$self_build/libnomem-preload.so" NOMEM_PLAN="$plan" "$self_build/nomem" "$@" \
    >out 2>err </dev/null
  status=$?
  said=
  [ "$status" -ne 2 ] || said=$(cat err)
  # What it has said before, in any case, stands above the line.
  case $said in *"
"*) said=$(steady err | grep -vxF -f "$whole/said" || :) ;; esac
  # A suite may be explored but for the case whose process had none.
  said=$(echo "$said" | sed 's/^nomem: not explored because the process .*: out of memory$/nomem: out of memory/')
  if [ "$said" = 'nomem: out of memory' ]; then
    for left in ./*.[0-9]*-[0-9]*; do
      [ ! -e "$left" ] || { wrong "left $left" && return; }
    done
    echo refused
  elif [ "$status" -eq 2 ] && [ "$wanted" -ne 2 ]; then
    wrong "status 2, but: $said"
  elif [ "$status" -ne "$wanted" ]; then
    wrong "status $status, not $wanted: $(tail -n 1 err)"
  else
    summary >came_to 2>&1
    if cmp -s came_to "$whole/came_to"; then echo ok; else
      wrong "another result: $(diff "$whole/came_to" came_to | grep '^[<>]' | head -n 4 | cut -c 1-200 | tr '\n' ' ')"
    fi
  fi
}

wanted=$(cat "$whole/status")
is_over=
[ "$(date +%s)" -lt "$self_end" ] || is_over=yes
for plan; do
  [ -z "$is_over" ] || { echo "skip $plan" && continue; }
  rm -rf "${folder:?}"/* && cd "$folder" || exit 2
  prepare "$scenario"
  # shellcheck disable=SC2046 # a list of words
  look $(words_of "$scenario")
done
