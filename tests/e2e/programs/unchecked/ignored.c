/* SPDX-License-Identifier: MIT */
/* The failure is reported by a number, at which nobody looks. */
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

struct buffer {
  char *bytes;
  size_t room;
};

/* Of a static function that nobody looks at, optimisation would leave out what it returns. */
int buffer_init(struct buffer *buffer, size_t room);

NOINLINE int buffer_init(struct buffer *buffer, size_t room) {
  buffer->bytes = malloc(room);
  if (buffer->bytes == NULL) return -1;
  buffer->room = room;
  return 0;
}

NOINLINE static void buffer_put(struct buffer *buffer, char byte) {
  ((volatile char *)buffer->bytes)[0] = byte;
}

int main(void) {
  struct buffer buffer = {0};
#ifdef MENDED
  if (buffer_init(&buffer, 100) != 0) return 1;
#else
  buffer_init(&buffer, 100); /* unchecked */
#endif
  buffer_put(&buffer, 'x');
  free(buffer.bytes);
  return 0;
}
