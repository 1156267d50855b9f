/* SPDX-License-Identifier: MIT */
#include "quote.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "printable.h"

/* The longest form of a byte, \x and two digits, which is as long as the longest UTF-8 sequence. */
#define PIECE_BYTES 4
#define SHORTEST_OUT_BYTES 16

/* Writes the first character of text to piece, escaped where it has to be. Returns how many bytes of text that was. */
static size_t escape_next(const char *text, char piece[PIECE_BYTES + 1]) {
  static const char names[] = "\nn\tt\rr\\\\";
  for (const char *name = names; *name; name += 2) {
    if (text[0] != name[0]) continue;
    snprintf(piece, PIECE_BYTES + 1, "\\%c", name[1]);
    return 1;
  }
  size_t length = nomem__printable_bytes(text);
  if (length == 0) {
    snprintf(piece, PIECE_BYTES + 1, "\\x%02x", (unsigned char)text[0]);
    return 1;
  }
  memcpy(piece, text, length);
  piece[length] = '\0';
  return length;
}

char *nomem__quote(const char *text, char *out, size_t out_bytes) {
  static const char cut[] = "...'";
  assert(text != NULL && out != NULL && out_bytes >= SHORTEST_OUT_BYTES);
  size_t used = 0;
  size_t fits = 1; /* how much of out can stay when the end has to be cut */
  out[used++] = '\'';
  while (*text != '\0') {
    char piece[PIECE_BYTES + 1];
    text += escape_next(text, piece);
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
