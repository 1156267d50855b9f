/* SPDX-License-Identifier: MIT */
/* Allocations before main, after it, and where a program ends in another way. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hostile.h"

/* The C library gives these the program's arguments. */
__attribute__((constructor)) static void before_main(int argc, char **argv) {
  if (argc < 3 || strcmp(argv[1], "constructor") != 0) return;
  is_careless = strcmp(argv[2], "careless") == 0;
  if (!allocates()) _exit(1);
}

int constructor(void) {
  return end_of_scene();
}

static void allocate_at_end(void) {
  if (!allocates()) _exit(1);
}

__attribute__((destructor)) static void after_main(void) {
  if (behaviour_name != NULL && strcmp(behaviour_name, "destructor") == 0) allocate_at_end();
}

int destructor(void) {
  return 0;
}

int exit_handler(void) {
  if (atexit(allocate_at_end) != 0) return 1;
  exit(0);
}

static void exit_again(void) {
  allocate_at_end();
  exit(0);
}

int exit_twice(void) {
  if (atexit(allocate_at_end) != 0 || atexit(exit_again) != 0) return 1;
  exit(0);
}

static void end_thread(void *value) {
  (void)value;
  allocate_at_end();
}

static pthread_key_t key;

static void *set_value(void *unused) {
  pthread_setspecific(key, &key);
  return unused;
}

int thread_destructor(void) {
  pthread_t thread;
  if (pthread_key_create(&key, end_thread) != 0 || pthread_create(&thread, NULL, set_value, NULL) != 0) return 1;
  pthread_join(thread, NULL);
  return 0;
}

static int nothing(void) {
  return 0;
}

/* Before a fork, and after it on both sides. */
int fork_handlers(void) {
  if (pthread_atfork(allocate_at_end, allocate_at_end, allocate_at_end) != 0) return 1;
  return await(child(nothing)) == 0 ? 0 : 1;
}

int quick_end(void) {
  if (at_quick_exit(allocate_at_end) != 0) return 1;
  quick_exit(0);
}

/* Not even the C library is told. */
int bare_end(void) {
  syscall(SYS_exit_group, end_of_scene());
  return SCENE_BROKEN;
}

static void *leave(void *unused) {
  syscall(SYS_exit, 0);
  return unused;
}

/* A thread that goes without saying so. */
int thread_end(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, leave, NULL) != 0) return 1;
  sleep_ms(5);
  return end_of_scene();
}

static void allocate_in_handler(int number) {
  (void)number;
  void *volatile block = malloc(100);
  free(block);
}

int abort_handler_allocates(void) {
  signal(SIGABRT, allocate_in_handler);
  if (allocates()) return 0;
  abort();
}
