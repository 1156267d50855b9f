/* SPDX-License-Identifier: MIT */
/* Failing allocations for jansson alone.
 *
 *   cc jansson_adapter.c -lnomem -ljansson */
#include <jansson.h>

#include "try_failures.h"

static nomem_free_func jansson_free;

static int adapt_jansson(nomem_malloc_func malloc_func, nomem_realloc_func realloc_func, nomem_calloc_func calloc_func,
                         nomem_free_func free_func) {
  (void)realloc_func, (void)calloc_func;
  jansson_free = free_func;
  json_set_alloc_funcs(malloc_func, free_func);
  return 0;
}

static int parse_and_print(void *unused) {
  (void)unused;
  json_t *list = json_loads("{\"kind\": \"short\", \"items\": [1, 2, \"three\"]}", 0, NULL);
  if (list == NULL) return -1;
  char *text = json_dumps(list, JSON_COMPACT);
  json_decref(list);
  if (text == NULL) return -1;
  jansson_free(text);
  return 0;
}

int main(void) {
  if (nomem_install(adapt_jansson) != 0) return 2;
  return try_failures("jansson", parse_and_print);
}
