#!/bin/sh
# SPDX-License-Identifier: MIT
# What is lost of a file that a run writes is found, as what is lost of its output; what varies, by-products and failures
# that are mentioned are no findings; whatever lies there, the command ends.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
look_at_isolation
[ -z "$no_isolation" ] || skip_suite "$no_isolation"
needs_ptrace

"$cc" -std=gnu11 -g -O0 -o writing "$here/programs/writing.c"
"$cc" -std=gnu11 -g -O0 -DMENDED -o mended "$here/programs/writing.c"

# finds NAME STATUS PATTERN COMMAND...: ends so, prints a line like the pattern, and leaves the files here as they are.
finds() {
  finds_name=$1 finds_status=$2 finds_pattern=$3
  shift 3
  printf 'old\n' >earlier
  came=0
  timeout -k 1 300 "$@" >seen 2>&1 </dev/null || came=$?
  if [ "$came" = "$finds_status" ] && grep -q -e "$finds_pattern" seen && [ "$(cat earlier)" = old ] &&
    [ ! -e out ]; then pass "$finds_name"; else
    echo "(exit status $came, wanted $finds_status and '$finds_pattern')" >>seen
    fail "$finds_name" seen
  fi
}

# lost WHAT PATTERN [FILE]: it is found by each engine that may run it, and not where it is reported.
lost() {
  lost_file=${3:-%out}
  for engine in exec auto; do
    finds "$1 is lost, by $engine" 1 "$2" nomem explore --strict --engine $engine -- ./writing "$1" "$lost_file"
    finds "$1 is reported, by $engine" 0 '; 0 findings' \
      nomem explore --strict --engine $engine -- ./mended "$1" "$lost_file"
  done
}

lost lines "file '$work/out' lacks line 2 of what it is without the fault, 'licence: two'"
lost stamped "file '$work/out' lacks line 3 of what it is without the fault, 'licence: two'"
lost temporary "file '$work/part-\*' lacks line 2 of what it is without the fault, 'licence: two'"
lost all "file '$work/out' is empty, without the fault it has 10 bytes"
lost nothing "a file is missing, which is there without the fault: '$work/out'"
lost others "a symbolic link is missing, which is there without the fault: '$work/out'"
lost sparse "a file has other content than without the fault: '$work/out'"
lost remove "'$work/earlier' is still there, which is removed without the fault"
lost spoil "'$work/earlier' is changed, which is as it was before without the fault"
lost rename "'$work/earlier' is as it was before, which is changed without the fault" earlier
lost lines "file '$work/earlier' lacks line 3 of what it is without the fault, 'licence: two'" earlier
finds 'it is advice' 0 '^advisory: swallowed' nomem explore -- ./writing lines %out

# Where the arguments name what is missing, there is nothing left of what was asked for.
finds 'an empty file that was asked for' 1 '^mute' nomem explore -- ./writing all out
finds 'a missing one' 1 '^mute' nomem explore -- ./writing nothing out
finds 'not where it is reported' 0 '; 0 findings' nomem explore -- ./mended nothing out
finds 'a part of it is advice' 0 '^advisory: swallowed' nomem explore -- ./writing lines out

for what in log cache touch; do
  finds "no finding: $what" 0 '; 0 findings' nomem explore --strict -- ./writing $what %out
done

finds 'what is not compared is said' 1 'of the 1 file that the program writes, 0 are not compared, 1 in part' \
  nomem explore --strict --json report -- ./writing stamped %out
if grep -q 'of the 1 file that the program writes' report; then pass 'and in each report'; else
  fail 'and in each report' report
fi
status=0
nomem explore --strict --isolate off -- ./writing stamped %away >seen 2>&1 || status=$?
if [ $status = 0 ] && grep -q 'what the program writes to files is not compared: its runs are not isolated' seen; then
  pass 'files of runs that are not isolated are not compared'
else
  fail 'files of runs that are not isolated are not compared' seen
fi
finds 'of a program that writes none nothing is said' 1 '^mute' nomem explore -- "$build/victims/mute_list"
if grep -q 'that the program writes\|to files' seen; then
  fail 'nothing about files' seen
else
  pass 'nothing about files'
fi

# An ordinary user's runs have an overlay for each folder, and files of another owner.
if [ "$(id -u)" = 0 ]; then
  as='setpriv --reuid 4711 --regid 4712 --clear-groups'
  mkdir home home/own
  chown -R 4711:4712 home
  chmod -R a+rX "$work"
  cd home/own
  # shellcheck disable=SC2086 # several words
  look_at_isolation env HOME="$work/home" $as
  if [ -n "$no_isolation" ]; then skip 'an ordinary user' "$no_isolation"; else
    status=0
    # shellcheck disable=SC2086 # several words
    HOME=$work/home timeout -k 1 300 $as nomem explore --strict -- "$work/writing" lines out >"$work/seen" 2>&1 ||
      status=$?
    if [ $status = 1 ] && grep -q "file '$work/home/own/out' lacks line 2" "$work/seen"; then
      pass 'an ordinary user'
    else
      fail 'an ordinary user' "$work/seen"
    fi
  fi
fi

finish
