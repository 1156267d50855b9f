/* SPDX-License-Identifier: MIT */
/* A second opinion on fault plans: makes a plan from input bytes, prints it, and says what it must do to each call.
 *
 * Written from docs/plan.md, not from faults/plan.c. Conditions that ask for call stacks are about two functions of the
 * target, named in enum model_caller.
 */
#ifndef NOMEM_FUZZ_PLAN_MODEL_H
#define NOMEM_FUZZ_PLAN_MODEL_H

#include "common/fuzz.h"
#include "plan.h"

enum { MODEL_RULES = 3, MODEL_RULE_BYTES = 8, MODEL_PLAN_BYTES = 1 + MODEL_RULES * MODEL_RULE_BYTES };

/* Which of the target's functions from_red and from_blue is on the stack of a call. */
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
  int64_t live; /* of this scope, what a realloc gives up taken off */
  enum model_caller caller;
  uint64_t thread; /* 1 is the main one */
};

enum model_answer { MODEL_PASSES, MODEL_FAILS, MODEL_EITHER };

/* Reads MODEL_PLAN_BYTES. Only conditions in allowed are made. No rules: the empty plan. */
void model_read(struct fuzz_input *input, unsigned allowed, struct model_plan *plan);

/* Whether the rule's conditions other than nth, every, p and max match. */
bool model_matches(const struct model_rule *rule, const struct model_call *call);

/* Counts the call in every rule and says what must become of it. After MODEL_EITHER, tell model_observe. */
enum model_answer model_decide(struct model_plan *plan, const struct model_call *call);
void model_observe(struct model_plan *plan, bool failed);

/* How many of matched calls a rule fails, whatever their order; only for rules without p=0.5. */
uint64_t model_faults_of(const struct model_rule *rule, uint64_t matched);

#endif
