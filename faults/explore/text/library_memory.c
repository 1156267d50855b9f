/* SPDX-License-Identifier: MIT */
/* Short memory in the libraries that the command uses. */
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <jansson.h>
#include <libelf.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "memory.h"

/* SQLite's own, which know the sizes of the blocks. */
static sqlite3_mem_methods of_sqlite;

static void *sqlite_malloc(int bytes) {
  void *block = of_sqlite.xMalloc(bytes);
  if (block == NULL) nomem__out_of_memory();
  return block;
}

static void *sqlite_realloc(void *block, int bytes) {
  void *moved = of_sqlite.xRealloc(block, bytes);
  if (moved == NULL) nomem__out_of_memory();
  return moved;
}

void nomem__memory_set_libraries(void) {
  uv_replace_allocator(nomem__malloc, nomem__realloc, nomem__calloc, free);
  json_set_alloc_funcs(nomem__malloc, free);
  sqlite3_config(SQLITE_CONFIG_GETMALLOC, &of_sqlite);
  sqlite3_mem_methods methods = of_sqlite;
  methods.xMalloc = sqlite_malloc;
  methods.xRealloc = sqlite_realloc;
  sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}

/* The numbers of these errors are not public, but their text is. */
static bool is_short(const char *text) {
  return text != NULL && strcmp(text, "out of memory") == 0;
}

void nomem__elfutils_begin(void) {
  elf_errno();
  dwarf_errno();
  dwfl_errno();
  errno = 0;
}

/* errno stays set where a library has gone on, and so has forgotten its own error. */
void nomem__elfutils_end(void) {
  bool was_short = errno == ENOMEM;
  int of_elf = elf_errno(), of_dwarf = dwarf_errno(), of_dwfl = dwfl_errno();
  was_short = was_short || (of_elf > 0 && is_short(elf_errmsg(of_elf)));
  was_short = was_short || (of_dwarf > 0 && is_short(dwarf_errmsg(of_dwarf)));
  was_short = was_short || (of_dwfl > 0 && is_short(dwfl_errmsg(of_dwfl)));
  if (was_short) nomem__out_of_memory();
}
