/* SPDX-License-Identifier: MIT */
/* In which order the sites of a program are tried, so that an exploration that ends early has seen the most: first
 * those whose line of code under test is new, then those that reach a known line on a new way through the code under
 * test, and then those that differ in the test's own lines only, as the rows of a table of tests do. What the system's
 * libraries allocate in a program that is not the system's comes last: their start-up alone may have a thousand sites.
 */
#ifndef NOMEM_SITE_ORDER_H
#define NOMEM_SITE_ORDER_H

#include "site_list.h"

/* What the order depends on. */
struct nomem__site_rank {
  uint64_t line; /* the innermost frame of code under test */
  uint64_t way;  /* all frames from the allocation up to the first of test code */
  bool is_system;
};

/* The numbers of all sites in the order in which they are tried; what is alike stays in the order given. Pure. Returns
 * the caller's array of count. */
uint32_t *nomem__site_order_make(const struct nomem__site_rank *ranks, size_t count);

/* The same of these sites. */
uint32_t *nomem__site_order_of(const struct nomem__campaign_site *sites, size_t count, char *const *modules,
                               size_t module_count, const struct nomem__code_owners *code_owners);

#endif
