#!/bin/sh
# SPDX-License-Identifier: MIT
# The rules that --write-suppressions writes leave out the findings that they were written for, and no others.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"

# explored STATUS OPTION... -- PROGRAM...: what is printed is in ./seen.
explored() {
  wanted=$1
  shift
  status=0
  timeout 300 nomem explore --no-store --quiet "$@" >seen 2>&1 || status=$?
  [ "$status" = "$wanted" ] || echo "(status $status, wanted $wanted)" >>seen
  [ "$status" = "$wanted" ]
}

# suppresses_itself NAME PROGRAM...: there are findings, and none when the rules written for them are read.
suppresses_itself() {
  test=$1
  shift
  if explored 1 --write-suppressions rules -- "$@" && grep -q '^[a-z]' rules &&
    explored 0 --strict --suppress rules -- "$@"; then pass "$test"; else
    cat rules >>seen 2>&1 || :
    fail "$test" seen
  fi
}
for victim in crash_second crash_through_freed leak_path abort_terminate corruption_twice; do
  cannot_trace "the rules for $victim" || suppresses_itself "the rules for $victim" "$build/victims/$victim"
done

# Names in which everything stands that means something in a rule.
mkdir hostile
(cd hostile && "$tests/html/hostile.sh")
suppresses_itself 'the rules for functions with blanks in their names' hostile/hostile
cat >odd.c <<'SOURCE'
#include <stdlib.h>
void use(char *volatile *block) __asm__("\"use #1<-main\"");
__attribute__((noinline)) void use(char *volatile *block) {
  *block = malloc(8);
  (*block)[0] = 'a';
}
int main(void) {
  char *volatile block;
  use(&block);
  free(block);
  return 0;
}
SOURCE
cc -g0 -O0 -o odd odd.c
suppresses_itself 'the rules for functions with # and <- in their names' ./odd

# Without symbols: what is to blame has no name but its file's.
cc -g0 -s -o stripped "$tests/victims/crash_write.c"
suppresses_itself 'the rules for a program without symbols' ./stripped

# A bug that comes later, in another function or from another call, is found.
cat >two.c <<'SOURCE'
#include <stdlib.h>
#include <string.h>

static char *volatile kept;

__attribute__((noinline)) static void old(void) {
  kept = malloc(8);
  kept[0] = 'a';
  free(kept);
}

__attribute__((noinline)) static void new_one(void) {
#ifdef NEW
  kept = malloc(9);
  memset(kept, 0, 9);
  free(kept);
#endif
}

int main(void) {
  old();
  new_one();
  return 0;
}
SOURCE
cc -g -O0 -o two two.c
if explored 1 --write-suppressions rules -- ./two && cc -g -O0 -DNEW -o two two.c && explored 1 --suppress rules -- ./two &&
  grep -q '^crash in new_one' seen && ! grep -q '^crash in old' seen; then
  pass 'what is new is found'
else
  cat rules >>seen 2>&1 || :
  fail 'what is new is found' seen
fi

cp rules before
if explored 2 --suppress rules --write-suppressions rules -- ./two && grep -q 'would replace the rules' seen &&
  cmp -s rules before; then
  pass 'rules that are read are not replaced'
else
  fail 'rules that are read are not replaced' seen
fi

cc -g -O0 -o clean "$tests/victims/handled.c"
if explored 0 --write-suppressions rules -- ./clean && ! grep -q '^[^#]' rules; then
  pass 'where nothing was found, there is no rule'
else
  fail 'where nothing was found, there is no rule' seen
fi
finish
