#!/bin/sh
# SPDX-License-Identifier: MIT
# One planted bug for each thing that a sanitizer reports: found, called by its name, its place shown twice, under each
# way in which a sanitizer's run-time and nomem come into one program. In its mended twin nothing is found.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
needs_ptrace

victims=$tests/victims/sanitizers
unset ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS MSAN_OPTIONS TSAN_OPTIONS || :

# line FILE MARK: the number of the line that has the mark as a comment.
line() { grep -n "/\* $2 \*/" "$1" | cut -d: -f1; }

# The frames of the stack that is printed below the line with these words.
stack() { sed -n "/^  $1/,/^  [a-z]/p" found | grep '^    #'; }

# explore STATUS [OPTION...]: explores ./program into the file found.
explore() {
  explore_status=0
  explore_wanted=$1
  shift
  timeout 300 nomem explore -v --jobs 2 "$@" -- ./program >found 2>&1 || explore_status=$?
  [ "$explore_status" = "$explore_wanted" ]
}

# What the head of a victim says that it shows, without the sentence behind it.
kind() { sed -n '1s|^/\* \([A-Za-z]*: [^.]*\)\..*|\1|p' "$1"; }

is_planted() {
  [ "$(grep -c '^  reproduce: ' found)" = 1 ] || return 1
  grep -q "^sanitizer in planted[ (].*$(basename "$1"):$(line "$1" blow-up))" found || return 1
  grep -qF "where it blew up: $(kind "$1")" found || return 1
  stack 'the fault: ' | grep -q "$(basename "$1"):$(line "$1" fault))" || return 1
  stack 'where it ' | grep -q "planted[ (].*$(basename "$1"):$(line "$1" blow-up))"
}

# A finding's line, pasted, comes to the same report.
reproduces() {
  reproduce=$(sed -n 's/^  reproduce: //p' found)
  [ -n "$reproduce" ] || return 1
  sh -c "$reproduce" >again 2>&1 || :
  reproduced=$(kind "$1")
  grep -qF "${reproduced#*: }" again
}

# try VICTIM 'COMPILER OPTION...' [OPTION...]: planted and mended, by a compiler, with these options of explore.
try() {
  source=$(echo "$victims/$1".*)
  case $source in *.cc) standard=gnu++17 ;; *) standard=gnu11 ;; esac
  build_line="$2 -std=$standard -g -O0 -pthread"
  name="$1 ($2)"
  shift 2
  # shellcheck disable=SC2086 # a compiler and its options
  $build_line -o program "$source"
  if explore 1 "$@" && is_planted "$source" && reproduces "$source"; then pass "$name"; else
    cat again >>found 2>/dev/null || :
    fail "$name" found
  fi
  # shellcheck disable=SC2086
  $build_line -DMENDED -o program "$source"
  if explore 0 "$@" && grep -q ' 0 findings' found; then pass "$name, mended"; else fail "$name, mended" found; fi
}

linked=$build/nomem-link.o
cxx=${CXX:-g++}
clangxx="$clang --driver-mode=g++"
# gcc's run-time is a shared library, clang's is in the program.
for victim in asan_use_after_free asan_double_free asan_overflow asan_strdup; do
  try "$victim" "$cc -fsanitize=address,undefined"
  try "$victim" "$clang -fsanitize=address $linked"
done
try asan_overflow "$cc -fsanitize=address -static-libasan $linked"
try asan_strdup "$clang -fsanitize=address -shared-libsan -Wl,-rpath,$("$clang" -print-resource-dir)/lib/linux"
try ubsan_null "$cc -fsanitize=undefined"
try ubsan_null "$clang -fsanitize=address,undefined $linked"
try msan_unset "$clang -fsanitize=memory $linked"
try tsan_race "$cc -fsanitize=thread"
try tsan_race "$clang -fsanitize=thread $linked"
# LeakSanitizer cannot work in a process that is traced: it is let go.
for build in "$cc -fsanitize=address" "$cc -fsanitize=leak" "$clang -fsanitize=address $linked" "$clang -fsanitize=leak $linked"; do
  try lsan_left "$build"
done
try lsan_left "$cc -fsanitize=address" --no-trace

# leaves NAME COUNT [OPTION...] -- PROGRAM [ARG...]: so many findings, of what planted() leaves.
leaves() {
  name=$1 wanted=$2
  shift 2
  nomem explore --no-store --jobs 2 "$@" >found 2>&1 || :
  if [ "$(grep -c '^sanitizer in planted (.*leaving.c:22)' found)" = "$wanted" ] && grep -q " $wanted finding" found &&
    ! grep -q 'cannot be looked for' found; then
    pass "$name"
  else
    fail "$name" found
  fi
}

