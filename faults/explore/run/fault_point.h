/* SPDX-License-Identifier: MIT */
/* Which call of which site fails in a run. */
#ifndef NOMEM_FAULT_POINT_H
#define NOMEM_FAULT_POINT_H

#include <stdbool.h>
#include <stdint.h>

/* Longest plan that names one point. */
#define NOMEM_POINT_PLAN_BYTES 96

/* A planned run: the occurrence-th call of a site fails, and when the fault is persistent every later call, too.
 * There may be millions of points. */
struct nomem__point {
  uint64_t occurrence; /* from 1 */
  uint32_t site;       /* index into the list of sites that were scheduled; NOMEM__NO_SITE: none of them, where the run
                          was not scheduled: see campaign/hostile_runs.h */
  bool persistent : 1;
  uint32_t second : 31; /* not 0: the first call of another site fails, too: see campaign/second_faults.h */
};
_Static_assert(sizeof(struct nomem__point) == 16, "small");
#define NOMEM__SECOND_MASK (UINT32_MAX >> 1)
#define NOMEM__NO_SITE UINT32_MAX

#endif
