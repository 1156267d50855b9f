#!/bin/sh
# SPDX-License-Identifier: MIT
# The command among unusual programs: it ends, says what it found, and leaves nothing behind.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
# shellcheck source-path=SCRIPTDIR source=lib/left_behind.sh
. "$here/lib/left_behind.sh"

"$cc" -std=gnu11 -g -O0 -pthread -o behave "$here/programs/behave.c"

# What hangs is waited for as long, and a busy machine needs no longer for what does not.
hang_seconds=1

# ends NAME STATUS PATTERN COMMAND...: ends with the status, prints a line like the pattern, and leaves nothing.
ends() {
  ends_name=$1
  ends_status=$2
  ends_pattern=$3
  shift 3
  status=0
  timeout -k 1 300 "$@" >seen 2>&1 </dev/null || status=$?
  if [ "$status" = "$ends_status" ] && grep -q -e "$ends_pattern" seen && is_clean; then pass "$ends_name"; else
    echo "(exit status $status, wanted $ends_status and '$ends_pattern')" >>seen
    fail "$ends_name" seen
  fi
}

for trace in '' --no-trace; do
  ends "daemons $trace" 0 '; 0 findings' nomem explore $trace -- ./behave daemons
  ends "run, daemons $trace" 1 '1 of [0-9]* allocation' nomem run $trace --fail nth=1 -- ./behave daemons
  ends "a program that ignores signals and hangs $trace" 1 '^hang in ' \
    nomem explore $trace --timeout $hang_seconds --faults transient -- ./behave stubborn
  ends "a program that stops itself $trace" 0 '; 0 findings' nomem explore $trace -- ./behave stops
  ends "a thread that executes $trace" 0 '; 0 findings' nomem explore $trace -- ./behave thread-executes
  ends "much output $trace" 0 '; 0 findings' nomem explore $trace -- ./behave huge-output
done
ends 'children that fork to the end' 0 '; 0 findings' \
  nomem explore --engine exec --all --faults transient -- ./behave forkers
ends 'more memory than is looked at' 0 ' handled; 0 findings (' nomem explore -- ./behave vast
ends 'output without end' 1 '^flood in .*: writes more than 64 MiB' nomem explore --timeout 20 --faults transient -- ./behave endless-output
rm -f flaky-mark
ends 'a flaky baseline' 2 'nomem: without any fault the program ' nomem explore -- ./behave flaky
cannot_trace 'a baseline that fails at times' || ends 'a baseline that fails at times' 2 \
  'exits with 5, but passes at times: a flaky test' nomem explore --isolate off -- ./behave fails-at-times
ends 'a baseline that takes too long' 2 'runs longer than' nomem explore --timeout 0.5 -- ./behave slow
ends 'run, time is up' 137 'still running when its time was up' \
  nomem run --timeout $hang_seconds --fail nth=1 -- ./behave hang
ends 'a launcher only' 2 'only .*sh' nomem explore -- /bin/sh -c true
ends 'a launcher that starts the program' 0 '; 0 findings' nomem explore -- /bin/sh -c './behave touch'
cp behave another
printf '#!/bin/sh\nsort script | grep -q nothing\n./behave crash-then-hang\n' >script
chmod +x script
ends "the system's programs beside one's own" 1 '^  reproduce: .* --image behave -- ./script$' \
  nomem explore --timeout $hang_seconds --faults transient -- ./script
ends 'and are said to be left alone' 1 '^nomem: not explored: \(sort, grep\|grep, sort\) of the system, beside behave ' \
  nomem explore --timeout $hang_seconds --faults transient -- ./script
ends 'unless they are named' 0 '^nomem: .*/sort: ' nomem explore --max-points 2 --image sort -- ./script
ends 'two programs are both named, once' 0 '^nomem: behave and another:' \
  nomem explore -- /bin/sh -c './behave touch; ./another touch; ./another touch'
printf '#!/bin/sh\n./behave crash-then-hang\n' >script
chmod +x script
cannot_trace 'a script that starts the program' || ends 'a script that starts the program' 1 '^crash in crash_then_hang' \
  nomem explore --timeout $hang_seconds --faults transient -- ./script

# What runs of the programs of this suite, beside the command.
running() { left_behind | grep -c process; }

