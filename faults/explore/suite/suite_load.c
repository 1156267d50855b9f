/* SPDX-License-Identifier: MIT */
#include "suite_load.h"

#include "../options/options.h"

#define WHOLE 100
#define LEAST 5
/* What takes no longer is mostly the start of a program, whose share of the processor cannot be told by ticks. */
#define SHORT_US 20000
/* Runs that wait are made so many at a time by one case at the most. */
#define WAITING_JOBS_MAX 8

unsigned nomem__suite_load_of(const struct nomem__recorded_image *image) {
  if (image->wall_us < SHORT_US) return WHOLE;
  uint64_t share = image->processor_us * WHOLE / image->wall_us;
  return share < LEAST ? LEAST : share > WHOLE ? WHOLE : (unsigned)share;
}

bool nomem__suite_load_has_room(const struct nomem__suite_load *load, unsigned running, unsigned running_load) {
  if (running == 0) return true;
  if (load->wanted_jobs != 0) return running < load->wanted_jobs && running < NOMEM_CASES_AT_A_TIME;
  return running < NOMEM_CASES_AT_A_TIME && running_load < load->processors * WHOLE;
}

unsigned nomem__suite_load_jobs(const struct nomem__suite_load *load, unsigned case_load, unsigned remaining) {
  unsigned all = load->wanted_jobs != 0 ? load->wanted_jobs : load->processors;
  unsigned at_a_time = all < NOMEM_CASES_AT_A_TIME ? all : NOMEM_CASES_AT_A_TIME;
  unsigned beside = remaining < at_a_time ? remaining : at_a_time;
  unsigned share = beside == 0 ? all : (all + beside - 1) / beside;
  if (load->wanted_jobs != 0) return share;
  unsigned waiting = 2 * WHOLE / case_load; /* two, so that the baselines run side by side */
  if (waiting > WAITING_JOBS_MAX) waiting = WAITING_JOBS_MAX;
  return share > waiting ? share : waiting;
}
