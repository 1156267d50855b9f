/* SPDX-License-Identifier: MIT */
/* A program that gives up, as gives_up.c, and whose function has made a parent and a child that point to each other.
 * With LOSES it loses both; no other lost block leads there. What main() has dropped in any case is none of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct person {
  struct person *parent, *child;
  char *name;
};

__attribute__((noinline)) static struct person *make_person(struct person *parent) {
  struct person *person = calloc(1, sizeof *person);
  if (person == NULL) return NULL;
  person->parent = parent;
  if (parent != NULL) parent->child = person;
  return person;
}

__attribute__((noinline)) static struct person *make_family(const char *name) {
  struct person *parent = make_person(NULL);
  if (parent == NULL) return NULL;
  if (make_person(parent) == NULL) {
    free(parent);
    return NULL;
  }
  parent->name = strdup(name);
  if (parent->name == NULL) {
#ifndef LOSES
    free(parent->child);
    free(parent);
#endif
    return NULL;
  }
  return parent;
}

__attribute__((noinline)) static void drop(void) {
  char *volatile dropped = malloc(100);
  if (dropped != NULL) *dropped = 0;
  dropped = NULL;
}

int main(void) {
  drop();
  struct person *family = make_family("Adams");
  if (family == NULL) {
    fputs("no memory\n", stderr);
    return 1;
  }
  free(family->name);
  free(family->child);
  free(family);
  return 0;
}
