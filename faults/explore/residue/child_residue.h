/* SPDX-License-Identifier: MIT */
/* What the processes of a run leave that are not the first one, and which of other runs' processes they are like. */
#ifndef NOMEM_CHILD_RESIDUE_H
#define NOMEM_CHILD_RESIDUE_H

#include "../process/process_identity.h"
#include "process_residue.h"

/* All zero: there are none. */
struct nomem__child_residue {
  struct nomem__process_residue *list; /* owned */
  unsigned count;
  size_t room;
};

/* NULL: it is not there. */
struct nomem__process_residue *nomem__child_residue_find(const struct nomem__child_residue *child_residue, pid_t pid);

/* Where what a process leaves may be entered, until the next one is added; NULL: there is no room. */
struct nomem__process_residue *nomem__child_residue_add(struct nomem__child_residue *child_residue, pid_t pid);

void nomem__child_residue_free(struct nomem__child_residue *child_residue);

/* Of a run that goes on: its first process, and of the others that in which the first call was failed, or all. */
struct nomem__ends {
  struct nomem__process_residue first;
  struct nomem__child_residue child_residue;
  bool are_all_wanted;
  uint64_t looked_ns;
};

/* Looks at a process at its end, if it is wanted and there is time: pid is stopped, and traced by the caller. */
void nomem__ends_look(struct nomem__ends *ends, const struct nomem_channel *channel, pid_t pid);

/* Reads what the processes have counted, once the run is over. */
void nomem__ends_count(struct nomem__ends *ends, const struct nomem_channel *channel,
                       const struct nomem__processes *processes);

/* Makes it ready for another run. */
void nomem__ends_clear(struct nomem__ends *ends);

#define NOMEM__PEERS_MAX (2 * NOMEM_OTHERS)

/* What one process is compared with: the same process of each of the runs, and where its place among its parent's
 * children may be chance, also those that ended as the same program. */
struct nomem__peers {
  const struct nomem__process_residue *list[NOMEM__PEERS_MAX];
  unsigned count;
};

/* False: one of the runs has no such process, or it ended there with another status, or was killed; then nothing can
 * be said. any_status: how it exited does not matter. */
bool nomem__child_residue_peers(const struct nomem__child_residue *runs, unsigned run_count,
                                const struct nomem__process_residue *here, bool any_status, struct nomem__peers *peers);

/* Whether it has more descriptors, threads or children than any of them, as far as they were counted. */
bool nomem__peers_have_less(const struct nomem__peers *peers, const struct nomem__process_residue *here);

/* Says what is left here of descriptors, threads and children that is left in none of them; false: nothing. */
bool nomem__peers_open_less(const struct nomem__peers *peers, const struct nomem__process_residue *here, char *what,
                            size_t what_bytes);

/* Whether any of them had a block that was written past its end, or after it was freed. */
bool nomem__peers_misused(const struct nomem__peers *peers);

/* As nomem__leaks_more. False also when not all have a block table. */
bool nomem__peers_left_less(const struct nomem__peers *peers, const struct nomem__process_residue *here,
                            struct nomem__leak_site *left);

#endif
