/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "output_capture.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../isolation/bounded_files.h"
#include "../text/hash.h"

#define PIECE_BYTES 16384

int nomem__output_capture_open(struct nomem__output_capture *capture) {
  *capture = (struct nomem__output_capture)NOMEM_OUTPUT_CAPTURE_NONE;
  int result = nomem__bounded_files_open("memfd:nomem-output", NOMEM_OUTPUT_ROOM_BYTES, NOMEM_STREAMS, capture->fd);
  capture->is_bounded = result == 0;
  for (unsigned i = 0; i < NOMEM_STREAMS && !capture->is_bounded; i++) {
    capture->fd[i] = memfd_create("nomem-output", MFD_CLOEXEC);
    if (capture->fd[i] < 0) return -errno;
  }
  return nomem__output_capture_restart(capture);
}

void nomem__output_capture_close(struct nomem__output_capture *capture) {
  for (unsigned i = 0; i < NOMEM_STREAMS; i++)
    if (capture->fd[i] >= 0) close(capture->fd[i]);
  *capture = (struct nomem__output_capture)NOMEM_OUTPUT_CAPTURE_NONE;
}

/* Not by lseek, because the program shares the position. */
static off_t end_of(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 ? status.st_size : 0;
}

int nomem__output_capture_restart(struct nomem__output_capture *capture) {
  for (unsigned i = 0; i < NOMEM_STREAMS; i++) {
    capture->kept[i] = 0;
    capture->flags[i] = O_APPEND;
  }
  return nomem__output_capture_rewind(capture);
}

void nomem__output_capture_keep(struct nomem__output_capture *capture) {
  capture->has_death = false;
  for (unsigned i = 0; i < NOMEM_STREAMS; i++) {
    capture->kept[i] = end_of(capture->fd[i]);
    capture->flags[i] = fcntl(capture->fd[i], F_GETFL);
  }
}

/* All runs of a worker share the files, and with them their flags and positions. */
int nomem__output_capture_rewind(struct nomem__output_capture *capture) {
  capture->has_death = false;
  for (unsigned i = 0; i < NOMEM_STREAMS; i++)
    if ((end_of(capture->fd[i]) != capture->kept[i] && ftruncate(capture->fd[i], capture->kept[i]) != 0) ||
        fcntl(capture->fd[i], F_SETFL, capture->flags[i]) != 0 || lseek(capture->fd[i], capture->kept[i], SEEK_SET) < 0)
      return -errno;
  return 0;
}

void nomem__output_capture_note_death(struct nomem__output_capture *capture) {
  capture->has_death = true;
  for (unsigned i = 0; i < NOMEM_STREAMS; i++) capture->at_death[i] = end_of(capture->fd[i]);
}

uint64_t nomem__output_capture_bytes(const struct nomem__output_capture *capture) {
  uint64_t bytes = 0;
  for (unsigned i = 0; i < NOMEM_STREAMS; i++) bytes += (uint64_t)end_of(capture->fd[i]);
  return bytes;
}

struct nomem__output nomem__output_capture_read(const struct nomem__output_capture *capture, unsigned stream) {
  struct nomem__output output = {.fd = capture->fd[stream], .hash = NOMEM__HASH_START};
  unsigned char buffer[PIECE_BYTES];
  ssize_t length;
  do {
    length = pread(output.fd, buffer, sizeof buffer, (off_t)output.bytes);
    if (length > 0) {
      output.hash = nomem__hash_bytes(output.hash, buffer, (size_t)length);
      output.bytes += (uint64_t)length;
    }
  } while (length == sizeof buffer && output.bytes < NOMEM_OUTPUT_MAX_BYTES); /* fewer than asked for: the end */
  if (output.bytes >= NOMEM_OUTPUT_MAX_BYTES) output.bytes = (uint64_t)end_of(output.fd);
  return output;
}

void nomem__output_capture_tail(const struct nomem__output_capture *capture, bool by_death, char *tail,
                                size_t tail_bytes) {
  size_t length = 0;
  for (unsigned i = NOMEM_STREAMS; i-- > 0 && length == 0;) {
    off_t end = by_death && capture->has_death ? capture->at_death[i] : end_of(capture->fd[i]);
    off_t room = (off_t)tail_bytes - 1, from = end > room ? end - room : 0;
    ssize_t got = end == 0 ? 0 : pread(capture->fd[i], tail, (size_t)(end - from), from);
    length = got > 0 ? (size_t)got : 0;
  }
  tail[length] = '\0';
}
