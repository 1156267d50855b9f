/* SPDX-License-Identifier: MIT */
/* A library (with LIB), and its test, which crashes in its own code by what the library left to it.
 *   CALLBACK  a callback is given a NULL that was not checked
 *   MEMBER    what a call makes, and says yes to, has a member that is NULL
 *   OUTPUT    a call says yes, and what it was to fill in is NULL
 *   FREED     a call that fails frees what the test still has
 *   JUMPED    as MEMBER, which a function of the library's hands to the C library by a jump, so that no stack shows it
 *   OWN       the library does without what it has not got; the test does not check its own call, when all calls fail
 *   HOLDER    a call says yes, and has not filled in what the library then releases
 * With SAYS a call of OUTPUT and HOLDER reports an error, and the test goes on all the same. With MENDED nothing is
 * wrong with either.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct thing {
  char *name;
  struct thing *parent;
  int count;
};

typedef void (*visit_part)(const char *part, size_t *bytes);

int visit(const char *path, visit_part visit_it, size_t *bytes);
struct thing *make_thing(struct thing *parent, const char *name);
const struct thing *thing_self(const struct thing *thing);
size_t thing_bytes(const struct thing *thing);
int list_parts(const char *path, char ***parts);
void drop_thing(struct thing *thing);
int fill(struct thing *holder);
void release(struct thing *holder);
void set_up(void);
void give_name(struct thing *thing, char *name);

#ifdef LIB
static struct thing *spare;

void set_up(void) {
  spare = malloc(sizeof *spare);
  if (spare != NULL) spare->name = NULL;
}

void give_name(struct thing *thing, char *name) {
  thing->name = name;
}

int fill(struct thing *holder) {
  char *name = strdup("usr");
#if defined MENDED || defined SAYS
  if (name == NULL) return -1;
#else
  if (name == NULL) return 0;
#endif
  holder->name = name;
  return 0;
}

void release(struct thing *holder) {
  free(holder->name);
}

int visit(const char *path, visit_part visit_it, size_t *bytes) {
  for (; *path != '\0'; path += strcspn(path, "/"), path += *path == '/') {
    char *part = strndup(path, strcspn(path, "/"));
#ifdef MENDED
    if (part == NULL) return -1;
#endif
    visit_it(part, bytes);
    free(part);
  }
  return 0;
}

void drop_thing(struct thing *thing) {
  if (thing == NULL || --thing->count > 0) return;
  drop_thing(thing->parent);
  free(thing->name);
  free(thing);
}

struct thing *make_thing(struct thing *parent, const char *name) {
  struct thing *thing = calloc(1, sizeof *thing);
  if (thing == NULL) return NULL;
  thing->count = 1;
#if defined FREED && !defined MENDED
  thing->parent = parent; /* but it does not count yet */
#endif
  thing->name = strdup(name);
#if !(defined MEMBER || defined JUMPED) || defined MENDED
  if (thing->name == NULL) {
    drop_thing(thing);
    return NULL;
  }
#endif
  thing->parent = parent;
  if (parent != NULL) parent->count++;
  return thing;
}

const struct thing *thing_self(const struct thing *thing) {
  return thing;
}

size_t thing_bytes(const struct thing *thing) {
  return strlen(thing->name);
}

int list_parts(const char *path, char ***parts) {
  *parts = calloc(2, sizeof **parts);
#if defined MENDED || defined SAYS
  if (*parts == NULL) return -1;
#else
  if (*parts == NULL) return 0;
#endif
  **parts = (char *)path;
  return 0;
}
#else
#ifdef OWN
static void name_thing(struct thing *thing) {
  thing->count = 1;
}
#endif

#ifdef CALLBACK
static void count_bytes(const char *part, size_t *bytes) {
  *bytes += strlen(part);
}
#endif

int main(void) {
  int failures = 0;
#if defined CALLBACK
  size_t bytes = 0;
  if (visit("usr/lib", count_bytes, &bytes) != 0) return 1;
  failures += bytes != 6;
#elif defined MEMBER
  struct thing *thing = make_thing(NULL, "lib");
  if (thing == NULL) return 1;
  failures += thing->name[0] != 'l';
  drop_thing(thing);
#elif defined JUMPED
  struct thing *thing = make_thing(NULL, "lib");
  if (thing == NULL) return 1;
  failures += thing_bytes(thing) != 3;
  drop_thing(thing);
#elif defined FREED
  struct thing *parent = make_thing(NULL, "usr"), *thing = make_thing(parent, "lib");
  if (thing == NULL) fprintf(stderr, "no thing\n");
  failures += parent == NULL || thing == NULL;
  failures += parent != NULL && thing_self(parent)->name[0] != 'u';
  drop_thing(thing);
  drop_thing(parent);
#elif defined OWN
  struct thing *things[8];
  set_up();
  for (int i = 0; i < 8; i++) {
    things[i] = malloc(sizeof *things[i]);
    name_thing(things[i]);
    give_name(things[i], NULL);
  }
  for (int i = 0; i < 8; i++) free(things[i]);
#elif defined HOLDER
  static char old[] = "what stood there before";
  struct thing holder = {.name = old};
#ifdef MENDED
  if (fill(&holder) != 0) return 1;
#else
  failures += fill(&holder) != 0;
#endif
  release(&holder);
#else
  char **parts = NULL;
#ifdef MENDED
  if (list_parts("usr", &parts) != 0) return 1;
#else
  failures += list_parts("usr", &parts) != 0; /* with SAYS, the error is noted, and no more */
#endif
  failures += parts[0] == NULL || parts[0][0] != 'u';
  free(parts);
#endif
  return failures != 0;
}
#endif
