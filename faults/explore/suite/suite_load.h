/* SPDX-License-Identifier: MIT */
/* How many cases are explored at a time: so many as keep the processors busy. Pure. */
#ifndef NOMEM_SUITE_LOAD_H
#define NOMEM_SUITE_LOAD_H

#include <stdbool.h>

/* So many cases at a time at the most, however little they work. */
#define NOMEM_CASES_AT_A_TIME 16

struct nomem__suite_load {
  unsigned processors;
  unsigned wanted_jobs; /* --jobs; 0: not given */
  unsigned extra;       /* so many cases more than processors, because these stood idle */
};

/* Takes into account how much of the processors stood idle of late, in percent. Negative: that is not known. */
void nomem__suite_load_adapt(struct nomem__suite_load *load, int idle);

/* Whether one more case may begin beside so many that have this load together, in hundredths of a processor. */
bool nomem__suite_load_has_room(const struct nomem__suite_load *load, unsigned running, unsigned running_load);

/* How many processors the case has to itself, or how many runs at a time where --jobs is given, when so many cases,
 * itself included, have not ended yet. */
unsigned nomem__suite_load_share(const struct nomem__suite_load *load, unsigned remaining);

#endif
