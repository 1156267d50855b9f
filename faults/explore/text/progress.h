/* SPDX-License-Identifier: MIT */
/* What a user sees while a command works: one line that is rewritten on a terminal, a plain line now and then where
 * standard error is something else, nothing for the first two seconds. */
#ifndef NOMEM_PROGRESS_H
#define NOMEM_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct nomem__progress {
  uv_timer_t timer;
  bool is_terminal;
  bool is_shown;
  uint64_t started_ms, last_plain_ms;
  size_t done, total, findings; /* the caller keeps them up to date */
};

/* total 0: nobody knows. */
void nomem__progress_start(struct nomem__progress *progress, uv_loop_t *loop, size_t total);

/* Wipes the line, so that another can be written. */
void nomem__progress_clear(struct nomem__progress *progress);

/* Wipes the line and closes the timer; the loop must run once more before progress is freed. */
void nomem__progress_stop(struct nomem__progress *progress);

#endif
