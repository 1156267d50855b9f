#!/bin/sh
# SPDX-License-Identifier: MIT
# The drop-in engine, whichever fuzzer drives the target, under each sanitizer, with each compiler: a planted bug must be
# found, its clean twin must stay clean, and where nothing can fail, that must be said.
#
#   tests/fuzz_drivers/run.sh BUILD [--all]     prints "ok" or "not ok" and what was tested
#
# Exit status 1 when a test failed. Without --all, only AddressSanitizer is tried with every way of calling the target.
# AFL++ is driven by its own driver; honggfuzz and centipede are not packaged: driver.c calls as they do.
set -eu
build=$(cd "$1" && pwd)
all=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
tests=$(dirname "$here")
engine="-Wl,--wrap=LLVMFuzzerTestOneInput $build/libnomem-fuzz.a"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cd "$work"
# shellcheck disable=SC1091 source-path=SCRIPTDIR/../lib source=tap.sh
. "$tests/lib/tap.sh"
# shellcheck disable=SC1091 source-path=SCRIPTDIR/../lib source=machine.sh
. "$tests/lib/machine.sh"
# Leaks are another matter, and LeakSanitizer cannot look for them everywhere.
export ASAN_OPTIONS=detect_leaks=0 LSAN_OPTIONS=detect_leaks=0 AFL_QUIET=1
unset NOMEM_FUZZ NOMEM_FUZZ_PLAN NOMEM_FUZZ_ONLY NOMEM_FUZZ_NOT NOMEM_FUZZ_KNOWN

# build LOG COMMAND...: runs it, and ends the suite with what it said when it fails.
compile() {
  "$@" >log 2>&1 || { cat log; exit 1; }
}

# run PROGRAM [ARGUMENT...]: its output is in "log", its status in $status. It writes in a folder of its own.
run() {
  program=$1
  shift
  status=0
  rm -rf empty && mkdir empty
  (cd empty && timeout 200 "../$program" "$@" >../log 2>&1) 2>/dev/null || status=$?
}

# cell NAME BUG CLEAN [ARGUMENT...]: the bug is found, and the call named; the clean twin ends well, and nothing says that
# nothing could fail.
cell() {
  name=$1 bug=$2 clean=$3
  shift 3
  run "$bug" "$@"
  if [ "$status" -eq 0 ] || ! grep -q '^nomem: the call that was failed: malloc of ' log; then
    fail "$name: the bug is found" log
    return
  fi
  run "$clean" "$@"
  if [ "$status" -eq 0 ] && ! grep -q '^nomem: ' log; then pass "$name"; else fail "$name: the clean twin stays clean" log; fi
}

# says NAME PATTERN PROGRAM [ARGUMENT...]: it ends well, and prints one such line.
says() {
  name=$1 pattern=$2
  shift 2
  run "$@"
  if [ "$status" -eq 0 ] && [ "$(grep -c "^nomem: $pattern" log)" = 1 ]; then pass "$name"; else fail "$name" log; fi
}

# The drivers, in the ways that they call. Each is compiled once, without a sanitizer.
for way in PLAIN WEAK_REFERENCE WEAK_DEFINITION GIVEN NEVER; do
  compile gcc -g -O1 -c -D$way "$here/driver.c" -o driver-$way.o
done
compile ar rcs driver-ARCHIVE.a driver-WEAK_REFERENCE.o

# matrix COMPILER SANITIZER: each way, with this target. An archive comes before what it is to be drawn for.
matrix() {
  compiler=$1 sanitizer=$2
  drivers='WEAK_REFERENCE.o WEAK_DEFINITION.o'
  if [ "$all" = --all ] || [ "$sanitizer" = address ]; then drivers="PLAIN.o $drivers ARCHIVE.a GIVEN"; fi
  flags="-g -O1 ${sanitizer:+-fsanitize=$sanitizer -fno-sanitize-recover=all}"
  # shellcheck disable=SC2086 # flags are words
  {
    for twin in UNCHECKED_MALLOC NONE; do
      compile "$compiler" $flags -c -DBUG_$twin "$tests/fuzz_engine/parser.c" -o $twin.o
      for driver in $drivers; do
        parts="driver-$driver $twin.o"
        [ "$driver" != GIVEN ] || parts="driver-GIVEN.o -DBUG_$twin $here/with_main.c"
        compile "$compiler" $flags $parts $engine -o "$driver-$twin"
      done
    done
  }
  for driver in $drivers; do
    cell "$compiler, ${sanitizer:-no sanitizer}, $driver" "$driver-UNCHECKED_MALLOC" "$driver-NONE"
  done
}

for sanitizer in '' undefined address,undefined leak address; do matrix gcc "$sanitizer"; done
for sanitizer in '' undefined address,undefined leak memory address; do matrix clang "$sanitizer"; done

# libFuzzer, and a target that it gives to a driver of another kind.
for sanitizer in '' ,address ,undefined ,memory; do
  for twin in UNCHECKED_MALLOC NONE; do
    # shellcheck disable=SC2086
    compile clang -g -O1 -fsanitize=fuzzer$sanitizer -fno-sanitize-recover=all -DBUG_$twin "$tests/fuzz_engine/parser.c" \
      $engine -o fuzzer-$twin
  done
  cell "libFuzzer$sanitizer" fuzzer-UNCHECKED_MALLOC fuzzer-NONE -seed=1 -runs=5000
done
for twin in UNCHECKED_MALLOC NONE; do
  # shellcheck disable=SC2086
  compile clang -g -O1 -fsanitize=fuzzer-no-link,address -DBUG_$twin "$tests/fuzz_engine/parser.c" \
    driver-WEAK_REFERENCE.o $engine -o no-link-$twin
