/* SPDX-License-Identifier: MIT */
#include "schedule.h"

#include <errno.h>
#include <stdlib.h>

#include "../text/grow.h"
#include "../text/hash.h"

/* The classes of occurrences were found by trial: the first alone missed most planted bugs, all of these together
 * missed none. */
enum occurrence_class { FIRST, SECOND, LAST, POWER_OF_TWO, REST, CLASSES };

static enum occurrence_class occurrence_class_of(uint64_t occurrence, uint64_t count) {
  if (occurrence == 1) return FIRST;
  if (occurrence == 2) return SECOND;
  if (occurrence == count) return LAST;
  return (occurrence & (occurrence - 1)) == 0 ? POWER_OF_TWO : REST;
}

/* The next occurrence after this one that is of the class, or 0. All classes but the rest are small, so that the search
 * is never long. */
static uint64_t next_of_class(enum occurrence_class occurrence_class, uint64_t after, uint64_t count) {
  uint64_t candidate = after + 1;
  switch (occurrence_class) {
    case FIRST:
      candidate = after == 0 ? 1 : 0;
      break;
    case SECOND:
      candidate = after == 0 ? 2 : 0;
      break;
    case LAST:
      candidate = after == 0 ? count : 0;
      break;
    case POWER_OF_TWO:
      candidate = after == 0 ? 4 : after * 2;
      break;
    case REST:
    case CLASSES:
      break;
  }
  while (candidate != 0 && candidate <= count && occurrence_class_of(candidate, count) != occurrence_class) {
    if (occurrence_class != REST && occurrence_class != POWER_OF_TWO) return 0;
    candidate = occurrence_class == REST ? candidate + 1 : candidate * 2;
  }
  return candidate <= count ? candidate : 0;
}

uint64_t nomem__schedule_everything(const struct nomem__schedule *schedule) {
  uint64_t points = 0;
  for (size_t i = 0; i < schedule->site_count; i++) points += schedule->counts[i];
  return (schedule->transient ? points : 0) + (schedule->persistent ? points : 0);
}

bool nomem__schedule_is_complete(const struct nomem__schedule *schedule) {
  return schedule->all || nomem__schedule_everything(schedule) <= NOMEM__QUICK_RUNS;
}

struct list {
  struct nomem__point *points;
  size_t count, room, max; /* no more than max are kept */
};

static void add(struct list *list, uint32_t site, uint64_t occurrence, bool persistent) {
  if (list->count == list->max) return;
  list->points = nomem__grow(list->points, list->count, &list->room, sizeof *list->points);
  list->points[list->count++] = (struct nomem__point){.occurrence = occurrence, .site = site, .persistent = persistent};
}

size_t nomem__schedule_make(const struct nomem__schedule *schedule, struct nomem__point **points, uint64_t *calls) {
  struct list list = {.max = schedule->max_points != 0 ? schedule->max_points : SIZE_MAX};
  uint64_t met = 0;
  *calls = 0;
  if (!schedule->transient && !schedule->persistent) return 0;
  for (unsigned occurrence_class = FIRST; occurrence_class < (schedule->all ? CLASSES : REST); occurrence_class++)
    for (uint32_t i = 0; i < schedule->site_count; i++) {
      uint32_t site = schedule->order != NULL ? schedule->order[i] : i;
      for (uint64_t at = 0;
           (at = next_of_class((enum occurrence_class)occurrence_class, at, schedule->counts[site])) != 0; met++) {
        if (occurrence_class == REST && list.count == list.max) break; /* there may be billions of them */
        if (schedule->transient) add(&list, site, at, false);
        if (schedule->persistent) add(&list, site, at, true);
      }
    }
  for (size_t site = 0; site < schedule->site_count; site++) *calls += schedule->counts[site];
  if (!schedule->all) *calls = met;
  *points = list.points;
  return list.count;
}

/* A site's key is a hash, but the occurrences follow one another, and every shard is to have some of each site. */
bool nomem__is_in_shard(uint64_t key, const struct nomem__point *point, uint64_t shard, uint64_t shards) {
  uint64_t hash = nomem__hash_number(NOMEM__HASH_START, key);
  hash = nomem__hash_number(hash, point->occurrence);
  hash = nomem__hash_number(hash, point->persistent);
  hash = (hash ^ hash >> 32) * UINT64_C(0x9e3779b97f4a7c15);
  return (hash >> 32) % shards == shard - 1;
}
