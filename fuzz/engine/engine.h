/* SPDX-License-Identifier: MIT */
/* The drop-in engine: linked to a libFuzzer target, it runs each input again with allocation calls failing.
 *
 *     fuzz_entry.c     stands in front of LLVMFuzzerTestOneInput and decides which runs an input gets
 *     entry_patch.c    puts it there at run time, where the linker could not
 *     target_run.c     makes one run of the target
 *     call_decision.c  decides about each allocation call of a run
 *     repeatability.c  compares what an input does after a fault with what it did before
 *     outcome.c        what a run returned and reported
 *     counters.c       keeps the coverage of several runs apart
 *     campaign.c       what the processes of a campaign share
 *     site_choice.c    decides whose calls may fail at all
 *     source_units.c   which code is the harness's, by the debug information
 *     scout.c          tries plans in another process first: what crashes there, and whose fault it was
 *     report_child.c   reports a finding in a child, where the campaign goes on
 *     untraced_fork.c  forks without being followed by a tracer
 *     options.c        environment, flags, name of the program
 *     known_sites.c    the file of sites that findings have come from
 *     report.c         reports what was failed when the target dies
 *     exit_note.c      says when nothing could fail
 *
 * The engine runs inside the program under test, like faults/inject/, and by the same rules (forbidden_calls.h).
 * call_decision.c takes the place of injector.c there, because a campaign of runs in one process keeps its sites from
 * run to run.
 */
#ifndef NOMEM_ENGINE_H
#define NOMEM_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../faults/inject/injector.h"
#include "../../faults/plan.h"

#define NOMEM_TARGET_NAME "LLVMFuzzerTestOneInput"

/* What a run is for. In a clean run no call fails. */
enum nomem_run {
  NOMEM_RUN_WATCH,  /* clean; finds out only whether a call comes from a site with steps left to try */
  NOMEM_RUN_RECORD, /* clean; lists its sites and how often each is reached, and is traced */
  NOMEM_RUN_TRACE,  /* clean; is traced only */
  NOMEM_RUN_FAULT   /* calls fail by a plan */
};

/* The steps that are tried at each site, in this order. */
enum nomem_step {
  NOMEM_STEP_FIRST,      /* its first call fails */
  NOMEM_STEP_PERSISTENT, /* its first call and all calls after it, anywhere */
  NOMEM_STEP_LAST,       /* its last call in this input */
  NOMEM_STEP_SECOND,
  NOMEM_STEPS
};

/* How far the campaign has come with one site; the site's number is that in the channel. */
struct nomem_site_progress {
  _Atomic uint64_t calls;     /* number of the run << 32 | calls in that run */
  _Atomic uint32_t candidate; /* 0: not decided yet, 1: may fail, 2: never fails */
  uint32_t steps;             /* how many are done; NOMEM_STEPS: all */
};

/* As many failed calls are kept as a plan can name one by one. */
#define NOMEM_FAILED_MAX NOMEM_PLAN_RULES

struct nomem_failed_call {
  enum nomem_fn fn;
  uint64_t size_bytes;
  uint64_t occurrence;
  const struct nomem_site *site;
};

/* call_decision.c */

/* Maps the tables of sites. Returns 0 or -ENOMEM. */
NOMEM_HIDDEN int nomem__decision_init(void);

/* Begins and ends a run; plan is for NOMEM_RUN_FAULT, and stays the caller's. base is the frame address of the function
 * that calls the target: stacks end there. */
NOMEM_HIDDEN void nomem__decision_open(enum nomem_run run, const struct nomem_plan *plan, void *base);
NOMEM_HIDDEN void nomem__decision_close(void);

/* Whether the last NOMEM_RUN_WATCH met a site with steps left. */
NOMEM_HIDDEN bool nomem__decision_has_untried(void);

/* A site that may fail, and how often a NOMEM_RUN_RECORD called it. */
struct nomem_recorded_site {
  uint32_t site, calls;
};

/* The sites of the last NOMEM_RUN_RECORD, in the order of their first calls. Returns their number. */
NOMEM_HIDDEN uint32_t nomem__decision_recorded(const struct nomem_recorded_site **sites);

/* Which calls a traced run made, of those that may fail: the fuzzer's own come at any time. */
struct nomem_trace {
  uint64_t calls;
  uint64_t hash; /* of their sites, in order */
};

