/* SPDX-License-Identifier: MIT */
/* A library, and below tests/ a test of it that does not look at what it is told. */
struct thing {
  int size;
};

struct thing *thing_new(void);
int thing_size(const struct thing *thing);
void thing_free(struct thing *thing);
