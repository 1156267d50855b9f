/* SPDX-License-Identifier: MIT */
/* What an error path reads that it must not, and gets away with; one kind for each macro. With MENDED it reads nothing
 * of the sort. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT 6

struct error {
  int kind;
  char text[60];
};

static struct error *volatile pending;
static long *volatile list, *volatile before;
static char *volatile extra; /* lest the compiler see through it */
static volatile long seen;

#ifdef FREED /* an error that the callee has replaced */
static void replace(void) {
  free(pending);
  pending = NULL;
}

static int planted(struct error *borrowed) {
  int kind = borrowed->kind;
  extra = malloc(100);
  if (extra == NULL) replace();
  free(extra);
#ifdef MENDED
  return kind == 7;
#else
  return borrowed->kind == 7 && kind == 7; /* blow-up */
#endif
}

static void prepare(void) {
  pending = calloc(1, sizeof *pending);
  if (pending == NULL) exit(1);
  pending->kind = 7;
  seen = planted(pending);
}
#elif defined ELEMENT || defined RECOVERY /* one element too many, when the list, or a second try, could not grow */
static void planted(long count) {
#ifdef MENDED
  if (extra == NULL) count--;
#endif
  for (long i = 0; i < count; i++) seen += list[i]; /* blow-up */
}

static void prepare(void) {
  list = calloc(COUNT, sizeof *list);
  if (list == NULL) exit(1);
#ifdef ELEMENT
  extra = realloc(NULL, 100);
#else
  extra = malloc(1000);
  if (extra == NULL) extra = malloc(100);
#endif
  planted(extra == NULL ? COUNT + 1 : COUNT);
}
#elif defined CALL /* a function of an object that was given up */
struct object {
  long state[3]; /* where the C library writes when it has it back */
  void (*close)(void);
};

static void close_it(void) {
  seen++;
}

static void planted(struct object *object) {
  object->close(); /* blow-up */
}

static void prepare(void) {
  struct object *volatile object = malloc(sizeof *object);
  if (object == NULL) exit(1);
  object->close = close_it;
  extra = malloc(100);
#ifdef MENDED
  planted(object);
  if (extra == NULL) free(object);
#else
  if (extra == NULL) free(object);
  planted(object);
#endif
  if (extra != NULL) free(object);
  free(extra);
}
#elif defined MOVED /* by the address that a block had before it grew */
static void planted(const long *start) {
  seen += start[1]; /* blow-up */
}

static void prepare(void) {
  list = calloc(COUNT, sizeof *list);
  if (list == NULL) exit(1);
  before = list;
  extra = malloc(100);
  long *grown = extra == NULL ? realloc(list, 100 * sizeof *list) : NULL;
  if (grown != NULL) list = grown;
#ifdef MENDED
  before = list;
#endif
  planted(before);
  free(list);
}
#elif defined ALIGNED /* past the end of a block of whole pages */
static void planted(const char *text, size_t length) {
  seen += text[length]; /* blow-up */
}

static void prepare(void) {
  void *pages;
  if (posix_memalign(&pages, 4096, 8192) != 0) exit(1);
  memset(pages, 'x', 8192);
  extra = malloc(100);
#ifdef MENDED
  planted(pages, 8191);
#else
  planted(pages, extra == NULL ? 8192 : 8191);
#endif
  free(pages);
}
#endif

int main(void) {
  prepare();
#ifdef REFUSE
  return extra == NULL;
#else
  return 0;
#endif
}
