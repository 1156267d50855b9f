/* SPDX-License-Identifier: MIT */
/* Four threads and their process's children use all that allocates, as they may, and look at what they have: contents,
 * zeros, sizes, errno. */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLOTS 64
#define ROUNDS 20000

struct slot {
  unsigned char *block;
  size_t size;
};

static void check(const struct slot *slot, size_t bytes, unsigned char mark) {
  for (size_t i = 0; i < slot->size && i < bytes; i++)
    if (slot->block[i] != (unsigned char)(mark + i)) abort();
}

static void replace(struct slot *slot, size_t size, unsigned kind, unsigned char mark) {
  if (kind == 0) {
    void *block = realloc(slot->block, size);
    if (block == NULL && size != 0) return;
    slot->block = block;
    if (size < slot->size) slot->size = size;
    check(slot, size, mark);
  } else {
    void *aligned = NULL;
    free(slot->block);
    if (kind == 1) slot->block = malloc(size);
    if (kind == 2) slot->block = calloc(1, size);
    if (kind == 3) slot->block = posix_memalign(&aligned, 64, size) == 0 ? aligned : NULL;
    for (size_t i = 0; kind == 2 && slot->block != NULL && i < size; i++)
      if (slot->block[i] != 0) abort();
  }
  slot->size = slot->block == NULL ? 0 : size % 5 == 0 ? malloc_usable_size(slot->block) : size;
  for (size_t i = 0; i < slot->size; i++) slot->block[i] = (unsigned char)(mark + i);
}

static void *work(void *seed) {
  struct slot slots[SLOTS] = {{NULL, 0}};
  unsigned random = *(unsigned *)seed;
  for (int i = 0; i < ROUNDS; i++) {
    random = random * 1664525 + 1013904223;
    unsigned at = random >> 8 & (SLOTS - 1);
    size_t size = (random >> 14) % ((random >> 20 & 63) == 0 ? 100000 : 300);
    check(&slots[at], 8, (unsigned char)at);
    errno = EXDEV;
    free(NULL);
    replace(&slots[at], size, random >> 30, (unsigned char)at);
    if (slots[at].block != NULL && errno != EXDEV) abort();
  }
  for (unsigned at = 0; at < SLOTS; at++) free(slots[at].block);
  return NULL;
}

int main(void) {
  pthread_t threads[4];
  static unsigned seeds[] = {1, 7, 49, 343};
  void *volatile first = malloc(10);
  free(first);
  for (unsigned i = 0; i < 4; i++)
    if (pthread_create(&threads[i], NULL, work, &seeds[i]) != 0) return 2;
  for (unsigned i = 0; i < 4; i++) {
    pid_t child = fork();
    if (child == 0) {
      work(&seeds[i]);
      _exit(0);
    }
    int status = 1;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) abort();
  }
  for (unsigned i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  puts("right");
  return 0;
}
