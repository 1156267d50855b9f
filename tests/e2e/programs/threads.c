/* SPDX-License-Identifier: MIT */
/* threads N M: N threads call malloc M times each, all at once; prints how many of them failed, as "failed=F". */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "check.h"

static atomic_int failed;
static int calls;
static pthread_barrier_t barrier;

static void *work(void *unused) {
  (void)unused;
  pthread_barrier_wait(&barrier);
  for (int i = 0; i < calls; i++) {
    void *block = malloc(4321);
    if (block == NULL) atomic_fetch_add(&failed, 1);
    free(block);
  }
  return NULL;
}

int main(int argc, char **argv) {
  CHECK(argc == 3);
  int count = atoi(argv[1]);
  calls = atoi(argv[2]);
  pthread_t threads[512];
  CHECK(count <= 512);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  CHECK(pthread_attr_setstacksize(&attributes, 65536) == 0);
  CHECK(pthread_barrier_init(&barrier, NULL, (unsigned)count) == 0);
  for (int i = 0; i < count; i++) CHECK(pthread_create(&threads[i], &attributes, work, NULL) == 0);
  for (int i = 0; i < count; i++) CHECK(pthread_join(threads[i], NULL) == 0);
  dprintf(2, "failed=%d\n", failed);
  return 0;
}
