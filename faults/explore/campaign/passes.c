/* SPDX-License-Identifier: MIT */
#include "passes.h"

#include <uv.h>

const char *const nomem__pass_names[NOMEM__PASSES] = {[NOMEM_PASS_BASELINE] = "baseline",
                                                      [NOMEM_PASS_HOSTILE] = "hostile allocator",
                                                      [NOMEM_PASS_FIRST] = "first faults",
                                                      [NOMEM_PASS_SECOND] = "second faults",
                                                      [NOMEM_PASS_RESIDUE] = "leaks",
                                                      [NOMEM_PASS_HEAP] = "heap checks",
                                                      [NOMEM_PASS_TOLD] = "whether tests were notified",
                                                      [NOMEM_PASS_HANDED] = "what was handed over",
                                                      [NOMEM_PASS_CONFIRM] = "confirming"};

void nomem__passes_begin(struct nomem__passes *passes, enum nomem__pass pass) {
  nomem__passes_end(passes);
  passes->is_on = true;
  passes->now = pass;
  passes->since_ns = uv_hrtime();
}

void nomem__passes_end(struct nomem__passes *passes) {
  if (passes->is_on) passes->costs[passes->now].ns += uv_hrtime() - passes->since_ns;
  passes->is_on = false;
}

void nomem__passes_count(struct nomem__passes *passes, uint64_t runs) {
  if (passes->is_on) passes->costs[passes->now].runs += runs;
}

struct nomem__pass_cost nomem__passes_cost(const struct nomem__passes *passes, enum nomem__pass pass) {
  struct nomem__pass_cost cost = passes->costs[pass];
  if (passes->is_on && passes->now == pass) cost.ns += uv_hrtime() - passes->since_ns;
  return cost;
}
