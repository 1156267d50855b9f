#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks every source file: which folder includes which, layout, the lengths of files and lines, by clang-tidy, cppcheck
# and shellcheck.
#
#   tools/lint.sh [FILE...]     clang-tidy and cppcheck look at these .c files only; default: all
#
# What is checked is in .clang-format, .clang-tidy, tests/.clang-tidy and tools/cppcheck.suppressions, each exception
# with its reason. Two jobs at most. Exit status: 0 nothing found, 1 findings, 2 a tool is missing.
set -u
cd "$(dirname "$0")/.." || exit 2

jobs=2
file_seconds=120 # no file takes a tenth of it
longest_line=120
longest_file=500

for tool in clang-format clang-tidy cppcheck shellcheck; do
  if ! command -v "$tool" >/dev/null 2>&1; then
    echo "nomem: $tool is missing: run 'sudo apt-get install $tool'" >&2
    exit 2
  fi
done

folders=
for folder in lib faults fuzz bench examples tests; do
  [ -d "$folder" ] && folders="$folders $folder"
done
# No name in the project has a blank in it.
# shellcheck disable=SC2086
if [ $# -eq 0 ]; then
  # shellcheck disable=SC2046
  set -- $(find $folders -name '*.c' | sort)
fi
# shellcheck disable=SC2086
texts=$(find $folders -name '*.[ch]' -o -name '*.cc')
status=0

tools/include_check.sh || status=1

# shellcheck disable=SC2086
clang-format --dry-run -Werror $texts || status=1

# What STYLE.md limits and no tool counts. clang-tidy counts the lines of functions.
# shellcheck disable=SC2086
awk -v line="$longest_line" -v file="$longest_file" '
  length > line { printf "%s:%d: line of %d columns, at most %d\n", FILENAME, FNR, length, line; bad = 1 }
  FNR == file { printf "%s: file of %d lines or more: split it\n", FILENAME, file; bad = 1 }
  END { exit bad }' $texts || status=1

# Victims, the tutorial's library and the programs of some tests are built to be wrong, or odd.
sound=$(printf '%s\n' "$@" | grep -v -e '^tests/victims/' -e '^examples/store/' -e '^tests/[a-z0-9]*/programs/')

# shellcheck disable=SC2016 # expanded by the inner shell
echo "$sound" |
  xargs -r -n 1 -P "$jobs" sh -c '
    out=$(timeout "$0" clang-tidy --quiet "$1" -- -std=gnu11 -Ilib -Ifaults -Ifuzz -Iinclude \
      -isystem /usr/include/libxml2 -isystem /usr/include/lua5.4 2>/dev/null) && exit 0
    [ -n "$out" ] || out="$1: clang-tidy failed or took longer than $0 s"
    printf "%s\n" "$out"
    exit 1' "$file_seconds" || status=1

# Without cppcheck 2.10 takes atomic members for 0.
echo "$sound" |
  cppcheck -j "$jobs" --quiet --std=c11 --language=c --inline-suppr --enable=warning,style,performance,portability \
    --suppressions-list=tools/cppcheck.suppressions -Ilib -Ifaults -Ifuzz -D__linux__ -D__x86_64__ --error-exitcode=1 \
    --template='{file}:{line}:{column}: {severity}: {message} [{id}]' --file-list=- || status=1

# shellcheck disable=SC2046
shellcheck -x $(find . -name '*.sh' -not -path './build/*' -not -path './.git/*') .ci/run || status=1
exit "$status"
