/* SPDX-License-Identifier: MIT */
/* What is NULL is a member of an object that was freed: its free is to blame, and not what was to be stored there. */
/* says: freed first */
/* heading: \(crash\|corruption\) in */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

struct section {
  long unused[8]; /* where the allocator keeps what it has of a freed block */
  char *name;
  int *options;
};

struct value {
  struct section *section;
};

NOINLINE static int value_open(struct value *value, const char *name) {
  value->section = calloc(1, sizeof *value->section);
  if (value->section == NULL) return -1;
  value->section->name = strdup(name);
  if (value->section->name == NULL) {
    free(value->section); /* unchecked */
#ifdef MENDED
    value->section = NULL;
#endif
    return -1;
  }
  value->section->options = calloc(4, sizeof(int));
  if (value->section->options != NULL) return 0;
  free(value->section->name);
  free(value->section);
  value->section = NULL;
  return -1;
}

NOINLINE static int value_first(const struct value *value) {
  return value->section == NULL ? 0 : value->section->options[0];
}

int main(void) {
  struct value value;
  if (value_open(&value, "a section") != 0) fprintf(stderr, "no memory\n");
  int status = value_first(&value);
  if (value.section == NULL) return 1;
  free(value.section->options);
  free(value.section->name);
  free(value.section);
  return status;
}
