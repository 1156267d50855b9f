/* SPDX-License-Identifier: MIT */
/* Which loaded module an address lies in. Async-signal-safe, and without a lock, where the C library has
 * _dl_find_object (glibc 2.35 or later). Before that, dl_iterate_phdr is asked, as the unwinder of such a system does
 * for each frame: its lock is held only while the list of modules changes, never while the program's code runs, and may
 * be taken again by the thread that has it. Neither allocates. */
#ifndef NOMEM_LOADED_MODULE_H
#define NOMEM_LOADED_MODULE_H

#include <link.h>
#include <stdint.h>

#include "injector.h"

/* NULL: in none. Valid for as long as the module is loaded. */
NOMEM_HIDDEN const struct link_map *nomem__loaded_module(uintptr_t address);

/* The same, by dl_iterate_phdr. */
NOMEM_HIDDEN const struct link_map *nomem__loaded_module_by_list(uintptr_t address);

#endif
