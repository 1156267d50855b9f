/* SPDX-License-Identifier: MIT */
/* A target that reports its library's results. -DBUG: a failure is swallowed, and half of the work is called all of it.
 * -DCODES, -DTRUTHS, -DERRNOS: it makes two operations, and reports how each has ended by a negative code, by 0 for
 * failure, or by a positive code. All of these say so when one fails. */
#include <stdint.h>
#include <stdlib.h>

#include "../../faults/nomem.h"

#if defined TRUTHS
enum { DONE = 1, FAILED = 0 };
#elif defined ERRNOS
enum { DONE = 0, FAILED = 12 };
#else
enum { DONE = 0, FAILED = -1 };
#endif

__attribute__((noinline)) static int add_up(const uint8_t *data, size_t size, long *sum) {
  *sum = 0;
  for (size_t i = 0; i < size; i++) {
    uint8_t *copy = malloc(8);
    __asm__ volatile("" : "+r"(copy)); /* lest the compiler leave it out */
#ifdef BUG
    if (copy == NULL) return DONE;
#else
    if (copy == NULL) return FAILED;
#endif
    copy[0] = data[i];
    *sum += copy[0] + 1;
    free(copy);
  }
  return DONE;
}

static void report(const uint8_t *data, size_t size) {
  long sum;
  nomem_fuzz_result(add_up(data, size, &sum));
  nomem_fuzz_result(sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size > 8) return 0;
  report(data, size / 2);
#ifndef BUG
  report(data + size / 2, size - size / 2);
#endif
  return 0;
}
