/* SPDX-License-Identifier: MIT */
/* A function that locks a mutex and gives up: with KEEPS it forgets to unlock it; with HANDLED the program does without
 * what it wanted; with IN_BLOCK the mutex lies in a block. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct list {
  pthread_mutex_t lock;
  int *first;
};

static struct list in_data = {.lock = PTHREAD_MUTEX_INITIALIZER};
static struct list *list = &in_data;

__attribute__((noinline)) static int add(int number) {
  pthread_mutex_lock(&list->lock);
  list->first = malloc(sizeof *list->first);
  if (list->first == NULL) {
#ifndef KEEPS
    pthread_mutex_unlock(&list->lock);
#endif
    return -1;
  }
  *list->first = number;
  pthread_mutex_unlock(&list->lock);
  return 0;
}

int main(void) {
#ifdef IN_BLOCK
  list = calloc(1, sizeof *list);
  if (list == NULL) return 1;
  pthread_mutex_init(&list->lock, NULL);
#endif
  int result = add(1);
  if (result != 0) fputs("not added\n", stderr);
  free(list->first);
  list->first = NULL;
#ifdef HANDLED
  return 0;
#else
  return result != 0;
#endif
}
