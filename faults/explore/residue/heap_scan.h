/* SPDX-License-Identifier: MIT */
/* Reads the block table of a process that stands at its end: which of its blocks nothing points to any more, and which
 * were written past their end, or after they were freed.
 *
 * A block counts as in use when an address in it stands anywhere where the program could find it: in writable memory
 * outside the heap, on the stack, in a register, or in a block that is itself in use. What is taken for an address need
 * not be one: so a block that is left may be missed, but one that is in use is not called left, unless the program
 * keeps its pointers in another form.
 *
 * All of it is hostile: what is read is checked, and how much is bounded.
 */
#ifndef NOMEM_HEAP_SCAN_H
#define NOMEM_HEAP_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../channel.h"

/* Blocks that are left, and to which no other such block points, by the call stack that asked for them. */
struct nomem__leak_site {
  uint64_t key;     /* of the site */
  uint64_t culprit; /* the same for all sites that the same call in the program's or a library's code leads to */
  uint32_t site;    /* its number in the channel */
  uint64_t blocks, bytes;
  pid_t pid; /* of the process that left them; 0: the run's first */
};

/* What is wrong, in words. */
extern const char *const nomem__heap_misuse_texts[NOMEM_MISUSE_KINDS];

/* What is found wrong with a block at the end. Sites are numbers in the channel, or NOMEM_BLOCK_TABLE_NO_SITE. */
struct nomem__leaks_misuse {
  enum nomem_misuse_kind kind; /* NOMEM_MISUSE_OVERRUN or NOMEM_MISUSE_WRITTEN */
  uint32_t site, freed_at;     /* where it was allocated; and freed, when it was */
};

/* A block that was freed, and is held. */
struct nomem__quarantined {
  uint64_t address, size;
  uint32_t site, freed_at;
};

/* All zero: nothing was left. */
struct nomem__leak_list {
  struct nomem__leak_site *list; /* by key */
  size_t count;
  struct nomem__quarantined *held; /* by address */
  size_t held_count;
  bool has_misuse;
  struct nomem__leaks_misuse misuse; /* the first one by address */
};

/* The held block that a pointer was read from; NULL: not known, or pointer is 0. */
const struct nomem__quarantined *nomem__leaks_quarantined(const struct nomem__leak_list *left, uint64_t pointer);

/* pid is stopped, and traced by the caller; ending is its entry in the channel. Returns 0; -ENOENT when it keeps no
 * block table; -E2BIG when there is more than can be looked at; or another negative error code: then left is empty. */
int nomem__block_table_read(pid_t pid, const struct nomem_channel *channel, const struct nomem_exit_report *ending,
                            struct nomem__leak_list *left);
void nomem__leaks_free(struct nomem__leak_list *left);

/* What was left here, but in none of the lists there, of all sites the one with the most bytes: both its site and its
 * culprit have more blocks here. blocks and bytes are what is more. False: nothing. */
bool nomem__leaks_more(const struct nomem__leak_list *here, const struct nomem__leak_list *const *there,
                       size_t there_count, struct nomem__leak_site *most);

#endif