# interrupted NAME SIGNAL STATUS WHAT [OPTION...]: the signal comes when the first crash was found, or when the first
# run hangs.
interrupted() {
  interrupted_name=$1
  signal=$2
  wanted=$3
  what=$4
  shift 4
  nomem explore --verbose --timeout 50 "$@" -- ./behave "$what" >seen 2>seen.err </dev/null &
  nomem=$!
  tries=0
  while [ $tries -lt 600 ]; do
    tries=$((tries + 1))
    sleep 0.1
    case $what in
      crash-*hang) grep -q ': crash (' seen.err || continue ;;
    esac
    [ "$(running)" -gt 1 ] && [ $tries -gt 3 ] && break
  done
  kill -"$signal" $nomem || :
  status=0
  wait $nomem || status=$?
  cat seen.err >>seen
  if [ $status = "$wanted" ] && is_clean && { [ "$signal" = KILL ] || grep -q '^interrupted: ' seen; } &&
    { [ "$wanted" != 1 ] || { grep -q '^crash in crash_then_hang' seen && ! grep -q 'not seen a second time' seen; }; }; then
    pass "$interrupted_name"
  else
    echo "(exit status $status, wanted $wanted)" >>seen
    fail "$interrupted_name" seen
  fi
}
for trace in '' --no-trace; do
  interrupted "SIGINT, with a finding $trace" INT 1 crash-then-hang $trace
  interrupted "SIGTERM, with a finding $trace" TERM 1 crash-then-hang --jobs 2 $trace
  interrupted "SIGINT, without a finding $trace" INT 2 hang $trace
  interrupted "the command is killed $trace" KILL 137 hang $trace
done

# What was found before is confirmed all the same: a crash that does not come again is not reported as one.
rm -f crash-mark
interrupted 'SIGINT, with a finding that is flaky' INT 2 crash-once-then-hang --isolate off --engine exec
grep -q 'flaky' seen && ! grep -q '^crash in' seen && flaky=yes || flaky=no
if [ "$flaky" = yes ]; then pass 'and it is said to be flaky'; else fail 'and it is said to be flaky' seen; fi

# Whoever makes the runs, and whether or not they are isolated, nothing is left, however the command ends.
for isolate in off on; do
  look_at_isolation
  for engine in exec fork snapshot; do
    if [ $isolate = on ] && [ -n "$no_isolation" ]; then
      skip "isolated, by $engine" "$no_isolation"
      continue
    fi
    if [ $engine != exec ] && cannot_trace "by $engine, --isolate $isolate"; then continue; fi
    how="--engine $engine --isolate $isolate --jobs 2"
    # shellcheck disable=SC2086 # options
    {
      ends "nothing found, $how" 0 "^engines: .* by $engine" nomem explore -v $how -- ./behave touch
      ends "a crash, $how" 1 '^crash in crash_then_hang' \
        nomem explore $how --max-points 1 -- ./behave crash-then-hang
      ends "the baseline fails, $how" 2 'without any fault' nomem explore $how -- ./behave fails
      interrupted "SIGINT, $how" INT 1 crash-then-hang $how
      interrupted "SIGTERM, $how" TERM 1 crash-then-hang $how
      interrupted "SIGKILL, $how" KILL 137 crash-then-hang $how
    }
  done
done

# A report that nobody reads holds nobody up: one signal has it ten seconds to be written, a second ends the command.
mkfifo report
# shellcheck disable=SC2217 # it keeps the pipe open
sleep 60 <report &
reader=$!
exec 3>report
head -c 60000 /dev/zero >&3 # nearly all that a pipe holds
nomem explore --max-points 1 --html - -- ./behave touch >&3 2>seen </dev/null 3>&- &
nomem=$!
exec 3>&-
tries=0
until grep -q '0 findings' seen || [ $tries -eq 600 ]; do
  tries=$((tries + 1))
  sleep 0.1
done
sleep 0.5
kill -TERM $nomem
sleep 0.2
kill -TERM $nomem
status=0
wait $nomem || status=$?
kill $reader
if [ $status -eq 143 ]; then pass 'a report that nobody reads'; else
  echo "(exit status $status after $tries)" >>seen
  fail 'a report that nobody reads' seen
fi

finish
