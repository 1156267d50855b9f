/* SPDX-License-Identifier: MIT */
/* The target of library.c. It checks nothing: it passes on the collector, and reads the name. -DCHECKS: it checks all.
 */
#include <unistd.h>

#include <stdlib.h>

#include "library.h"

#ifdef CHECKS
#define UNLESS(condition, otherwise) \
  if (!(condition)) otherwise
#else
#define UNLESS(condition, otherwise)
#endif

static int give_up(struct collector *collector) {
  collector_delete(collector);
  collector_forget();
  return 0;
}

__attribute__((noinline)) static int use(const uint8_t *data, size_t size) {
  struct collector *collector = collector_new();
  UNLESS(collector != NULL, return give_up(collector));
  if (collector_add(collector, data, size) != 0) return give_up(collector);
  char *name = collector_name(collector);
  UNLESS(name != NULL, return give_up(collector));
  ssize_t written = name[0] == '!' ? write(STDOUT_FILENO, name, 1) : 0;
  free(name);
  give_up(collector);
  return (int)written;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  return size < 3 || data[0] != 'x' ? 0 : use(data, size);
}
