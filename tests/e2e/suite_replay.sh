#!/bin/sh
# SPDX-License-Identifier: MIT
# A finding of a suite run again from the store: of several tests that have a finding of one name, the one that the report
# shows; and where a runner has set more than a reader can look through, the line to paste is the one that uses the store.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
needs_ptrace
unset NOMEM_STORE

# Two bugs in one function, each in a test of its own: both have the same id.
cat >pair.c <<'END'
#include <stdlib.h>
#include <string.h>
__attribute__((noinline)) static void fill(int which) {
  if (which == 1) {
    char *first = malloc(10);
    first[0] = 'x';
    free(first);
  } else {
    char *second = malloc(20);
    second[0] = 'x';
    free(second);
  }
}
int main(int argc, char **argv) {
  (void)argv;
  fill(argc);
  return 0;
}
END
"$cc" -g -O1 -fno-builtin -o pair pair.c
printf 'cd tests\n../pair\n../pair x\n' >tests.sh
mkdir tests
nomem suite -- sh tests.sh >text 2>said || :
sed -n 's/.*--fail \(site=[0-9a-f]*@1\).*/\1/p' text >sites
sed -n 's/^  debug: nomem replay --gdb //p' text >names
if [ "$(sort -u sites | wc -l)" = 2 ] && [ "$(sed 's/@.*//' names | sort -u | wc -l)" = 1 ] && ! grep -q '^  debug: .*\(cd\|--store\) ' text; then
  pass 'a suite with two findings of one id'
else
  cat text names >seen
  fail 'a suite with two findings of one id' seen
fi
: >seen
while read -r name; do
  nomem replay "$name" 2>&1 </dev/null | sed -n 's/.*bytes returned NULL (allocation 1, \(site=.*\))$/\1/p' >>seen || :
done <names
# holds NAME COMMAND...
holds() {
  test=$1
  shift
  if "$@"; then pass "$test"; else fail "$test" seen; fi
}
holds 'each name is that of the run that is shown' cmp -s sites seen
nomem explain "$(sed -n 2p names)" >seen 2>&1 || :
holds 'explain, too' grep -q "$(sed -n 2p sites)" seen
: >seen
for number in 1 2; do
  nomem replay $number 2>&1 </dev/null | sed -n 's/.*bytes returned NULL (allocation 1, \(site=.*\))$/\1/p' >>seen || :
done
holds 'a number is that of the suite'"'"'s report' cmp -s sites seen
nomem replay >seen 2>&1
holds 'and so it is listed' sh -c 'sed -n "s/^   [12]  \([^ ]*\) .*/\1/p" seen | cmp -s - names'
status=0
nomem replay 3 >seen 2>&1 || status=$?
holds 'there is no third one' sh -c "[ $status = 2 ] && grep -q 'no finding' seen"
status=0
nomem replay "$(sed -n '1s/@.*//p' names)@01234567" >seen 2>&1 || status=$?
if [ $status = 2 ] && grep -q 'no finding' seen; then pass 'a site that has none'; else
  fail 'a site that has none' seen
fi

# A variable of 600 bytes: the line to paste is short, and does the same; whole it is with -v, and in JSON.
printf 'export LONG=%0600d\n' 0 >long.sh
cat tests.sh >>long.sh
nomem suite --json report.json -- sh long.sh >text 2>said || :
nomem report -v >whole 2>said || :
line=$(sed -n 's/^  reproduce: //p' text | head -n 1)
sh -c "$line" >seen 2>&1 || :
if [ "${#line}" -lt 100 ] && grep -q 'bytes returned NULL (allocation 1, ' seen; then pass 'a long line is replaced by a short one'; else
  cat text >>seen
  fail 'a long line is replaced by a short one' seen
fi
if grep -q '^  reproduce: cd .* env .*LONG=00000' whole && jq -e '.findings[0].reproduce | test("LONG=0000")' report.json >seen 2>&1; then
  pass 'whole with -v, and in JSON'
else
  cat whole >>seen
  fail 'whole with -v, and in JSON' seen
fi

# Without a store there is no other line.
nomem suite --no-store -- sh long.sh >text 2>said || :
if grep -q '^  reproduce: cd .* env .*LONG=00000' text; then pass 'whole without a store'; else fail 'whole without a store' text; fi
finish
