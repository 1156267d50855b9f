/* SPDX-License-Identifier: MIT */
/* nomem explore, as the one who started it sees it: a person in a folder, or the runner of a test suite. */
#include "../run/surroundings.h"
#include "commands.h"

int nomem__explore_here(const struct nomem__options *given) {
  static struct nomem__options options;
  struct nomem__surroundings surroundings;
  nomem__surroundings_of_command(&surroundings, nomem__test_runner_find(), false);
  options = *given;
  options.folder = surroundings.folder;
  options.variables = surroundings.variables;
  int status = nomem__explore(&options);
  nomem__surroundings_free(&surroundings);
  return status;
}
