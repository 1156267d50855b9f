#!/bin/sh
# SPDX-License-Identifier: MIT
# The documents name what is there: each file, folder, function and constant that is named exists, each link leads to a
# file, and each folder of the command is in the picture.
#
#   tests/docs/run.sh [BUILD]
set -eu
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR/../lib source=tap.sh
. tests/lib/tap.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
find . -name .git -prune -o -path ./build -prune -o -print | sed 's|^\./||' >"$work/there"

# missing FILE: the files, folders, functions and constants that it names and that are nowhere, a line each. x stands for
# a name to be chosen. A name may be written from any folder on, as "judge/finding.c".
missing() {
  grep -oE '[A-Za-z0-9_.*/-]*[A-Za-z0-9_*](\.(c|h|cc|sh|mk|in|md|js|html|supp|options|suppressions)\b|/)' "$1" |
    grep -vE '(^|/|_)x(\.[a-z]+|/)$|^/|^\.\./|^build/' | sort -u |
    while read -r name; do
      pattern=$(printf '%s' "${name%/}" | sed 's/\./\\./g; s/\*/[^\/]*/g')
      grep -qE "(^|/)$pattern\$" "$work/there" || echo "$1: no such file or folder: $name"
    done
  grep -oE '\b(nomem__?[a-z_]+|NOMEM_[A-Z_]+)\b' "$1" | grep -vE '_x$|^nomem__$' | sort -u |
    while read -r name; do
      grep -rqw -e "$name" faults lib fuzz Makefile tools || echo "$1: no such function or constant: $name"
    done
}

for document in docs/architecture.md docs/design.md CONTRIBUTING.md STYLE.md; do
  missing "$document" >"$work/seen"
  if [ -s "$work/seen" ]; then fail "what $document names is there" "$work/seen"; else
    pass "what $document names is there"
  fi
done

# A document with mistakes planted in it.
{ cat docs/architecture.md && echo 'In judge/nothing.c, faults/nowhere/ and nothing_*.h, nomem__planted().'; } >"$work/planted.md"
if [ "$(missing "$work/planted.md" | sed 's/.*: //' | tr '\n' ' ')" = 'faults/nowhere/ judge/nothing.c nothing_*.h nomem__planted ' ]; then
  pass 'what is not there is seen'
else
  missing "$work/planted.md" >"$work/seen"
  fail 'what is not there is seen' "$work/seen"
fi

for document in *.md docs/*.md; do
  grep -oE '\]\([^)#:]+' "$document" | sed 's/^](//' | while read -r link; do
    [ -e "$(dirname "$document")/$link" ] || echo "$document: no such file: $link"
  done
done >"$work/seen"
if [ -s "$work/seen" ]; then fail 'links lead to files' "$work/seen"; else pass 'links lead to files'; fi

for folder in faults/explore/*/; do
  name=$(basename "$folder")
  sed -n '/^## The picture/,/^## The rule/p' docs/architecture.md | grep -qE "^    .*\b$name/" || echo "not in the picture: $name/"
done >"$work/seen"
if [ -s "$work/seen" ]; then fail 'each folder of the command is in the picture' "$work/seen"; else
  pass 'each folder of the command is in the picture'
fi
finish
