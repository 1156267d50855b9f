#!/bin/sh
# SPDX-License-Identifier: MIT
# No findings are no good news where nothing, or little, was tried: an exploration that exercised nothing ends with status
# 2, and one that did not reach much again says so beside the number of findings, in every report.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"

# Allocates in one way in its first COUNT runs, by a file that it leaves, and in another one later.
cat >changes.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int one(void) {
  void *block = malloc(10);
  free(block);
  return block == NULL;
}
static int other(void) {
  void *block = malloc(20);
  free(block);
  return block == NULL;
}
int main(int argc, char **argv) {
  static char buffer[64];
  FILE *file = fopen("count", "a+");
  if (argc < 3 || file == NULL) return 2;
  setvbuf(file, buffer, _IOFBF, sizeof buffer);
  fseek(file, 0, SEEK_END);
  long run = ftell(file);
  fputc('x', file);
  fclose(file);
  int has_failed = 0;
  for (int i = 0; i < 2; i++) has_failed |= run < atoi(argv[1]) ? one() : other();
  for (int i = 0; i < atoi(argv[2]); i++) has_failed |= one();
  return has_failed;
}
END
"$cc" -g -O0 -fno-builtin -o changes changes.c

# explores STATUS PROGRAM...
explores() {
  wanted_status=$1
  shift
  rm -f count
  status=0
  timeout 60 nomem explore --no-store --isolate off --sites '^one$' --all --faults transient --json seen.json \
    --sarif seen.sarif --junit seen.xml --tap seen.tap --html seen.html "$@" >seen 2>&1 || status=$?
  echo "(exit status $status)" >>seen
  [ $status -eq "$wanted_status" ]
}

for options in '' '--no-trace'; do
  # shellcheck disable=SC2086 # a list of words
  if explores 2 $options -- ./changes 2 0 && grep -q '^nomem: nothing was exercised: no run made the call again' seen &&
    jq -e '.complete == false and .coverage.calls_exercised == 0' seen.json >/dev/null &&
    jq -e '.runs[0].invocations[0].executionSuccessful == false' seen.sarif >/dev/null &&
    grep -q '<error message="not complete' seen.xml && grep -q '^Bail out!' seen.tap; then
    pass "nothing exercised $options"
  else
    fail "nothing exercised $options" seen
  fi
done
# Two calls of eight are no more than a quarter, two of seven are.
if explores 0 -- ./changes 2 5 &&
  grep -q '; 0 findings (.* s; but 2 of the 7 calls that were to fail were not reached again)$' seen &&
  jq -e '.complete and .coverage.partial and (.warnings == ["2 of the 7 calls that were to fail were not reached again",
    "what the program writes to files is not compared: its runs are not isolated"])' seen.json >/dev/null &&
  grep -q '2 of the 7 calls' seen.xml && grep -q '^# 2 of the 7 calls' seen.tap &&
  grep -q '2 of the 7 calls' seen.sarif && grep -q '2 of the 7 calls' seen.html; then
  pass 'much not reached'
else
  fail 'much not reached' seen
fi
if explores 0 -- ./changes 2 6 && grep -q '; 0 findings ([0-9.]* s)$' seen &&
  jq -e '.coverage.partial == false and (.warnings | length) == 1' seen.json >/dev/null; then
  pass 'little not reached'
else
  fail 'little not reached' seen
fi
# All of it, always.
if explores 0 -- ./changes 1000 0 && grep -q '^2 runs: 2 reported; 0 findings ([0-9.]* s)$' seen; then
  pass 'all of it reached'
else
  fail 'all of it reached' seen
fi
# A shard without a point has nothing to do.
for shard in 1 2 3 4 5; do
  explores 0 --shard $shard/5 -- ./changes 1000 0 || break
done
if [ $status -eq 0 ]; then pass 'a shard with nothing to do'; else fail 'a shard with nothing to do' seen; fi
finish
