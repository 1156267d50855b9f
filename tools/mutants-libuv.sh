#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes libuv wrong in one way at a time (tests/mutants/libuv.c), and runs the fuzz target libuv on it from its seeds:
# ten seconds at most. First without any, when nothing may be found. Then the known defects of libuv itself: each input
# corpus/libuv/known-* must fail when nothing is suppressed.
#
#   tools/mutants-libuv.sh OUT "COMPILER FLAGS"      OUT: where the fuzz targets were built; logs go beside it
#
# Exit status: 0 every wrong double was found; 1 one was not, or the target failed without one; 2 could not build.
set -u
out=$1
compile=$2
doubles=tests/mutants/libuv.c
work=$(dirname "$out")/mutants/libuv
seconds=10
rm -rf "$work"
mkdir -p "$work/new"

wraps=$(sed -n 's/^DOUBLE([^,]*, \([a-z_]*\),.*/-Wl,--wrap=\1/p' "$doubles")
# shellcheck disable=SC2086 # words
if ! { $compile -c "$doubles" -o "$work/doubles.o" &&
  ${compile%% *} -fsanitize=fuzzer,address,undefined -o "$work/libuv" "$out/obj-asan/target/libuv.o" "$work/doubles.o" \
    $wraps -Wl,--whole-archive -l:libuv_a.a -Wl,--no-whole-archive "$out/obj-asan/parts.a" -pthread; } 2>"$work/log"; then
  cat "$work/log"
  exit 2
fi

# fuzz NAME: 0 when the program survived.
fuzz() {
  rm -rf "$work/new"
  mkdir -p "$work/new"
  TMPDIR=$work NOMEM_LIBUV_DOUBLE=$1 timeout -k 2 $((seconds * 3)) "$work/libuv" -max_total_time=$seconds -max_len=132 -timeout=5 \
    -artifact_prefix="$work/$1-" "$work/new" corpus/libuv >"$work/$1.log" 2>&1
}

if ! fuzz none; then
  tail -n 30 "$work/none.log"
  echo "mutants: libuv fails without a wrong double: $work/none.log" >&2
  exit 1
fi
lives=0
total=0
names=$(sed -n 's/.*is("\([a-z-]*\)").*/\1/p' "$doubles")
for name in $names; do
  from=$(date +%s%N)
  verdict=killed
  fuzz "$name" && verdict=LIVES
  [ "$verdict" = LIVES ] && lives=$((lives + 1))
  total=$((total + 1))
  printf '%-36s %-18s %5s  %s\n' "$name" libuv \
    "$(awk -v from="$from" -v to="$(date +%s%N)" 'BEGIN { printf "%.1f", (to - from) / 1e9 }')" "$verdict"
done
for input in corpus/libuv/known-*; do
  total=$((total + 1))
  TMPDIR=$work NOMEM_LIBUV_SUPPRESSIONS=/dev/null timeout 30 "$out/bin/libuv" -artifact_prefix="$work/" "$input" \
    >"$work/$(basename "$input").log" 2>&1 || continue
  echo "$input does not fail: is the defect fixed? then remove its line from fuzz/libuv.suppressions"
  lives=$((lives + 1))
done
echo "$total wrong doubles and defects of libuv: $((total - lives)) found, $lives not"
[ "$lives" = 0 ]
