/* What a run leaves behind. */
#ifndef NOMEM_REMAINS_H
#define NOMEM_REMAINS_H

#include "ledger.h"

/* All zero: not known. */
struct nomem__remains {
  bool is_known;
  uint64_t live; /* blocks and bytes in use, as the injector counts them: equal for equal amounts */
  bool has_ledger;
  struct nomem__left_list left; /* owned; empty without a ledger */
};

/* Looks at a process at its end, if it keeps a ledger: pid is stopped, and traced by the caller. */
void nomem__remains_look(struct nomem__remains *remains, pid_t pid, const struct nomem_channel *channel);

/* Reads what a run has counted, once it is over. */
void nomem__remains_count(struct nomem__remains *remains, const struct nomem_channel *channel);

/* Gives what is left to the caller. Whether there was a ledger. */
bool nomem__remains_take_left(struct nomem__remains *remains, struct nomem__left_list *left);

void nomem__remains_clear(struct nomem__remains *remains);

#endif
