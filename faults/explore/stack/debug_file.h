/* SPDX-License-Identifier: MIT */
/* Finds a module's separate debug file on this machine, for libdwfl.
 *
 * libdwfl's own search ends with asking the servers in DEBUGINFOD_URLS; this one has no such end. */
#ifndef NOMEM_DEBUG_FILE_H
#define NOMEM_DEBUG_FILE_H

#include <elfutils/libdwfl.h>

/* A Dwfl_Callbacks.find_debuginfo, also called by libdwfl for the file that debug files share (dwz). Returns a
 * descriptor that becomes libdwfl's and its path, malloc'd, in *found; or -1. */
int nomem__debug_file_find(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base, const char *file,
                           const char *link, GElf_Word crc, char **found);

/* The same for those who need none: unwinding does. */
int nomem__debug_file_none(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base, const char *file,
                           const char *link, GElf_Word crc, char **found);

#endif
