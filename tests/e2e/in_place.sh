#!/bin/sh
# SPDX-License-Identifier: MIT
# nomem suite explores in place what passes only where the runner starts it: beside its server, its files and its
# descriptors, while the runner waits, and sees each test end as it does.
# shellcheck disable=SC2317 # the functions are called through "check"
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
# shellcheck source-path=SCRIPTDIR source=lib/whole_suite.sh
. "$here/lib/whole_suite.sh"
needs_ptrace

programs='needs clean server'

# in_place COUNT: so many cases were explored in place, as the JSON has it.
in_place() {
  if [ "$(grep -c '"in_place": true' seen.json)" != "$1" ] || ! grep -q "\"cases_in_place\": $1" seen.json; then
    echo "(not $1 in place)" >>seen
    return 1
  fi
}

# verdicts FOLDER COUNT: so often the runner saw a test end, and always well. There may be other tests.
verdicts() {
  if [ "$(wc -l <"$1/verdicts")" -ne "$2" ] || grep -qv '^0$' "$1/verdicts"; then
    cat "$1/verdicts" >>seen
    return 1
  fi
}

found_add='crash in shelf_add (shelf.c:'
project bad
project good -DMENDED

# A server of the runner's. What it tells each test's end by is the same in both of its runs.
cat >with_server <<'SCRIPT'
#!/bin/sh
rm -f sock
./server sock $1 &
server=$!
for _ in $(seq 1000); do [ -S sock ] && break; sleep 0.01; done
./needs socket sock $2; echo $? >>verdicts
./clean; echo $? >>verdicts
kill $server
wait $server
rm -f sock
exit 0
SCRIPT
cp with_server bad
cp with_server good
found() {
  suite bad 1 --junit "$work/seen.xml" -- sh with_server &&
    says "$found_add" 'shown by: needs socket sock' 'needs: what the runner has there' \
    '2 tests explored (1 in place), 1 finding by cause' '1 test passes only where the runner starts it' &&
    in_place 1 && grep -q '"complete": true' seen.json && grep -q '^needs: what the runner' seen.xml && verdicts bad 4
}
check 'beside a server, a bug is found, and the runner sees the test pass' found
none() {
  suite good 0 -- sh with_server && says '2 tests explored (1 in place), 0 findings by cause' && in_place 1 &&
    grep -q '"complete": true' seen.json && verdicts good 4
}
check 'beside a server, nothing is found where nothing is' none

# Files of other tests.
cat >with_file <<'SCRIPT'
./clean; echo $? >>verdicts
echo x >left
./needs file left; echo $? >>verdicts
rm left
./clean x; echo $? >>verdicts
SCRIPT
cp with_file bad
cp with_file good
rm -f bad/verdicts good/verdicts
found() {
  suite bad 1 -- sh with_file && says "$found_add" '3 tests explored (1 in place)' && in_place 1 && verdicts bad 6
}
check 'with a file that was there only then' found
none() { suite good 0 -- sh with_file && says '3 tests explored (1 in place), 0 findings' && in_place 1 && verdicts good 6; }
check 'with a file that was there only then, mended' none
rm -f good/verdicts
off() {
  suite good 0 --in-place off -- sh with_file && says 'not explored: needs file left: it passed where the runner' \
    'not complete: 1 test passed in the suite' '1 cannot run alone' && in_place 0 && verdicts good 3
}
check '--in-place off runs the runner once' off
rm -f good/verdicts
none() { suite good 0 --tests '^clean' -- sh with_file && in_place 0 && verdicts good 3; }
check 'where all tests can run alone, the runner runs once' none

# Descriptors that the runner has opened, and that are not there before.
printf './needs descriptor 3 3>>log; ./needs descriptor 9 9>>log\n' >bad/with_descriptor
cp bad/with_descriptor good
found() { suite bad 1 -- sh with_descriptor 3>&- 9>&- && says "$found_add" '2 tests explored (2 in place), 1 finding' && in_place 2; }
check 'with a descriptor of the runner' found
none() { suite good 0 -- sh with_descriptor 3>&- 9>&- && says '2 tests explored (2 in place), 0 findings' && in_place 2; }
check 'with a descriptor of the runner, mended' none

