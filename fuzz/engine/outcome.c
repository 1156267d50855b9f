/* SPDX-License-Identifier: MIT */
/* What a run of the target returned and reported. */
#include "../../faults/inject/module_names.h"
#include "../../faults/nomem.h"
#include "engine.h"

#include "../../faults/inject/forbidden_calls.h"

static struct nomem_outcome current;

/* nomem.h declares it weak: this is the definition that a target finds when the engine is linked. */
__attribute__((visibility("default"))) void nomem__fuzz_outcome(long outcome) {
  if (current.count < NOMEM_OUTCOMES_KEPT) current.value[current.count] = outcome;
  current.count++;
  current.hash = nomem__hash(current.hash, (uint64_t)outcome);
}

void nomem__outcome_begin(void) {
  current.count = 0;
  current.hash = 0;
}

void nomem__outcome_end(int returned) {
  current.returned = returned;
}

struct nomem_outcome nomem__outcome_last(void) {
  return current;
}

bool nomem__outcome_equals(const struct nomem_outcome *a, const struct nomem_outcome *b) {
  return a->returned == b->returned && a->count == b->count && a->hash == b->hash;
}
