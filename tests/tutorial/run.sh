#!/bin/sh
# SPDX-License-Identifier: MIT
# Does what docs/tutorial.md says: runs each of its commands, makes each of its changes, and looks for each line that it
# shows. Only times, and the names of sites and findings, which depend on the compiler, may differ.
#
#   tests/tutorial/run.sh BUILD       prints "ok" or "not ok" and the command; exit status 1 when one failed
set -eu
build=$(cd "$1" && pwd)
tests=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source-path=SCRIPTDIR/../lib source=tap.sh
. "$tests/lib/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
mkdir "$work/here"
cd "$work/here"
# shellcheck source-path=SCRIPTDIR/../lib source=machine.sh
. "$tests/lib/machine.sh"
needs_ptrace
cp -r "$tests/../examples/store" "$work/store"
cd "$work/store"
PATH=$build:$PATH
export PATH
export NOMEM_STORE="$work/stores" XDG_CONFIG_HOME="$work" HOME="$work"
unset NOMEM_OPTIONS MAKEFLAGS MAKELEVEL

# without_names: what depends on the machine is replaced.
without_names() {
  sed -E 's/[0-9.]+ (ms a run|s\)|s of|s,)/N \1/g; s/site=[0-9a-f]+/site=KEY/g; s/(crash|leak)-[0-9a-f]+/\1-ID/g; s/ +$//'
}

# Each command and each change of the document in a file of its own, numbered; what a command is to print in another.
sed -n 's/^    //p; t; /^[^ ]/s/.*/END/p' "$tests/../docs/tutorial.md" | awk -v to="$work" '
  /^END$/ { out = ""; next }
  /^\$ / { n++; out = sprintf("%s/%02d.lines", to, n); printf "" >out; print substr($0, 3) >sprintf("%s/%02d.command", to, n); next }
  /^--- a\// { n++; out = sprintf("%s/%02d.patch", to, n) }
  out != "" { print >out }'

site=
for step in "$work"/*.command "$work"/*.patch; do echo "$step"; done | sort >"$work/steps"
while read -r step; do
  if [ "$step" != "${step%.patch}" ]; then
    if git apply "$step" >"$work/seen" 2>&1; then pass "a change of store.c"; else fail "a change of store.c" "$work/seen"; fi
    continue
  fi
  command=$(sed "s/site=[0-9a-f]*/$site/" "$step")
  timeout 300 sh -c "$command" >"$work/seen" 2>&1 </dev/null || :
  found=$(grep -om 1 'site=[0-9a-f]\{8\}' "$work/seen" || :)
  site=${found:-$site}
  without_names <"$work/seen" >"$work/said"
  without_names <"${step%.command}.lines" | grep . >"$work/wanted" || :
  if [ ! -s "$work/wanted" ] || grep -vxFf "$work/said" "$work/wanted" >"$work/missing"; then
    { echo "not printed:" && cat "$work/missing" && echo "but:" && cat "$work/seen"; } >"$work/why"
    fail "$command" "$work/why"
  else
    pass "$command"
  fi
done <"$work/steps"
finish