done
cell '-fsanitize=fuzzer-no-link with another driver' no-link-UNCHECKED_MALLOC no-link-NONE

printf 'a=b\nkey=value\n' >input
if command -v afl-clang-fast >/dev/null 2>&1; then
  for sanitizer in AFL_USE_NONE AFL_USE_ASAN AFL_USE_UBSAN; do
    for twin in UNCHECKED_MALLOC NONE; do
      # shellcheck disable=SC2086
      compile env $sanitizer=1 afl-clang-fast -g -O1 -fsanitize=fuzzer -DBUG_$twin "$tests/fuzz_engine/parser.c" $engine \
        -o afl-$twin
    done
    cell "AFL++, $sanitizer" afl-UNCHECKED_MALLOC afl-NONE ../input
  done
else
  skip 'AFL++' 'no afl-clang-fast'
fi

# As with a C library before glibc 2.35: what is wrapped and not defined is not there, for the engine.
for twin in UNCHECKED_MALLOC NONE; do
  # shellcheck disable=SC2086
  compile clang -g -O1 -fsanitize=fuzzer,address -DBUG_$twin "$tests/fuzz_engine/parser.c" $engine \
    -Wl,--wrap=_dl_find_object -o old-$twin
done
cell 'a C library without _dl_find_object' old-UNCHECKED_MALLOC old-NONE -seed=1 -runs=5000

# A driver of several files with debug information does not make the code under test, which is in the harness's file, a
# part of the harness.
echo 'int helper(void); int helper(void) { return 1; }' >helper.c
for twin in UNCHECKED_MALLOC NONE; do
  # shellcheck disable=SC2086
  compile gcc -g -O1 -DBUG_$twin driver-PLAIN.o helper.c "$tests/fuzz_engine/parser.c" $engine -o files-$twin
done
cell 'a driver of several files' files-UNCHECKED_MALLOC files-NONE

# A fuzzer that traces the target and its children sees no crash but the target's own: what the harness does not check
# is tried in a child.
# follows NAME PATTERN PROGRAM: so many crashes are seen. A signal that a handler has raised once more is seen twice.
follows() {
  name=$1 pattern=$2
  run follow "../$3"
  if [ "$status" = 0 ] && grep -qx "crashes: $pattern" log; then pass "$name"; else fail "$name" log; fi
}
if [ -z "$no_ptrace" ]; then
  compile gcc -O1 "$here/follow.c" -o follow
  for twin in NONE ADD; do
    # shellcheck disable=SC2086
    compile gcc -g -O1 -DBUG_$twin driver-WEAK_DEFINITION.o "$tests/fuzz_going_on/library.c" \
      "$tests/fuzz_going_on/harness.c" $engine -o traced-$twin
  done
  follows 'followed by ptrace, what the harness does not check is no crash' 0 traced-NONE
  follows 'the bug beside it is one' '[12]' traced-ADD
else
  skip 'followed by ptrace' "$no_ptrace"
fi

# Where nothing can fail, that is said, once.
nothing='no allocation call was seen in any input'
# shellcheck disable=SC2086
{
  compile gcc -g -O1 driver-WEAK_DEFINITION.o "$here/small.c" $engine -o none
  compile gcc -g -O1 -DALLOCATES driver-PLAIN.o "$here/small.c" $engine -o own
  compile gcc -g -O1 driver-NEVER.o "$tests/fuzz_engine/parser.c" $engine -o never
  compile gcc -g -Os -falign-functions=1 driver-WEAK_DEFINITION.o "$here/small.c" $engine -o tight
  compile clang -g -O1 -fsanitize=fuzzer "$here/small.c" $engine -o fuzzer-none
}
says 'a target that allocates nothing' "$nothing" none
says 'the same in libFuzzer' "$nothing" fuzzer-none -runs=100
says 'a target of which every call is left alone' 'every allocation call that was seen is one that is left alone' own
says 'a driver that never calls the target' 'no input has come through the engine' never
says 'a target too small to be put in front of' 'no input has come through the engine' tight
says 'a plan that fits nothing' 'the plan failed no call' fuzzer-NONE ../input --nomem_plan=site=0123456789abcdef
# quiet NAME PROGRAM [ARGUMENT...]: it ends well, and the engine says nothing.
quiet() {
  name=$1
  shift
  run "$@"
  if [ "$status" -eq 0 ] && ! grep -q '^nomem: ' log; then pass "$name"; else fail "$name" log; fi
}
quiet 'off, nothing is said' none --nomem=off
# shellcheck disable=SC2086
for driver in PLAIN WEAK_DEFINITION; do
  compile gcc -g -O1 -DBUG_UNCHECKED_MALLOC '-DWORDS="off"' driver-$driver.o "$tests/fuzz_engine/switch.c" $engine -o off-$driver
  quiet "nor by a target that switches itself off, $driver" off-$driver
done
says 'a libFuzzer that only starts others says what has come of it' 'edges: [0-9]*, of them only where a call failed: ' \
  fuzzer-NONE -fork=1 -runs=200
quiet 'nor by one that prints its help' fuzzer-NONE -help=1

# What is missing from the command line is in the linker's complaint.
asks_for_wrap() {
  ! gcc driver-PLAIN.o NONE.o "$build/libnomem-fuzz.a" -o unwrapped >log 2>&1 &&
    grep -q 'please_link_with_Wl_wrap_LLVMFuzzerTestOneInput' log
}
if asks_for_wrap; then pass 'without --wrap, the link fails and says what to add'; else
  fail 'without --wrap, the link fails and says what to add' log
fi
finish