NOMEM_HIDDEN struct nomem_trace nomem__decision_trace(void); /* of the last traced run */

NOMEM_HIDDEN struct nomem_site_progress *nomem__decision_progress(uint32_t site);
NOMEM_HIDDEN void nomem__decision_leave_alone(uint32_t site); /* from now on */

/* Decides anew which sites may fail. */
NOMEM_HIDDEN void nomem__decision_forget(void);

/* The number of a call's site; UINT32_MAX where it is none of this process's. */
NOMEM_HIDDEN uint32_t nomem__decision_site(const struct nomem_failed_call *failed);
NOMEM_HIDDEN uint64_t nomem__decision_key(uint32_t site);
NOMEM_HIDDEN const struct nomem_channel *nomem__decision_channel(void);

/* A frame of the engine's channel for a code address. */
NOMEM_HIDDEN nomem_frame nomem__decision_frame(uintptr_t address);

/* How many sites were seen in any run, and how many of them may fail. */
struct nomem_reach {
  uint32_t sites, may_fail;
};

NOMEM_HIDDEN struct nomem_reach nomem__decision_reach(void);

/* The calls that the current or last run failed: returns their number, and gives the first NOMEM_FAILED_MAX of them and
 * the last. */
NOMEM_HIDDEN uint32_t nomem__decision_failed(const struct nomem_failed_call **calls,
                                             const struct nomem_failed_call **last);

/* The site with this key; NULL when no run of this process has met it. */
NOMEM_HIDDEN const struct nomem_site *nomem__decision_site_of(uint64_t key);

/* A plan that names one call. */
struct nomem_try {
  uint64_t site;
  uint32_t occurrence;
  uint32_t is_persistent; /* all that follow fail, too */
};

/* campaign.c */

NOMEM_HIDDEN int nomem__campaign_begin(void); /* once the options are known; returns 0 or -ENOMEM */

/* How many steps of this site are done, by any process: NOMEM_STEPS + 1 where it is left alone. */
NOMEM_HIDDEN uint32_t nomem__campaign_steps(uint64_t key);
NOMEM_HIDDEN void nomem__campaign_note_step(uint64_t key, uint32_t steps);

NOMEM_HIDDEN void nomem__campaign_note_clean(const uint8_t *counters, size_t size); /* what a clean run has reached */
/* A run with a fault has reached it. Whether no run has before. */
NOMEM_HIDDEN bool nomem__campaign_note_edge(size_t number);

/* An input, by its hash, has reached a new edge when this was tried. The process that merges what a job has found does
 * it again. */
NOMEM_HIDDEN void nomem__campaign_add_credit(uint64_t input, const struct nomem_try *tried);
/* The next of an input's, from *next on, which begins with 0; NULL: there is no other. */
NOMEM_HIDDEN const struct nomem_try *nomem__campaign_credit(uint64_t input, uint32_t *next);

NOMEM_HIDDEN void nomem__campaign_count_fault_run(void);
NOMEM_HIDDEN uint64_t nomem__campaign_fault_runs(void);
NOMEM_HIDDEN uint64_t nomem__campaign_findings(void);
NOMEM_HIDDEN void nomem__campaign_count_finding(void);
/* Adds to the time of all processes, and to that of it which went into rounds of runs with a fault. Returns the first,
 * and gives the second. */
NOMEM_HIDDEN uint64_t nomem__campaign_add_time(uint64_t all_us, uint64_t rounds_us, uint64_t *spent_us);
NOMEM_HIDDEN void nomem__campaign_say(void); /* in one line, what has come of it */

/* counters.c: the coverage counters of the target's own image, where it has 8-bit ones.
 *
 * Under AFL++, an input's count of an edge is the largest of its runs, not their sum: a sum would make every input that
 * is run again look like one that loops more often. */
NOMEM_HIDDEN size_t nomem__counters_number(void); /* 0: another fuzzer's */
NOMEM_HIDDEN void nomem__counters_begin(void);    /* keeps what the clean run counted */
NOMEM_HIDDEN void nomem__counters_clear(void);    /* before each other run */
/* After it: credits its edges to the input. Whether any is new to the campaign; all: also those that are not. */
NOMEM_HIDDEN bool nomem__counters_merge(bool all);
NOMEM_HIDDEN void nomem__counters_end(void); /* puts back the largest */

