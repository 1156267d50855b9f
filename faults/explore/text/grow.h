/* SPDX-License-Identifier: MIT */
/* How every list here grows: a pointer, a count and a room, all zero at first. */
#ifndef NOMEM_GROW_H
#define NOMEM_GROW_H

#include <stddef.h>

#include "memory.h"

#define NOMEM__GROW_FIRST 16

/* Makes room for one more item behind the count that are there. Returns the list, which may have moved, to be stored in
 * place of items. */
static inline void *nomem__grow(void *items, size_t count, size_t *room, size_t item_bytes) {
  if (count < *room) return items;
  size_t more = *room == 0 ? NOMEM__GROW_FIRST : *room * 2;
  void *grown = nomem__reallocarray(items, more, item_bytes);
  *room = more;
  return grown;
}

#endif
