/* SPDX-License-Identifier: MIT */
#include "fold.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* How much further in a line goes on. */
#define INDENT 4
#define COMMAND_INDENT 2
/* At the end of a line of a command: a blank and a backslash. */
#define CONTINUATION_COLUMNS 2

/* A line that is being folded. */
struct line {
  const char *end, *hang, *command; /* hang, command: NULL, or where they stand */
  size_t indent;                    /* columns before what goes on */
  FILE *out;
};

/* Inside which quotes a place of a command is. */
struct quoting {
  char quote; /* ' or ", '$' for $'...'; 0: none */
  bool is_escaped, is_dollar;
};

static void quoting_step(struct quoting *quoting, char c) {
  bool was_dollar = quoting->is_dollar;
  quoting->is_dollar = false;
  if (quoting->is_escaped) {
    quoting->is_escaped = false;
  } else if (c == '\\' && quoting->quote != '\'') {
    quoting->is_escaped = true;
  } else if (quoting->quote == 0) {
    if (c == '\'' || c == '"') quoting->quote = (char)(c == '\'' && was_dollar ? '$' : c);
    quoting->is_dollar = c == '$';
  } else if (c == quoting->quote || (c == '\'' && quoting->quote == '$')) {
    quoting->quote = 0;
  }
}

static bool is_mark(char c) {
  return c == NOMEM_FOLD_HANG || c == NOMEM_FOLD_COMMAND;
}

/* How many bytes at text have no width: a mark, or a sequence that sets a colour. */
static size_t widthless_bytes(const char *text, const char *end) {
  if (is_mark(*text)) return 1;
  if (*text != '\033') return 0;
  size_t bytes = 1;
  while (text + bytes < end && text[bytes] != 'm') bytes++;
  return text + bytes < end ? bytes + 1 : bytes;
}

/* How many columns the character takes that begins with this byte, at most: nobody knows of those that three bytes and
 * more encode, and 0 is that of a byte within one. */
static size_t width_of(char first) {
  unsigned char byte = (unsigned char)first;
  if ((byte & 0xc0) == 0x80) return 0;
  return byte >= 0xe0 ? 2 : 1;
}

static size_t measure(const char *text, const char *end) {
  size_t columns = 0;
  while (text < end) {
    size_t skipped = widthless_bytes(text, end);
    if (skipped == 0) columns += width_of(*text);
    text += skipped > 0 ? skipped : 1;
  }
  return columns;
}

static void print_part(FILE *out, const char *text, const char *end) {
  for (; text < end; text++)
    if (!is_mark(*text)) fputc(*text, out);
}

/* Prints what stands before all that goes on: blanks, and of source the line at its left, in its colours. */
static void print_indent(const struct line *line, const char *begin) {
  size_t column = 0;
  for (const char *c = begin; line->hang != NULL && c < line->hang && column < line->indent;) {
    size_t skipped = widthless_bytes(c, line->end);
    if (skipped > 0) {
      print_part(line->out, c, c + skipped);
    } else if (width_of(*c) > 0) {
      fputc(*c == '|' ? '|' : ' ', line->out);
      column++;
    }
    c += skipped > 0 ? skipped : 1;
  }
  fprintf(line->out, "%*s", (int)(line->indent - column), "");
}

/* A place at which a line may end. */
struct place {
  const char *at;
  bool is_blank;
};

/* Returns where a line ends that begins here at a column; at the line's end if all of the rest fits. *quoting is that
 * of the place where it begins, and then of where it ends. */
static struct place find_end(const struct line *line, const char *from, size_t column, size_t columns,
                             struct quoting *quoting) {
  struct place best = {.at = NULL};
  struct quoting now = *quoting, at_best = now;
  if (column + measure(from, line->end) <= columns) return (struct place){.at = line->end};
  const char *c = from;
  while (c < line->end) {
    size_t skipped = widthless_bytes(c, line->end);
    bool is_command = line->command != NULL && c > line->command;
    size_t room = columns - (line->command != NULL ? CONTINUATION_COLUMNS : 0);
    bool is_unquoted = now.quote == 0 && !now.is_escaped;
    bool is_blank = *c == ' ' && is_unquoted && (c == from || c[-1] != ' ');
    bool fits = column + (is_blank || skipped > 0 ? 0 : width_of(*c)) <= room;
    if (!fits && best.at != NULL) break;
    if (is_blank && column > line->indent && (line->command == NULL || is_command || c + 1 == line->command))
      best = (struct place){.at = c, .is_blank = true}, at_best = now;
    /* Where no blank is, the word is divided, at the last place that fits. */
    bool divides = skipped == 0 && width_of(*c) > 0 && column > line->indent && column + width_of(*c) > room;
    if (divides && best.at == NULL && (line->command == NULL || (is_command && is_unquoted && !now.is_dollar))) {
      *quoting = now;
      return (struct place){.at = c};
    }
    if (is_command && skipped == 0) quoting_step(&now, *c);
    column += skipped == 0 ? width_of(*c) : 0;
    c += skipped > 0 ? skipped : 1;
  }
  *quoting = best.at != NULL ? at_best : now;
  return best.at != NULL ? best : (struct place){.at = line->end};
}

static void fold_line(FILE *out, const char *begin, const char *end, unsigned columns) {
  struct line line = {.end = end, .out = out, .hang = memchr(begin, NOMEM_FOLD_HANG, (size_t)(end - begin))};
  struct quoting quoting = {0};
  line.command = memchr(begin, NOMEM_FOLD_COMMAND, (size_t)(end - begin));
  line.indent = strspn(begin, " ") + (line.command != NULL ? COMMAND_INDENT : INDENT);
  if (line.hang != NULL) line.indent = measure(begin, line.hang);
  if (line.indent > columns - columns / 4) line.indent = columns - columns / 4;
  const char *from = begin;
  for (size_t column = 0;;) {
    struct place place = find_end(&line, from, column, columns, &quoting);
    print_part(out, from, place.at);
    if (place.at == end) break;
    if (line.command != NULL) fputs(place.is_blank ? " \\" : "\\", out);
    fputc('\n', out);
    from = place.at;
    while (place.is_blank && *from == ' ') from++;
    bool is_divided = line.command != NULL && !place.is_blank; /* blanks would be part of the shell's word */
    if (!is_divided) print_indent(&line, begin);
    column = is_divided ? 0 : line.indent;
  }
}

unsigned nomem__fold_columns(int descriptor) {
  struct winsize size;
  return isatty(descriptor) && ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void nomem__fold(FILE *out, const char *text, unsigned columns) {
  while (*text != '\0') {
    size_t bytes = strcspn(text, "\n");
    fold_line(out, text, text + bytes, columns);
    if (text[bytes] == '\n') fputc('\n', out);
    text += bytes + (text[bytes] == '\n');
  }
}
