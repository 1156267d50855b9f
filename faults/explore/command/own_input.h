/* SPDX-License-Identifier: MIT */
/* What the runner of a test gives to the standard input of the command that stands in front of that test. The test has
 * it when it runs as it is, and every run of the exploration is to have the same. */
#ifndef NOMEM_OWN_INPUT_H
#define NOMEM_OWN_INPUT_H

#include <stdbool.h>

#include "../options/options.h"
#include "../suite/recording.h"

/* All zero: nothing is known. */
struct nomem__own_input {
  struct nomem__recording recording;
  struct nomem__recorded_image image;
  char *path, *folder;
  bool is_temporary;
};

/* Copies it, without taking anything away. Waits a while for whoever still writes. */
void nomem__own_input_copy(struct nomem__own_input *input, bool is_quiet);

/* Returns the path of a file with the input, which is the input's; NULL: it is empty, or there is no copy, which was
 * said in one line on standard error. */
const char *nomem__own_input_write(struct nomem__own_input *input, const struct nomem__options *options);

/* is_named: a line to paste may name the file, so it stays. */
void nomem__own_input_free(struct nomem__own_input *input, bool is_named);

#endif
