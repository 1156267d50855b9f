/* The test: its first argument says which of the ways. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../src/thing.h"

static void own(void) {
  struct thing thing = {0}, *copy = malloc(sizeof *copy);
  *copy = thing;
  free(copy);
  thing_free(thing_new());
}

static void assertion(void) {
  struct thing *thing = thing_new();
  assert(thing != NULL);
  thing_free(thing);
}

static void use(void) {
  struct thing *thing = thing_new();
  thing->value = 1; /* use */
  thing_free(thing);
}

static void pass(void) {
  struct thing *thing = thing_new();
  assert(thing_value(thing) == 0); /* pass */
  thing_free(thing);
}

static void clone(void) {
  struct thing thing = {0};
  thing_free(thing_clone(&thing));
}

static void name(void) {
  struct thing thing = {0};
  assert(thing_set_name(&thing, "name") == 0);
  assert(thing_name_length(&thing) == 4);
  free(thing.name);
}

static void need(void) {
  free(thing_need());
}

static void skip(int status) {
  struct thing *thing = thing_new();
  if (thing == NULL) exit(status);
  thing_free(thing);
}

/* The child is refused and says so; the parent asserts about it. */
static void talk(void) {
  int status = 0;
  pid_t child = fork();
  if (child == 0) {
    struct thing *thing = thing_new();
    _exit(thing == NULL);
  }
  waitpid(child, &status, 0);
  assert(status == 0);
}

static void *allocator(unsigned long size) {
  return malloc(size);
}

static void copy(void) {
  struct thing to = {0}, *from = thing_new();
  thing_copy(&to, from);
  thing_free(from);
}

/* It does not look at what it is told. */
static void wait_for(void) {
  struct thing thing = {0};
  thing_start(&thing);
  thing_wait(&thing);
  free(thing.name);
}

int main(int argc, char **argv) {
  const char *way = argc > 1 ? argv[1] : "";
  if (strcmp(way, "own") == 0) own();
  if (strcmp(way, "assertion") == 0) assertion();
  if (strcmp(way, "use") == 0) use();
  if (strcmp(way, "pass") == 0) pass();
  if (strcmp(way, "clone") == 0) clone();
  if (strcmp(way, "name") == 0) name();
  if (strcmp(way, "need") == 0) need();
  if (strcmp(way, "inner") == 0) return thing_inner();
  if (strcmp(way, "option") == 0) return thing_option(NULL);
  if (strcmp(way, "places") == 0) return thing_places();
  if (strcmp(way, "again") == 0) return thing_again();
  if (strcmp(way, "field") == 0) return thing_field();
  if (strcmp(way, "two") == 0) return thing_two();
  thing_allocator = allocator;
  if (strcmp(way, "hooked") == 0) return thing_hooked();
  if (strcmp(way, "copy") == 0) copy();
  if (strcmp(way, "wait") == 0) wait_for();
  if (strcmp(way, "stall") == 0) return thing_stall();
  if (strcmp(way, "locked") == 0) return thing_locked() == thing_locked() ? 0 : 1;
  if (strcmp(way, "skip") == 0) skip(77);
  if (strcmp(way, "skip7") == 0) skip(7);
  if (strcmp(way, "talk") == 0) talk();
  return 0;
}
