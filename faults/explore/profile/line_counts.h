/* SPDX-License-Identifier: MIT */
/* How often each line of the sources was reached, and each way out of its conditions was taken, in runs without a fault
 * and in those with one. Numbers of different sources, such as two programs with the same code in them, are added up.
 * Pure. */
#ifndef NOMEM_LINE_COUNTS_H
#define NOMEM_LINE_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../run/coverage_data.h"

/* A condition has two ways out. */
struct nomem__condition_counts {
  uint64_t taken[NOMEM_COVERAGE_PHASES][2];
};

struct nomem__line_count {
  unsigned number;
  uint64_t reached[NOMEM_COVERAGE_PHASES];
  struct nomem__condition_counts *conditions; /* from left to right; owned */
  size_t condition_count;
  bool is_ambiguous; /* the sources do not agree how many conditions it has, or one has more ways out than two */
};

struct nomem__counted_file {
  char *path;                     /* absolute; owned */
  struct nomem__line_count *list; /* by number, once they are sorted; owned */
  size_t count, room;
  bool is_sorted;
};

/* All zero: none. */
struct nomem__line_counts {
  struct nomem__counted_file *list;
  size_t count, room;
};

/* The file, which is added where it is not there yet. Valid until the next one is added. */
struct nomem__counted_file *nomem__line_counts_file(struct nomem__line_counts *counts, const char *path);

/* What one source has on one line. taken: of each condition two numbers, one after the other. */
struct nomem__line_report {
  unsigned number;
  uint64_t reached;
  const uint64_t *taken;
  size_t taken_count;
  bool is_ambiguous;
};

/* Adds that. */
void nomem__line_counts_add(struct nomem__counted_file *file, enum nomem__coverage_phase phase,
                            const struct nomem__line_report *report);

/* The line of a file; NULL: nothing is known of it. */
const struct nomem__line_count *nomem__line_counts_find(struct nomem__line_counts *counts, const char *path,
                                                        unsigned number);

/* Sorts the files by path and their lines by number. */
void nomem__line_counts_sort(struct nomem__line_counts *counts);

void nomem__line_counts_free(struct nomem__line_counts *counts);

/* What became of a check of an allocation: a condition on whether it returned NULL. */
enum nomem__check_state {
  NOMEM_CHECK_ENTERED,     /* both ways were taken */
  NOMEM_CHECK_NOT_ENTERED, /* it was come to, and never was anything NULL there */
  NOMEM_CHECK_NOT_REACHED, /* no run came to it */
  NOMEM_CHECK_UNKNOWN,     /* it cannot be told from other conditions of its line, or which way is which */
};

/* Decides that for a line on which so many conditions are checks. In runs without a fault nothing is NULL, so the way
 * that they take is the other one. NULL: nothing is known of the line. */
enum nomem__check_state nomem__check_decide(const struct nomem__line_count *line, size_t check_count);

#endif
