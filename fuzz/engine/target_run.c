/* SPDX-License-Identifier: MIT */
/* One run of the target. What decides about its calls, and what records its outcome, is opened before it and closed
 * after it. */
#define _GNU_SOURCE
#include <time.h>

#include "engine.h"

#include "../../faults/inject/forbidden_calls.h"

extern int __real_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where --wrap is missing, the linker's complaint names the function that refers to what it does not find: it is to say
 * what to add. */
__attribute__((noinline)) static nomem_target please_link_with_Wl_wrap_LLVMFuzzerTestOneInput(void) {
  return __real_LLVMFuzzerTestOneInput;
}

nomem_target nomem__target(void) {
  return please_link_with_Wl_wrap_LLVMFuzzerTestOneInput();
}

struct nomem_current nomem__current;
struct nomem_totals nomem__totals;

/* The only place that calls the target: its frame ends every stack. There is no branch on kind, lest the compiler make
 * two calls of the one, and two sites of each. */
__attribute__((noinline)) int nomem__run_target(enum nomem_run kind, const struct nomem_plan *plan) {
  nomem__current.run = kind;
  nomem__current.plan = plan;
  nomem__current.is_running = true;
  nomem_target target = nomem__target();
  nomem__outcome_begin();
  nomem__patch_lift();
  nomem__decision_open(kind, plan, __builtin_dwarf_cfa());
  int result = target(nomem__current.data, nomem__current.size);
  nomem__decision_close();
  nomem__patch_set();
  nomem__current.is_running = false;
  nomem__outcome_end(result);
  return result;
}

uint64_t nomem__microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t nomem__milliseconds(void) {
  return nomem__microseconds() / 1000;
}
