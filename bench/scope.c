/* SPDX-License-Identifier: MIT */
/* What a scope of the C interface costs, from nomem_begin to nomem_end, with nothing in between: in nanoseconds of
 * processor time, the least of several rounds. */
#include <stdio.h>
#include <time.h>

#include "nomem.h"

#define ROUNDS 9
#define SCOPES 20000

static double used_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

int main(void) {
  double least = 0;
  for (int round = 0; round < ROUNDS; round++) {
    double started = used_ns();
    for (int i = 0; i < SCOPES; i++) {
      if (nomem_begin("nth=1", NULL) != 0) return 1;
      nomem_end(NULL);
    }
    double each = (used_ns() - started) / SCOPES;
    if (round == 0 || each < least) least = each;
  }
  printf("%.0f ns\n", least);
  return 0;
}
