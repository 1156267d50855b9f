#!/bin/sh
# SPDX-License-Identifier: MIT
# A small library with three planted bugs under each runner and each framework of tests: what docs/suites.md says to
# write finds these three and nothing else, in the tests that have them, and nothing in the library without them; and in
# front of each test it leaves the runner's verdict on the others alone.
#
#   tests/runners/run.sh BUILD [--all | RUNNER...]     without a name those that `make check` has time for
#
# programs/project/ is the library with a test program for each of its functions. Each other folder of programs/ has what
# is added for a runner: its build files, and runner.sh, which sets
#
#   row        the first cell of its row in the table of docs/suites.md, whose commands are run
#   framework  the first cell of its row in the table of frameworks there
#   like       the folder whose files it uses; default: its own
#   needs      programs that must be there
#   header     of the framework that must be there
#   module     of Python that must be there
#   explored   how many tests there are; default: 5, of which 3 have a bug
#   splits     how many there are with --split; default: it cannot be split
#   apart      pattern of what is listed apart, because the framework itself cannot do without memory; default: nothing
#   freeing    the function that a corruption is blamed on; default: items_copy, which frees the block first
#   logs       pattern of the files that the runner itself writes
#   alone      the command without nomem, where the row has none
#   in_check   yes: it is tried without --all
#
# and the functions fetch (default: none), which gets what else is needed into the project; build; tidy (default: none),
# which ends what the runner has left; and results, which prints "NAME VERDICT" of each test from the files out and err.
# shellcheck source-path=SCRIPTDIR/../e2e/lib source=suite.sh
. "$(dirname "$0")/../e2e/lib/suite.sh"
needs_ptrace
programs=$tests/runners/programs
document=$tests/../docs/suites.md
shift
unset MAKEFLAGS MAKELEVEL MFLAGS CFLAGS CXXFLAGS NOMEM_OPTIONS CMOCKA_MESSAGE_OUTPUT || :
unset HARNESS_ACTIVE CTEST_INTERACTIVE_DEBUG_MODE MESON_TEST_ITERATION || :
export HOME="$work/home" CC="$cc" CXX="${CXX:-g++}"
mkdir "$HOME"
limit_seconds=600
tests_with_bugs='copy|describe|label'

# cell NUMBER: the commands in the row's cell of this number, a line each.
# shellcheck disable=SC2016,SC2154 # the quotes are the document's; the row is the runner's
cell() {
  awk -F ' *[|] *' -v row="$row" -v cell="$1" '$2 == row { print $(cell + 2) }' "$document" | grep -o '`[^`]*`' | tr -d '`'
}

# given COMMANDS: runs the lines in the project, up to the first that fails; what they write is in out and err.
given() {
  printf '%s\n' "$1" >commands
  status=0
  (cd project && timeout "$limit_seconds" sh -e ../commands) >out 2>err </dev/null || status=$?
}

# check NAME CONDITION...: what was written is shown when the condition does not hold.
check() {
  check_name="$name: $1"
  shift
  if "$@" >why 2>&1; then pass "$check_name"; else
    { echo "(status $status)" && cat why && tail -n 15 out err; } >seen
    fail "$check_name" seen
  fi
}

# Whether the folder's programs, header and module are there; otherwise says what is missing.
has_needs() {
  for need in $needs; do
    command -v "$need" >/dev/null 2>&1 || { missing="no $need"; return 1; }
  done
  missing="no <$header>"
  [ -z "$header" ] || echo "#include <$header>" | "$CXX" -x c++ -E - >why 2>&1 || return 1
  missing="no $module for Python"
  [ -z "$module" ] || python3 -c "import $module" 2>why
}

# tree: each file of the project with what is in it, but for what the runner writes.
tree() { (cd project && find . -type f | sort | grep -vE "$logs" | xargs -d '\n' sha256sum); }

# As in the reports: what is to blame, and for what.
blamed() {
  jq -r 'def at(place): place.stack[place.culprit].function;
    .findings[] | select(.flaky | not) |
    "\(.verdict) \(if .unchecked then .unchecked.function elif .freed then at(.freed) else at(.blow_up) end)"' report.json |
    sort
}

# suite_finds STATUS BLAMED TESTS SHOWING: so ended the suite, with these findings and no others, shown or left out; so
# many tests were explored, so many of them with findings, and where each is one, none without a bug.
suite_finds() {
  blamed >found
  jq -r '.excluded[] | "not counted: \(.message): \(.exclusion)"' report.json
  jq -r '.cases[] | "\(.result): \(.name) \(.reason // "")"' report.json
  cat found
  [ "$status" = "$1" ] && [ "$(cat found)" = "$2" ] && jq -e --arg apart "$apart" '.complete and
    all(.excluded[]; $apart != "" and (.exclusion | test("^the test|^suppressed by default")) and (.message | test($apart)))' report.json &&
    [ "$(jq '.coverage.cases_explored' report.json)" = "$3" ] &&
    [ "$(jq '[.cases[] | select(.findings > 0)] | length' report.json)" = "$4" ] &&
    { [ "$4" -le 1 ] || ! jq -r '.cases[] | select(.findings > 0) | .name' report.json | grep -viE "$tests_with_bugs"; }
}

