/* SPDX-License-Identifier: MIT */
/* What the process of the runner says to the command, for in_place.c and in_place_runner.c only. The answer is the
 * number of a process whose end is held back no longer. */
#ifndef NOMEM_IN_PLACE_MESSAGES_H
#define NOMEM_IN_PLACE_MESSAGES_H

#include <stdint.h>

#include "inherited.h"

enum nomem__placed { NOMEM_PLACED_PASSED, NOMEM_PLACED_FAILED, NOMEM_PLACED_TIME_UP };

struct nomem__placed_message {
  uint64_t placed;         /* enum nomem__placed */
  uint64_t number;         /* of the case, unless the time was up */
  int64_t pid;             /* of one that has passed, whose end is held back */
  int64_t status;          /* of one that has failed, as from waitpid */
  uint64_t variable_bytes; /* of one that has passed: so many follow, as from nomem__variables_compare, */
  uint64_t command_bytes;  /* and so many of its file's path, its folder, its input's path, or "", and its words */
  uint64_t inherited;      /* so many descriptors come after that, which it was started with */
  int numbers[NOMEM_INHERITED_MAX];
};

#endif
