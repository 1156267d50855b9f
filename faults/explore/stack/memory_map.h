/* SPDX-License-Identifier: MIT */
/* What lies where in another process: its mappings, and the programs and shared objects among them.
 *
 * Read from /proc and from the memory of a process that this one may trace. All of it is hostile: names are what
 * somebody called a file, headers what the process left of them. Not thread-safe per object.
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
  uint64_t offset;     /* of start in the file */
  uint64_t inode;      /* 0: no file */
  unsigned device_major, device_minor;
  bool is_readable, is_writable, is_executable;
  char *path; /* as the kernel writes it: "/path", "/path (deleted)", "[vdso]", ""; owned by the maps */
};

struct nomem__module {
  uint64_t start, end;
  uint64_t bias; /* address minus the offset that the file's symbol table uses: l_addr, 0 for a fixed program */
  const struct nomem__area *area; /* the first one */
};

/* All zero is empty and valid. */
struct nomem__memory_map {
  struct nomem__area *areas; /* by address */
  size_t area_count, area_capacity;
  struct nomem__module *modules; /* by address */
  size_t module_count, module_capacity;
};

/* Replaces what maps held. Returns 0 or a negative error code, with maps empty. */
int nomem__memory_map_read(struct nomem__memory_map *maps, pid_t pid);
void nomem__memory_map_free(struct nomem__memory_map *maps);

/* What lies at address; and the first area that can be written to at it or above. NULL: none. Valid until the next
 * read. */
const struct nomem__area *nomem__memory_map_area(const struct nomem__memory_map *maps, uint64_t address);
const struct nomem__area *nomem__memory_map_next_writable(const struct nomem__memory_map *maps, uint64_t address);
const struct nomem__module *nomem__memory_map_module(const struct nomem__memory_map *maps, uint64_t address);

/* Copies the module's file as far as it is mapped, for a file that cannot be opened any more. Returns a descriptor of
 * the caller's or a negative error code. */
int nomem__memory_map_image(const struct nomem__memory_map *maps, const struct nomem__module *module, pid_t pid);

/* Reads memory of the process. Returns how many bytes from address on could be read, 0 when none. */
size_t nomem__process_read(pid_t pid, uint64_t address, void *buffer, size_t bytes);

#endif
