/* SPDX-License-Identifier: MIT */
#include "file_check.h"

#include <stdio.h>

#include "../process/syscall_effects.h"

bool nomem__file_check_differs(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome) {
  return outcome->files != NULL &&
         nomem__baseline_files_compare(&campaign->baseline_files, outcome->files).change != NOMEM_FILE_SAME;
}

bool nomem__file_check_mentions_failure(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome) {
  return outcome->files != NULL && nomem__baseline_files_mention_failure(&campaign->baseline_files, outcome->files);
}

bool nomem__file_check_is_gone(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome) {
  char *const *argv = campaign->session->setup.argv;
  return outcome->files != NULL && argv != NULL &&
         nomem__baseline_files_are_gone(&campaign->baseline_files, outcome->files, argv);
}

void nomem__file_check_describe(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome,
                                char *text, size_t text_bytes) {
  struct nomem__file_difference difference = {0};
  if (outcome->files != NULL) difference = nomem__baseline_files_compare(&campaign->baseline_files, outcome->files);
  nomem__file_difference_describe(&difference, text, text_bytes);
}

/* Where only the network is, say, what runs write lies together. */
static bool are_files_isolated(const struct nomem__session *session) {
  return session->is_isolated && session->setup.isolation != NULL;
}

void nomem__file_check_learn(struct nomem__campaign *campaign, struct nomem__written_files *files) {
  if (are_files_isolated(campaign->session)) nomem__baseline_files_add(&campaign->baseline_files, files);
}

void nomem__file_check_note(const struct nomem__campaign *campaign, char *text, size_t text_bytes) {
  text[0] = '\0';
  if ((campaign->effects & (NOMEM_EFFECT_FILES | NOMEM_EFFECT_UNKNOWN)) == 0) return;
  if (are_files_isolated(campaign->session))
    nomem__baseline_files_note(&campaign->baseline_files, text, text_bytes);
  else
    snprintf(text, text_bytes, "what the program %s to files is not compared: its runs are not isolated",
             (campaign->effects & NOMEM_EFFECT_FILES) != 0 ? "writes" : "may write");
}
