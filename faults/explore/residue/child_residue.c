#include "child_residue.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

/* How long the ends of a run's other processes are looked at, one after the other. */
#define LOOK_MAX_NS UINT64_C(2000000000)

struct nomem__remains *nomem__others_find(const struct nomem__others *others, pid_t pid) {
  for (unsigned i = 0; i < others->count; i++)
    if (others->list[i].pid == pid) return &others->list[i];
  return NULL;
}

struct nomem__remains *nomem__others_add(struct nomem__others *others, pid_t pid) {
  if (others->count == others->room) {
    unsigned room = others->room == 0 ? 8 : others->room * 2;
    struct nomem__remains *grown = room <= NOMEM_OTHERS ? realloc(others->list, room * sizeof *grown) : NULL;
    if (grown == NULL) return NULL;
    others->list = grown;
    others->room = room;
  }
  struct nomem__remains *remains = &others->list[others->count++];
  *remains = (struct nomem__remains){.pid = pid};
  return remains;
}

void nomem__others_free(struct nomem__others *others) {
  for (unsigned i = 0; i < others->count; i++) nomem__remains_clear(&others->list[i]);
  free(others->list);
  *others = (struct nomem__others){0};
}

/* The process in which the first call was failed; 0: none was. */
static pid_t first_failed(const struct nomem_channel *channel) {
  return channel->fault_count > 0 && channel->faults[0].ready ? channel->faults[0].pid : 0;
}

/* The entry of a process that is wanted; NULL: it has none, or is not. */
static const struct nomem_ending *find_other(const struct nomem__ends *ends, const struct nomem_channel *channel,
                                             pid_t pid) {
  if (!ends->are_all_wanted && pid != first_failed(channel)) return NULL;
  uint32_t count = channel->other_count;
  for (uint32_t i = 0; i < count && i < NOMEM_OTHERS; i++)
    if (channel->others[i].pid == pid) return &channel->others[i];
  return NULL;
}

void nomem__ends_look(struct nomem__ends *ends, const struct nomem_channel *channel, pid_t pid) {
  bool is_first = pid == channel->watched.first.pid;
  const struct nomem_ending *ending = is_first ? &channel->watched.first : find_other(ends, channel, pid);
  if (ending == NULL || (!is_first && ends->looked_ns > LOOK_MAX_NS)) return;
  uint64_t began_ns = uv_hrtime();
  struct nomem__remains *remains = is_first ? &ends->first : nomem__others_add(&ends->others, pid);
  if (remains == NULL) return;
  nomem__remains_look(remains, pid, channel, ending);
  ends->looked_ns += uv_hrtime() - began_ns;
}

void nomem__ends_count(struct nomem__ends *ends, const struct nomem_channel *channel,
                       const struct nomem__processes *processes) {
  uint32_t count = channel->other_count;
  nomem__remains_count(&ends->first, channel, processes);
  for (uint32_t i = 0; i < count && i < NOMEM_OTHERS; i++) {
    const struct nomem_ending *ending = &channel->others[i];
    pid_t pid = ending->pid;
    if (find_other(ends, channel, pid) != ending) continue;
    struct nomem__remains *remains = nomem__others_find(&ends->others, pid);
    if (remains == NULL) remains = nomem__others_add(&ends->others, pid);
    if (remains == NULL) return;
    nomem__remains_take(remains, ending);
    remains->who = nomem__processes_tell(processes, pid);
  }
}

void nomem__ends_clear(struct nomem__ends *ends) {
  nomem__remains_clear(&ends->first);
  nomem__others_free(&ends->others);
  ends->looked_ns = 0;
}

static bool is_same(const struct nomem__process *here, const struct nomem__process *there, bool any_status) {
  return there->id == here->id && strcmp(there->name, here->name) == 0 && there->has_exited &&
         (any_status || there->status == here->status);
}

/* One that may be it: where all of a parent's children run at once, any of them. */
static bool may_be_same(const struct nomem__process *here, const struct nomem__process *there) {
  if (strcmp(there->name, here->name) != 0) return false;
  bool is_chance = here->is_among_others || there->is_among_others;
  return there->id == here->id || (is_chance && there->parent_id == here->parent_id);
}

bool nomem__others_peers(const struct nomem__others *runs, unsigned run_count, const struct nomem__remains *here,
                         bool any_status, struct nomem__peers *peers) {
  const struct nomem__process *who = &here->who;
  peers->count = 0;
  if (who->id == 0 || !who->has_exited) return false;
  for (unsigned run = 0; run < run_count; run++) {
    bool is_there = false;
    for (unsigned i = 0; i < runs[run].count; i++) {
      const struct nomem__remains *there = &runs[run].list[i];
      is_there |= is_same(who, &there->who, any_status);
      if (may_be_same(who, &there->who) && peers->count < NOMEM__PEERS_MAX) peers->list[peers->count++] = there;
    }
    if (!is_there) return false;
  }
  return peers->count > 0;
}

bool nomem__peers_have_less(const struct nomem__peers *peers, const struct nomem__remains *here) {
  unsigned descriptors = 0, threads = 0, children = 0;
  for (unsigned i = 0; i < peers->count; i++) {
    const struct nomem__remains *there = peers->list[i];
    if (!there->has_ended) return false;
    if (there->descriptors > descriptors) descriptors = there->descriptors;
    if (there->threads > threads) threads = there->threads;
    if (there->children > children) children = there->children;
  }
  return here->has_ended && (here->descriptors > descriptors || here->threads > threads || here->children > children);
}

bool nomem__peers_open_less(const struct nomem__peers *peers, const struct nomem__remains *here, char *what,
                            size_t what_bytes) {
  bool is_more = nomem__peers_have_less(peers, here);
  for (unsigned i = 0; i < peers->count && is_more; i++)
    is_more = nomem__remains_more(here, peers->list[i], what, what_bytes);
  return is_more;
}

bool nomem__peers_misused(const struct nomem__peers *peers) {
  bool misused = false;
  for (unsigned i = 0; i < peers->count; i++) misused |= peers->list[i]->left.has_misuse;
  return misused;
}

bool nomem__peers_left_less(const struct nomem__peers *peers, const struct nomem__remains *here,
                            struct nomem__left_site *left) {
  const struct nomem__left_list *lists[NOMEM__PEERS_MAX];
  for (unsigned i = 0; i < peers->count; i++) {
    if (!peers->list[i]->has_ledger) return false;
    lists[i] = &peers->list[i]->left;
  }
  return here->has_ledger && nomem__left_more(&here->left, lists, peers->count, left);
}
