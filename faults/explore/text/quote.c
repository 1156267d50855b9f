/* SPDX-License-Identifier: MIT */
#include "quote.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The longest form of a byte, \x and two digits, which is as long as the longest UTF-8 sequence. */
#define PIECE_BYTES 4
#define SHORTEST_OUT_BYTES 16

static bool is_continuation(unsigned char byte) {
  return (byte & 0xC0) == 0x80;
}

/* Returns the length of the UTF-8 sequence that text begins with; 0 when there is none, or when it is a control
 * character of Latin-1, which terminals obey in this two-byte form, too. Overlong forms and surrogates count as
 * sequences: terminals show the replacement character for them. */
static size_t measure_utf8(const unsigned char *text) {
  size_t length = text[0] >= 0xF0 && text[0] < 0xF5 ? 4 : text[0] >= 0xE0 && text[0] < 0xF0 ? 3 : 2;
  if (text[0] < 0xC2 || text[0] >= 0xF5) return 0;
  if (text[0] == 0xC2 && text[1] < 0xA0) return 0;
  for (size_t i = 1; i < length; i++)
    if (!is_continuation(text[i])) return 0;
  return length;
}

/* Writes the escaped form of the first character of text to piece. Returns how many bytes of text that was. */
static size_t escape_next(const unsigned char *text, char piece[PIECE_BYTES + 1]) {
  static const char names[] = "\nn\tt\rr\\\\";
  for (const char *name = names; *name; name += 2) {
    if (text[0] != (unsigned char)name[0]) continue;
    snprintf(piece, PIECE_BYTES + 1, "\\%c", name[1]);
    return 1;
  }
  size_t length = text[0] >= 0x20 && text[0] < 0x7F ? 1 : measure_utf8(text);
  if (length == 0) {
    snprintf(piece, PIECE_BYTES + 1, "\\x%02x", text[0]);
    return 1;
  }
  memcpy(piece, text, length);
  piece[length] = '\0';
  return length;
}

char *nomem__quote(const char *text, char *out, size_t out_bytes) {
  static const char cut[] = "...'";
  assert(text != NULL && out != NULL && out_bytes >= SHORTEST_OUT_BYTES);
  const unsigned char *rest = (const unsigned char *)text;
  size_t used = 0;
  size_t fits = 1; /* how much of out can stay when the end has to be cut */
  out[used++] = '\'';
  while (*rest) {
    char piece[PIECE_BYTES + 1];
    rest += escape_next(rest, piece);
    size_t length = strlen(piece);
    if (used + length + sizeof "'" > out_bytes) {
      memcpy(out + fits, cut, sizeof cut);
      return out;
    }
    memcpy(out + used, piece, length);
    used += length;
    if (used + sizeof cut <= out_bytes) fits = used;
  }
  memcpy(out + used, "'", sizeof "'");
  return out;
}

void nomem__quote_last_line(const char *output, char line[NOMEM_QUOTE_BYTES]) {
  size_t end = strlen(output);
  while (end > 0 && output[end - 1] == '\n') end--;
  size_t begin = end;
  while (begin > 0 && output[begin - 1] != '\n') begin--;
  char copy[NOMEM_QUOTE_BYTES];
  snprintf(copy, sizeof copy, "%.*s", (int)(end - begin), output + begin);
  nomem__quote(copy, line, NOMEM_QUOTE_BYTES);
}
