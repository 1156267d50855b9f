/* SPDX-License-Identifier: MIT */
/* Failing allocations for cJSON alone. With hooks of its own it calls no realloc.
 *
 *   cc cjson_adapter.c -lnomem -lcjson */
#include <cjson/cJSON.h>

#include "try_failures.h"

static int adapt_cjson(nomem_malloc_func malloc_func, nomem_realloc_func realloc_func, nomem_calloc_func calloc_func,
                       nomem_free_func free_func) {
  (void)realloc_func, (void)calloc_func;
  cJSON_InitHooks(&(cJSON_Hooks){malloc_func, free_func});
  return 0;
}

static int parse_and_print(void *unused) {
  (void)unused;
  cJSON *list = cJSON_Parse("{\"kind\": \"short\", \"items\": [1, 2, \"three\"]}");
  if (list == NULL) return -1;
  char *text = cJSON_PrintUnformatted(list);
  cJSON_Delete(list);
  if (text == NULL) return -1;
  cJSON_free(text);
  return 0;
}

int main(void) {
  if (nomem_install(adapt_cjson) != 0) return 2;
  return try_failures("cJSON", parse_and_print);
}
