#!/bin/sh
# SPDX-License-Identifier: MIT
# The page of --html in headless Chromium: a real exploration's, and that of a program whose names are all markup.
#
#   tests/html/check.sh BUILD      the pages and their photographs are left in BUILD/html
#
# Exit status: 0 all passed, 1 some failed, 2 could not run.
set -eu
# Every run is to be made, none taken from the store of an earlier one.
export NOMEM_STORE=
if [ ! -x "${1:-.}/nomem" ]; then
  echo "nomem: no program '${1:-.}/nomem' to test: run 'make check-html'" >&2
  exit 2
fi
for program in chromium python3 jq; do
  command -v $program >/dev/null 2>&1 && continue
  echo "nomem: no $program: run 'make check-html', which installs it" >&2
  exit 2
done
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
pages=$build/html
mkdir -p "$pages/hostile"
PATH=$build:$PATH

# explore STATUS OPTION...: must end so.
explore() {
  status=0
  wanted=$1
  shift
  timeout 300 nomem explore --quiet --no-store "$@" >/dev/null 2>"$pages/log" || status=$?
  [ "$status" = "$wanted" ] && return 0
  cat "$pages/log" >&2
  echo "nomem: an exploration ended with status $status, not $wanted" >&2
  exit 2
}

# Of a tool in daily use: some findings, hundreds of sites. Each site's first calls are enough here.
explore 1 --max-points 1000 --html "$pages/report.html" -- jq -n 1
cd "$pages/hostile"
"$here/hostile.sh"
explore 1 --html "$pages/hostile.html" -- ./hostile '<script>pwned=1</script>'
printf '#include <stdlib.h>\nint main(void) {\n  free(malloc(3));\n  return 0;\n}\n' >clean.c
"${CC:-gcc}" -fno-builtin clean.c -o clean
explore 0 --html "$pages/clean.html" -- ./clean
# Of a suite: its tests, and no sites.
rm -rf "$pages/suite"
mkdir -p "$pages/suite"
cd "$pages/suite"
for test in add describe clean; do
  "${CC:-gcc}" -std=gnu11 -g -O0 -I"$here/../e2e/programs/suite" -o $test "$here/../e2e/programs/suite/tests/$test.c" \
    "$here/../e2e/programs/suite/shelf.c"
  echo "./$test" >>run
done
status=0
timeout 300 nomem suite --quiet --no-store --html "$pages/suite.html" -- sh run >"$pages/log" 2>&1 || status=$?
[ $status = 1 ] || { cat "$pages/log" >&2; exit 2; }

exec timeout 300 python3 "$here/check.py" "$pages/report.html" "$pages/hostile.html" "$pages/clean.html" \
  "$pages/suite.html" "$pages"
