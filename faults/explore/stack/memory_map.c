/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memfd_create */
#include "memory_map.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../text/grow.h"
#include "../text/memory.h"
#include "process_memory.h"

/* Linux's default limit is 65530 mappings. What a process has beyond this number is ignored. */
#define AREAS_MAX 131072
/* The headers of a module must lie in its first page, where linkers put them. */
#define HEADER_BYTES 4096
#define PAGE_BYTES UINT64_C(4096)
/* Larger modules are not copied. */
#define IMAGE_BYTES_MAX (UINT64_C(512) << 20)
#define IMAGE_CHUNK_BYTES 16384

#if defined __x86_64__
#define MACHINE EM_X86_64
#elif defined __aarch64__
#define MACHINE EM_AARCH64
#else
#error "add this machine's ELF number"
#endif

/* A module's first page. */
struct headers {
  _Alignas(Elf64_Ehdr) unsigned char bytes[HEADER_BYTES];
  const Elf64_Phdr *segments;
  size_t segment_count;
};

/* A newline in a path stands there as \012, as four such characters do. The kernel writes nothing else in another way.
 */
static void restore_newlines(struct nomem__area *area) {
  static const char written[] = "\\012";
  struct stat status;
  char *at = strstr(area->path, written);
  if (at == NULL || (stat(area->path, &status) == 0 && status.st_ino == area->inode)) return;
  for (char *from = at; (*at = *from) != '\0'; at++) {
    bool is_newline = strncmp(from, written, sizeof written - 1) == 0;
    if (is_newline) *at = '\n';
    from += is_newline ? sizeof written - 1 : 1;
  }
}

/* Reads a number that a character ends, and moves on behind that. */
static bool take_number(const char **at, int base, char after, uint64_t *number) {
  char *end;
  *number = strtoull(*at, &end, base);
  if (end == *at || *end != after) return false;
  *at = end + 1;
  return true;
}

/* A line is "START-END rwxp OFFSET MAJOR:MINOR INODE", and after blanks the path. */
static bool parse_area(const char *line, struct nomem__area *area) {
  uint64_t major, minor;
  *area = (struct nomem__area){0};
  if (!take_number(&line, 16, '-', &area->start) || !take_number(&line, 16, ' ', &area->end)) return false;
  if (strnlen(line, 5) < 5 || line[4] != ' ') return false;
  area->is_readable = line[0] == 'r';
  area->is_writable = line[1] == 'w';
  area->is_executable = line[2] == 'x';
  area->is_shared = line[3] == 's';
  line += 5;
  if (!take_number(&line, 16, ' ', &area->offset) || !take_number(&line, 16, ':', &major)) return false;
  if (!take_number(&line, 16, ' ', &minor)) return false;
  char *end;
  area->device_major = (unsigned)major;
  area->device_minor = (unsigned)minor;
  area->inode = strtoull(line, &end, 10);
  if (end == line) return false;
  line = end + strspn(end, " ");
  area->path = nomem__strndup(line, strcspn(line, "\n"));
  restore_newlines(area);
  return true;
}

static int read_areas(struct nomem__memory_map *map, pid_t pid) {
  char name[64];
  char *line = NULL;
  size_t line_bytes = 0;
  int error = 0;
  snprintf(name, sizeof name, "/proc/%ld/maps", (long)pid);
  FILE *file = nomem__checked(fopen(name, "re"));
  if (!file) return -errno;
  while (map->area_count < AREAS_MAX && nomem__getline(&line, &line_bytes, file) > 0) {
    map->areas = nomem__grow(map->areas, map->area_count, &map->area_capacity, sizeof *map->areas);
    if (!parse_area(line, &map->areas[map->area_count])) {
      error = -EIO;
      break;
    }
    map->area_count++;
  }
  free(line);
  fclose(file);
  return error;
}

static bool read_headers(pid_t pid, const struct nomem__area *area, struct headers *headers) {
  size_t got = nomem__process_read(pid, area->start, headers->bytes, sizeof headers->bytes);
  const Elf64_Ehdr *header = (const Elf64_Ehdr *)headers->bytes;
  if (got < sizeof *header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return false;
  if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != MACHINE) return false;
  if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phoff % _Alignof(Elf64_Phdr) != 0) return false;
  if (header->e_phoff > got || header->e_phnum > (got - header->e_phoff) / sizeof(Elf64_Phdr)) return false;
  headers->segments = (const Elf64_Phdr *)(headers->bytes + header->e_phoff);
  headers->segment_count = header->e_phnum;
  return true;
}

/* Whether a module was loaded as a program: then its code is mapped where its headers say. Debuggers, and this
 * command's own symbol tables, map ELF files as plain data. */
static bool is_code_mapped(const struct nomem__memory_map *map, const struct nomem__module *module,
                           const struct headers *headers) {
  for (size_t i = 0; i < headers->segment_count; i++) {
    const Elf64_Phdr *segment = &headers->segments[i];
    if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X) || segment->p_filesz == 0) continue;
    uint64_t address = module->bias + segment->p_vaddr;
    const struct nomem__area *area = nomem__memory_map_find_area(map, address);
    return area && area->inode == module->area->inode && area->offset + (address - area->start) == segment->p_offset;
  }
  return false;
}

