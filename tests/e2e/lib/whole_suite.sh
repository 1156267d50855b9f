# SPDX-License-Identifier: MIT
# What the suites about nomem suite share; sourced after suite.sh.
# shellcheck shell=sh disable=SC2154 # what is used here is set there

# project FOLDER [OPTION...]: makes $programs of the planted project there, compiled with these options.
project() {
  mkdir -p "$1"
  cp -r "$here"/programs/suite/. "$1"
  made=$1
  shift
  for name in $programs; do "$cc" -g "$@" -o "$made/$name" "$made/tests/$name.c" "$made/shelf.c"; done
}

# suite FOLDER STATUS ARGUMENT...: leaves the report in ./seen and ./seen.json.
suite() {
  in=$1
  wanted=$2
  shift 2
  status=0
  (cd "$in" && timeout 300 nomem suite --json "$work/seen.json" "$@") >seen 2>&1 </dev/null || status=$?
  [ "$status" = "$wanted" ] || echo "(status $status, wanted $wanted)" >>seen
  [ "$status" = "$wanted" ]
}

# says LINE...: each is in the report.
says() {
  for line; do
    grep -qF -e "$line" seen || { echo "(missing: $line)" >>seen && return 1; }
  done
}

# check NAME COMMAND...: passes when the command succeeds, which leaves its report in ./seen.
check() {
  name=$1
  shift
  if "$@"; then pass "$name"; else fail "$name" seen; fi
}

# reproduces: the line to paste of what was found last in ./bad does.
reproduces() {
  line=$(sed -n 's/^  reproduce: //p' seen)
  (cd bad && eval "$line") >again 2>&1 </dev/null || :
  grep -q 'SIGSEGV' again || { echo "(does not reproduce: $line)" >>seen && return 1; }
}
