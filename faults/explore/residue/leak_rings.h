/* SPDX-License-Identifier: MIT */
/* Leaked blocks that point to one another in a ring, such as a parent and its child: none of them is the first. Pure.
 */
#ifndef NOMEM_LEAK_RINGS_H
#define NOMEM_LEAK_RINGS_H

#include <stddef.h>
#include <stdint.h>

#define NOMEM_LEAK_NONE SIZE_MAX

struct nomem__leak_graph {
  size_t count; /* of blocks, leaked or not */
  /* The next leaked block that one points to, but not itself; NOMEM_LEAK_NONE: there is none. *cursor begins at 0, and
   * says where to go on. */
  size_t (*next)(void *user, size_t block, uint64_t *cursor);
  void *user;
};

/* Numbers the rings to which no leaked block outside them leads. rings: of each block the number of the ring that it is
 * one of, from 1 on, or 0. is_leaked: which blocks are looked at; whatever points to one of them is, too. */
void nomem__leak_rings_find(const struct nomem__leak_graph *graph, const unsigned char *is_leaked, uint32_t *rings);

#endif
