#!/bin/sh
# SPDX-License-Identifier: MIT
# One version everywhere: what the public headers say, alone and together, laid out as `make install` does, is what the
# command says.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"

sources=$here/../..
mkdir include
cp "$sources/faults/nomem.h" "$sources/faults/nomem_version.h" "$sources/lib/uv_alloc.h" "$sources/lib/mempool.h" include

nomem --version >version 2>&1
if grep -qxE 'nomem [0-9]+\.[0-9]+\.[0-9]+' version && [ "$(wc -l <version)" -eq 1 ]; then
  pass 'the command says its name and three numbers'
else
  fail 'the command says its name and three numbers' version
fi

# same NAME HEADER...: a program that includes these prints the command's version, as a string and as numbers.
same() {
  name=$1
  shift
  printf '#include <%s>\n' stdio.h "$@" >program.c
  cat >>program.c <<'END'
int main(void) {
  printf("nomem %s\n", NOMEM_VERSION);
  printf("nomem %d.%d.%d\n", NOMEM_VERSION_MAJOR, NOMEM_VERSION_MINOR, NOMEM_VERSION_PATCH);
}
END
  cat version version >expected
  if "$cc" -std=c11 -Wall -Wextra -Wpedantic -Werror program.c -Iinclude -o program >seen 2>&1 &&
    ./program >seen 2>&1 && cmp -s seen expected; then
    pass "$name"
  else
    sed 's/^/expected: /' expected >>seen
    fail "$name" seen
  fi
}

for header in nomem.h uv_alloc.h mempool.h; do same "$header has the command's version" "$header"; done
same 'the three headers agree in one program' nomem.h uv_alloc.h mempool.h
finish