/* The edges of runs before a fault, and of those after it. Only between begin and end. */
enum nomem_edges { NOMEM_EDGES_BEFORE, NOMEM_EDGES_AFTER };

/* An input that reaches fewer says nothing about whether the target still works. */
enum { NOMEM_EDGES_TELLING = 8 };

/* Whether the last run reached so many, or nobody knows: the fuzzer is not libFuzzer, or the target not instrumented.
 */
NOMEM_HIDDEN bool nomem__edges_are_telling(void);

NOMEM_HIDDEN void nomem__edges_keep(enum nomem_edges when); /* keeps those of the last run, and no others */
NOMEM_HIDDEN void nomem__edges_add(enum nomem_edges when);  /* adds those of the last run to what is kept */

struct nomem_edges_difference {
  size_t before, lost, gained;
};

NOMEM_HIDDEN struct nomem_edges_difference nomem__edges_compare(void);

/* source_units.c */

/* Reads which code is the harness's; target is the offset of its function in the program. */
NOMEM_HIDDEN void nomem__source_units_read(uint64_t target);

/* Whether the code at an offset in the program was compiled from one of the harness's files. */
NOMEM_HIDDEN bool nomem__is_harness_code(uint64_t offset);

/* Whether anything was known; from now on nothing is. */
NOMEM_HIDDEN bool nomem__source_units_forget(void);

/* site_choice.c */

NOMEM_HIDDEN void nomem__frame_kinds_forget(void); /* so that they are found anew */

/* What a frame means for the calls made below it. */
enum nomem_frame_kind {
  NOMEM_KIND_UNKNOWN, /* no frame was of a kind that counts */
  NOMEM_KIND_PLAIN,
  NOMEM_KIND_RUNTIME, /* allocates for its caller */
  NOMEM_KIND_HARNESS, /* the target's own function, and what lies beside it */
  NOMEM_KIND_HOOK,    /* an allocator of the harness's, which the library may call: it allocates for its caller */
  NOMEM_KIND_NEW,     /* operator new */
  NOMEM_KIND_NEVER    /* must not fail: the fuzzer, a sanitizer at work, an abort, an exception, a thread variable */
};

NOMEM_HIDDEN enum nomem_frame_kind nomem__frame_kind(const struct nomem_channel *channel, nomem_frame frame);

/* Whether a call from this site may fail. By its functions' names: see docs/fuzzing.md. */
NOMEM_HIDDEN bool nomem__may_site_fail(const struct nomem_channel *channel, const struct nomem_site *site);

/* options.c */

struct nomem_options {
  bool off;
  bool goes_on;          /* after a finding: the fuzzer's -ignore_crashes=1 */
  bool is_job;           /* of a fuzzer that starts several */
  bool is_replay;        /* of files, with what is known not left alone */
  bool tries_everything; /* of the one input that is replayed */
  bool starts_others;    /* the fuzzer runs no input in this process, but starts others that do */
  bool starts_jobs;      /* and these are the jobs of one campaign */
  bool merges;           /* the inputs that jobs have found */
  bool detects_leaks;    /* the fuzzer does */
  bool fails_harness;    /* also fail what the target's own function allocates */
  bool fails_new;        /* and what comes through operator new, where that calls malloc */
  bool has_plan;         /* each input is run by this plan, and by no other */
  bool compares;         /* what an input does before and after a fault */
  uint32_t runs_max;     /* runs with a fault for one input */
  uint32_t sample;       /* one in so many inputs that bring nothing new is run with a fault all the same; 0: none */
  uint64_t time_max_ms;  /* of the runs with a fault for one input */
  const char *words, *plan_text, *only_text, *except_text, *known_given; /* as given; NULL: not given */
  const char *known_text;                                                /* the file, given or not */
  struct nomem_plan plan;
  struct nomem_plan only, except; /* a site may fail when a rule of `only` matches it and none of `except` */
  const char *program;            /* argv[0] */
  const char *only_input;         /* the one argument that is no flag, or "INPUT" */
  const char *found_plan;         /* the plan that was written beside that input; NULL: none */
  const char *artifact_prefix, *exact_artifact; /* the fuzzer's own options, "" when not given */
};

extern NOMEM_HIDDEN struct nomem_options nomem__options;

