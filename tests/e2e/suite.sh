#!/bin/sh
# SPDX-License-Identifier: MIT
# nomem suite: one command in front of what runs the tests finds each planted bug once, whatever runs them, and nothing
# in the mended project.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
# shellcheck source-path=SCRIPTDIR source=lib/whole_suite.sh
. "$here/lib/whole_suite.sh"
needs_ptrace

programs='label add describe several clean nothing skipped failing'
three='3 findings by cause'
found_add='crash in shelf_add (shelf.c:'
found_label='crash in shelf_set_label (shelf.c:'
found_describe='leak in shelf_describe (shelf.c:'

# finds_three NAME FOLDER COMMAND...
finds_three() {
  test=$1
  shift
  in=$1
  shift
  if suite "$in" 1 -- "$@" && says "$three" "$found_add" "$found_label" "$found_describe" \
    'shown by: add, several x' '4 runs' 'clean' && ! grep -q 'crash in main\|in require' seen; then
    pass "$test"
  else
    fail "$test" seen
  fi
}

# finds_none NAME FOLDER COMMAND...
finds_none() {
  test=$1
  shift
  in=$1
  shift
  if suite "$in" 0 -- "$@" && says ' 0 findings by cause'; then pass "$test"; else fail "$test" seen; fi
}

project bad
project good -DMENDED
tests_of='label add describe several clean'

# A script.
cat >run_tests <<'SCRIPT'
#!/bin/sh
# What a user's shell script does, with a variable that a report must not hold.
export API_TOKEN=not-for-the-report SHELF_MODE=quick
cd "$(dirname "$0")"
./label && ./add && ./describe && ./several x && ./clean && ./nothing
SCRIPT
chmod +x run_tests
cp run_tests bad
cp run_tests good
finds_three 'a shell script' bad ./run_tests
(cd bad && timeout 300 nomem suite --json - -- sh -c 'echo spoken; exec ./run_tests') >alone 2>told </dev/null || :
if jq -e '.findings | length == 3' alone >/dev/null && grep -qx spoken told; then
  pass 'a report on standard output is alone there'
else
  fail 'a report on standard output is alone there' alone
fi
if ! grep -q not-for-the-report seen seen.json && grep -q '"API_TOKEN"' seen.json &&
  grep -q '"SHELF_MODE": "quick"' seen.json && grep -q 'reproduce: env SHELF_MODE=quick nomem run' seen; then
  pass 'of a variable that may be a secret, only the name is in the report'
else
  fail 'of a variable that may be a secret, only the name is in the report' seen.json
fi
finds_none 'a shell script, mended' good ./run_tests

# The line that reproduces a finding does, when it is pasted.
suite bad 1 --tests '^several' -- ./run_tests || :
line=$(sed -n '/^crash in shelf_add/,/reproduce/s/^  reproduce: //p' seen)
if (cd bad && eval "$line") >again 2>&1; then echo "(it ends well: $line)" >>again; fi
if grep -q 'shelf_add (shelf.c' again && grep -q 'SIGSEGV' again; then pass 'the line to paste'; else
  fail 'the line to paste' again
fi

# Valgrind, which loads the tests into a process of its own: they are explored without it. Of what it starts itself, or
# is told to look at in place of a test, nothing is taken for one.
cat >run_under_valgrind <<'SCRIPT'
#!/bin/sh
valgrind -q --version >/dev/null
valgrind -q true
for test in label add describe 'several x' clean; do
  valgrind -q --leak-check=full --error-exitcode=9 ./$test || exit
done
SCRIPT
chmod +x run_under_valgrind
cp run_under_valgrind bad
cp run_under_valgrind good
if command -v valgrind >/dev/null 2>&1; then
  finds_three 'tests under valgrind' bad ./run_under_valgrind
  if says 'reproduce: nomem run --fail site=' && ! grep -qi valgrind seen; then
    pass 'of valgrind, and what it sets, nothing is left in the lines to paste'
  else
    fail 'of valgrind, and what it sets, nothing is left in the lines to paste' seen
  fi
  finds_none 'tests under valgrind, mended' good ./run_under_valgrind
else
  for test in 'tests under valgrind' 'of valgrind nothing is left' 'tests under valgrind, mended'; do
    skip "$test" 'there is no valgrind'
  done
fi

# A Makefile that builds its tests, in a folder of their own, each by a recipe.
cat >Makefile.tests <<'MAKEFILE'
CFLAGS = -g
TESTS = label add describe several clean
check: $(TESTS:%=check-%)
$(TESTS:%=out/%): out/%: tests/%.c shelf.c
	mkdir -p out && $(CC) $(CFLAGS) -o $@ $^
