# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154 # the variables are fuzz_targets.sh's
# Other projects' own fuzz targets: how each is built, and what belongs to it. Read by fuzz_targets.sh, which provides
# build, top, here and die.

# The engine was tuned on the first, and never saw the second before it was measured on them.
tuned_targets='jansson jansson-ndebug cjson expat libpng libxml2-xml libxml2-xpath'
other_targets='nghttp2 libcbor pcre2 libplist-xml libplist-binary oniguruma c-ares'
engine=$build/libnomem-fuzz.a
sanitize=address,undefined
# The libraries call functions through other types and copy nothing from NULL: no bugs of the kind looked for here.
relax=-fno-sanitize=function,nonnull-attribute,pointer-overflow
flags="-g -O1 -fno-omit-frame-pointer"
# Calls whose failure a target does not expect in its own code: what it makes for itself, and objects that it takes
# unchecked (expat's asserts that it got a parser). See docs/fuzzing.md.
not_of() {
  case $1 in
    expat) echo "in=XML_ParserCreate*" ;;
    libxml2-xml) echo "in=xmlFuzz*" ;;
    libxml2-xpath) echo "in=xmlFuzz*;in=xmlXPathNewContext" ;;
    *) echo "" ;;
  esac
}

# The dictionaries that come with the targets.
dictionary_of() {
  case $1 in
    libpng) echo "-dict=$(source_of libpng1.6)/contrib/oss-fuzz/png.dict" ;;
    libxml2-*) echo "-dict=$(source_of libxml2)/fuzz/${1#libxml2-}.dict" ;;
    libplist-xml) echo "-dict=$(source_of libplist)/fuzz/xplist.dict" ;;
    libplist-binary) echo "-dict=$(source_of libplist)/fuzz/bplist.dict" ;;
    oniguruma) echo "-dict=$(source_of libonig)/harnesses/ascii_compatible.dict" ;;
  esac
}

# source_of PACKAGE [SUITE]
source_of() {
  "$here/fetch.sh" "$build/downstream" "$@" || die "no source package $1"
}

# with_cmake FOLDER SOURCE OPTION...: configures only; what is compiled is named below.
with_cmake() {
  folder=$1
  shift
  CC=clang CXX=clang++ cmake -S "$1" -B "$folder" -DCMAKE_BUILD_TYPE=None "$@" >"$folder.log" 2>&1 ||
    die "cmake failed: see $folder.log"
}

# compile FOLDER SOURCE...: into FOLDER/lib.a, with the flags in $more, unless that is younger than this file.
compile() {
  folder=$1
  shift
  if [ -n "$(find "$folder/lib.a" -newer "$here/fuzz_builds.sh" 2>/dev/null)" ]; then return; fi
  rm -rf "$folder/obj"
  mkdir -p "$folder/obj"
  for source in "$@"; do
    # shellcheck disable=SC2086
    clang $flags -fsanitize=fuzzer-no-link,$sanitize $relax \
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
    clang++ $flags -fsanitize=fuzzer,$sanitize $relax $more -w \
      $harness "$folder/lib.a" "$@" $add -o "$top/$target.$variant" || die "cannot link $target"
  done
  clang -O2 -c "$here/../fuzz_engine/overhead.c" -o "$top/overhead.o" || die "cannot compile overhead.c"
  # shellcheck disable=SC2086
  clang++ $flags -fsanitize=fuzzer-no-link,$sanitize $relax $more -w \
    $harness "$top/overhead.o" "$folder/lib.a" "$@" $add -o "$top/$target.overhead" || die "cannot link $target"
}

build_target() {
  work=$top/build-$1
  mkdir -p "$work"
  case $1 in
    jansson | jansson-ndebug)
      tree=$(source_of jansson)
      with_cmake "$work" "$tree" -DJANSSON_BUILD_DOCS=OFF -DJANSSON_WITHOUT_TESTS=ON
      more="-I$work/include -I$work/private_include -I$tree/src -DHAVE_CONFIG_H"
      [ "$1" = jansson ] || more="$more -DNDEBUG" # as its release builds are
      compile "$work" "$tree"/src/*.c
      link "$1" "$work" "$tree/test/ossfuzz/json_load_dump_fuzzer.cc" ;;
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
    nghttp2)
      tree=$(source_of nghttp2)
      with_cmake "$work" "$tree" -DENABLE_LIB_ONLY=ON
      more="-I$work -I$work/lib/includes -I$tree/lib/includes -I$tree/lib -DHAVE_CONFIG_H -DNGHTTP2_STATICLIB"
      compile "$work" "$tree"/lib/*.c
      link nghttp2 "$work" "$tree/fuzz/fuzz_target.cc" ;;
    libcbor)
      tree=$(source_of libcbor newest)
      with_cmake "$work" "$tree"
      more="-I$work -I$work/src -I$work/cbor -I$tree/src"
      compile "$work" "$tree"/src/*.c "$tree"/src/cbor/*.c "$tree"/src/cbor/internal/*.c
      link libcbor "$work" "$tree/oss-fuzz/cbor_load_fuzzer.cc" -lm ;;
    pcre2)
      tree=$(source_of pcre2)
      with_cmake "$work" "$tree" -DPCRE2_BUILD_PCRE2GREP=OFF -DPCRE2_BUILD_TESTS=OFF
      more="-I$work -I$tree/src -DHAVE_CONFIG_H -DPCRE2_CODE_UNIT_WIDTH=8"
      cp "$tree/src/pcre2_chartables.c.dist" "$work/pcre2_chartables.c"
      # shellcheck disable=SC2046
      compile "$work" "$work/pcre2_chartables.c" $(awk -v tree="$tree/" '/^SET\(PCRE2_SOURCES/ { inside = 1; next }
        inside && /\)/ { exit } inside && /src.*\.c$/ { print tree $1 }' "$tree/CMakeLists.txt")
      link pcre2 "$work" "-x c $tree/src/pcre2_fuzzsupport.c -x none" ;;
    libplist-*)
      tree=$(source_of libplist)
      more="-I$tree/include -I$tree/src -I$tree/libcnary/include -DPACKAGE_VERSION=\"2\""
      compile "$work" "$tree"/src/*.c "$tree"/libcnary/*.c
      harness=xplist
      [ "$1" = libplist-xml ] || harness=bplist
      link "$1" "$work" "$tree/fuzz/${harness}_fuzzer.cc" -lm ;;
    oniguruma)
      tree=$(source_of libonig)
      with_cmake "$work" "$tree"
      more="-I$work -I$tree/src -DHAVE_CONFIG_H -DSYNTAX_TEST"
      # shellcheck disable=SC2046
      compile "$work" $(awk -v tree="$tree/" '/^set\(_SRCS/ { inside = 1 } inside { for (i = 1; i <= NF; i++)
        if ($i ~ /\.c\)?$/) { sub(/\)/, "", $i); print tree $i } } inside && /\)/ { exit }' "$tree/CMakeLists.txt")
      link oniguruma "$work" "-x c $tree/harnesses/base.c -x none" ;;
    c-ares)
      tree=$(source_of c-ares)
      with_cmake "$work" "$tree" -DCARES_BUILD_TOOLS=OFF
      more="-I$work -I$tree/include -I$tree/src/lib -DHAVE_CONFIG_H -DCARES_STATICLIB"
      compile "$work" "$tree"/src/lib/*.c
      link c-ares "$work" "-x c $tree/test/ares-test-fuzz.c -x none" ;;
    *) die "no such target: $1" ;;
  esac
  echo "built $1"
}

