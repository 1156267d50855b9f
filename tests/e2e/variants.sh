#!/bin/sh
# SPDX-License-Identifier: MIT
# nomem suite: what a suite starts twice by the same words, in another environment each, are two tests, alone and in
# place, and in a store; a program that its user may execute and not read is named.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
# shellcheck source-path=SCRIPTDIR source=lib/whole_suite.sh
. "$here/lib/whole_suite.sh"
needs_ptrace

mkdir modes
cat >modes/t.c <<'CODE'
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int work(int is_loose) {
  volatile char *p = malloc(30);
  if (p == NULL && !is_loose) return 2;
  p[0] = 1;
  free((char *)p);
  return 0;
}
int main(int count, char **words) {
  const char *mode = getenv("MODE");
  if (count > 1 && access(words[1], F_OK) != 0) return 3;
  return work(mode != NULL && strcmp(mode, "loose") == 0);
}
CODE
"$cc" -g -O1 -o modes/t modes/t.c

# finds_loose NAME LINE ARGUMENT...: only the test with MODE=loose shows the bug.
finds_loose() {
  test=$1
  line=$2
  shift 2
  if suite modes 1 "$@" && says 'shown by: t' "$line" '1 test shows it' && grep -q 'shown by: t.*(MODE=loose)$' seen &&
    grep -q 'reproduce: env .*MODE=loose.* nomem run' seen; then
    pass "$test"
  else
    fail "$test" seen
  fi
}

cat >modes/run <<'SCRIPT'
MODE=strict PORT=1 ./t && PORT=2 MODE=loose ./t && ./t && PORT=3 ./t
SCRIPT
finds_loose 'the same words in three environments' '3 tests explored, 1 finding by cause' -- sh run
# The same calls fail in all of them, and what one did is not known of another.
finds_loose 'in a store' '3 tests explored, 1 finding by cause' --store s.db -- sh run
finds_loose 'in a store, once more' '3 tests explored, 1 finding by cause' --store s.db -- sh run

cat >modes/once <<'SCRIPT'
touch here && MODE=strict ./t here && MODE=loose ./t here && rm here
SCRIPT
finds_loose 'in place' '2 tests explored (2 in place), 1 finding by cause' -- sh once

# The bug is mended where MODE is loose, too.
sed 's/ && !is_loose//' modes/t.c >modes/mended.c
"$cc" -g -O1 -o modes/t modes/mended.c
if suite modes 0 -- sh run && says '3 tests explored, 0 findings by cause'; then pass 'mended'; else fail 'mended' seen; fi

# A folder and programs that somebody else may use.
chmod 755 "$work"
mkdir others
cp modes/t others/readable
cp modes/t others/unreadable
chmod 111 others/unreadable
echo './readable && ./unreadable' >others/run
as_user=
[ "$(id -u)" = 0 ] && as_user='setpriv --reuid=65534 --regid=65534 --clear-groups'
test='a program that cannot be read is named'
# shellcheck disable=SC2086 # words
if [ -n "$as_user" ] && ! $as_user test -x "$build/nomem" 2>/dev/null; then
  skip "$test" 'no other user can use this build'
elif (cd others && $as_user timeout 300 nomem suite -- sh run) >seen 2>&1; then
  if says 'not explored: unreadable: its arguments or its environment' '1 test explored, 0 findings' 'not complete'; then
    pass "$test"
  else
    fail "$test" seen
  fi
else
  fail "$test" seen
fi
finish
