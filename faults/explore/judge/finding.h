/* SPDX-License-Identifier: MIT */
/* Runs with the same verdict and the same blow-up are one finding. */
#ifndef NOMEM_FINDING_H
#define NOMEM_FINDING_H

#include "../residue/residue.h"
#include "../run/fault_point.h"
#include "../run/outcome.h"
#include "../stack/fault_address.h"
#include "../stack/stack_trace.h"
#include "../text/quote.h"
#include "code_owner.h"
#include "root_cause.h"
#include "verdict.h"
#include "wait_reason.h"

/* Why a finding does not count. */
enum nomem__exclusion {
  NOMEM_EXCLUSION_NO,
  NOMEM_EXCLUSION_SUPPRESSED,
  NOMEM_EXCLUSION_TEST,
  NOMEM_EXCLUSION_KNOWN,
  NOMEM_EXCLUSION_UNRELATED,
  NOMEM_EXCLUSION_ADVISORY
};

/* Room for what more there is to say of how a run ended. */
#define NOMEM_DETAIL_BYTES (2 * NOMEM_QUOTE_BYTES + 64)

/* Room for an id, such as "crash-939c144fe5ed-2". */
#define NOMEM_FINDING_ID_BYTES 40

/* A call that was failed after another. */
struct nomem__second_call {
  enum nomem_fn fn;
  uint64_t size_bytes, nth;
  struct nomem__trace stack; /* owns its paths; depth 0: there is none */
};

struct nomem__finding {
  enum nomem__verdict verdict;
  char id[NOMEM_FINDING_ID_BYTES]; /* outlives a rebuild; "" until all is over */
  uint64_t hash;                   /* what its runs have in common */
  uint64_t runs;
  bool is_flaky;          /* the run that it shows ended otherwise when it was repeated */
  bool is_confirmed;      /* that run was repeated */
  bool needs_block_table; /* that run had one, or its sanitizers looked for leaks: without, it may end otherwise */
  uint64_t guarded_from;  /* and blocks were guarded from this allocation on, counted from 1; 0: none was */
  bool needs_openings;    /* that run gave up and left a descriptor open: who opened it has to be watched */
  bool is_in_baseline;    /* a run without a fault, in which the same blocks are guarded, ends so, too */
  enum nomem__exclusion exclusion;
  const char *exclusion_reason; /* the reason in words; NULL: it counts. Not owned */

  /* The exemplar, the run that is shown: one with a single failed call if there is any, else one with two, else one in
   * which all later calls failed, too; of several the first in the schedule. */
  size_t rank; /* where the schedule had it */
  struct nomem__point point;
  char plan[NOMEM_POINT_PLAN_BYTES];
  int signal;              /* 0: none */
  bool was_caught;         /* the program caught it */
  bool needs_timeout;      /* its run does not end by itself */
  bool needs_return_watch; /* test code may have been notified of the failure: found out when it is confirmed */
  uint64_t location_hash;  /* hash without the call of test code that had failed before; equal to hash where that call
                              is not known */
  const char *reported_error; /* how test code was notified, in words; NULL: not, or not known. Not owned */
  bool is_handed_over;        /* of a leak: test code had handed the block over to the call that lost it */
  bool is_ignored_by_test;    /* test code passed on the NULL of a failed call; of a hang: it went on all the same */
  bool was_not_told; /* the last call of test code's that failed had returned what it always does, or nothing */
  char detail[NOMEM_DETAIL_BYTES];    /* how it ended, where the verdict does not say it all; may be "" */
  char last_words[NOMEM_QUOTE_BYTES]; /* the last line that it wrote, quoted */
  enum nomem_fn fn;
  enum nomem__address_kind address_kind; /* and the address, where there is one */
  uint64_t fault_address;
  uint64_t size_bytes, nth;
  uint32_t hostile;       /* bits of enum nomem_hostile: the call was served so, and did not fail; 0: it failed */
  uint64_t hostile_calls; /* so many calls were, of which that is the first */
  struct nomem__unchecked_call unchecked; /* the call that was not checked; owns its paths */
  struct nomem__trace fault;              /* where the call was failed; owns its paths */
  struct nomem__second_call second; /* the other failed call, when point.second asks for one and the run reached it */
  struct nomem__trace blow_up;      /* where the run died or hung, or where what it leaked was allocated; depth 0: not
                                       known */
  struct nomem__trace block;        /* where the misused block was allocated, or the leftover file was created */
  struct nomem__trace freed;        /* where the misused block had been freed before */
  struct nomem__waiter *threads;    /* of a hang: all threads; owned */
  size_t thread_count, threads_left_out, shown_thread; /* blow_up is the stack of the shown thread */
};