/* Finds out which addresses a module has that begins with area. Returns false when none does. */
static bool measure_module(const struct nomem__memory_map *map, pid_t pid, const struct nomem__area *area,
                           struct nomem__module *module) {
  struct headers headers;
  uint64_t low = UINT64_MAX, high = 0;
  bool has_start = false;
  if (!read_headers(pid, area, &headers)) return false;
  *module = (struct nomem__module){.area = area};
  for (size_t i = 0; i < headers.segment_count; i++) {
    const Elf64_Phdr *segment = &headers.segments[i];
    if (segment->p_type != PT_LOAD) continue;
    uint64_t start = segment->p_vaddr & ~(PAGE_BYTES - 1);
    if (!has_start && segment->p_offset < PAGE_BYTES) {
      module->bias = area->start - start;
      has_start = true;
    }
    if (start < low) low = start;
    if (segment->p_vaddr + segment->p_memsz > high) high = segment->p_vaddr + segment->p_memsz;
  }
  module->start = module->bias + low;
  module->end = module->bias + ((high + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1));
  return has_start && module->start < module->end && is_code_mapped(map, module, &headers);
}

static int find_modules(struct nomem__memory_map *map, pid_t pid) {
  uint64_t after = 0;
  for (size_t i = 0; i < map->area_count; i++) {
    const struct nomem__area *area = &map->areas[i];
    bool is_vdso = strcmp(area->path, "[vdso]") == 0;
    if (area->start < after || area->offset != 0 || (area->inode == 0 && !is_vdso)) continue;
    struct nomem__module module;
    if (!measure_module(map, pid, area, &module)) continue;
    struct nomem__module *modules =
        nomem__grow(map->modules, map->module_count, &map->module_capacity, sizeof *modules);
    map->modules = modules;
    modules[map->module_count++] = module;
    after = module.end;
  }
  return 0;
}

static void clear(struct nomem__memory_map *map) {
  for (size_t i = 0; i < map->area_count; i++) free(map->areas[i].path);
  map->area_count = map->module_count = 0;
}

int nomem__memory_map_read_areas(struct nomem__memory_map *map, pid_t pid) {
  clear(map);
  int error = read_areas(map, pid);
  if (error) clear(map);
  return error;
}

int nomem__memory_map_read(struct nomem__memory_map *map, pid_t pid) {
  int error = nomem__memory_map_read_areas(map, pid);
  if (!error) error = find_modules(map, pid);
  if (error) clear(map);
  return error;
}

void nomem__memory_map_free(struct nomem__memory_map *map) {
  clear(map);
  free(map->areas);
  free(map->modules);
  *map = (struct nomem__memory_map){0};
}

const struct nomem__area *nomem__memory_map_find_area(const struct nomem__memory_map *map, uint64_t address) {
  size_t low = 0, high = map->area_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (address < map->areas[middle].start)
      high = middle;
    else if (address >= map->areas[middle].end)
      low = middle + 1;
    else
      return &map->areas[middle];
  }
  return NULL;
}

const struct nomem__area *nomem__memory_map_find_writable(const struct nomem__memory_map *map, uint64_t address) {
  for (size_t i = 0; i < map->area_count; i++)
    if (map->areas[i].is_writable && map->areas[i].end > address) return &map->areas[i];
  return NULL;
}

const struct nomem__module *nomem__memory_map_find_module(const struct nomem__memory_map *map, uint64_t address) {
  for (size_t i = 0; i < map->module_count; i++)
    if (address >= map->modules[i].start && address < map->modules[i].end) return &map->modules[i];
  return NULL;
}

static bool copy_area(const struct nomem__area *area, uint64_t end, pid_t pid, int fd) {
  char chunk[IMAGE_CHUNK_BYTES];
  for (uint64_t at = area->start; at < end;) {
    uint64_t left = end - at;
    size_t got = nomem__process_read(pid, at, chunk, left < sizeof chunk ? left : sizeof chunk);
    /* Pages beyond the end of a file that was cut short cannot be read, and stay zero. */
    if (got == 0) return true;
    ssize_t written = pwrite(fd, chunk, got, (off_t)(area->offset + (at - area->start)));
    if (written <= 0) {
      if (written == 0) errno = ENOSPC; /* nothing was written, and nothing is wrong: there is no room */
      return false;
    }
    at += (uint64_t)written;
  }
  return true;
}

int nomem__memory_map_copy_module(const struct nomem__memory_map *map, const struct nomem__module *module, pid_t pid) {
  if (module->end - module->start > IMAGE_BYTES_MAX) return -EFBIG;
  int fd = memfd_create("nomem-module", MFD_CLOEXEC);
  if (fd < 0) return -errno;
  for (const struct nomem__area *area = module->area; area < map->areas + map->area_count; area++) {
    if (area->start >= module->end) break;
    if (area->inode != module->area->inode || area->offset > IMAGE_BYTES_MAX) continue;
    if (copy_area(area, area->end < module->end ? area->end : module->end, pid, fd)) continue;
    int error = -errno;
    close(fd);
    return error;
  }
  return fd;
}
