/* SPDX-License-Identifier: MIT */
/* Second faults. A site that a program comes to only when a call of another one has failed (a message about the error
 * is made, a smaller buffer is tried) is in no baseline: that path is tried by failing both. */
#ifndef NOMEM_SECOND_FAULTS_H
#define NOMEM_SECOND_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../channel.h"

struct nomem__campaign;
struct nomem__campaign_site;

/* Pairs that are scheduled at most, unless every call is asked for. */
#define NOMEM__SECONDS_MAX 4096

/* When the first call of a site failed, the program came to the site with this key. */
struct nomem__second_fault {
  uint64_t key;
  uint64_t near; /* the same for sites whose innermost frames are */
  uint32_t site; /* number in the campaign's list */
  bool has_run;  /* the store has a run of the pair */
};

/* All zero is none. */
struct nomem__second_faults {
  struct nomem__second_fault *list; /* in the order they were noted; the same one may stand there again */
  size_t count, room;
  uint64_t *known; /* keys of the sites of all runs without a fault, sorted */
  size_t known_count;
  uint64_t *seconds; /* keys: number n of a point is seconds[n - 1] */
  size_t second_count;
  size_t left_out;    /* that were not scheduled, because they are too many */
  uint64_t not_noted; /* that were too many for one run to note; the same site may be among them again and again */
  bool is_scheduled;
  unsigned digits; /* of a second key that tell it from all others */
};

/* Enters the sites of a run without a fault. Returns 0 or -ENOMEM. */
int nomem__second_faults_know(struct nomem__second_faults *second_faults, const struct nomem__campaign_site *sites,
                              size_t count);

/* Notes where a run of the first call of a site has come, but for what test code calls itself. Returns 0 or -ENOMEM. */
int nomem__second_faults_note(struct nomem__campaign *campaign, uint32_t site, const struct nomem_channel *channel);

/* Enters a pair that is known from before. Returns 0 or -ENOMEM. */
int nomem__second_faults_add(struct nomem__second_faults *second_faults, const struct nomem__second_fault *recovery);

/* Appends to the campaign's points, once, each site that was noted, after the first site in the schedule whose run came
 * to it; of those that are near one another only one, where all would take long, or longer by half than what there is.
 * Where the store has runs of other pairs, these too. Returns 0 or -ENOMEM. */
int nomem__second_faults_schedule(struct nomem__campaign *campaign);

void nomem__second_faults_free(struct nomem__second_faults *second_faults);

#endif
