/* SPDX-License-Identifier: MIT */
#include "suite_load.h"

#include "../run/job_count.h"

/* In percent: with more than the one there is room, and with less than the other too little. */
#define IDLE_MUCH 5
#define IDLE_LITTLE 2

void nomem__suite_load_adapt(struct nomem__suite_load *load, int idle) {
  if (idle >= IDLE_MUCH && load->processors + load->extra < NOMEM_CASES_AT_A_TIME) load->extra++;
  if (idle >= 0 && idle < IDLE_LITTLE && load->extra > 0) load->extra--;
}

bool nomem__suite_load_has_room(const struct nomem__suite_load *load, unsigned running, unsigned running_load) {
  if (running == 0) return true;
  if (running >= NOMEM_CASES_AT_A_TIME) return false;
  if (load->wanted_jobs != 0) return running < load->wanted_jobs;
  return running < load->processors + load->extra || running_load < load->processors * NOMEM_LOAD_WHOLE;
}

unsigned nomem__suite_load_share(const struct nomem__suite_load *load, unsigned remaining) {
  unsigned all = load->wanted_jobs != 0 ? load->wanted_jobs : load->processors;
  unsigned at_a_time = all < NOMEM_CASES_AT_A_TIME ? all : NOMEM_CASES_AT_A_TIME;
  unsigned beside = remaining < at_a_time ? remaining : at_a_time;
  return beside == 0 ? all : (all + beside - 1) / beside;
}
