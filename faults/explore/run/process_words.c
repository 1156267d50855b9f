/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "process_words.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../text/memory.h"
#include "../text/words.h"

#define PIECE_BYTES 16384
/* The kernel lets no program be started with more than this. */
#define WORDS_MAX_BYTES ((size_t)8 << 20)

static int read_all(int file, struct nomem__process_words *words, size_t *bytes) {
  ssize_t length;
  do {
    words->block = nomem__realloc(words->block, *bytes + PIECE_BYTES + 1);
    length = read(file, words->block + *bytes, PIECE_BYTES);
    if (length > 0) *bytes += (size_t)length;
  } while ((length > 0 && *bytes < WORDS_MAX_BYTES) || (length < 0 && errno == EINTR));
  return length < 0 ? -errno : 0;
}

int nomem__process_words_read(struct nomem__process_words *words, pid_t pid, const char *what) {
  char path[64];
  size_t bytes = 0;
  *words = (struct nomem__process_words){0};
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, what);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -errno;
  int result = read_all(file, words, &bytes);
  close(file);
  if (result == 0 && bytes == 0) result = -ENODATA; /* of a thread of the kernel, or a process that has ended */
  if (result != 0) {
    nomem__process_words_free(words);
    return result;
  }
  if (words->block[bytes - 1] != '\0') words->block[bytes++] = '\0';
  words->list = nomem__split_words(words->block, bytes);
  while (words->list[words->count] != NULL) words->count++;
  return 0;
}

void nomem__process_words_free(struct nomem__process_words *words) {
  free(words->block);
  free(words->list);
  *words = (struct nomem__process_words){0};
}

const char *nomem__process_words_value(const struct nomem__process_words *words, const char *name) {
  size_t length = strlen(name);
  for (size_t i = 0; i < words->count; i++)
    if (strncmp(words->list[i], name, length) == 0 && words->list[i][length] == '=') return words->list[i] + length + 1;
  return NULL;
}

/* The name of the program may hold anything, so it is the last parenthesis that ends it. */
pid_t nomem__process_parent(pid_t pid) {
  char path[64], line[512];
  int parent = 0;
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  ssize_t length = read(file, line, sizeof line - 1);
  close(file);
  line[length > 0 ? length : 0] = '\0';
  const char *end = strrchr(line, ')');
  return end != NULL && sscanf(end, ") %*c %d", &parent) == 1 ? parent : 0;
}
