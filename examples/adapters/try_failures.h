/* SPDX-License-Identifier: MIT */
/* What the examples in this folder share: has every allocation of a function fail in turn, as nomem_check does it,
 * shows that none of the program itself does, and prints what was found. A test would have assertions in its place. */
#ifndef TRY_FAILURES_H
#define TRY_FAILURES_H

#include <nomem/nomem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether the program's own allocations are left alone: while all of the library's would fail, these do not. */
static int are_own_left_alone(void) {
  struct nomem_counters counters;
  if (nomem_begin("nth=1..", NULL) != 0) return 0;
  void *volatile block = malloc(1000);
  void *volatile moved = block != NULL ? realloc(block, 100000) : NULL;
  nomem_end(&counters);
  free(moved != NULL ? moved : block);
  return moved != NULL && counters.calls == 0;
}

/* The exit status: 0 nothing was found, 1 something was, 2 the library does not allocate by what was installed, or not
 * only the library does. */
static inline int try_failures(const char *library, nomem_check_func use) {
  static const char *const problems[] = {"no problem", "a failure that was none", "it does not recover", "a leak"};
  struct nomem_check_result result;
  if (!are_own_left_alone()) {
    fprintf(stderr, "%s: an allocation of the program itself failed\n", library);
    return 2;
  }
  int code = nomem_check(use, NULL, 0, &result);
  if (code < 0 || result.calls == 0) {
    fprintf(stderr, "%s: %s\n", library, code < 0 ? strerror(-code) : "it has allocated nothing by nomem's allocator");
    return 2;
  }
  printf("%s: %llu allocations, %llu runs: %s", library, (unsigned long long)result.calls,
         (unsigned long long)result.runs, problems[result.problem]);
  if (code != 0)
    printf(" with \"%s\", returned %d, leaked %llu", result.plan, result.returned,
           (unsigned long long)result.leaked_bytes);
  putchar('\n');
  return code;
}

#endif
