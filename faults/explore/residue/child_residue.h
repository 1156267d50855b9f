/* SPDX-License-Identifier: MIT */
/* What the processes of a run leave behind that are not its first one. */
#ifndef NOMEM_CHILD_RESIDUE_H
#define NOMEM_CHILD_RESIDUE_H

#include "process_residue.h"

/* All zero: there are none. */
struct nomem__child_residue {
  struct nomem__process_residue *list; /* owned */
  unsigned count;
  size_t room;
};

/* NULL: the process is not in the list. */
struct nomem__process_residue *nomem__child_residue_find(const struct nomem__child_residue *child_residue, pid_t pid);

/* Adds an empty entry for a process, which may be filled in until the next one is added. NULL: there is no room. */
struct nomem__process_residue *nomem__child_residue_add(struct nomem__child_residue *child_residue, pid_t pid);

void nomem__child_residue_free(struct nomem__child_residue *child_residue);

#endif
