/* SPDX-License-Identifier: MIT */
/* Memory of the injector's own that takes no more address space than it needs, and grows where it is: a program may
 * limit its address space to little more than it needs itself. */
#ifndef NOMEM_GROWING_MAP_H
#define NOMEM_GROWING_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "injector.h"

/* All zero before it is made. */
struct nomem__growing_map {
  char *start;
  size_t most_bytes;
  _Atomic size_t bytes;         /* that are there in this process */
  _Atomic size_t refused_bytes; /* there is no room for so many; 0: not known */
};

/* Maps the first bytes of what may become most_bytes: of the file (shared), or of no file (private) when fd is -1.
 * Where nothing can be kept free behind it, all of it is mapped. Returns the memory, or NULL. */
NOMEM_HIDDEN void *nomem__growing_map_make(struct nomem__growing_map *map, int fd, size_t first_bytes,
                                           size_t most_bytes);

/* Sees to it that so many bytes are there. False: there is no room for them. Any thread. */
NOMEM_HIDDEN bool nomem__growing_map_reach(struct nomem__growing_map *map, size_t bytes);

#endif
