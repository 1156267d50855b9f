/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "memory_stream.h"

#include <string.h>

#include "memory.h"

#define ROOM_FIRST 256

/* Room is kept for the NUL, too. */
static ssize_t append(void *cookie, const char *from, size_t count) {
  struct nomem__memory_stream *stream = cookie;
  size_t room = stream->room;
  while (room - stream->bytes <= count) room = room == 0 ? ROOM_FIRST : room * 2;
  if (room != stream->room) stream->text = nomem__realloc(stream->text, room);
  stream->room = room;
  memcpy(stream->text + stream->bytes, from, count);
  stream->bytes += count;
  stream->text[stream->bytes] = '\0';
  return (ssize_t)count;
}

FILE *nomem__memory_stream_open(struct nomem__memory_stream *stream) {
  *stream = (struct nomem__memory_stream){0};
  stream->out = nomem__checked(fopencookie(stream, "w", (cookie_io_functions_t){.write = append}));
  setvbuf(stream->out, stream->buffer, _IOFBF, sizeof stream->buffer);
  return stream->out;
}

char *nomem__memory_stream_close(struct nomem__memory_stream *stream) {
  fclose(stream->out);
  append(stream, "", 0); /* nothing at all is a text, too */
  char *text = stream->text;
  *stream = (struct nomem__memory_stream){0};
  return text;
}
