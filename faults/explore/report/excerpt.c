/* SPDX-License-Identifier: MIT */
#include "excerpt.h"

#include <stdlib.h>
#include <string.h>

#include "../text/fold.h"
#include "../text/printable.h"
#include "../text/source_lines.h"
#include "terminal.h"

/* A longer gap between two marks is left out. */
#define GAP_LINES 4
/* Before and after a mark that stands alone. */
#define CONTEXT_LINES 1
/* In front of a line of source. */
#define GUTTER_COLUMNS 10

/* In the order in which the files come, then by line. */
static int by_place(const void *left, const void *right) {
  const struct nomem__mark *a = left, *b = right;
  if (a->file_order != b->file_order) return a->file_order < b->file_order ? -1 : 1;
  if (a->line != b->line) return a->line < b->line ? -1 : 1;
  return a->column < b->column ? -1 : a->column > b->column;
}

static void sort(struct nomem__mark *marks, size_t count) {
  for (size_t i = 0; i < count; i++) {
    size_t first = 0;
    while (strcmp(marks[first].file, marks[i].file) != 0) first++;
    marks[i].file_order = first;
  }
  qsort(marks, count, sizeof *marks, by_place);
}

/* Prints no more than fits. */
static void print_cut(FILE *out, const char *text, unsigned columns) {
  char cut[NOMEM__SOURCE_LINE_BYTES + NOMEM__TAB_COLUMNS];
  size_t bytes = strlen(text);
  if (columns >= NOMEM_FOLD_COLUMNS_MIN && bytes + GUTTER_COLUMNS > columns) {
    bytes = columns - GUTTER_COLUMNS - 3;
    while (bytes > 0 && (text[bytes] & 0xc0) == 0x80) bytes--;
    memcpy(cut, text, bytes);
    memcpy(cut + bytes, "...", 4);
    text = cut;
  }
  nomem__print_safe(out, text);
}

static void print_line(FILE *out, unsigned number, const struct nomem__source_line *line) {
  nomem__colour_begin(out, NOMEM_COLOUR_GUTTER);
  fprintf(out, "  %5u | ", number);
  nomem__colour_end(out);
  print_cut(out, line->text, nomem__terminal_columns(out));
  fputc('\n', out);
}

static void print_mark(FILE *out, const struct nomem__mark *mark, const struct nomem__source_line *line) {
  size_t index = nomem__find_column(line, mark->column), blanks = 0;
  for (size_t i = 0; i < index; i++) blanks += (line->text[i] & 0xc0) != 0x80;
  unsigned columns = nomem__terminal_columns(out);
  unsigned most = columns - columns / 3; /* the rest is for words */
  if (columns >= NOMEM_FOLD_COLUMNS_MIN && blanks + GUTTER_COLUMNS > most) blanks = most - GUTTER_COLUMNS;
  nomem__colour_begin(out, NOMEM_COLOUR_GUTTER);
  fputs("        | ", out);
  nomem__colour_end(out);
  nomem__colour_begin(out, NOMEM_COLOUR_MARK);
  fprintf(out, "%*s^ ", (int)blanks, "");
  nomem__screen_hang(out);
  nomem__print_safe(out, mark->text);
  nomem__colour_end(out);
  fputc('\n', out);
}

/* How many of the marks, from the first on, share a piece of source. */
static size_t count_near(const struct nomem__mark *marks, size_t count) {
  size_t near = 1;
  while (near < count && strcmp(marks[near].file, marks->file) == 0 &&
         marks[near].line - marks[near - 1].line <= GAP_LINES)
    near++;
  return near;
}

/* Finds a line around one of these marks. Where a mark is at it, the line knows its tabs. */
static bool find_line(const struct nomem__mark *marks, size_t count, unsigned number, struct nomem__source_line *line) {
  bool is_found = false;
  for (size_t i = 0; i < count; i++)
    if (!is_found || marks[i].line == number)
      is_found = nomem__source_line_of(marks[i].source, number, marks[i].line, line) || is_found;
  return is_found;
}

/* Prints the piece of source with these marks. */
static void print_piece(FILE *out, struct nomem__mark *marks, size_t count) {
  unsigned context = marks[count - 1].line == marks->line ? CONTEXT_LINES : 0;
  unsigned first = marks->line > context ? marks->line - context : 1, last = marks[count - 1].line + context;
  struct nomem__source_line line;
  for (unsigned number = first; number <= last && find_line(marks, count, number, &line); number++) {
    print_line(out, number, &line);
    for (size_t i = 0; i < count; i++) {
      if (marks[i].line != number) continue;
      print_mark(out, &marks[i], &line);
      marks[i].is_shown = true;
    }
  }
}

static void print_file_name(FILE *out, const char *file) {
  nomem__colour_begin(out, NOMEM_COLOUR_GUTTER);
  fputs("      in ", out);
  nomem__print_safe(out, file);
  nomem__colour_end(out);
  fputc('\n', out);
}

void nomem__excerpt_print(FILE *out, struct nomem__mark *marks, size_t count, const char *known_file) {
  const char *file = known_file != NULL ? known_file : "";
  bool is_first = true;
  sort(marks, count);
  for (size_t i = 0, near; i < count; i += near) {
    struct nomem__source_line line;
    near = count_near(&marks[i], count - i);
    if (!find_line(&marks[i], near, marks[i + near - 1].line, &line)) continue;
    bool is_same_file = strcmp(file, marks[i].file) == 0;
    if (!is_same_file) print_file_name(out, marks[i].file);
    if (is_same_file && !is_first) fputs("      ...\n", out);
    print_piece(out, &marks[i], near);
    file = marks[i].file;
    is_first = false;
  }
}
