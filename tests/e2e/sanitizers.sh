#!/bin/sh
# One planted bug for each thing that a sanitizer reports: found, called by its name, its place shown twice, under each
# way that a sanitizer's run-time and nomem come into one program. Its mended twin: nothing found.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

victims=$here/../victims/sanitizers
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
  timeout 60 nomem explore --jobs 2 "$@" -- ./program >found 2>&1 || explore_status=$?
  [ "$explore_status" = "$explore_wanted" ]
}

# What the head of a victim says that it shows, without the sentence behind it.
kind() { sed -n '1s|^/\* \([A-Za-z]*: [^.]*\)\..*|\1|p' "$1"; }

is_planted() {
  [ "$(grep -c '^  reproduce: ' found)" = 1 ] || return 1
  grep -q "^sanitizer in planted (.*$(basename "$1"):$(line "$1" blow-up))" found || return 1
  grep -qF "where it blew up: $(kind "$1")" found || return 1
  stack 'the fault: ' | grep -q "$(basename "$1"):$(line "$1" fault))" || return 1
  stack 'where it ' | grep -q "planted (.*$(basename "$1"):$(line "$1" blow-up))"
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
  source=$victims/$1.c
  build_line=$2
  name="$1 ($build_line)"
  shift 2
  # shellcheck disable=SC2086 # a compiler and its options
  $build_line -std=gnu11 -g -O0 -pthread -o program "$source"
  if explore 1 "$@" && is_planted "$source" && reproduces "$source"; then pass "$name"; else
    cat again >>found 2>/dev/null || :
    fail "$name" found
  fi
  # shellcheck disable=SC2086
  $build_line -std=gnu11 -g -O0 -pthread -DMENDED -o program "$source"
  if explore 0 "$@" && grep -q ' 0 findings' found; then pass "$name, mended"; else fail "$name, mended" found; fi
}

linked=$build/nomem-link.o
cxx=${CXX:-g++}
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
# LeakSanitizer cannot work under ptrace.
try lsan_left "$cc -fsanitize=address" --no-trace
try lsan_left "$clang -fsanitize=leak $linked" --no-trace

# The injector that is linked in stops in gdb, too.
"$clang" -fsanitize=address -g -o program "$victims/asan_double_free.c" "$linked"
explore 1 --store here.db || :
id=$(grep -o 'sanitizer-[0-9a-f]*' found | head -n 1)
printf 'kill\nquit\n' | timeout 60 nomem replay --store here.db --gdb "$id" >seen 2>&1 || :
if grep -q 'Breakpoint 1, nomem_fault' seen; then pass 'gdb stops at the fault of a linked program'; else
  fail 'gdb stops at the fault of a linked program' seen
fi

# operator new of a sanitizer does not come to malloc: that is said, and of C programs it is not.
for build in "$cxx -fsanitize=address" "$clang --driver-mode=g++ -fsanitize=address $linked"; do
  # shellcheck disable=SC2086
  $build -g -o program "$here/../victims/abort_noexcept.cc"
  explore 0 || :
  if grep -q "operator new is its sanitizer's" found && ! grep -q '^abort in' found; then
    pass "operator new is said not to fail ($build)"
  else
    fail "operator new is said not to fail ($build)" found
  fi
done
"$cc" -fsanitize=address -g -o program "$victims/asan_strdup.c" -DMENDED
if explore 0 && ! grep -q 'operator new' found; then pass 'not of a C program'; else fail 'not of a C program' found; fi

finish
