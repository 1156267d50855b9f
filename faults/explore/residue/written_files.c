/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "written_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../text/grow.h"
#include "../text/hash.h"
#include "../text/memory.h"
#include "by_products.h"

#define PAGE_BYTES 4096
#define PIECE_BYTES (4 * (off_t)PAGE_BYTES)

/* What is being read: the run's file, or the one that was there before. */
struct reading {
  int fd;
  uint64_t hash;
  uint64_t read_bytes, most_bytes;
};

/* Of somebody else's making: it is opened only if it is a regular file, and is one still when it is open. Returns a
 * descriptor, or -1. */
static int open_regular(int folder, const char *name) {
  struct stat status;
  if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode)) return -1;
  int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return -1;
  if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) return fd;
  close(fd);
  return -1;
}

static void hash_page(struct reading *reading, off_t at, const char *bytes, size_t count) {
  static const char zeros[PAGE_BYTES];
  if (memcmp(bytes, zeros, count) == 0) return;
  reading->hash = nomem__hash_number(reading->hash, (uint64_t)at);
  reading->hash = nomem__hash_bytes(reading->hash, bytes, count);
}

/* Where the next data begins, at or behind a place; to: there is none before that. */
static off_t find_data(int fd, off_t at, off_t to) {
  off_t data = lseek(fd, at, SEEK_DATA);
  if (data < 0) return errno == ENXIO ? to : at; /* not every file system tells */
  return data - data % PAGE_BYTES < at ? at : data - data % PAGE_BYTES;
}

/* Reads from one page on as far as another, or as much as may be read. Returns how far it came; -1: it cannot be read.
 */
static off_t read_range(struct reading *reading, off_t from, off_t to) {
  char piece[PIECE_BYTES];
  off_t at = find_data(reading->fd, from, to);
  while (at < to && reading->read_bytes < reading->most_bytes) {
    off_t wanted = to - at < PIECE_BYTES ? to - at : PIECE_BYTES;
    ssize_t length = pread(reading->fd, piece, (size_t)wanted, at);
    if (length <= 0) return -1;
    for (ssize_t i = 0; i < length; i += PAGE_BYTES)
      hash_page(reading, at + i, piece + i, (size_t)(length - i < PAGE_BYTES ? length - i : PAGE_BYTES));
    reading->read_bytes += PIECE_BYTES;
    at = length < wanted ? to : find_data(reading->fd, at + length, to);
  }
  return at;
}

/* How much may still be read. */
static uint64_t left_to_read(const struct nomem__written_files *files) {
  return files->read_bytes < NOMEM__WRITTEN_READ_BYTES ? NOMEM__WRITTEN_READ_BYTES - files->read_bytes : 0;
}

/* A file of which a part is read is read in the same places in each run: as much as that is must be left. */
static enum nomem__read_extent hash_file(struct nomem__written_files *files, int fd, uint64_t bytes, uint64_t *hash) {
  uint64_t left = left_to_read(files);
  bool is_short = left < NOMEM__WRITTEN_HEAD_BYTES + NOMEM__WRITTEN_TAIL_BYTES;
  struct reading reading = {
      .fd = fd, .hash = NOMEM__HASH_START, .most_bytes = is_short ? left : NOMEM__WRITTEN_HEAD_BYTES};
  enum nomem__read_extent extent = NOMEM_READ_NOTHING;
  off_t end = bytes < INT64_MAX ? (off_t)bytes : INT64_MAX, at = read_range(&reading, 0, end);
  if (at >= end)
    extent = NOMEM_READ_ALL;
  else if (at >= 0 && !is_short) {
    off_t tail = end - (off_t)NOMEM__WRITTEN_TAIL_BYTES;
    tail -= tail % PAGE_BYTES;
    reading.most_bytes = reading.read_bytes + NOMEM__WRITTEN_TAIL_BYTES + PIECE_BYTES;
    if (read_range(&reading, tail > at ? tail : at, end) >= end) extent = NOMEM_READ_ENDS;
  }
  files->read_bytes += reading.read_bytes;
  *hash = reading.hash;
  return extent;
}

/* Returns what is in it, with a zero byte behind it; NULL: it has another length by now. */
static char *read_text(int fd, size_t bytes) {
  char *text = nomem__malloc(bytes + 1);
  size_t have = 0;
  ssize_t length;
  while (have < bytes && (length = pread(fd, text + have, bytes - have, (off_t)have)) > 0) have += (size_t)length;
  text[have] = '\0';
  if (have == bytes) return text;
  free(text);
  return NULL;
}

