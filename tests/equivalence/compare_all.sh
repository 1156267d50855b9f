#!/bin/sh
# SPDX-License-Identifier: MIT
# Whichever engine makes a run, the result is the same: verdict, exit status and what was written, for thousands of
# points of other people's programs and tests. Slow: `make equivalence`, not part of `make check`.
#
#   tests/equivalence/compare_all.sh BUILD [GROUP...]     groups: programs libuv jansson cjson json-c expat (default: all)
#
# LIBUV_TESTS: which of its tests (default: all that can be compared).
#
# Sources are fetched from the distribution and built below BUILD/downstream. After 25 minutes nothing new is begun:
# what was not compared by then is named, and the whole has failed.
# shellcheck source-path=SCRIPTDIR/../e2e source=lib/suite.sh
. "$(dirname "$0")/../e2e/lib/suite.sh"
# shellcheck source-path=SCRIPTDIR/../e2e source=lib/compare.sh
. "$here/lib/compare.sh"
# shellcheck source-path=SCRIPTDIR/../downstream source=build.sh
. "$tests/downstream/build.sh"
shift
is_all=
if [ $# -eq 0 ]; then is_all=yes; fi
[ $# -gt 0 ] || set -- programs libuv jansson cjson json-c expat
last_start=$(($(date +%s) + 1500))
printf '%s\n' '<?xml version="1.0"?>' '<!DOCTYPE r [<!ELEMENT r (a*)><!ELEMENT a (#PCDATA)>' \
  '<!ATTLIST a x CDATA #IMPLIED><!ENTITY e "text">]>' '<r><a x="1">one &e;</a><a>two</a></r>' >doc.xml
chmod 777 "$work" # libuv's tests do not run as root

# compare_one NAME [OPTION...] -- PROGRAM...: as same, if there is time and the program.
compare_one() {
  for word; do
    [ "${previous:-}" = -- ] && break
    previous=$word
  done
  previous=
  if [ "$(date +%s)" -gt $last_start ]; then
    echo "no time is left" >"$work/result"
    fail "$1" "$work/result"
  elif ! command -v "$word" >/dev/null 2>&1; then
    echo "# $1: $word is not installed"
  else
    same "$@"
  fi
}

# As each run leaves it.
fresh_database() {
  rm -f on-disk.db*
  sqlite3 -batch on-disk.db '.read script.sql' >/dev/null 2>&1 || :
}

# Not file(1): after a failed vasprintf it frees a pointer that was never set (docs/engines.md).
compare_programs() {
  printf '%s\n' 'drop table if exists t; create table t(a integer primary key, b text);' \
    "insert into t(b) values('x'),('yy'),('zzz'); begin; update t set b='changed' where a > 1; rollback;" \
    'create index i on t(b); select group_concat(b), count(*) from t where b > 1 order by b;' >script.sql
  printf '%s\n' 'a=2;for(i=0;i<5;i++)a=a*a;a' 'define f(x){return x*x+1;}' 'f(3)' 's(1)' >script.bc
  printf 'b\na\nc\n' >letters
  mkdir repository
  (cd repository && git init -q . && cp ../doc.xml . && git add . &&
    git -c user.name=n -c user.email=e@example.org commit -qm one) >/dev/null 2>&1 || :
  max_points=3000
  compare_one lua -- lua5.4 -e 'local t = {} for i = 1, 20 do t[i] = ("x"):rep(i) end print(#table.concat(t))'
  compare_one 'lua that reads and writes a file' -- lua5.4 -e 'local file = io.open("lua-made", "w")
    file:write("text"):close() for line in io.lines("letters") do print(line) end os.remove("lua-made")'
  compare_one xmllint -- xmllint --noout doc.xml
  compare_one 'xmllint, XPath' -- xmllint --valid --xpath 'count(//a)' doc.xml
  compare_one jq -- jq -n '[range(5)] | map(. * 2) | add'
  compare_one 'sqlite3 in memory' -- sqlite3 -batch :memory: '.read script.sql'
  fresh=fresh_database
  compare_one 'sqlite3 on disk' -- sqlite3 -batch on-disk.db '.read script.sql'
  fresh=:
  compare_one 'git log' -- git -C repository log --stat
  compare_one 'git hash-object' -- git hash-object doc.xml
  PYTHONMALLOC=malloc
  PYTHONHASHSEED=0
  export PYTHONMALLOC PYTHONHASHSEED
  max_points=1000
  compare_one python3 --image 'python3*' -- /usr/bin/python3 -I -S -c 'import json; print(json.dumps({"a": [1, 2, {"b": None}]}))'
  compare_one openssl -- openssl dgst -sha256 doc.xml
  compare_one 'curl -V' -- curl -V
  compare_one bc --stdin script.bc -- bc -l
  compare_one tar -- tar -cf /dev/null doc.xml
  compare_one ls -- ls -l doc.xml
  compare_one sort -- sort letters
  compare_one grep -- grep -n '^[ab]' letters
  compare_one sed -- sed s/a/b/ letters
  compare_one find -- find repository -name '*.xml'
  # shellcheck disable=SC2016 # perl's
  compare_one perl --image perl -- perl -e 'my %h = map { $_ => 1 } 1 .. 20; print join(",", sort keys %h), "\n"'
}

# A run that a fault ended early leaves files, and the next cannot make them.
fresh_folder() {
  cd "$work"
  rm -rf /tmp/uv-test-sock* uv
  mkdir uv
  chmod 777 uv
  cd uv
}

# Its tests that need no other process and end in a fifth of a second, each in one process, as the runner does it.
compare_libuv() {
  build_cmake libuv1 . || return 1
  [ "$(id -u)" = 0 ] && as_user='setpriv --reuid=65534 --regid=65534 --clear-groups'
  fresh=fresh_folder
  skips_unsteady=yes
  fresh_folder
  max_points=120
  # shellcheck disable=SC2086 # $as_user is a list of words
  for test in ${LIBUV_TESTS:-$($as_user "$built/uv_run_tests" --list)}; do
    if [ "$test" = platform_output ]; then
      echo "# libuv $test is left out: it prints how busy the machine is"
    elif timeout 0.2 $as_user "$built/uv_run_tests" "$test" "$test" >/dev/null 2>&1 </dev/null; then
      compare_one "libuv $test" -- "$built/uv_run_tests" "$test" "$test"
    else
      echo "# libuv $test is left out: it needs another process, the network, or more than 0.2 s"
    fi
  done
  max_points=40
  for test in tcp_ping_pong pipe_ping_pong; do compare_one "libuv, by its runner, $test" -- "$built/uv_run_tests" $test; done
  as_user=
  fresh=:
  skips_unsteady=
  cd "$work"
}

# compare_suite FOLDER PATTERN: every program of that name.
compare_suite() {
  cd "$1"
  max_points=400
  skips_unsteady=yes # one needs arguments
  # shellcheck disable=SC2086 # a pattern
  for test in $2; do
    [ -f "$test" ] && [ -x "$test" ] && compare_one "$group $test" -- "./$test"
  done
  skips_unsteady=
  cd "$work"
}

for group; do
  case $group in
    programs) compare_programs ;;
    libuv) compare_libuv ;;
    jansson) build_cmake jansson . -DJANSSON_BUILD_SHARED_LIBS=ON -DJANSSON_BUILD_DOCS=OFF &&
      compare_suite "$built/bin" 'test_*' ;;
    cjson) build_cmake cjson . -DENABLE_CJSON_UTILS=ON &&
      compare_suite "$built/tests" '*_add *_tests *_examples print_value parse_value' ;;
    json-c) build_cmake json-c . -DBUILD_STATIC_LIBS=OFF && compare_suite "$built/tests" 'test[1-4] test_* test?*g' ;;
    expat) compare_one xmlwf -- xmlwf "$work/doc.xml" ;;
    *)
      echo "nomem: no group '$group': programs, libuv, jansson, cjson, json-c or expat" >&2
      exit 2 ;;
  esac || fail "$group: not built" "$built/log"
done
echo "# $compared points compared, between two engines each"
if [ -n "$is_all" ] && [ $compared -lt 10000 ]; then
  echo "too much was left out" >"$work/result"
  fail "thousands of points" "$work/result"
fi
finish
