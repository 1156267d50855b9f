#!/bin/sh
# SPDX-License-Identifier: MIT
# The JSON reports of explore and suite are as docs/report.schema.json says: it names each of their members, and no report
# has others; a report that is otherwise is refused.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
needs_ptrace
python=/usr/bin/python3
$python -c 'import jsonschema' 2>/dev/null || skip_suite 'no python3 with jsonschema: python3-jsonschema'
schema=$tests/../docs/report.schema.json
valid() { $python "$tests/lib/check_report.py" "$schema" "$@" >seen 2>&1; }

# is_valid NAME OPTION... -- PROGRAM
is_valid() {
  test=$1
  shift
  # shellcheck disable=SC2086 # a list of words
  timeout 300 nomem "$@" --json report.json -- ${program:?} >said 2>&1 </dev/null || :
  if [ -s report.json ] && valid report.json; then pass "$test"; else
    cat said >>seen
    fail "$test" seen
  fi
}

cat >threads.c <<'END'
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
static void *wait(void *block) {
  for (;;) pause();
  return block;
}
int main(void) {
  pthread_t thread;
  void *block = malloc(10);
  if (block != NULL) return free(block), 0;
  void *second = malloc(20);
	if (second == NULL) abort();
  pthread_create(&thread, NULL, wait, NULL);
  for (;;) pause();
}
END
"$cc" -g -pthread -o threads threads.c
program=./threads
is_valid 'a hang with threads, and a second fault' explore -t 1
cp -r "$here"/programs/suite/. .
for name in label add describe several clean nothing skipped failing needs; do "$cc" -g -o $name tests/$name.c shelf.c; done
program='./several x'
is_valid 'findings' explore
is_valid 'a store, and other code under test' explore --store s.db --under-test '*' --strict
is_valid 'excluded findings' explore --baseline s.db
is_valid 'no ptrace' explore --no-trace
is_valid 'nothing found' explore --max-points 1 --faults persistent
printf 'export SHELF=1 API_TOKEN=x\n./several; ./add; ./nothing; ./skipped; ./failing; ./clean <shelf.c; unset HOME; ./label\n' >tests.sh
program='sh tests.sh'
is_valid 'a suite' suite
"$cc" -g --coverage -o several tests/several.c shelf.c
is_valid 'the coverage of a suite' suite --coverage cover
program='./several x'
is_valid 'coverage' explore --coverage cover
program='sh tests.sh'
is_valid 'a suite of which little is explored' suite --tests '^label' --quick
printf 'touch left; ./needs file left; rm left\n' >placed.sh
program='sh placed.sh'
is_valid 'a suite with a test in place' suite

# refuses NAME PROGRAM-OF-PYTHON: what it makes of the last report is not valid.
refuses() {
  $python - "$2" <<'END'
import json, sys
report = json.load(open("report.json"))
exec(sys.argv[1])
json.dump(report, open("other.json", "w"))
END
  if valid other.json; then fail "$1"; elif grep -q '^other.json: ' seen; then pass "$1"; else fail "$1" seen; fi
}
refuses 'a member that the schema does not name' 'report["findings"][0]["more"] = 1'
refuses 'a member that is missing' 'del report["findings"][0]["cause"]'
refuses 'a number in place of a text' 'report["cases"][0]["name"] = 1'
refuses 'another version' 'report["version"] = 3'
finish
