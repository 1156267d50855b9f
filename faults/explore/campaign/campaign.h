/* SPDX-License-Identifier: MIT */
/* The exploration of one command, as data, and the small steps by which it changes. command/explore.c has the order in
 * which they are taken. */
#ifndef NOMEM_CAMPAIGN_H
#define NOMEM_CAMPAIGN_H

#include "../judge/caught_signals.h"
#include "../judge/finding.h"
#include "../run/file_compare.h"
#include "../run/output_compare.h"
#include "../run/session.h"
#include "../target/program_names.h"
#include "../text/progress.h"
#include "../text/strings.h"
#include "passes.h"
#include "residue_check.h"
#include "run_extent.h"
#include "second_faults.h"
#include "site_list.h"

/* What is known of a point. There may be millions. */
struct nomem__point_state {
  uint8_t result;                 /* 0: none yet; its verdict plus 1; or NOMEM__ELSEWHERE */
  bool is_known;                  /* the result was there before the first run */
  bool is_due;                    /* its run is made once more, for what it left: see residue_check.h */
  bool is_unconfirmed;            /* by a snapshot: it counts once the program that it was taken of has ended well */
  bool had_block_table;           /* its last run had one */
  bool was_heap_checked;          /* that run was made for heap errors: see heap_check.h */
  bool may_have_lost;             /* it gave up and left more blocks than usual, or a block could not be reallocated */
  bool is_first_to_lose;          /* of its site, the first of which that is so */
  bool may_have_lost_handed_over; /* it gave up, and lost what test code may have handed over */
  bool has_left_open;             /* it gave up and left more descriptors open than usual */
  bool has_coverage_data;         /* a run of it has left data, if it leaves any: it came to exit() */
  bool said_not_ok;               /* it ended well, and the test says in its protocol that it failed */
  bool was_asserted;              /* an assertion of the test ended its run, so that nothing was released */
};

/* Room for a sentence with the names of two libraries in it. */
#define NOMEM__ALLOCATOR_NOTE_BYTES (2 * NOMEM_QUOTE_BYTES + 256)

/* When the exploration has been interrupted, a run without a fault that takes longer is not made any more. */
#define NOMEM__INTERRUPTED_US UINT64_C(2000000)

/* In place of a result: another shard has the point. */
#define NOMEM__ELSEWHERE UINT8_MAX

enum nomem__engine_count { NOMEM__ENGINES = NOMEM_ENGINE_SNAPSHOT + 1 };

extern const char *const nomem__engine_names[NOMEM__ENGINES];

/* A worker, and what it found in runs whose snapshots may yet turn out to be wrong. */
struct nomem__worker_slot {
  struct nomem__campaign *campaign;
  struct nomem__worker *worker;
  size_t rank; /* of the run that goes on, unless it is a snapshot's */
  struct nomem__findings findings;
};

/* Room for a sentence with a place in it. */
#define NOMEM__GUARDS_NOTE_BYTES 512

/* The search for heap errors that nobody notices: see heap_check.h. */
struct nomem__heap_check {
  bool is_looking;
  bool has_guards;                                 /* blocks are guarded in these runs: see guarded_runs.h */
  char unguarded_reason[NOMEM__GUARDS_NOTE_BYTES]; /* why they are not, where they should be; "" */
  size_t partly_guarded;                           /* runs in which not all were that should have been */
  size_t looked_at, left_out;                      /* the former by this command */
  size_t checked;                                  /* by this command or an earlier one of the same campaign */
};

/* The part of an interpreter in the allocations, where only those of the modules that it loads are failed. */
struct nomem__interpreter_part {
  struct nomem__tested_modules tested;
  bool is_chosen;        /* its runs are injected, though it only runs a script: nomem has chosen that */
  uint64_t sites, calls; /* which the interpreter makes for itself, and which are in no list of sites */
};

/* The search for what test code was told: see told_check.h. */
struct nomem__told_check {
  size_t looked_at, left_out; /* failures at different common sites that were reported */
};

