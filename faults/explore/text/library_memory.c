/* SPDX-License-Identifier: MIT */
/* Short memory in the libraries that the command uses. */
#define _GNU_SOURCE
#include <errno.h>
#include <jansson.h>
#include <search.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "call_redirection.h"
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

static void set_sqlite(void) {
  sqlite3_config(SQLITE_CONFIG_GETMALLOC, &of_sqlite);
  sqlite3_mem_methods methods = of_sqlite;
  methods.xMalloc = sqlite_malloc;
  methods.xRealloc = sqlite_realloc;
  sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}

/* As those of the C library, which are imported by these names where a library was built with its checks. */
static int redirected_asprintf(char **text, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  *text = nomem__vformat(format, arguments);
  va_end(arguments);
  return (int)strlen(*text);
}

static int redirected_asprintf_chk(char **text, int flag, const char *format, ...) {
  (void)flag;
  va_list arguments;
  va_start(arguments, format);
  *text = nomem__vformat(format, arguments);
  va_end(arguments);
  return (int)strlen(*text);
}

static char *redirected_realpath(const char *path, char *resolved) {
  return nomem__checked(realpath(path, resolved));
}

static void *redirected_tsearch(const void *key, void **root, int (*compare)(const void *, const void *)) {
  void *found = tsearch(key, root, compare);
  if (found == NULL) nomem__out_of_memory();
  return found;
}

static int redirected_posix_memalign(void **block, size_t alignment, size_t bytes) {
  int error = posix_memalign(block, alignment, bytes);
  if (error == ENOMEM) nomem__out_of_memory();
  return error;
}

/* libelf and libdw take a failure for a file that has nothing to say, or use what they got without looking (0.188:
 * dwarf_getaranges, the tables of abbreviations, dwfl_addrsegment); and their allocator cannot be replaced. What they
 * decompress with comes to them through its own allocator. */
static void set_elfutils(void) {
  static const char *const libraries[] = {"libelf.so*", "libelf-*.so*", "libdw.so*",  "libdw-*.so*",
                                          "libz.so*",   "liblzma.so*",  "libbz2.so*", "libzstd.so*"};
  const struct nomem__redirection redirections[] = {
      {"malloc", (uintptr_t)nomem__malloc},
      {"calloc", (uintptr_t)nomem__calloc},
      {"realloc", (uintptr_t)nomem__realloc},
      {"strdup", (uintptr_t)nomem__strdup},
      {"strndup", (uintptr_t)nomem__strndup},
      {"asprintf", (uintptr_t)redirected_asprintf},
      {"__asprintf_chk", (uintptr_t)redirected_asprintf_chk},
      {"realpath", (uintptr_t)redirected_realpath},
      {"tsearch", (uintptr_t)redirected_tsearch},
      {"posix_memalign", (uintptr_t)redirected_posix_memalign},
  };
  for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
    nomem__redirect_calls(libraries[i], redirections, sizeof redirections / sizeof *redirections);
}

void nomem__memory_set_libraries(void) {
  uv_replace_allocator(nomem__malloc, nomem__realloc, nomem__calloc, free);
  json_set_alloc_funcs(nomem__malloc, free);
  set_sqlite();
  set_elfutils();
}
