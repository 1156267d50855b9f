/* SPDX-License-Identifier: MIT */
/* Programs that bound themselves. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "hostile.h"

static int limited(int resource, rlim_t value) {
  struct rlimit limit = {value, value};
  if (setrlimit((__rlimit_resource_t)resource, &limit) != 0) return SCENE_BROKEN;
  return end_of_scene();
}

/* Less than what the command's tables take. */
int limit_space(void) {
  return limited(RLIMIT_AS, 10 << 20);
}

int limit_processes(void) {
  return limited(RLIMIT_NPROC, 0);
}

int limit_descriptors(void) {
  return limited(RLIMIT_NOFILE, 3);
}

int limit_no_descriptors(void) {
  return limited(RLIMIT_NOFILE, 0);
}

int limit_file_size(void) {
  return limited(RLIMIT_FSIZE, 0);
}

int limit_stack(void) {
  struct rlimit limit = {64 << 10, 64 << 10};
  if (argument != NULL) return end_of_scene();
  if (setrlimit(RLIMIT_STACK, &limit) != 0) return SCENE_BROKEN;
  execute("/proc/self/exe", "again");
  return SCENE_BROKEN;
}

/* A core file for each crash, where the limit above allows it. */
int limit_core(void) {
  struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
  setrlimit(RLIMIT_CORE, &limit);
  return end_of_scene();
}

/* Out of time after a second of work. */
int limit_processor(void) {
  struct rlimit limit = {1, 1};
  if (setrlimit(RLIMIT_CPU, &limit) != 0) return SCENE_BROKEN;
  if (allocates()) return 0;
  for (volatile unsigned i = 0;; i++) continue;
}

int limit_locked(void) {
  return limited(RLIMIT_MEMLOCK, 0);
}

int limit_data(void) {
  return limited(RLIMIT_DATA, 4 << 20);
}

int limit_signals(void) {
  return limited(RLIMIT_SIGPENDING, 0);
}
