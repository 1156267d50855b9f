#!/bin/sh
# SPDX-License-Identifier: MIT
# Site keys are the same wherever and however often a program runs, differ for different stacks, and are never wrong for
# a stack that was remembered.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"

programs=$here/programs

# Of the last run that was verified.
most_are_hits() {
  # shellcheck disable=SC2016 # the words are awk's
  awk -F= '/^hits=/ { hits = $2 } /^misses=/ { misses = $2 } END { print (hits > misses ? "yes" : "no") }' verified
}

# Stacks made to be mistaken for one another.
for compiler in "$cc" "$clang"; do
  for level in 0 1 2 3; do
    "$compiler" -std=gnu11 -g -O$level -o frames "$programs/frames.c"
    expect "no remembered stack is wrong: $compiler -O$level" 'status=0 mismatches=0 lost=0 site_calls=6732' \
      ./probe -v -- ./frames
    cp seen verified
    expect "and most were remembered: $compiler -O$level" yes most_are_hits
  done
  "$compiler" -std=gnu11 -g -O2 -fomit-frame-pointer -mavx2 -mstackrealign -o frames "$programs/frames.c"
  expect "no remembered stack is wrong: $compiler, aligned frames" 'status=0 mismatches=0' ./probe -v -- ./frames
done

# Real programs. Most of their allocations must be found without an unwind: that is what the memory is for.
awk 'BEGIN { print "<r>"; for (i = 0; i < 300; i++) printf "<a id=\"%d\"><b>t%d</b></a>", i, i; print "</r>" }' >in.xml
awk 'BEGIN { print "["; for (i = 0; i < 300; i++) printf "%s{\"id\":%d}", i ? "," : "", i; print "]" }' >in.json
real() {
  real_name=$1
  command -v "$1" >/dev/null 2>&1 || return 0
  expect "no remembered stack is wrong: $real_name" 'status=0 mismatches=0 lost=0' ./probe -v -i '*' -- "$@"
  cp seen verified
  expect "most stacks are remembered: $real_name" yes most_are_hits
}
real lua5.4 -e 'local t = {} for i = 1, 2000 do t[i] = {tostring(i)} end
  table.sort(t, function(a, b) return a[1] < b[1] end)'
real xmllint --noout in.xml
real jq 'map(.id) | add' in.json
real sqlite3 :memory: 'create table t(a, b); with recursive c(x) as (select 1 union all select x+1 from c where x < 500)
  insert into t select x, hex(x) from c; select count(*) from t where b like "3%" group by a % 7;'
real /usr/bin/python3 -S -c 'import json; json.loads(json.dumps([{"a": i} for i in range(300)]))'

# Six callers of two functions, one of them by as many stacks as it recurses.
"$cc" -std=gnu11 -g -O0 -o frames "$programs/frames.c"
"$cc" -std=gnu11 -g -O0 -pthread -o processes "$programs/processes.c"
expect 'different stacks have different keys' 'sites=16' ./probe -k -- ./frames
cp seen verified
expect 'and as many calls as the program made' 10 grep -c ':561:' verified
expect 'the same stack in many processes has one key' 'sites=1' ./probe -k -- ./processes spawn

# The same keys, whatever does not change the code.
keys() { "$work/probe" -k "$@" 2>/dev/null | grep '^key='; }
same_keys() {
  same_name=$1
  shift
  keys "$@" >keys.now
  if cmp -s keys.expected keys.now; then pass "$same_name"; else
    diff keys.expected keys.now >seen || :
    fail "$same_name" seen
  fi
}
"$cc" -std=gnu11 -g -O2 -o frames "$programs/frames.c"
mkdir -p stripped other
strip -o stripped/frames frames
keys -- ./frames >keys.expected
same_keys 'the same keys without debug information' -- stripped/frames
for run in 1 2 3 4 5 6 7 8 9 10; do same_keys "the same keys under address randomisation, run $run" -a -- ./frames; done
(cd other && "$work/probe" -k -- ../frames 2>/dev/null | grep '^key=') >keys.other
expect 'the same keys from another folder' yes sh -c 'cmp keys.expected keys.other && echo yes'
keys -- lua5.4 -e 'print(1)' >keys.expected
for run in 1 2 3; do same_keys "the same keys of lua5.4, run $run" -a -- lua5.4 -e 'print(1)'; done
"$cc" -std=gnu11 -g -O0 -pthread -o threads "$programs/threads.c"
keys -- ./threads 8 500 >keys.expected
for run in 1 2 3 4 5; do same_keys "the same keys under any order of threads, run $run" -a -- ./threads 8 500; done

finish
