/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "strings.h"

#include <stdlib.h>
#include <string.h>

#include "grow.h"

const char *nomem__strings_add(struct nomem__strings *strings, const char *text) {
  /* The last ones first: what is asked for once is asked for again soon. */
  for (size_t i = strings->count; i-- > 0;)
    if (strcmp(strings->list[i], text) == 0) return strings->list[i];
  strings->list = nomem__grow(strings->list, strings->count, &strings->room, sizeof *strings->list);
  strings->list[strings->count] = nomem__strdup(text);
  return strings->list[strings->count++];
}

void nomem__strings_free(struct nomem__strings *strings) {
  for (size_t i = 0; i < strings->count; i++) free(strings->list[i]);
  free(strings->list);
  *strings = (struct nomem__strings){0};
}
