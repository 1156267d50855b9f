/* SPDX-License-Identifier: MIT */
/* Who lost the blocks that a run leaked which gave up. main(), and test code, may leave what they have to the kernel; a
 * function that they called may not: whoever called it cannot free what it does not know of, or does not have any more.
 */
#ifndef NOMEM_LOST_BLOCK_H
#define NOMEM_LOST_BLOCK_H

#include "../residue/heap_residue.h"
#include "../run/outcome.h"
#include "code_owner.h"
#include "held_watch.h"

struct nomem__lost_block_rule {
  const struct nomem__outcome *outcome;
  const struct nomem__code_owners *code_owners;
  const struct nomem__held_watch *held; /* of the run; NULL: none watched it */
};

/* Whether a function below main() lost them: the one that led both to their allocation and to the call that failed, or
 * whose realloc of them failed; and no test code called it but main() itself. rule: a struct nomem__lost_block_rule. */
bool nomem__lost_block_counts(const void *rule, const struct nomem__leak_site *leak);

/* Whether test code led to both, but had handed them over to the call of its own in which the allocation failed, or
 * never saw them: so that call lost them. Only a run that was watched can tell. */
bool nomem__lost_block_is_handed_over(const struct nomem__lost_block_rule *rule, const struct nomem__leak_site *leak);

/* Whether that may be so, as far as a run that was not watched can tell. rule: a struct nomem__lost_block_rule. */
bool nomem__lost_block_may_be_handed_over(const void *rule, const struct nomem__leak_site *leak);

/* The same for a descriptor that a process left open, by who opened it, as far as the outcome says. */
bool nomem__lost_descriptor_counts(const void *rule, pid_t pid, int fd);

/* Whether test code led both to the allocation of what a sanitizer says is leaked and to a call that failed, and no
 * function below it did. */
bool nomem__lost_block_is_reported_of_test(const struct nomem__code_owners *code_owners,
                                           const struct nomem__outcome *outcome);

/* Whether they may be the code under test's at all: not the interpreter's that runs the test. */
bool nomem__lost_block_may_count(const void *rule, const struct nomem__leak_site *leak);

#endif
