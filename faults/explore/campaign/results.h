/* SPDX-License-Identifier: MIT */
/* What a run came to: it is judged, and entered in its campaign as a result, a finding and a line of the journal. */
#ifndef NOMEM_RESULTS_H
#define NOMEM_RESULTS_H

#include "campaign.h"

struct nomem__result {
  enum nomem__verdict verdict;
  bool was_asserted;             /* it was an assertion of the test that ended the run */
  bool said_not_ok;              /* it ended well, and a test says in its protocol that it failed */
  struct nomem__residue residue; /* borrows from the outcome */
};

/* Judges a run with a fault. has_second: two calls were to fail. */
void nomem__results_judge(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome, bool has_second,
                          struct nomem__result *result);

/* Which verdict counts for a point, of a run whose point has one from a run before: previous is that. is_heap_check:
 * only what is worse for the heap counts. checks_leaks: a sanitizer looked for leaks in this run. */
enum nomem__verdict nomem__results_settle(enum nomem__verdict verdict, enum nomem__verdict previous, bool is_heap_check,
                                          bool checks_leaks);

/* Fills in what there is to say of a run with a verdict that is shown, in found: what it left and how it ended. detail,
 * of NOMEM_DETAIL_BYTES, is the caller's and outlives found; so does residue. */
void nomem__results_describe(const struct nomem__campaign *campaign, const struct nomem__residue *residue,
                             struct nomem__judged_run *found, char *detail);

/* Enters what the run of a point came to. False: it tells nothing. It was ended early, and is to be made once more with
 * all its time; or the engine did not reach the call, and the program is to be started for it. */
bool nomem__results_enter(struct nomem__worker_slot *slot, const struct nomem__outcome *outcome, size_t rank);

/* The same of a run in which it was noted what test code had when the call failed. held: NULL: it was not. */
void nomem__results_judge_held(struct nomem__campaign *campaign, const struct nomem__held_watch *held,
                               const struct nomem__outcome *outcome, bool has_second, struct nomem__result *result);

/* Enters what a point's run really came to, as a run of it that was looked at more closely shows. outcome: of that run,
 * or one like it. detail: how it ended, in words; NULL: it is found out. */
void nomem__results_enter_result(struct nomem__worker_slot *slot, const struct nomem__outcome *outcome, size_t rank,
                                 const struct nomem__result *result, const char *detail);

/* What the snapshots of a worker have come to, in the batch of points that goes on, counts; or, when they turned out to
 * be unsound, is to be made by another engine. What earlier snapshots have come to stays. */
void nomem__results_settle_snapshots(const struct nomem__worker_slot *slot, bool are_sound);

/* Takes the findings and verdicts of swallowed output back: what the program writes turned out to differ by itself. */
void nomem__results_drop_swallowed(struct nomem__campaign *campaign);

/* Counts the runs of each verdict, and of each site. */
void nomem__results_count(struct nomem__campaign *campaign);

/* After how many milliseconds this worker's next run may be ended, because it probably hangs where others did; 0: not
 * before its time is up. */
uint64_t nomem__results_early_ms(const struct nomem__worker_slot *slot);

#endif
