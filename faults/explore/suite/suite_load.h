/* SPDX-License-Identifier: MIT */
/* How many cases are explored at a time, and how many runs of each: so many as keep the processors busy. A test that
 * waits for timers and sockets leaves them to others. Pure. */
#ifndef NOMEM_SUITE_LOAD_H
#define NOMEM_SUITE_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "recording.h"

/* So many cases at a time at the most, however little they work. */
#define NOMEM_CASES_AT_A_TIME 16

struct nomem__suite_load {
  unsigned processors;
  unsigned wanted_jobs; /* --jobs; 0: not given */
};

/* Which share of a processor a run of the case uses, in hundredths, from 5 to 100. */
unsigned nomem__suite_load_of(const struct nomem__recorded_image *image);

/* Whether one more case may begin beside so many that have this load together. */
bool nomem__suite_load_has_room(const struct nomem__suite_load *load, unsigned running, unsigned running_load);

/* How many runs at a time the case is to have, when so many cases, itself included, have not ended yet. */
unsigned nomem__suite_load_jobs(const struct nomem__suite_load *load, unsigned case_load, unsigned remaining);

#endif
