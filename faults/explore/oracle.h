/* What a run's end means. Pure: evidence in, verdict out. docs/verdicts.md defines each for users. */
#ifndef NOMEM_ORACLE_H
#define NOMEM_ORACLE_H

#include <stdbool.h>

/* Verdict, its name, what it says in a report, and whether it is a finding. The worse ones come first. */
#define NOMEM_VERDICT_MAP(X)                                                     \
  X(CRASH, crash, "killed by a signal that a bug raises", true)                  \
  X(ABORT, abort, "aborted by the code under test", true)                        \
  X(HANG, hang, "still running when its time was up", true)                      \
  X(HANDLED, handled, "ended as the baseline did", false)                        \
  X(REFUSED, refused, "reported the failure and gave up", false)                 \
  X(UNREACHED, unreached, "the call to fail was never made", false)

enum nomem__verdict {
#define X(upper, lower, text, is_finding) NOMEM_VERDICT_##upper,
  NOMEM_VERDICT_MAP(X)
#undef X
  NOMEM_VERDICT_COUNT
};

struct nomem__verdict_text {
  const char *name;
  const char *meaning;
  bool is_finding;
};

extern const struct nomem__verdict_text nomem__verdicts[NOMEM_VERDICT_COUNT];

struct nomem__evidence {
  bool fault_reached;
  bool timed_out;
  int root_status, baseline_status;                 /* as from waitpid */
  unsigned fatal_deaths, baseline_fatal_deaths;     /* processes killed by a signal that a bug raises */
  int fatal_signal;                                 /* of the one that counts */
  bool raised_by_test; /* the abort came from the test program itself, the fault from a library under it */
};

enum nomem__verdict nomem__oracle_verdict(const struct nomem__evidence *evidence);

#endif
