# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2086,SC2154 # the variables are table.sh's; lists of words
# The projects whose own tests are explored: how each is built, and the command that runs its tests. Read by table.sh,
# which provides explore_suite; explore_programs, for a script of programs/ that is the test suite of what has none; and
# explore, for a single program. All are built with debug information.

all_suites='programs libuv1 jansson cjson json-c expat libyaml yajl cmark libevent libpng1.6 libxml2'

# Programs as they are installed, with small inputs: what is not installed is left out, and said.
suite_programs() {
  printf '%s\n' '<?xml version="1.0"?>' '<!DOCTYPE r [<!ELEMENT r (a*)><!ELEMENT a (#PCDATA)>' \
    '<!ATTLIST a x CDATA #IMPLIED><!ENTITY e "text">]>' '<r><a x="1">one &e;</a><a>two</a></r>' >"$work/doc.xml"
  printf '%s\n' 'create table t(a integer primary key, b text);' "insert into t(b) values('x'),('yy'),('zzz');" \
    'create index i on t(b); select group_concat(b), count(*) from t where b > 1 order by b;' >"$work/script.sql"
  printf '%s\n' 'a=2;for(i=0;i<5;i++)a=a*a;a' 'define f(x){return x*x+1;}' 'f(3)' 's(1)' >"$work/script.bc"
  mkdir -p "$work/tree/of/folders"
  if command -v infocmp >/dev/null 2>&1; then infocmp xterm >"$work/xterm.ti" 2>/dev/null || :; fi
  cd "$work" || return
  explore lua -- lua5.4 -e 'local t = {} for i = 1, 20 do t[i] = ("x"):rep(i) end print(#table.concat(t))'
  explore xmllint -- xmllint --noout doc.xml
  explore xmllint-xpath -- xmllint --valid --xpath 'count(//a)' doc.xml
  explore jq -- jq -n '[range(5)] | map(. * 2) | add'
  explore sqlite3 -- sqlite3 -batch :memory: '.read script.sql'
  explore openssl -- openssl dgst -sha256 doc.xml
  explore curl -- curl -V
  explore git -- git hash-object doc.xml
  explore bc --stdin script.bc -- bc -l
  explore file -- file doc.xml
  explore tic -- tic -c xterm.ti
  explore tar -- tar -cf /dev/null doc.xml
  explore ls -- ls -l doc.xml
  explore sort -- sort script.bc
  explore rm -- rm -r tree
}

# Its runner refuses to run as root.
suite_libuv1() {
  build_cmake libuv1 . || return
  [ "$(id -u)" != 0 ] || as_user='setpriv --reuid=65534 --regid=65534 --clear-groups'
  cp -r "$source/test" "$work" && chmod 777 "$work" && explore_in "$work" --split -- "$built/uv_run_tests"
}

suite_jansson() {
  build_cmake jansson . -DJANSSON_BUILD_SHARED_LIBS=ON -DJANSSON_BUILD_DOCS=OFF && explore_suite -- ctest
}

suite_cjson() {
  build_cmake cjson . -DENABLE_CJSON_UTILS=ON && explore_suite -- ctest
}

suite_json_c() {
  build_cmake json-c . -DBUILD_STATIC_LIBS=OFF && explore_suite -- ctest
}

# The distribution's patches of 2.5.0 compare macros that its CMake build defines without a value.
suite_expat() {
  build_cmake expat expat -DEXPAT_BUILD_DOCS=OFF -DEXPAT_DTD=OFF -DEXPAT_NS=OFF \
    '-DCMAKE_C_FLAGS=-DXML_DTD=1 -DXML_NS=1 -DXML_GE=1' && explore_programs expat
}

suite_libyaml() {
  build_cmake libyaml . -DBUILD_SHARED_LIBS=ON && explore_programs libyaml
}

suite_yajl() {
  build_cmake yajl . && explore_suite -- make test test-api
}

suite_cmark() {
  build_cmake cmark . && explore_suite -- ctest
}

suite_libevent() {
  build_cmake libevent . -DEVENT__DISABLE_OPENSSL=ON -DEVENT__DISABLE_BENCHMARK=ON -DEVENT__DISABLE_SAMPLES=ON \
    -DEVENT__LIBRARY_TYPE=STATIC && explore_suite --split -- bin/regress
}

# Not built is pnggetset, which an update of the distribution adds, and which its CMake build does not link.
suite_libpng1_6() {
  targets='pngtest pngunknown pngimage pngstest pngvalid'
  build_cmake libpng1.6 . && explore_suite -- ctest
}

suite_libxml2() {
  build_cmake libxml2 . -DLIBXML2_WITH_PYTHON=OFF -DLIBXML2_WITH_LZMA=OFF -DLIBXML2_WITH_ZLIB=OFF &&
    explore_programs libxml2
}

# The tests do not look at what sets their variables: so that one that was not set is NULL, and not what stood there by
# chance, the compiler clears them.
suite_nghttp2() {
  targets='main failmalloc'
  build_cmake nghttp2 . -DENABLE_LIB_ONLY=ON -DBUILD_STATIC_LIBS=ON \
    -DCMAKE_C_FLAGS=-ftrivial-auto-var-init=zero && explore_suite --split -- make check
}

# The program makes 30,000 allocations before it begins with one test.
suite_c_ares() {
  targets=arestest
  build_cmake c-ares . -DCARES_BUILD_TESTS=ON -DCARES_STATIC=ON -DCARES_SHARED=OFF -DCMAKE_CXX_FLAGS=-g || return
  explore_suite --split -- bin/arestest --gtest_filter='LibraryTest.*:DefaultChannelTest.*:-*Live*'
}

suite_zlib() {
  build_configure zlib --static && explore_suite -- make test
}

suite_libarchive() {
  targets=libarchive_test
  build_cmake libarchive . -DENABLE_OPENSSL=OFF -DENABLE_WERROR=OFF && explore_suite -- ctest -R libarchive_test
}

suite_mxml() {
  build_configure mxml --disable-shared && explore_suite -- make test
}

# Its own tests need Ruby to build.
suite_iniparser() {
  unpack iniparser || return
  for name in parse iniexample; do
    build_program "$name" "example/$name.c" src/iniparser.c src/dictionary.c || return
  done
  explore_programs iniparser
}

suite_libcsv() {
  build_configure libcsv --disable-shared && explore_suite -- make check
}

suite_popt() {
  build_configure popt --disable-shared --disable-nls && explore_suite -- make check
}

suite_libconfig() {
  build_configure libconfig --disable-shared --disable-cxx --enable-examples && explore_suite -- make check
}
