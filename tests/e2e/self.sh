#!/bin/sh
# SPDX-License-Identifier: MIT
# The explorer explores itself: nothing that it finds is nomem's own.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"

printf 'int printf(const char *, ...);\n#include <stdlib.h>\nint main(void) {\n  void *block = malloc(1);\n  free(block);\n  return 0;\n}\n' >small.c
"$cc" -g -o small small.c

# The explored command traces its own programs, so it cannot be traced: --no-trace. What is found in the libraries that it
# uses (libuv's and libdw's aborts) is theirs.
own() {
  name=$1
  shift
  timeout 900 nomem explore --no-trace --image nomem --faults "$FAULTS" -- "$build/nomem" "$@" >seen 2>&1 || :
  if ! grep -q '^[0-9]* runs:' seen; then
    fail "$name" seen
  elif grep -E '^(crash|abort|hang) in ' seen | grep -qE 'faults/|\(nomem\+'; then
    fail "$name" seen
  else
    pass "$name"
  fi
}

FAULTS=both
own explores-sites sites -- ./small
FAULTS=transient
own explores-run run --fail 'size=1' -- ./small
own explores-explore explore --max-points 4 -- ./small

finish
