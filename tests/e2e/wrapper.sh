#!/bin/sh
# SPDX-License-Identifier: MIT
# nomem in front of a single test, where its runner starts it: the runner's verdict on clean tests is left alone, and a
# planted bug fails the test that has it, and no other.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh disable=SC2016 # $ is of the files that are written here
. "$(dirname "$0")/lib/suite.sh"
unset HARNESS_ACTIVE CTEST_INTERACTIVE_DEBUG_MODE MESON_TEST_ITERATION TEST_TARGET NOMEM_OPTIONS MAKEFLAGS MAKELEVEL || :
export HOME="$work" NOMEM_STORE=

# check NAME COMMAND...: passes when the command does; what it printed is shown when not.
check() {
  check_name=$1
  shift
  if "$@" >seen 2>&1; then pass "$check_name"; else fail "$check_name" seen; fi
}

# Of each test there is its own output, by which it is known to have been run, and how it ends.
cat >tested.c <<'END'
#include <stdlib.h>
void clean_call(void) {
  char *block = malloc(5);
  if (block != NULL) block[0] = 'x';
  free(block);
}
void broken_call(void) {
  char *block = malloc(6);
  block[0] = 'x';
  free(block);
}
END
# program NAME CALL STATUS [TEXT]
program() {
  text=${4:-1..1\\nok 1 - all is well\\n}
  cat >"$1.c" <<END
#include <unistd.h>
void clean_call(void);
void broken_call(void);
static const char text[] = "$text";
int main(void) {
  $2
  return write(1, text, sizeof text - 1) < 0 ? 9 : $3;
}
END
  "$cc" -g -O0 -fno-builtin -o "$1" "$1.c" tested.c
}
program clean 'clean_call();' 0
program broken 'broken_call();' 0
program silent '' 0
program skipped 'clean_call();' 77 '1..0 # SKIP not here\n'
program failing 'clean_call();' 3 'not ok 1\n'
cp broken signalled && printf '#include <signal.h>\nint main(void) { return raise(SIGTERM); }\n' >s.c && "$cc" -o signalled s.c

# made COMMAND...: what it writes is in out and err, its end in status.
made() {
  status=0
  timeout 300 "$@" >out 2>err || status=$?
}
well='1..1
ok 1 - all is well'
# is STATUS OUTPUT: so it ended, with that output.
is() { cat out err; [ "$status" = "$1" ] && [ "$(cat out)" = "$2" ]; }

made nomem explore --wrapper on -- ./clean
check 'a clean test: its own output and status, and the text on standard error' \
  sh -c "$(printf 'cat out err; [ %s = 0 ] && [ "$(cat out)" = "%s" ] && grep -q "0 findings" err' "$status" "$well")"
made nomem explore --wrapper on -- ./broken
check 'a broken test: the same, with the finding and status 1' is 1 "$well"
check 'and the finding is on standard error' grep -q '^crash in broken_call' err
made nomem explore --wrapper on --error-exitcode 42 -- ./broken
check '--error-exitcode' is 42 "$well"
made nomem explore --error-exitcode 42 -- ./broken
check '--error-exitcode of a command that stands in front of no test' test "$status" = 42
made nomem explore --wrapper on --error-exitcode 42 -- ./clean
check '--error-exitcode without findings' is 0 "$well"
made nomem explore --wrapper on -- ./silent
check 'a test that allocates nothing passes, and it is said that it was not explored' is 0 "$well"
check 'in a line' grep -q '^nomem: nothing was intercepted: the program allocates nothing' err
made nomem explore -- ./silent
check 'which is an error in front of no test' test "$status" = 2
made nomem explore --wrapper on -- ./skipped
check 'a test that was skipped: its own status' is 77 '1..0 # SKIP not here'
check 'and nothing was explored, which is said' grep -q '^nomem: not explored: without any fault it exits with 77' err
made nomem explore --wrapper on --error-exitcode 42 -- ./failing
check 'a test that fails by itself: its own status' is 3 'not ok 1'
made nomem explore --wrapper on -- ./signalled
check 'a test that a signal ends' is 143 ''
made nomem explore --wrapper on -- ./not-there
check 'a test that is not there' sh -c "cat err; [ $status = 2 ] && grep -q \"cannot start './not-there'\" err"
made nomem explore --wrapper on --json /proc/nomem.json -- ./failing
check 'what cannot be written is said before the test is run' is 2 ''
"$cc" -g -O0 -static -o static clean.c tested.c 2>/dev/null || cp skipped static
made nomem explore --wrapper on -- ./static
check 'a program that nothing can be preloaded into passes as it does, and it is said' \
  sh -c "cat out err; grep -q '^nomem: not explored: ' err && [ $status != 2 ]"
