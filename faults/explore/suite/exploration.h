/* SPDX-License-Identifier: MIT */
/* The exploration of one program, step by step: each step is a module of campaign/. They are taken in this order, by
 * 'nomem explore' and for each case of a suite. */
#ifndef NOMEM_EXPLORATION_H
#define NOMEM_EXPLORATION_H

#include <stdbool.h>

#include "../campaign/campaign.h"
#include "../campaign/exclusions.h"

/* Runs the program without a fault, opens the workers, and decides which points are tried. Returns 0, or a negative
 * error code after one line on standard error. */
int nomem__exploration_prepare(struct nomem__campaign *campaign);

/* Makes all runs with a fault. Returns 0, or a negative error code after one line on standard error: what was found
 * until then is in the campaign all the same. */
int nomem__exploration_make_runs(struct nomem__campaign *campaign);

/* The same in steps, for a program that takes turns with others: begin, then as often as wanted to fail the calls of
 * some sites, by number, and to pause, which closes the workers (the first step makes the runs of --hostile); at last,
 * finish, which fails second calls and confirms what was found. */
void nomem__exploration_begin(struct nomem__campaign *campaign);
void nomem__exploration_try_sites(struct nomem__campaign *campaign, const uint32_t *sites, size_t count);
void nomem__exploration_pause(struct nomem__campaign *campaign);
int nomem__exploration_finish(struct nomem__campaign *campaign);

/* Names the findings, excludes those that do not count, and keeps all of them in the store: the rules may change.
 * Returns as nomem__exploration_make_runs. */
int nomem__exploration_conclude(struct nomem__campaign *campaign, struct nomem__exclusions *rules);

/* Whether no findings would be no news, because nothing was exercised; one line on standard error says why. */
bool nomem__exploration_was_in_vain(const struct nomem__campaign *campaign);

#endif
