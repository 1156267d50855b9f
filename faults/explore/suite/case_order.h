/* SPDX-License-Identifier: MIT */
/* In which order the sites of a suite's cases are explored. Pure.
 *
 * A case is one program of the suite. A common site (judge/common_site.h) is reached from several cases, and to fail it
 * in each of them mostly shows the same again; but what breaks after a failure depends on what the case goes on to do.
 * So each common site comes first in three cases that are unlike one another: at each step, the case that comes next
 * for a common site is the one that reaches the most common sites, each weighed by how few cases reach it, that those
 * chosen for it before do not. After that comes everything else. It is an order, not a cut: each site of each case is
 * in it exactly once.
 */
#ifndef NOMEM_CASE_ORDER_H
#define NOMEM_CASE_ORDER_H

#include <stddef.h>
#include <stdint.h>

/* The rounds in which each common site comes once. */
#define NOMEM_ORDER_UNLIKE_CASES 3
/* The round of everything else. */
#define NOMEM_ORDER_LAST_ROUND (NOMEM_ORDER_UNLIKE_CASES + 1)

struct nomem__order_site {
  uint64_t common; /* key of its common site; 0: it is the test's own, and comes in the last round */
  uint64_t calls;  /* occurrences; 0: it is left out, and is not in the order */
};

struct nomem__order_case {
  uint64_t cost; /* what one run takes, in any unit */
  const struct nomem__order_site *sites;
  size_t site_count;
};

/* A site of a case, both by number. */
struct nomem__order_step {
  uint32_t case_number, site;
  uint32_t round; /* from 1 to NOMEM_ORDER_LAST_ROUND */
};

/* Makes the order: by round, and in a round by case, the cheapest first, so that a budget buys the most and the runs of
 * a case follow one another. Of the sites that a case has for a common site, the first one stands for it. Of cases that
 * are as good, the cheaper one is chosen, and of these the one with the lower number. Returns the number of steps, and
 * the caller's array in *steps.
 *
 * For N sites in all, C common sites, and G groups of common sites for which the same cases were chosen (G <= C), it
 * takes time of the order of N log N + G * N, and memory of the order of N. */
size_t nomem__case_order_make(const struct nomem__order_case *cases, size_t case_count,
                              struct nomem__order_step **steps);

#endif
