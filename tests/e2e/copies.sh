#!/bin/sh
# SPDX-License-Identifier: MIT
# What a forked copy of a program does not have, or has in common with its parent, is seen: such a program is explored by
# an engine in whose runs it does not notice.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
# shellcheck source-path=SCRIPTDIR source=lib/compare.sh
. "$here/lib/compare.sh"
needs_ptrace

"$cc" -std=gnu11 -g -o copies "$here/programs/copies.c"

# kept_from ENGINE WHAT REASON: this engine is not used for the program, for this reason; and nothing is taken for a
# copy.
kept_from() {
  status=0
  timeout 60 nomem explore --no-store -v --heap off --isolate off --engine "$1" -- ./copies "$2" >seen 2>&1 ||
    status=$?
  if [ $status -eq 2 ] && grep -q "engine $1 is not safe for this program: $3" seen; then
    pass "$2: kept from $1"
  elif [ $status -eq 0 ] && grep -q "engines: [0-9]* runs by exec (none faster: $3)" seen; then
    pass "$2: not run by $1"
  else
    fail "$2: kept from $1" seen
  fi
}

# It is found out without an engine, too: by auto no run ends as a copy.
right() {
  if timeout 60 nomem explore --no-store -v --heap off -- ./copies "$1" >seen 2>&1 && ! grep -q '(exit 5' seen &&
    ! grep -q unreached seen; then
    pass "$1: no run is a copy"
  else
    fail "$1: no run is a copy" seen
  fi
}

for engine in snapshot fork; do
  kept_from $engine unforked 'it has memory that a fork does not get'
  kept_from $engine wiped 'it has memory that a fork does not get'
  kept_from $engine mount "it changes mounts, namespaces or the host's name"
done
kept_from snapshot shared 'it shares memory that it writes'
kept_from snapshot pending 'it sends signals, or asks for some'
kept_from snapshot signal 'it sends signals, or asks for some'
kept_from snapshot parent 'it sends signals, or asks for some'
kept_from snapshot lock 'it locks files'
kept_from snapshot alarm 'it sets timers'
kept_from fork before-shared 'memory is shared before main()'
kept_from fork before-pending 'a signal is pending before main()'
kept_from fork before-alarm 'a timer is set before main()'
if ./copies before-timer && [ -r /proc/self/timers ]; then
  kept_from fork before-timer 'a timer is set before main()'
else
  skip 'before-timer: kept from fork' 'the kernel does not list timers'
fi
for mode in unforked wiped mount shared pending signal parent lock alarm before-shared before-pending before-alarm; do
  right $mode
done

# Its twin, which does none of that, is explored by any.
for engine in snapshot fork; do
  if timeout 60 nomem explore --no-store -v --heap off --engine $engine -- ./copies none >seen 2>&1 &&
    grep -q "runs by $engine" seen && ! grep -q 'none faster' seen; then
    pass "none: run by $engine"
  else
    fail "none: run by $engine" seen
  fi
done

# A copy of the environment has as many variables in a fork as in what is started anew: both allocate as often.
cat >environment.c <<'END'
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
extern char **environ;
int main(void) {
  for (char **entry = environ; *entry != NULL; entry++) {
    char *copy = strdup(*entry);
    if (copy == NULL) _exit(1);
    free(copy);
  }
  return 0;
}
END
"$cc" -g -o environment environment.c
same environment --isolate off -- ./environment
for engine in snapshot fork; do
  if timeout 60 nomem explore --no-store -v --heap off --isolate off --engine $engine -- ./environment >seen 2>&1 &&
    grep -q "runs by $engine" seen && ! grep -q 'none faster' seen; then
    pass "environment: run by $engine"
  else
    fail "environment: run by $engine" seen
  fi
done

# What is rehearsed in a fork, and does not allocate as the baseline did, is not explored by forks, although it ends as
# the baseline did.
cat >parent.c <<'END'
#include <stdlib.h>
#include <unistd.h>
static pid_t before;
__attribute__((constructor)) static void begin(void) { before = getpid(); }
int main(void) {
  for (int i = getpid() == before ? 0 : 3; i < 5; i++) {
    void *block = malloc(10);
    if (block == NULL) return 1;
    free(block);
  }
  return 0;
}
END
"$cc" -g -o parent parent.c
if timeout 60 nomem explore --no-store -v --heap off --engine fork -- ./parent >seen 2>&1 &&
  grep -q "runs by exec (none faster: a fork before main() makes other allocations)" seen && ! grep -q unreached seen; then
  pass 'a fork that allocates otherwise is found out'
else
  fail 'a fork that allocates otherwise is found out' seen
fi
finish
