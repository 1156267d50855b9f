#!/bin/sh
# SPDX-License-Identifier: MIT
# Plants each one-line bug of tests/mutants/table in a copy of its file and runs the fuzz target that must find it: ten
# seconds at most, from the seeds or from nothing. First, the targets without a bug must run as long without a finding.
#
#   tools/mutants.sh OUT "COMPILER FLAGS"      OUT: where the fuzz targets were built; copies and logs go beside it
#   NOMEM_MUTANTS=NAME...                      only these
#
# Exit status: 0 every mutant was killed or is known to be equivalent; 1 one survived, or a target failed without a bug;
# 2 a line to replace is no longer there, or the replacement does not compile.
set -u
table=tests/mutants/table
seconds=10
jobs=2
out=$1
compile=$2
work=$(dirname "$out")/mutants

# Prints the lines of one mutant.
entry() {
  awk -v name="$1" '$1 == "@" { on = $2 == name } on && /^[-+=@]/' "$table"
}

# plant NAME FILE: writes the copy with the bug in it.
plant() {
  mkdir -p "$work/$1/$(dirname "$2")"
  entry "$1" >"$work/$1/entry"
  awk 'FNR == NR { if (/^@/) nth = $6; if (/^-/) old = substr($0, 2); if (/^\+/) new = substr($0, 2); next }
    { line = $0; sub(/^[ \t]*/, "", line) }
    line == old { found++; if (nth == "" || nth == found) { print new; next } }
    { print }
    END { exit nth == "" ? found != 1 : found < nth }' "$work/$1/entry" "$2" >"$work/$1/$2"
}

# fuzz NAME PROGRAM TARGET FROM: 0 when the program failed, which means that it has found the bug.
fuzz() {
  mkdir -p "$work/$1/new"
  seeds=
  [ "$4" = seeds ] && seeds=corpus/$3
  max_len=$(sed -n 's/^max_len *= */-max_len=/p' "fuzz/$3.options")
  # shellcheck disable=SC2086 # no seeds are no argument
  ! timeout -k 2 $((seconds * 3)) "$2" -max_total_time=$seconds -timeout=5 $max_len \
    -artifact_prefix="$work/$1/" "$work/$1/new" $seeds >"$work/$1/log" 2>&1
}

# one NAME FILE TARGET FROM [NTH]: tries one mutant and writes its line of the report.
one() {
  rm -rf "${work:?}/$1"
  plant "$1" "$2" || { report "$1" "$2" "$3" "$4" - 'LINE NOT FOUND'; return; }
  if entry "$1" | grep -q '^='; then report "$1" "$2" "$3" "$4" - equivalent; return; fi
  variant=asan
  sanitize=address,undefined
  flags=-fsanitize=fuzzer-no-link,$sanitize
  if [ "${3%threads}" != "$3" ]; then variant=tsan; sanitize=thread; flags=-fsanitize=thread; fi
  folder=$work/$1
  # The copy includes the headers of the original. Both builds of lib/uv_alloc.c get the bug.
  where="-iquote $folder/lib -iquote faults/inject -iquote lib"
  # shellcheck disable=SC2086 # words, and no path here has a blank
  if ! { $compile "$flags" $where -c "$folder/$2" -o "$folder/mutant.o" &&
    $compile "$flags" $where -c fuzz/common/subject_zero.c -o "$folder/zero.o" &&
    ${compile%% *} -fsanitize=fuzzer,$sanitize -o "$folder/program" "$out/obj-$variant/target/$3.o" "$folder/mutant.o" \
      "$folder/zero.o" "$out/obj-$variant/parts.a" -pthread; } 2>"$folder/log"; then
    report "$1" "$2" "$3" "$4" - 'DOES NOT COMPILE'
    return
  fi
  from=$(date +%s%N)
  verdict=LIVES
  fuzz "$1" "$folder/program" "$3" "$4" && verdict=killed
  report "$1" "$2" "$3" "$4" "$(awk -v from="$from" -v to="$(date +%s%N)" 'BEGIN { printf "%.1f", (to - from) / 1e9 }')" \
    "$verdict"
  [ "$verdict" = killed ] && rm -rf "$folder/program" "$folder/new"
}

report() {
  printf '%-36s %-26s %-18s %-8s %5s  %s\n' "$@" | tee "$work/$1/report"
}

control() {
  mkdir -p "$work/none-$1"
  fuzz "none-$1" "$out/bin/$1" "$1" seeds || return 0
  tail -n 30 "$work/none-$1/log"
  echo "mutants: $1 fails without a bug planted: $work/none-$1/log" >&2
  return 1
}

# Called by xargs below for one target or mutant.
if [ $# -gt 2 ]; then
  shift 2
  "$@"
  exit
fi

mkdir -p "$work"
awk '$1 == "@" { print $4 }' "$table" | sort -u |
  xargs -P "$jobs" -L 1 "$0" "$out" "$compile" control || exit 1

printf '%-36s %-26s %-18s %-8s %5s\n' mutant file target from seconds
awk -v only=" ${NOMEM_MUTANTS:-} " '$1 == "@" && (only ~ /^ *$/ || index(only, " " $2 " ")) {
  print $2, $3, $4, $5 ($6 ? " " $6 : "") }' \
  "$table" >"$work/list"
xargs -P "$jobs" -L 1 "$0" "$out" "$compile" one <"$work/list"
while read -r name rest; do cat "$work/$name/report"; done <"$work/list" >"$work/report"
awk '/ killed$/ { killed++ } / equivalent$/ { equal++ } / LIVES$/ { lives++ } / [A-Z]+ [A-Z ]+$/ { broken++ }
  END { printf "%d mutants: %d killed, %d equivalent, %d live, %d not applied\n", NR, killed, equal, lives, broken
    exit broken ? 2 : lives ? 1 : 0 }' "$work/report"
