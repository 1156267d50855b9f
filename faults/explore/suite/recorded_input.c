/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "recorded_input.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../text/grow.h"
#include "../text/hash.h"
#include "../text/regular_file.h"
#include "../text/whole_write.h"

/* The caller's; NULL: what can be read at this place of a file is not known, or is too much. */
static char *read_rest(int fd, off_t at, size_t *bytes) {
  struct stat status;
  if (fstat(fd, &status) != 0 || at < 0) return NULL;
  off_t rest = status.st_size > at ? status.st_size - at : 0;
  if (rest > NOMEM_RECORDED_INPUT_MAX) return NULL;
  char *text = nomem__malloc((size_t)rest + 1);
  ssize_t count;
  for (*bytes = 0; *bytes < (size_t)rest; *bytes += (size_t)count) {
    count = pread(fd, text + *bytes, (size_t)rest - *bytes, at + (off_t)*bytes);
    if (count <= 0) break;
  }
  if (*bytes == (size_t)rest) return text;
  free(text);
  return NULL;
}

static off_t read_position(pid_t pid) {
  char path[64];
  long long position = 0;
  snprintf(path, sizeof path, "/proc/%d/fdinfo/0", (int)pid);
  FILE *file = nomem__checked(fopen(path, "re"));
  if (file == NULL) return 0;
  if (fscanf(file, "pos: %lld", &position) != 1) position = 0;
  fclose(file);
  return position;
}

static void note_file(struct nomem__recording *recording, struct nomem__recorded_image *image, pid_t pid, int fd,
                      const struct stat *file) {
  char link[64], target[PATH_MAX];
  struct stat named;
  off_t at = read_position(pid);
  size_t bytes;
  char *text = fd >= 0 ? read_rest(fd, at, &bytes) : NULL;
  if (text != NULL) image->input_text = nomem__recording_keep_text(recording, text, bytes);
  snprintf(link, sizeof link, "/proc/%d/fd/0", (int)pid);
  ssize_t length = readlink(link, target, sizeof target - 1);
  target[length > 0 ? length : 0] = '\0';
  bool has_path =
      target[0] == '/' && stat(target, &named) == 0 && named.st_dev == file->st_dev && named.st_ino == file->st_ino;
  if (has_path) image->input_path = nomem__strdup(target);
  if (at > 0) image->input_source = file->st_ino;
  image->input = has_path ? NOMEM_INPUT_FILE : image->input_text != NULL ? NOMEM_INPUT_COPIED : NOMEM_INPUT_OTHER;
  image->is_input_lost = image->input_text == NULL && (at > 0 || !has_path);
}

/* What the command itself could read is none of the runner's. */
static bool is_commands(const struct stat *status) {
  struct stat own;
  return fstat(STDIN_FILENO, &own) == 0 && own.st_dev == status->st_dev && own.st_ino == status->st_ino;
}

static int note(struct nomem__recording *recording, struct nomem__recorded_image *image, pid_t pid, bool is_own) {
  char path[64];
  struct stat status;
  snprintf(path, sizeof path, "/proc/%d/fd/0", (int)pid);
  image->input = NOMEM_INPUT_EMPTY;
  if (stat(path, &status) != 0) return -1;
  bool is_readable = S_ISREG(status.st_mode) || S_ISFIFO(status.st_mode);
  int fd = is_readable ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
  if (S_ISREG(status.st_mode)) {
    note_file(recording, image, pid, fd, &status);
    if (fd >= 0) close(fd);
    return -1;
  }
  struct stat null;
  bool is_null = S_ISCHR(status.st_mode) && stat("/dev/null", &null) == 0 && null.st_rdev == status.st_rdev;
  image->input = is_null ? NOMEM_INPUT_EMPTY : NOMEM_INPUT_OTHER;
  bool is_known = !is_own && is_commands(&status);
  if (fd < 0 || is_known) {
    if (fd >= 0) close(fd);
    return -1;
  }
  image->input_source = status.st_ino;
  image->is_input_lost = true;                       /* until it is taken */
  fcntl(fd, F_SETPIPE_SZ, NOMEM_RECORDED_INPUT_MAX); /* where that is not allowed, less can be copied */
  return fd;
}

int nomem__input_note(struct nomem__recording *recording, struct nomem__recorded_image *image, pid_t pid) {
  return note(recording, image, pid, false);
}

int nomem__input_note_own(struct nomem__recording *recording, struct nomem__recorded_image *image) {
  return note(recording, image, getpid(), true);
}