/* The runs under a hostile allocator: see hostile_runs.h. */
struct nomem__hostile_runs {
  size_t runs;
  bool is_output_checked; /* by one more run without a fault */
  /* What each way came to, by its number, and behind them all ways together; NOMEM_VERDICT_COUNT: not tried. */
  enum nomem__verdict came[NOMEM_HOSTILE_COUNT + 1];
};

struct nomem__campaign;

/* Runs that are made once more, and looked at closely: see residue_runs.h. */
struct nomem__close_runs {
  bool (*is_due)(const struct nomem__campaign *campaign, size_t rank);
  bool looks_at_files; /* each has a view of files of its own, and it is noted who creates the file that was left */
  size_t left;         /* so many more are made at most */
  size_t next;         /* from which point on they are still to be made */
};

struct nomem__campaign {
  struct nomem__session *session; /* the caller's */
  struct nomem__worker_slot workers[NOMEM_JOBS_MAX];
  unsigned worker_count;
  unsigned forkers; /* so many of them, the first ones, have a program that is forked for their runs */
  struct nomem__progress progress;
  uint64_t timeout_ms, started_ns, ended_ns;
  struct nomem__passes passes;
  bool has_said_marked_view;  /* that a run has changed files for good */
  bool has_said_damage;       /* that a run has written over the pages that it shares with the command */
  bool failed;                /* it could not go on, and one line on standard error has said so */
  bool has_lost_surroundings; /* what the program needs was gone before all runs were made: see control_run.h */

  /* What the runs without a fault, the baselines, have shown. */
  int baseline_status;
  bool baseline_has_timed_out; /* one of the runs has */
  bool allocates_nothing;      /* no code under test does */
  unsigned baseline_fatal_deaths;
  bool is_baseline_wrong; /* the test calls nomem_wrong in one of them: such calls tell nothing of a fault */
  uint64_t baseline_us;   /* the longer of the two */
  uint64_t baseline_peak_kb;
  unsigned baseline_load; /* see job_count.h */
  uint64_t allocations, sites_lost;
  unsigned effects; /* bits of enum nomem__effect: what keeps the program from the faster engines */
  struct nomem__baseline_output baseline_output;
  struct nomem__baseline_files baseline_files;
  struct nomem__baseline_extent baseline_extent;
  struct nomem__caught_signals caught_signals;
  struct nomem__programs programs;
  struct nomem__interpreter_part interpreter;
  struct nomem__executed_programs not_injected;     /* empty where runs are not traced */
  char allocator_note[NOMEM__ALLOCATOR_NOTE_BYTES]; /* what is not checked because of the program's allocator; "" */
  struct nomem__campaign_site *sites;               /* one block of memory, their frames included */
  size_t site_count, unstable_sites;                /* the latter came in only one of the two baselines */
  unsigned key_digits;
  char **modules; /* paths, one block of memory, too: number n is modules[n - 1] */
  size_t module_count;
  struct nomem__code_owners code_owners;
  struct nomem__site_tables *tables; /* of all sites that the baselines came to; owned */

  /* The points of the schedule: first faults, then second faults. */
  struct nomem__point *points;
  size_t point_count;
  uint64_t calls_scheduled;          /* different calls that the schedule would have without --max-points */
  struct nomem__point_state *states; /* of each point */
  size_t known_count;                /* so many results came from the store */
  struct nomem__second_faults second_faults;
  struct nomem__residue_check residue_check;
  struct nomem__heap_check heap;
  struct nomem__told_check told;
  size_t handed_left_out; /* so many leaks were not looked at by handed_check.h */
  size_t looks_cut_short; /* runs of these checks that were due when the time was up, or the command interrupted */
  struct nomem__hostile_runs hostile;
  struct nomem__close_runs close_runs;

