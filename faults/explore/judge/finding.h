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
  bool is_flaky;          /* its first run, made once more, ended otherwise */
  bool is_confirmed;      /* that run was made once more */
  bool needs_block_table; /* that run kept one, or sanitizers looked for leaks: without it, it may end otherwise */
  enum nomem__exclusion exclusion;
  const char *exclusion_reason; /* the reason in words; NULL: it counts. Not owned */

  /* The one of them that tells most: with one call failed rather than two, and two rather than all later ones; and then
   * the first. */
  size_t rank; /* where the schedule had it */
  struct nomem__point point;
  char plan[NOMEM_POINT_PLAN_BYTES];
  int signal;              /* 0: none */
  bool needs_timeout;      /* its run does not end by itself */
  bool needs_return_watch; /* of the failure, test code may have been: to be looked at when it is tried again */
  uint64_t location_hash;  /* hash, whatever call of test code's had failed before; the same as hash where that is not
                              known */
  const char *reported_error; /* how it had been told, in words; NULL: not, or not known. Not owned */
  bool is_ignored_by_test;    /* by test code, which had been refused it; of a hang: test code went on all the same */
  char detail[NOMEM_DETAIL_BYTES];    /* how it ended, where the verdict does not say it all; may be "" */
  char last_words[NOMEM_QUOTE_BYTES]; /* the last line that it wrote, quoted */
  enum nomem_fn fn;
  enum nomem__address_kind address_kind; /* and the address, where there is one */
  uint64_t fault_address;
  uint64_t size_bytes, nth;
  struct nomem__unchecked_call unchecked; /* the call that was not checked; owns its paths */
  struct nomem__trace fault;              /* where the call was failed; owns its paths */
  struct nomem__second_call second; /* the other call that was failed, when point.second says so and it was come to */
  struct nomem__trace blow_up;      /* where it died or hung; what was left was allocated here; depth 0: not known */
  struct nomem__trace block;        /* where the block was allocated that was misused, and where it was freed before; or
                                       where the file was made that was left */
  struct nomem__trace freed;
  struct nomem__waiter *threads; /* of a hang: all there were, owned; blow_up is that of number teller */
  size_t thread_count, threads_left_out, shown_thread;
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
  bool is_early; /* it was ended before its time, which tells something only where the finding is there already */
  const struct nomem__residue *residue; /* what it left that the baseline does not */
  uint64_t file_hash;                   /* of the name of a file that it left; 0: none */
};

/* Adds a run, to a finding that is there or as a new one. Whatever order the runs end in, the same one is
 * shown. Returns 0, and in *added, which may be NULL, where it is until the next one is added; -ENOENT when it tells
 * nothing; or -ENOMEM. */
int nomem__findings_add(struct nomem__findings *findings, const struct nomem__judged_run *run,
                        const struct nomem__code_owners *code_owners, const struct nomem__finding **added);

/* Adds all of from's findings to findings, as if their runs had been added there, and empties from. Returns 0 or
 * -ENOMEM. */
int nomem__findings_merge(struct nomem__findings *findings, struct nomem__findings *from);

/* Counts the runs of a leak that all failing at once has shown with those of a leak that a single failure has, when
 * what was left was allocated by the same function: there is no telling which failure lost it. The same of files. */
void nomem__findings_merge_persistent(struct nomem__findings *findings, struct nomem__symbols *symbols);

/* Makes one finding of those that were told apart by the call of test code's that had failed, and are not its doing. */
void nomem__findings_merge_unreported(struct nomem__findings *findings);

/* The worst first, and within a verdict the one with the most runs. */
void nomem__findings_sort(struct nomem__findings *findings);

/* Takes out all with one verdict. */
void nomem__findings_drop(struct nomem__findings *findings, enum nomem__verdict verdict);

void nomem__findings_free(struct nomem__findings *findings);

/* Adds to a finding what another run, with a block table, has shown of the block that was misused: as the injector saw
 * it, or else by what the run crashed, or by what was found at its end. */
void nomem__finding_add_misuse(struct nomem__finding *finding, const struct nomem__outcome *outcome,
                               const struct nomem__residue *residue, struct nomem__symbols *symbols);

/* Why it is the test's doing, in a few words: a crash in test code that used what it had been refused, or handed it
 * back. NULL: it is not. */
const char *nomem__finding_test_reason(const struct nomem__finding *finding,
                                       const struct nomem__code_owners *code_owners);

/* Whether an abort is no doing of the code under test: raised in test code, or by a C++ run-time that cannot throw;
 * or in one of the run's programs, when a library under it had a call failed, in the same process or, when that had
 * none, in another. */
bool nomem__is_abort_of_test(const struct nomem__outcome *outcome, const struct nomem__code_owners *code_owners);

#endif
