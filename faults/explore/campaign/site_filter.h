/* SPDX-License-Identifier: MIT */
/* Which sites a user means by a regular expression (--sites). */
#ifndef NOMEM_SITE_FILTER_H
#define NOMEM_SITE_FILTER_H

#include "../stack/symbols.h"
#include "site_list.h"

/* Whether it is a POSIX extended regular expression; if not, says why in one line on standard error. */
bool nomem__site_filter_check(const char *pattern);

/* Marks as left out the sites in whose stack nothing matches: no function, no module's base name, no "file:line".
 * Returns how many are left in, or -ENOMEM; 0 or -EINVAL after one line on standard error that names the way out. */
int64_t nomem__site_filter_apply(const char *pattern, struct nomem__symbols *symbols,
                                 struct nomem__campaign_site *sites, size_t site_count, char **modules,
                                 size_t module_count);

#endif
