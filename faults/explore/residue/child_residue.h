/* What the processes of a run leave that are not the first one, and which of other runs' processes they are like. */
#ifndef NOMEM_OTHERS_H
#define NOMEM_OTHERS_H

#include "../process/process_identity.h"
#include "process_residue.h"

/* All zero: there are none. */
struct nomem__others {
  struct nomem__remains *list; /* owned */
  unsigned count, room;
};

/* NULL: it is not there. */
struct nomem__remains *nomem__others_find(const struct nomem__others *others, pid_t pid);

/* Where what a process leaves may be entered, until the next one is added; NULL: there is no room. */
struct nomem__remains *nomem__others_add(struct nomem__others *others, pid_t pid);

void nomem__others_free(struct nomem__others *others);

/* Of a run that goes on: its first process, and of the others that in which the first call was failed, or all. */
struct nomem__ends {
  struct nomem__remains first;
  struct nomem__others others;
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
  const struct nomem__remains *list[NOMEM__PEERS_MAX];
  unsigned count;
};

/* False: one of the runs has no such process, or it ended there with another status, or was killed; then nothing can
 * be said. any_status: how it exited does not matter. */
bool nomem__others_peers(const struct nomem__others *runs, unsigned run_count, const struct nomem__remains *here,
                         bool any_status, struct nomem__peers *peers);

/* Whether it has more descriptors, threads or children than any of them, as far as they were counted. */
bool nomem__peers_have_less(const struct nomem__peers *peers, const struct nomem__remains *here);

/* Says what is left here of descriptors, threads and children that is left in none of them; false: nothing. */
bool nomem__peers_open_less(const struct nomem__peers *peers, const struct nomem__remains *here, char *what,
                            size_t what_bytes);

/* Whether any of them had a block that was written past its end, or after it was freed. */
bool nomem__peers_misused(const struct nomem__peers *peers);

/* As nomem__left_more. False also when not all have a ledger. */
bool nomem__peers_left_less(const struct nomem__peers *peers, const struct nomem__remains *here,
                            struct nomem__left_site *left);

#endif
