/* SPDX-License-Identifier: MIT */
/* Rejects, before anything is run, a program into which no library can be preloaded. */
#ifndef NOMEM_TARGET_CHECK_H
#define NOMEM_TARGET_CHECK_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "target_elf.h"

/* Room for any reason, with the names in it. */
#define NOMEM_TARGET_REASON_BYTES 1024

struct nomem__target {
  char path[PATH_MAX];        /* of the file that execvp would run */
  bool is_script;             /* the file begins with "#!" */
  struct nomem__elf elf;      /* of the program itself, or of the script's interpreter */
  char interpreter[PATH_MAX]; /* of a script: the ELF program that interprets it in the end; otherwise "" */
};

/* Finds name as execvp does, and checks it and, for a script, its interpreters. Returns 0, or a negative error code;
 * then target is incomplete, and reason says in one line, without "nomem: ", what is wrong and how to correct it. A
 * program that passes may still have allocations that cannot be seen: without section headers it does not show its
 * symbols. Reads files, runs nothing; changes errno; thread-safe. */
int nomem__target_check(const char *name, struct nomem__target *target, char *reason, size_t reason_bytes);

/* The same of one ELF program that is open already, with the name to call it by. */
int nomem__target_check_open(int fd, const char *name, char *reason, size_t reason_bytes);

#endif
