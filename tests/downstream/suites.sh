# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2086,SC2154 # the variables are run.sh's; lists of words
# The projects whose own test programs are explored: how each is built, and which of its tests are taken. Read by
# table.sh, which provides build_cmake, explore and explore_each.
#
# Taken are programs that allocate and end within a second without a fault. All are built with debug information.

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

# The tests without helper processes are run in one process, as the runner itself does it (TEST twice). They refuse to
# run as root.
suite_libuv1() {
  build_cmake libuv1 . || return
  [ "$(id -u)" = 0 ] && as_user='setpriv --reuid=65534 --regid=65534 --clear-groups'
  chmod 777 "$work"
  cd "$work" || return
  for name in $($as_user "$built/uv_run_tests" --list); do
    rm -f /tmp/uv-test-sock* # a run that a fault ended early leaves it, and the next cannot bind
    timeout -s KILL "$test_seconds" $as_user "$built/uv_run_tests" "$name" "$name" >/dev/null 2>&1 </dev/null &&
      explore "$name" -- "$built/uv_run_tests" "$name" "$name"
  done
  as_user=
}

suite_jansson() {
  build_cmake jansson . -DJANSSON_BUILD_SHARED_LIBS=ON -DJANSSON_BUILD_DOCS=OFF || return
  explore_each "$built/bin" 'test_*'
}

suite_cjson() {
  build_cmake cjson . -DENABLE_CJSON_UTILS=ON || return
  explore_each "$built/tests" '*_add *_tests *_examples parse_* print_*'
}

suite_json_c() {
  build_cmake json-c . -DBUILD_STATIC_LIBS=OFF || return
  explore_each "$built/tests" 'test*'
}

# The distribution's patches of 2.5.0 compare macros that its CMake build defines without a value. runtests takes seconds:
# a part of its sites is tried.
suite_expat() {
  build_cmake expat expat -DEXPAT_BUILD_DOCS=OFF -DEXPAT_DTD=OFF -DEXPAT_NS=OFF \
    '-DCMAKE_C_FLAGS=-DXML_DTD=1 -DXML_NS=1 -DXML_GE=1' || return
  printf '%s\n' '<?xml version="1.0" encoding="utf-8"?>' '<!DOCTYPE r SYSTEM "r.dtd" [<!ENTITY e "<a>one &#38;i;</a>">' \
    '<!ENTITY i "in"><!ENTITY % p SYSTEM "p.ent">%p;<!NOTATION n SYSTEM "n"><!ATTLIST r b CDATA "c" d NMTOKENS #IMPLIED>' \
    ']>' '<r xmlns="urn:r" xmlns:p="urn:p" p:b="1">&e;<?pi data?><!-- no --><p:c><![CDATA[x]]></p:c></r>' >"$work/doc.xml"
  printf '<!ELEMENT r (a|c)*>\n' >"$work/r.dtd"
  printf '<!ENTITY f "g">\n' >"$work/p.ent"
  cd "$work" || return
  mkdir out
  for options in -w -n '-p -x' '-d out -m' '-d out -c' '-d out -n -N' -r -t; do
    explore "xmlwf$(echo "$options" | tr -d ' ')" -- "$built/xmlwf/xmlwf" $options doc.xml
  done
  cd "$built/tests" && explore runtests -- ./runtests
}

suite_libyaml() {
  build_cmake libyaml . -DBUILD_SHARED_LIBS=ON || return
  cd "$built" || return
  for program in test-reader run-scanner run-parser run-loader run-emitter run-dumper run-parser-test-suite \
    example-reformatter example-deconstructor; do
    path=$built/$program
    [ -x "$path" ] || path=$built/tests/$program
    [ "$program" = test-reader ] && explore "$program" -- "$path" && continue
    for name in anchors mapping tags; do
      case $program in
        example*) explore "$program-$name" --stdin "$source/examples/$name.yaml" -- "$path" ;;
        *) explore "$program-$name" -- "$path" "$source/examples/$name.yaml" ;;
      esac
    done
  done
}

suite_yajl() {
  build_cmake yajl . || return
  cd "$built/test/parsing" || return
  for name in array bignums deep_arrays difficult_json_c_test_case integers multiple simple string_with_escapes; do
    explore "parse-$name" --stdin "$source/test/parsing/cases/$name.json" -- ./yajl_test
  done
  explore reformat --stdin "$source/test/parsing/cases/difficult_json_c_test_case.json" -- \
    "$built/reformatter/json_reformat"
}

suite_cmark() {
  build_cmake cmark . || return
  cd "$built/api_test" && explore api_test -- ./api_test
}

