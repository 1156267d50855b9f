/* SPDX-License-Identifier: MIT */
/* A list of listeners that keeps one which it has freed: it is used after that, or it comes again, so that the list is
 * a ring. With MENDED the list is right. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct listener {
  struct listener *next;
  void (*call)(int event);
  char *name;
};

static struct listener *listeners;
static int heard;

static void hear(int event) {
  heard += event;
}

static int listen_to(const char *name) {
  struct listener *listener = malloc(sizeof *listener);
  if (listener == NULL) return -1;
  listener->call = hear;
  listener->next = listeners;
#ifndef MENDED
  listeners = listener; /* the bug: too early */
#endif
  listener->name = strdup(name);
  if (listener->name == NULL) {
    free(listener); /* freed first */
    return -1;
  }
  listeners = listener;
  return 0;
}

static void tell(int event) {
  for (const struct listener *l = listeners; l != NULL; l = l->next) l->call(event);
}

static void forget(void) {
  while (listeners != NULL) {
    struct listener *next = listeners->next;
    free(listeners->name);
    free(listeners);
    listeners = next;
  }
}

int main(void) {
  int result = listen_to("first");
  result |= listen_to("second");
  tell(5);
  if (result != 0) fputs("a listener is missing\n", stderr);
  forget();
  return result != 0;
}
