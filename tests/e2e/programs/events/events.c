/* SPDX-License-Identifier: MIT */
/* What it does when a client or a request cannot be allocated, one kind for each macro; without one, it does without:
 * no client, no callback; no request, and loop_flush says so. */
#include "events.h"

#include <stdlib.h>
#include <unistd.h>

struct client {
  char letter[8];
};

struct loop {
  client_created created;
  void *user;
  struct client *last;
  int requests, lost, turns;
};

struct loop *loop_new(void) {
  return calloc(1, sizeof(struct loop));
}

void loop_on_client(struct loop *loop, client_created created, void *user) {
  loop->created = created;
  loop->user = user;
}

int loop_dispatch(struct loop *loop) {
  loop->last = calloc(1, sizeof *loop->last);
#ifdef HANDS_NULL
  loop->created(loop->user, loop->last);
#else
  if (loop->last != NULL) loop->created(loop->user, loop->last);
#endif
#ifdef USES_IT_ITSELF
  loop->last->letter[0] = 'x'; /* blow-up */
#endif
  return 0;
}

int loop_take(struct loop *loop, struct client **taken) {
  loop->last = calloc(1, sizeof *loop->last);
  if (loop->last != NULL) loop->created(loop->user, loop->last);
  *taken = loop->last;
  return 0;
}

int loop_each(struct loop *loop, client_created each, void *user) {
  loop->last = calloc(1, sizeof *loop->last);
  if (loop->last != NULL) each(user, loop->last);
  return 0;
}

char client_letter(const struct client *client) {
  return client->letter[0]; /* blow-up */
}

void loop_send(struct loop *loop) {
  void *request = malloc(100);
  loop->requests += request != NULL;
  loop->lost += request == NULL;
  free(request);
}

int loop_flush(struct loop *loop) {
#ifdef FLUSHES_QUIETLY
  return 1;
#else
  return loop->lost > 0 ? -1 : 1;
#endif
}

void loop_wait(struct loop *loop) {
  while (loop->requests == 0) pause();
}

int loop_turn(struct loop *loop) {
  if (loop->turns++ == 0)
    loop_send(loop);
  else if (loop->requests > 0)
    loop->created(loop->user, loop->last);
  else
    loop_wait(loop);
  return 0;
}

void loop_close(struct loop *loop) {
  loop_wait(loop);
  free(loop->last);
  free(loop);
}
