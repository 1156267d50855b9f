/* SPDX-License-Identifier: MIT */
/* Many allocations at few sites, with bugs that each show at one occurrence only: for the comparison of sites and
 * points.
 *
 *   planted N        N rounds of six allocations */
#include <stdio.h>
#include <stdlib.h>

static volatile char sink;

/* All other failures are reported. */
static void give_up(void) {
  fputs("out of memory\n", stderr);
  exit(1);
}

/* Each bug reads from NULL in a function of its own. The offsets differ, because otherwise the compiler would merge the
 * functions. */
#define BUG(name, offset)                                   \
  __attribute__((noinline)) static void name(void *block) { \
    sink = ((volatile char *)block)[offset];                \
  }
/* NOLINTBEGIN(clang-analyzer-core.NullDereference): that is what they are for */
BUG(at_first, 1)
BUG(at_second, 2)
BUG(at_last, 3)
BUG(at_any, 4)
BUG(when_all_fail, 5)
/* NOLINTEND(clang-analyzer-core.NullDereference) */

int main(int argc, char **argv) {
  long rounds = argc > 1 ? atol(argv[1]) : 1000;
  for (long i = 0; i < rounds; i++) {
    void *first = malloc(1), *second = malloc(2), *last = malloc(3), *any = malloc(4), *never = malloc(6);
    void *all = malloc(5);
    if (all == NULL) {
      all = malloc(5); /* like an allocator that collects garbage and tries again */
      if (all == NULL) when_all_fail(all);
    }
    if (first == NULL && i == 0) at_first(first);
    if (second == NULL && i == 1) at_second(second);
    if (last == NULL && i == rounds - 1) at_last(last);
    if (any == NULL) at_any(any);
    if (!first || !second || !last || !never) give_up();
    free(first);
    free(second);
    free(last);
    free(any);
    free(all);
    free(never);
  }
  return 0;
}
