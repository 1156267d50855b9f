/* SPDX-License-Identifier: MIT */
/* The exploration of one command: preflight, every point of the schedule, confirmation, report. */
#ifndef NOMEM_CAMPAIGN_H
#define NOMEM_CAMPAIGN_H

#include "../judge/finding.h"
#include "../judge/return_verdict.h"
#include "../run/output_compare.h"
#include "../run/session.h"
#include "../store/evidence.h"
#include "../target/program_names.h"
#include "../text/progress.h"
#include "../text/strings.h"
#include "second_faults.h"

/* Digits of a key that are shown, unless more are needed to tell it from every other site of the run; and all. */
#define NOMEM_KEY_DIGITS 8
#define NOMEM_KEY_DIGITS_ALL 16

/* In place of a point's result: another shard has it. */
#define NOMEM__ELSEWHERE UINT8_MAX

/* A site of the baseline. */
struct nomem__campaign_site {
  uint64_t key, count, first_nth;
  const nomem_frame *frames; /* depth of them, innermost first; their modules are numbers in the campaign's list */
  unsigned depth;
  bool before_main;
  bool is_left_out;          /* by --sites */
  bool is_tests;             /* test code makes this call itself: left out, too */
  uint64_t tried;            /* runs that were to fail a call of it */
  enum nomem__verdict worst; /* of these runs */
};

enum nomem__engine_count { NOMEM__ENGINES = NOMEM_ENGINE_SNAPSHOT + 1 };

extern const char *const nomem__engine_names[NOMEM__ENGINES];

/* A worker, and what came of the points it has in hand but may yet have to give back. */
struct nomem__worker_slot {
  struct nomem__campaign *campaign;
  struct nomem__worker *worker;
  size_t rank; /* of the run that goes on, unless it is a snapshot's */
  struct nomem__findings findings;
};

/* What the baseline leaves, and which runs are to be made again for what they leave: see audit.h. */
#define NOMEM__RESIDUE_BASELINES 2
struct nomem__residue_check {
  bool is_known;       /* the baselines' ends were seen */
  bool has_leak_check; /* a sanitizer says what was left; there is no block table */
  bool is_checked;     /* it did so of a baseline, which ended as ever */
  unsigned baselines;
  uint64_t live[NOMEM__RESIDUE_BASELINES];
  bool *is_due;                                       /* of each point */
  bool *had_block_table;                              /* of each point, whether its run kept one */
  enum nomem_watch watch;                             /* of runs that keep none */
  bool is_prepared, ends_otherwise, writes_otherwise; /* of the baseline with a block table */
  size_t next;
  unsigned descriptors, threads, children;                             /* at their ends, the most of each */
  struct nomem__process first;                                         /* the process that was injected first */
  struct nomem__child_residue child_residue[NOMEM__RESIDUE_BASELINES]; /* what the processes left that came after it */
  struct nomem__process_residue residue; /* of a baseline with a block table, when there was one */
  struct nomem__child_residue
      block_tables[NOMEM__RESIDUE_BASELINES]; /* of the others in it; and once more, if there were any */
  unsigned block_table_count;
  uint32_t misuses;
  struct nomem__created_files made[NOMEM__RESIDUE_BASELINES]; /* what the baselines made; owned */
  char **made_paths; /* of each point that is to be looked at for what it made, where that was at first; owned */
  size_t made_room;
};

/* The closer look at runs that ended well: see heap.h. */
struct nomem__heap_check {
  bool is_looking;
  size_t next, looked_at, left_out;
  uint64_t until_ns; /* 0: as long as it takes */
};

struct nomem__campaign {
  struct nomem__session *session;
  struct nomem__worker_slot workers[NOMEM_JOBS_MAX];
  unsigned worker_count;
  enum nomem_engine engine; /* of the runs that go on */
  unsigned key_digits;

