/* SPDX-License-Identifier: MIT */
/* How often a call is made depends on how threads race: a thread that waits allocates each time it looks. It sleeps in
 * between, because a thread that yields instead waits for all that is busy on the machine. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_int started;

static __attribute__((noinline)) void planted(void) {
  volatile char *text = malloc(50); /* fault */
  text[0] = 'x';                    /* blow-up */
  free((char *)text);
}

static void *work(void *unused) {
  usleep(2000);
  started = 1;
  planted();
  return unused;
}

int main(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, work, NULL) != 0) return 1;
  while (!started) {
    free(malloc(10));
    usleep(50);
  }
  pthread_join(thread, NULL);
  return 0;
}
