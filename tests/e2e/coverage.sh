#!/bin/sh
# SPDX-License-Identifier: MIT
# --coverage: which lines only failed allocations reach, and which checks of an allocation no run has entered, of gcc's
# data and of clang's: exactly the planted ones, in a program, with threads, in a suite, and with a crash.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
needs_ptrace
for tool in jq gcov llvm-profdata llvm-cov "$clang"; do
  command -v "$tool" >/dev/null || skip_suite "no $tool"
done
cp -r "$here"/programs/coverage/. .

# The compilers, with what has a program measure itself.
by_gcc="$cc -g --coverage"
# shellcheck disable=SC2034 # by its name, below
by_clang="$clang -g -fprofile-instr-generate -fcoverage-mapping"

# build FOLDER COMPILER [OPTION...]: objects of their own, as projects have them.
build() {
  folder=$1
  # shellcheck disable=SC2086 # a compiler and its options
  compile="$2"
  shift 2
  rm -rf "$folder"
  mkdir "$folder"
  for source in box.c tests/fill.c; do
    # shellcheck disable=SC2086
    $compile -pthread "$@" -c -o "$folder/$(basename "$source" .c).o" "$source"
  done
  # shellcheck disable=SC2086
  $compile -pthread -o "$folder/fill" "$folder/box.o" "$folder/fill.o"
}

# marked WORD: the numbers of the lines of box.c that are marked with it.
marked() { grep -n "// $1\$" box.c | cut -d: -f1 | tr '\n' ' '; }
of_box() { jq -r ".code_coverage.$1[] | select(.file | endswith(\"box.c\")) | .$2" "$3" | tr '\n' ' '; }
only() { of_box files 'lines_by_failures_only[]' "$1"; }
never() { of_box not_entered line "$1"; }
number() { jq -r ".code_coverage.$1" "$2"; }

# explored STATUS ARGUMENT...: leaves the text in ./seen, the report in ./r.json.
explored() {
  wanted=$1
  shift
  status=0
  rm -f r.json
  timeout 300 nomem "$@" >seen 2>&1 </dev/null || status=$?
  [ "$status" = "$wanted" ] || { echo "(status $status, wanted $wanted)" >>seen && return 1; }
}

# finds NAME 'LINES' 'NEVER': both lists are the report's.
finds() {
  test=$1
  if [ "$(only r.json)" = "$2" ] && [ "$(never r.json)" = "$3" ]; then pass "$test"; else
    { only r.json && never r.json; } >>seen
    echo "(wanted: $2; $3)" >>seen
    fail "$test" seen
  fi
}

never_lines=$(marked never)
not_reached=${never_lines%% *}
for compiler in gcc clang; do
  eval "with=\$by_$compiler"
  # shellcheck disable=SC2154 # set by eval
  build $compiler "$with" -DCHECKS
  find $compiler -type f | sort >before
  explored 0 explore --coverage cover --json r.json -- $compiler/fill || :
  finds "$compiler: an error path that only failures reach, a check that none enters, and one that none comes to" \
    "$(marked only)" "$never_lines"
  find $compiler -type f | sort >after
  if cmp before after >>seen && [ -d cover/baseline ] && [ -d cover/failures ]; then
    pass "$compiler: the data is in the folder, and not beside the objects"
  else fail "$compiler: the data is in the folder, and not beside the objects" seen; fi
  reached=$(jq -c '[.code_coverage.not_entered[] | .reached]' r.json)
  if [ "$reached" = '[false,true]' ] && [ "$(number checks r.json)" = 8 ] && [ "$(number runs_without_data r.json)" = 0 ] &&
    [ "$(number checks_unknown r.json)" = 1 ] && [ "$(number data_files_unread r.json)" = 0 ] &&
    grep -q "more lines by failures only\$" seen &&
    grep -q "not entered: box_spare (box.c:[0-9]*), after get_any\$" seen; then
    pass "$compiler: what it says"
  else fail "$compiler: what it says" r.json; fi
  test="$compiler: no allocation of the run-time that measures is failed"
  if grep -q 'crash\|leak' seen || ! grep -q ' 0 findings' seen; then fail "$test" seen; else pass "$test"; fi

  # A second time, with other code: nothing is left of the first one.
  build $compiler "$with" -DTHREADS
  explored 0 explore --coverage cover --json r.json -- $compiler/fill || :
  finds "$compiler: in a thread; without the check that none enters" "$(marked only)" "$not_reached "

  build $compiler "$with" -DCRASHES
  explored 1 explore --coverage cover --json r.json -- $compiler/fill || :
  if [ "$(number runs_without_data r.json)" -gt 0 ] && grep -q 'left no coverage data' seen &&
    [ "$(only r.json | wc -w)" -ge 4 ]; then
    pass "$compiler: a crash leaves no data, and that is said"
  else fail "$compiler: a crash leaves no data, and that is said" seen; fi
