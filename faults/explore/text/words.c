/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "words.h"

#include <stdbool.h>
#include <string.h>

#include "memory.h"
#include "memory_stream.h"
#include "printable.h"

char *nomem__join_words(char **words, size_t *bytes) {
  *bytes = 0;
  for (char **word = words; *word != NULL; word++) *bytes += strlen(*word) + 1;
  char *joined = nomem__malloc(*bytes + 1), *end = joined;
  for (char **word = words; *word != NULL; word++) end = stpcpy(end, *word) + 1;
  return joined;
}

char **nomem__split_words(char *words, size_t bytes) {
  size_t count = 0;
  for (size_t i = 0; i < bytes; i++) count += words[i] == '\0';
  char **list = nomem__calloc(count + 1, sizeof *list);
  for (size_t i = 0; i < count; i++, words += strlen(words) + 1) list[i] = words;
  return list;
}

void nomem__print_word(FILE *out, const char *word) {
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+@%^";
  if (*word != '\0' && word[strspn(word, plain)] == '\0') {
    fputs(word, out);
    return;
  }
  bool needs_escapes = !nomem__is_printable(word);
  fputs(needs_escapes ? "$'" : "'", out);
  for (const char *c = word; *c != '\0'; c++) {
    if (needs_escapes && ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f))
      fprintf(out, "\\x%02x", (unsigned char)*c);
    else if (needs_escapes && (*c == '\'' || *c == '\\'))
      fprintf(out, "\\%c", *c);
    else if (*c == '\'')
      fputs("'\\''", out);
    else
      fputc(*c, out);
  }
  fputc('\'', out);
}

void nomem__print_command(FILE *out, char **words) {
  for (char **word = words; *word != NULL; word++) {
    if (word > words) fputc(' ', out);
    nomem__print_word(out, *word);
  }
}

char *nomem__format_command(char **words) {
  struct nomem__memory_stream stream;
  nomem__print_command(nomem__memory_stream_open(&stream), words);
  return nomem__memory_stream_close(&stream);
}
