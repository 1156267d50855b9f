#!/bin/sh
# SPDX-License-Identifier: MIT
# The workflows of examples/ci/ are YAML, and what they run works: a first push, one that brings a bug, which is found
# new and fails the job, and one after it. And several machines that divide a suite find what one does: no finding is
# lost, none comes twice, and no run is made by two of them.
#
#   tests/ci/run.sh BUILD
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
tests=$root/tests
build=$(cd "$1" && pwd)
# shellcheck source-path=SCRIPTDIR/../lib source=tap.sh
. "$root/tests/lib/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cd "$work" || exit 1
seen=$work/seen
export PATH="$build:$PATH" NO_COLOR=1 LC_ALL=C
unset NOMEM_STORE MAKEFLAGS MFLAGS MAKELEVEL
python3 -c 'import yaml' 2>/dev/null || skip_suite 'Python has no yaml here'
cc=${CC:-gcc}
# shellcheck source-path=SCRIPTDIR/../lib source=machine.sh
. "$tests/lib/machine.sh"
needs_ptrace
# part FILE WHAT...: of a workflow, as script.py prints it.
part() {
  file=$1
  shift
  python3 "$tests/ci/script.py" "$root/examples/ci/$file" "$@"
}

cat >test_parser.c <<'END'
#include <stdlib.h>
#include <string.h>
static char *copy(const char *text) {
  char *copied = malloc(strlen(text) + 1);
#ifdef MENDED
  if (copied == NULL) exit(3);
#endif
  return strcpy(copied, text);
}
int main(void) { free(copy("text")); return 0; }
END
"$cc" -g -O0 -fno-builtin -DMENDED -o mended test_parser.c
"$cc" -g -O0 -fno-builtin -o broken test_parser.c

# job PROGRAM: what a runner does with it in the current folder, which has the workflow's scripts; its output in $seen.
job() {
  cp "../$1" test_parser
  printf 'check:\n\t./test_parser\n' >Makefile
  rm -rf .nomem nomem-report
  for script in explore new verdict; do
    SUITE="make check" SECONDS_ALL=60 GITHUB_STEP_SUMMARY="$PWD/summary" CI_COMMIT_BRANCH="$branch" \
      CI_DEFAULT_BRANCH=main timeout 300 "$language" -e "$script.sh" >>"$seen" 2>&1 || return 1
  done
}
keep() { rm -rf .nomem-base && cp -r .nomem .nomem-base; }

for host in github gitlab; do
  mkdir $host
  cd $host || exit 1
  : >"$seen"
  if ! part $host.yml env >variables 2>"$seen" || ! grep -q "^SUITE=make check$" variables; then
    fail "$host: is YAML" "$seen"
    cd ..
    continue
  fi
  pass "$host: is YAML"
  if [ $host = github ]; then
    language=bash
    part github.yml step explore >explore.sh
    part github.yml step 'what is new' >new.sh
    part github.yml step 'nothing new is allowed' >verdict.sh
  else
    language='sh'
    part gitlab.yml script 0 >explore.sh
    part gitlab.yml script 1 >new.sh
    part gitlab.yml script 3 >verdict.sh
  fi
  command -v $language >/dev/null 2>&1 || { skip "$host: its scripts" "$language is not installed"; cd ..; continue; }
  branch=main
  if job mended && [ -e .nomem/suite.db ] && [ -e nomem-report/suite.html ]; then pass "$host: the first push"; else
    fail "$host: the first push" "$seen"
  fi
  keep
  branch=topic
  : >"$seen"
  if job mended; then pass "$host: nothing new"; else fail "$host: nothing new" "$seen"; fi
  if job broken; then fail "$host: a new bug fails the job" "$seen"
  elif grep -q '^new *crash\|crash in copy' nomem-report/new.md; then pass "$host: a new bug fails the job"
  else
    cat nomem-report/new.md >>"$seen" 2>/dev/null
    fail "$host: a new bug fails the job" "$seen"
  fi
  keep
  : >"$seen"
  if job broken; then pass "$host: an old bug does not"; else fail "$host: an old bug does not" "$seen"; fi
  cd ..
done

# A suite with three bugs, two of which several tests show.
made() {
  mkdir -p "$1"
  cp -r "$tests"/e2e/programs/suite/. "$1"
  for name in label add describe several clean; do
    "$cc" -g -o "$1/$name" "$1/tests/$name.c" "$1/shelf.c" || return 1
  done
  printf 'check:\n\t./label\n\t./add\n\t./describe\n\t./several x\n\t./clean\n' >"$1/Makefile"
}
# What a report says of its findings, and how many runs were made.
findings() { jq -c '[.findings[] | {id, location, cases, runs}]' "$1"; }
runs() { sqlite3 "$1" 'SELECT count(*) FROM runs'; }

# shards NAME: the folder ./NAME has been explored in three parts, and then joined.
shards() {
  cd "$1" || exit 1
  report=$2
  sum=0
  count=0
  for store in "$3"/*.db; do
    count=$((count + 1))
    sum=$((sum + $(runs "$store")))
  done
  findings "$report" >../found
  findings ../whole/whole.json >../wanted
  cat ../wanted ../found >"$seen"
  if [ "$(jq '.findings | length' "$report")" = 3 ] && cmp -s ../wanted ../found; then
    pass "$1: three machines find what one does"
  else fail "$1: three machines find what one does" "$seen"; fi
  echo "$sum runs of $(runs ../whole/whole.db), $(runs .nomem/suite.db) when joined" >"$seen"
  if [ $count = 3 ] && [ "$sum" = "$(runs ../whole/whole.db)" ] && [ "$sum" = "$(runs .nomem/suite.db)" ]; then
    pass "$1: each run is made once"
  else fail "$1: each run is made once" "$seen"; fi
  cd ..
}

# tried NAME STATUS COMMAND...
tried() {
  test=$1
  wanted=$2
  shift 2
  status=0
  timeout 300 "$@" >"$seen" 2>&1 || status=$?
  [ "$status" = "$wanted" ] && return
  echo "(status $status, wanted $wanted)" >>"$seen"
  fail "$test" "$seen"
}

for tool in jq sqlite3 bash; do
  command -v $tool >/dev/null && continue
  skip 'shards' "there is no $tool here"
  finish
  exit
done
for folder in whole matrix slurm; do made $folder || fail "the project in $folder"; done
(cd whole && tried 'unsharded' 1 nomem suite --store whole.db --json whole.json -- make check)
export SUITE='make check' SHARDS=3
cd matrix || exit 1
part github-shards.yml step explore >explore.sh
part github-shards.yml step join >join.sh
[ "$(part github-shards.yml env | sed -n 's/^SHARDS=//p')" = "$(part github-shards.yml matrix shard | wc -w)" ] ||
  fail 'matrix: as many machines as shards'
for SHARD in $(part github-shards.yml matrix shard); do
  export SHARD
  tried "matrix: machine $SHARD" 0 bash -e explore.sh
done
tried 'matrix: the report' 1 bash -e join.sh
cd ..
shards matrix nomem-report/suite.json shards
unset SHARD SHARDS
cd slurm || exit 1
export SLURM_ARRAY_TASK_COUNT=3
for SLURM_ARRAY_TASK_ID in 1 2 3; do
  export SLURM_ARRAY_TASK_ID
  tried "slurm: task $SLURM_ARRAY_TASK_ID" 0 sh "$root/examples/ci/slurm.sh"
done
tried 'slurm: the report' 1 sh "$root/examples/ci/slurm.sh" join
cd ..
shards slurm .nomem/suite.json .nomem/shards
finish
