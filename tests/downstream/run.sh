#!/bin/sh
# Explores real programs and real test suites, and prints a table of what came of it.
#
#   tests/downstream/run.sh BUILD [GROUP...]     groups: programs libuv jansson cjson json-c expat (default: all)
#
# Sources are fetched from the distribution and built below BUILD/downstream, each report is kept in
# BUILD/downstream/reports/GROUP-NAME.txt. docs/found.md says what the findings are. A program that is not installed is
# left out, and said. Nothing is compared: the table is for reading. Exit status: 0 ran, 2 could not.
set -u
# Every run is to be made, none taken from the store of an earlier one.
export NOMEM_STORE=

build=$(cd "${1:?usage: tests/downstream/run.sh BUILD [GROUP...]}" && pwd) || exit 2
here=$(cd "$(dirname "$0")" && pwd)
shift
[ -x "$build/nomem" ] || {
  echo "nomem: no program '$build/nomem': build it first" >&2
  exit 2
}
[ $# -gt 0 ] || set -- programs libuv jansson cjson json-c expat
# shellcheck source-path=SCRIPTDIR source=build.sh
. "$here/build.sh"
reports=$top/reports
case_seconds=60 # an exploration that takes longer is interrupted, and reports what it has
jobs=2
mkdir -p "$reports"
work=$(mktemp -d "${TMPDIR:-/tmp}/nomem-downstream-XXXXXX")
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
export LC_ALL=C NO_COLOR=1
group=
as_user= # what a case is started through

# One field of a report: an extended regular expression with one group.
field() { sed -nE "s/$1/\\1/p" "$report" | head -n 1; }

print_row() { printf '%-34s %8s %6s %6s %7s  %s\n' "$@"; }

# explore NAME ARGUMENT...: the arguments are those of nomem explore.
explore() {
  name=$1
  shift
  report=$reports/$group-$name.txt
  # shellcheck disable=SC2086 # $as_user is a list of words
  timeout -s INT -k 10 "$case_seconds" $as_user "$build/nomem" explore -j "$jobs" "$@" >"$report" 2>&1 </dev/null
  verdicts=$(field '^[0-9]+ runs?: (.*) \([0-9.]+ s\)$')
  if [ -z "$verdicts" ]; then
    print_row "$group $name" - - - - "$(tail -n 1 "$report" | cut -c1-120)"
    return
  fi
  grep -q '^interrupted' "$report" && verdicts="$verdicts (interrupted)"
  print_row "$group $name" "$(field '.*: ([0-9]+) allocations? at .*')" "$(field '.* at ([0-9]+) sites?,.*')" \
    "$(field '^([0-9]+) runs?: .*')" "$(field '^[0-9]+ runs?: .* \(([0-9.]+) s\)$')" "$verdicts"
}

# program NAME ARGUMENT...: as explore, if the first word of the command is installed.
program() {
  name=$1
  command=
  for word; do
    [ "$command" = -- ] && command=$word && break
    [ "$word" = -- ] && command=--
  done
  if command -v "$command" >/dev/null 2>&1; then
    explore "$@"
  else
    print_row "$group $name" - - - - "$command is not installed"
  fi
}

explore_programs() {
  printf '%s\n' '<?xml version="1.0"?>' '<!DOCTYPE r [<!ELEMENT r (a*)><!ELEMENT a (#PCDATA)>' \
    '<!ATTLIST a x CDATA #IMPLIED><!ENTITY e "text">]>' '<r><a x="1">one &e;</a><a>two</a></r>' >"$work/doc.xml"
  printf '%s\n' 'create table t(a integer primary key, b text);' "insert into t(b) values('x'),('yy'),('zzz');" \
    'create index i on t(b); select group_concat(b), count(*) from t where b > 1 order by b;' >"$work/script.sql"
  printf '%s\n' 'a=2;for(i=0;i<5;i++)a=a*a;a' 'define f(x){return x*x+1;}' 'f(3)' 's(1)' >"$work/script.bc"
  if command -v infocmp >/dev/null 2>&1; then infocmp xterm >"$work/xterm.ti" 2>/dev/null || :; fi
  cd "$work" || exit 2
  program lua -- lua5.4 -e 'local t = {} for i = 1, 20 do t[i] = ("x"):rep(i) end print(#table.concat(t))'
  program xmllint -- xmllint --noout doc.xml
  program xmllint-xpath -- xmllint --valid --xpath 'count(//a)' doc.xml
  program jq -- jq -n '[range(5)] | map(. * 2) | add'
  program sqlite3 -- sqlite3 -batch :memory: '.read script.sql'
  program openssl -- openssl dgst -sha256 doc.xml
  program curl -- curl -V
  program git -- git hash-object doc.xml
  program bc --stdin script.bc -- bc -l
  program file -- file doc.xml
  program tic -- tic -c xterm.ti
  program tar -- tar -cf /dev/null doc.xml
  program ls -- ls -l doc.xml
  program sort -- sort script.bc
}

# The tests without helper processes are run in one process, as the runner itself does it (TEST twice): the others
# through the runner. They refuse to run as root.
explore_libuv() {
  build_cmake libuv1 . || return
  [ "$(id -u)" = 0 ] && as_user='setpriv --reuid=65534 --regid=65534 --clear-groups'
  chmod 777 "$work"
  cd "$work" || exit 2
  for name in loop_close loop_handles active async default_loop_close timer_init timer_early_check fs_file_sync \
    fs_file_async fs_readlink fs_mkdtemp fs_event_watch_dir fs_poll fs_partial_read get_currentexe platform_output \
    get_passwd env_vars getaddrinfo_basic getaddrinfo_concurrent getnameinfo_basic_ip4 tcp_bind_error_addrinuse_listen \
    tcp_open_bound tcp_close udp_send_and_recv udp_bind pipe_bind_error_inval pipe_sendmsg \
    spawn_exit_code spawn_stdout process_ref ipc_listen_before_write \
    ipc_tcp_connection signal_multiple_loops thread_create thread_local_storage threadpool_queue_work_simple \
    threadpool_multiple_event_loops barrier_3 random_async fork_socketpair; do
    rm -f /tmp/uv-test-sock* # a run that a fault ended early leaves it, and the next cannot bind
    explore "$name" -- "$built/uv_run_tests" "$name" "$name"
  done
  for name in loop_close tcp_ping_pong pipe_ping_pong; do
    explore "runner-$name" -- "$built/uv_run_tests" "$name"
  done
  explore static-loop_close -- "$built/uv_run_tests_a" loop_close loop_close
  as_user=
}

# explore_suite FOLDER PATTERN: every program of that name.
explore_suite() {
  cd "$1" || return
  # shellcheck disable=SC2086 # a pattern
  for test in $2; do
    [ -f "$test" ] && [ -x "$test" ] && explore "$test" -- "./$test"
  done
}

print_row CASE CALLS SITES RUNS SECONDS VERDICTS
for group; do
  built=
  case $group in
    programs) explore_programs ;;
    libuv) explore_libuv ;;
    jansson) build_cmake jansson . -DJANSSON_BUILD_SHARED_LIBS=ON -DJANSSON_BUILD_DOCS=OFF &&
      explore_suite "$built/bin" 'test_*' ;;
    cjson) build_cmake cjson . -DENABLE_CJSON_UTILS=ON &&
      explore_suite "$built/tests" '*_add *_tests *_examples print_value parse_value' ;;
    json-c) build_cmake json-c . -DBUILD_STATIC_LIBS=OFF && explore_suite "$built/tests" 'test[1-4] test_* test?*g' ;;
    # The distribution's patches compare macros that its CMake build defines without a value.
    expat) build_cmake expat expat -DEXPAT_BUILD_DOCS=OFF -DEXPAT_BUILD_TESTS=OFF -DEXPAT_DTD=OFF -DEXPAT_NS=OFF \
      '-DCMAKE_C_FLAGS=-DXML_DTD=1 -DXML_NS=1 -DXML_GE=1' && {
      printf '<r><a x="1">one</a></r>\n' >"$work/doc.xml"
      cd "$built/xmlwf" && explore xmlwf -- ./xmlwf "$work/doc.xml"
    } ;;
    *)
      echo "nomem: no group '$group': programs, libuv, jansson, cjson, json-c or expat" >&2
      exit 2 ;;
  esac
done
