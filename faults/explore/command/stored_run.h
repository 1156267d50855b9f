/* SPDX-License-Identifier: MIT */
/* The run that shows a finding of the store, with all it takes to make it once more. */
#ifndef NOMEM_STORED_RUN_H
#define NOMEM_STORED_RUN_H

#include "../options/options.h"

/* Texts are owned. */
struct nomem__stored_run {
  struct nomem__options options; /* of the `nomem run` that makes the run once more; they borrow from here */
  char *id, *command, *plan;
  char *message, *fault_stack, *blow_up_stack; /* as they were reported */
  char *directory, *stdin_path, *image;
  uint64_t timeout_ms; /* of the campaign's runs */
  char **words;
  char **variables; /* that differed from those of the campaign's caller; of a secret the name alone */
};

/* Loads the run of the finding that the first operand names: by its number in the report that was made last, of a
 * program or a suite, or by the beginning of its id. Returns 0; 1 when there is no operand, and all findings have been
 * listed; or a negative error code after one line on standard error. */
int nomem__stored_run_load(const struct nomem__options *given, struct nomem__stored_run *stored);

void nomem__stored_run_free(struct nomem__stored_run *stored);

/* Has what is printed to reproduce the run begin with the folder of the exploration, if that is not the current one,
 * and with its variables. */
void nomem__stored_run_set_surroundings(struct nomem__stored_run *stored);

/* Changes to the folder of the exploration, if it is there, and says where the run is made if that is another folder
 * than the current one. */
void nomem__stored_run_enter_folder(const struct nomem__stored_run *stored);

/* Sets the variables of the exploration in the command's own environment, which its runs inherit, and says which secret
 * is missing. */
void nomem__stored_run_set_variables(const struct nomem__stored_run *stored);

#endif
