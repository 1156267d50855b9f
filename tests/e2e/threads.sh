#!/bin/sh
# SPDX-License-Identifier: MIT
# Programs with threads: ten explorations in a row have the same findings, by id, verdict, failed call and place,
# although the threads race. Where one thread allocates while it waits for another, the result of failing all later
# calls depends on how many there were: there, only single failures are tried.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
needs_ptrace

rounds=10

# findings FILE: what must not differ. How many runs came to it may, where all later calls fail in all threads.
findings() {
  jq -c '[.findings[] | {id, verdict, flaky, plan: .fault.plan, location, fault: .fault.location}] | sort_by(.id)' "$1"
}

for name in plain pool race; do
  kind=all
  [ $name != race ] || kind=transient
  "$cc" -std=gnu11 -g -O0 -fno-builtin -pthread -o $name "$here/programs/threads_$name.c" -luv
  : >all
  for round in $(seq $rounds); do
    nomem explore --isolate off --jobs 2 --faults $kind --json $name.json -- ./$name >$name.out 2>&1 && echo "round $round found nothing" >>all
    findings $name.json >>all
  done
  if [ "$(sort -u all | wc -l)" = 1 ]; then pass "$name: the same in ten explorations"; else
    sort all | uniq -c >seen
    fail "$name: the same in ten explorations" seen
  fi
  if jq -e 'any(.findings[]; .verdict == "crash" and (.flaky | not) and (.location | startswith("planted ")))' $name.json \
    >seen 2>&1; then pass "$name: the planted bug"; else fail "$name: the planted bug" $name.out; fi
done
finish
