/* SPDX-License-Identifier: MIT */
/* Which points are explored, and in which order. Pure. */
#ifndef NOMEM_SCHEDULE_H
#define NOMEM_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../run/fault_point.h"

/* What a schedule is made from. */
struct nomem__schedule {
  const uint64_t *counts; /* occurrences of each site; 0 for one that is left out */
  const uint32_t *order;  /* the numbers of the sites as they are tried; NULL: as they are */
  size_t site_count;
  bool transient, persistent; /* kinds of faults */
  bool all;                   /* every occurrence */
  uint64_t max_points;        /* 0: no limit */
};

/* So many runs are few enough that none need be left out. A number of runs, not a time: what is tried, and so what is
 * found, must not depend on how busy the machine is. */
#define NOMEM__QUICK_RUNS UINT64_C(2000)

/* Whether every occurrence is to be tried: all is set already, or there are few enough. */
bool nomem__schedule_is_complete(const struct nomem__schedule *schedule);

/* How many points there are when every occurrence of every site is failed. */
uint64_t nomem__schedule_everything(const struct nomem__schedule *schedule);

/* Makes the list of points: the first occurrence of every site, in order, then every second one, every last
 * one, then those whose number is a power of two, then, if all is set, the rest. At each there is a transient fault
 * before a persistent one. The list ends after max_points. Returns the number of points, the caller's array in *points,
 * and in *calls how many different occurrences there would be without that limit. */
size_t nomem__schedule_make(const struct nomem__schedule *schedule, struct nomem__point **points, uint64_t *calls);

/* Whether a point of the site with this key belongs to shard number shard (from 1) of so many. */
bool nomem__is_in_shard(uint64_t key, const struct nomem__point *point, uint64_t shard, uint64_t shards);

#endif
