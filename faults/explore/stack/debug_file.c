/* SPDX-License-Identifier: MIT */
#include "debug_file.h"

#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../text/memory.h"
#include "../text/regular_file.h"

#define DEBUG_ROOT "/usr/lib/debug"
#define CRC_CHUNK_BYTES 16384
/* The reflected polynomial of the CRC-32 that debug links carry. */
#define CRC_POLYNOMIAL UINT32_C(0xedb88320)

static uint32_t crc_of_byte(uint32_t byte) {
  for (int bit = 0; bit < 8; bit++) byte = byte >> 1 ^ (byte & 1 ? CRC_POLYNOMIAL : 0);
  return byte;
}

static bool crc_matches(int fd, uint32_t wanted) {
  uint32_t table[256];
  unsigned char chunk[CRC_CHUNK_BYTES];
  uint32_t crc = UINT32_MAX;
  off_t offset = 0;
  ssize_t got;
  for (uint32_t byte = 0; byte < 256; byte++) table[byte] = crc_of_byte(byte);
  while ((got = pread(fd, chunk, sizeof chunk, offset)) > 0) {
    for (ssize_t i = 0; i < got; i++) crc = table[(crc ^ chunk[i]) & 0xff] ^ crc >> 8;
    offset += got;
  }
  return got == 0 && ~crc == wanted;
}

/* Whether the file belongs to the module: by build id when the module has one, because it proves more than the
 * checksum. */
static bool belongs_to(Dwfl_Module *module, int fd, uint32_t crc) {
  const unsigned char *wanted;
  GElf_Addr address;
  const void *id;
  int wanted_bytes = dwfl_module_build_id(module, &wanted, &address);
  if (wanted_bytes <= 0) return crc_matches(fd, crc);
  Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
  bool same = elf && dwelf_elf_gnu_build_id(elf, &id) == wanted_bytes && memcmp(id, wanted, (size_t)wanted_bytes) == 0;
  elf_end(elf);
  return same;
}

/* Opens path if it is a regular file that belongs to the module, and not the module's file itself. */
static int open_candidate(const char *path, const char *file, Dwfl_Module *module, uint32_t crc) {
  struct stat candidate, main_file;
  int fd = nomem__regular_file_open(path, &candidate);
  if (fd < 0) return -1;
  bool is_right = true;
  if (file && stat(file, &main_file) == 0)
    is_right = candidate.st_dev != main_file.st_dev || candidate.st_ino != main_file.st_ino;
  if (is_right && belongs_to(module, fd, crc)) return fd;
  close(fd);
  return -1;
}

/* Looks for the name that a file gives its debug file: beside the file, in .debug there, and in the same folder below
 * the debug root. Only the name of a shared (dwz) file has a folder in it. */
static int find_by_link(Dwfl_Module *module, const char *file, const char *link, uint32_t crc, char **found) {
  static const char *const places[][2] = {{"", "/"}, {"", "/.debug/"}, {DEBUG_ROOT, "/"}};
  char folder[PATH_MAX], path[2 * PATH_MAX];
  const char *slash = file ? strrchr(file, '/') : NULL;
  int length = slash ? (int)(slash - file) : 0;
  if (snprintf(folder, sizeof folder, "%.*s", length, slash ? file : "") >= (int)sizeof folder) return -1;
  bool is_absolute = link[0] == '/';
  for (size_t i = 0; i < (is_absolute ? 1 : sizeof places / sizeof *places); i++) {
    int bytes = is_absolute
                    ? snprintf(path, sizeof path, "%s", link)
                    : snprintf(path, sizeof path, "%s%s%s%s", places[i][0], slash ? folder : ".", places[i][1], link);
    if (bytes >= (int)sizeof path) continue;
    int fd = open_candidate(path, file, module, crc);
    if (fd < 0) continue;
    *found = nomem__strdup(path);
    return fd;
  }
  return -1;
}

int nomem__debug_file_find(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base, const char *file,
                           const char *link, GElf_Word crc, char **found) {
  int fd = dwfl_build_id_find_debuginfo(module, userdata, name, base, file, link, crc, found);
  /* The programs under test must not inherit it: that would change the numbers of the descriptors they open. */
  if (fd >= 0) fcntl(fd, F_SETFD, FD_CLOEXEC);
  if (fd >= 0 || !link || !*link) return fd;
  return find_by_link(module, file, link, crc, found);
}

int nomem__debug_file_none(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base, const char *file,
                           const char *link, GElf_Word crc, char **found) {
  (void)module, (void)userdata, (void)name, (void)base, (void)file, (void)link, (void)crc, (void)found;
  return -1;
}
