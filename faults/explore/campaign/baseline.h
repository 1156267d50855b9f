/* SPDX-License-Identifier: MIT */
/* Before the first fault: is there anything to explore here, and would the answer mean anything? */
#ifndef NOMEM_BASELINE_H
#define NOMEM_BASELINE_H

#include "campaign.h"

/* Runs the baseline twice and fills the campaign in: baseline, sites, points, timeout. Returns 0, or a negative error
 * code after one line on standard error that says what is wrong and the way out. */
int nomem__baseline_run(struct nomem__campaign *campaign);

/* The sites of a run in the order they first came. Returns how many, with the caller's array in *sites, which one
 * free() frees with all frames, or -ENOMEM. */
int64_t nomem__sites_of(const struct nomem_channel *channel, struct nomem__campaign_site **sites);

/* The paths of a run's modules, by number. Returns how many, with the caller's array in *modules, which one free()
 * frees, or -ENOMEM. */
int64_t nomem__modules_of(const struct nomem_channel *channel, char ***modules);

/* Digits that tell all of these keys apart, at least NOMEM_KEY_DIGITS. Sorts them. */
unsigned nomem__digits_of(uint64_t *keys, size_t count);

/* The same of the keys of these sites. */
unsigned nomem__key_digits(const struct nomem__campaign_site *sites, size_t count);

#endif