done

# In the view of an isolated run, and where there is none.
build gcc "$by_gcc" -DCHECKS
explored 0 explore --isolate off --coverage cover --json r.json -- gcc/fill || :
finds 'without isolation' "$(marked only)" "$never_lines"

# A file of data that a run has spoilt.
build gcc "$by_gcc" -DDATA="\"$work/gcc/box.gcda\""
explored 0 explore --coverage cover --json r.json -- gcc/fill || :
if [ "$(number data_files_unread r.json)" = 1 ] && grep -q '^1 file of coverage data' seen &&
  grep -q 'box.gcda' cover/gcov-errors; then
  pass 'data that a run has spoilt'
else fail 'data that a run has spoilt' seen; fi

# With optimisation, the lines are the compiler's business; a check that was entered is never said not to be.
for compiler in gcc clang; do
  eval "with=\$by_$compiler"
  build $compiler "$with" -DCHECKS -O2
  explored 0 explore --coverage cover --json r.json -- $compiler/fill || :
  test="$compiler -O2: no check that was entered is said not to be"
  wrong=0
  for line in $(never r.json); do
    case " $never_lines " in *" $line "*) ;; *) wrong=1 ;; esac
  done
  if [ $wrong = 0 ] && [ "$(number checks_entered r.json)" -gt 0 ]; then pass "$test"; else fail "$test" r.json; fi
done

# A suite: a script, two programs and a library that both have, which they find beside them.
# shellcheck disable=SC2016 # it is the linker's
origin='-Wl,-rpath,$ORIGIN'
build lib "$by_gcc -fPIC" -DCHECKS
$by_gcc -shared -o lib/libbox.so lib/box.o
$by_gcc -o lib/one lib/fill.o -Llib -lbox "$origin" -pthread
$by_gcc -pthread -DTHREADS -c -o lib/two.o tests/fill.c
$by_gcc -o lib/two lib/two.o -Llib -lbox "$origin" -pthread
printf 'cd lib && ./one && ./two\n' >run_tests.sh
find lib -type f | sort >before
explored 0 suite --coverage cover --json r.json -- sh run_tests.sh || :
find lib -type f | sort >after
if grep -q '2 tests explored' seen && cmp before after >>seen; then pass 'a suite'; else fail 'a suite' seen; fi
finds 'a suite: all its tests together' "$(marked only)" "$never_lines"

# What cannot be done is said in one line, before anything is explored.
# refuses NAME WORDS OPTION... -- PROGRAM
refuses() {
  test=$1
  words=$2
  shift 2
  if explored 2 "$@" && [ "$(grep -c '^nomem: ' seen)" = "$(wc -l <seen)" ] && [ "$(wc -l <seen)" = 1 ] &&
    grep -qF -e "$words" seen; then
    pass "$test"
  else fail "$test" seen; fi
}
export NOMEM_GCOV=no-such-gcov
refuses 'no gcov' 'no-such-gcov is not there' explore --coverage cover -- gcc/fill
unset NOMEM_GCOV
"$cc" -g -o plain box.c tests/fill.c
refuses 'a program that measures nothing' 'no coverage data is written' explore -q --coverage cover -- ./plain
mkdir mine
echo text >mine/file
refuses 'a folder with other files' 'has other files in it: name another one' explore --coverage mine -- gcc/fill
if [ -e mine/file ]; then pass 'which stay'; else fail 'which stay' seen; fi
finish
