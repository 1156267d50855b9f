/* Which points are explored, in which order. Pure. */
#ifndef NOMEM_SCHEDULE_H
#define NOMEM_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One run to make: the occurrence-th call of a site fails; every later call too when it is persistent. */
struct nomem__point {
  uint64_t occurrence; /* from 1 */
  uint32_t site;       /* index into what the schedule was made from */
  bool persistent;
};

/* How many points there are when every occurrence of every site is failed. counts: occurrences of each site. */
uint64_t nomem__schedule_everything(const uint64_t *counts, size_t site_count, bool transient, bool persistent);

/* Makes the list: the first occurrence of every site in the order given, then every second, every last, then those
 * whose number is a power of two, then, if all is set, the rest; a transient before a persistent fault at each. Returns
 * the number of points and the caller's array in *points, or -ENOMEM. */
int64_t nomem__schedule_make(const uint64_t *counts, size_t site_count, bool transient, bool persistent, bool all,
                             struct nomem__point **points);

#endif