check-%: out/%
	cd out && ./$* x
MAKEFILE
mv Makefile.tests bad/Makefile
if suite bad 1 --tests '^(several|add)' -- make -s -j2 check CC="$cc" && says "$three" "$found_add" "$found_label" \
  "$found_describe" "reproduce: cd $work/bad/out && " 'shown by: add x, several x' '3 not chosen'; then
  pass 'make check, in a folder of its own'
else
  fail 'make check, in a folder of its own' seen
fi

# What libtool leaves in place of a program: a script, which sets where the library is and executes the program itself.
project shared
(
  cd shared && mkdir .libs && "$cc" -g -fPIC -shared -o .libs/libshelf.so.0 shelf.c
  for name in label add describe several clean; do
    "$cc" -g -o .libs/lt-$name tests/$name.c .libs/libshelf.so.0
    sed "s/NAME/$name/" >$name <<'WRAPPER'
#!/bin/sh
LD_LIBRARY_PATH="$PWD/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export LD_LIBRARY_PATH
exec "$PWD/.libs/lt-NAME" "$@"
WRAPPER
    chmod +x $name
  done
)
cp run_tests shared
if suite shared 1 --tests '^several' -- ./run_tests && says "$three" "$found_add" "$found_label" "$found_describe" \
  '5 not chosen'; then
  pass "libtool's wrapper scripts"
else
  fail "libtool's wrapper scripts" seen
fi
if says 'LD_LIBRARY_PATH='; then pass 'the environment at the last of them counts'; else
  fail 'the environment at the last of them counts' seen
fi

if command -v prove >/dev/null; then
  mkdir bad/t
  for name in $tests_of; do
    printf '#!/bin/sh\n./%s x && echo ok 1 || echo not ok 1\necho 1..1\n' "$name" >"bad/t/$name.t"
    chmod +x "bad/t/$name.t"
  done
  if suite bad 1 --tests '^several' -- prove && says "$three" "$found_add" "$found_label" "$found_describe" \
    '4 not chosen'; then
    pass prove
  else
    fail prove seen
  fi
else
  skip prove 'there is no prove here'
fi

if command -v ctest >/dev/null && command -v cmake >/dev/null; then
  for name in $tests_of; do printf 'add_test(%s "%s" x)\n' "$name" "$work/bad/$name"; done >bad/CTestTestfile.cmake
  if suite bad 1 --tests '^several' -- ctest && says "$three" "$found_add" "$found_label" "$found_describe" \
    '4 not chosen'; then
    pass ctest
  else
    fail ctest seen
  fi
else
  skip ctest 'there is no ctest here'
fi