printf 'fed\n' >input
printf '#!/bin/sh\nread -r line && [ "$line" = fed ] && exec ./clean\n' >reads.sh && chmod +x reads.sh
made nomem explore --wrapper on --stdin input -- ./reads.sh
check 'its standard input' is 0 "$well"

# The files of the reports.
made nomem explore --wrapper on --report 'text-%p-%n-%q{HOME}-%%' --json 'r-%p.json' -- ./broken
check '--report: a usage error, because there is a folder in it that is not there' is 2 ''
export NAMED=here
made nomem explore --isolate off --wrapper on --report 'text-%p-%n-%q{NAMED}-%%' --json 'r-%p.json' -- ./broken
check '--report: the text is in the file, and standard error has none' sh -c "cat err; [ $status = 1 ] && [ ! -s err ]"
check 'and %p, %n, %q{} and %% stand for the process, the program, a variable and %' \
  sh -c 'ls; ls | grep -qxE "text-[0-9]+-broken-here-%" && ls | grep -qxE "r-[0-9]+\.json"'
check 'it is the whole text' sh -c 'cat text-*; grep -q "^crash in broken_call" text-* && grep -q "1 finding" text-*'
made nomem explore --wrapper on --log-file log -- ./skipped
check '--log-file: what was not explored, too' grep -qx 'nomem: not explored: without any fault it exits with 77' log
made nomem explore --report 'x%y' -- ./clean
check 'a name that means nothing is refused' sh -c "cat err; [ $status = 2 ] && grep -q \"^nomem: explore: --report 'x%y': after % write\" err"

# Runners, as far as nomem can tell; whether it is so is tried below, where they are installed.
cat >as-prove.sh <<'END'
HARNESS_ACTIVE=1 nomem explore "$@"
exit $?
END
made sh as-prove.sh -- ./clean
check 'a runner is recognised by a variable that its tests have and it has not' is 0 "$well"
made sh as-prove.sh --wrapper off --isolate off -- ./clean
check '--wrapper off' sh -c 'cat out; grep -q "0 findings" out && [ ! -s err ]'
made env HARNESS_ACTIVE=1 sh -c 'nomem explore -- ./clean; exit $?'
check 'a command that a test of it gives is no wrapper' grep -q '0 findings' out
printf 'shift 2; nomem explore -- "$@"; exit $?\n' >driver.sh
made sh driver.sh --trs-file x ./clean
check 'a driver of automake is recognised by what it is told' is 0 "$well"
printf 'nomem explore -- "$@"\nexit $?\n' >test-setup.sh
made env TEST_TARGET=//:x TEST_SRCDIR=/x sh ./test-setup.sh ./clean
check "Bazel's script is recognised by its name" is 0 "$well"
printf 'CTEST_INTERACTIVE_DEBUG_MODE=1 nomem explore -- "$@" 2>&1\nexit $?\n' >as-ctest.sh
made sh as-ctest.sh ./clean
check 'CTest, which reads both streams as one, sees nothing but the words of a clean test' is 0 "$well"
made sh as-ctest.sh ./broken
check 'and does not see the words of a broken one, by which it might pass' \
  sh -c "cat out; [ $status = 1 ] && grep -q '^crash in broken_call' out && ! grep -q 'all is well' out"
made sh as-ctest.sh ./failing
check 'one that fails by itself is seen' is 3 'not ok 1'

# In front of a whole suite, every run of which would run all of it.
printf 'check:\n\t./clean\n' >Makefile
made nomem explore -- make check
check 'nomem explore -- make check says what that means, and names nomem suite' \
  grep -qF "the whole suite: 'nomem suite -- make check'" err
made nomem explore -- ./clean
check 'and says nothing of the kind about a test' sh -c '! grep -q "nomem suite" err'

