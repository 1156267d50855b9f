#!/bin/sh
# SPDX-License-Identifier: MIT
# What it takes to try a failure: nomem compared with starting the program anew for each allocation, always two at a
# time; and sites compared with points. Medians of rounds that take turns, with the least and the greatest, as ratios to
# the first line.
#
#   bench/explore.sh BUILD [PART...]     parts: programs, passes, time_left, computes, grows, sites, memory, huge
#                                        (default: all)
#
# ROUNDS: of each comparison (default 5). What the lines include:
#
#   nomem explore        the start of the command, two runs without a fault, one fault in each allocation, the verdict
#                        on each, stacks and symbols of what was found, confirming runs and the report; isolated runs
#   exec                 the same, with the program started anew for each run
#   counter              posix_spawn of the program with a preloaded library that counts and fails one call
#                        (bench/naive), and waiting for it: nothing is judged
#   libfiu               the same with libfiu's preloaded libraries instead. libfiu cannot fail the n-th call: each run
#                        fails one of the N, each with the probability 1/N (enable_random, onetime)
#   fiu-run              the same, started by libfiu's own script, as its manual says
#
# The last three fail each of up to 600 allocations; of more they fail every k-th.
set -eu
# Every run is to be made, none taken from the store of an earlier one.
export NOMEM_STORE=
build=$(cd "${1:?usage: bench/explore.sh BUILD [PART...]}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
shift
[ $# -gt 0 ] || set -- programs passes time_left computes grows sites memory huge
rounds=${ROUNDS:-5}
work=$build/bench
compare="$work/compare -n $rounds"
${CC:-gcc} -O2 -shared -fPIC -o "$work/counter.so" "$here/naive/counter.c"
export FIU_CTRL_FIFO=
fiu_libraries=/usr/lib/fiu/fiu_run_preload.so:/usr/lib/fiu/fiu_posix_preload.so

# Prints what an exploration took: milliseconds a run, or seconds in all.
cat >"$work/explored.sh" <<'END'
#!/bin/sh
unit=$1
shift
begin=$(date +%s%N)
out=$("$@" 2>/dev/null) || [ $? -eq 1 ] || exit 2
end=$(date +%s%N)
echo "$out" | awk -v ns=$((end - begin)) -v unit="$unit" \
  '/^[0-9]+ runs?:/ { printf "%.4f\n", unit == "s" ? ns / 1e9 : ns / 1e6 / $1 }'
END
chmod +x "$work/explored.sh"
explore="$build/nomem explore -j 2 --heap off" # which would make one more run of each site, unlike the tools that nomem is compared with
explore_all="$explore --all --faults transient --under-test '*'" # a test's own allocations, too

echo "the lower bound on this machine, us:"
$compare -n 11 -o us "a fork, its end, the wait" "$work/fork 0 4" "the same, and write to 32 pages" "$work/fork 32 4" \
  "posix_spawn of true, the wait" "$work/fork spawn"

allocations() { # COMMAND
  eval "\"$build/nomem\" sites -- $1" | awk '/allocations? at/ { print $1 }'
}

program() { # NAME COMMAND
  calls=$(allocations "$2")
  step=$(((calls + 599) / 600))
  fiu="enable_random name=libc/mm/*,probability=$(awk -v n="$calls" 'BEGIN { print 1 / n }'),onetime"
  echo "$1, $calls allocations, ms a run ($2):"
  # shellcheck disable=SC2086
  $compare -o ms "nomem explore --all" "$work/explored.sh ms $explore_all -- $2" \
    "the same, --engine exec" \
    "$work/explored.sh ms $explore_all --engine exec --max-points 600 -- $2" \
    "counter and posix_spawn" "$work/naive $work/counter.so 2 1 $calls $step $2" \
    "libfiu and posix_spawn" "FIU_ENABLE='$fiu' $work/naive $fiu_libraries 2 1 $calls $step $2" \
    "fiu-run" "$work/naive '' 2 1 $calls $((step * 4)) fiu-run -x -f '' -c '$fiu' $2"
}

# each_program FUNCTION: FUNCTION NAME COMMAND of each.
each_program() {
  # jansson has no program of its own: one of its tests, built from the distribution's source.
  downstream=$here/../tests/downstream
  # shellcheck source-path=SCRIPTDIR/../tests/downstream source=build.sh
  . "$here/../tests/downstream/build.sh"
  if build_cmake jansson . -DJANSSON_BUILD_SHARED_LIBS=ON -DJANSSON_BUILD_DOCS=OFF; then
    "$1" jansson "$built/bin/test_pack"
  fi
  echo 'local t = {} for i = 1, 200 do t[i] = { name = "word" .. i } end print(#t)' >"$work/small.lua"
  awk 'BEGIN {
    print "<r>"
    for (i = 0; i < 200; i++) printf "<a%d id=\"%d\"><b>t%d</b></a%d>", i, i, i, i
    print "</r>"
  }' >"$work/small.xml"
  printf '%s\n' 'create table t(a integer primary key, b text);' "insert into t(b) values('x'),('yy'),('zzz');" \
    'create index i on t(b); select group_concat(b), count(*) from t where b > 1 order by b;' >"$work/small.sql"
  "$1" lua "lua5.4 $work/small.lua"
  "$1" xmllint "xmllint --noout $work/small.xml"
  "$1" sqlite3 "sqlite3 -batch :memory: '.read $work/small.sql'"
  "$1" expat "xmlwf $work/small.xml"
  "$1" jq "jq -n 1"
  "$1" git "git hash-object $work/small.xml"
}

programs() { each_program program; }

# What each pass of an exploration by default settings costs: the runs that it makes, and its part of the time.
passes_of() { # NAME COMMAND
  rm -f "$work"/passes-*.json
  for round in $(seq "$rounds"); do
    eval "\"$build/nomem\" explore -j 2 -q --json \"$work/passes-$round.json\" -- $2" >/dev/null 2>&1 || [ $? -eq 1 ] || exit 2
  done
  echo "$1, passes of an exploration, medians of $rounds:"
  jq -rs 'def median: sort | .[length / 2 | floor];
    def tenths: . * 10 | round / 10;
    (map([.passes[].seconds] | add) | median) as $all | . as $reports |
    [.[].passes[].pass] | unique_by(.) | .[] | . as $name |
    [$reports[].passes[] | select(.pass == $name)] |
    "  \($name): \(map(.runs) | median) runs, \(map(.seconds / .runs * 1000) | median | tenths) ms each, " +
    "\(map(.seconds) | median / $all * 100 | tenths) % of the time"' "$work"/passes-*.json
  $compare -o s "$1, all rules" "$work/explored.sh s $build/nomem explore -j 2 -- $2" \
    "--heap off" "$work/explored.sh s $build/nomem explore -j 2 --heap off -- $2" \
    "--leaks off" "$work/explored.sh s $build/nomem explore -j 2 --leaks off -- $2" \
    "both" "$work/explored.sh s $build/nomem explore -j 2 --heap off --leaks off -- $2"
}

passes() { each_program passes_of; }

# Whether the time left that is shown is right within a factor of two after the first tenth of the time.
time_left_of() { # NAME COMMAND
  eval "python3 \"$here/time_left.py\" \"$1\" \"$build/nomem\" explore -j 2 --all -- $2"
}

time_left() { each_program time_left_of; }

computes() {
  echo "a test that computes for 100 ms, 1000 allocations, ms a run:"
  $compare -o ms "nomem explore --all" "$work/explored.sh ms $explore_all -- $work/steps 1000 100" \
    "counter and posix_spawn" "$work/naive $work/counter.so 2 1 1000 10 $work/steps 1000 100"
}

# The counter's seconds are those of a sample, evenly spread, times as many.
grows() {
  echo "10 us of work for each allocation, seconds in all: linear against quadratic"
  for calls in 1000 10000 60000; do
    echo " $calls allocations:"
    sample=$work/naive\ $work/counter.so\ 2\ 1\ $calls\ $((calls / 50))\ $work/steps\ $calls\ $((calls / 100))
    $compare -o s "nomem explore --all" "$work/explored.sh s $explore_all -- $work/steps $calls $((calls / 100))" \
      "counter and posix_spawn" "$sample | awk '{ print \$1 * $calls / 1000 }'"
  done
}

runs() { jq '[.verdicts[].runs] | add' "$1"; }

# Whether the occurrence classes of each site find what all single allocations do, and how long both take.
compare_sites() { # NAME COMMAND...
  name=$1
  shift
  for all in '' --all; do
    # shellcheck disable=SC2086 # none or one
    $explore $all -q --json "$work/report$all.json" -- "$@" >/dev/null 2>&1 || [ $? -eq 1 ] || exit 2
    jq -r '.findings[].id' "$work/report$all.json" | sort >"$work/ids$all"
  done
  if ! cmp "$work/ids" "$work/ids--all" >&2 || [ ! -s "$work/ids" ]; then
    echo "bench/explore.sh: $name: not the same findings as with --all, or none" >&2
    exit 2
  fi
  echo "$name: $(jq .baseline.allocations "$work/report.json") allocations at" \
    "$(jq .coverage.sites "$work/report.json") sites, $(runs "$work/report.json") runs and $(runs "$work/report--all.json") with --all," \
    "the same findings ($(wc -l <"$work/ids")); seconds:"
  $compare -o s "nomem explore" "$work/explored.sh s $explore -- $*" \
    "nomem explore --all" "$work/explored.sh s $explore --all -- $*"
}

# Occurrence classes find what shows at the first, second, 4th, 8th ... or last call of a site, not what shows only at
# the 37th.
sites() {
  echo "sites instead of points, where a program allocates often at few sites:"
  printf '%s\n' 'for (i = 0; i < 2000; i++) a = a + i * 2' a >"$work/loop.bc"
  compare_sites "bc in a loop" bc -l "$work/loop.bc"
  compare_sites "five planted bugs" "$work/planted" 3000
}

# The peak of the command's own memory, with a schedule that the time limit cuts off.
peak_of() {
  "$build/nomem" explore -j 2 --all --budget 3 "$@" -- "$work/steps" 1000000 0 >/dev/null 2>&1 &
  peak=0
  while kill -0 $! 2>/dev/null; do
    now=$(awk '/^VmHWM:/ { print $2 }' "/proc/$!/status" 2>/dev/null) || :
    peak=${now:-$peak}
    sleep 0.05
  done
  wait $! || :
  echo "$peak" | awk '{ printf "%.1f\n", $1 / 1024 }'
}

memory() {
  echo "memory of the command, a program of a million allocations, MB:"
  rm -f "$work/memory.db"
  echo "  a million points: $(peak_of --faults transient)"
  echo "  two million, each call once and for good: $(peak_of)"
  echo "  the same, kept in the store: $(peak_of --store "$work/memory.db")"
  rm -f "$work/memory.db"
}

# From a certain size on, a process has its memory in huge pages.
huge() {
  echo "a fork that writes to 50 pages, its end and the wait for it, us:"
  for megabytes in 8 32 500; do
    $compare -o us "of $megabytes MB" "$work/fork 50 $megabytes" "in huge pages" "$work/fork 50 $megabytes huge"
  done
}

for part; do
  case $part in
    programs | passes | time_left | computes | grows | sites | memory | huge) $part ;;
    *)
      echo "nomem: no part '$part': programs, passes, time_left, computes, grows, sites, memory or huge" >&2
      exit 2 ;;
  esac
done