"$cc" -fsanitize=address -g -pthread -o program "$here/programs/leaving.c"
printf '#!/bin/sh\n./program\n' >script
chmod +x script
leaves 'a leak beside threads, a child and another leak' 1 -- ./program
leaves 'below a script' 1 -- ./script
leaves 'a program that gives up' 0 -- ./program 1
leaves 'a program that gives up, and all leaks count' 1 --leaks all -- ./program 1
leaves 'no leaks are asked for' 0 --leaks off -- ./program
export ASAN_OPTIONS=detect_leaks=0
leaves 'the user wants no leaks' 0 -- ./program
unset ASAN_OPTIONS
echo 'leak:planted' >known
export LSAN_OPTIONS="suppressions=$PWD/known"
leaves 'a leak that the user has suppressed' 0 -- ./program
unset LSAN_OPTIONS

# The injector that is linked in stops in gdb, too.
"$clang" -fsanitize=address -g -o program "$victims/asan_double_free.c" "$linked"
explore 1 --store here.db || :
id=$(grep -o 'sanitizer-[0-9a-f]*' found | head -n 1)
printf 'kill\nquit\n' | timeout 300 nomem replay --store here.db --gdb "$id" >seen 2>&1 || :
if grep -A3 '^nomem: the call is made here' seen | grep -q 'at .*asan_double_free.c:'; then
  pass 'gdb stops at the fault of a linked program'
else
  fail 'gdb stops at the fault of a linked program' seen
fi

# A signal that a sanitizer catches is shown by its report.
"$cc" -fsanitize=thread -g -O0 -o program "$tests/victims/crash_write.c"
export TSAN_OPTIONS=handle_segv=2
if explore 1 && grep -q '^sanitizer in planted' found && grep -q 'where it blew up: ThreadSanitizer: SEGV' found; then
  pass 'a signal that a sanitizer catches'
else
  fail 'a signal that a sanitizer catches' found
fi
unset TSAN_OPTIONS

# operator new of a sanitizer does not come to malloc.
try asan_catch "$cxx -fsanitize=address"
try asan_catch "$clangxx -fsanitize=address $linked"
try asan_catch "$clangxx -fsanitize=address -shared-libsan -Wl,-rpath,$("$clang" -print-resource-dir)/lib/linux"
try lsan_catch "$cxx -fsanitize=address"
try lsan_catch "$clangxx -fsanitize=address $linked"

# Every form of it, by each run-time: ./program fails what is asked for, and all of it is served without a plan.
for build in "$cxx -fsanitize=address" "$cxx -fsanitize=thread" "$cxx -fsanitize=leak" "$clangxx -fsanitize=address $linked" \
  "$clangxx -fsanitize=memory $linked" "$clangxx -fsanitize=thread $linked" "$clangxx -fsanitize=leak $linked"; do
  # shellcheck disable=SC2086
  $build -std=c++17 -g -o program "$here/programs/new_forms.cc"
  if nomem run --fail fn=new -- ./program >found 2>&1 && grep -q '^nomem: 13 of ' found &&
    ./program served >>found 2>&1; then
    pass "every form of operator new ($build)"
  else
    fail "every form of operator new ($build)" found
  fi
done

# The program's own comes to malloc, and is left alone.
for build in "$cxx -fsanitize=address" "$clangxx -fsanitize=address $linked"; do
  # shellcheck disable=SC2086
  $build -DOWN -std=c++17 -g -o program "$here/programs/new_forms.cc"
  nomem run --fail 'in=_Znwm fn=malloc' -- ./program >found 2>&1 || :
  if grep -q '^nomem: malloc of 4 bytes' found && ! grep -q '^nomem: new of 4 ' found; then
    pass "the program's own operator new ($build)"
  else
    fail "the program's own operator new ($build)" found
  fi
done

# What throws has to be a shared library; else that is said.
"$cxx" -fsanitize=address -static-libstdc++ -g -o program "$victims/asan_catch.cc"
if explore 0 && grep -q 'operator new is its sanitizer.s, and cannot be failed' found; then
  pass 'operator new is said not to fail'
else
  fail 'operator new is said not to fail' found
fi

# Who lets it escape is to blame.
for build in "$cxx -fsanitize=address" "$clangxx -fsanitize=address $linked"; do
  # shellcheck disable=SC2086
  $build -g -o program "$tests/victims/abort_noexcept.cc"
  if explore 1 --under-test '*' && grep -q '^abort in planted.*abort_noexcept.cc:12)' found &&
    grep -q 'SIGABRT, C++ terminate' found; then
    pass "a bad_alloc that escapes ($build)"
  else
    fail "a bad_alloc that escapes ($build)" found
  fi
done

finish