/* For the first input: reads them again if the program has changed the environment since it was started, as
 * LLVMFuzzerInitialize may. */
NOMEM_HIDDEN void nomem__options_read_again(void);

/* known_sites.c: one finding must not stand in the way of the next. Each finding's site is added to a file, and a
 * campaign that is given the file leaves the sites in it alone. */

/* Reads the file; a count after the last colon of the name, "FILE:N", is how many of its lines count. A file that does
 * not exist is empty. Returns 0, or -EINVAL when the file has a line that does not begin with a site. */
NOMEM_HIDDEN int nomem__known_sites_read(const char *name);

NOMEM_HIDDEN bool nomem__is_known_site(uint64_t site);

/* Adds to what is known, and not to the file: another process has. */
NOMEM_HIDDEN void nomem__known_sites_note(uint64_t site);

/* Says how many calls are left alone, if there are any. */
NOMEM_HIDDEN void nomem__known_sites_say(void);

/* "FILE:N" of what was read, for the line that reproduces; "" when there is none. */
NOMEM_HIDDEN const char *nomem__known_sites_setting(void);

/* Adds a site to the file, with a remark, and to what is known. Returns false when it could not be written. */
NOMEM_HIDDEN bool nomem__known_sites_add(uint64_t site, const char *remark);

/* target_run.c */

typedef int (*nomem_target)(const uint8_t *data, size_t size);

/* The target's own function. */
NOMEM_HIDDEN nomem_target nomem__target(void);

/* Runs the target on the current input. Returns what it returned. */
NOMEM_HIDDEN int nomem__run_target(enum nomem_run kind, const struct nomem_plan *plan);

NOMEM_HIDDEN uint64_t nomem__microseconds(void); /* of a clock that is never set back */
NOMEM_HIDDEN uint64_t nomem__milliseconds(void);

/* The input that is run, and what report.c has to know of its runs. */
struct nomem_current {
  const uint8_t *data;
  size_t size;
  enum nomem_run run;
  bool is_running;               /* the target is */
  const struct nomem_plan *plan; /* NULL: a clean run */
  /* In a clean run that is compared with those before a fault: the plan of the run with the fault, and its first failed
   * call; otherwise NULL. */
  const struct nomem_plan *after_plan;
  struct nomem_failed_call after_failed;
  const char *finding; /* one line, where the engine itself found something; or NULL */
  /* Between runs: the plan by which a run left memory behind, twice; or NULL. The input may be gone by the time that
   * the fuzzer calls it a leak, so its digest is computed before. */
  const struct nomem_plan *leak_plan;
  struct nomem_failed_call leak_failed;
  char leak_digest[41];
};

extern NOMEM_HIDDEN struct nomem_current nomem__current;

/* Of the whole campaign. */
struct nomem_totals {
  uint64_t inputs, fault_runs, findings;
  uint64_t rounds; /* of runs with a fault, whether there was a call to fail or not */
  uint64_t rounds_us;
  bool has_failed; /* a call */
};

extern NOMEM_HIDDEN struct nomem_totals nomem__totals;

/* entry_patch.c */

/* Makes each call of the function a jump to entry. Returns 0, or a negative error code when that cannot be done:
 * -ENOSPC, -ERANGE, or what mprotect says. */
NOMEM_HIDDEN int nomem__patch_begin(void *function, void (*entry)(void));
NOMEM_HIDDEN void nomem__patch_lift(void); /* until nomem__patch_set, the function can be called as it was */
NOMEM_HIDDEN void nomem__patch_set(void);
NOMEM_HIDDEN void nomem__patch_end(void); /* for good; all of these do nothing without nomem__patch_begin */

/* fuzz_entry.c */

NOMEM_HIDDEN uint64_t nomem__live_bytes(void); /* of the sanitizer's allocator; 0 where there is none */

/* The last run, by this plan, has reached a new edge. */
NOMEM_HIDDEN void nomem__credit_input(const struct nomem_plan *plan);

/* The last run, by this plan, has left memory behind. */
NOMEM_HIDDEN void nomem__note_leak(const struct nomem_plan *plan);

/* Called once the options are known, before the program's main, and again when they have changed: makes sure that calls
 * of the target come here. */
NOMEM_HIDDEN void nomem__entry_arm(void);

/* exit_note.c */

