/* SPDX-License-Identifier: MIT */
/* A small library tested by nomem_check: every allocation of a function fails in turn, and it must report that, give
 * back what it took, and work again afterwards.
 *
 *   cc check_names.c -lnomem
 *
 * Exit status: 0 when nothing was found, 1 otherwise. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nomem/nomem.h>

/* The library: a list of names, and an allocator that its user may replace, as many libraries have one. */

static void *(*names_malloc)(size_t size) = malloc;
static void *(*names_realloc)(void *ptr, size_t size) = realloc;
static void (*names_free)(void *ptr) = free;

static int names_set_allocator(nomem_malloc_func malloc_func, nomem_realloc_func realloc_func,
                               nomem_calloc_func calloc_func, nomem_free_func free_func) {
  (void)calloc_func;
  names_malloc = malloc_func;
  names_realloc = realloc_func;
  names_free = free_func;
  return 0;
}

struct names {
  char **list;
  size_t count;
};

/* Adds a copy. Returns 0, or -ENOMEM with the list as it was. */
static int names_add(struct names *names, const char *name) {
  size_t bytes = strlen(name) + 1;
  char *copy = names_malloc(bytes);
  if (copy == NULL) return -ENOMEM;
  char **grown = names_realloc(names->list, (names->count + 1) * sizeof *grown);
  if (grown == NULL) {
    names_free(copy); /* remove this line, and the check finds the leak */
    return -ENOMEM;
  }
  names->list = grown;
  names->list[names->count++] = memcpy(copy, name, bytes);
  return 0;
}

static void names_clear(struct names *names) {
  for (size_t i = 0; i < names->count; i++) names_free(names->list[i]);
  names_free(names->list);
  *names = (struct names){0};
}

/* The test. */

static int make_and_clear(void *unused) {
  static const char *const words[] = {"one", "two", "three"};
  struct names names = {0};
  int result = 0;
  (void)unused;
  for (size_t i = 0; i < 3 && result == 0; i++) result = names_add(&names, words[i]);
  names_clear(&names);
  return result;
}

int main(void) {
  static const char *const problems[] = {"no problem", "a failure that was none", "it does not recover", "a leak"};
  struct nomem_check_result result;
  if (nomem_install(names_set_allocator) != 0) return 1;
  int code = nomem_check(make_and_clear, NULL, 0, &result);
  if (code < 0) {
    fprintf(stderr, "check_names: %s\n", strerror(-code));
    return 1;
  }
  printf("%llu allocations, %llu runs: %s", (unsigned long long)result.calls, (unsigned long long)result.runs,
         problems[result.problem]);
  if (code != 0 && *result.plan != '\0') printf(" after nomem_begin(\"%s\")", result.plan);
  putchar('\n');
  return code;
}
