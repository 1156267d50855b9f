#!/bin/bash -eu
# SPDX-License-Identifier: MIT
# Builds every fuzz target into $OUT, as OSS-Fuzz calls it: CC CXX CFLAGS CXXFLAGS LIB_FUZZING_ENGINE OUT SRC are set.
# Each target is a program of its own, with its seeds, options and dictionary beside it.
cd "$SRC/nomem"
objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT

# Sibling calls would take the frames off the stack that in= asks for.
flags="-std=gnu11 -fno-omit-frame-pointer -fno-optimize-sibling-calls -Ilib -Ifaults -Ifuzz"

# compile SOURCE: prints the object's name.
compile() {
  local object
  object=$objects/$(echo "$1" | tr / _).o
  # shellcheck disable=SC2086 # flags are words
  $CC $CFLAGS $flags -c "$1" -o "$object"
  echo "$object"
}

parts=()
for source in lib/*.c faults/*.c faults/inject/*.c fuzz/common/*.c fuzz/libuv/*.c; do
  case $source in
    faults/inject/backend_uv.c) ;;
    faults/inject/backend_*.c | *'*'*) continue ;;
  esac
  parts+=("$(compile "$source")")
done
ar rcs "$objects/parts.a" "${parts[@]}"

for source in fuzz/*.c; do
  target=$(basename "$source" .c)
  [ "$target" = driver ] && continue
  libraries=
  # The machine that fuzzes has no libuv.
  [ "$target" = libuv ] && libraries='-Wl,--whole-archive -l:libuv_a.a -Wl,--no-whole-archive -ldl'
  # shellcheck disable=SC2086
  $CXX $CXXFLAGS "$(compile "$source")" $LIB_FUZZING_ENGINE $libraries "$objects/parts.a" -pthread -o "$OUT/$target"
  (cd "corpus/$target" && zip -q -X "$OUT/${target}_seed_corpus.zip" -- *)
  for extra in options dict suppressions; do
    if [ -f "fuzz/$target.$extra" ]; then cp "fuzz/$target.$extra" "$OUT/"; fi
  done
done
