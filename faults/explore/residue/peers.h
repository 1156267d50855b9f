/* SPDX-License-Identifier: MIT */
/* Which processes of the baselines a child process is compared with, and what it leaves behind that they do not. Pure.
 */
#ifndef NOMEM_PEERS_H
#define NOMEM_PEERS_H

#include "child_residue.h"

#define NOMEM__PEERS_MAX (2 * NOMEM_CHILD_REPORTS)

/* The same process of each of the runs. Where a parent had several children at once, their order may be chance: then
 * all of its children that ended as the same program. */
struct nomem__peers {
  const struct nomem__process_residue *list[NOMEM__PEERS_MAX];
  unsigned count;
};

/* False: nothing can be said, because one of the runs has no such process, or it ended there with another status or was
 * killed. any_status: the status does not matter. */
bool nomem__peers_find(const struct nomem__child_residue *runs, unsigned run_count,
                       const struct nomem__process_residue *here, bool any_status, struct nomem__peers *peers);

/* Whether the process had more descriptors, threads or children than any of its peers, as far as they were counted. */
bool nomem__peers_are_exceeded(const struct nomem__peers *peers, const struct nomem__process_residue *here);

/* Says which descriptors, threads or children the process leaves that none of its peers does. False: none. */
bool nomem__peers_describe_excess(const struct nomem__peers *peers, const struct nomem__process_residue *here,
                                  char *what, size_t what_bytes);

/* Whether a peer had a block that was written past its end, or after it was freed. */
bool nomem__peers_have_misuse(const struct nomem__peers *peers);

/* As nomem__heap_residue_find_new_leak. False also when one of them has no block table. */
bool nomem__peers_find_new_leak(const struct nomem__peers *peers, const struct nomem__process_residue *here,
                                const struct nomem__leak_filter *filter, struct nomem__leak_site *leak);

#endif
