#!/bin/sh
# SPDX-License-Identifier: MIT
# Each adapter of examples/adapters/ compiles with the line in its head against an installed copy, makes allocations of
# its library fail, leaves those of the program alone, and finds nothing in what it tries; against the distribution's
# library, where that is installed ('make check-adapters' installs them). One that hooks nothing says so.
#
#   tests/adapters/run.sh BUILD
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
# shellcheck source-path=SCRIPTDIR/../lib source=tap.sh
. "$root/tests/lib/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
seen=$work/seen
if ! PREFIX="$work/here" DESTDIR='' "$root/tools/install.sh" install "$build" >"$seen" 2>&1; then
  fail 'installed' "$seen"
  finish
  exit 1
fi
export CPATH="$work/here/include" LIBRARY_PATH="$work/here/lib" LD_LIBRARY_PATH="$work/here/lib" LC_ALL=C
cd "$work/here/share/doc/nomem/examples/adapters" || exit 1

for source in *.c; do
  name=${source%.c}
  line=$(sed -n "s/^ \* *\(cc $source .*[^ /*]\).*/\1/p" "$source" | head -n 1)
  if ! sh -c "$line -Wall -Wextra -Werror -o '$work/$name'" >"$seen" 2>&1; then
    missing=$(sed -n 's/.*fatal error: \([^ ]*\.h\): No such file.*/\1/p' "$seen" | head -n 1)
    case $missing in
      '' | nomem/*) fail "$name compiles as it says: ${line:-it does not say how}" "$seen" ;;
      *) skip "$name" "$missing is not installed" ;;
    esac
  elif timeout 300 "$work/$name" >"$seen" 2>&1 && grep -q '^[^:]*: [1-9][0-9]* allocations, [1-9][0-9]* runs: no problem$' "$seen"
  then
    pass "$name"
  else
    echo "(exit status $?)" >>"$seen"
    fail "$name" "$seen"
  fi
done

# cJSON's without the hook, and with a leak where the second call fails: each is said.
if [ -x "$work/cjson_adapter" ]; then
  # planted NAME STATUS TEXT SED: what the changed example ends with and prints.
  planted() {
    mkdir -p "$work/planted" && cp ./*.h "$work/planted" && sed "$4" cjson_adapter.c >"$work/planted/planted.c"
    cc "$work/planted/planted.c" -o "$work/planted/planted" -lnomem -lcjson >"$seen" 2>&1
    timeout 300 "$work/planted/planted" >>"$seen" 2>&1
    status=$?
    if [ $status = "$2" ] && grep -q "$3" "$seen"; then pass "$1"; else
      echo "(exit status $status)" >>"$seen"
      fail "$1" "$seen"
    fi
  }
  planted 'a hook that is not installed' 2 'has allocated nothing by' 's/cJSON_InitHooks(&.*free_func});/(void)malloc_func, (void)free_func;/'
  planted 'a leak' 1 'a leak with "nth=' 's/  cJSON_Delete(list);/  if (text != NULL) cJSON_Delete(list);/'
  planted 'nothing is wrong with what it is made from' 0 'no problem' ''
else
  skip 'planted mistakes' 'cJSON is not installed'
fi
finish
