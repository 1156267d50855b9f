/* SPDX-License-Identifier: MIT */
/* Which sites are explored, by the regular expression of --sites. */
#ifndef NOMEM_SITE_FILTER_H
#define NOMEM_SITE_FILTER_H

#include "../stack/symbols.h"
#include "site_list.h"

/* Whether the pattern is a POSIX extended regular expression. If not, one line on standard error says why. */
bool nomem__site_filter_check(const char *pattern);

/* Marks as left out the sites in whose stack nothing matches: no function, no module's base name and no "file:line".
 * Returns how many are not left out; 0 or -EINVAL after one line on standard error that says what to do. */
int64_t nomem__site_filter_apply(const char *pattern, struct nomem__symbols *symbols,
                                 struct nomem__campaign_site *sites, size_t site_count, char **modules,
                                 size_t module_count);

#endif
