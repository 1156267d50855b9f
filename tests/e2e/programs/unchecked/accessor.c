/* SPDX-License-Identifier: MIT */
/* A function that reads a member has returned the NULL; who had left it there is one of several that had no memory. */
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

struct table {
  volatile int id; /* so that it is followed */
  char *value;
};

struct disc {
  char *name;
  struct table *titles, *remarks;
};

static struct disc *disc;
static struct table *titles, *remarks;

NOINLINE static struct table *table_new(int id) {
  struct table *table = calloc(1, sizeof *table);
  if (table != NULL) table->id = id;
  return table;
}

/* A disc does without remarks. */
NOINLINE static struct disc *disc_new(void) {
  struct disc *made = calloc(1, sizeof *made);
  if (made == NULL) return NULL;
  made->titles = table_new(1); /* unchecked */
  made->remarks = table_new(2);
#ifdef MENDED
  if (made->titles != NULL) return made;
  free(made->remarks);
  free(made);
  return NULL;
#else
  return made;
#endif
}

NOINLINE static struct table *disc_titles(const struct disc *of) {
  return of != NULL ? of->titles : NULL;
}

NOINLINE static struct table *disc_remarks(const struct disc *of) {
  return of != NULL ? of->remarks : NULL;
}

/* Nor does it need a name. */
NOINLINE static void disc_set_name(struct disc *of, const char *name) {
  free(of->name);
  of->name = strdup(name);
}

NOINLINE static void table_set(struct table *table, int id) {
  if (table->id != id) table->id = id;
}

int main(void) {
  disc = disc_new();
  if (disc == NULL) return 1;
  titles = disc_titles(disc);
  remarks = disc_remarks(disc);
  disc_set_name(disc, "a name");
  table_set(titles, 3);
  free(titles);
  free(remarks);
  free(disc->name);
  free(disc);
  return 0;
}
