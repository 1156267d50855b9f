/* SPDX-License-Identifier: MIT */
/* The failure is checked everywhere; but NULL was left in an object that its owner goes on to use. */
/* says: left NULL */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

struct text {
  size_t room;
  char *data;
};

NOINLINE static int text_resize(struct text *text, size_t room) {
#ifdef MENDED
  char *data = realloc(text->data, room + 1);
  if (data == NULL) return -1;
  text->data = data;
#else
  text->data = realloc(text->data, room + 1); /* unchecked */
  if (text->data == NULL) return -1;
#endif
  text->room = room;
  return 0;
}

NOINLINE static int text_append(struct text *text, const char *more) {
  size_t used = strlen(text->data);
  if (used + strlen(more) > text->room && text_resize(text, 2 * (used + strlen(more))) != 0) return -1;
  strcat(text->data, more);
  return 0;
}

int main(void) {
  struct text text = {8, calloc(9, 1)};
  if (text.data == NULL) return 1;
  strcpy(text.data, "a line");
  if (text_append(&text, " that is longer") != 0) fprintf(stderr, "no memory\n");
  printf("%s\n", text.data);
  free(text.data);
  return 0;
}
