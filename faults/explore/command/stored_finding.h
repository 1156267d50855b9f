/* SPDX-License-Identifier: MIT */
/* A finding of the store, and what its campaign was explored with. */
#ifndef NOMEM_STORED_FINDING_H
#define NOMEM_STORED_FINDING_H

#include "../options/options.h"

/* Texts are owned. */
struct nomem__recalled {
  struct nomem__options options; /* those of `nomem run` that make the run again; they borrow from here */
  char *id, *command, *plan;
  char *directory, *stdin_path, *image;
  uint64_t timeout_ms; /* of the campaign's runs */
  char **words;
};

/* Finds the finding that the first operand names: its number in the report that was made last, or the beginning of its
 * id. Returns 0; 1 when there is no operand, and all findings have been listed; or a negative error code after one line
 * on standard error. */
int nomem__recall(const struct nomem__options *given, struct nomem__recalled *recalled);

void nomem__recalled_free(struct nomem__recalled *recalled);

/* Goes to the folder of the exploration, if it is there, and says where it is if that is not here. */
void nomem__recalled_enter(const struct nomem__recalled *recalled);

#endif
