#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs build.sh here in OSS-Fuzz's environment, once as libFuzzer with the address sanitizer and once with an engine that
# comes as an archive and the undefined behaviour one; then replays the seeds from what was built, and from nothing else.
#
#   tools/oss-fuzz/test.sh FOLDER      builds there
#
# Exit status: 0 all built and replayed, 1 not.
set -u
folder=$(mkdir -p "$1" && cd "$1" && pwd)
source=$(cd "$(dirname "$0")/../.." && pwd)
common='-O1 -fno-omit-frame-pointer -gline-tables-only -Wno-error -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION'

fail() {
  echo "oss-fuzz: $*" >&2
  exit 1
}

# build NAME FLAGS ENGINE
build() {
  rm -rf "${folder:?}/$1"
  mkdir -p "$folder/$1/out" "$folder/$1/src" "$folder/$1/work"
  ln -s "$source" "$folder/$1/src/nomem"
  env -i PATH="$PATH" HOME="$folder" CC=clang CXX=clang++ CFLAGS="$common $2" CXXFLAGS="$common $2" \
    LIB_FUZZING_ENGINE="$3" OUT="$folder/$1/out" SRC="$folder/$1/src" WORK="$folder/$1/work" \
    FUZZING_LANGUAGE=c bash -eu "$source/tools/oss-fuzz/build.sh" || fail "build.sh failed for $1"
}

# check NAME COMMAND...: every target is there, a program, and replays its own seeds in a folder of its own.
check() {
  name=$1
  shift
  for file in "$source"/fuzz/*.c; do
    target=$(basename "$file" .c)
    [ "$target" = driver ] && continue
    cd "$folder/$name/out" || fail "no $folder/$name/out"
    [ "$(head -c 4 "$target" | tail -c 3)" = ELF ] || fail "$name: $target is not a program"
    seeds=$folder/$name/work/$target
    mkdir -p "$seeds"
    unzip -q -o "${target}_seed_corpus.zip" -d "$seeds" || fail "$name: $target has no seeds"
    [ -f "$target.options" ] || fail "$name: $target has no options"
    dictionary=$(sed -n 's/^dict *= *//p' "$target.options")
    [ -z "$dictionary" ] || [ -f "$dictionary" ] || fail "$name: $target has no dictionary $dictionary"
    timeout 120 "./$target" "$@" "$seeds" >"$seeds.log" 2>&1 || { tail -n 20 "$seeds.log"; fail "$name: $target failed"; }
  done
  echo "oss-fuzz: $name: every target built and replayed"
}

build libfuzzer '-fsanitize=address -fsanitize-address-use-after-scope -fsanitize=fuzzer-no-link' -fsanitize=fuzzer
check libfuzzer -runs=0

# The lines for somebody else's build.sh: with a project of one target, and where nothing can be installed.
lines=$folder/lines
rm -rf "$lines" && mkdir -p "$lines/src/nomem" "$lines/out" "$lines/bin"
for part in Makefile faults fuzz lib tools; do cp -r "$source/$part" "$lines/src/nomem/"; done
for tool in apt-get dpkg-query sudo; do
  # shellcheck disable=SC2016 # $0 is the tool's
  printf '#!/bin/sh\necho "$0 was called" >>%s\nexit 1\n' "$lines/called" >"$lines/bin/$tool"
  chmod +x "$lines/bin/$tool"
done
# shellcheck disable=SC2016 # the variables are those of build.sh
env -i PATH="$lines/bin:$PATH" HOME="$lines" SRC="$lines/src" OUT="$lines/out" LIB_FUZZING_ENGINE=-fsanitize=fuzzer \
  CFLAGS="$common -fsanitize=address,fuzzer-no-link" TARGET="$source/tests/fuzz_engine/parser.c" bash -eu -c '
    . "$SRC/nomem/tools/oss-fuzz/build-lines.sh"
    clang $CFLAGS -DBUG_UNCHECKED_MALLOC "$TARGET" $LIB_FUZZING_ENGINE -o "$OUT/parser_fuzzer"
    cp "$OUT/parser_fuzzer" "$OUT/parser_fuzzer_nomem"' || fail 'the lines for build.sh failed'
[ ! -e "$lines/called" ] || fail "$(cat "$lines/called")"
cd "$lines/out" || fail "no $lines/out"
./parser_fuzzer -seed=1 -runs=5000 >plain.log 2>&1 || fail 'a target with the engine idle failed'
if ./parser_fuzzer_nomem -seed=1 -runs=5000 >nomem.log 2>&1; then fail 'its copy found nothing'; fi
grep -q '^nomem: the call that was failed' nomem.log || fail 'its copy did not name the call that failed'
echo 'oss-fuzz: lines for build.sh: the copy of the target fails allocations, the target does not'

mkdir -p "$folder/engine"
clang -O1 -I"$source/fuzz" -c "$source/fuzz/driver.c" -o "$folder/engine/driver.o" || fail 'no engine'
ar rcs "$folder/engine/libengine.a" "$folder/engine/driver.o" || fail 'no engine'
build archive '-fsanitize=undefined -fno-sanitize-recover=undefined' "$folder/engine/libengine.a"
check archive