  /* How the runs are made: see engines.h. */
  enum nomem_engine engine;  /* of the runs that go on */
  const char *engine_reason; /* why it is not the fastest engine; "" */
  size_t next_point;
  size_t batch, batch_end; /* points that snapshots are taken for */
  bool keeps_files;        /* runs may see what earlier ones wrote: nothing */
  bool notes_recoveries;   /* what runs come to only after their fault is noted */
  bool uses_huge_pages;    /* processes that are forked do */
  bool is_unsound;         /* snapshots turned out to be wrong for this program */

  /* What came of it. */
  struct nomem__findings findings;
  struct nomem__findings excluded;        /* those that do not count, once all is over */
  struct nomem__strings reported_errors;  /* texts that findings refer to */
  uint64_t verdicts[NOMEM_VERDICT_COUNT]; /* runs of each */
  uint64_t engines[NOMEM__ENGINES];       /* runs of each */
  uint64_t early_count;                   /* runs that hung, and were not waited for */
  struct nomem__journal *journal;         /* NULL: nothing is written to a store */
};

/* The caller's campaign of an open session, without workers; watch: how closely they are to watch the blocks of their
 * runs. NULL, after one line on standard error: out of memory. */
struct nomem__campaign *nomem__campaign_new(struct nomem__session *session, enum nomem_watch watch);

/* Closes the workers and frees all that the campaign owns; the session stays the caller's, and the journal has been
 * closed. NULL is allowed. */
void nomem__campaign_free(struct nomem__campaign *campaign);

/* Opens workers until there are so many, or closes those that are too many. Returns 0, or a negative error code after
 * one line on standard error. */
int nomem__campaign_set_workers(struct nomem__campaign *campaign, unsigned count);

/* Whether the program of a run was started. If not, the campaign cannot go on, and one line says why. */
bool nomem__campaign_was_started(struct nomem__campaign *campaign, const struct nomem__outcome *outcome);

/* Ends the runs that go on. */
void nomem__campaign_cancel_runs(struct nomem__campaign *campaign);

/* Makes these the points, none of which has a result. A list of millions is not copied: it is the campaign's from now
 * on. */
void nomem__campaign_take_points(struct nomem__campaign *campaign, struct nomem__point *points, size_t count);

/* Appends points without a result. */
void nomem__campaign_add_points(struct nomem__campaign *campaign, const struct nomem__point *points, size_t count);

/* Marks the points that belong to other shards, by --shard. */
void nomem__campaign_leave_to_other_shards(struct nomem__campaign *campaign);

/* Appends, once, the second faults that the first ones led to. */
void nomem__campaign_schedule_second_faults(struct nomem__campaign *campaign);

/* Whether it is known what a point's run came to: not of one that another shard has. */
bool nomem__point_is_tried(const struct nomem__point_state *state);

/* How many points have no result yet. */
size_t nomem__campaign_count_due(const struct nomem__campaign *campaign);

/* What an ordinary run of the campaign asks for. The caller may change it before the start. */
struct nomem__run_request nomem__campaign_request(struct nomem__campaign *campaign, const char *plan,
                                                  nomem__worker_done done, void *user);

/* Whether no further run is to be started: interrupted, failed, or out of time. */
bool nomem__campaign_is_over(const struct nomem__campaign *campaign);

/* Says, once, why a run could not be made, and ends the campaign. */
void nomem__campaign_give_up(struct nomem__campaign *campaign, int result);

/* The plan text of a point with so many digits of its site's key, NOMEM_POINT_PLAN_BYTES at most. */
void nomem__campaign_plan(const struct nomem__campaign *campaign, const struct nomem__point *point, unsigned digits,
                          char *plan);

/* The key of a point's site; 0: it has none. */
uint64_t nomem__campaign_key(const struct nomem__campaign *campaign, const struct nomem__point *point);

/* The key of the site whose first call fails, too; 0: none does. */
uint64_t nomem__campaign_second(const struct nomem__campaign *campaign, const struct nomem__point *point);

#endif
