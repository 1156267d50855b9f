/* SPDX-License-Identifier: MIT */
/* A test that counts on a callback, or on an answer; one way for each macro. */
#include "events.h"

#include <stddef.h>
#include <stdio.h>

struct state {
  int calls;
  struct client *client;
};

static void on_client(void *user, struct client *client) {
  struct state *state = user;
  state->calls++;
  state->client = client;
}

int main(void) {
  struct state state = {0};
  struct loop *loop = loop_new();
  if (loop == NULL) return 1;
  loop_on_client(loop, on_client, &state);
#if defined TAKES
  struct client *taken = NULL;
  loop_take(loop, &taken);
  printf("%d\n", client_letter(taken));
#elif defined EACH
  loop_each(loop, on_client, &state);
  printf("%d\n", client_letter(state.client));
#elif defined CHECKS
  loop_dispatch(loop);
  if (state.calls == 0) return 1;
  printf("%d\n", client_letter(state.client));
#elif defined WAITS
  loop_send(loop);
  loop_flush(loop);
  loop_wait(loop);
#elif defined TURNS
  loop_send(loop);
  loop_flush(loop);
  while (state.calls == 0) loop_turn(loop);
#elif defined CLOSES
  loop_send(loop);
  if (loop_flush(loop) < 0) {
    loop_close(loop);
    return 1;
  }
#else
  loop_dispatch(loop);
  printf("%d\n", client_letter(state.client));
#endif
  return 0;
}
