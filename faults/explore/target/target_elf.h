/* SPDX-License-Identifier: MIT */
/* Finds out whether a preloaded library can replace the allocator of an ELF program, which may be damaged in any way.
 */
#ifndef NOMEM_TARGET_ELF_H
#define NOMEM_TARGET_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether a file that begins with these bytes claims to be an ELF file. */
bool nomem__elf_is_magic(const char *start, size_t bytes);

/* What is known about a program that can be injected. */
struct nomem__elf {
  bool has_backend; /* nomem-link.o is linked into it: nothing has to be preloaded */
};

/* Whether the run-time of a sanitizer that looks for leaks is in the program, or is loaded with it: it has to trace its
 * process itself when that ends. The file stays open; its position may change. */
bool nomem__elf_looks_for_leaks(int fd);

/* Checks a program. Returns 0, or a negative error code; then objection has the rest of a sentence that begins with the
 * program's name: "is ...: how to correct it". The file stays open; its position may change. */
int nomem__elf_check(int fd, uint64_t file_bytes, struct nomem__elf *elf, char *objection, size_t objection_bytes);

#endif
