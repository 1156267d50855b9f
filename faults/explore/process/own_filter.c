/* SPDX-License-Identifier: MIT */
#include "own_filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../text/memory.h"

struct filters {
  unsigned long mode, count; /* Linux before 5.9 does not count them: 0 */
};

static struct filters read_filters(const char *path) {
  static const char mode[] = "Seccomp:", count[] = "Seccomp_filters:";
  struct filters filters = {0};
  char line[256];
  FILE *file = nomem__checked(fopen(path, "re"));
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    if (strncmp(line, mode, strlen(mode)) == 0) filters.mode = strtoul(line + strlen(mode), NULL, 10);
    if (strncmp(line, count, strlen(count)) == 0) filters.count = strtoul(line + strlen(count), NULL, 10);
  }
  if (file != NULL) fclose(file);
  return filters;
}

bool nomem__has_own_filter(pid_t tid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/status", (int)tid);
  struct filters its = read_filters(path), own = read_filters("/proc/self/status");
  return its.mode != own.mode || its.count > own.count;
}
