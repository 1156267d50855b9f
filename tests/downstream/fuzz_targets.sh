#!/bin/sh
# SPDX-License-Identifier: MIT
# Other projects' own fuzz targets, from the distribution's source packages, with the drop-in engine linked to them.
#
#   tests/downstream/fuzz_targets.sh BUILD build [TARGET...]     fetch and build, each with and without the engine
#   tests/downstream/fuzz_targets.sh BUILD bugs [TARGET...]      what the engine finds from nothing, and how to see it
#   tests/downstream/fuzz_targets.sh BUILD coverage [TARGET...]  edges covered with and without it in the same time
#   tests/downstream/fuzz_targets.sh BUILD speed [TARGET...]     runs a second when there is nothing new to fail
#   tests/downstream/fuzz_targets.sh BUILD pairs [TARGET...]     a table: with and without it at the same time, on targets
#                                                                that it was not tuned on (MODE=one: in one process)
#
# SECONDS_EACH (default 5): time of one run; ROUNDS (default 40 for bugs, 5 for coverage and pairs, 9 for speed): how many.
# Exit status: 0 done, 1 a reproduction line does not reproduce, 2 cannot be done here.
set -eu

die() {
  echo "nomem: $*" >&2
  exit 2
}

[ $# -ge 2 ] || die "usage: tests/downstream/fuzz_targets.sh BUILD build|bugs|coverage|speed|pairs [TARGET...]"
mkdir -p "$1/downstream/fuzz"
build=$(cd "$1" && pwd)
action=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
top=$build/downstream/fuzz
# shellcheck source-path=SCRIPTDIR source=fuzz_builds.sh
. "$here/fuzz_builds.sh"
# shellcheck source-path=SCRIPTDIR source=fuzz_pairs.sh
. "$here/fuzz_pairs.sh"
default=$tuned_targets
[ "$action" != pairs ] || default=$other_targets
targets=${*:-$default}
seconds=${SECONDS_EACH:-5}
rounds=${ROUNDS:-}
common="-rss_limit_mb=4096 -timeout=20"

# The same, and the functions that "bugs" has found something in: as after they were mended.
fenced_of() {
  {
    not_of "$1"
    sed -n 's/.*, when a call in \(.*\) fails$/in=\1/p' "$top/found/$1/shown" 2>/dev/null
  } | sed '/^$/d' | paste -sd';'
}

# run LOG TARGET VARIANT NOT KNOWN OPTION...: one fuzzing run.
run() {
  log=$1 target=$2 variant=$3 not=$4 known=$5
  shift 5
  # shellcheck disable=SC2046,SC2086
  NOMEM_FUZZ_NOT=$not NOMEM_FUZZ_KNOWN=$known timeout $((seconds + 60)) "$top/$target.$variant" \
    $(dictionary_of "$target") $common "$@" >"$log" 2>&1
}

# What the run found, in one line.
verdict_of() {
  # shellcheck disable=SC2016 # a quotation mark of assert's
  sed -n -e 's/^nomem: \(sticky\|false report\): .*/\1/p' "$1" | grep . && return
  sed -n -e "s/.*Assertion \`\(.*\)' failed\..*/abort: assertion \1/p" \
    -e 's/^SUMMARY: AddressSanitizer: \([a-z-]*\) .* in \(.*\)/\1 in \2/p' \
    -e 's/^SUMMARY: AddressSanitizer: \([0-9]* byte(s) leaked\).*/leak: \1/p' \
    -e 's/^SUMMARY: AddressSanitizer: \([A-Za-z-]*\) .*/\1/p' -e 's/^SUMMARY: libFuzzer: \(.*\)/\1/p' "$1" | head -1
}

# The function that made the failed call, or its caller where that one only allocates for others.
culprit_of() {
  wrappers='^(jsonp_|json_|png_|xml)?_?(malloc|calloc|realloc|strdup|mallocatomic|malloc_base|malloc_warn)$'
  sed -n '/^nomem: the call/,/^nomem: [^t]/s/^ *#[0-9]* in \([A-Za-z0-9_]*\) .*/\1/p' "$1" |
    grep -v -m1 -i -E "$wrappers"
}

kind_of() {
  verdict_of "$1" | sed 's/: [0-9]* byte.*//'
}

# Each round goes on without the calls that the rounds before have failed, until one finds nothing. Findings that end
# alike and come from the same function are shown once.
find_bugs() {
  target=$1 found=0 round=0
  folder=$top/found/$target
  rm -rf "$folder"
  mkdir -p "$folder"
  : >"$folder/shown"
  while [ $round -lt "${rounds:-40}" ]; do
    round=$((round + 1))
    log=$folder/$round.log
    run "$log" "$target" nomem "$(not_of "$target")" "$folder/known" -seed=$round -max_total_time="$seconds" \
      -artifact_prefix="$folder/" && break
    command=$(sed -n 's/^nomem: reproduce: //p' "$log")
    [ -n "$command" ] || {
      echo "$target: ended without a failed call: see $log"
      break
    }
    found=$((found + 1))
    kind="$(kind_of "$log"), when a call in $(culprit_of "$log") fails"
    timeout 60 sh -c "$command" >"$folder/$round.again" 2>&1 || :
    if [ "$(kind_of "$folder/$round.again")" != "${kind%, when*}" ]; then
      echo "$target: DOES NOT REPRODUCE: $command: see $folder/$round.again"
      status=1
    fi
    grep -qxF "$kind" "$folder/shown" && continue
    echo "$kind" >>"$folder/shown"
    echo "$target: $kind"
    echo "    $command"
  done
  echo "$target: $(wc -l <"$folder/shown") kinds of finding at $found sites, in $round rounds of at most $seconds s"
}

# campaign LOG TARGET VARIANT SEED: fuzzes from nothing for the time of one run, starting again after each finding.
# Prints the most edges that a start has seen.
campaign() {
  log=$1 corpus=$1.corpus end=$(($(date +%s%N) / 1000000 + seconds * 1000))
  rm -rf "$corpus" "$log.known"
  mkdir -p "$corpus"
  : >"$log.all"
  while left=$((end - $(date +%s%N) / 1000000)) && [ $left -gt 500 ]; do
    run "$log" "$2" "$3" "$(fenced_of "$2")" "$log.known" -seed="$4" -max_total_time=$(((left + 500) / 1000)) \
      -artifact_prefix="$log." "$corpus" && {
      cat "$log" >>"$log.all"
      break
    }
    cat "$log" >>"$log.all"
  done
  sed -n 's/.*cov: \([0-9]*\) .*/\1/p' "$log.all" | sort -n | tail -1
  rm -rf "$corpus" "$log".crash-* "$log".leak-*
}

# With and without in turns, with the same seeds.
compare_coverage() {
  target=$1 round=0
  for variant in plain nomem; do : >"$top/$target.$variant.edges"; done
  while [ $round -lt "${rounds:-5}" ]; do
    round=$((round + 1))
    for variant in plain nomem; do
      campaign "$top/$target.$variant.log" "$target" $variant $round >>"$top/$target.$variant.edges"
    done
  done
  for variant in plain nomem; do
    sort -n "$top/$target.$variant.edges" >"$top/edges"
    printf '%-14s %-6s edges in %s s: median %5s of %s\n' "$target" "$variant" "$seconds" \
      "$(sed -n "$(((round + 1) / 2))p" "$top/edges")" "$(paste -sd' ' <"$top/edges")"
  done
}

# time_of VARIANT: milliseconds in which libFuzzer runs each of the inputs 3000 times.
time_of() {
  begin=$(date +%s%N)
  # shellcheck disable=SC2086
  ASAN_OPTIONS=detect_leaks=0 NOMEM_FUZZ_NOT=$(fenced_of "$target") timeout 120 "$top/$target.$1" $common -runs=3000 $inputs \
    >"$top/speed.log" 2>&1 || die "$target.$1 did not come to its end: see $top/speed.log"
  echo $((($(date +%s%N) - begin) / 1000000))
}

# The inputs of a plain campaign, run again and again: what the target's function takes (tests/fuzz_engine/overhead.c),
# and what libFuzzer takes for running them.
measure_speed() {
  target=$1 corpus=$top/corpus-$1 round=0 plain=999999999 nomem=999999999
  [ -d "$corpus" ] || {
    mkdir -p "$corpus"
    run "$top/corpus.log" "$target" plain "" "" -seed=1 -max_total_time="$seconds" "$corpus" || :
  }
  inputs=$(find "$corpus" -type f -size -4 | sort | awk 'NR % 16 == 0' | head -12 | paste -sd' ')
  while [ $round -lt "${rounds:-9}" ]; do
    round=$((round + 1))
    time=$(time_of plain)
    [ "$time" -ge "$plain" ] || plain=$time
    time=$(time_of nomem)
    [ "$time" -ge "$nomem" ] || nomem=$time
  done
  # shellcheck disable=SC2086
  printf '%-14s function, without and with, in us: %s   in libFuzzer, in ms: %d %d %+d %%\n' "$target" \
    "$(ASAN_OPTIONS=detect_leaks=0 NOMEM_FUZZ_NOT=$(fenced_of "$1") timeout 120 "$top/$target.overhead" $inputs \
      2>/dev/null)" "$plain" "$nomem" $(((nomem - plain) * 100 / plain))
}

status=0
if [ "$action" = pairs ]; then
  echo "Medians of ${rounds:-5} pairs of $seconds s, without and with:"
  echo '| target | edges | | of its corpus | | inputs | findings | processor s |'
  echo '| --- | --- | --- | --- | --- | --- | --- | --- |'
fi
for target in $targets; do
  case $action in
    build) build_target "$target" ;;
    bugs) find_bugs "$target" ;;
    coverage) compare_coverage "$target" ;;
    speed) measure_speed "$target" ;;
    pairs) compare_pairs "$target" ;;
    *) die "no such action: $action" ;;
  esac
done
exit $status
