#!/bin/sh
# SPDX-License-Identifier: MIT
# Programs with another allocator than the C library's, linked and preloaded: their blocks are not taken for the C
# library's, C++'s operator new fails as well, what the allocator does for itself does not, and what cannot be checked is
# said.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"

"$cc" -std=gnu11 -O2 -fno-builtin -shared -fPIC -w -o libforeign.so "$here/programs/foreign.c"

# Fills blocks to their ends, and finds them as they were. With an argument, loses one when the last call fails.
cat >blocks.c <<'END'
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv) {
  char *list[20];
  for (int i = 0; i < 20; i++) {
    list[i] = malloc(10);
    if (list[i] == NULL) {
      while (i-- > 0) free(list[i]);
      return 1;
    }
    strcpy(list[i], "012345678");
  }
  void *last = malloc(100);
  int right = 0;
  if (last == NULL && argc > 1) list[7] = strcpy(list[8], "012345678");
  for (int i = 0; i < 20; i++) right += strcmp(list[i], "012345678") == 0;
  for (int i = 0; i < 20; i++)
    if (last != NULL || argc == 1 || i != 8) free(list[i]);
  free(last);
  return right == 20 ? 0 : 3;
}
END
# An object of new keeps the only address of a block of malloc; a second one does, when the last call fails.
cat >objects.cc <<'END'
#include <cstdlib>
#include <new>
struct object { void *block; };
static object *kept, *kept_too;
int main(int argc, char **) {
  try {
    kept = new object;
    kept->block = std::malloc(10);
    if (kept->block == nullptr) return 1;
  } catch (const std::bad_alloc &) {
    return 1;
  }
  object *other = new (std::nothrow) object;
  if (other == nullptr && argc == 1) {
    kept_too = new (std::nothrow) object;
    if (kept_too != nullptr) kept_too->block = std::malloc(10);
    return 0;
  }
  other->block = nullptr;
  delete other;
  return 0;
}
END
"$cc" -g -O0 -fno-builtin -o blocks blocks.c
g++ -g -O0 -fno-builtin -o objects objects.cc

# explores NAME STATUS PATTERN PROGRAM...: with $library preloaded by the program's own environment; what the allocator
# hides is said.
explores() {
  explores_name=$1 wanted=$2 pattern=$3
  shift 3
  status=0
  LD_PRELOAD=$library timeout 60 nomem explore --no-store --isolate off --all --json seen.json -- "$@" >seen 2>&1 || status=$?
  if [ $status -eq "$wanted" ] && grep -qE -e "$pattern" seen && ! grep -qE 'unreached|flaky|cannot be looked for' seen &&
    grep -q "allocator is '$(basename "$library" | sed 's/\.[0-9.]*$//').*leaks may be missed" seen &&
    jq -e '.warnings | length == 1 and (.[0] | test("leaks may be missed"))' seen.json >/dev/null; then
    pass "$explores_name"
  else
    echo "(exit status $status)" >>seen
    fail "$explores_name" seen
  fi
}

explores_all() {
  explores "$1: blocks that are filled to the end" 0 '; 0 findings' ./blocks
  explores "$1: objects" 0 '; 0 findings' ./objects
  explores "$1: an object of new that is not checked" 1 '^crash in main \(objects.cc:' ./objects careless
}
if [ -z "$no_ptrace" ]; then
  library=$work/libforeign.so
  explores_all foreign
  explores 'foreign: a leak is seen' 1 '^leak in main \(blocks.c:' ./blocks careless
  for name in mimalloc.so.2 tcmalloc.so.4 tcmalloc_minimal.so.4 jemalloc.so.2; do
    library=$("$cc" -print-file-name="lib$name")
    if [ -f "$library" ]; then explores_all "$name"; else skip "$name" 'it is not installed'; fi
  done
else
  skip 'other allocators' "$no_ptrace"
fi

# The C library's own is nothing to be said.
timeout 60 nomem explore --no-store --isolate off ./blocks >seen 2>&1 || :
if grep -q '; 0 findings' seen && ! grep -q 'allocator is' seen; then pass 'none'; else fail 'none' seen; fi

# Linked, it is as well found.
if "$cc" -g -O0 -fno-builtin -o linked blocks.c -Wl,--no-as-needed -L. -lforeign -Wl,-rpath,"$work" 2>seen; then
  timeout 60 nomem explore --no-store --isolate off ./linked >seen 2>&1 || :
  if grep -q '; 0 findings' seen && grep -q "allocator is 'libforeign.so'" seen; then pass 'linked'; else fail 'linked' seen; fi
else
  fail 'linked' seen
fi
finish
