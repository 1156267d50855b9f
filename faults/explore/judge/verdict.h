/* SPDX-License-Identifier: MIT */
/* What a run's end means. Pure: evidence in, verdict out. docs/verdicts.md defines each for users. */
#ifndef NOMEM_VERDICT_H
#define NOMEM_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

/* A finding is a bug that somebody will want to fix. An advisory is often no bug: it is listed apart, and counts only
 * with --strict. */
enum nomem__weight { NOMEM_WEIGHT_NONE, NOMEM_WEIGHT_ADVISORY, NOMEM_WEIGHT_FINDING };

/* Verdict, its name, what it says in a report, and its weight, from the worst to the best. */
#define NOMEM_VERDICT_MAP(X)                                                        \
  X(CORRUPTION, corruption, "the heap or the stack was corrupted", FINDING)         \
  X(SANITIZER, sanitizer, "a sanitizer reported an error", FINDING)                 \
  X(CRASH, crash, "got a fatal signal", FINDING)                                    \
  X(ABORT, abort, "aborted by the code under test", FINDING)                        \
  X(HANG, hang, "still running when its time was up", FINDING)                      \
  X(FLOOD, flood, "writes more than 64 MiB", FINDING)                               \
  X(INTERNAL, internal, "its interpreter reports an internal error", FINDING)       \
  X(WRONG, wrong, "the test says that a result is wrong", FINDING)                  \
  X(SILENT, silent, "gave a wrong result and reported no error", FINDING)           \
  X(LEAK, leak, "lost memory that the baseline frees", FINDING)                     \
  X(MUTE, mute, "ended with success and wrote nothing", FINDING)                    \
  X(HOSTILE, hostile, "broke under a lawful, hostile allocator", FINDING)           \
  X(LEFTOVER, leftover, "left more behind than the baseline", ADVISORY)             \
  X(SWALLOWED, swallowed, "ended as the baseline, with other output", ADVISORY)     \
  X(MISREPORTED, misreported, "reported the failure as something else", ADVISORY)   \
  X(UNTOLD, untold, "the test failed, and perhaps no error was reported", ADVISORY) \
  X(VARIED, varied, "differed under a hostile allocator", ADVISORY)                 \
  X(REPORTED, reported, "reported the failure and gave up", NONE)                   \
  X(HANDLED, handled, "ended as the baseline did", NONE)                            \
  X(UNREACHED, unreached, "the call to fail was never made", NONE)

enum nomem__verdict {
#define X(upper, lower, text, weight) NOMEM_VERDICT_##upper,
  NOMEM_VERDICT_MAP(X)
#undef X
      NOMEM_VERDICT_COUNT
};

struct nomem__verdict_text {
  const char *name;
  const char *meaning;
  enum nomem__weight weight;
};

extern const struct nomem__verdict_text nomem__verdicts[NOMEM_VERDICT_COUNT];

/* Whether runs with this verdict are grouped and shown, and whether what they show makes the command fail. */
bool nomem__verdict_is_shown(enum nomem__verdict verdict);
bool nomem__verdict_counts(enum nomem__verdict verdict, bool strict);

/* Whether a verdict of that name is about a run in which no call failed. */
bool nomem__verdict_is_of_hostile(const char *name);

/* Whether it is about what test code was given, or told: where the run then ended says nothing. */
bool nomem__verdict_is_of_result(enum nomem__verdict verdict);

struct nomem__evidence {
  bool fault_reached;
  bool timed_out;
  bool is_flooded;                  /* it wrote more than is read of a run: nobody knows what would have come of it */
  int root_status, baseline_status; /* as from waitpid */
  unsigned fatal_deaths, baseline_fatal_deaths; /* processes killed by a signal that a bug raises */
  bool was_caught;                              /* a process caught such a signal, where the baseline does not */
  int fatal_signal;                             /* of the death that is judged */
  bool is_corrupt;                              /* before an abort, the C library reported a corrupted heap or stack */
  bool was_misused;                             /* the block table shows an error that corrupts a heap */
  bool has_leaked;         /* blocks that nothing points to were in use at the end, and more than in the baseline */
  bool has_leftover;       /* it left a file, descriptor, thread or child that the baseline does not */
  bool has_left_file;      /* the leftover is a file, which stays when the kernel has released all else */
  bool has_internal_error; /* its interpreter says that a module has broken the rules of its interface */
  bool is_mute;            /* it wrote nothing, where the baseline writes something, and did not mention a failure */
  bool says_success;       /* it gives "Success" as the reason of a failure: what errno was is lost */
  bool has_swallowed;      /* its output is not the baseline's, and it did not mention a failure */
  bool is_wrong;           /* the test says, by its exit status or by nomem_wrong, that a result is wrong */
  bool is_skipped;         /* the root's exit status is one by which a test says that it was skipped */
  bool has_report;         /* a sanitizer reported an error that the baseline does not have */
  bool is_leak;            /* the report is of leaked memory: it counts only if the program ended as the baseline did */
  bool is_leak_of_test;    /* and was the test's own, which failed and ended early */
  bool raised_by_test; /* the abort came from the test program itself, and the failed call from a library under it */
};

/* Whether a line of what a run wrote last is the C library's complaint about a corrupted heap or stack. */
bool nomem__is_corruption_text(const char *output);

enum nomem__verdict nomem__judge(const struct nomem__evidence *evidence);

/* What a run came to in which no call was failed, but calls were served in hostile ways. */
struct nomem__hostile_evidence {
  enum nomem__verdict verdict; /* that it would have if a call had been failed */
  bool has_other_output;       /* it wrote something else than the baseline, in any way */
  uint32_t ways;               /* bits of enum nomem_hostile */
};

/* Returns HOSTILE, VARIED, HANDLED or UNREACHED. What a program writes may depend on where its blocks lie, and no bug
 * be in that: where a way changes that, other output is an advisory. */
enum nomem__verdict nomem__judge_hostile(const struct nomem__hostile_evidence *evidence);

#endif
