/* SPDX-License-Identifier: MIT */
#include "child_residue.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "../text/grow.h"

/* How long the ends of a run's other processes are looked at, one after the other. */
#define LOOK_MAX_NS UINT64_C(2000000000)

struct nomem__process_residue *nomem__child_residue_find(const struct nomem__child_residue *child_residue, pid_t pid) {
  for (unsigned i = 0; i < child_residue->count; i++)
    if (child_residue->list[i].pid == pid) return &child_residue->list[i];
  return NULL;
}

struct nomem__process_residue *nomem__child_residue_add(struct nomem__child_residue *child_residue, pid_t pid) {
  if (child_residue->count == NOMEM_OTHERS) return NULL;
  struct nomem__process_residue *list =
      nomem__grow(child_residue->list, child_residue->count, &child_residue->room, sizeof *list);
  if (list == NULL) return NULL;
  child_residue->list = list;
  struct nomem__process_residue *residue = &child_residue->list[child_residue->count++];
  *residue = (struct nomem__process_residue){.pid = pid};
  return residue;
}

void nomem__child_residue_free(struct nomem__child_residue *child_residue) {
  for (unsigned i = 0; i < child_residue->count; i++) nomem__process_residue_clear(&child_residue->list[i]);
  free(child_residue->list);
  *child_residue = (struct nomem__child_residue){0};
}

/* The process in which the first call was failed; 0: none was. */
static pid_t first_failed(const struct nomem_channel *channel) {
  return channel->fault_count > 0 && channel->faults[0].ready ? channel->faults[0].pid : 0;
}

/* The entry of a process that is wanted; NULL: it has none, or is not. */
static const struct nomem_exit_report *find_other(const struct nomem__ends *ends, const struct nomem_channel *channel,
                                                  pid_t pid) {
  if (!ends->are_all_wanted && pid != first_failed(channel)) return NULL;
  uint32_t count = channel->other_count;
  for (uint32_t i = 0; i < count && i < NOMEM_OTHERS; i++)
    if (channel->others[i].pid == pid) return &channel->others[i];
  return NULL;
}

void nomem__ends_look(struct nomem__ends *ends, const struct nomem_channel *channel, pid_t pid) {
  bool is_first = pid == channel->watched.first.pid;
  const struct nomem_exit_report *ending = is_first ? &channel->watched.first : find_other(ends, channel, pid);
  if (ending == NULL || (!is_first && ends->looked_ns > LOOK_MAX_NS)) return;
  uint64_t began_ns = uv_hrtime();
  struct nomem__process_residue *residue =
      is_first ? &ends->first : nomem__child_residue_add(&ends->child_residue, pid);
  if (residue == NULL) return;
  nomem__process_residue_look(residue, pid, channel, ending);
  ends->looked_ns += uv_hrtime() - began_ns;
}

void nomem__ends_count(struct nomem__ends *ends, const struct nomem_channel *channel,
                       const struct nomem__processes *processes) {
  uint32_t count = channel->other_count;
  nomem__process_residue_count(&ends->first, channel, processes);
  for (uint32_t i = 0; i < count && i < NOMEM_OTHERS; i++) {
    const struct nomem_exit_report *ending = &channel->others[i];
    pid_t pid = ending->pid;
    if (find_other(ends, channel, pid) != ending) continue;
    struct nomem__process_residue *residue = nomem__child_residue_find(&ends->child_residue, pid);
    if (residue == NULL) residue = nomem__child_residue_add(&ends->child_residue, pid);
    if (residue == NULL) return;
    nomem__process_residue_take(residue, ending);
    residue->who = nomem__processes_tell(processes, pid);
  }
}

void nomem__ends_clear(struct nomem__ends *ends) {
  nomem__process_residue_clear(&ends->first);
  nomem__child_residue_free(&ends->child_residue);
  ends->looked_ns = 0;
}

static bool is_same(const struct nomem__process *here, const struct nomem__process *there, bool any_status) {
  return there->id == here->id && strcmp(there->name, here->name) == 0 && there->has_exited &&
         (any_status || there->status == here->status);
}

/* One that may be it: where all of a parent's children run at once, any of them. */
static bool may_be_same(const struct nomem__process *here, const struct nomem__process *there) {
  if (strcmp(there->name, here->name) != 0) return false;
  bool is_chance = here->is_among_children || there->is_among_children;
  return there->id == here->id || (is_chance && there->parent_id == here->parent_id);
}

bool nomem__child_residue_peers(const struct nomem__child_residue *runs, unsigned run_count,
                                const struct nomem__process_residue *here, bool any_status,
                                struct nomem__peers *peers) {
  const struct nomem__process *who = &here->who;
  peers->count = 0;
  if (who->id == 0 || !who->has_exited) return false;
  for (unsigned run = 0; run < run_count; run++) {
    bool is_there = false;
    for (unsigned i = 0; i < runs[run].count; i++) {
      const struct nomem__process_residue *there = &runs[run].list[i];
      is_there |= is_same(who, &there->who, any_status);
      if (may_be_same(who, &there->who) && peers->count < NOMEM__PEERS_MAX) peers->list[peers->count++] = there;
    }
    if (!is_there) return false;
  }
  return peers->count > 0;
}

bool nomem__peers_have_less(const struct nomem__peers *peers, const struct nomem__process_residue *here) {
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

bool nomem__peers_open_less(const struct nomem__peers *peers, const struct nomem__process_residue *here, char *what,
                            size_t what_bytes) {
  bool is_more = nomem__peers_have_less(peers, here);
  for (unsigned i = 0; i < peers->count && is_more; i++)
    is_more = nomem__process_residue_more(here, peers->list[i], what, what_bytes);
  return is_more;
}

bool nomem__peers_misused(const struct nomem__peers *peers) {
  bool misused = false;
  for (unsigned i = 0; i < peers->count; i++) misused |= peers->list[i]->left.has_misuse;
  return misused;
}

bool nomem__peers_left_less(const struct nomem__peers *peers, const struct nomem__process_residue *here,
                            struct nomem__leak_site *left) {
  const struct nomem__leak_list *lists[NOMEM__PEERS_MAX];
  for (unsigned i = 0; i < peers->count; i++) {
    if (!peers->list[i]->has_block_table) return false;
    lists[i] = &peers->list[i]->left;
  }
  return here->has_block_table && nomem__leaks_more(&here->left, lists, peers->count, left);
}
