#!/bin/sh
# SPDX-License-Identifier: MIT
# Explores real programs and the test programs of real projects, and prints a table of the results.
#
#   tests/downstream/table.sh BUILD [SUITE...]       suites: programs, those of suites.sh (default: all of them)
#   tests/downstream/table.sh BUILD jansson@newest   the newest that the distribution has (or @sid: of that suite)
#
# Sources are fetched from the distribution and built below BUILD/downstream; each report is kept in
# BUILD/downstream/reports/SUITE/TEST.{txt,json}. docs/found.md says what the findings are, expected/SUITE which of them
# are genuine: what is new or gone is named below the row. Exit status: 0 as expected, 1 not, 2 could not be run.
#
# shellcheck disable=SC1091,SC2034,SC2086,SC2154,SC2317 # suites.sh has the others; lists of words
set -u
# Every run is to be made, none taken from the store of an earlier one.
export NOMEM_STORE=

build=$(cd "${1:?usage: tests/downstream/table.sh BUILD [SUITE...]}" && pwd) || exit 2
here=$(cd "$(dirname "$0")" && pwd)
shift
[ -x "$build/nomem" ] || {
  echo "nomem: no program '$build/nomem': build it first" >&2
  exit 2
}
. "$here/build.sh"
. "$here/suites.sh"
[ $# -gt 0 ] || set -- $all_suites
budget_seconds=${BUDGET_SECONDS:-120} # no run is started after so long, of one suite or program
limit_seconds=$((budget_seconds + 240)) # what has not ended by then, with the suite itself, is interrupted
jobs=${NOMEM_JOBS:-2}
work=$(mktemp -d "${TMPDIR:-/tmp}/nomem-downstream-XXXXXX")
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
export LC_ALL=C NO_COLOR=1
as_user= # what the command is started through
status=0

# run_nomem LABEL COMMAND ARGUMENT...: leaves the report of nomem COMMAND in LABEL.json and LABEL.txt.
run_nomem() {
  label=$1
  command=$2
  shift 2
  timeout -s INT -k 30 "$limit_seconds" $as_user "$build/nomem" "$command" -j "$jobs" --budget "$budget_seconds" --json - \
    "$@" >"$reports/$label.json" 2>"$reports/$label.txt" </dev/null
  [ -s "$reports/$label.json" ] || {
    rm -f "$reports/$label.json"
    printf '  left out: %s: %s\n' "$label" "$(tail -n 1 "$reports/$label.txt" | cut -c1-120)"
  }
}

# explore NAME ARGUMENT...: the arguments are those of nomem explore.
explore() {
  label=$1
  shift
  run_nomem "$label" explore "$@"
}

# explore_in FOLDER ARGUMENT...: the arguments are those of nomem suite.
explore_in() {
  cd "$1" || return
  shift
  run_nomem suite suite "$@"
}

# explore_suite ARGUMENT...: where the project was built.
explore_suite() { explore_in "$built" "$@"; }

# explore_programs NAME: what programs/NAME.sh starts.
explore_programs() { explore_in "$work" -- "$here/programs/$1.sh" "$built" "$source"; }

print_table() { python3 "$here/table.py" "$@" || status=1; }

print_table header
for suite; do
  reports=$top/reports/$suite
  rm -rf "$reports"
  mkdir -p "$reports"
  name=${suite%@*}
  release=${suite#"$name"}
  release=${release#@}
  targets=
  as_user=
  source=-installed
  function=suite_$(echo "$name" | tr -c 'a-z0-9\n' _)
  type "$function" >/dev/null 2>&1 || {
    echo "nomem: no suite '$suite': one of $all_suites" >&2
    exit 2
  }
  if "$function"; then
    version=$(echo "${source##*/}" | sed 's/^[^-]*\(-[a-z][^-]*\)*-//') # after the package's name
    print_table "$suite" "$version" "$reports" "$here/expected/$suite"
  else
    status=2
  fi
done
exit $status
