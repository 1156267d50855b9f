/* SPDX-License-Identifier: MIT */
/* The loaded modules of this process, and their functions, by their own symbol tables.
 *
 * Async-signal-safe and lock-free; errno is kept by the caller. A module's file is mapped read-only when a function
 * name is asked for, and stays mapped.
 */
#ifndef NOMEM_MODULE_NAMES_H
#define NOMEM_MODULE_NAMES_H

#include "injector.h"

/* Makes a frame of the channel of a code address, and enters its module there when it is new. *hash is what the address
 * adds to a site key: it depends only on the module's base name and the offset. The injector's own code is frame 0. */
NOMEM_HIDDEN nomem_frame nomem__module_frame(struct nomem_channel *channel, uintptr_t address, uint64_t *hash);

/* Whether the address is in a loaded module, be it code or data. */
NOMEM_HIDDEN bool nomem__module_has(uintptr_t address);

/* Absolute path of this process's program; "" when the kernel does not tell. Valid for ever. */
NOMEM_HIDDEN const char *nomem__module_program(void);

/* open (with close-on-exec) and close as bare system calls: the C library's are cancellation points, and malloc must
 * not become one. Returns a descriptor, or -1 with errno. */
NOMEM_HIDDEN int nomem__open(const char *path, int access);
NOMEM_HIDDEN void nomem__close(int fd);

/* The part after the last slash. */
NOMEM_HIDDEN const char *nomem__module_base_name(const char *path);

/* Whether the function that a frame of this channel lies in has a name that glob matches. Inlined functions have no
 * symbol of their own. */
NOMEM_HIDDEN bool nomem__module_function_matches(const struct nomem_channel *channel, nomem_frame frame,
                                                 const char *glob);

/* The same for any test of a name, which is called with each name of the function until it returns true. Searches the
 * module's whole symbol table: keep the answer. */
typedef bool (*nomem_name_test)(const char *name, void *argument);
NOMEM_HIDDEN bool nomem__module_function_is(const struct nomem_channel *channel, nomem_frame frame,
                                            nomem_name_test test, void *argument);

/* Lowers *first and raises *last until all functions of the frame's module that pass the test lie between them. */
NOMEM_HIDDEN void nomem__module_span(const struct nomem_channel *channel, nomem_frame frame, nomem_name_test test,
                                     uint64_t *first, uint64_t *last);

/* Mixes one more word into a 64-bit hash. */
static inline uint64_t nomem__hash(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
  return hash ^ hash >> 29;
}

#endif
