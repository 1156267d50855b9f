/* SPDX-License-Identifier: MIT */
/* How often a call is made depends on how threads race: a thread that waits allocates each time it looks. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

static atomic_int started;

static __attribute__((noinline)) void planted(void) {
  volatile char *text = malloc(50); /* fault */
  text[0] = 'x';                    /* blow-up */
  free((char *)text);
}

static void *work(void *unused) {
  for (int i = 0; i < 2000; i++) sched_yield();
  started = 1;
  planted();
  return unused;
}

int main(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, work, NULL) != 0) return 1;
  while (!started) {
    free(malloc(10));
    for (int i = 0; i < 20; i++) sched_yield();
  }
  pthread_join(thread, NULL);
  return 0;
}
