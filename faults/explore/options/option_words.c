/* SPDX-License-Identifier: MIT */
#include "option_words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../text/memory.h"

static const char blanks[] = " \t\r\n\v\f";

/* Where the reading of a text is, and where the next byte of a word goes. */
struct reader {
  const char *at;
  char *end;
  unsigned line;
};

static bool is_blank(char c) {
  return c != '\0' && strchr(blanks, c) != NULL;
}

static void take(struct reader *reader) {
  if (*reader->at == '\n') reader->line++;
  *reader->end++ = *reader->at++;
}

/* Passes blanks and comments. */
static void skip(struct reader *reader, bool has_comments) {
  for (;; reader->at++) {
    if (has_comments && *reader->at == '#') reader->at += strcspn(reader->at, "\n");
    if (!is_blank(*reader->at)) return;
    if (*reader->at == '\n') reader->line++;
  }
}

/* Takes what stands in quotes, which the reader is at the first of. Returns false when there is no second one. */
static bool take_quoted(struct reader *reader) {
  char quote = *reader->at++;
  while (*reader->at != quote) {
    bool is_escape = quote == '"' && *reader->at == '\\' && (reader->at[1] == '"' || reader->at[1] == '\\');
    if (is_escape) reader->at++;
    if (*reader->at == '\0') return false;
    take(reader);
  }
  reader->at++;
  return true;
}

static bool take_word(struct reader *reader) {
  while (*reader->at != '\0' && !is_blank(*reader->at)) {
    if (*reader->at == '\'' || *reader->at == '"') {
      if (!take_quoted(reader)) return false;
      continue;
    }
    if (*reader->at == '\\' && reader->at[1] != '\0') reader->at++;
    take(reader);
  }
  *reader->end++ = '\0';
  return true;
}

static void add(struct nomem__option_words *words, char *word, unsigned line) {
  if (words->count + 1 >= words->room) {
    words->room = words->room == 0 ? 16 : words->room * 2;
    words->list = nomem__reallocarray(words->list, words->room, sizeof *words->list);
    words->lines = nomem__reallocarray(words->lines, words->room, sizeof *words->lines);
  }
  words->lines[words->count] = line;
  words->list[words->count++] = word;
  words->list[words->count] = NULL;
}

int nomem__option_words_split(struct nomem__option_words *words, const char *text, bool has_comments, unsigned *line) {
  *words = (struct nomem__option_words){.text = nomem__malloc(strlen(text) + 1)};
  struct reader reader = {.at = text, .end = words->text, .line = 1};
  for (skip(&reader, has_comments); *reader.at != '\0'; skip(&reader, has_comments)) {
    char *word = reader.end;
    *line = reader.line;
    if (!take_word(&reader)) return -EINVAL;
    add(words, word, *line);
  }
  return 0;
}

void nomem__option_words_free(struct nomem__option_words *words) {
  free(words->text);
  free(words->list);
  free(words->lines);
  *words = (struct nomem__option_words){0};
}
