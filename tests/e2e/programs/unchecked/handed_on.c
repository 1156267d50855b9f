/* SPDX-License-Identifier: MIT */
/* What is allocated is handed to another function, which stores it and has returned. */
#include <stdio.h>
#include <stdlib.h>

struct writer {
  char *buffer;
  size_t used, room;
};

__attribute__((noinline)) static void set_buffer(struct writer *writer, char *buffer, size_t room) {
  writer->buffer = buffer;
  writer->used = 0;
  writer->room = room;
}

__attribute__((noinline)) static int begin(struct writer *writer) {
  char *buffer = malloc(100); /* unchecked */
#ifdef MENDED
  if (buffer == NULL) return -1;
#endif
  set_buffer(writer, buffer, 100);
  return 0;
}

__attribute__((noinline)) static void put(struct writer *writer, char letter) {
  if (writer->used < writer->room) writer->buffer[writer->used++] = letter;
}

int main(void) {
  struct writer writer;
  if (begin(&writer) != 0) return 1;
  put(&writer, 'a');
  printf("%zu\n", writer.used);
  free(writer.buffer);
  return 0;
}
