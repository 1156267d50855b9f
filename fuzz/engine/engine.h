/* SPDX-License-Identifier: MIT */
/* The drop-in engine: linked to a libFuzzer target, it runs each input again with allocation calls failing.
 *
 *     wrap.c       stands in front of LLVMFuzzerTestOneInput, and says which runs an input gets
 *     gate.c       decides about each allocation call of a run
 *     steady.c     compares what an input does after a fault with what it did before
 *     counters.c   keeps the coverage of several runs apart
 *     candidate.c  whose calls may fail at all
 *     options.c    environment, flags, name of the program
 *     known.c      the file of sites that findings have come from
 *     report.c     says what was failed when the target dies
 *
 * Runs inside the program under test, like faults/inject/, and by the same rules (wall.h). gate.c takes the place of
 * injector.c there, because a campaign of runs in one process keeps its sites from run to run.
 */
#ifndef NOMEM_ENGINE_H
#define NOMEM_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../faults/inject/injector.h"
#include "../../faults/plan.h"

/* What a run is for. */
enum nomem_run {
  NOMEM_RUN_WATCH,  /* clean; only looks whether a call comes from where there is something left to try */
  NOMEM_RUN_RECORD, /* clean; lists its sites and how often each is reached, and is traced */
  NOMEM_RUN_TRACE,  /* clean; traced only */
  NOMEM_RUN_FAULT   /* calls fail by a plan */
};

/* What was tried at a site so far is a number of steps, in this order. */
enum nomem_step {
  NOMEM_STEP_FIRST,      /* its first call fails */
  NOMEM_STEP_PERSISTENT, /* its first call and all calls after it, anywhere */
  NOMEM_STEP_LAST,       /* its last call in this input */
  NOMEM_STEP_SECOND,
  NOMEM_STEPS
};

/* What the campaign knows of one site; its number is that in the channel. */
struct nomem_tried {
  _Atomic uint64_t calls;     /* number of the run << 32 | calls in that run */
  _Atomic uint32_t candidate; /* 0: not looked at, 1: may fail, 2: never fails */
  uint32_t steps;             /* done, NOMEM_STEPS: all */
};

/* As many failed calls are kept as a plan can name one by one. */
#define NOMEM_FAILED_MAX NOMEM_PLAN_RULES

struct nomem_failed {
  enum nomem_fn fn;
  uint64_t size_bytes;
  uint64_t occurrence;
  const struct nomem_site *site;
};

/* gate.c */

/* Maps what the gate keeps. Returns 0 or -ENOMEM. */
NOMEM_HIDDEN int nomem__decision_init(void);

/* Begins and ends a run; plan is for NOMEM_RUN_FAULT, and stays the caller's. base is the frame address of the function
 * that calls the target: stacks end there. */
NOMEM_HIDDEN void nomem__decision_open(enum nomem_run run, const struct nomem_plan *plan, void *base);
NOMEM_HIDDEN void nomem__decision_close(void);

/* Whether the last NOMEM_RUN_WATCH met a site with steps left. */
NOMEM_HIDDEN bool nomem__decision_has_news(void);

/* A site that may fail, and how often a NOMEM_RUN_RECORD called it. */
struct nomem_recorded {
  uint32_t site, calls;
};

/* Those of the last one, in the order of their first calls. Returns their number. */
NOMEM_HIDDEN uint32_t nomem__decision_recorded(const struct nomem_recorded **sites);

/* Which calls a traced run made, of those that may fail: when the fuzzer's own come is another matter. */
struct nomem_trace {
  uint64_t calls;
  uint64_t hash; /* of their sites, in order */
};

NOMEM_HIDDEN struct nomem_trace nomem__decision_trace(void); /* of the last traced run */

NOMEM_HIDDEN struct nomem_tried *nomem__decision_tried(uint32_t site);
NOMEM_HIDDEN uint64_t nomem__decision_key(uint32_t site);
NOMEM_HIDDEN const struct nomem_channel *nomem__decision_channel(void);

/* The calls that the current or last run failed: their number, the first NOMEM_FAILED_MAX of them, and the last. */
NOMEM_HIDDEN uint32_t nomem__decision_failed(const struct nomem_failed **calls, const struct nomem_failed **last);

/* counters.c: the coverage counters of the target's own image, where it has 8-bit ones.
 *
 * An input's count of an edge is the largest of its runs, not their sum: a sum would make every input that is run again
 * look like one that loops more often. */
NOMEM_HIDDEN void nomem__counters_begin(void); /* keeps what the clean run counted */
NOMEM_HIDDEN void nomem__counters_clear(void); /* before each other run */
NOMEM_HIDDEN void nomem__counters_merge(void); /* after it */
NOMEM_HIDDEN void nomem__counters_end(void);   /* puts back the largest */

/* The edges of runs before a fault, and of those after it. Only between begin and end. */
enum nomem_edges { NOMEM_EDGES_BEFORE, NOMEM_EDGES_AFTER };

NOMEM_HIDDEN void nomem__edges_keep(enum nomem_edges when); /* those of the last run, and no others */
NOMEM_HIDDEN void nomem__edges_add(enum nomem_edges when);  /* those of the last run, too */

struct nomem_edges_difference {
  size_t before, lost, gained;
};

NOMEM_HIDDEN struct nomem_edges_difference nomem__edges_compare(void);

/* candidate.c */

/* Whether a call from this site may fail. By its functions' names: see docs/fuzzing.md. */
NOMEM_HIDDEN bool nomem__is_site_choice(const struct nomem_channel *channel, const struct nomem_site *site);