/* Finds out whether the file is what it was before, and notes how much of its beginning is. */
static bool is_as_before(struct nomem__written_files *files, struct nomem__written_file *file,
                         const struct stat *below) {
  uint64_t bytes = (uint64_t)below->st_size, hash;
  bool has_text = file->text != NULL && bytes <= NOMEM__WRITTEN_TEXT_BYTES, is_same = false;
  int fd =
      has_text || (bytes == file->bytes && file->extent == NOMEM_READ_ALL) ? open_regular(AT_FDCWD, file->path) : -1;
  if (fd < 0) return false;
  if (has_text) {
    char *old = read_text(fd, (size_t)bytes);
    size_t same = 0;
    while (old != NULL && same < bytes && same < file->bytes && old[same] == file->text[same]) same++;
    is_same = old != NULL && same == bytes && bytes == file->bytes;
    while (same > 0 && file->text[same - 1] != '\n') same--;
    file->old_bytes = same;
    free(old);
  } else {
    is_same = hash_file(files, fd, bytes, &hash) == NOMEM_READ_ALL && hash == file->hash;
  }
  close(fd);
  return is_same;
}

static bool may_be_kept(const struct nomem__written_files *files, uint64_t bytes) {
  return bytes <= NOMEM__WRITTEN_TEXT_BYTES && bytes <= NOMEM__WRITTEN_KEPT_BYTES - files->kept_bytes;
}

static void read_regular(struct nomem__written_files *files, const struct nomem__written_entry *entry,
                         struct nomem__written_file *file) {
  int fd = open_regular(entry->folder, entry->name);
  if (fd < 0) return;
  file->extent = hash_file(files, fd, file->bytes, &file->hash);
  if (file->extent == NOMEM_READ_ALL && may_be_kept(files, file->bytes))
    file->text = read_text(fd, (size_t)file->bytes);
  close(fd);
}

/* What a symbolic link points to is its text; NULL: it cannot be read. */
static char *read_link(int folder, const char *name) {
  char target[PATH_MAX];
  ssize_t length = readlinkat(folder, name, target, sizeof target);
  return length < 0 ? NULL : nomem__strndup(target, (size_t)length);
}

static bool is_same_link(struct nomem__written_file *file, const struct nomem__written_entry *entry) {
  file->text = read_link(entry->folder, entry->name);
  if (file->text == NULL) return false;
  file->bytes = strlen(file->text);
  file->hash = nomem__hash_bytes(NOMEM__HASH_START, file->text, file->bytes);
  file->extent = NOMEM_READ_ALL;
  if (entry->below == NULL || !S_ISLNK(entry->below->st_mode)) return false;
  char *old = read_link(AT_FDCWD, entry->path);
  bool is_same = old != NULL && strcmp(old, file->text) == 0;
  free(old);
  return is_same;
}

/* Fills in what there is to say of it. Returns whether the run has not changed it: its owner or its rights, say. */
static bool read_entry(struct nomem__written_files *files, const struct nomem__written_entry *entry,
                       struct nomem__written_file *file) {
  bool had_type = entry->below != NULL && (entry->below->st_mode & S_IFMT) == file->type;
  if (entry->is_removed) return entry->below == NULL;
  if (S_ISLNK(file->type)) return is_same_link(file, entry);
  if (!S_ISREG(file->type)) return had_type;
  file->bytes = (uint64_t)entry->status->st_size;
  if (nomem__is_tool_data(entry->path)) return false; /* it is not compared, and may be large */
  read_regular(files, entry, file);
  return had_type && is_as_before(files, file, entry->below);
}

int nomem__written_files_note(struct nomem__written_files *files, const struct nomem__written_entry *entry) {
  if (files->count == NOMEM__WRITTEN_FILES_MAX) return -E2BIG;
  files->list = nomem__grow(files->list, files->count, &files->room, sizeof *files->list);
  struct nomem__written_file *file = &files->list[files->count];
  *file = (struct nomem__written_file){.path = nomem__strdup(entry->path),
                                       .type = entry->is_removed ? 0 : entry->status->st_mode & S_IFMT,
                                       .was_there = entry->below != NULL};
  if (read_entry(files, entry, file)) {
    free(file->path);
    free(file->text);
    return 0;
  }
  if (file->text != NULL) files->kept_bytes += file->bytes;
  files->count++;
  return 0;
}

static int by_path(const void *left, const void *right) {
  const struct nomem__written_file *a = left, *b = right;
  return strcmp(a->path, b->path);
}

void nomem__written_files_finish(struct nomem__written_files *files) {
  if (files->count > 0) qsort(files->list, files->count, sizeof *files->list, by_path);
  files->is_known = true;
}

void nomem__written_files_free(struct nomem__written_files *files) {
  for (size_t i = 0; i < files->count; i++) {
    free(files->list[i].path);
    free(files->list[i].text);
  }
  free(files->list);
  *files = (struct nomem__written_files){0};
}

void nomem__written_files_take(struct nomem__written_files *taken, struct nomem__written_files *files) {
  nomem__written_files_free(taken);
  *taken = *files;
  *files = (struct nomem__written_files){0};
}

const struct nomem__written_file *nomem__written_files_find(const struct nomem__written_files *files,
                                                            const char *path) {
  const struct nomem__written_file key = {.path = (char *)path};
  return files->count == 0 ? NULL : bsearch(&key, files->list, files->count, sizeof key, by_path);
}
