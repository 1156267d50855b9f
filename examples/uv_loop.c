/* SPDX-License-Identifier: MIT */
/* A libuv program as many begin: a loop, a timer, a clean end. It checks every return value; what `nomem explore` finds
 * in it is libuv's. To build it: cc uv_loop.c -luv */
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

static int check(const char *what, int result) {
  if (result == 0) return 0;
  fprintf(stderr, "%s: %s\n", what, uv_strerror(result));
  return 1;
}

static void tick(uv_timer_t *timer) {
  puts("tick");
  uv_close((uv_handle_t *)timer, NULL);
}

int main(void) {
  uv_loop_t loop;
  uv_timer_t timer;
  if (check("uv_loop_init", uv_loop_init(&loop))) return EXIT_FAILURE;
  uv_timer_init(&loop, &timer);
  int failed = check("uv_timer_start", uv_timer_start(&timer, tick, 1, 0));
  if (failed) uv_close((uv_handle_t *)&timer, NULL);
  uv_run(&loop, UV_RUN_DEFAULT);
  return check("uv_loop_close", uv_loop_close(&loop)) || failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
