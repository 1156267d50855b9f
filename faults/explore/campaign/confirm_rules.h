/* SPDX-License-Identifier: MIT */
/* What is decided about a finding when its run is made once more. Pure: confirm.h makes the runs. */
#ifndef NOMEM_CONFIRM_RULES_H
#define NOMEM_CONFIRM_RULES_H

#include "../judge/finding.h"
#include "../residue/residue.h"

/* Whether the run that confirms the finding needs a block table: without one it may end otherwise. */
bool nomem__confirm_needs_block_table(const struct nomem__finding *finding);

/* Whether a finding has come again, when its run was made once more and judged by how it ended. What a call has
 * returned does not show in that. */
bool nomem__confirm_is_again(enum nomem__verdict wanted, enum nomem__verdict came);

/* Whether no lack of anything that a program needs can explain the finding: without its server it may give up, wait or
 * write something else, but it breaks no memory. */
bool nomem__confirm_is_proof(const struct nomem__finding *finding);

/* Whether a run that came to something else says nothing against such a finding, where what the program needs may be
 * gone by then: it did not come to the failure, or ended otherwise than without one. */
bool nomem__confirm_says_nothing(const struct nomem__finding *finding, enum nomem__verdict came, bool has_ended_well);

/* Whether one more run, with a block table, may tell of the block that was misused. */
bool nomem__confirm_may_learn(const struct nomem__finding *finding, const struct nomem__baseline_residue *baseline);

/* Whether a corruption was noticed only some time after it was done, by the C library or by the block table (residue).
 */
bool nomem__confirm_was_noticed_late(const struct nomem__finding *finding, const struct nomem__residue *residue);

/* Whether the one run that is made once more speaks for all runs of the finding. Where no call of test code's tells
 * these runs apart, test code may have ignored an error in one of them only. */
bool nomem__confirm_speaks_for_all(const struct nomem__finding *finding);

/* Whether it hangs in a wait, rather than in a loop. */
bool nomem__confirm_is_waiting(const struct nomem__finding *finding);

/* What runs with a block table have shown of a finding. */
struct nomem__block_evidence {
  bool has_block_table; /* such a run was made */
  bool is_freed;        /* the bad pointer was read from a freed block */
  bool is_no_block;     /* what was freed is no block, or in the middle of one */
  bool is_of_test;      /* the test had given a variable of its own to the call that freed it */
};

/* Whether the error that a call of test code's (at call) reported, and test code ignored, explains the finding, which
 * is then the test's. A pointer other than NULL that was followed, or a block that was misused, takes a block table to
 * tell: what had been freed before that call is what a variable of the test's still points to, and what was never a
 * block is a variable of the test's that nobody has set. What the call itself has freed is what it left behind, if the
 * test had it before: what the call had made, too, test code was told not to use. */
bool nomem__confirm_is_explained(const struct nomem__finding *finding, const struct nomem__trace_frame *call,
                                 const struct nomem__code_owners *code_owners,
                                 const struct nomem__block_evidence *blocks);

#endif