/* options.c */

struct nomem_options {
  bool off;
  bool harness;         /* fail what the target's own function allocates, too */
  bool new_too;         /* and what comes through operator new, where that calls malloc */
  bool has_plan;        /* each input is run by this plan, and by no other */
  bool compares;        /* what an input does before and after a fault */
  uint32_t runs_max;    /* runs with a fault for one input */
  uint32_t sample;      /* of so many inputs that have nothing new, one is run with a fault all the same; 0: none */
  uint64_t time_max_ms; /* of the runs with a fault for one input */
  const char *words, *plan_text, *only_text, *not_text, *known_text; /* as given; NULL: not given */
  struct nomem_plan plan;
  struct nomem_plan only, not ; /* which sites may fail: a rule of the one, and none of the other, matches */
  const char *program;          /* argv[0] */
  const char *only_input;       /* the one argument that is no flag, or "INPUT" */
  const char *artifact_prefix, *exact_artifact; /* the fuzzer's own options, "" when not given */
};

extern NOMEM_HIDDEN struct nomem_options nomem__options;

/* Reads environment and command line. Ends the process with status 2 and one line when something in them is wrong. */
NOMEM_HIDDEN void nomem__options_read(void);

/* known.c: one finding must not stand in the way of the next. Each finding's site is added to a file, and a campaign
 * that is given the file leaves the sites in it alone. */

/* Reads the file; a count after the last colon of the name, "FILE:N", is how many of its lines count. A file that is
 * not there is empty. Returns 0, or -EINVAL when the file has a line that does not begin with a site. */
NOMEM_HIDDEN int nomem__known_sites_read(const char *name);

NOMEM_HIDDEN bool nomem__is_known(uint64_t site);

/* "FILE:N" of what was read, for the line that reproduces; "" when there is none. */
NOMEM_HIDDEN const char *nomem__known_sites_setting(void);

/* Adds a site to the file, with a remark. */
NOMEM_HIDDEN void nomem__known_sites_add(uint64_t site, const char *remark);

/* wrap.c */

/* Runs the target on the current input. Returns what it returned. */
NOMEM_HIDDEN int nomem__run_target(enum nomem_run kind, const struct nomem_plan *plan);

NOMEM_HIDDEN uint64_t nomem__milliseconds(void); /* of a clock that only goes on */

/* steady.c. Does nothing unless options.compares. Between nomem__counters_begin and nomem__counters_end. */

/* The input has been run clean; runs it clean until two runs in a row are alike. Makes sure, for the first input of a
 * process and within the deadline, that they go on being so. */
NOMEM_HIDDEN void nomem__repeatability_before(uint64_t deadline_ms);

/* Right after a run with a fault, by this plan, which stays: runs the input clean once more, and looks closer when that
 * is not as before. Does not return when it finds something. */
NOMEM_HIDDEN void nomem__repeatability_after(const struct nomem_plan *plan);

/* A run begins, or has ended. */
NOMEM_HIDDEN void nomem__repeatability_open(void);
NOMEM_HIDDEN void nomem__repeatability_close(int returned);

/* report.c */

/* What the report says of the current input. */
struct nomem_current {
  const uint8_t *data;
  size_t size;
  enum nomem_run run;
  bool is_running;               /* the target is */
  const struct nomem_plan *plan; /* NULL: a clean run */
  /* A clean run that is compared with those before a run with a fault: the plan of that one, or NULL; what failed. */
  const struct nomem_plan *after_plan;
  struct nomem_failed after_failed;
  const char *finding; /* one line, where it is the engine that found something; or NULL */
  /* Between runs: the run by this plan left memory behind, twice; or NULL. The input may be gone by the time that the
   * fuzzer calls it a leak, so its digest is taken before. */
  const struct nomem_plan *leak_plan;
  struct nomem_failed leak_failed;
  char leak_digest[41];
};

extern NOMEM_HIDDEN struct nomem_current nomem__current;

/* Of the whole campaign. */
struct nomem_totals {
  uint64_t inputs, fault_runs;
};

extern NOMEM_HIDDEN struct nomem_totals nomem__totals;

/* Makes sure that the report is made whichever way the process dies. Called once, after the fuzzer has set itself up.
 */
NOMEM_HIDDEN void nomem__report_arm(void);

NOMEM_HIDDEN void nomem__say(const char *line); /* after "nomem: " */

/* Ends the process as a crash of the target does: the clean runs after current.after_plan have shown something. finding
 * says what, in one line. */
NOMEM_HIDDEN _Noreturn void nomem__report_finding(const char *finding);

/* text.c */

/* A line or two being put together, cut off where it would not fit. */
struct nomem_text {
  size_t length;
  char bytes[2 * NOMEM_PLAN_BYTES];
};

NOMEM_HIDDEN void nomem__text_add(struct nomem_text *text, const char *more);
NOMEM_HIDDEN void nomem__text_number(struct nomem_text *text, uint64_t number); /* in decimal */
NOMEM_HIDDEN void nomem__text_hex(struct nomem_text *text, uint64_t number);    /* all 16 digits */
/* As one word of a shell command. */
NOMEM_HIDDEN void nomem__text_quoted(struct nomem_text *text, const char *word);
/* Writes it to the descriptor, and empties it. */
NOMEM_HIDDEN void nomem__text_flush(struct nomem_text *text, int fd);

/* sha1.c */

/* The hexadecimal digest that libFuzzer names its artifacts with. */
NOMEM_HIDDEN void nomem__sha1_hex(const uint8_t *data, size_t size, char hex[41]);

#endif