# Options that stand elsewhere.
made env NOMEM_OPTIONS='--wrapper=on -q' nomem explore -- ./clean
check 'NOMEM_OPTIONS' sh -c "cat out err; [ ! -s err ] && [ $status = 0 ] && [ \"\$(cat out)\" = \"$well\" ]"
mkdir -p home && printf '# quiet\n--quiet --report\n"the text" # behind\n' >home/.nomemrc
made env HOME="$PWD/home" NOMEM_OPTIONS='--jobs=1' nomem explore -- ./broken
check '.nomemrc at home: its words, quotes and comments' sh -c 'cat err; grep -q "^crash in broken_call" "the text" && ! grep -q "1 finding" "the text"'
rm -f 'the text'
made env HOME="$PWD/home" nomem explore --verbose --report other -- ./broken
check 'the command line overrides it' sh -c 'cat other err; grep -q "1 finding" other && [ ! -e "the text" ]'
made env HOME="$PWD/home" nomem explain crash
check 'other commands pass it over' test "$status" = 0
mkdir -p here && cd here
refused() { # NAME WANTED
  made nomem explore -- ../clean
  check "$1" sh -c "cat err; [ $status = 2 ] && grep -qF \"$2\" err"
}
printf '\n--jobs 1\n--nonsense\n' >.nomemrc
refused '.nomemrc here: a mistake has its file and line' "nomem: './.nomemrc':3: unknown option '--nonsense'"
printf '\n--jobs\nmany' >.nomemrc
refused 'a value, too' "nomem: './.nomemrc':3: --jobs 'many': give a whole number"
printf -- '--report "x\ny' >.nomemrc
refused 'a quote that is not closed' "nomem: './.nomemrc':1: a quote is not closed"
printf -- '-q\n./program\n' >.nomemrc
refused 'a word that is no option' "nomem: './.nomemrc':2: './program' is no option"
printf -- '--help' >.nomemrc
refused 'what is for the command line' "nomem: './.nomemrc':1: --help is for the command line only"
made nomem help
check 'help comes all the same' test "$status" = 0
printf -- '--nonsense' >.nomemrc && chmod o+w .nomemrc
made nomem explore -- ../clean
check 'a file that everybody may write to is not read, which is said' \
  sh -c "cat err; [ $status = 0 ] && grep -qF \"nomem: './.nomemrc': not read: everybody may write to it\" err"
rm .nomemrc && mkfifo .nomemrc
made nomem explore -- ../clean
check 'nor is what is no file' sh -c "cat err; [ $status = 0 ] && grep -qF 'not read: it is no regular file' err"
cd ..

# The runners. Each has the same tests, and is asked what it made of them.
needed() { # NAME PROGRAM PACKAGE
  command -v "$2" >/dev/null 2>&1 && return 0
  skip "$1" "$2 is not installed (the package $3; tools/setup.sh runners)"
  return 1
}
if needed 'prove --exec' prove perl; then
  made prove --exec 'nomem explore --' ./clean ./silent ./broken
  check 'prove --exec: the broken test fails, the others pass' \
    sh -c "cat out err; [ $status != 0 ] && [ \"\$(grep -c ' ok$' out)\" = 2 ] && grep -q 'broken.*Wstat: 256' out"
  check 'and its line has what the runner had set' grep -q 'reproduce: cd .* && env .*HARNESS_ACTIVE=1 .*nomem run' err
  cat >cat.sh <<'END'
cat "$1"
END
  nomem explore -q --tap report.tap -- ./broken >/dev/null 2>&1 || :
  made prove --exec 'sh cat.sh' report.tap
  check 'prove reads the report that --tap writes: one failure, and no complaint' \
    sh -c "cat out err; grep -q 'Failed 1/2 subtests' out && ! grep -qi 'parse errors\|version' out err"
fi

if needed 'meson test --wrapper' meson meson; then
  mkdir -p meson && cp tested.c clean.c silent.c skipped.c broken.c meson/
  cat >meson/meson.build <<'END'
project('p', 'c')
foreach name : ['clean', 'silent', 'skipped', 'broken']
  e = executable('test_' + name, name + '.c', 'tested.c', c_args: ['-g', '-O0', '-fno-builtin'])
  test('exit_' + name, e)
  if name != 'skipped'
    test('tap_' + name, e, protocol: 'tap')
  endif
endforeach
END
  (cd meson && meson setup build >setup.log 2>&1) || cat meson/setup.log
  made meson test -C meson/build --wrapper 'nomem explore --'
  sed -nE 's/^ *[0-9]+\/[0-9]+ ([a-z_]+) +([A-Z]+) .*/\1 \2/p' out | sort | tr '\n' ' ' >results
  check 'meson, exit status and TAP: the broken tests fail, the others pass' \
    sh -c "cat out results; [ \"\$(cat results)\" = 'exit_broken FAIL exit_clean OK exit_silent OK exit_skipped SKIP tap_broken ERROR tap_clean OK tap_silent OK ' ]"
fi

if needed ctest ctest cmake; then
  mkdir -p ctest
  cat >ctest/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.10)
