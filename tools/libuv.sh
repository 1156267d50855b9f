#!/bin/sh
# SPDX-License-Identifier: MIT
# What the fuzz target libuv needs to know of a libuv that it is built with from source.
#
#   tools/libuv.sh sources FOLDER             print the C files that libuv consists of on Linux, one a line
#   tools/libuv.sh fuzz FOLDER OUT SECONDS    fuzz OUT/bin/libuv. What fails is traced to the call that was failed, which
#                                             OUT/libuv.known then spares, and the campaign goes on; FOLDER may be empty
#   tools/libuv.sh coverage FOLDER OUT TO     replay corpus/libuv in OUT/cov/libuv, which was built with FOLDER, and
#                                             print what of libuv it reaches; lists go to TO
#
# Exit status: 0 done, nothing new was found; 1 something was, or the target failed; 2 could not run.
set -eu
verb=${1:-}
folder=${2:-}

die() {
  echo "nomem: $*" >&2
  exit 2
}

# shellcheck source-path=SCRIPTDIR source=lib/placed.sh
. "$(dirname "$0")/lib/placed.sh"

# Of Makefile.am: what stands under no condition, under LINUX, and under the opposite of WINNT.
sources() {
  for file in include/uv.h Makefile.am; do
    [ -f "$folder/$file" ] || die "no source folder of libuv: there is no '$folder/$file'"
  done
  awk '
    $1 == "if" { depth++; wanted[depth] = $2 == "LINUX"; inverse[depth] = $2 == "WINNT" }
    $1 == "else" { wanted[depth] = inverse[depth] }
    $1 == "endif" { depth-- }
    {
      for (level = 1; level <= depth; level++) if (!wanted[level]) next
      for (i = 1; i <= NF; i++) if ($i ~ /^src\/.*\.c$/) print $i
    }' "$folder/Makefile.am" | sort -u
}

# The functions that uv.h declares, and in which lines memory is said to be short.
list_functions() {
  sed 's|/\*.*\*/||; /^#/d' "$folder/include/uv.h" | tr '\n' ' ' |
    grep -o 'UV_EXTERN[^;{]*' | sed -n 's/[^(]*[ *]\(uv_[a-z0-9_]*\)(.*/\1/p' | sort -u
}

