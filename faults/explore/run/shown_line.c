/* SPDX-License-Identifier: MIT */
#include "shown_line.h"

#include <stdio.h>
#include <string.h>

#define SHOWN_BYTES 72 /* of a line */
#define SHOWN_BEFORE 24

void nomem__line_copy(char line[NOMEM__LINE_BYTES], const char *text, size_t bytes) {
  const char *end = memchr(text, '\n', bytes);
  size_t length = end != NULL ? (size_t)(end - text) : bytes;
  if (length > NOMEM__LINE_BYTES - 1) length = NOMEM__LINE_BYTES - 1;
  memcpy(line, text, length);
  line[length] = '\0';
}

const char *nomem__line_quote(bool is_at_end, const char *line, size_t column, char text[NOMEM_QUOTE_BYTES]) {
  if (is_at_end) return "nothing";
  size_t length = strlen(line), from = column > SHOWN_BEFORE ? column - SHOWN_BEFORE : 0;
  if (from > length) from = length;
  while (from > 0 && ((unsigned char)line[from] & 0xc0) == 0x80) from--; /* not within a character */
  char part[SHOWN_BYTES + sizeof "......"];
  snprintf(part, sizeof part, "%s%.*s%s", from > 0 ? "..." : "", SHOWN_BYTES, line + from,
           length - from > SHOWN_BYTES ? "..." : "");
  return nomem__quote(part, text, NOMEM_QUOTE_BYTES);
}

const char *nomem__line_quote_text(struct nomem__output_text text, char quoted[NOMEM_QUOTE_BYTES]) {
  char line[NOMEM__LINE_BYTES];
  nomem__line_copy(line, text.text != NULL ? text.text : "", text.bytes);
  return nomem__line_quote(text.text == NULL, line, 0, quoted);
}
