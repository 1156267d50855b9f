/* SPDX-License-Identifier: MIT */
/* What a user sees while a suite is explored: on a terminal, one line that is rewritten; elsewhere, a line for each
 * test that is done. */
#ifndef NOMEM_SUITE_PROGRESS_H
#define NOMEM_SUITE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "../text/progress.h"
#include "suite.h"

struct nomem__suite_progress {
  bool is_terminal, is_quiet, is_shown;
  uint64_t began_ns, drawn_ns;
  size_t cases, cases_done;
  size_t runs_done; /* of the cases that are done */
  double seconds;   /* that these took, one after the other */
};

void nomem__suite_progress_start(struct nomem__suite_progress *progress, const struct nomem__suite *suite);

/* Draws the line anew, if it is time. boards: of the cases that are being explored, so many. */
void nomem__suite_progress_draw(struct nomem__suite_progress *progress, const struct nomem__progress_board *boards,
                                size_t board_count);

/* A case is done. */
void nomem__suite_progress_done(struct nomem__suite_progress *progress, const struct nomem__suite *suite,
                                size_t number);

/* Erases the line. */
void nomem__suite_progress_stop(struct nomem__suite_progress *progress);

#endif
