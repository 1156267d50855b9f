#!/bin/sh
# SPDX-License-Identifier: MIT
# The call that was not checked is named, whatever optimisation does: through functions, objects, variables and numbers.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
needs_ptrace

# explores SOURCE COMPILER OPTION...: leaves what was found in ./found.
explores() {
  explored=$1
  compiler=$2
  shift 2
  [ "${explored%.cc}" = "$explored" ] || compiler="$(echo "$compiler" | sed 's/gcc/g++/; s/clang/clang++/') -std=c++17"
  # shellcheck disable=SC2086 # words
  $compiler -g "$@" -o program "$explored"
  explore_status=0
  nomem explore -- ./program >found 2>&1 || explore_status=$?
}

# names SAYS NAME:LINE: whether the report names that line as the cause; where SAYS is "nothing", that it names none.
names() {
  case $1 in
    nothing) grep -q "^crash in .*$2)" found && ! grep -q '^  not checked: \|^  left NULL: ' found ;;
    *) grep -q "^  ${1:-not checked}: .*$2)" found ;;
  esac
}

for source in "$here"/programs/unchecked/*.c*; do
  name=$(basename "$source")
  line=$(grep -n '/\* unchecked \*/' "$source" | cut -d: -f1)
  says=$(sed -n 's,^/\* says: \(.*\) \*/$,\1,p' "$source")
  heading=$(sed -n 's,^/\* heading: \(.*\) \*/$,\1,p' "$source")
  take_turns -O0 -O2 -O1
  for level in $turn; do
    compiler=$cc
    [ "$level" != -O1 ] || compiler=$clang
    way="$compiler $level"
    explores "$source" "$compiler" "$level"
    if [ "$explore_status" = 1 ] && grep -q '; 1 finding ' found && grep -q "^${heading:-crash in} " found &&
      names "$says" "$name:$line"; then
      pass "$name ($way)"
    else
      echo "(status $explore_status, wanted 1 finding and: ${says:-not checked}: ...:$line)" >>found
      fail "$name ($way)" found
    fi
  done
  explores "$source" "$cc" -O2 -DMENDED
  if [ "$explore_status" = 0 ] && grep -q ' 0 findings' found; then pass "$name, mended"; else
    fail "$name, mended" found
  fi
done
finish
