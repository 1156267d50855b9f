#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints every performance figure of the documentation, side by side in one run: medians of several rounds, with the
# least and the greatest, as ratios and differences to the first line.
#
#   bench/run.sh BUILD        ROUNDS: of each comparison (default 7)
set -eu
build=$(cd "$1" && pwd)
rounds=${ROUNDS:-7}
preload=$build/libnomem-preload.so
compare="$build/bench/compare -n $rounds"
idle="LD_PRELOAD=$preload"
count="NOMEM_PLAN= LD_PRELOAD=$preload"
site="NOMEM_PLAN=site=0000000000000000 LD_PRELOAD=$preload"

echo "malloc and free, ns a pair, one thread:"
$compare -o ns \
  "libc" "$build/bench/pair" \
  "libc again (the noise)" "$build/bench/pair" \
  "nomem, idle" "$idle $build/bench/pair" \
  "nomem, counting" "$count $build/bench/pair" \
  "nomem, with sites" "$site $build/bench/pair" \
  "libfiu (fiu-run), idle" "fiu-run -x $build/bench/pair"
echo "the same in two threads at once:"
$compare -o ns \
  "libc" "$build/bench/pair 2" \
  "nomem, idle" "$idle $build/bench/pair 2" \
  "nomem, counting" "$count $build/bench/pair 2"
echo "the same below 32 frames:"
$compare -o ns \
  "libc" "$build/bench/pair 1 32" \
  "nomem, with sites" "$site $build/bench/pair 1 32"
echo "naming a stack of 32 frames:"
"$build/bench/unwind"
echo "a scope of the C interface, nomem_begin to nomem_end:"
"$build/bench/scope"
# Each input takes about a tenth of a second.
awk 'BEGIN { print "["; for (i = 0; i < 60000; i++) printf "%s{\"id\":%d,\"name\":\"x%d\",\"v\":[1,2,3]}", i ? "," : "", i, i; print "]" }' \
  >"$build/bench/work.json"
awk 'BEGIN { print "<r>"; for (i = 0; i < 100000; i++) printf "<a id=\"%d\"><b>t%d</b></a>", i, i; print "</r>" }' \
  >"$build/bench/work.xml"
echo "whole programs, ms, and the difference for each allocation:"
for program in "lua5.4 bench/work.lua" "xmllint --noout $build/bench/work.xml" "jq length $build/bench/work.json"; do
  # shellcheck disable=SC2086 # a command and its arguments
  allocations=$("$build/nomem" sites -- $program 2>/dev/null | awk '/allocations? at/ { print $1 }')
  echo " $program, $allocations allocations"
  $compare -p "$allocations" "without nomem" "$program >/dev/null" "again (the noise)" "$program >/dev/null" \
    "nomem, idle" "$idle $program >/dev/null" "nomem, counting" "$count $program >/dev/null" \
    "nomem, with sites" "$site $program >/dev/null"
done
echo "the pool of lib/:"
"$build/bench/pool"
echo "start-up of the command, ms:"
run="$build/nomem run -q --fail nth=1"
program="lua5.4 -v >/dev/null 2>&1"
$compare "true" "true" "nomem --version" "$build/nomem --version" "lua -v, as it is" "$program" \
  "nomem run, not isolated" "$run --isolate off $program || :" "nomem run, isolated" "$run --isolate on $program || :"
