#!/bin/sh
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

explore() {
  status=0
  timeout 300 nomem explore --quiet "$@" >/dev/null 2>"$pages/log" || status=$?
  [ $status -eq 1 ] && return 0
  cat "$pages/log" >&2
  echo "nomem: the exploration that was to find something ended with status $status" >&2
  exit 2
}

# Of a tool in daily use: some findings, hundreds of sites. Each site's first calls are enough here.
explore --max-points 1000 --html "$pages/report.html" -- jq -n 1
cd "$pages/hostile"
"$here/hostile.sh"
explore --html "$pages/hostile.html" -- ./hostile '<script>pwned=1</script>'
exec timeout 300 python3 "$here/check.py" "$pages/report.html" "$pages/hostile.html" "$pages"
