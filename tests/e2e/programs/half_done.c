/* SPDX-License-Identifier: MIT */
/* A library (with LIB), and its test, which notes an error and goes on, or cleans up, as the interface prescribes.
 *   QUEUE    a call leaves its queue half done; who then waits for it waits for ever
 *   BUFFER   a call leaves a member NULL; who is given that follows it
 *   REQUEST  a request that could not be made is registered all the same; who closes waits for its end
 *   ALWAYS   the same, and the test closes by the very call that it makes without an error
 *   GROWN    a call that cannot make its array longer says that it is; who adds it up reads past its end
 * With SILENT the call says nothing of that, and returns what it always does. With MENDED it leaves nothing half done.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct thing {
  int *buffer;
  int is_ready, pending;
  size_t count;
};

int thing_open(struct thing *thing);
void thing_wait(struct thing *thing);
void buffer_set(int *buffer, int value);
int thing_request(struct thing *thing);
void thing_close(struct thing *thing);
int thing_grow(struct thing *thing, size_t count);
int thing_sum(const struct thing *thing);

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

int thing_grow(struct thing *thing, size_t count) {
  int *buffer = realloc(thing->buffer, count * sizeof *buffer);
#ifndef MENDED
  thing->count = count;
#endif
  if (buffer == NULL) return FAILED;
  memset(buffer, 0, count * sizeof *buffer);
  thing->buffer = buffer;
  thing->count = count;
  return 0;
}

int thing_sum(const struct thing *thing) {
  int sum = 0;
  for (size_t i = 0; thing->buffer != NULL && i < thing->count; i++) sum += thing->buffer[i];
  return sum;
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
#elif defined GROWN
  check(thing_grow(&thing, 4) == 0, "four");
  check(thing_grow(&thing, 4000) == 0, "many");
  check(thing_sum(&thing) == 0, "nothing is in it");
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
