/* SPDX-License-Identifier: MIT */
/* The memory of another process: its mappings, and the programs and shared objects among them.
 *
 * They are read from /proc and from the memory of a process that this one may trace. All of it may be hostile: names
 * are what somebody called a file, and the process may have overwritten the headers. An object belongs to one thread.
 */
#ifndef NOMEM_MEMORY_MAP_H
#define NOMEM_MEMORY_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One line of /proc/PID/maps. */
struct nomem__area {
  uint64_t start, end; /* end is the first address after it */
  uint64_t offset;     /* of the start in the file */
  uint64_t inode;      /* 0: there is no file */
  unsigned device_major, device_minor;
  bool is_readable, is_writable, is_executable, is_shared;
  char *path; /* as the kernel writes it: "/path", "/path (deleted)", "[vdso]", ""; owned by the map */
};

struct nomem__module {
  uint64_t start, end;
  uint64_t bias; /* address minus the offset that the file's symbol table uses: l_addr, 0 for a fixed program */
  const struct nomem__area *area; /* the first of its areas */
};

/* All zero is empty and valid. */
struct nomem__memory_map {
  struct nomem__area *areas; /* by address */
  size_t area_count, area_capacity;
  struct nomem__module *modules; /* by address */
  size_t module_count, module_capacity;
};

/* Replaces what the map had by what the process has. Returns 0, or a negative error code with an empty map. */
int nomem__memory_map_read(struct nomem__memory_map *map, pid_t pid);

/* The same without the modules, for which the process's memory is read. */
int nomem__memory_map_read_areas(struct nomem__memory_map *map, pid_t pid);

void nomem__memory_map_free(struct nomem__memory_map *map);

/* Return the area or the module at address, or the first writable area at address or above; NULL: there is none. Valid
 * until the map is read again. */
const struct nomem__area *nomem__memory_map_find_area(const struct nomem__memory_map *map, uint64_t address);
const struct nomem__area *nomem__memory_map_find_writable(const struct nomem__memory_map *map, uint64_t address);
const struct nomem__module *nomem__memory_map_find_module(const struct nomem__memory_map *map, uint64_t address);

/* Copies the module's file, as far as it is mapped, because the file itself cannot be opened any more. Returns the
 * caller's descriptor, or a negative error code. */
int nomem__memory_map_copy_module(const struct nomem__memory_map *map, const struct nomem__module *module, pid_t pid);

#endif
