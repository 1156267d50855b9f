/* SPDX-License-Identifier: MIT */
/* Reads an ELF program, however damaged, for what keeps a preloaded library from replacing its allocator. */
#ifndef NOMEM_TARGET_ELF_H
#define NOMEM_TARGET_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether a file that begins with these bytes claims to be ELF. */
bool nomem__elf_is(const char *start, size_t bytes);

/* What is known of a program that can be injected. */
struct nomem__elf {
  bool has_backend; /* nomem-link.o is linked into it: nothing need be preloaded */
};

/* Returns 0, or a negative error code and in objection what follows the program's name in a sentence: "is ...: how to
 * mend it". The file stays open; its position is not kept. */
int nomem__elf_check(int fd, uint64_t file_bytes, struct nomem__elf *elf, char *objection, size_t objection_bytes);

#endif
