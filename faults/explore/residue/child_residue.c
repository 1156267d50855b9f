/* SPDX-License-Identifier: MIT */
#include "child_residue.h"

#include <stdlib.h>
#include <string.h>

#include "../text/grow.h"

struct nomem__process_residue *nomem__child_residue_find(const struct nomem__child_residue *child_residue, pid_t pid) {
  for (unsigned i = 0; i < child_residue->count; i++)
    if (child_residue->list[i].pid == pid) return &child_residue->list[i];
  return NULL;
}

struct nomem__process_residue *nomem__child_residue_add(struct nomem__child_residue *child_residue, pid_t pid) {
  if (child_residue->count == NOMEM_CHILD_REPORTS) return NULL;
  struct nomem__process_residue *list =
      nomem__grow(child_residue->list, child_residue->count, &child_residue->room, sizeof *list);
  child_residue->list = list;
  struct nomem__process_residue *residue = &child_residue->list[child_residue->count++];
  *residue = (struct nomem__process_residue){.pid = pid};
  return residue;
}

void nomem__child_residue_free(struct nomem__child_residue *child_residue) {
  for (unsigned i = 0; i < child_residue->count; i++) nomem__process_residue_clear(&child_residue->list[i]);
  free(child_residue->list);
  *child_residue = (struct nomem__child_residue){0};
}
