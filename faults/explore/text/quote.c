/* SPDX-License-Identifier: MIT */
#include "quote.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* What one byte can become: \x and two digits. A whole UTF-8 sequence is no longer. */
#define PIECE_BYTES 4
#define SHORTEST_OUT_BYTES 16

static bool is_continuation(unsigned char byte) {
  return (byte & 0xC0) == 0x80;
}

/* The bytes of the UTF-8 sequence that text begins with; 0 when it is none, or is a control character of Latin-1 (which
 * terminals obey in their two-byte form too). Overlong forms and surrogates count as sequences: terminals show them as
 * the replacement character. */
static size_t utf8_length(const unsigned char *text) {
  size_t length = text[0] >= 0xF0 && text[0] < 0xF5 ? 4 : text[0] >= 0xE0 && text[0] < 0xF0 ? 3 : 2;
  if (text[0] < 0xC2 || text[0] >= 0xF5) return 0;
  if (text[0] == 0xC2 && text[1] < 0xA0) return 0;
  for (size_t i = 1; i < length; i++)
    if (!is_continuation(text[i])) return 0;
  return length;
}

/* Writes what stands for the start of text to piece; returns how much of text that was. */
static size_t next_piece(const unsigned char *text, char piece[PIECE_BYTES + 1]) {
  static const char names[] = "\nn\tt\rr\\\\";
  for (const char *name = names; *name; name += 2) {
    if (text[0] != (unsigned char)name[0]) continue;
    snprintf(piece, PIECE_BYTES + 1, "\\%c", name[1]);
    return 1;
  }
  size_t length = text[0] >= 0x20 && text[0] < 0x7F ? 1 : utf8_length(text);
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
    rest += next_piece(rest, piece);
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
