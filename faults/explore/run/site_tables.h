/* SPDX-License-Identifier: MIT */
/* The sites and modules that runs have reached, none of which could have overwritten its channel. Later runs begin with
 * them, so that their numbers are the same in all runs. */
#ifndef NOMEM_SITE_TABLES_H
#define NOMEM_SITE_TABLES_H

#include <stdbool.h>

#include "../../channel.h"

/* The hexadecimal digits of a key. */
#define NOMEM__ALL_DIGITS 16

struct nomem__site_tables {
  struct nomem_site *sites;
  struct nomem_module *modules;
  uint32_t site_count, module_count;
};

/* Copies the tables of a channel for the caller, who frees all of it with one free(). NULL: out of memory. */
struct nomem__site_tables *nomem__site_tables_copy(const struct nomem_channel *channel);

/* Enters them into a channel whose tables are empty, with the numbers that they have. */
void nomem__site_tables_enter(const struct nomem__site_tables *tables, struct nomem_channel *channel);

/* Whether the tables of the channel have the same sites and modules, with the same numbers. */
bool nomem__site_tables_are_in(const struct nomem__site_tables *tables, const struct nomem_channel *channel);

/* Whether the tables of the channel begin with all of that, as nomem__site_tables_enter wrote it. */
bool nomem__site_tables_are_whole(const struct nomem__site_tables *tables, const struct nomem_channel *channel);

/* Zeroes what a run has counted. Sites and modules stay, with the pages they lie on. */
void nomem__site_tables_zero(struct nomem_channel *channel);

/* The site whose key begins with so many hexadecimal digits of this one. NULL: there is none, or there are no tables.
 */
const struct nomem_site *nomem__site_tables_find(const struct nomem__site_tables *tables, uint64_t key,
                                                 unsigned digits);

/* Which allocation of the run was the last that failed, as far as they are noted; 0: none. */
uint64_t nomem__site_tables_last_fault(const struct nomem_channel *channel);

/* Of the calls that failed, forgets those that came after this allocation. */
void nomem__site_tables_forget_faults(struct nomem_channel *channel, uint64_t last_nth);

/* Clears what a run has reported, for the next one. */
void nomem__site_tables_clear_report(struct nomem_channel *channel);

#endif
