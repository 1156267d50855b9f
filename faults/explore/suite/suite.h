/* SPDX-License-Identifier: MIT */
/* A suite: a command that runs tests. It is recorded once, and each case that it starts is explored. */
#ifndef NOMEM_SUITE_H
#define NOMEM_SUITE_H

#include "case_process.h"
#include "recording.h"
#include "suite_cases.h"

struct nomem__in_place;

/* All zero but for the options: nothing is done yet. */
struct nomem__suite {
  const struct nomem__options *options;
  char *folder; /* where the command runs, absolute */
  char *store;  /* the path of the store that all cases have, absolute; NULL: there is none */
  char *inputs; /* the folder for copies of what cases read, absolute; NULL: none is needed */
  bool are_inputs_temporary;
  struct nomem__recording recording;
  struct nomem__suite_cases cases;
  struct nomem__case_result *results; /* of each case */
  uint64_t *explored_us;              /* how long each took */
  struct nomem__in_place *in_place;   /* owned; NULL: the runner did not run once more */
  int interrupted_by;                 /* 0, or the signal that ended it */
  uint64_t began_ns, ended_ns;        /* of the exploration */
};

/* Runs the runner and lists the cases. Returns 0, or a negative error code after one line on standard error. */
int nomem__suite_record(struct nomem__suite *suite);

/* Explores all cases that are not left out. Whatever ends it, what is known until then is in the results. Returns 0, or
 * a negative error code after one line on standard error. */
int nomem__suite_explore(struct nomem__suite *suite);

/* Has the store keep the report of the suite, its document. Returns 0, or a negative error code after one line on
 * standard error. */
int nomem__suite_keep_report(const struct nomem__suite *suite, const json_t *document);

void nomem__suite_free(struct nomem__suite *suite);

#endif
