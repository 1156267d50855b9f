/* The exploration of one command: preflight, every point of the schedule, confirmation, report. */
#ifndef NOMEM_CAMPAIGN_H
#define NOMEM_CAMPAIGN_H

#include "finding.h"
#include "progress.h"
#include "session.h"

/* Names a point in the plan language, with enough digits of the key to tell it from every other site of the run. */
#define NOMEM_KEY_DIGITS 8

/* A site of the baseline. */
struct nomem__campaign_site {
  uint64_t key, count, first_nth;
  const nomem_frame *frames; /* depth of them, innermost first; their modules are numbers in the campaign's list */
  unsigned depth;
  bool before_main;
  uint64_t tried;            /* runs that were to fail a call of it */
  enum nomem__verdict worst; /* of these runs */
};

struct nomem__campaign {
  struct nomem__session *session;
  struct nomem__worker *workers[NOMEM_JOBS_MAX];
  unsigned worker_count, running;
  unsigned key_digits;

  int baseline_status;
  unsigned baseline_fatal_deaths;
  uint64_t baseline_us; /* the longer of the two */
  uint64_t allocations, sites_lost;
  char image[NOMEM_PATH_BYTES]; /* the first program that was injected */
  struct nomem__campaign_site *sites; /* one block of memory, their frames included */
  char **modules;                     /* paths, one block too: number n is modules[n - 1] */
  size_t module_count;
  size_t site_count, unstable_sites; /* came in only one of the two baselines */

  bool is_everything; /* no occurrence is left out */
  struct nomem__point *points;
  size_t point_count, next_point, confirmed;
  uint64_t verdicts[NOMEM_VERDICT_COUNT]; /* runs of each */
  struct nomem__findings findings;
  struct nomem__progress progress;
  uint64_t timeout_ms, started_ns, ended_ns;
  bool failed; /* could not go on, and said so */
};

/* nomem explore. Returns the exit status. */
int nomem__explore(const struct nomem__options *options);

#endif