# A make that runs several tests at a time.
cat >bad/Makefile <<'MAKEFILE'
check: check-10 check-20 check-30
	rm left
check-%: left
	./needs file left $*
left:
	echo x >left
.PHONY: check
MAKEFILE
found() {
  suite bad 1 -- make -s -j3 check && says "$found_add" '3 tests show it' '3 tests explored (3 in place), 1 finding' && in_place 3
}
check 'several at a time' found

# What the runner makes in a temporary folder, another one each time: a file that is named on the command line, the
# folder that a test runs in, the test itself. Sources are named as seen from the suite's folder, and none runs there; a
# descriptor has the symbols read in a process of the test's.
cat >with_folder <<'SCRIPT'
here=$PWD
folder=$(mktemp -d /tmp/nomem-XXXXXX)
echo x >"$folder/left"
exec 7</dev/null
cd /tmp
"$here/needs" file "$folder/left"
cd "$folder"
cp "$here/needs" .
"$here/needs" file left 1
./needs file ./left 2 <left
cd "$here"
rm -r "$folder"
SCRIPT
cp with_folder bad
cp with_folder good
found() {
  suite bad 1 -- sh with_folder && says "$found_add" '3 tests show it' '3 tests explored (3 in place), 1 finding' &&
    in_place 3 && ! grep -q 'not complete' seen
}
check 'temporary folders of the runner' found
found() { suite good 0 -- sh with_folder && says '3 tests explored (3 in place), 0 findings' && in_place 3; }
check 'temporary folders of the runner, mended' found

# What the runner does not start again, or what fails then, is named, and no findings are no pass.
cat >good/once <<'SCRIPT'
./clean
[ -e ran ] || { touch ran left; ./needs file left; rm left; }
SCRIPT
named() {
  suite good 0 -- sh once && says 'when the runner ran once more, it was not started again' \
    'not complete: 1 test passed in the suite' && in_place 0 && grep -q '"complete": false' seen.json
}
check 'what is not started again is named' named
printf './clean; [ -e ran ] || touch left; touch ran; ./needs file left; rm -f left\n' >good/fails
rm -f good/ran
named() { suite good 0 -- sh fails && says 'when the runner ran once more, it exited with 3' 'not complete' && in_place 0; }
check 'what fails the second time is named' named

# The server is gone when the test has been run so often: what is seen after that is nobody's fault, but a crash is. A
# test that takes longer may wait longer for its server, which on a busy machine is slow; and whether other engines are
# worth a rehearsal, which takes clients as well, depends on that time.
touch good/gone bad/gone
lost() {
  suite good 2 --isolate off --tests '^needs' -- sh with_server 8 &&
    says 'after the runs with a fault it does not pass without one any more' 'nothing was explored' && ! grep -q 'hang in' seen
}
check 'what hangs because a server is gone is no finding' lost
found() {
  suite bad 1 --isolate off --engine exec --tests '^needs' -- sh with_server 12 200 && says "$found_add" \
    'what it needs was gone before all its runs were made' && grep -q '"complete": false' seen.json && ! grep -q 'hang in' seen
}
check 'what crashed before a server was gone is one' found
# Whichever run it is that finds no server: one with a fault, the one without any, or the one that confirms the crash.
for clients in 15 16 17; do
  found() { suite bad 1 --isolate off --engine exec --tests '^needs' -- sh with_server "$clients" 200 && says "$found_add"; }
  check "the server serves $clients clients: the crash is no chance" found
done
rm -f good/gone bad/gone