/* The caller's; NULL: it cannot be had. */
static char *copy_pipe(int pipe, size_t bytes) {
  int ends[2];
  char *text = nomem__malloc(bytes + 1);
  size_t count = 0;
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0) {
    int room = fcntl(pipe, F_GETPIPE_SZ);
    if (room > 0) fcntl(ends[1], F_SETPIPE_SZ, room);
    ssize_t copied = tee(pipe, ends[1], INT_MAX, SPLICE_F_NONBLOCK), got = copied;
    while (copied == (ssize_t)bytes && got > 0 && count < bytes)
      if ((got = read(ends[0], text + count, bytes - count)) > 0) count += (size_t)got;
    close(ends[0]);
    close(ends[1]);
  }
  if (count == bytes) return text;
  free(text);
  return NULL;
}

bool nomem__input_take(struct nomem__recording *recording, struct nomem__recorded_image *image, int pipe) {
  struct pollfd writers = {.fd = pipe, .events = POLLIN};
  int bytes = 0, room = fcntl(pipe, F_GETPIPE_SZ);
  bool is_ended = poll(&writers, 1, 0) >= 0 && (writers.revents & POLLHUP) != 0;
  if (ioctl(pipe, FIONREAD, &bytes) != 0) return true;
  if (!is_ended) return bytes >= room; /* a full one stays so */
  char *text = bytes > 0 ? copy_pipe(pipe, (size_t)bytes) : NULL;
  if (bytes > 0 && text == NULL) return true;
  image->input_text = text != NULL ? nomem__recording_keep_text(recording, text, (size_t)bytes) : NULL;
  image->is_input_lost = bytes > 0 && image->input_text == NULL;
  if (!image->is_input_lost) image->input = bytes > 0 ? NOMEM_INPUT_COPIED : NOMEM_INPUT_EMPTY;
  return true;
}

static bool has_text(const char *path, const struct nomem__input_text *text) {
  size_t bytes;
  int fd = nomem__regular_file_open(path, NULL);
  char *now = fd >= 0 ? read_rest(fd, 0, &bytes) : NULL;
  bool is_same = now != NULL && bytes == text->count && memcmp(now, text->bytes, bytes) == 0;
  if (fd >= 0) close(fd);
  free(now);
  return is_same;
}

void nomem__inputs_settle(struct nomem__recording *recording) {
  for (size_t i = 0; i < recording->count; i++) {
    struct nomem__recorded_image *image = &recording->images[i];
    if (image->input != NOMEM_INPUT_FILE || image->input_text == NULL) continue;
    if (!has_text(image->input_path, image->input_text)) image->input = NOMEM_INPUT_COPIED;
  }
}

/* Of those that read one pipe, or one file in its middle, each reads on where another has stopped. */
bool nomem__input_is_same(const struct nomem__recorded_image *one, const struct nomem__recorded_image *other) {
  const struct nomem__input_text *text = one->input_text, *its = other->input_text;
  if (one->input_source != 0 && one->input_source == other->input_source) return true;
  if ((one->input_path == NULL) != (other->input_path == NULL)) return false;
  if (one->input_path != NULL && strcmp(one->input_path, other->input_path) != 0) return false;
  if (text == NULL || its == NULL) return text == its;
  return text->count == its->count && memcmp(text->bytes, its->bytes, text->count) == 0;
}

char *nomem__inputs_choose(const char *store, bool *is_temporary) {
  const char *folder = getenv("TMPDIR");
  *is_temporary = false;
  if (store != NULL) return nomem__format("%s-inputs", store);
  char *path = nomem__format("%s/nomem-inputs-XXXXXX", folder != NULL && *folder == '/' ? folder : "/tmp");
  *is_temporary = mkdtemp(path) != NULL;
  return path;
}

/* Several processes may write the same one. */
char *nomem__input_write(const struct nomem__input_text *text, const char *folder) {
  if (mkdir(folder, 0777) != 0 && errno != EEXIST) return NULL;
  uint64_t hash = nomem__hash_bytes(NOMEM__HASH_START, text->bytes, text->count);
  char *path = nomem__format("%s/%016" PRIx64, folder, hash), *unfinished = nomem__format("%s.XXXXXX", path);
  int fd = mkostemp(unfinished, O_CLOEXEC);
  int error = fd >= 0 ? -nomem__write_whole(fd, text->bytes, text->count) : errno;
  if (error == 0 && rename(unfinished, path) != 0) error = errno;
  bool is_there = error == 0;
  if (fd >= 0) close(fd);
  if (fd >= 0 && !is_there) unlink(unfinished);
  free(unfinished);
  if (!is_there) free(path);
  errno = error;
  return is_there ? path : NULL;
}

void nomem__inputs_remove(const char *folder) {
  DIR *copies = nomem__checked(opendir(folder));
  if (copies == NULL) return;
  for (const struct dirent *entry; (entry = readdir(copies)) != NULL;) unlinkat(dirfd(copies), entry->d_name, 0);
  closedir(copies);
  rmdir(folder);
}
