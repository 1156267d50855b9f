/* SPDX-License-Identifier: MIT */
/* Finds a module's separate debug file on this machine, for libdwfl, whose own search would go on to ask the servers in
 * DEBUGINFOD_URLS. */
#ifndef NOMEM_DEBUG_FILE_H
#define NOMEM_DEBUG_FILE_H

#include <elfutils/libdwfl.h>

/* Finds it. To be used as Dwfl_Callbacks.find_debuginfo; libdwfl also calls it for the file that debug files share
 * (dwz). Returns a descriptor, which libdwfl takes over, and its path, malloc'd, in *found; or -1. */
int nomem__debug_file_find(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base, const char *file,
                           const char *link, GElf_Word crc, char **found);

/* Finds none, for those who need none, as unwinding. */
int nomem__debug_file_none(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base, const char *file,
                           const char *link, GElf_Word crc, char **found);

#endif
