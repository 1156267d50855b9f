/* SPDX-License-Identifier: MIT */
#include "box.h"

#include <stdlib.h>
#include <string.h>

/* Each statement stands on a line of its own. */
/* clang-format off */
struct box {
  char *label, *content, *spare;
};

/* To be replaced by who uses the library. */
void *(*box_allocate)(size_t) = malloc;

static void *get(size_t bytes) {
  void *block = box_allocate(bytes);
  if (block == NULL)
    return NULL; // only
  return block;
}

struct box *box_new(const char *label) {
  struct box *box = get(sizeof *box);
  if (!box)
    return NULL; // only
  box->label = strdup(label);
  box->content = box->spare = NULL;
  if (!box->label)
    return free(box), NULL; // only
  return box;
}

/* No test calls it with so much. */
int box_fill(struct box *box, size_t bytes) {
  if (bytes > 1000) {
    char *more = realloc(box->content, bytes);
    if (more == NULL) // never
      return -1;
    box->content = more;
  }
  return 0;
}

int box_copy(struct box *box) {
  size_t bytes = strlen(box->label) + 1;
  box->content = malloc(bytes);
#ifndef CRASHES
  if (!box->content || bytes == 0)
    return -1; // only
#endif
  memcpy(box->content, box->label, bytes);
  return 0;
}

/* What has something in reserve never fails. */
static char *get_spare(void) {
  static char reserve[16];
  char *spare = malloc(sizeof reserve);
  if (spare == NULL)
    return reserve; // only
  free(spare);
  return reserve;
}

static char *get_any(int way) {
  char *any = malloc(16);
  if (any == NULL)
    any = get_spare(); // only
  return way == 0 ? any : NULL;
}

int box_spare(struct box *box) {
  char *any = get_any(box->spare != NULL);
#ifdef CHECKS
  if (any == NULL) // never
    return -1;
#endif
  if (any != get_spare())
    free(any);
  return 0;
}

void box_free(struct box *box) {
  if (box == NULL) // a branch on no allocation
    return;
  free(box->label);
  free(box->content);
  free(box);
}
