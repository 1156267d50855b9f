/* SPDX-License-Identifier: MIT */
#include "peers.h"

#include <string.h>

/* Whether it is the same process, and ended in the same way. */
static bool is_same(const struct nomem__process *here, const struct nomem__process *there, bool any_status) {
  return there->id == here->id && strcmp(there->name, here->name) == 0 && there->has_exited &&
         (any_status || there->status == here->status);
}

/* Whether it may be the same process: of children that ran at the same time, any may be. */
static bool may_be_same(const struct nomem__process *here, const struct nomem__process *there) {
  if (strcmp(there->name, here->name) != 0) return false;
  bool is_chance = here->is_order_uncertain || there->is_order_uncertain;
  return there->id == here->id || (is_chance && there->parent_id == here->parent_id);
}

bool nomem__peers_find(const struct nomem__child_residue *runs, unsigned run_count,
                       const struct nomem__process_residue *here, bool any_status, struct nomem__peers *peers) {
  const struct nomem__process *identity = &here->identity;
  peers->count = 0;
  if (identity->id == 0 || !identity->has_exited) return false;
  for (unsigned run = 0; run < run_count; run++) {
    bool is_there = false;
    for (unsigned i = 0; i < runs[run].count; i++) {
      const struct nomem__process_residue *there = &runs[run].list[i];
      is_there |= is_same(identity, &there->identity, any_status);
      if (may_be_same(identity, &there->identity) && peers->count < NOMEM__PEERS_MAX)
        peers->list[peers->count++] = there;
    }
    if (!is_there) return false;
  }
  return peers->count > 0;
}

bool nomem__peers_are_exceeded(const struct nomem__peers *peers, const struct nomem__process_residue *here) {
  unsigned descriptors = 0, threads = 0, children = 0;
  for (unsigned i = 0; i < peers->count; i++) {
    const struct nomem__process_residue *there = peers->list[i];
    if (!there->has_ended) return false;
    if (there->descriptors > descriptors) descriptors = there->descriptors;
    if (there->threads > threads) threads = there->threads;
    if (there->children > children) children = there->children;
  }
  return here->has_ended && (here->descriptors > descriptors || here->threads > threads || here->children > children);
}

bool nomem__peers_describe_excess(const struct nomem__peers *peers, const struct nomem__process_residue *here,
                                  char *what, size_t what_bytes) {
  bool is_more = nomem__peers_are_exceeded(peers, here);
  for (unsigned i = 0; i < peers->count && is_more; i++)
    is_more = nomem__process_residue_describe_new(here, peers->list[i], what, what_bytes);
  return is_more;
}

bool nomem__peers_have_misuse(const struct nomem__peers *peers) {
  bool misused = false;
  for (unsigned i = 0; i < peers->count; i++) misused |= peers->list[i]->heap.has_misuse;
  return misused;
}

bool nomem__peers_find_new_leak(const struct nomem__peers *peers, const struct nomem__process_residue *here,
                                const struct nomem__leak_filter *filter, struct nomem__leak_site *leak) {
  const struct nomem__heap_residue *lists[NOMEM__PEERS_MAX];
  for (unsigned i = 0; i < peers->count; i++) {
    if (!peers->list[i]->has_block_table) return false;
    lists[i] = &peers->list[i]->heap;
  }
  return here->has_block_table && nomem__heap_residue_find_new_leak(&here->heap, lists, peers->count, filter, leak);
}
