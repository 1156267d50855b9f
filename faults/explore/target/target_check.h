/* SPDX-License-Identifier: MIT */
/* Refuses, before anything is run, a program that a preloaded library cannot be put into. */
#ifndef NOMEM_TARGET_CHECK_H
#define NOMEM_TARGET_CHECK_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "target_elf.h"

/* Room for any reason, names included. */
#define NOMEM_TARGET_REASON_BYTES 1024

struct nomem__target {
  char path[PATH_MAX];        /* what execvp would run */
  bool is_script;             /* path begins with "#!" */
  struct nomem__elf elf;      /* of what runs */
  char interpreter[PATH_MAX]; /* of a script: the ELF program that runs it in the end; otherwise "" */
};

/* Finds name as execvp does, and checks it and, for a script, its interpreters. Returns 0, or a negative error code and
 * in reason one line, without "nomem: ", that says what stands against it and how to mend it; target is then
 * incomplete. That nothing was found does not prove that every allocation can be seen: a program without section
 * headers does not show its symbols. Reads files, runs nothing; changes errno; thread-safe. */
int nomem__target_check(const char *name, struct nomem__target *target, char *reason, size_t reason_bytes);

#endif
