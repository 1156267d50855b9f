/* SPDX-License-Identifier: MIT */
#include "line_counts.h"

#include <stdlib.h>
#include <string.h>

#include "../text/grow.h"
#include "../text/memory.h"

static const struct nomem__counted_file *find_file(const struct nomem__line_counts *counts, const char *path) {
  /* The one that was asked for last is asked for again, mostly. */
  for (size_t i = counts->count; i-- > 0;)
    if (strcmp(counts->list[i].path, path) == 0) return &counts->list[i];
  return NULL;
}

struct nomem__counted_file *nomem__line_counts_file(struct nomem__line_counts *counts, const char *path) {
  const struct nomem__counted_file *found = find_file(counts, path);
  if (found != NULL) return &counts->list[found - counts->list];
  counts->list = nomem__grow(counts->list, counts->count, &counts->room, sizeof *counts->list);
  counts->list[counts->count] = (struct nomem__counted_file){.path = nomem__strdup(path), .is_sorted = true};
  return &counts->list[counts->count++];
}

static int by_number(const void *left, const void *right) {
  const struct nomem__line_count *a = left, *b = right;
  return a->number < b->number ? -1 : a->number > b->number;
}

static void sort_lines(struct nomem__counted_file *file) {
  if (!file->is_sorted) qsort(file->list, file->count, sizeof *file->list, by_number);
  file->is_sorted = true;
}

static struct nomem__line_count *find_line(struct nomem__counted_file *file, unsigned number) {
  const struct nomem__line_count key = {.number = number};
  sort_lines(file);
  return file->count == 0 ? NULL : bsearch(&key, file->list, file->count, sizeof key, by_number);
}

/* Sources give their lines in order, most of the time. */
static struct nomem__line_count *add_line(struct nomem__counted_file *file, unsigned number) {
  bool is_last = file->count == 0 || (file->is_sorted && file->list[file->count - 1].number < number);
  struct nomem__line_count *found = is_last ? NULL : find_line(file, number);
  if (found != NULL) return found;
  file->list = nomem__grow(file->list, file->count, &file->room, sizeof *file->list);
  file->is_sorted = is_last;
  file->list[file->count] = (struct nomem__line_count){.number = number};
  return &file->list[file->count++];
}

static void add_conditions(struct nomem__line_count *line, enum nomem__coverage_phase phase,
                           const struct nomem__line_report *report) {
  size_t count = report->taken_count / 2;
  if (line->condition_count == 0 && count > 0) {
    line->conditions = nomem__calloc(count, sizeof *line->conditions);
    line->condition_count = count;
  }
  line->is_ambiguous |= report->is_ambiguous || (count > 0 && line->condition_count != count);
  for (size_t i = 0; i < count && i < line->condition_count; i++)
    for (size_t way = 0; way < 2; way++) line->conditions[i].taken[phase][way] += report->taken[2 * i + way];
}

void nomem__line_counts_add(struct nomem__counted_file *file, enum nomem__coverage_phase phase,
                            const struct nomem__line_report *report) {
  struct nomem__line_count *line = add_line(file, report->number);
  line->reached[phase] += report->reached;
  add_conditions(line, phase, report);
}

const struct nomem__line_count *nomem__line_counts_find(struct nomem__line_counts *counts, const char *path,
                                                        unsigned number) {
  const struct nomem__counted_file *file = find_file(counts, path);
  return file == NULL ? NULL : find_line(&counts->list[file - counts->list], number);
}

static int by_path(const void *left, const void *right) {
  const struct nomem__counted_file *a = left, *b = right;
  return strcmp(a->path, b->path);
}

void nomem__line_counts_sort(struct nomem__line_counts *counts) {
  if (counts->count > 0) qsort(counts->list, counts->count, sizeof *counts->list, by_path);
  for (size_t i = 0; i < counts->count; i++) sort_lines(&counts->list[i]);
}

void nomem__line_counts_free(struct nomem__line_counts *counts) {
  for (size_t i = 0; i < counts->count; i++) {
    struct nomem__counted_file *file = &counts->list[i];
    for (size_t line = 0; line < file->count; line++) free(file->list[line].conditions);
    free(file->list);
    free(file->path);
  }
  free(counts->list);
  *counts = (struct nomem__line_counts){0};
}

/* Of a condition that is a check. */
static enum nomem__check_state decide_one(const struct nomem__condition_counts *condition) {
  const uint64_t *baseline = condition->taken[NOMEM_COVERAGE_BASELINE];
  const uint64_t *failures = condition->taken[NOMEM_COVERAGE_FAILURES];
  bool one = baseline[0] > 0 || failures[0] > 0, other = baseline[1] > 0 || failures[1] > 0;
  if (one && other) return NOMEM_CHECK_ENTERED;
  if (!one && !other) return NOMEM_CHECK_NOT_REACHED;
  return baseline[0] > 0 || baseline[1] > 0 ? NOMEM_CHECK_NOT_ENTERED : NOMEM_CHECK_UNKNOWN;
}

enum nomem__check_state nomem__check_decide(const struct nomem__line_count *line, size_t check_count) {
  bool has_count[NOMEM_CHECK_UNKNOWN + 1] = {false};
  if (line == NULL || line->is_ambiguous || line->condition_count == 0) return NOMEM_CHECK_UNKNOWN;
  for (size_t i = 0; i < line->condition_count; i++) has_count[decide_one(&line->conditions[i])] = true;
  bool all_entered =
      !has_count[NOMEM_CHECK_NOT_ENTERED] && !has_count[NOMEM_CHECK_NOT_REACHED] && !has_count[NOMEM_CHECK_UNKNOWN];
  bool all_unreached =
      !has_count[NOMEM_CHECK_NOT_ENTERED] && !has_count[NOMEM_CHECK_ENTERED] && !has_count[NOMEM_CHECK_UNKNOWN];
  if (all_entered) return NOMEM_CHECK_ENTERED;
  if (all_unreached) return NOMEM_CHECK_NOT_REACHED;
  if (line->condition_count != check_count) return NOMEM_CHECK_UNKNOWN;
  /* Of several, the first that was never entered is why the next ones were always come to. */
  return has_count[NOMEM_CHECK_NOT_ENTERED] ? NOMEM_CHECK_NOT_ENTERED : NOMEM_CHECK_UNKNOWN;
}