# Tests of regress that take no time by design, each in its own process, without the fork that it makes around them. A
# fault often makes one wait for ever, and that takes a second each time.
suite_libevent() {
  case_seconds=5
  build_cmake libevent . -DEVENT__DISABLE_OPENSSL=ON -DEVENT__DISABLE_BENCHMARK=ON -DEVENT__DISABLE_SAMPLES=ON \
    -DEVENT__LIBRARY_TYPE=STATIC || return
  cd "$built/bin" || return
  for name in $(./regress --list-tests | grep -oE '(bufferevent|evbuffer|evtag|finalize|et|heap|util)/[A-Za-z0-9_]+'); do
    timeout -s KILL "$test_seconds" ./regress --no-fork "$name" >/dev/null 2>&1 </dev/null &&
      explore "$(echo "$name" | tr / -)" -- ./regress --no-fork "$name"
  done
}

suite_libpng1_6() {
  targets='pngtest pngunknown pngimage pngstest'
  build_cmake libpng1.6 . || return
  cd "$built" || return
  explore pngtest -- ./pngtest "$source/pngtest.png"
  for name in rgb-8 gray-alpha-16 palette-2-tRNS; do
    file=$source/contrib/testpngs/$name.png
    explore "pngimage-$name" -- ./pngimage "$file"
    explore "pngunknown-$name" -- ./pngunknown --strict --default "$file"
    explore "pngstest-$name" -- ./pngstest "$file"
  done
}

# The programs are given one file or expression each; runtest itself works through thousands.
suite_libxml2() {
  build_cmake libxml2 . -DLIBXML2_WITH_PYTHON=OFF -DLIBXML2_WITH_LZMA=OFF -DLIBXML2_WITH_ZLIB=OFF || return
  cd "$work" || return
  explore testdict -- "$built/testdict"
  printf '%s\n' '<?xml version="1.0"?>' '<!DOCTYPE r [<!ELEMENT r (a*)><!ELEMENT a (#PCDATA)>' \
    '<!ATTLIST a x CDATA #IMPLIED y ID #IMPLIED><!ENTITY e "text">]>' \
    '<r xmlns:p="urn:p"><a x="1" y="i">one &e;</a><a>two</a><p:b/></r>' >"$work/doc.xml"
  printf '%s\n' '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="r"><xs:complexType>' \
    '<xs:sequence>' \
    '<xs:element name="a" type="xs:int" maxOccurs="2"/></xs:sequence></xs:complexType></xs:element></xs:schema>' \
    >"$work/s.xsd"
  printf '%s\n' '<element name="r" xmlns="http://relaxng.org/ns/structure/1.0"><oneOrMore>' \
    '<element name="a"><text/></element></oneOrMore></element>' >"$work/s.rng"
  printf '<r><a>1</a><a>2</a></r>\n' >"$work/plain.xml"
  sed 's/<p:b.>//; s/ xmlns:p="urn:p"//' "$work/doc.xml" >"$work/valid.xml"
  printf '<html><body><p>one<br>two</body></html>\n' >"$work/doc.html"
  printf '%s\n' '<r xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="plain.xml"/></r>' >"$work/xi.xml"
  cd "$work" || return
  explore xmllint-valid -- "$built/xmllint" --valid --noent valid.xml
  explore xmllint-xpath -- "$built/xmllint" \
    --xpath 'concat(count(//a[@x>0]),string(//a[2]),substring-before("ab","b"))' doc.xml
  explore xmllint-schema -- "$built/xmllint" --noout --schema s.xsd plain.xml
  explore xmllint-relaxng -- "$built/xmllint" --noout --relaxng s.rng plain.xml
  explore xmllint-c14n -- "$built/xmllint" --c14n doc.xml
  explore xmllint-html -- "$built/xmllint" --html doc.html
  explore xmllint-xinclude -- "$built/xmllint" --xinclude xi.xml
  explore xmllint-reader -- "$built/xmllint" --stream --noout doc.xml
  explore xmllint-pattern -- "$built/xmllint" --stream --noout --pattern '/r/a' doc.xml
  explore xmllint-sax -- "$built/xmllint" --sax doc.xml
  explore xmllint-push -- "$built/xmllint" --push doc.xml
  explore xmllint-format -- "$built/xmllint" --format --encode UTF-16 doc.xml
}

# Each test of munit's by its name, in the process that it is started in. The tests do not look at what sets their
# variables: so that one that was not set is NULL, and not what stood there by chance, the compiler clears them.
suite_nghttp2() {
  targets='main failmalloc'
  build_cmake nghttp2 . -DENABLE_LIB_ONLY=ON -DBUILD_STATIC_LIBS=ON \
    -DCMAKE_C_FLAGS=-ftrivial-auto-var-init=zero || return
  cd "$built/tests" || return
  for program in main failmalloc; do
    for name in $("./$program" --list | tr -d '\t'); do
      timeout -s KILL "$test_seconds" "./$program" --no-fork "$name" >/dev/null 2>&1 </dev/null &&
        explore "$program$(echo "$name" | tr / -)" -- "./$program" --no-fork "$name"
    done
  done
}

