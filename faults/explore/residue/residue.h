/* SPDX-License-Identifier: MIT */
/* What a run left behind that the runs without a fault do not: computed once, when the run has ended, and handed on to
 * whoever judges, describes or groups it.
 *
 * Pure: the records of how runs ended go in, the difference comes out. docs/evidence.md has the rules, under "Leak",
 * "Whose end", "Leftover", "Created files" and "Corruption".
 */
#ifndef NOMEM_RESIDUE_H
#define NOMEM_RESIDUE_H

#include "../text/quote.h"
#include "child_residue.h"
#include "guarded_use.h"
#include "peers.h"

/* Runs without a fault that every other run is compared with. */
#define NOMEM__BASELINE_RUNS 2
/* Room for what there is to say of a residue. */
#define NOMEM__RESIDUE_TEXT_BYTES (2 * NOMEM_QUOTE_BYTES + 64)

/* What the runs without a fault left. All zero: nothing is known of it yet. All of it is owned. */
struct nomem__baseline_residue {
  bool is_known;       /* the ends of the runs were seen */
  bool has_leak_check; /* a sanitizer reports leaks, so there is no block table */
  unsigned run_count;
  uint64_t live[NOMEM__BASELINE_RUNS];
  unsigned descriptors, threads, children; /* at the ends of the first processes, the most of each */
  struct nomem__process first;             /* the process that was injected first */
  struct nomem__child_residue child_residue[NOMEM__BASELINE_RUNS];
  struct nomem__created_files created_files[NOMEM__BASELINE_RUNS];

  /* Of runs with a block table: one, and one more where there were child processes. */
  unsigned block_table_count;
  struct nomem__process_residue with_block_table; /* the first process */
  struct nomem__child_residue block_tables[NOMEM__BASELINE_RUNS];
  uint32_t misuse_count;
};

/* Adds a run without a fault. Takes over what first and child_residue own, and empties them. */
void nomem__baseline_residue_add(struct nomem__baseline_residue *baseline, struct nomem__process_residue *first,
                                 struct nomem__child_residue *child_residue);

/* The same of a run with a block table, or one in which a sanitizer looked for leaks; at most NOMEM__BASELINE_RUNS of
 * them. misuse_count: what the injector saw misused. */
void nomem__baseline_residue_add_block_table(struct nomem__baseline_residue *baseline,
                                             struct nomem__process_residue *first,
                                             struct nomem__child_residue *child_residue, uint32_t misuse_count);

void nomem__baseline_residue_free(struct nomem__baseline_residue *baseline);

/* How a run ended, as it was recorded. */
struct nomem__run_end {
  const struct nomem_channel *channel;
  const struct nomem__process_residue *first;
  const struct nomem__child_residue *child_residue;
  const struct nomem__stack *stack; /* of the signal that ended it, or was caught; NULL: none, or not known */
  bool was_caught;                  /* that signal was */
  bool counts;  /* it ended in a way that what it left counts: as the baseline, or --leaks all takes any exit */
  bool gave_up; /* it does not count, but the leaks do that the filter lets pass of a process whose main() returned */
  struct nomem__leak_filter leak_filter;
  struct nomem__descriptor_filter descriptor_filter; /* the same for descriptors */
  bool takes_any_status; /* so may its processes: they are compared with the baseline's however they exited */
};

/* What a run left that the baseline does not. All zero: nothing. Borrows from the records that it was computed from. */
struct nomem__residue {
  /* Of a run without a block table: what it left is more, or other, than what the baseline left. What exactly, only a
   * run with a block table can tell. */
  bool needs_closer_look;
  bool has_left_more;                               /* it gave up, and left more blocks than the baseline leaves */
  bool has_left_open;                               /* it gave up, and left more descriptors open */
  const struct nomem__created_file *suspected_file; /* of such a run; NULL: it left no file */

  /* Of a run with a block table. */
  bool has_leak;
  struct nomem__leak_site leak;   /* the one call that lost the most memory */
  bool may_have_lost_handed_over; /* it gave up, and lost what test code may have handed over: a watch can tell */
  const struct nomem__created_file *created_file; /* a file or the like; NULL: none */
  bool has_locked_mutex;                          /* then that is the leftover */
  int lost_descriptor; /* of a run that gave up: the leftover is this descriptor; 0: it is none */
  pid_t lost_by;       /* the process that left it */
  bool has_leftover;
  char leftover[NOMEM__RESIDUE_TEXT_BYTES];         /* which descriptors, threads or children, in words */
  const struct nomem_misuse *misuse;                /* what the injector saw done to a block; NULL: nothing */
  const struct nomem__process_residue *late_misuse; /* a process whose block table showed a misused block only at its
                                                       end; NULL: none */
  struct nomem__guarded_use guarded_use;            /* by which it crashed */
  const struct nomem__child_residue *child_residue; /* which process is meant, where it is not the run's first */
};

void nomem__residue_compute(const struct nomem__baseline_residue *baseline, const struct nomem__run_end *run,
                            struct nomem__residue *residue);

/* Says how much memory was leaked, and by which process where it is not the run's first. */
void nomem__residue_describe_leak(const struct nomem__residue *residue, char *text, size_t text_bytes);

/* Says what was done to a block, and by which process where it is not the run's first; "" for nothing. */
void nomem__residue_describe_misuse(const struct nomem__residue *residue, char *text, size_t text_bytes);

#endif
