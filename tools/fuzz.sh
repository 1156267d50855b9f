#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs fuzz targets. OUT is where they were built: bin/ for libFuzzer, gcc/ with the plain driver, cov/ for coverage.
#
#   tools/fuzz.sh run TARGET OUT SECONDS      fuzz; new inputs go to OUT/corpus/TARGET, crashes to OUT/crashes;
#                                             FUZZ_SEED: of its random numbers
#   tools/fuzz.sh afl TARGET OUT SECONDS      the same under AFL++
#   tools/fuzz.sh regress "TARGETS" OUT       replay corpus/TARGET in bin/ and in gcc/
#   tools/fuzz.sh minimise TARGET OUT         keep of corpus/TARGET only what its coverage needs
#   tools/fuzz.sh coverage "TARGETS" OUT TO   write what the corpora cover to TO, as text and HTML
#
# Exit status: 0 nothing found, 1 a target failed, 2 could not run.
set -u
verb=${1:-}
target=${2:-}
out=${3:-}

# Prints the target's options, which OSS-Fuzz reads, too, as flags.
flags() {
  [ -f "fuzz/$1.options" ] || return 0
  sed -n 's|^dict *= *|-dict=fuzz/|p; s,^\(max_len\|timeout\|close_fd_mask\) *= *,-\1=,p' "fuzz/$1.options"
}

# shellcheck source-path=SCRIPTDIR source=lib/placed.sh
. "$(dirname "$0")/lib/placed.sh"

# LeakSanitizer stops the process by ptrace; where that is not allowed it fails whatever it was asked to look at.
spare_leaks() {
  [ -z "${leaks_are_spared:-}" ] || return 0
  placed "$out/bin/$1" -help=1 2>&1 | grep -q 'LeakSanitizer has encountered a fatal error' || return 0
  leaks_are_spared=yes
  export ASAN_OPTIONS="detect_leaks=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
  echo "fuzz: ptrace is not allowed here, so leaks are not looked for" >&2
}

# Prints the command that reproduces the crash in a log.
reproduce() {
  crash=$(sed -n 's/.*Test unit written to //p' "$2" | tail -n 1)
  [ -n "$crash" ] && echo "reproduce: $out/bin/$1 $crash"
}

run() {
  seconds=$4
  mkdir -p "$out/corpus/$target" "$out/crashes"
  log=$out/$target.log
  spare_leaks "$target"
  # shellcheck disable=SC2046 # flags are words
  if placed "$out/bin/$target" $(flags "$target") ${FUZZ_SEED:+"-seed=$FUZZ_SEED"} \
    -max_total_time="$seconds" -print_final_stats=1 -artifact_prefix="$out/crashes/$target-" \
    "$out/corpus/$target" "corpus/$target" >"$log" 2>&1; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    edges=$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$log" | tail -n 1)
    printf '%-20s %9s inputs in %s s, %5s edges, nothing found\n' "$target" "$runs" "$seconds" "$edges"
    return 0
  fi
  tail -n 40 "$log"
  printf '%s: failed, the log is %s\n' "$target" "$log"
  grep -h '^fuzz/.*: ' "$log" | tail -n 1
  reproduce "$target" "$log"
  return 1
}

afl() {
  seconds=$4
  folder=$out/afl-$target
  command -v afl-fuzz >/dev/null 2>&1 || { echo "fuzz: afl-fuzz is missing: run 'apt-get install afl++'" >&2; return 2; }
  rm -rf "$folder"
  mkdir -p "$folder"
  # Otherwise AFL++ does not run where crashes go to a handler or the clock of the CPU changes.
  if ! AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_AFFINITY=1 AFL_QUIET=1 \
    placed afl-fuzz -m none -V "$seconds" -i "corpus/$target" -o "$folder" "$out/afl/$target" >"$folder/log" 2>&1; then
    tail -n 20 "$folder/log"
    return 1
  fi
  stats=$folder/default/fuzzer_stats
  value() { sed -n "s/^$1 *: *//p" "$stats"; }
  printf '%-20s %9s inputs in %s s, %s saved, %s crashes (AFL++)\n' "$target" "$(value execs_done)" "$seconds" \
    "$(value corpus_count)" "$(value saved_crashes)"
  [ "$(value saved_crashes)" = 0 ] && return 0
  for crash in "$folder"/default/crashes/id*; do echo "reproduce: $out/bin/$target $crash"; done
  return 1
}

regress() {
  failed=0
  for name in $target; do
    spare_leaks "$name"
    # shellcheck disable=SC2046
    placed "$out/bin/$name" $(flags "$name") -runs=0 -artifact_prefix="$out/" "corpus/$name" >"$out/$name.log" 2>&1 &&
      placed "$out/gcc/$name" -v "corpus/$name" >>"$out/$name.log" 2>&1 && echo "ok $name" && continue
    failed=1
    echo "not ok $name"
    tail -n 30 "$out/$name.log"
    echo "$name: a corpus input failed; its path is the last one above, or see"
    reproduce "$name" "$out/$name.log"
  done
  return "$failed"
}

minimise() {
  small=$out/minimised/$target
  rm -rf "$small"
  mkdir -p "$small" "$out/corpus/$target"
  # shellcheck disable=SC2046
  placed "$out/bin/$target" $(flags "$target") -merge=1 "$small" "corpus/$target" "$out/corpus/$target" \
    >"$out/$target.log" 2>&1 || { tail -n 20 "$out/$target.log"; return 1; }
  # Inputs with a name were added on purpose and stay; the others are replaced.
  find "corpus/$target" -type f -regextype posix-extended -regex '.*/[0-9a-f]{40}' -delete
  for input in "$small"/*; do
    [ -f "$input" ] || continue
    same=
    for kept in "corpus/$target"/*; do cmp -s "$input" "$kept" && same=1 && break; done
    [ -n "$same" ] || cp "$input" "corpus/$target/$(sha1sum <"$input" | cut -c1-40)"
  done
  echo "$target: $(find "corpus/$target" -type f | wc -l) inputs"
}

coverage() {
  to=$4
  mkdir -p "$to"
  objects=
  for name in $target; do
    LLVM_PROFILE_FILE=$to/$name.profraw timeout 60 "$out/cov/$name" "corpus/$name" >/dev/null || return 1
    objects="$objects${objects:+ -object} $out/cov/$name"
  done
  llvm-profdata merge -sparse "$to"/*.profraw -o "$to/all.profdata" || return 2
  sources=$(find lib faults/plan*.c faults/inject -name '*.c' ! -name 'backend_preload*.c' ! -name 'backend_link.c')
  # shellcheck disable=SC2086
  llvm-cov report $objects -instr-profile="$to/all.profdata" -show-branch-summary -show-region-summary=false $sources \
    >"$to/coverage.txt" || return 2
  # shellcheck disable=SC2086
  llvm-cov show $objects -instr-profile="$to/all.profdata" -format=html -show-branches=count -output-dir="$to" \
    $sources || return 2
  awk '/^Filename/ { print "                                     lines   branches" }
    /\.c / || /^TOTAL/ { printf "%-32s %10s %10s\n", $1, $7, $10 }' "$to/coverage.txt"
  echo "$to/coverage.txt, $to/index.html"
}

case $verb in
  run | afl | regress | minimise | coverage) "$verb" "$@" ;;
  *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
