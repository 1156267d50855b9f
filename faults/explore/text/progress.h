/* SPDX-License-Identifier: MIT */
/* What a user sees while a command works: on a terminal, a status line; where standard error is something
 * else, a plain line every ten seconds; nothing for the first two seconds. */
#ifndef NOMEM_PROGRESS_H
#define NOMEM_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* In seconds: how long it has worked, and will work, as far as that can be foreseen. */
struct nomem__time_estimate {
  double spent, left;
};

/* What others than the command's own line may look at while it works, in memory that is shared with them. */
struct nomem__progress_board {
  size_t done, findings;
  bool is_begun;
  unsigned load; /* of its runs together, in hundredths of a processor; 0: it is not known yet */
  struct nomem__time_estimate time;
};

struct nomem__progress {
  uv_timer_t timer;
  bool is_terminal;
  bool is_shown;
  uint64_t started_ms, last_plain_ms;
  struct nomem__progress_board *board; /* written to in place of standard error; NULL: there is none */
  size_t done, total, findings; /* runs made, runs expected (0: not known), and findings; the caller updates them */
  /* NULL: it is not known how long it will take. */
  struct nomem__time_estimate (*estimate_time)(const void *user);
  const void *user;
};

/* Starts the line. total 0: it is not known how many runs there will be. Where the time left can be foreseen, the
 * caller then sets estimate_time. */
void nomem__progress_start(struct nomem__progress *progress, uv_loop_t *loop, size_t total);

/* Erases the line, so that another can be printed. */
void nomem__progress_clear(struct nomem__progress *progress);

/* Erases the line and closes the timer. The loop must run once more before progress is freed. */
void nomem__progress_stop(struct nomem__progress *progress);

#endif
