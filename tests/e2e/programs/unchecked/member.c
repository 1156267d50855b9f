/* SPDX-License-Identifier: MIT */
/* A member of an object is NULL, and followed in other functions, called by functions that have checked the object. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

struct text {
  size_t room;
  char *data;
};

NOINLINE static struct text *text_new(size_t room) {
  struct text *text = malloc(sizeof *text);
  if (text == NULL) return NULL;
  text->room = room;
  text->data = calloc(room + 1, 1); /* unchecked */
#ifdef MENDED
  if (text->data == NULL) {
    free(text);
    return NULL;
  }
#endif
  return text;
}

NOINLINE static struct text *text_copy(const char *from) {
  struct text *text = text_new(strlen(from));
  if (text == NULL) return NULL;
  memcpy(text->data, from, strlen(from));
  return text;
}

NOINLINE static size_t text_length(const struct text *text) {
  return strlen(text->data);
}

NOINLINE static int text_first(const struct text *text) {
  return text->data[0];
}

NOINLINE static void text_free(struct text *text) {
  free(text->data);
  free(text);
}

int main(void) {
  struct text *text = text_copy("hello");
  if (text == NULL) return 1;
  printf("%zu\n", text_length(text));
  text_free(text);
  text = text_new(64);
  if (text == NULL) return 1;
  printf("%zu\n", text_length(text));
  text_free(text);
  text = text_new(64);
  if (text == NULL) return 1;
  printf("%d\n", text_first(text));
  text_free(text);
  return 0;
}
