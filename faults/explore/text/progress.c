/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <stdio.h>

#include "status_line.h"

#define FIRST_MS 2000
#define REDRAW_MS 200
#define PLAIN_MS 10000
#define LINE_BYTES 160

static struct nomem__time_estimate estimate(const struct nomem__progress *progress) {
  if (progress->estimate_time == NULL) return (struct nomem__time_estimate){0};
  return progress->estimate_time(progress->user);
}

static void print_line(uv_timer_t *timer) {
  struct nomem__progress *progress = timer->data;
  if (progress->board != NULL) {
    *progress->board = (struct nomem__progress_board){.done = progress->done,
                                                      .findings = progress->findings,
                                                      .is_begun = true,
                                                      .load = progress->board->load,
                                                      .time = estimate(progress)};
    return;
  }
  uint64_t now = uv_now(timer->loop), elapsed_ms = now - progress->started_ms;
  if (elapsed_ms < FIRST_MS || progress->done == 0) return;
  if (!progress->is_terminal && now - progress->last_plain_ms < PLAIN_MS) return;
  double per_second = (double)progress->done * 1000 / (double)elapsed_ms;
  char line[LINE_BYTES];
  if (progress->estimate_time != NULL && progress->total >= progress->done) /* not all runs are foreseen */
    snprintf(line, sizeof line, "nomem: %zu of %zu runs, %zu finding%s, %.0f a second, %.0f s left", progress->done,
             progress->total, progress->findings, progress->findings == 1 ? "" : "s", per_second,
             estimate(progress).left);
  else
    snprintf(line, sizeof line, "nomem: %zu runs, %.0f a second", progress->done, per_second);
  if (progress->is_terminal)
    nomem__status_line_draw(line);
  else
    fprintf(stderr, "%s\n", line);
  progress->is_shown = progress->is_terminal;
  progress->last_plain_ms = now;
}

void nomem__progress_start(struct nomem__progress *progress, uv_loop_t *loop, size_t total) {
  uint64_t now = uv_now(loop);
  *progress = (struct nomem__progress){
      .is_terminal = nomem__status_line_is_possible(), .total = total, .started_ms = now, .last_plain_ms = now};
  uv_timer_init(loop, &progress->timer);
  progress->timer.data = progress;
  uv_timer_start(&progress->timer, print_line, REDRAW_MS, REDRAW_MS);
  uv_unref((uv_handle_t *)&progress->timer);
}

void nomem__progress_clear(struct nomem__progress *progress) {
  if (progress->is_shown) nomem__status_line_erase();
  progress->is_shown = false;
}

void nomem__progress_stop(struct nomem__progress *progress) {
  nomem__progress_clear(progress);
  uv_close((uv_handle_t *)&progress->timer, NULL);
}
