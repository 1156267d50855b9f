/* SPDX-License-Identifier: MIT */
/* The NULL is handed down, as the address of a member, to the function that follows it; one on the way is jumped to. */
#include <stdlib.h>

#define NOINLINE __attribute__((noinline))

struct name {
  char *text;
  int set;
};

struct entry {
  int kind;
  struct name path;
};

NOINLINE static struct entry *entry_new(void) {
  struct entry *entry = malloc(sizeof *entry);
  if (entry == NULL) return NULL;
  entry->kind = 0;
  return entry;
}

NOINLINE static void copy_name(struct name *name, char *text) {
  name->text = text;
  name->set = 1;
}

NOINLINE static void set_path(struct entry *entry, char *text) {
  copy_name(&entry->path, text);
}

NOINLINE static int walk(char *path) {
  struct entry *entry = entry_new(); /* unchecked */
#ifdef MENDED
  if (entry == NULL) return 1;
#endif
  set_path(entry, path);
  int set = entry->path.set;
  free(entry);
  return set;
}

int main(int argc, char **argv) {
  return argc > 0 ? walk(argv[0]) - 1 : 1;
}