# Of the tests that need no server those of set-up, containers and answers. The program makes 30,000 allocations before
# it begins with one.
suite_c_ares() {
  targets=arestest
  case_seconds=3
  build_cmake c-ares . -DCARES_BUILD_TESTS=ON -DCARES_STATIC=ON -DCARES_SHARED=OFF \
    -DCMAKE_CXX_FLAGS=-g || return
  cd "$built/bin" || return
  for name in $(./arestest --gtest_list_tests | awk '/^[^ ]/ { group = $1 } /^ / { print group $1 }' |
    grep -E '^(Library|DefaultChannel)Test[.].*(Init|Dup|Buf|Array|Htable|list|ReplyOK|AllocFail|Server|AddrInfo)' |
    grep -vE 'Live|Misuse'); do
    timeout -s KILL "$test_seconds" ./arestest "--gtest_filter=$name" >/dev/null 2>&1 </dev/null &&
      explore "$name" -- ./arestest "--gtest_filter=$name"
  done
}

suite_zlib() {
  targets='example minigzip infcover'
  build_configure zlib --static || return
  cd "$work" || return
  cp "$source/zlib.3" . && gzip -k zlib.3
  explore example -- "$built/example"
  explore infcover -- "$built/infcover"
  explore minigzip --stdin zlib.3 -- "$built/minigzip"
  explore minigzip-file -- "$built/minigzip" -c zlib.3
  explore minigzip-d --stdin zlib.3.gz -- "$built/minigzip" -d
}

# Each test works in a folder of its own, which it has removed by a program (-k: does not).
suite_libarchive() {
  targets=libarchive_test
  case_seconds=5
  build_cmake libarchive . -DENABLE_OPENSSL=OFF -DENABLE_WERROR=OFF || return
  cd "$work" || return
  export TMPDIR="$work"
  for name in $("$built/bin/libarchive_test" -l 2>&1 | sed -n 's/^ *[0-9]*: //p' |
    grep -E '^test_(archive_(match|string)|compat|entry|read_format_tar|write_format_(ar|tar|zip))'); do
    timeout -s KILL "$test_seconds" "$built/bin/libarchive_test" -k -r "$source/libarchive/test" "$name" \
      >/dev/null 2>&1 </dev/null &&
      explore "$name" -- "$built/bin/libarchive_test" -k -r "$source/libarchive/test" "$name"
  done
  unset TMPDIR
}

suite_mxml() {
  targets='libmxml.a testmxml'
  build_configure mxml --disable-shared || return
  cd "$work" || return
  explore testmxml -- "$built/testmxml" "$source/test.xml" out.xml
  explore testmxml-literal -- "$built/testmxml" '<?xml version="1.0"?><a x="1">one &lt;<!-- no --><b>two</b></a>'
}

suite_iniparser() {
  unpack iniparser || return
  for name in parse iniexample; do
    build_program "$name" "example/$name.c" src/iniparser.c src/dictionary.c || return
  done
  cd "$work" || return
  explore iniexample -- "$built/iniexample"
  for file in "$source"/example/*.ini; do
    explore "parse-$(basename "$file" .ini)" -- "$built/parse" "$file"
  done
}

suite_libcsv() {
  unpack libcsv && build_program check_csv test_csv.c libcsv.c || return
  for name in csvfix csvinfo csvtest csvvalid; do
    build_program "$name" "examples/$name.c" libcsv.c || return
  done
  cd "$work" || return
  explore check_csv -- "$built/check_csv"
  for number in 01 05 10; do
    file=$source/tests/test_$number.csv
    explore "csvtest-$number" --stdin "$file" -- "$built/csvtest"
    explore "csvinfo-$number" -- "$built/csvinfo" "$file"
    explore "csvvalid-$number" -- "$built/csvvalid" "$file"
    explore "csvfix-$number" -- "$built/csvfix" "$file" out.csv
  done
}

# As testit.sh has them.
suite_popt() {
  build_configure popt --disable-shared --disable-nls || return
  cd "$built/tests" || return
  export HOME="$built/tests"
  for options in '--arg1 --arg2 something' '--simple another' --two '--arg1 --takerest --arg2' '-3 50' '-OT foo' \
    '--inc --arg2 foo' '--cb2 -c arg3' '--echo-args this --echo-args that' --help --usage '-A a -A b --arg1'; do
    explore "test1$(echo "$options" | tr -d ' ')" -- ./test1 $options
  done
  explore tdict -- ./tdict
  for number in 01 02 03; do
    explore "test3-$number" -- ./test3 "$source/tests/test3-data/$number.input"
  done
}

suite_libconfig() {
  build_configure libconfig --disable-shared --disable-cxx --enable-examples || return
  make -C "$built/tests" libconfig_tests >>"$built/log" 2>&1 || return
  cd "$built/tests" && explore libconfig_tests -- ./libconfig_tests
  cd "$built/examples/c" || return
  for name in example1 example2 example3 example4; do
    [ ! -x "$name" ] || explore "$name" -- "./$name"
  done
}
