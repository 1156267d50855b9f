/* SPDX-License-Identifier: MIT */
/* What a block table tells of the heap of a process at its end: which blocks were leaked, which are in quarantine, and
 * whether one was misused. Pure: heap_scan.h reads it from the process. */
#ifndef NOMEM_HEAP_RESIDUE_H
#define NOMEM_HEAP_RESIDUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../channel.h"

/* The addresses of so many blocks of a leak are kept. */
#define NOMEM_LEAK_ADDRESSES 4

/* Leaked blocks that no other leaked block points to, by the call stack that allocated them. */
struct nomem__leak_site {
  uint64_t key;     /* of the site */
  uint64_t culprit; /* the same for all sites that one call in the code of the program or of a library leads to */
  uint32_t site;    /* its number in the channel */
  uint64_t blocks, bytes;
  uint64_t held_blocks, held_bytes; /* of these, what main() itself still had when it returned */
  uint32_t lost_by; /* number of the site, plus 1, of a realloc of such a block that was made to fail; 0: none was */
  pid_t pid;        /* of the process that leaked them; 0: the first one of the run */
  uint64_t address[NOMEM_LEAK_ADDRESSES], address_count; /* of all of them; more than there is room for: not all */
  bool is_handed_over; /* test code had handed them over to the call that failed: judge/lost_block.h */
};

/* What is wrong with a block, in words. */
extern const char *const nomem__heap_misuse_texts[NOMEM_MISUSE_KINDS];

/* A misused block that is found only at the end of the process. Sites are numbers in the channel, or
 * NOMEM_BLOCK_TABLE_NO_SITE. */
struct nomem__late_misuse {
  enum nomem_misuse_kind kind; /* NOMEM_MISUSE_OVERRUN or NOMEM_MISUSE_WRITTEN */
  uint32_t site, freed_at;     /* where the block was allocated, and where it was freed if it was */
};

/* A freed block that the C library has not got back yet. */
struct nomem__quarantined {
  uint64_t address, size;
  uint32_t site, freed_at;
};

/* A block with pages of its own. */
struct nomem__guarded {
  uint64_t address, size;
  uint32_t site, freed_at;
  bool is_closed; /* it was freed */
};

/* Which leaks count: none that may_count says no to; and of a run that gave up neither what main() itself still had,
 * nor what counts says no to. NULL: all do. */
struct nomem__leak_filter {
  bool (*counts)(const void *user, const struct nomem__leak_site *leak);
  const void *user;
  bool (*may_count)(const void *user, const struct nomem__leak_site *leak);
};

/* All zero: nothing was leaked, and nothing is in quarantine. */
struct nomem__heap_residue {
  struct nomem__leak_site *leaks; /* by key; owned */
  size_t leak_count;
  struct nomem__quarantined *quarantined; /* by address; owned */
  size_t quarantined_count;
  struct nomem__guarded *guarded; /* by address; owned */
  size_t guarded_count;
  uint64_t held_numbers;   /* bit N: main() still had the number N when it returned, in its variables or in a block that
                              they lead to; only of a process with open descriptors in which one call was failed */
  unsigned locked_mutexes; /* held by the main thread or the one in which the call failed; without a fault, by any */
  bool has_misuse;
  struct nomem__late_misuse misuse; /* of the first such block, by address */
};

void nomem__heap_residue_free(struct nomem__heap_residue *heap);

/* The quarantined block that a pointer was read from, which is made of its poison. NULL: there is none, or pointer is
 * 0. */
const struct nomem__quarantined *nomem__heap_residue_find_quarantined(const struct nomem__heap_residue *heap,
                                                                      uint64_t pointer);

/* Finds the site that leaked the most bytes here of those that leaked more blocks here than in any of the runs there;
 * so must all sites with the same culprit together. blocks and bytes in *leak are the difference. filter: NULL, and all
 * leaks count. False: there is none. */
bool nomem__heap_residue_find_new_leak(const struct nomem__heap_residue *here,
                                       const struct nomem__heap_residue *const *there, size_t there_count,
                                       const struct nomem__leak_filter *filter, struct nomem__leak_site *leak);

#endif