# What the store has of such a case is what was seen while its surroundings were there: what was not is made again.
mkdir bad/stores
again() {
  touch bad/gone
  suite bad 2 --isolate off --tests '^needs' --store stores/s.db -- sh with_server 6 || return 1
  rm bad/gone
  suite bad 1 --isolate off --tests '^needs' --store stores/s.db -- sh with_server && says "$found_add"
}
check 'runs that were made without a server are not kept' again

# A sanitizer that looks for leaks cannot do so in a process that somebody traces: such a test waits before it begins.
if "$cc" -g -fsanitize=address -DMENDED -o good/checked good/tests/needs.c good/shelf.c 2>seen &&
  touch good/left && good/checked file good/left; then
  rm good/left
  printf 'touch left; ./checked file left || echo "it fails"; rm left\n' >good/checks
  none() {
    suite good 0 -- sh checks && says '1 test explored (1 in place), 0 findings' &&
      ! grep -q 'it fails\|LeakSanitizer' seen
  }
  check 'a program that looks for leaks itself' none
else
  skip 'a program that looks for leaks itself' 'no program can be built or run with AddressSanitizer here'
fi

# The time that exploring takes is not the runner's: here it is longer than that.
rm -f good/verdicts
printf 'touch left; ./needs file left 700; echo $? >>verdicts; rm left\n' >good/takes_long
none() {
  suite good 0 --timeout 6 --isolate off --engine exec --heap all -- sh takes_long && in_place 1 && verdicts good 2 &&
    ! grep -q 'time was up' seen
}
check 'an exploration that takes longer than the runner may' none

# A runner that hangs in its second run is ended.
cat >bad/hangs <<'SCRIPT'
touch left; ./needs file left; rm left
[ ! -e ran ] || exec sleep 4711
touch ran
SCRIPT
ended() {
  suite bad 1 --timeout 10 -- sh hangs && says "$found_add" 'the runner was ended when its time was up as it ran once more' &&
    in_place 1 && ! pgrep -f '^sleep 4711' >/dev/null
}
check 'a runner that hangs in its second run' ended

# interrupt FILE: sends SIGINT to a suite once the file is there. Leaves its report, and the status in $status.
interrupt() {
  status=0
  for _ in $(seq 1000); do
    [ -e "$1" ] && break
    sleep 0.1
  done
  kill -INT "$(pgrep -P $waiting | head -n 1)"
  wait $waiting || status=$?
}

# What is interrupted says what it knows, and leaves nothing running.
rm -f bad/ran
cat >bad/waits <<'SCRIPT'
touch left; ./needs file left; rm left
[ ! -e ran ] || { touch asleep; exec sleep 4712; }
touch ran
SCRIPT
(cd bad && exec timeout 200 nomem suite -- sh waits) >seen 2>&1 </dev/null &
waiting=$!
interrupt bad/asleep
ended() {
  [ "$status" = 1 ] && says "$found_add" '1 in place' && ! pgrep -f '^sleep 4712' >/dev/null
}
check 'an interrupted second run' ended

# In the middle of an exploration: the test itself is to say when that is.
cat >good/tests/slow.c <<'PROGRAM'
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
int main(void) {
  for (int i = 0; i < 20; i++) {
    void *block = malloc(10);
    if (block == NULL) close(open("exploring", O_CREAT | O_WRONLY, 0600));
    free(block);
  }
  if (access("left", F_OK) != 0) return 3;
  nanosleep(&(struct timespec){2, 0}, NULL);
  return 0;
}
PROGRAM
"$cc" -g -o good/slow good/tests/slow.c
printf 'touch left; ./slow; rm left; [ ! -e ran ] || exec sleep 4713; touch ran\n' >good/waits
rm -f good/ran good/exploring
(cd good && exec timeout 200 nomem suite --isolate off --engine exec --under-test '*' -- sh waits) >seen 2>&1 </dev/null &
waiting=$!
interrupt good/exploring
ended() {
  [ "$status" = 2 ] && says 'interrupted' && ! pgrep -f '^sleep 4713' >/dev/null && ! pgrep -f '^./slow$' >/dev/null
}
check 'an interrupted exploration in place' ended
finish
