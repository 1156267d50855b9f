/* SPDX-License-Identifier: MIT */
#include "residue_check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "../judge/lost_block.h"
#include "../text/memory.h"

bool nomem__residue_check_counts(enum nomem__leaks leaks, int baseline_status, int root_status) {
  bool takes_any_exit = leaks == NOMEM_LEAKS_ALL && WIFEXITED(root_status);
  return leaks != NOMEM_LEAKS_OFF && (root_status == baseline_status || takes_any_exit);
}

bool nomem__residue_check_gave_up(enum nomem__leaks leaks, int baseline_status, int root_status) {
  return leaks == NOMEM_LEAKS_DEFAULT && WIFEXITED(baseline_status) && WIFEXITED(root_status) &&
         root_status != baseline_status;
}

void nomem__residue_check_compute(const struct nomem__residue_check *check, enum nomem__leaks leaks,
                                  int baseline_status, const struct nomem__outcome *outcome,
                                  const struct nomem__code_owners *code_owners, struct nomem__residue *residue) {
  const struct nomem__lost_block_rule rule = {outcome, code_owners, check->held};
  struct nomem__run_end end = {
      .channel = outcome->channel,
      .first = outcome->residue,
      .child_residue = outcome->child_residue,
      .was_caught = outcome->was_caught,
      .stack = outcome->end.has_stack ? &outcome->end.stack : NULL,
      .counts = nomem__residue_check_counts(leaks, baseline_status, outcome->end.root_status),
      .takes_any_status = leaks == NOMEM_LEAKS_ALL,
      .gave_up = nomem__residue_check_gave_up(leaks, baseline_status, outcome->end.root_status),
      .descriptor_filter = {nomem__lost_descriptor_counts, &rule},
      .leak_filter = {nomem__lost_block_counts, &rule, nomem__lost_block_may_count},
  };
  nomem__residue_compute(&check->baseline, &end, residue);
  if (residue->has_leak) residue->leak.is_handed_over = nomem__lost_block_is_handed_over(&rule, &residue->leak);
  if (residue->has_leak || !end.gave_up || outcome->channel->watch != NOMEM_WATCH_BLOCK_TABLE) return;
  struct nomem__residue handed_over;
  end.leak_filter.counts = nomem__lost_block_may_be_handed_over;
  nomem__residue_compute(&check->baseline, &end, &handed_over);
  residue->may_have_lost_handed_over = handed_over.has_leak;
}

bool nomem__residue_check_is_due(const struct nomem__residue *residue, enum nomem__verdict verdict) {
  bool may_be_worse = verdict >= NOMEM_VERDICT_LEAK && verdict != NOMEM_VERDICT_UNREACHED;
  return may_be_worse && residue->needs_closer_look;
}

void nomem__residue_check_note_path(struct nomem__residue_check *check, const struct nomem__residue *residue,
                                    size_t rank, size_t point_count) {
  if (residue->suspected_file == NULL) return;
  if (rank >= check->first_path_room) {
    char **grown = nomem__realloc(check->first_paths, point_count * sizeof *grown);
    memset(grown + check->first_path_room, 0, (point_count - check->first_path_room) * sizeof *grown);
    check->first_paths = grown;
    check->first_path_room = point_count;
  }
  free(check->first_paths[rank]);
  check->first_paths[rank] = nomem__strdup(residue->suspected_file->path);
}

const char *nomem__residue_check_first_path(const struct nomem__residue_check *check, size_t rank) {
  return rank < check->first_path_room ? check->first_paths[rank] : NULL;
}

void nomem__residue_check_free(struct nomem__residue_check *check) {
  nomem__baseline_residue_free(&check->baseline);
  for (size_t i = 0; i < check->first_path_room; i++) free(check->first_paths[i]);
  free(check->first_paths);
  *check = (struct nomem__residue_check){0};
}
