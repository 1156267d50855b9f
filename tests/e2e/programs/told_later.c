/* SPDX-License-Identifier: MIT */
/* A library (with LIB) and its test, which calls the library once more after the call in which an allocation fails.
 * The reader has no memory and says so only when it is asked, but as something else: by what gives it back or, with
 * ASKED, by what says why a call returned false. With SHARED a registry makes one item of a name, or two without a
 * word: the test asserts that it is one, and gives both back. With COUNTED the test asserts how many items there are,
 * and goes on to give them back. MENDED: the library says what was the matter; QUIT: it ends the program where it is
 * called next. */
#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum read_error { READ_OK, READ_SYNTAX, READ_NO_MEMORY };

struct reader {
  enum read_error error;
  int count;
  char *name;
};

struct item {
  int uses;
  struct item **known;
};

void reader_parse(struct reader *reader, const char *text);
bool reader_next(struct reader *reader);
enum read_error reader_error(const struct reader *reader);
enum read_error reader_end(struct reader *reader);
int item_get(const char *name, struct item **item);
struct item *item_unref(struct item *item);
int items_add(int *count);
int items_end(int count);

#ifdef LIB
#ifdef MENDED
#define WITHOUT_MEMORY READ_NO_MEMORY
#else
#define WITHOUT_MEMORY READ_SYNTAX
#endif

void reader_parse(struct reader *reader, const char *text) {
  reader->name = strdup(text);
  reader->error = reader->name == NULL ? WITHOUT_MEMORY : READ_OK;
}

bool reader_next(struct reader *reader) {
  char *word = strdup(reader->name);
  if (word == NULL) reader->error = WITHOUT_MEMORY;
  free(word);
  return word != NULL;
}

enum read_error reader_error(const struct reader *reader) {
  return reader->error;
}

enum read_error reader_end(struct reader *reader) {
  enum read_error error = reader->error;
  free(reader->name);
  return error;
}

static struct item **known_items;

int item_get(const char *name, struct item **item) {
  if (known_items != NULL) {
    *item = *known_items;
    (*item)->uses++;
    return 0;
  }
  *item = calloc(1, sizeof **item);
  if (*item == NULL || *name == '\0') return -1;
  (*item)->uses = 1;
  known_items = malloc(sizeof(struct item *));
#ifdef MENDED
  if (known_items == NULL) {
    free(*item);
    return -1;
  }
#endif
  if (known_items != NULL) *known_items = *item;
  return 0;
}

/* Returns what is left of it. */
struct item *item_unref(struct item *item) {
  if (--item->uses > 0) return item;
  if (known_items != NULL && *known_items == item) {
    free(known_items);
    known_items = NULL;
  }
  free(item);
  return NULL;
}

int items_add(int *count) {
  char *copy = malloc(4);
#ifdef MENDED
  if (copy == NULL) return -1;
#endif
  *count += copy != NULL ? 2 : 1;
  free(copy);
  return 0;
}

int items_end(int count) {
#ifdef QUIT
  if (count < 2) exit(1);
#endif
  return count > 0 ? 0 : -1;
}

#elif defined SHARED
int main(void) {
  struct item *one, *other;
  if (item_get("salmon", &one) != 0) return 1;
  if (item_get("salmon", &other) != 0) {
    item_unref(one);
    return 1;
  }
  assert(one == other);
  item_unref(one);
  item_unref(other);
  return 0;
}

#elif defined COUNTED
int main(void) {
  int count = 0;
  if (items_add(&count) != 0) return 1;
#ifndef QUIT
  assert(count == 2);
#endif
  if (items_end(count) != 0) return 1;
  puts("all");
  return 0;
}

#else
int main(void) {
  struct reader reader = {0};
  reader_parse(&reader, "one two");
#ifdef ASKED
  if (reader.name != NULL && !reader_next(&reader)) {
    enum read_error why = reader_error(&reader);
    fprintf(stderr, "refused: %d\n", (int)why);
    reader_end(&reader);
    return 1;
  }
#endif
  enum read_error error = reader_end(&reader);
  if (error != READ_OK) fprintf(stderr, "ended: %d\n", (int)error);
  return error != READ_OK;
}
#endif
