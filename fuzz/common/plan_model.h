/* SPDX-License-Identifier: MIT */
/* A second implementation of fault plans: makes a plan of input bytes, prints it, and predicts what it does to each
 * call.
 *
 * It follows docs/plan.md, not faults/plan.c. Conditions on call stacks are about two functions of the target, which
 * enum model_caller names.
 */
#ifndef NOMEM_FUZZ_PLAN_MODEL_H
#define NOMEM_FUZZ_PLAN_MODEL_H

#include "common/fuzz.h"
#include "plan.h"

enum { MODEL_RULES = 3, MODEL_RULE_BYTES = 8, MODEL_PLAN_BYTES = 1 + MODEL_RULES * MODEL_RULE_BYTES };

/* Which of the target's functions is on the stack of a call: from_red or from_blue. */
enum model_caller { MODEL_RED, MODEL_BLUE };

enum model_chance { MODEL_ALWAYS, MODEL_NEVER, MODEL_PERHAPS };

struct model_rule {
  unsigned has; /* bits of enum nomem_condition */
  uint64_t first, last, every, max, size_first, size_last, budget;
  unsigned fns;             /* bits of enum nomem_fn */
  enum model_chance chance; /* p=1, p=0, p=0.5 */
  enum nomem_thread thread;
  uint64_t thread_number;
  enum model_caller caller;
  bool in_matches_nothing, module_matches;
  uint64_t matched, faults;
};

struct model_plan {
  unsigned rule_count, has;
  struct model_rule rule[MODEL_RULES];
  char text[512];
};

struct model_call {
  enum nomem_fn fn;
  uint64_t size;
  int64_t live; /* bytes of this scope, without the block that a realloc releases */
  enum model_caller caller;
  uint64_t thread; /* 1 is the main one */
};

enum model_answer { MODEL_PASSES, MODEL_FAILS, MODEL_EITHER };

/* Reads MODEL_PLAN_BYTES and makes a plan with conditions of `allowed` only. It may have no rule at all. */
void model_read(struct fuzz_input *input, unsigned allowed, struct model_plan *plan);

/* Whether the rule's conditions match, apart from nth, every, p and max. */
bool model_matches(const struct model_rule *rule, const struct model_call *call);

/* Counts the call in every rule and returns whether it must pass or fail. After MODEL_EITHER call model_observe. */
enum model_answer model_decide(struct model_plan *plan, const struct model_call *call);
void model_observe(struct model_plan *plan, bool failed);

/* How many of the matched calls a rule fails, in any order; only for rules without p=0.5. */
uint64_t model_faults_of(const struct model_rule *rule, uint64_t matched);

#endif
