/* SPDX-License-Identifier: MIT */
/* Second faults. A site that a program comes to only when a call of another site has failed (a message about the error
 * is made, a smaller buffer is tried) is in no baseline: that path is tried by failing both calls. Which sites are
 * tried is decided here, from what the runs noted; no campaign is needed for it. */
#ifndef NOMEM_SECOND_FAULTS_H
#define NOMEM_SECOND_FAULTS_H

#include "../judge/code_owner.h"
#include "site_list.h"

/* When the first call of a site failed, the program came to the site with this key. */
struct nomem__second_fault {
  uint64_t key;
  uint64_t similar; /* the same for all sites whose innermost frames are the same */
  uint32_t site;    /* number in the campaign's list of the site whose call failed first */
  bool has_run;     /* the store has a run in which both failed */
};

/* All zero is none. */
struct nomem__second_faults {
  struct nomem__second_fault *list; /* in the order they were noted; the same one may be there again */
  size_t count, room;
  uint64_t *known; /* keys of the sites of all runs without a fault, sorted */
  size_t known_count;
  uint64_t *seconds; /* keys: number n of a point is seconds[n - 1] */
  size_t second_count;
  size_t left_out;    /* too many to be scheduled */
  uint64_t not_noted; /* too many for one run to note; the same site may be counted again and again */
  bool is_scheduled;
  unsigned digits; /* of a second key that tell it from all others */
};

/* Enters the sites of a run without a fault. */
void nomem__second_faults_know(struct nomem__second_faults *second_faults, const struct nomem__campaign_site *sites,
                               size_t count);

/* Notes which unknown sites a run came to in which the first call of a site failed, except the calls that test code
 * makes itself. */
void nomem__second_faults_note(struct nomem__second_faults *second_faults, const struct nomem__code_owners *code_owners,
                               uint32_t site, const struct nomem_channel *channel);

/* Enters one that is known from before. */
void nomem__second_faults_add(struct nomem__second_faults *second_faults, const struct nomem__second_fault *fault);

/* What decides which of them are scheduled. */
struct nomem__second_choice {
  const bool *was_tried; /* of each site: its first call, alone, has failed in this campaign */
  size_t point_count;    /* of first faults */
  uint64_t quick_runs;   /* so many runs take little time */
  uint64_t max_points;   /* of all points together; 0: no limit */
  bool all;
};

/* Chooses, for each key that was noted, the first site in the schedule whose run came to it. Where all of these would
 * take long, and are more than half as many as the first faults, only one of those that are similar is chosen, and in
 * addition whatever has a run already. Returns how many, their keys in seconds, and an array of them, in order, in
 * *chosen, which the caller frees. */
size_t nomem__second_faults_choose(struct nomem__second_faults *second_faults,
                                   const struct nomem__second_choice *choice, struct nomem__second_fault **chosen);

void nomem__second_faults_free(struct nomem__second_faults *second_faults);

#endif
