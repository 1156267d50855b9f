/* SPDX-License-Identifier: MIT */
/* One run of the target. What decides about its calls, and what records its outcome, is opened before it and closed
 * after it. */
#define _GNU_SOURCE
#include <time.h>

#include "engine.h"

#include "../../faults/inject/forbidden_calls.h"

extern int __real_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct nomem_current nomem__current;
struct nomem_totals nomem__totals;

/* The only place that calls the target: its frame ends every stack. There is no branch on kind, lest the compiler make
 * two calls of the one, and two sites of each. */
__attribute__((noinline)) int nomem__run_target(enum nomem_run kind, const struct nomem_plan *plan) {
  nomem__current.run = kind;
  nomem__current.plan = plan;
  nomem__current.is_running = true;
  nomem__outcome_begin();
  nomem__decision_open(kind, plan, __builtin_dwarf_cfa());
  int result = __real_LLVMFuzzerTestOneInput(nomem__current.data, nomem__current.size);
  nomem__decision_close();
  nomem__current.is_running = false;
  nomem__outcome_end(result);
  return result;
}

uint64_t nomem__milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
