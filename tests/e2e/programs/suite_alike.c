/* SPDX-License-Identifier: MIT */
/* Test code that passes on, to several functions under test, what it did not check: one line each way to blow up. */
#include <stdlib.h>

struct thing *thing_new(void);
int thing_value(const struct thing *thing);
int thing_other(const struct thing *thing);

#ifdef LIBRARY
struct thing {
  int value;
};

struct thing *thing_new(void) {
  return calloc(1, sizeof(struct thing));
}

static int follow(const struct thing *thing) {
  return thing->value;
}

int thing_value(const struct thing *thing) {
  return follow(thing);
}

int thing_other(const struct thing *thing) {
  return follow(thing) + 1;
}
#else
int main(void) {
  struct thing *first = thing_new();
  int value = thing_value(first);
  free(first);
  struct thing *second = thing_new();
  value += thing_other(second);
  free(second);
  return value - 1;
}
#endif
