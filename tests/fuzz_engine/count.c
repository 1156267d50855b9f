/* SPDX-License-Identifier: MIT */
/* A fuzz target that prints a line each time it is run. It has three sites: two calls of one, one of another, one in a
 * thread. All failures are handled, except the thread's with -DBUG_THREAD. It knows nothing of nomem. */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((noinline)) static void *get(size_t size) {
  void *block = malloc(size);
  __asm__ volatile("" : "+r"(block));
  return block;
}

static void *in_thread(void *argument) {
  char *block = get(32);
#ifdef BUG_THREAD
  block[0] = 'x';
#else
  if (block != NULL) block[0] = 'x';
#endif
  free(block);
  return argument;
}

__attribute__((noinline)) static int work(void) {
  void *blocks[3] = {NULL, NULL, NULL};
  for (int i = 0; i < 2; i++) blocks[i] = get(16);
  blocks[2] = get(24);
  for (int i = 0; i < 3; i++) free(blocks[i]);
  pthread_t thread;
  if (pthread_create(&thread, NULL, in_thread, NULL) == 0) pthread_join(thread, NULL);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  (void)data;
  if (size == 0) return 0;
  ssize_t written = write(STDOUT_FILENO, "run\n", 4);
  return written == 4 ? work() : 0;
}
