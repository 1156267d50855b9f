/* SPDX-License-Identifier: MIT */
/* The test: its first argument says which of the ways. */
#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
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

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;

static void *guarded(unsigned long size) {
  pthread_mutex_lock(&guard);
  void *block = malloc(size);
  if (block == NULL) return NULL; /* the lock is left held */
  pthread_mutex_unlock(&guard);
  return block;
}

static int hold(void) {
  thing_allocator = guarded;
  int result = thing_hooked();
  pthread_mutex_lock(&guard);
  return result;
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

/* None of these looks at what it is told. */
static void begun(void) {
  struct thing thing = {0};
  thing_begin(&thing);
  thing_name_length(&thing);
  free(thing.name);
}

static void started(void) {
  struct thing thing = {0};
  thing_start(&thing); /* started */
  thing_name_length(&thing);
  free(thing.name);
}

static void filled(void) {
  struct thing thing = {0};
  thing_fill(&thing);
  thing_name_length(&thing);
  free(thing.name);
}

static void inited(void) {
  struct thing thing = {0};
  thing_init(&thing);
  thing_name_length(&thing);
  free(thing.name);
}

static void ruined(void) {
  struct thing *thing = NULL;
  thing_ruin(&thing);
  thing_name_length(thing);
  free(thing->name);
  free(thing);
}

/* Who heeds the error frees what was left behind. */
static void cleans_up(void) {
  struct thing *thing = NULL;
  if (thing_ruin(&thing) == 0) thing_name_length(thing);
  if (thing != NULL) thing_free(thing);
}

/* A variable that has been used before. */
static void stale(void) {
  struct thing *thing = NULL;
  for (int i = 0; i < 2; i++) {
    thing_make(&thing);
    thing_name_length(thing);
    free(thing);
  }
}

/* A variable that nobody has set has whatever stood there. */
static void unset(void) {
  struct thing *thing = (struct thing *)0x123456789000;
  thing_make(&thing);
  thing_name_length(thing);
  free(thing);
}

/* A check that notes what is wrong, and goes on. */
static void check(bool is_right, const char *what) {
  printf("%sok - %s\n", is_right ? "" : "not ", what);
}

/* A variable that nobody has set, in which the address of something on the stack stands by chance. */
static void noted(void) {
  struct thing *thing = (struct thing *)__environ;
  check(thing_make(&thing) == 0, "made");
  free(thing);
}

/* The same, and it says so by other calls. */
static void printed(void) {
  struct thing *thing = (struct thing *)0x123456789000;
  if (thing_make(&thing) == 0) {
    puts("ok 1");
  } else {
    printf("not ok %d\n", 1);
    fflush(stdout);
  }
  thing_name_length(thing);
  free(thing);
}

/* It gives up, and cleans up; but what was listed is not to be touched then. */
static void gives_up(void) {
  struct thing thing = {0};
  if (thing_list(&thing) == 0)
    thing_name_length(&thing);
  else
    puts("not ok 1");
  thing_end();
  free(thing.name);
}

static void release_name(void *name) {
  free(name);
}

static void taken(void (*release)(void *name)) {
  struct thing thing = {0};
  char *name = strdup("a name of sixteen");
  check(thing_take(&thing, name, release) == 0, "taken");
  free(name);
  free(thing.name);
}

static void looked(void) {
  struct thing thing = {0};
  thing_start(&thing);
  thing_look(&thing);
  free(thing.name);
}

static void watched(void) {
  struct thing thing = {0};
  pthread_t thread;
  thing_watch(&thing, &thread);
  thing_watched(thread);
  free(thing.name);
}

static void tell(struct thing *thing) {
  thing_start(thing);
}

static void tell_and_go_on(struct thing *thing) {
  thing_start(thing);
  thing_name_length(thing);
}

static void callback(int (*with)(struct thing *thing, void (*told)(struct thing *thing)),
                     void (*told)(struct thing *thing)) {
  struct thing thing = {0};
  with(&thing, told);
  free(thing.name);
}

static void held(void) {
  struct thing thing = {0};
  thing_hold(&thing);
  thing_hold(&thing);
  free(thing.name);
}

/* The NULL is written here: it is no result of anything. */
static void reset(void) {
  thing_format("one");
  thing_format("two");
  thing_format(NULL);
}

static int hook(struct thing *thing) {
  return thing_start(thing);
}

static void hooked(int (*with)(struct thing *thing, int (*hook)(struct thing *thing))) {
  struct thing thing = {0};
  with(&thing, hook);
  thing_name_length(&thing);
  free(thing.name);
}

static void twice(void) {
  struct thing first = {0}, second = {0};
  thing_start(&first);
  thing_start(&second);
  thing_name_length(&first);
  free(first.name);
  free(second.name);
}

/* The same call again and again, which may say each time that there is no memory. */
static void many(void) {
  struct thing things[3] = {0};
  for (int i = 0; i < 3; i++) thing_start(&things[i]);
  thing_name_length(&things[2]);
  for (int i = 0; i < 3; i++) free(things[i].name);
}

/* It has something to do on its way, and calls nothing for that. */
static void busy(void) {
  struct thing thing = {0};
  char text[250];
  thing_start(&thing);
  for (unsigned i = 0; i < sizeof text; i++) text[i] = (char)('a' + i % 26);
  text[sizeof text - 1] = '\0';
  thing_name_length(&thing);
  free(thing.name);
}

/* It stops where a call says so, and cleans up. */
static void some(void) {
  struct thing things[3] = {0};
  for (int i = 0; i < 3; i++)
    if (thing_list(&things[i]) != 0) break;
  thing_end();
  for (int i = 0; i < 3; i++) free(things[i].name);
}

/* Two names, either of which may not be there. */
static void lengths(struct thing things[2]) {
  for (int i = 0; i < 2; i++) {
    thing_name_length(&things[i]);
    free(things[i].name);
  }
}

static void names(void) {
  struct thing things[2] = {{0}};
  thing_set_name(&things[0], "first");
  thing_set_name(&things[1], "second");
  lengths(things);
}

static void both(void) {
  struct thing things[2] = {{0}};
  thing_start(&things[0]);
  thing_set_name(&things[1], "second");
  lengths(things);
}

/* It looks, and cleans up; what it was refused has left something behind. */
static void checked(void) {
  struct thing thing = {0};
  if (thing_list(&thing) == 0) thing_name_length(&thing);
  thing_end();
  free(thing.name);
}

/* It takes what it is told for no reason to stop. */
static void until(void) {
  struct thing thing = {0};
  while (thing.name == NULL) thing_try(&thing);
  free(thing.name);
}

static bool is_told(const char *way) {
  if (strcmp(way, "begun") == 0)
    begun();
  else if (strcmp(way, "started") == 0)
    started();
  else if (strcmp(way, "filled") == 0)
    filled();
  else if (strcmp(way, "inited") == 0)
    inited();
  else if (strcmp(way, "ruined") == 0)
    ruined();
  else if (strcmp(way, "cleans_up") == 0)
    cleans_up();
  else if (strcmp(way, "unset") == 0)
    unset();
  else if (strcmp(way, "stale") == 0)
    stale();
  else if (strcmp(way, "noted") == 0)
    noted();
  else if (strcmp(way, "printed") == 0)
    printed();
  else if (strcmp(way, "gives_up") == 0)
    gives_up();
  else if (strcmp(way, "taken") == 0)
    taken(free);
  else if (strcmp(way, "hooked_taken") == 0)
    taken(release_name);
  else if (strcmp(way, "looked") == 0)
    looked();
  else if (strcmp(way, "watched") == 0)
    watched();
  else if (strcmp(way, "within") == 0)
    callback(thing_with, tell_and_go_on);
  else if (strcmp(way, "after") == 0)
    callback(thing_with_length, tell);
  else if (strcmp(way, "held") == 0)
    held();
  else if (strcmp(way, "reset") == 0)
    reset();
  else if (strcmp(way, "relay") == 0)
    hooked(thing_relay);
  else if (strcmp(way, "overhear") == 0)
    hooked(thing_overhear);
  else if (strcmp(way, "twice") == 0)
    twice();
  else if (strcmp(way, "many") == 0)
    many();
  else if (strcmp(way, "some") == 0)
    some();
  else if (strcmp(way, "busy") == 0)
    busy();
  else if (strcmp(way, "names") == 0)
    names();
  else if (strcmp(way, "both") == 0)
    both();
  else if (strcmp(way, "checked") == 0)
    checked();
  else if (strcmp(way, "until") == 0)
    until();
  else
    return false;
  return true;
}

int main(int argc, char **argv) {
  const char *way = argc > 1 ? argv[1] : "";
  if (is_told(way)) return 0;
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
  if (strcmp(way, "hold") == 0) return hold();
  if (strcmp(way, "copy") == 0) copy();
  if (strcmp(way, "wait") == 0) wait_for();
  if (strcmp(way, "stall") == 0) return thing_stall();
  if (strcmp(way, "locked") == 0) return thing_locked() == thing_locked() ? 0 : 1;
  if (strcmp(way, "skip") == 0) skip(77);
  if (strcmp(way, "skip7") == 0) skip(7);
  if (strcmp(way, "talk") == 0) talk();
  return 0;
}
