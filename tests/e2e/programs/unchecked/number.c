/* SPDX-License-Identifier: MIT */
/* The error is kept, in a member of the object whose other member is still NULL, as it was from the beginning: no call
 * has left that NULL there, and what was stored is a number. */
/* says: nothing */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

enum error { NO_ERROR, NO_MEMORY };

struct reader {
  enum error error;
  char *name;
};

NOINLINE static enum error read_name(struct reader *reader, const char *text) {
  char *copy = malloc(strlen(text) + 1);
  if (copy == NULL) return NO_MEMORY;
  reader->name = strcpy(copy, text);
  return NO_ERROR;
}

NOINLINE static void read_all(struct reader *reader, const char *text) {
  reader->error = read_name(reader, text);
  if (reader->error != NO_ERROR) fprintf(stderr, "cannot read it\n");
}

NOINLINE static size_t length_of(const struct reader *reader) {
#ifdef MENDED
  if (reader->error != NO_ERROR) return 0;
#endif
  return 1 + strlen(reader->name); /* unchecked */
}

int main(void) {
  static struct reader reader;
  read_all(&reader, "text");
  size_t length = length_of(&reader);
  free(reader.name);
  return length == 5 ? 0 : 1;
}
