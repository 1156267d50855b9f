/* SPDX-License-Identifier: MIT */
/* A library (with LIB), and its test, which notes an error and goes on, or cleans up, as the interface prescribes.
 *   QUEUE    a call leaves its queue half done; who then waits for it waits for ever
 *   BUFFER   a call leaves a member NULL; who is given that follows it
 *   REQUEST  a request that could not be made is registered all the same; who closes waits for its end
 *   ALWAYS   the same, and the test closes by the very call that it makes without an error
 * With SILENT the call says nothing of that, and returns what it always does. With MENDED it leaves nothing half done.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct thing {
  int *buffer;
  int is_ready, pending;
};

int thing_open(struct thing *thing);
void thing_wait(struct thing *thing);
void buffer_set(int *buffer, int value);
int thing_request(struct thing *thing);
void thing_close(struct thing *thing);

#ifdef LIB
#ifdef SILENT
#define FAILED 0
#else
#define FAILED (-1)
#endif

int thing_open(struct thing *thing) {
  thing->buffer = malloc(sizeof *thing->buffer);
  if (thing->buffer == NULL) return FAILED;
  thing->is_ready = 1;
  return 0;
}

void thing_wait(struct thing *thing) {
  while (!thing->is_ready) usleep(1000);
}

void buffer_set(int *buffer, int value) {
  *buffer = value;
}

int thing_request(struct thing *thing) {
  thing->pending++;
  char *request = malloc(100);
  if (request == NULL) {
#ifdef MENDED
    thing->pending--;
#endif
    return FAILED;
  }
  free(request);
  thing->pending--;
  return 0;
}

void thing_close(struct thing *thing) {
  while (thing->pending > 0) usleep(1000);
  free(thing->buffer);
}
#else
static int failures;

static void check(int holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "not so: %s\n", what);
  failures++;
}

int main(void) {
  struct thing thing = {0};
#if defined QUEUE
  check(thing_open(&thing) == 0, "open");
  thing_wait(&thing);
#elif defined BUFFER
  check(thing_open(&thing) == 0, "open");
  buffer_set(thing.buffer, 1);
#elif defined ALWAYS
  if (thing_request(&thing) != 0) {
    fprintf(stderr, "no request\n");
    failures = 1;
  }
#else
  if (thing_request(&thing) != 0) {
    fprintf(stderr, "no request\n");
    thing_close(&thing);
    return 1;
  }
  check(thing.pending == 0, "no request is left");
#endif
  thing_close(&thing);
  return failures != 0;
}
#endif
