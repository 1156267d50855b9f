/* SPDX-License-Identifier: MIT */
#include "process_words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../process/proc_file.h"
#include "../text/words.h"

/* The kernel lets no program be started with more than this. */
#define WORDS_MAX_BYTES ((size_t)8 << 20)

int nomem__process_words_read(struct nomem__process_words *words, pid_t pid, const char *what) {
  size_t bytes;
  *words = (struct nomem__process_words){0};
  int result = nomem__proc_file_read(pid, what, WORDS_MAX_BYTES, &words->block, &bytes);
  if (result == 0 && bytes == 0) result = -ENODATA; /* of a thread of the kernel, or a process that has ended */
  if (result != 0) {
    nomem__process_words_free(words);
    return result;
  }
  if (words->block[bytes - 1] != '\0') bytes++; /* the one behind it */
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
