#!/bin/sh
# SPDX-License-Identifier: MIT
# Explorations that are killed, at random moments: nothing is left, the store is whole, and one that goes on comes to the
# same end as one that nobody disturbed.
#
#   tests/kill/run.sh BUILD [--kills N] [--seed N] [--sets 'SET...']
#
# Without --kills, the sample: 10 kills, of some of the explorations. Half of the moments are at the start, where most
# is begun; four of five are kill -9, the others SIGTERM and SIGINT; of five explorations, one is killed three times.
# The same seed makes the same moments. After KILL_SECONDS (1680) none is begun any more, and what is left out is
# skipped, and said.
# shellcheck source-path=SCRIPTDIR
set -eu
case $0 in /*) ;; *) exec "$PWD/$0" "$@" ;; esac # what is sourced looks for itself beside it, from another folder
# shellcheck source-path=SCRIPTDIR source=../e2e/lib/suite.sh
. "$(dirname "$0")/../e2e/lib/suite.sh"
here=$tests/kill
# shellcheck source-path=SCRIPTDIR source=../lib/machine.sh
. "$tests/lib/machine.sh"
shift
kills=10
seed=1
kill_build=$build kill_work=$work
# shellcheck source-path=SCRIPTDIR/lib source=lib/sets.sh
. "$here/lib/sets.sh"
forks='1 2 3 4' fork_options="-j 2"
[ $# -eq 0 ] || { sets="$sets $more_sets" && forks='1 2 3 4 5 6' fork_options="-j 2
--no-trace
--isolate off"; }
while [ $# -ge 2 ]; do
  case $1 in --kills) kills=$2 ;; --seed) seed=$2 ;; --sets) sets=$2 ;; esac
  shift 2
done
needs_ptrace
# shellcheck disable=SC2119
look_at_isolation
[ -z "$no_isolation" ] || sets='fork untraced'

mkdir results runs
"$cc" -std=gnu11 -O1 -o contain "$tests/hostile/contain.c"
"$cc" -std=gnu11 -g -O0 -w -o program "$here/programs/program.c"
printf '#!/bin/sh\n"%s" one\n"%s" two\n' "$work/program" "$work/program" >runner
chmod +x runner
"$cc" -std=gnu11 -O1 -shared -fPIC -o in_spawn.so "$here/lib/in_spawn.c"
kill_end=$(($(date +%s) + ${KILL_SECONDS:-1680}))
export kill_build kill_work kill_end

# What nobody disturbs comes to the same twice, or nothing can be said.
for set in $sets; do
  for time in first second; do
    rm -f store.db
    # shellcheck disable=SC2046 # lists of words
    ./contain -t 120 -o report -- $(command_of "$set") --store store.db --json out.json \
      -- $(words_of "$set") >seen 2>&1 </dev/null
    sed -n 's/^status=//p' report >"$set.status"
    sed -n 's/^time_ms=//p' report >"$set.time_ms"
    summary store.db out.json >"$set.content.$time" 2>&1
  done
  if cmp -s "$set.content.first" "$set.content.second" && [ "$(cat "$set.status")" = 'exit 1' ]; then
    pass "$set: undisturbed, twice the same"
    mv "$set.content.first" "$set.content"
    usable="${usable:-} $set"
  else
    { cat "$set.status" && diff "$set.content.first" "$set.content.second"; } >why || :
    fail "$set: undisturbed, twice the same" why
  fi
done
rm -f /tmp/nomem-kill-file

# The moments, one exploration a line, as one.sh takes them.
for set in ${usable:-}; do echo "$set $(cat "$set.time_ms")"; done | awk -v kills="$kills" -v seed="$seed" '
  { name[NR] = $1; us[NR] = $2 * 1000 }
  function moment(set,   signal, at) {
    signal = rand() < 0.8 ? 9 : rand() < 0.5 ? 15 : 2
    at = rand() < 0.5 ? rand() * 60000 : rand() * us[set] * 1.1
    return signal ":" int(at)
  }
  END {
    srand(seed)
    for (done = 0; NR > 0 && done < kills; id++) {
      set = id % NR + 1
      line = sprintf("%05d %s", id, name[set])
      times = rand() < 0.2 ? 3 : 1
      for (i = 0; i < times && done < kills; i++) { line = line " " moment(set); done++ }
      print line
    }
  }' >todo
nice xargs -L 1 -P "${KILL_JOBS:-2}" "$here/lib/one.sh" <todo || echo '# not all were made'

for set in ${usable:-}; do
  grep " $set " todo >of_set || continue
  count=$(awk '{ count += NF - 2 } END { print count }' of_set)
  while read -r id _; do cat "results/$id" 2>/dev/null || echo "not_ok $id: no result"; done <of_set >came
  if grep -q '^not_ok' came; then
    grep -c '^not_ok' came | sed 's/$/ of them went wrong/' >why
    grep '^not_ok' came >>why
    fail "$set: killed $count times" why
  elif grep -q '^skip' came; then
    skip "$set: killed $count times" "$(grep -c '^skip' came) explorations were not begun: the time was up"
  else
    pass "$set: killed $count times"
  fi
done

# Killed where it has begun a process that does not know yet what it is for: the holder of a view of the files, or one
# that runs are started by.
for at in $forks; do
  echo "$fork_options" >lines
  while read -r options; do
    # shellcheck disable=SC2016,SC2086 # expanded by the inner shell; a list of words
    ./contain -t 60 -o report -- sh -c 'NOMEM_KILL_PID=$$ exec "$@"' sh env NOMEM_KILL_AT=$at LD_PRELOAD="$work/in_spawn.so" \
      "$build/nomem" explore --no-store --engine exec $options -- ./program >seen 2>&1 </dev/null
    if grep -q '^left' report; then
      cat report >>seen
      fail "killed at its fork number $at, $options" seen
    else
      pass "killed at its fork number $at, $options"
    fi
  done <lines
done
finish