# A server that the runner has, and that was there before, starts the tests; and it has the results of those that have
# passed. Told how, it starts all of them where they are recorded.
for folder in bad good; do
  "$cc" -o $folder/java "$here/programs/runner_server.c" && cp $folder/java $folder/bazel
  (cd $folder && timeout 60 ./bazel test //... && timeout 60 ./bazel test //...)
done
if suite bad 1 -- ./bazel test //... && says "$three" "$found_add" "$found_label" "$found_describe" \
  './bazel test --nocache_test_results --strategy=TestRunner=local //..., after its server was ended'; then
  pass 'a runner with a server that has the results already'
else
  fail 'a runner with a server that has the results already' seen
fi
printf './clean; ./bazel test //...\n' >good/serves
if suite good 2 -- sh serves && says '1 test explored, 0 findings' 'this is no pass' "by 'bazel shutdown'" \
  "by --nocache_test_results" && grep -q '"complete": false' seen.json && suite good 2 --list -- sh serves; then
  pass 'what a server that was there has started is no silent pass'
else
  fail 'what a server that was there has started is no silent pass' seen
fi
(cd good && timeout 60 ./bazel shutdown)
if suite good 0 -- sh serves && says '1 test explored, 0 findings' 'bazel test starts no test again whose result' &&
  ! grep -q 'no pass' seen && grep -q '"complete": false' seen.json; then
  pass 'results that a runner may have had already are named'
else
  fail 'results that a runner may have had already are named' seen
fi
printf './clean; ./bazel test --nocache_test_results //...\n' >good/serves
if suite good 0 -- sh serves && says '6 tests explored, 0 findings' && grep -q '"complete": true' seen.json; then
  pass 'a server that the recorded runner has started'
else
  fail 'a server that the recorded runner has started' seen
fi

# A test that fails anyway, one that skips itself and one that allocates nothing are named; the others are explored.
printf './failing; ./skipped; ./nothing; ./clean\n' >good/some
if suite good 0 -- sh some && says 'not explored: failing: without any fault it exits with 1' \
  'not explored: skipped: it was skipped' 'not explored: nothing: it allocates nothing' '1 test explored' \
  '1 failed without a fault, 1 skipped, 1 allocated nothing'; then
  pass 'what is not explored is named'
else
  fail 'what is not explored is named' seen
fi

printf './failing; ./skipped; ./nothing\n' >good/none
if suite good 2 -- sh none && says 'nothing was explored'; then pass 'a suite of which nothing was explored'; else
  fail 'a suite of which nothing was explored' seen
fi
if suite good 2 -- true && says 'nothing was explored'; then pass 'a runner that starts no test'; else
  fail 'a runner that starts no test' seen
fi
if suite good 2 -- ./not-there && says 'not-there'; then pass 'a runner that is not there'; else
  fail 'a runner that is not there' seen
fi

# What a test starts is no test of its own; of the same command, one is explored.
cat >starts.c <<'PROGRAM'
#include <stdlib.h>
int main(void) {
  free(malloc(16));
  return system("./clean") != 0;
}
PROGRAM
"$cc" -g -o good/starts starts.c
printf './starts; ./clean; ./clean; ./label\n' >good/nested
if suite good 0 --list -- sh nested && grep -qx 'clean' seen && grep -qx 'starts' seen && says '3 tests, 0 left out'; then
  pass 'what a test starts, and the same command again'
else
  fail 'what a test starts, and the same command again' seen
fi

# A program that reads another file is another test; one that is given the same file is not.
cat >reads.c <<'PROGRAM'
#include <stdio.h>
#include <stdlib.h>
int main(void) {
  char *line = malloc(64);
  if (line == NULL) return 2;
  int status = fgets(line, 64, stdin) == NULL;
  free(line);
  return status;
}
PROGRAM
"$cc" -g -o good/reads reads.c
mkdir good/inputs && echo one >good/inputs/one && echo two >good/inputs/two
printf './reads <inputs/one; ./reads <inputs/two; ./reads <inputs/one\n' >good/inputs.sh
if suite good 0 --list -- sh inputs.sh && grep -qx 'reads < inputs/one' seen && grep -qx 'reads < inputs/two' seen &&
  says '2 tests, 0 left out'; then
  pass 'tests that differ by their input'
else
  fail 'tests that differ by their input' seen
fi

# What many tests have to say, each with numbers of its own, is said once.
if suite bad 1 -- ./run_tests && [ "$(grep -c 'first failed assertion' seen)" -le 1 ]; then
  pass 'warnings of many tests'
else
  fail 'warnings of many tests' seen
fi

# An interpreter that loads a module of the project's is a test; one that only runs others is none.
python=/usr/bin/python3
headers=$($python-config --includes 2>/dev/null || :)
# shellcheck disable=SC2086 # a list of words
if [ -x $python ] && "$cc" -g -O0 -DBUG $headers -shared -fPIC -o bad/shapes.so "$here/programs/modules/python.c" 2>seen; then
  printf 'import shapes\nassert shapes.twice("ab") == "abab"\n' >bad/test_shapes.py
  printf 'import subprocess, sys\nsys.exit(subprocess.call([sys.executable, "test_shapes.py"]))\n' >bad/runner.py
  if suite bad 1 -- $python runner.py && says '1 test explored' 'test_shapes.py' 'twice (' &&
    ! grep -q '^nomem: .*runner.py' seen; then
    pass 'a module in C, tested by a script'
  else
    fail 'a module in C, tested by a script' seen
  fi
else
  skip 'a module in C, tested by a script' 'no python3, or no headers of it'
fi

# Each common site in three tests at the most; a budget that is over at once leaves everything out, and says so.
if suite bad 1 --quick -- ./run_tests && says "$three" "$found_add" "$found_label" "$found_describe" &&
  grep -q '"quick": [1-9]' seen.json; then
  pass '--quick finds the same in fewer runs'
else
  fail '--quick finds the same in fewer runs' seen
fi
if suite bad 1 --quick --isolate off -- ./run_tests && says "$three" "$found_add" "$found_label" "$found_describe"; then
  pass 'where runs cannot be isolated, tests that have turns do not wait for one another for ever'
else
  fail 'where runs cannot be isolated, tests that have turns do not wait for one another for ever' seen
fi
if suite bad 2 --budget 0.001 -- ./run_tests && says 'had no time'; then pass 'a budget that is over at once'; else
  fail 'a budget that is over at once' seen
fi

# A test that takes long leaves the others their part of the time.
printf 'int main(void) { void *p = malloc(1); if (p != NULL) sleep(5); free(p); return p == NULL; }\n' |
  "$cc" -g -fno-builtin -include stdlib.h -include unistd.h -x c -o bad/takes_long -
printf './takes_long; ./add\n' >bad/lengths
if suite bad 1 --budget 4 -- sh lengths && says "$found_add"; then
  pass 'a budget: what takes long comes last'
else
  fail 'a budget: what takes long comes last' seen
fi

# A sanitizer that looks for leaks cannot do so in a process that somebody traces: the recording lets it go.
if "$cc" -g -fsanitize=address -o good/checked good/tests/label.c good/shelf.c -DMENDED 2>seen && good/checked; then
  printf './checked || echo "it fails"\n' >good/checks
  if suite good 0 -- sh checks && says '1 test explored, 0 findings' && ! grep -q 'it fails\|LeakSanitizer' seen; then
    pass 'a program that looks for leaks itself is left alone'
  else
    fail 'a program that looks for leaks itself is left alone' seen
  fi
else
  skip 'a program that looks for leaks itself is left alone' 'no program can be built or run with AddressSanitizer here'
fi

# Of a test whose explorer died, nothing is known: that is no pass.
"$cc" -g -o bad/kills_explorer "$here/programs/kills_explorer.c"
printf './clean; ./kills_explorer\n' >bad/kills
if suite bad 2 --isolate off --engine exec -- sh kills && says '1 test explored' 'killed by signal 9' \
  'nomem: not explored because the process that does it failed: 1 test'; then
  pass 'a test whose explorer was killed'
else
  fail 'a test whose explorer was killed' seen
fi

# A runner that hangs is ended, and the tests that it had come to are explored.
printf './label; sleep 1000\n' >bad/hangs
if suite bad 1 --timeout 2 -- sh hangs && says "$found_label" 'the runner was ended when its time was up'; then
  pass 'a runner that hangs'
else
  fail 'a runner that hangs' seen
fi

# A suite that outlives its terminal, as under nohup.
# shellcheck disable=SC2016 # expanded by the runner
printf './label; kill -HUP "$SUITE"; ./add\n' >bad/hangs_up
status=0
# shellcheck disable=SC2016 # expanded by the inner shell
(cd bad && trap '' HUP && exec sh -c 'SUITE=$$ exec nomem suite --fresh -- sh hangs_up') >seen 2>&1 || status=$?
if [ $status = 1 ] && says "$found_label" "$found_add" && ! grep -q interrupted seen; then
  pass 'a hangup that is ignored'
else
  fail 'a hangup that is ignored' seen
fi

# What is interrupted says what it knows, and leaves nothing running.
printf './label; ./add; exec sleep 1000\n' >bad/waits
(cd bad && exec timeout 200 nomem suite -- sh waits) >seen 2>&1 &
waiting=$!
for _ in $(seq 100); do
  sleep 0.1
  pgrep -P "$(pgrep -P $waiting | head -n 1)" >/dev/null 2>&1 && [ -n "$(pgrep -f '^sleep 1000' || :)" ] && break
done
kill -INT "$(pgrep -P $waiting | head -n 1)"
status=0
wait $waiting || status=$?
if [ "$status" = 2 ] && says 'the runner was interrupted' && says 'interrupted'; then pass 'an interrupted suite'; else
  echo "(status $status)" >>seen
  fail 'an interrupted suite' seen
fi

# Ctrl-C reaches the runner, too, which ends by it at once: that is no reason to go on.
if setsid env --default-signal=INT true 2>/dev/null; then
  printf './label; : >asleep; exec sleep 1000\n' >bad/is_slow
  rm -f bad/asleep
  (cd bad && exec setsid env --default-signal=INT nomem suite --json "$work/seen.json" -- sh is_slow) >seen 2>&1 </dev/null &
  waiting=$!
  for _ in $(seq 100); do
    sleep 0.1
    [ -e bad/asleep ] && break
  done
  kill -INT "-$waiting"
  status=0
  wait $waiting || status=$?
  if [ "$status" = 2 ] && says 'interrupted' && grep -q '"complete": false' seen.json; then
    pass 'a suite that is interrupted with its runner'
  else
    echo "(status $status)" >>seen
    fail 'a suite that is interrupted with its runner' seen
  fi
else
  skip 'a suite that is interrupted with its runner' 'env cannot have SIGINT handled in a background process'
fi
finish