# With the function that each is in, as "FILE:LINE FUNCTION"; of what was compiled.
list_short_of_memory() {
  sources | while read -r file; do
    awk -v file="$file" '
      NR == FNR { compiled[$3]; next }
      /^[a-z_].*\(/ && !/;/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
      /(return|=) *(UV_ENOMEM|UV__ERR\(ENOMEM\)|ENOMEM)([^A-Z_]|$)/ {
        if (file ":" FNR in compiled) print file ":" FNR, name
      }' "$to/counts" "$folder/$file"
  done
}

# Prints "function COUNT NAME" and "line COUNT FILE:LINE" of everything that was compiled.
list_counts() {
  llvm-cov export "$out/cov/libuv" -instr-profile="$to/profile" -format=lcov 2>"$to/log" | awk -v folder="$(cd "$folder" && pwd)/" '
    /^SF:/ { file = substr($0, 4); ours = index(file, folder "src/") == 1; file = substr(file, length(folder) + 1) }
    !ours { next }
    /^FNDA:/ { split(substr($0, 6), part, ","); sub(/.*:/, "", part[2]); print "function", part[1], part[2] }
    /^DA:/ { split(substr($0, 4), part, ","); print "line", part[2], file ":" part[1] }'
}

# reached KIND LIST: of the names in LIST those that were reached, and below it in LIST.missing those that were not
reached() {
  awk -v kind="$1" '
    NR == FNR { if ($1 == kind && $2 > 0) hit[$3] = 1; next }
    $1 in hit { count++; next }
    { print > missing }
    END { print count + 0 }' missing="$2.missing" "$to/counts" "$2"
}

# row WHAT REACHED ALL
row() {
  awk -v what="$1" -v reached="$2" -v all="$3" \
    'BEGIN { printf "%-28s %6d of %6d  %5.1f %%\n", what, reached, all, all ? 100 * reached / all : 0 }'
}

coverage() {
  out=$3
  to=$4
  mkdir -p "$to"
  rm -f "$to"/*.missing
  rm -f "$to"/*.raw
  LLVM_PROFILE_FILE=$to/all.raw timeout 300 "$out/cov/libuv" corpus/libuv >"$to/log" 2>&1 || {
    tail -n 20 "$to/log"
    exit 1
  }
  # Known defects are reached, too: what such an input does until it fails counts.
  for input in corpus/libuv/known-*; do
    LLVM_PROFILE_FILE=$to/$(basename "$input").raw NOMEM_LIBUV_SUPPRESSIONS=/dev/null \
      timeout 30 "$out/cov/libuv" "$input" >>"$to/log" 2>&1 || :
  done
  llvm-profdata merge -sparse "$to"/*.raw -o "$to/profile" || die "llvm-profdata failed"
  list_counts >"$to/counts"
  [ -s "$to/counts" ] || die "llvm-cov has no counts: $(head -n 1 "$to/log")"
  list_functions >"$to/functions"
  list_short_of_memory >"$to/enomem"
  version=$(sed -n 's/^#define UV_VERSION_\(MAJOR\|MINOR\|PATCH\) \([0-9]*\)$/\2/p' "$folder/include/uv/version.h" | paste -sd.)
  echo "libuv $version, $(find corpus/libuv -type f | wc -l) inputs"
  row "functions of uv.h" "$(reached function "$to/functions")" "$(wc -l <"$to/functions")"
  row "lines" "$(awk '$1 == "line" && $2 > 0' "$to/counts" | wc -l)" "$(awk '$1 == "line"' "$to/counts" | wc -l)"
  row "lines that say UV_ENOMEM" "$(reached line "$to/enomem")" "$(wc -l <"$to/enomem")"
  for list in functions enomem; do
    [ ! -s "$to/$list.missing" ] || { echo "$list not reached:"; fold_list "$to/$list.missing"; }
  done
}

fold_list() {
  paste -sd' ' "$1" | fold -s -w 116 | sed 's/^/    /'
}

# replay INPUT KNOWN: 0 when it passes
replay() {
  NOMEM_LIBUV_KNOWN=$2 placed timeout 60 "$out/bin/libuv" -timeout=20 -artifact_prefix="$out/crashes/again-" "$1" \
    >"$out/libuv.again.log" 2>&1
}

# What went wrong, of the log of a run.
message_of() {
  grep -hE '^fuzz/[a-z_/]*\.[ch]:|ERROR: |Assertion|Sanitizer:' "$1" | head -n 1 | sed 's/^==[0-9]*==//; s/ on address.*//; s/^.*: Assertion/Assertion/'
}

# The calls that were failed in the run of an input, the last first, each once.
failed_calls() {
  NOMEM_LIBUV_TRACE=1 replay "$1" "$known" || :
  sed -n 's/^libuv: failed: //p' "$out/libuv.again.log" | tac | awk '!seen[$0]++'
}

# Of the calls that were failed the last one without which the input passes; "" when it passes without none of them.
find_cause() {
  failed_calls "$1" >"$out/libuv.failed"
  while IFS= read -r call; do
    { cat "$known"; echo "$call - tried"; } >"$known.tried"
    replay "$1" "$known.tried" && { echo "$call"; return; }
  done <"$out/libuv.failed"
}

# Returns 1 when the campaign cannot go on without meeting the same again.
learn() {
  message=$(message_of "$out/libuv.log")
  message=${message:-ended without a word}
  input=$(sed -n 's/.*Test unit written to //p' "$out/libuv.log" | tail -n 1)
  [ -n "$input" ] || { echo "libuv: failed, and wrote no input: $out/libuv.log"; return 1; }
  if replay "$input" "$known"; then
    echo "libuv: failed once, and not again: $message"
    echo "    $input"
    return 0
  fi
  cause=$(find_cause "$input")
  [ -n "$cause" ] || { echo "libuv: no single call that was failed is to blame: $message"; echo "    reproduce: $out/bin/libuv $input"; return 1; }
  echo "$cause - $message" >>"$known"
  echo "libuv: found: $message"
  echo "    when this call fails: $cause"
  echo "    reproduce: $out/bin/libuv $input"
}

fuzz() {
  out=$3
  until_second=$(($(date +%s) + $4))
  known=$out/libuv.known
  found=0
  # A target that crashes leaves its folder behind.
  TMPDIR=$(mktemp -d)
  export TMPDIR
  trap 'rm -rf "$TMPDIR"' EXIT
  mkdir -p "$out/crashes"
  touch "$known"
  [ ! -s "$known" ] || echo "libuv: $(wc -l <"$known") causes found before are spared: $known"
  while left=$((until_second - $(date +%s))) && [ "$left" -gt 0 ]; do
    NOMEM_LIBUV_KNOWN=$known tools/fuzz.sh run libuv "$out" "$left" >"$out/libuv.run" && { cat "$out/libuv.run"; break; }
    found=1
    learn || break
  done
  return "$found"
}

case $verb in
  sources | coverage | fuzz) "$verb" "$@" ;;
  *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
