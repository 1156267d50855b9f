/* Reads an ELF program, however damaged, for what keeps a preloaded library from replacing its allocator. */
#ifndef NOMEM_TARGET_ELF_H
#define NOMEM_TARGET_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether a file that begins with these bytes claims to be ELF. */
bool nomem__elf_is(const char *start, size_t bytes);

/* Returns 0, or a negative error code and in objection what follows the program's name in a sentence: "is ...: how to
 * mend it". *has_backend: nomem-link.o is linked into it, so that it needs no preload. The file stays open; its
 * position is not kept. */
int nomem__elf_check(int fd, uint64_t file_bytes, bool *has_backend, char *objection, size_t objection_bytes);

#endif
