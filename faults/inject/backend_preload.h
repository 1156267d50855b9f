/* SPDX-License-Identifier: MIT */
/* The arena from which the preloaded backend serves calls that come before the real functions can be looked up. */
#ifndef NOMEM_BACKEND_PRELOAD_H
#define NOMEM_BACKEND_PRELOAD_H

#include <dlfcn.h>
#include <errno.h>

#include "injector.h"

/* Relocation fills in its address: until then it is NULL. */
#pragma weak dlsym

/* Programs were seen to ask for a few hundred bytes before the look-up is possible. */
#define NOMEM_EARLY_BYTES 65536
extern NOMEM_HIDDEN unsigned char nomem__early[NOMEM_EARLY_BYTES];

static inline bool nomem__is_early(const void *block) {
  return (uintptr_t)block - (uintptr_t)nomem__early < NOMEM_EARLY_BYTES;
}

/* Another library's IFUNC resolver may call us before relocation. Then no function of the C library can be called, not
 * even the one that finds errno. */
static inline void *nomem__no_memory(void) {
  if (&dlsym != NULL) errno = ENOMEM;
  return NULL;
}

/* Returns a block of zeros, which is never freed. */
NOMEM_HIDDEN void *nomem__early_allocate(size_t size);

/* The size that was asked for. */
NOMEM_HIDDEN size_t nomem__early_size(const void *block);

/* The copy that strdup and strndup make. */
NOMEM_HIDDEN char *nomem__early_copy(const char *text, size_t length);

#endif