  int baseline_status;
  unsigned baseline_fatal_deaths;
  uint64_t baseline_us; /* the longer of the two */
  uint64_t baseline_peak_kb;
  uint64_t allocations, sites_lost;
  struct nomem__programs programs;
  struct nomem__campaign_site *sites; /* one block of memory, their frames included */
  char **modules;                     /* paths, one block too: number n is modules[n - 1] */
  size_t module_count;
  size_t site_count, unstable_sites; /* came in only one of the two baselines */
  uint64_t calls_scheduled;          /* occurrences that the schedule would have without --max-points */
  struct nomem__code_owners code_owners;
  struct nomem__residue_check residue_check;
  struct nomem__heap_check heap;

  unsigned effects; /* of the baseline, bits of enum nomem__effect: what keeps it from the faster engines */
  struct nomem__baseline_output baseline_output;
  size_t batch, batch_end;   /* points that snapshots are taken for */
  const char *engine_reason; /* why not the fastest engine; "" */
  struct nomem__point *points;
  uint8_t *results;                    /* of each point: 0, its verdict plus 1, or NOMEM__ELSEWHERE */
  bool *known;                         /* of each point: its result was there before the first run */
  size_t known_count;                  /* of them from the store */
  struct nomem__campaign_store *store; /* NULL: nothing is kept */
  struct nomem__second_faults second_faults;
  struct nomem__site_tables *tables; /* what the baselines met; owned */
  size_t point_count, next_point, confirmed;
  uint64_t verdicts[NOMEM_VERDICT_COUNT]; /* runs of each */
  uint64_t engines[NOMEM__ENGINES];       /* runs of each */
  uint64_t early_count;                   /* runs that hung, and were not waited for */
  struct nomem__findings findings;
  struct nomem__return_watch returned,
      without_fault;                      /* of the run that tries a finding again, and of one without its fault */
  const struct nomem__watched_call *told; /* of the first; NULL: there is none to compare */
  struct nomem__strings reported_errors;  /* what findings say of that */
  struct nomem__findings excluded;        /* those that do not count, once all is over */
  struct nomem__progress progress;
  uint64_t timeout_ms, started_ns, ended_ns;
  bool uses_huge_pages;   /* what is forked */
  bool is_unsound;        /* snapshots were found to be wrong for this program */
  bool is_output_checked; /* against a run that was made after all others, too */
  bool failed;            /* could not go on, and said so */
};

/* What a run with a fault has come to. has_second: two calls were to fail. */
enum nomem__verdict nomem__campaign_judge(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome,
                                          bool has_second);

/* Enters what a run of a point has come to. False: it was ended early and tells nothing; it is to be made again with
 * all its time. */
bool nomem__campaign_enter(struct nomem__worker_slot *slot, const struct nomem__outcome *outcome, size_t rank);

/* After how long this worker's next run may be ended, because it probably hangs where others did; 0: not before its
 * time. */
uint64_t nomem__campaign_early_ms(const struct nomem__worker_slot *slot);

/* Fills in what there is to say of a run with this verdict, in found: what it left and how it ended. left, and detail
 * of NOMEM_DETAIL_BYTES, are the caller's and outlive it. */
void nomem__campaign_describe(const struct nomem__campaign *campaign, struct nomem__found *found,
                              struct nomem__leak_site *left, char *detail);

/* Whether no further run is to be started: interrupted, failed, or out of time. */
bool nomem__campaign_is_over(const struct nomem__campaign *campaign);

/* A run could not be made: says why, and ends the campaign. */
void nomem__campaign_give_up(struct nomem__campaign *campaign, int result);

/* The plan text of a point with so many digits of its site's key, NOMEM_POINT_PLAN_BYTES at most. */
void nomem__campaign_plan(const struct nomem__campaign *campaign, const struct nomem__point *point, unsigned digits,
                          char *plan);

/* So many runs take little enough time to leave none out. */
uint64_t nomem__campaign_room(const struct nomem__campaign *campaign);

/* The key of the site whose first call fails, too; 0: none does. */
uint64_t nomem__campaign_second(const struct nomem__campaign *campaign, const struct nomem__point *point);

/* Closes the workers and frees all that it has; the session stays the caller's. */
void nomem__campaign_free(struct nomem__campaign *campaign);

/* nomem explore. Returns the exit status. */
int nomem__explore(const struct nomem__options *options);

#endif
