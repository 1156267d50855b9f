/* SPDX-License-Identifier: MIT */
#include "json_text.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "whole_write.h"

struct writer {
  int fd;
  int error; /* negative; 0: none */
  size_t used;
  char bytes[16384];
};

static int take_in(const char *text, size_t bytes, void *user) {
  struct writer *writer = user;
  while (bytes > 0) {
    size_t room = sizeof writer->bytes - writer->used, part = bytes < room ? bytes : room;
    memcpy(writer->bytes + writer->used, text, part);
    writer->used += part;
    text += part;
    bytes -= part;
    if (writer->used < sizeof writer->bytes) continue;
    writer->error = nomem__write_whole(writer->fd, writer->bytes, writer->used);
    if (writer->error != 0) return -1;
    writer->used = 0;
  }
  return 0;
}

int nomem__json_write(const json_t *document, int fd) {
  struct writer writer = {.fd = fd};
  bool is_whole = json_dump_callback(document, take_in, &writer, JSON_COMPACT) == 0;
  if (!is_whole) return writer.error != 0 ? writer.error : -EIO;
  return nomem__write_whole(fd, writer.bytes, writer.used);
}

json_t *nomem__json_read(int fd) {
  struct stat status;
  json_error_t error;
  if (fstat(fd, &status) != 0 || status.st_size <= 0) return NULL;
  void *text = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
  if (text == MAP_FAILED) return NULL;
  json_t *document = json_loadb(text, (size_t)status.st_size, 0, &error);
  munmap(text, (size_t)status.st_size);
  return document;
}
