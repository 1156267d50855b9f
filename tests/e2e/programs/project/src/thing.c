/* SPDX-License-Identifier: MIT */
#include "thing.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct thing *thing_new(void) {
  return calloc(1, sizeof(struct thing)); /* new */
}

int thing_value(const struct thing *thing) {
  return thing->value; /* value */
}

struct thing *thing_clone(const struct thing *thing) {
  struct thing *clone = malloc(sizeof *clone); /* clone */
  clone->value = thing->value;
  clone->name = NULL;
  return clone;
}

int thing_set_name(struct thing *thing, const char *name) {
  thing->name = strdup(name); /* name */
  return 0;
}

int thing_name_length(const struct thing *thing) {
  return (int)strlen(thing->name);
}

struct thing *thing_need(void) {
  struct thing *thing = malloc(sizeof *thing);
  if (thing == NULL) abort(); /* need */
  return thing;
}

int thing_inner(void) {
  struct thing *thing = thing_new();
  int value = thing_value(thing);
  thing_free(thing);
  return value;
}

int thing_option(const int *option) {
  int *copy = malloc(sizeof *copy);
  *copy = option == NULL ? 0 : *option;
  int value = *copy;
  free(copy);
  return value;
}

int thing_places(void) {
  for (int i = 0; i < 4; i++) {
    struct thing *thing = thing_new(); /* places */
    if (i % 2 == 0)
      thing->value = 1;
    else
      thing->name = NULL;
    thing_free(thing);
  }
  return 0;
}

static void copy_value(struct thing *to, const struct thing *from) {
  *to = *from;
}

int thing_two(void) {
  struct thing *to = thing_new();   /* to */
  struct thing *from = thing_new(); /* from */
  copy_value(to, from);
  thing_free(to);
  thing_free(from);
  return 0;
}

static void mark(struct thing *thing) {
  thing->name[0] = 'x';
}

static void mark_first(struct thing *thing) {
  mark(thing);
}

static void mark_second(struct thing *thing) {
  mark(thing);
}

int thing_field(void) {
  struct thing first = {0}, second = {0};
  thing_set_name(&first, "first");
  mark_first(&first);
  thing_set_name(&second, "second");
  mark_second(&second);
  free(first.name);
  free(second.name);
  return 0;
}

static void keep(const char *name) {
  size_t bytes = strlen(name) + 1;
  char *copy = malloc(bytes);
  if (copy != NULL) memcpy(copy, name, bytes);
  free(copy);
}

int thing_again(void) {
  for (int i = 0; i < 2; i++) {
    char *name = i == 0 ? NULL : strdup("name"); /* again */
    keep(i == 0 ? "first" : name);
    free(name);
  }
  return 0;
}

void *(*thing_allocator)(unsigned long size);

int thing_hooked(void) {
  char *block = thing_allocator(3);
  if (block != NULL) block[0] = 'x';
  free(block);
  return block == NULL;
}

/* Optimised, it is jumped to by those that call it last. */
__attribute__((noinline)) int thing_start(struct thing *thing) {
  thing->name = strdup("name");
  return thing->name != NULL ? 0 : -1;
}

struct thing *thing_begin(struct thing *thing) {
  return thing_start(thing) == 0 ? thing : NULL;
}

bool thing_fill(struct thing *thing) {
  return thing_start(thing) == 0;
}

void thing_init(struct thing *thing) {
  thing_start(thing);
}

int thing_try(struct thing *thing) {
  for (volatile int i = 0; i < 200000; i++) continue;
  return thing_start(thing);
}

int thing_ruin(struct thing **made) {
  *made = malloc(sizeof **made);
  if (*made == NULL) return -1;
  if (thing_start(*made) == 0) return 0;
  free(*made); /* and is left behind */
  return -1;
}

int thing_make(struct thing **made) {
  struct thing *thing = thing_new();
  if (thing == NULL) return -1;
  thing->name = (char *)"";
  *made = thing;
  return 0;
}

int thing_take(struct thing *thing, char *name, void (*release)(void *name)) {
  thing->name = malloc(8);
  if (thing->name != NULL) return 0;
  release(name);
  return -1;
}

static struct thing *listed;

int thing_list(struct thing *thing) {
  listed = thing;
  return thing_start(thing);
}

void thing_end(void) {
  if (listed != NULL) listed->value = listed->name[0]; /* end */
  listed = NULL;
}

int thing_format(const char *format) {
  static char *current;
  free(current);
  char *copy = format != NULL ? strdup(format) : NULL;
  if (format != NULL && copy == NULL) return -1;
  current = copy;
  return 0;
}

int thing_hold(struct thing *thing) {
  static int holders;
  assert(holders == 0);
  holders++;
  int result = thing->name == NULL ? thing_start(thing) : 0;
  if (result == 0) holders--;
  return result;
}

/* The first byte of each, by a thread that is joined. */
static void *look(void *thing) {
  return (void *)(unsigned long)*((struct thing *)thing)->name; /* look */
}

int thing_look(struct thing *thing) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, look, thing) != 0) return -1;
  return pthread_join(thread, NULL);
}

/* The thread is there before the name is. */
static struct thing *looked_at;
static pthread_mutex_t looking = PTHREAD_MUTEX_INITIALIZER;

static void *look_later(void *unused) {
  pthread_mutex_lock(&looking);
  looked_at->value = looked_at->name[0]; /* look later */
  return unused;
}

int thing_watch(struct thing *thing, pthread_t *thread) {
  looked_at = thing;
  pthread_mutex_lock(&looking);
  pthread_create(thread, NULL, look_later, NULL);
  return thing_start(thing);
}

void thing_watched(pthread_t thread) {
  pthread_mutex_unlock(&looking);
  pthread_join(thread, NULL);
}

int thing_with(struct thing *thing, void (*told)(struct thing *thing)) {
  told(thing);
  return 0;
}

int thing_relay(struct thing *thing, int (*hook)(struct thing *thing)) {
  return hook(thing);
}

int thing_overhear(struct thing *thing, int (*hook)(struct thing *thing)) {
  hook(thing);
  return 0;
}

int thing_with_length(struct thing *thing, void (*told)(struct thing *thing)) {
  told(thing);
  return (int)strlen(thing->name);
}

void thing_wait(const struct thing *thing) {
  while (thing->name == NULL) pause(); /* wait */
}

void thing_copy(struct thing *to, const struct thing *from) {
  copy_value(to, from);
}

int thing_stall(void) {
  struct thing thing = {0};
  thing_start(&thing);
  thing_wait(&thing);
  free(thing.name);
  return 0;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int thing_locked(void) {
  pthread_mutex_lock(&lock);
  void *block = malloc(1);
  if (block == NULL) return -1; /* the lock is left held */
  free(block);
  return pthread_mutex_unlock(&lock);
}

void thing_free(struct thing *thing) {
  if (thing != NULL) free(thing->name);
  free(thing);
}
