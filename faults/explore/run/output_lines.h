/* SPDX-License-Identifier: MIT */
/* Which lines of an output are the same in all runs without a fault, and which of them a run with a fault lacks. A line
 * that varies in numbers or words only is compared without these; then the order of lines is not compared. Times,
 * durations and addresses are never compared. Pure. */
#ifndef NOMEM_OUTPUT_LINES_H
#define NOMEM_OUTPUT_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A text that need not end with a zero byte; the caller's. */
struct nomem__output_text {
  const char *text;
  size_t bytes;
};

struct nomem__line_shape;

/* All zero at first. */
struct nomem__stable_lines {
  struct nomem__line_shape *shapes; /* sorted, owned */
  size_t shape_count;
  uint64_t *wanted; /* of each line of the first text: what must be in every run; 0: it is not compared; owned */
  size_t line_count;
  size_t varying_lines;  /* of the first text, compared in part */
  size_t ignored_lines;  /* of the first text, not compared at all */
  bool has_ignored_line; /* one of the texts has such a line: other lines may come and go */
  bool has_order;        /* there was only one text: its order counts, too */
};

/* A line of a run that is in none of the texts, or one of the first text that is not in the run. */
struct nomem__line_difference {
  size_t missing;    /* the first one of the first text, from 1; 0: none */
  size_t added;      /* the first one of the run, from 1; 0: none, or it may come and go */
  bool is_reordered; /* the lines do not stand in the only order that is known */
};

/* Learns from what all runs without a fault wrote. The texts are not kept. Replaces what was learnt before. */
void nomem__stable_lines_learn(struct nomem__stable_lines *stable, const struct nomem__output_text *texts,
                               size_t count);

void nomem__stable_lines_free(struct nomem__stable_lines *stable);

/* Compares a run with that. is_said, which may be NULL, is asked of each line that is in none of the texts, until it
 * says yes; *was_said is whether it did. */
struct nomem__line_difference nomem__stable_lines_compare(const struct nomem__stable_lines *stable,
                                                          struct nomem__output_text run,
                                                          bool (*is_said)(const char *line, size_t bytes),
                                                          bool *was_said);

/* The line with this number, from 1, without its end; {NULL, 0} behind the last. */
struct nomem__output_text nomem__output_line(struct nomem__output_text text, size_t number);

#endif
