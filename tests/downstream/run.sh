#!/bin/sh
# SPDX-License-Identifier: MIT
# Explores other people's programs, from the distribution, and checks what must be found in them.
#
#   tests/downstream/run.sh BUILD       with BUILD/nomem
#
# lua and xmllint are known to cope with every failure: a finding in them is a false alarm of nomem's. jq is known not
# to: docs/found.md says what is found in it and why. Versions differ, so no counts are compared, only what any version
# has. Exit status: 0 all passed, 1 some failed, 2 could not run.
set -u

nomem=${1:?usage: tests/downstream/run.sh BUILD}/nomem
[ -x "$nomem" ] || {
  echo "nomem: no program '$nomem' to test: build it first" >&2
  exit 2
}
for program in lua5.4 xmllint jq; do
  command -v "$program" >/dev/null 2>&1 || {
    echo "nomem: $program is missing: run tools/setup.sh" >&2
    exit 2
  }
done
work=$(mktemp -d "${TMPDIR:-/tmp}/nomem-downstream-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
export LC_ALL=C NO_COLOR=1
limit_seconds=600 # each takes two to five; this ends one that does not end
# shellcheck source-path=SCRIPTDIR/../lib source=tap.sh
. "$(dirname "$0")/../lib/tap.sh"

# Passes when the command succeeds.
check() {
  what=$1
  shift
  if "$@"; then pass "$what"; else
    cat "$work/err" >>"$work/out"
    fail "$what" "$work/out"
  fi
}

# Leaves the report in $work/out and its exit status in $status.
explore() {
  timeout -k 10 "$limit_seconds" "$nomem" explore -j 2 "$@" >"$work/out" 2>"$work/err" </dev/null
  status=$?
}

# shellcheck disable=SC2317 # called by check
says() { grep -qE "$1" "$work/out"; }
# shellcheck disable=SC2317
has_sites() { [ "$(sed -nE '1s/.* at ([0-9]+) sites?,.*/\1/p' "$work/out")" -ge "$1" ]; }

explore --faults transient -- lua5.4 -e 'local t = {} for i = 1, 20 do t[i] = ("x"):rep(i) end print(#table.concat(t))'
check 'lua copes with every failure' [ "$status" -eq 0 ]
check 'lua: no finding' says '; 0 findings'
check 'lua allocates at more than 80 sites' has_sites 80
check 'lua handles some failures, by collecting garbage' says '[0-9]+ handled'
check 'lua reports others, with a message and a status' says '[0-9]+ reported'

cat >"$work/doc.xml" <<'XML'
<?xml version="1.0"?>
<!DOCTYPE r [<!ELEMENT r (a*)><!ELEMENT a (#PCDATA)><!ATTLIST a x CDATA #IMPLIED><!ENTITY e "text">]>
<r><a x="1">one &e;</a><a>two</a></r>
XML
# Bugs of libxml2 2.9.14, see docs/found.md.
printf '%s\n' 'leak site=inflateInit2_ module=libxml2.so.* # xz_head loses the decoder of liblzma' \
  'crash function=xmlStrlen # the text of an error is freed when another comes while it is raised' >"$work/known.supp"
explore --suppress "$work/known.supp" -- xmllint --noout "$work/doc.xml"
check 'xmllint copes with every failure' [ "$status" -eq 0 ]
check 'xmllint: no finding' says '; 0 findings'
check 'xmllint allocates at more than 50 sites' has_sites 50

explore -- jq --version
check 'jq does not cope' [ "$status" -eq 1 ]
check 'jq: the abort is in libjq' says '^abort in .*libjq'
check 'jq: the abort says why' says "SIGABRT, its last words: '.*cannot allocate memory"
check 'jq: the crash in a constructor, before main, is found' says '^crash in jv_mem_uninit_setup'
check 'jq: each finding can be pasted' says 'reproduce: nomem run --fail site=[0-9a-f]+@1 -- jq --version'

finish
