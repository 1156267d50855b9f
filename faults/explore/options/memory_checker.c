/* SPDX-License-Identifier: MIT */
#include "memory_checker.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "../text/memory.h"

static const char log_option[] = "--log-file=", suppressions[] = "--suppressions=";

static bool begins(const char *word, const char *beginning) {
  return strncmp(word, beginning, strlen(beginning)) == 0;
}

/* CTest adds its suppressions, under valgrind's name for them, to whatever options it was given. */
static bool take_suppressions(char *word, char **list, int *count) {
  static char suppress[] = "--suppress";
  if (!begins(word, suppressions)) return false;
  list[(*count)++] = suppress;
  list[(*count)++] = word + strlen(suppressions);
  return true;
}

/* Takes valgrind's options up to the test, which is the first word that is none. */
static void take_valgrinds(char ***from, char **list, int *count) {
  for (; **from != NULL && ***from == '-' && strcmp(**from, "--") != 0; ++*from) {
    char *word = **from;
    bool is_common = strcmp(word, "-q") == 0 || strcmp(word, "--quiet") == 0 || begins(word, "--error-exitcode=");
    if (!take_suppressions(word, list, count) && is_common) list[(*count)++] = word;
  }
}

/* Takes options of nomem's up to the test, of which CTest gives the whole path. */
static void take_own(char ***from, char **list, int *count) {
  for (; **from != NULL && ***from != '/' && strcmp(**from, "--") != 0; ++*from)
    if (!take_suppressions(**from, list, count)) list[(*count)++] = **from;
}

char **nomem__memory_checker_words(int *argc, char **argv) {
  static char explore[] = "explore", wrapper[] = "--wrapper=on", end[] = "--";
  if (*argc < 2 || !begins(argv[1], log_option)) return NULL;
  char **list = nomem__calloc((size_t)*argc * 2 + 4, sizeof *list), **from = argv + 2;
  int count = 0;
  bool is_named = *from != NULL && strcmp(*from, explore) == 0;
  list[count++] = argv[0];
  list[count++] = explore;
  list[count++] = argv[1];
  list[count++] = wrapper;
  if (is_named) {
    from++;
    take_own(&from, list, &count);
  } else {
    take_valgrinds(&from, list, &count);
  }
  if (!is_named && *from != NULL && strcmp(*from, end) != 0) list[count++] = end;
  while (*from != NULL) list[count++] = *from++;
  *argc = count;
  return list;
}
