/* SPDX-License-Identifier: MIT */
#include "suite_progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "../text/json_values.h"
#include "../text/memory_stream.h"
#include "../text/printable.h"
#include "../text/status_line.h"

#define REDRAW_NS UINT64_C(200000000)
#define NS_PER_S 1e9

void nomem__suite_progress_start(struct nomem__suite_progress *progress, const struct nomem__suite *suite) {
  *progress = (struct nomem__suite_progress){
      .is_terminal = nomem__status_line_is_possible(), .is_quiet = suite->options->quiet, .began_ns = uv_hrtime()};
  for (size_t i = 0; i < suite->cases.count; i++) progress->cases += suite->cases.list[i].reason == NULL;
}

static void clear(struct nomem__suite_progress *progress) {
  if (progress->is_shown) nomem__status_line_erase();
  progress->is_shown = false;
}

/* In seconds; negative: too little is known. The cases that wait take as long as the others. */
static double find_time_left(const struct nomem__suite_progress *progress, const struct nomem__progress_board *boards,
                             size_t board_count, double elapsed) {
  double spent = progress->seconds, left = 0;
  size_t begun = progress->cases_done;
  for (size_t i = 0; i < board_count; i++) {
    begun += boards[i].is_begun;
    spent += boards[i].time.spent;
    left += boards[i].time.left;
  }
  if (begun == 0 || spent <= 0) return -1;
  if (progress->cases > begun) left += (spent + left) / (double)begun * (double)(progress->cases - begun);
  return left * elapsed / spent;
}

void nomem__suite_progress_draw(struct nomem__suite_progress *progress, const struct nomem__progress_board *boards,
                                size_t board_count) {
  uint64_t now = uv_hrtime();
  if (!progress->is_terminal || progress->is_quiet || now - progress->drawn_ns < REDRAW_NS) return;
  size_t runs = progress->runs_done, findings = 0;
  for (size_t i = 0; i < board_count; i++) {
    runs += boards[i].done;
    findings += boards[i].findings;
  }
  double elapsed = (double)(now - progress->began_ns) / NS_PER_S;
  double left = find_time_left(progress, boards, board_count, elapsed);
  struct nomem__memory_stream stream;
  FILE *out = nomem__memory_stream_open(&stream);
  fprintf(out, "nomem: %zu of %zu tests, %zu runs", progress->cases_done, progress->cases, runs);
  if (findings > 0) fprintf(out, ", %zu finding%s in those that run", findings, findings == 1 ? "" : "s");
  if (left >= 0) fprintf(out, ", %.0f s left", left);
  char *line = nomem__memory_stream_close(&stream);
  nomem__status_line_draw(line);
  free(line);
  progress->is_shown = true;
  progress->drawn_ns = now;
}

static uint64_t count_runs(const json_t *document) {
  return nomem__json_count(json_object_get(document, "coverage"), "points_tried");
}

void nomem__suite_progress_done(struct nomem__suite_progress *progress, const struct nomem__suite *suite,
                                size_t number) {
  const struct nomem__case_result *result = &suite->results[number];
  size_t findings = json_array_size(json_object_get(result->document, "findings"));
  progress->cases_done++;
  progress->seconds += (double)suite->explored_us[number] / 1e6;
  progress->runs_done += count_runs(result->document);
  if (progress->is_terminal || progress->is_quiet) return;
  fprintf(stderr, "nomem: %zu of %zu: ", progress->cases_done, progress->cases);
  nomem__print_safe(stderr, suite->cases.list[number].name);
  if (result->reason != NULL) {
    fputs(": not explored: ", stderr);
    nomem__print_safe(stderr, result->reason);
    fputc('\n', stderr);
    return;
  }
  fprintf(stderr, ": %" PRIu64 " runs, %zu finding%s, %.1f s\n", count_runs(result->document), findings,
          findings == 1 ? "" : "s", (double)suite->explored_us[number] / 1e6);
}

void nomem__suite_progress_stop(struct nomem__suite_progress *progress) {
  clear(progress);
}