project(p NONE)
include(CTest)
foreach(name clean silent skipped failing broken)
  add_executable(test_${name} IMPORTED)
  set_target_properties(test_${name} PROPERTIES IMPORTED_LOCATION ${TESTS}/${name})
  add_test(NAME ${name} COMMAND test_${name})
endforeach()
add_test(NAME exact COMMAND test_clean)
add_test(NAME words COMMAND test_broken)
set_tests_properties(exact PROPERTIES PASS_REGULAR_EXPRESSION "^1..1\nok 1 - all is well\n$" FAIL_REGULAR_EXPRESSION "[Ee]rror;[Ff]ail;leak;nomem")
set_tests_properties(words PROPERTIES PASS_REGULAR_EXPRESSION "all is well")
set_tests_properties(skipped PROPERTIES SKIP_RETURN_CODE 77)
set_tests_properties(failing PROPERTIES WILL_FAIL true)
END
  # results FILE: "NAME RESULT" of each.
  results() {
    sed -nE 's/^ *[0-9]+\/[0-9]+ (Test|MemCheck) +#[0-9]+: ([a-z]+) \.+[ *]*([A-Za-z]+).*/\2 \3/p' "$1" | sort | tr '\n' ' '
  }
  wanted='broken Failed clean Passed exact Passed failing Passed silent Passed skipped Skipped words Failed '
  (cd ctest && cmake -S . -B build -DTESTS="$work" '-DCMAKE_CROSSCOMPILING_EMULATOR=nomem;explore;--' >setup.log 2>&1) || cat ctest/setup.log
  (cd ctest/build && made ctest; results out >"$work/results"; cat out >"$work/out")
  check 'ctest, with nomem as emulator: the tests with the bug fail, the others pass' \
    sh -c "cat out results; [ \"\$(cat results)\" = '$wanted' ]"
  for options in '' 'explore -q'; do
    (cd ctest && cmake -S . -B checked -DTESTS="$work" -DMEMORYCHECK_COMMAND="$build/nomem" -DMEMORYCHECK_TYPE=Valgrind \
      -DMEMORYCHECK_COMMAND_OPTIONS="$options" >setup.log 2>&1) || cat ctest/setup.log
    (cd ctest/checked && made ctest -T memcheck; results out >"$work/results"; cat out err >"$work/out"
      cat Testing/Temporary/MemoryChecker.*.log >"$work/logs" 2>&1) || :
    check "ctest -T memcheck, ${options:-the options of valgrind}: the same" \
      sh -c "cat out results; [ \"\$(cat results)\" = '$wanted' ] && ! grep -q 'Cannot find' out"
    check 'and the logs have the findings' sh -c "cat logs; [ \"\$(grep -c '^crash in broken_call' logs)\" = 2 ]"
  done
fi

if needed automake automake automake; then
  mkdir -p automake && cp clean silent skipped broken automake/
  for name in clean silent broken; do cp $name automake/tap_$name.t; done
  cp "$(automake --print-libdir)/tap-driver.sh" automake/
  printf 'AC_INIT([p],[1])\nAC_CONFIG_AUX_DIR([.])\nAM_INIT_AUTOMAKE([foreign])\nAC_PROG_AWK\nAC_CONFIG_FILES([Makefile])\nAC_OUTPUT\n' \
    >automake/configure.ac
  cat >automake/Makefile.am <<'END'
TEST_EXTENSIONS = .t
T_LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/tap-driver.sh
AM_TESTS_ENVIRONMENT = DATA=set; export DATA;
TESTS = clean silent skipped broken tap_clean.t tap_silent.t tap_broken.t
END
  (cd automake && autoreconf -i && ./configure) >automake/setup.log 2>&1 || cat automake/setup.log
  made make -C automake check LOG_COMPILER='nomem explore --' T_LOG_COMPILER='nomem explore --'
  sed -nE 's/^(PASS|FAIL|SKIP|XFAIL|ERROR|XPASS): ([a-z._]+).*/\2 \1/p' out | sort | tr '\n' ' ' >results
  check 'automake, exit status and TAP: the broken tests fail, the others pass' \
    sh -c "cat out results; [ \"\$(cat results)\" = 'broken FAIL clean PASS silent PASS skipped SKIP tap_broken.t ERROR tap_broken.t PASS tap_clean.t PASS tap_silent.t PASS ' ]"
  check 'and its line has what the makefile had set, and nothing of make' \
    sh -c 'cat automake/broken.log; grep "reproduce: cd .*/automake && env .*DATA=set .*nomem run" automake/broken.log | grep -vq MAKE'
fi
finish
