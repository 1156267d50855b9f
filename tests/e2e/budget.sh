#!/bin/sh
# SPDX-License-Identifier: MIT
# What is left out, and why, adds up in the summary, whatever cuts an exploration short. A million allocations are
# scheduled in little memory.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"

cat >many.c <<'EOF'
#include <stdlib.h>
int main(int argc, char **argv) {
  int calls = argc > 1 ? atoi(argv[1]) : 1000;
  void *first = malloc(20);
  if (first == NULL) return 1;
  free(first);
  for (int call = 0; call < calls; call++) {
    void *block = malloc(10);
    if (block == NULL) return 1;
    free(block);
  }
  return 0;
}
EOF
"$cc" -std=gnu11 -g -O0 -fno-builtin -o many many.c
million_kb=65536

# left NAME CALLS PATTERN OPTION...: of so many calls some are left, each reason with how many like the pattern, and the
# others are exercised; the text says the same numbers. The exit status says whether there are any of these.
left() {
  left_name=$1 left_calls=$2 left_pattern=$3
  shift 3
  status=0
  nomem explore --no-store --isolate off --jobs 2 --json many.json "$@" -- ./many $((left_calls - 1)) >seen 2>&1 ||
    status=$?
  came=$(jq -r '.coverage.calls_not_exercised | to_entries | map(select(.value > 0) | "\(.key):\(.value)") | join(" ")' many.json)
  adds_up=$(jq ".coverage | .calls == $left_calls and .calls_exercised + ([.calls_not_exercised[]] | add) == .calls" many.json)
  exercised=$(jq .coverage.calls_exercised many.json)
  wanted_status=0
  [ "$exercised" != 0 ] || wanted_status=2
  echo "(left: $came; wanted: $left_pattern; exit status $status, wanted: $wanted_status)" >>seen
  if echo "$came" | grep -qx "$left_pattern" && [ "$adds_up" = true ] && [ $status -eq $wanted_status ] &&
    grep -q "^exercised .*, $exercised of $left_calls allocation points" seen &&
    { [ -z "$came" ] || grep -q "^not exercised: .*${came##*:} " seen; }; then
    pass "$left_name"
  else
    fail "$left_name" seen
  fi
}

left 'all of it' 301 '' --all --faults transient
left 'what --max-points leaves' 301 'max_points:298' --all --faults transient --max-points 3
left 'what --sites leaves' 301 'site_filter:300' --sites "many\.c:$(grep -n 'malloc(20)' many.c | cut -d: -f1)\$"
left 'what other shards have' 301 'other_shards:[0-9]*' --all --faults transient --shard 1/2
left 'what the time leaves' 301 'budget:[0-9]*' --all --budget 0.001
left 'what is beyond the occurrence classes' 100001 'occurrence_class:9[0-9]*' --faults transient

# What is new comes first: a second line of the library's is tried before the other rows of the test's table.
cat >table.c <<'EOF'
#include <stdlib.h>
#include <string.h>
char *lib_copy(const char *text) {
  char *copy = malloc(strlen(text) + 1);
  return copy == NULL ? NULL : strcpy(copy, text);
}
int lib_sum(int count) {
  int *numbers = malloc(sizeof(int) * (unsigned)count), sum = 0;
  for (int i = 0; i < count; i++) numbers[i] = i;
  for (int i = 0; i < count; i++) sum += numbers[i];
  free(numbers);
  return sum;
}
EOF
cat >test_table.c <<'EOF'
#include <stdlib.h>
char *lib_copy(const char *text);
int lib_sum(int count);
#define ROW(text) do { char *copy = lib_copy(text); if (copy == NULL) return 1; free(copy); } while (0)
int main(void) {
  ROW("one");
  ROW("two");
  ROW("three");
  ROW("four");
  return lib_sum(3) == 3 ? 0 : 1;
}
EOF
"$cc" -std=gnu11 -g -O0 -fno-builtin -o test_table table.c test_table.c
for points in 1 2; do
  nomem explore --no-store --faults transient --max-points $points -- ./test_table >"first$points" 2>&1 || :
done
if ! grep -q '^crash in lib_sum' first1 && grep -q '^crash in lib_sum' first2; then pass 'what is new comes first'; else
  cat first1 first2 >seen
  fail 'what is new comes first' seen
fi

# Where the time is up before some runs were looked at more closely, the report says so. From its fourth run on, the
# program takes longer than there is time.
cat >slow.c <<'EOF'
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
int main(void) {
  int log = open("runs", O_CREAT | O_WRONLY | O_APPEND, 0600);
  if (write(log, "x", 1) != 1) return 2;
  if (lseek(log, 0, SEEK_CUR) > SOON) sleep(4);
  close(log);
  char *block = malloc(10);
  if (block == NULL) return 1;
  free(block);
  return 0;
}
EOF
"$cc" -std=gnu11 -g -O0 -fno-builtin -DSOON=3 -o slow slow.c
"$cc" -std=gnu11 -g -O0 -fno-builtin -DSOON=1000 -o quick slow.c
for program in slow quick; do
  rm -f runs
  nomem explore --no-store --isolate off --engine exec --faults transient --timeout 30 --budget 3 \
    --json $program.json -- ./$program >$program.txt 2>&1 || :
  jq -r '.coverage | "\(.points_tried) of \(.points), \(.closer_looks_cut_short)"' $program.json >>$program.txt
done
if grep -qx '1 of 1, 1' slow.txt && grep -q '^the time was up: 1 run was not made once more' slow.txt &&
  grep -qx '1 of 1, 0' quick.txt && ! grep -q 'the time was up' quick.txt; then
  pass 'what the time is too short to look at is said'
else
  cat slow.txt quick.txt >seen
  fail 'what the time is too short to look at is said' seen
fi

nomem explore --no-store --isolate off --jobs 2 --all --budget 1 -- ./many 1000000 >seen 2>&1 &
peak_kb=0
while kill -0 $! 2>/dev/null; do
  now=$(awk '/^VmHWM:/ { print $2 }' "/proc/$!/status" 2>/dev/null) || :
  peak_kb=${now:-$peak_kb}
  sleep 0.05
done
wait $! || :
echo "(at most $peak_kb kB)" >>seen
if [ "$peak_kb" -gt 1000 ] && [ "$peak_kb" -lt $million_kb ] && grep -q 'of 2000002 points were not tried' seen; then
  pass 'two million points in less than 64 MB'
else
  fail 'two million points in less than 64 MB' seen
fi
finish