NOMEM_HIDDEN void nomem__exit_note_arm(void); /* for this process, and none that it forks */

/* outcome.c */

/* As many reported results are kept as are shown by their values. */
#define NOMEM_OUTCOMES_KEPT 16

/* What a run of the target returned, and what it reported by nomem_fuzz_result. */
struct nomem_outcome {
  int returned;
  uint32_t count; /* of the reported results */
  uint64_t hash;  /* of all of them */
  long value[NOMEM_OUTCOMES_KEPT];
};

NOMEM_HIDDEN void nomem__outcome_begin(void); /* before a run */
NOMEM_HIDDEN void nomem__outcome_end(int returned);
NOMEM_HIDDEN struct nomem_outcome nomem__outcome_last(void); /* of the last run */
NOMEM_HIDDEN bool nomem__outcome_equals(const struct nomem_outcome *a, const struct nomem_outcome *b);

/* repeatability.c. Does nothing unless options.compares. Between nomem__counters_begin and nomem__counters_end. */

/* Call it when the input has been run clean: runs it clean until two runs in a row are alike. For the first input of a
 * process it also makes sure, within the deadline, that they go on being alike. */
NOMEM_HIDDEN void nomem__repeatability_before(uint64_t deadline_ms);

/* Call it right after a run with a fault, by this plan, which must stay: runs the input clean once more, and looks into
 * it when that run is not as before. Does not return when it finds something. */
NOMEM_HIDDEN void nomem__repeatability_after(const struct nomem_plan *plan);

/* scout.c */

enum nomem_verdict {
  NOMEM_VERDICT_UNKNOWN,
  NOMEM_VERDICT_SURVIVED,
  NOMEM_VERDICT_CRASH,  /* or it ended the process in another way, or what follows is a finding */
  NOMEM_VERDICT_HARNESS /* so it did, and the harness's own code is to blame */
};

struct nomem_scouted {
  enum nomem_verdict verdict;
  bool has_failed;                 /* a call */
  bool may_leak;                   /* it leaves memory behind each time: the report will tell */
  struct nomem_failed_call failed; /* the first call that failed, where it did not survive; site NULL: not known */
};

/* So many plans are tried at once, at most. */
enum { NOMEM_SCOUTED_MAX = 32 };

/* Runs the current input by each of the plans in another process. found has room for count. is_new_input: it is not
 * the one of the call before. Where the campaign goes on after findings these runs are all that there are of the plans:
 * their edges are credited, and if compares, what the input does after each is compared with what it did before. */
NOMEM_HIDDEN void nomem__scout(const struct nomem_plan *plans, uint32_t count, bool is_new_input, bool compares,
                               struct nomem_scouted *found);

/* To be called when the process is about to be ended: a child of nomem__scout's ends here, in silence. */
NOMEM_HIDDEN void nomem__scout_died(void *cfa); /* cfa: the frame address of the caller */

NOMEM_HIDDEN bool nomem__scout_has_met_crash(void); /* in any child so far */

/* report_child.c */

/* Runs the current input by the plan in a child that dies and is reported as this process would; is_leak: or loses
 * memory. Whether it did. */
NOMEM_HIDDEN bool nomem__report_in_child(const struct nomem_plan *plan, bool is_leak);

NOMEM_HIDDEN void nomem__report_child_died(void); /* as nomem__scout_died, in such a child */

/* untraced_fork.c */

NOMEM_HIDDEN pid_t nomem__fork_untraced(void); /* as fork, and whoever traces this process does not trace the child */

/* report.c */

/* Says that the harness does not check this call, which is no finding. */
NOMEM_HIDDEN void nomem__report_harness(const struct nomem_failed_call *failed);

/* Makes sure that the report is made whichever way the process dies. Called once, after the fuzzer has set itself up.
 */
NOMEM_HIDDEN void nomem__report_arm(void);

NOMEM_HIDDEN void nomem__print_line(const char *line); /* after "nomem: " */

/* Writes the input as the fuzzer does, and reports the leak that nomem__note_leak was told of. */
NOMEM_HIDDEN void nomem__report_leak(void);

/* Ends the process as a crash of the target does: the clean runs after current.after_plan have shown something. finding
 * describes it in one line. */
NOMEM_HIDDEN _Noreturn void nomem__report_finding(const char *finding);

/* text_buffer.c */

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
