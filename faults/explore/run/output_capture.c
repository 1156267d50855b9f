#define _GNU_SOURCE
#include "output_capture.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES 16384

int nomem__streams_open(struct nomem__streams *streams) {
  *streams = (struct nomem__streams)NOMEM_STREAMS_NONE;
  for (unsigned i = 0; i < NOMEM_STREAMS; i++) {
    streams->fd[i] = memfd_create("nomem-output", MFD_CLOEXEC);
    if (streams->fd[i] < 0) return -errno;
  }
  return nomem__streams_restart(streams);
}

void nomem__streams_close(struct nomem__streams *streams) {
  for (unsigned i = 0; i < NOMEM_STREAMS; i++)
    if (streams->fd[i] >= 0) close(streams->fd[i]);
  *streams = (struct nomem__streams)NOMEM_STREAMS_NONE;
}

/* Not by lseek: the position is the program's, too. */
static off_t end_of(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 ? status.st_size : 0;
}

int nomem__streams_restart(struct nomem__streams *streams) {
  for (unsigned i = 0; i < NOMEM_STREAMS; i++) {
    streams->kept[i] = 0;
    streams->flags[i] = O_APPEND;
  }
  return nomem__streams_rewind(streams);
}

void nomem__streams_keep(struct nomem__streams *streams) {
  streams->has_death = false;
  for (unsigned i = 0; i < NOMEM_STREAMS; i++) {
    streams->kept[i] = end_of(streams->fd[i]);
    streams->flags[i] = fcntl(streams->fd[i], F_GETFL);
  }
}

/* Flags and position are the file's, which all runs of a worker have in common. */
int nomem__streams_rewind(struct nomem__streams *streams) {
  streams->has_death = false;
  for (unsigned i = 0; i < NOMEM_STREAMS; i++)
    if ((end_of(streams->fd[i]) != streams->kept[i] && ftruncate(streams->fd[i], streams->kept[i]) != 0) ||
        fcntl(streams->fd[i], F_SETFL, streams->flags[i]) != 0 || lseek(streams->fd[i], streams->kept[i], SEEK_SET) < 0)
      return -errno;
  return 0;
}

void nomem__streams_note_death(struct nomem__streams *streams) {
  streams->has_death = true;
  for (unsigned i = 0; i < NOMEM_STREAMS; i++) streams->at_death[i] = end_of(streams->fd[i]);
}

uint64_t nomem__streams_bytes(const struct nomem__streams *streams) {
  uint64_t bytes = 0;
  for (unsigned i = 0; i < NOMEM_STREAMS; i++) bytes += (uint64_t)end_of(streams->fd[i]);
  return bytes;
}

/* FNV-1a: enough to tell equal from different. */
struct nomem__stream nomem__streams_read(const struct nomem__streams *streams, unsigned which) {
  struct nomem__stream stream = {.fd = streams->fd[which], .hash = UINT64_C(0xcbf29ce484222325)};
  unsigned char buffer[PIECE_BYTES];
  ssize_t length;
  do {
    length = pread(stream.fd, buffer, sizeof buffer, (off_t)stream.bytes);
    for (ssize_t i = 0; i < length; i++) stream.hash = (stream.hash ^ buffer[i]) * UINT64_C(0x100000001b3);
    stream.bytes += length > 0 ? (uint64_t)length : 0;
  } while (length == sizeof buffer); /* less than was asked for: that was all */
  return stream;
}

void nomem__streams_tail(const struct nomem__streams *streams, bool by_death, char *tail, size_t tail_bytes) {
  size_t length = 0;
  for (unsigned i = NOMEM_STREAMS; i-- > 0 && length == 0;) {
    off_t end = by_death && streams->has_death ? streams->at_death[i] : end_of(streams->fd[i]);
    off_t room = (off_t)tail_bytes - 1, from = end > room ? end - room : 0;
    ssize_t got = end == 0 ? 0 : pread(streams->fd[i], tail, (size_t)(end - from), from);
    length = got > 0 ? (size_t)got : 0;
  }
  tail[length] = '\0';
}
