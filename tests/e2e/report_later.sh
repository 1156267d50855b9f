#!/bin/sh
# SPDX-License-Identifier: MIT
# nomem report: what an exploration printed and wrote, it prints and writes again from the store alone, of a program, of a
# suite and of shards that were merged; and a damaged store is refused.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
needs_ptrace
unset NOMEM_STORE
cp -r "$here"/programs/suite/. .
for name in label add several; do "$cc" -g -o $name tests/$name.c shelf.c; done
mkdir first again

# explored STATUS COMMAND...: its text is in first/text.
explored() {
  wanted=$1
  shift
  status=0
  timeout 300 "$@" >first/text 2>first/errors </dev/null || status=$?
  [ "$status" = "$wanted" ] || echo "(status $status)" >>first/text
}

# is_same NAME [OPERAND]: the report of the store is what was printed and written.
is_same() {
  status=0
  timeout 60 nomem report --json again/json --junit again/junit --sarif again/sarif ${2+"$2"} >again/text 2>seen || status=$?
  if [ "$status" = "$wanted" ] && cmp first/text again/text >>seen 2>&1 && cmp first/json again/json >>seen 2>&1 &&
    cmp first/junit again/junit >>seen 2>&1 && cmp first/sarif again/sarif >>seen 2>&1; then
    pass "$1"
  else
    echo "(status $status, wanted $wanted)" >>seen
    fail "$1" seen
  fi
}

explored 1 nomem explore --json first/json --junit first/junit --sarif first/sarif -- ./several x
is_same 'of a program'
# Neither the program nor its sources are needed.
mv shelf.c several first
is_same 'of a program that is not there any more'
mv first/shelf.c first/several .

printf './label; ./add\n' >tests.sh
explored 1 nomem suite --json first/json --junit first/junit --sarif first/sarif -- sh tests.sh
sed '/^nomem: [0-9]/d' first/text >first/suite && mv first/suite first/text
is_same 'of a suite'
is_same 'of a store that is named' .nomem/store.db
if nomem report --list >seen 2>&1 && grep -q '1  suite: sh tests.sh' seen && grep -q '2  ./several x' seen; then
  pass 'the list'
else
  fail 'the list' seen
fi
status=0
nomem report --number 3 >seen 2>&1 || status=$?
if [ $status = 2 ] && grep -q 'has 2 reports' seen; then pass 'a number that is not in the list'; else
  fail 'a number that is not in the list' seen
fi

# The shards of a program, merged, are reported as the whole is.
nomem explore -q --store whole.db -- ./several x >seen 2>&1 || :
for i in 1 2 3; do nomem explore -q --store part$i.db --shard $i/3 -- ./several x >seen 2>&1 || :; done
nomem merge all.db part1.db part2.db part3.db >seen 2>&1
for store in whole all; do
  nomem report $store.db 2>&1 | sed 's/ ([0-9.]* s)$//; s/, [0-9.]* ms a run//; s/  debug: .*//; /^next: /d' >$store.text || :
done
if grep -q '3 findings' all.text && cmp whole.text all.text >>seen 2>&1; then pass 'merged shards'; else
  diff whole.text all.text >>seen || :
  fail 'merged shards' seen
fi

# Where a store is damaged, it says so, and what somebody wrote there drives no terminal.
if command -v sqlite3 >/dev/null; then
  sqlite3 .nomem/store.db "UPDATE reports SET document=replace(document, 'shelf_add', 'shelf\\u001b[2J')" &&
    { nomem report --number 2 >seen 2>&1 || :; }
  if grep -qF 'shelf\x1b[2J' seen && ! grep -q "$(printf '\033')" seen; then pass 'hostile text'; else
    fail 'hostile text' seen
  fi
  sqlite3 .nomem/store.db "UPDATE reports SET document='{}'"
  status=0
  nomem report >seen 2>&1 || status=$?
  if [ $status = 2 ] && grep -q 'is damaged' seen; then pass 'a damaged report'; else fail 'a damaged report' seen; fi
else
  skip 'hostile text' 'there is no sqlite3 here'
  skip 'a damaged report' 'there is no sqlite3 here'
fi
finish
