# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154 # the variables are fuzz_targets.sh's
# Whether the engine stays behind the target alone: campaigns from nothing with and without it in pairs, started together,
# each on a processor of its own, so that what else the machine does hits both alike. Read by fuzz_targets.sh.

# How each is run: MODE=fork as docs/fuzzing.md says for a campaign that is to go on, MODE=one in one process.
options_of_mode() {
  case ${MODE:-fork} in
    fork) echo "-fork=1 -ignore_crashes=1" ;;
    one) echo "-ignore_crashes=1" ;;
    *) die "no such MODE: $MODE: fork or one" ;;
  esac
}

# The clock that a campaign goes by: CLOCK=wall, or on a busy machine CLOCK=processor, the processor time of all its
# processes, which a control group of its own counts.
make_clock() {
  group=
  [ "${CLOCK:-wall}" = processor ] || return 0
  for hierarchy in /sys/fs/cgroup/cpuacct /sys/fs/cgroup; do
    if mkdir "$hierarchy/nomem-$$-$1" 2>/dev/null; then
      group=$hierarchy/nomem-$$-$1
      break
    fi
  done
  [ -n "$group" ] || die "CLOCK=processor needs a control group that can be made: try it as root"
  counter=$group/cpuacct.usage
  [ -f "$counter" ] || counter=$group/cpu.stat
}

# one_of_pair VARIANT SEED PROCESSOR
one_of_pair() {
  folder=$pair/$1
  mkdir -p "$folder/corpus" "$folder/tmp"
  make_clock "$1"
  # shellcheck disable=SC2046,SC2086
  (
    cd "$folder" || exit
    if [ -n "$group" ]; then
      sh -c 'echo $PPID' >"$group/cgroup.procs"
      export NOMEM_CLOCK_FILE="$counter" LD_PRELOAD="$top/processor_clock.so"
    fi
    TMPDIR=$folder/tmp NOMEM_FUZZ_NOT=$(not_of "$target") timeout $((seconds * 20 + 100)) taskset -c "$3" \
      "$top/$target.$1" $(dictionary_of "$target") $common $(options_of_mode) -seed="$2" -max_total_time="$seconds" \
      "$folder/corpus" >log 2>&1 || :
    times >usage
  )
  [ -z "$group" ] || sleep 1 # the helper ends when its parent has
  [ -z "$group" ] || rmdir "$group" || :
}

# What a target left alone in one process, and what it printed.
figures_of() {
  folder=$pair/$1
  inputs=$(sed -n 's/^#\([0-9]*\)[:	 ].*/\1/p' "$folder/log" | sort -n | tail -1)
  # shellcheck disable=SC2086
  timeout 300 "$top/$target.plain" $common -runs=0 "$folder/corpus" >"$folder/replay" 2>&1 || :
  kept=$(sed -n 's/^#[0-9]*.*cov: \([0-9]*\) .*/\1/p' "$folder/replay" | sort -n | tail -1)
  # libFuzzer prints what its jobs have reached before it has merged the last one's corpus, and does not know of all that
  # only a failed call reaches.
  edges=$({
    echo "${kept:-0}"
    sed -n -e 's/.*cov: \([0-9]*\) .*/\1/p' -e 's/^nomem: edges: \([0-9]*\),.*/\1/p' "$folder/log"
  } | sort -n | tail -1)
  found=$(grep -c . "$folder/$target.nomem.nomem-known" 2>/dev/null || :)
  spared=$(grep -c 'not checked by the harness' "$folder/$target.nomem.nomem-known" 2>/dev/null || :)
  crashes=$(find "$folder" -maxdepth 1 \( -name 'crash-*' -o -name 'leak-*' -o -name 'timeout-*' \) ! -name '*.plan' | wc -l)
  [ "$1" = plain ] || crashes=$((${found:-0} - ${spared:-0}))
  awk -v figures="${edges:-0} ${kept:-0} ${inputs:-0} $crashes" '
    NR == 2 { split($1 "m" $2, part, /[ms]/); printf "%s %d\n", figures, part[1] * 60 + part[2] + part[4] * 60 + part[5] }' \
    "$folder/usage" >"$top/pairs/$target.$1.$round"
}

# median_of VARIANT FIELD
median_of() {
  cut -d' ' -f"$2" "$top/pairs/$target.$1".* | sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'
}

compare_pairs() {
  target=$1 round=0
  mkdir -p "$top/pairs"
  cc -O2 -shared -fPIC "$here/processor_clock.c" -o "$top/processor_clock.so" || die "cannot compile processor_clock.c"
  rm -f "$top/pairs/$target".*
  while [ $round -lt "${rounds:-5}" ]; do
    round=$((round + 1)) pair=$top/pairs/run-$target
    rm -rf "$pair"
    one_of_pair plain $round $((round % 2)) &
    plain_pid=$!
    one_of_pair nomem $round $(((round + 1) % 2))
    wait $plain_pid
    figures_of plain
    figures_of nomem
    cp "$pair/nomem/log" "$top/pairs/$target.log"
  done
  for field in 1 2 3 4 5; do
    plain=$(median_of plain $field) nomem=$(median_of nomem $field)
    echo "$plain $nomem"
  done | paste -sd' ' | awk -v target="$target" -v rounds="$round" -v seconds="$seconds" '
    { printf "| %s | %d, %d | %.3f | %d, %d | %.3f | %d, %d | %d | %d, %d |\n", target, $1, $2, $2 / ($1 ? $1 : 1), $3, $4,
        $4 / ($3 ? $3 : 1), $5, $6, $8, $9, $10 }'
}
