/* SPDX-License-Identifier: MIT */
/* Memory is left where the second half is refused, by a program that has threads that run to the end, a child that
 * comes to an end of its own, and a leak of its own, in all runs, that is larger. With an argument, it gives up. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void *volatile own, *volatile halves[2];

static void *wait_for_ever(void *argument) {
  for (;;) pause();
  return argument;
}

static void lose(void) {
  own = malloc(1000);
  own = NULL;
}

static int planted(void) {
  halves[0] = malloc(100); /* left */
  halves[1] = malloc(200);
  int result = halves[1] == NULL;
  if (result == 0) free(halves[0]);
  free(halves[1]);
  halves[0] = halves[1] = NULL;
  return result;
}

int main(int argc, char **argv) {
  pthread_t thread;
  (void)argv;
  pid_t child = fork(); /* before there are threads: LeakSanitizer may else hang in it, with nomem or without */
  if (child == 0) exit(0);
  waitpid(child, NULL, 0);
  for (int i = 0; i < 3; i++)
    if (pthread_create(&thread, NULL, wait_for_ever, NULL) != 0) return 1;
  lose();
  return planted() && argc > 1;
}
