#!/bin/sh
# Other projects' own fuzz targets, from the distribution's source packages, with the drop-in engine linked to them.
#
#   tests/downstream/fuzz_targets.sh BUILD build [TARGET...]     fetch and build, each with and without the engine
#   tests/downstream/fuzz_targets.sh BUILD bugs [TARGET...]      what the engine finds from nothing, with the reproduction
#   tests/downstream/fuzz_targets.sh BUILD coverage [TARGET...]  edges covered with and without it, in the same time
#   tests/downstream/fuzz_targets.sh BUILD speed [TARGET...]     runs a second when there is nothing new to fail
#
# SECONDS_EACH (default 5): time of one run; ROUNDS (default 12 bugs, 3 otherwise): how many.
# Exit status: 0 done, 1 a reproduction line does not reproduce, 2 cannot be done here.
set -eu

die() {
  echo "nomem: $*" >&2
  exit 2
}

[ $# -ge 2 ] || die "usage: tests/downstream/fuzz_targets.sh BUILD build|bugs|coverage|speed [TARGET...]"
mkdir -p "$1/downstream/fuzz"
build=$(cd "$1" && pwd)
action=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
top=$build/downstream/fuzz
[ $# -gt 0 ] || set -- jansson cjson expat libpng libxml2-xml libxml2-xpath
targets=$*
seconds=${SECONDS_EACH:-5}
rounds=${ROUNDS:-}
engine=$build/libnomem-fuzz.a
sanitize=address,undefined
flags="-g -O1 -fno-omit-frame-pointer"
common="-rss_limit_mb=4096 -timeout=20"

# What a target's own code allocates unchecked is not the library's doing: see docs/fuzzing.md.
only_of() {
  case $1 in
    libxml2-*) echo "NOMEM_FUZZ_NOT=in=xmlFuzz*" ;;
    *) echo "NOMEM_FUZZ_NOT=" ;;
  esac
}

source_of() {
  "$here/fetch.sh" "$build/downstream" "$1" || die "no source package $1"
}

# with_cmake FOLDER SOURCE OPTION...: configures only; what is compiled is named below.
with_cmake() {
  folder=$1
  shift
  CC=clang CXX=clang++ cmake -S "$1" -B "$folder" -DCMAKE_BUILD_TYPE=None "$@" >"$folder.log" 2>&1 ||
    die "cmake failed: see $folder.log"
}

# compile FOLDER SOURCE...: into FOLDER/lib.a, with the flags in $more.
compile() {
  folder=$1
  shift
  mkdir -p "$folder/obj"
  for source in "$@"; do
    # shellcheck disable=SC2086
    clang $flags -fsanitize=fuzzer-no-link,$sanitize -fno-sanitize=function,nonnull-attribute,pointer-overflow \
      $more -w -c "$source" -o "$folder/obj/$(basename "$source").o" || die "cannot compile $source"
  done
  rm -f "$folder/lib.a"
  ar rcs "$folder/lib.a" "$folder"/obj/*.o
}

# link TARGET FOLDER HARNESS [LIBRARY...]: the unchanged harness, without and with the engine.
link() {
  target=$1 folder=$2 harness=$3
  shift 3
  for variant in plain nomem; do
    add=
    [ $variant = plain ] || add="-Wl,--wrap=LLVMFuzzerTestOneInput $engine"
    # shellcheck disable=SC2086
    clang++ $flags -fsanitize=fuzzer,$sanitize -fno-sanitize=function,nonnull-attribute,pointer-overflow $more -w \
      $harness "$folder/lib.a" "$@" $add -o "$top/$target.$variant" || die "cannot link $target"
  done
}

build_target() {
  work=$top/build-$1
  mkdir -p "$work"
  case $1 in
    jansson)
      tree=$(source_of jansson)
      with_cmake "$work" "$tree" -DJANSSON_BUILD_DOCS=OFF -DJANSSON_WITHOUT_TESTS=ON
      more="-I$work/include -I$work/private_include -I$tree/src -DHAVE_CONFIG_H"
      compile "$work" "$tree"/src/*.c
      link jansson "$work" "$tree/test/ossfuzz/json_load_dump_fuzzer.cc" ;;
    cjson)
      tree=$(source_of cjson)
      more=
      compile "$work" "$tree/cJSON.c"
      link cjson "$work" "-x c $tree/fuzzing/cjson_read_fuzzer.c -x none" ;;
    expat)
      tree=$(source_of expat)/expat
      with_cmake "$work" "$tree" -DEXPAT_BUILD_TESTS=OFF -DEXPAT_BUILD_EXAMPLES=OFF -DEXPAT_BUILD_TOOLS=OFF
      sed -i 's/^#define XML_DTD$/#define XML_DTD 1/' "$work/expat_config.h" # as its other build system has it
      more="-I$work -I$tree/lib -DXML_STATIC -DHAVE_EXPAT_CONFIG_H -DENCODING_FOR_FUZZING=UTF-8"
      compile "$work" "$tree/lib/xmlparse.c" "$tree/lib/xmlrole.c" "$tree/lib/xmltok.c"
      link expat "$work" "-x c $tree/fuzz/xml_parse_fuzzer.c -x none" ;;
    libpng)
      tree=$(source_of libpng1.6)
      cp "$tree/scripts/pnglibconf.h.prebuilt" "$work/pnglibconf.h"
      more="-I$work -I$tree -DPNG_INTEL_SSE_OPT=0"
      compile "$work" "$tree"/png.c "$tree"/png[egmprstw]*.c
      link libpng "$work" "$tree/contrib/oss-fuzz/libpng_read_fuzzer.cc" -lz -lm ;;
    libxml2-*)
      tree=$(source_of libxml2)
      if [ ! -f "$top/build-libxml2-common/lib.a" ]; then
        work=$top/build-libxml2-common
        with_cmake "$work" "$tree" -DLIBXML2_WITH_PYTHON=OFF -DLIBXML2_WITH_LZMA=OFF -DLIBXML2_WITH_ZLIB=OFF \
          -DLIBXML2_WITH_ICU=OFF -DLIBXML2_WITH_ICONV=OFF -DLIBXML2_WITH_TESTS=OFF -DLIBXML2_WITH_PROGRAMS=OFF
        more="-I$work -I$work/libxml -I$tree/include -I$tree -DLIBXML_STATIC"
        # shellcheck disable=SC2046
        compile "$work" $(awk -v tree="$tree/" '/^\tLIBXML2_SRCS/ { inside = 1; next } inside && /\)/ { exit }
          inside { print tree $1 }' "$tree/CMakeLists.txt") "$tree/fuzz/fuzz.c"
      fi
      work=$top/build-libxml2-common
      more="-I$work -I$tree/include -I$tree/fuzz -I$tree -DLIBXML_STATIC"
      link "$1" "$work" "-x c $tree/fuzz/${1#libxml2-}.c -x none" -lm ;;
    *) die "no such target: $1" ;;
  esac
  echo "built $1"
}

case $action in
  build)
    for target in $targets; do build_target "$target"; done ;;
esac
