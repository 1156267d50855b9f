/* SPDX-License-Identifier: MIT */
/* The sites and modules that runs have met, as long as none of them could have spoiled its channel: what later runs
 * begin with, so that the numbers are the same in all. */
#ifndef NOMEM_SITE_TABLES_H
#define NOMEM_SITE_TABLES_H

#include <stdbool.h>

#include "../../channel.h"

struct nomem__site_tables {
  struct nomem_site *sites;
  struct nomem_module *modules;
  uint32_t site_count, module_count;
};

/* The caller's copy of a channel's, which one free() frees; NULL: out of memory. */
struct nomem__site_tables *nomem__site_tables_copy(const struct nomem_channel *channel);

/* Enters them into a channel whose tables are empty, under the numbers they have. */
void nomem__site_tables_enter(const struct nomem__site_tables *known, struct nomem_channel *channel);

/* Whether the channel's have the same sites and modules, under the same numbers. */
bool nomem__site_tables_are(const struct nomem__site_tables *known, const struct nomem_channel *channel);

/* Zeroes what a run counts; sites and modules stay, with the pages they lie on. */
void nomem__site_tables_zero(struct nomem_channel *channel);

/* The channel's site with this key, or NULL. */
struct nomem_site *nomem__site_tables_find(struct nomem_channel *channel, uint64_t key);

/* Empties what a run reports, for the next one. */
void nomem__site_tables_clear_report(struct nomem_channel *channel);

#endif