# explore_suite COMMANDS
explore_suite() {
  rm -f report.json
  export NOMEM_OPTIONS="--json $PWD/report.json"
  given "$1"
  unset NOMEM_OPTIONS
}

# clean: in the library that was planted with bugs there are none; planted: they are back.
clean() { sed -i '/define PLANTED_H/a #define CLEAN' project/src/planted.h && build_again; }
planted() { sed -i '/define CLEAN/d' project/src/planted.h && build_again; }
build_again() {
  (cd project && build) >built 2>&1 || {
    status=$?
    fail "$name: it is built" built
    return 1
  }
}

# showing: how many of so many tests show a finding.
showing() { if [ "$1" = 1 ]; then echo 1; else echo 3; fi; }

# The one command in front of the whole.
try_suite() {
  suite=$(cell 1)
  [ -n "$suite" ] || return 0
  alone=$(printf '%s\n' "$suite" | sed 's/^nomem suite -- //')
  given "$alone"
  check 'all tests pass without nomem' [ "$status" = 0 ]
  tree >tree.before
  explore_suite "$suite"
  check 'nomem suite finds the three bugs' suite_finds 1 "$three" "$explored" "$(showing "$explored")"
  tree >tree.after
  check 'nothing in the project has changed' diff tree.before tree.after
  try_split 1 "$three" "$(showing "${splits:-1}")"
}

# try_split STATUS BLAMED SHOWING
try_split() {
  [ -n "$splits" ] || return 0
  explore_suite "$(printf '%s\n' "$suite" | sed 's/^nomem suite /&--split /')"
  check "--split makes $splits tests of it, with the same result" suite_finds "$1" "$2" "$splits" "$3"
}

try_suite_on_clean() {
  [ -n "$suite" ] || return 0
  explore_suite "$suite"
  check 'nothing is found in the clean library' suite_finds 0 '' "$explored" 0
  try_split 0 '' 0
}

# without_bugs FILE: the verdicts on the tests that have no bug.
without_bugs() { grep -viE "^($tests_with_bugs)\b" "$1"; }

# is_left_alone STATUS FILTER: the verdicts that FILTER lets through are as without nomem; the runner has ended so.
is_left_alone() {
  "$2" results.alone >wanted
  "$2" results.under >got
  diff wanted got && [ -s wanted ] && if [ "$1" = 0 ]; then [ "$status" = 0 ]; else [ "$status" != 0 ]; fi
}

# Whether all three fail that have a bug.
are_failing() { [ "$(grep -vxFf results.under results.alone | grep -ciE "^($tests_with_bugs)\b")" = 3 ]; }

# In front of each test.
try_in_front() {
  in_front=$(cell 2)
  [ -n "$in_front" ] || return 0
  given "$alone"
  results | sort >results.alone
  given "$in_front"
  results | sort >results.under
  check "in front of each test, nothing is found in the clean library" is_left_alone 0 cat
  planted || return 0
  given "$in_front"
  results | sort >results.under
  check "in front of each test, the verdict on tests without a bug is left alone" is_left_alone 1 without_bugs
  [ "$explored" = 1 ] || check 'and those with one fail' are_failing
}

try() {
  three=$(printf 'corruption %s\ncrash text_copy\nleak text_of_items' "$freeing")
  rm -rf project
  cp -r "$programs/project" project
  cp -r "$programs/$like/." project
  rm project/runner.sh
  fetch >why 2>&1 || {
    skip "$name" "$(tail -n 1 why)"
    return 0
  }
  build_again || return 0
  try_suite
  clean || return 0
  try_suite_on_clean
  try_in_front
}

wanted=" $* "
for folder in "$programs"/*/; do
  name=$(basename "$folder")
  [ -f "$folder/runner.sh" ] || continue
  like=$name framework='' needs='' header='' module='' explored=5 splits='' freeing=items_copy logs='^$' apart='' alone='' in_check=no
  fetch() { :; }
  tidy() { :; }
  # shellcheck source=/dev/null
  . "$folder/runner.sh"
  echo "$row" >>rows
  [ -z "$framework" ] || echo "$framework" >>rows
  case $wanted in
    *" $name "* | ' --all ') ;;
    '  ') [ $in_check = yes ] || { skip "$name" "'make runners' tries it" && continue; } ;;
    *) continue ;;
  esac
  if has_needs; then try && tidy; else skip "$name" "$missing here (tools/setup.sh runners)"; fi
done

# The document says what to write for each, and what it says is tried. libuv's runner is tried by tests/e2e/split.sh.
name=docs/suites.md status=0
true >out 2>err
sed -n '/^| your suite uses/,/^$/p; /^| framework/,/^$/p' "$document" |
  sed -nE "/^\| (your suite uses|framework|---|libuv's runner) \|/d; s/^\| ([^|]*) \|.*/\1/p" | sort -u >documented
sort -u rows >tried
check 'each row of its tables is tried here, and each runner has one' diff documented tried
finish
