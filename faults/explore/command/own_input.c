/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "own_input.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../store/database.h"
#include "../suite/recorded_input.h"
#include "../text/complain.h"
#include "../text/error_text.h"
#include "../text/memory.h"

/* So often it is looked whether somebody still writes, and so long between; and so often where nobody has written
 * anything yet: a pipe that a server or a connection has for all tests mostly stays empty. */
#define LOOKS 200
#define LOOKS_WHILE_EMPTY 20
#define LOOK_MS 10

static bool is_empty(int pipe) {
  int bytes = 0;
  return ioctl(pipe, FIONREAD, &bytes) == 0 && bytes == 0;
}

void nomem__own_input_copy(struct nomem__own_input *input, bool is_quiet) {
  int pipe = nomem__input_note_own(&input->recording, &input->image);
  for (int i = 0; pipe >= 0 && i < LOOKS && !nomem__input_take(&input->recording, &input->image, pipe); i++) {
    if (i >= LOOKS_WHILE_EMPTY && is_empty(pipe)) break;
    poll(NULL, 0, LOOK_MS);
  }
  if (pipe >= 0) close(pipe);
  if (input->image.is_input_lost && !is_quiet)
    nomem__complain(
        "what the test has as its standard input is too much to copy, or comes while it runs: it is "
        "explored without it");
}

const char *nomem__own_input_write(struct nomem__own_input *input, const struct nomem__options *options) {
  if (input->image.input == NOMEM_INPUT_FILE && input->image.input_source == 0) return input->image.input_path;
  if (input->image.input_text == NULL) return NULL;
  int error;
  char *store = options->no_store ? NULL : nomem__store_place(options->store, &error);
  input->folder = nomem__inputs_choose(store, &input->is_temporary);
  input->path = nomem__input_write(input->image.input_text, input->folder);
  if (input->path == NULL && store != NULL) {
    free(input->folder);
    input->folder = nomem__inputs_choose(NULL, &input->is_temporary);
    input->path = nomem__input_write(input->image.input_text, input->folder);
  }
  free(store);
  if (input->path == NULL)
    nomem__complain("cannot write a copy of the standard input, so the test is explored without it: %s",
                    nomem__error_text(errno));
  return input->path;
}

void nomem__own_input_free(struct nomem__own_input *input, bool is_named) {
  if (input->is_temporary && !is_named) nomem__inputs_remove(input->folder);
  free(input->image.input_path);
  free(input->path);
  free(input->folder);
  nomem__recording_free(&input->recording);
}