/* All zero is the empty list. */
struct nomem__findings {
  struct nomem__finding *list;
  size_t count, room;
};

/* A run to add: the rank-th of the schedule. */
struct nomem__judged_run {
  enum nomem__verdict verdict; /* one that is shown */
  const struct nomem__outcome *outcome;
  struct nomem__point point;
  size_t rank;
  const char *plan, *detail;
  bool is_early; /* it was ended before its time was up: that only counts for a finding that exists already */
  const struct nomem__residue *residue; /* what it left behind that the baseline does not */
  uint64_t file_hash;                   /* of the name of a file that it left behind; 0: none */
};

/* Adds a run to the finding that it belongs to, or as a new one. Which run a finding shows does not depend on the order
 * in which runs end. Returns 0, and in *added, which may be NULL, the finding, valid until the next run is added; or
 * -ENOENT for a run that was ended early and belongs to no finding. */
int nomem__findings_add(struct nomem__findings *findings, const struct nomem__judged_run *run,
                        const struct nomem__code_owners *code_owners, const struct nomem__finding **added);

/* Adds all of from's findings to findings, as if their runs had been added there, and empties from. */
void nomem__findings_merge(struct nomem__findings *findings, struct nomem__findings *from);

/* Counts the runs of a leak that only persistent faults have shown with those of a leak that a single fault has, when
 * the blocks were allocated by the same function: it is not known which failure lost them. The same for files. */
void nomem__findings_merge_persistent(struct nomem__findings *findings, struct nomem__symbols *symbols);

/* Test code has ignored nothing, as was found out: the finding counts, with the others of its location that do. */
void nomem__finding_clear_test(struct nomem__finding *finding);

/* Makes one finding of those that differ only in the failed call of test code, where test code was not notified. */
void nomem__findings_merge_unreported(struct nomem__findings *findings);

/* The worst first, and within a verdict the one with the most runs. */
void nomem__findings_sort(struct nomem__findings *findings);

/* Removes the one with this number. */
void nomem__findings_remove(struct nomem__findings *findings, size_t number);

/* Removes all with one verdict. */
void nomem__findings_drop(struct nomem__findings *findings, enum nomem__verdict verdict);

void nomem__findings_free(struct nomem__findings *findings);

/* Adds to a finding what another run, with a block table, has shown of the misused block: what the injector saw, or
 * else the block by which that run crashed, or what was found at its end. */
void nomem__finding_add_misuse(struct nomem__finding *finding, const struct nomem__outcome *outcome,
                               const struct nomem__residue *residue, struct nomem__symbols *symbols);

/* Has a finding show another run of the same point, in which a guarded block stopped what had led to the corruption. */
void nomem__finding_place_by_guard(struct nomem__finding *finding, const struct nomem__outcome *outcome,
                                   const struct nomem__residue *residue, const struct nomem__code_owners *code_owners);

/* Whether it is a crash that is known to have followed a pointer into, or from, a block that had been freed. */
bool nomem__finding_is_use_after_free(const struct nomem__finding *finding);

/* What it means, in a few words. */
const char *nomem__finding_meaning(const struct nomem__finding *finding);

/* Why the finding is the test's own fault, in a few words, such as a crash in test code that used the NULL of a failed
 * call, or passed it on. NULL: it is not. */
const char *nomem__finding_test_reason(const struct nomem__finding *finding,
                                       const struct nomem__code_owners *code_owners);

/* Whether the code under test is not to blame for an abort: it was raised in test code, or by a C++ run-time that has
 * no memory for the exception; or in one of the run's programs, when a call of a library under it was failed, in the
 * same process or, when none was failed there, in another one. */
bool nomem__is_abort_of_test(const struct nomem__outcome *outcome, const struct nomem__code_owners *code_owners);

/* Whether the C library's allocator has raised it, because the heap is corrupted: what it says of that may have gone
 * where nobody sees it. */
bool nomem__is_abort_of_allocator(const struct nomem__outcome *outcome, struct nomem__symbols *symbols);

#endif
