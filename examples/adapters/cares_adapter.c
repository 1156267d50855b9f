/* SPDX-License-Identifier: MIT */
/* Failing allocations for c-ares alone. ares_library_init_mem comes before anything else of the library.
 *
 *   cc cares_adapter.c -lnomem -lcares */
#include <ares.h>

#include "try_failures.h"

static int adapt_cares(nomem_malloc_func malloc_func, nomem_realloc_func realloc_func, nomem_calloc_func calloc_func,
                       nomem_free_func free_func) {
  (void)calloc_func;
  return ares_library_init_mem(ARES_LIB_INIT_ALL, malloc_func, free_func, realloc_func);
}

static int make_channel_and_query(void *unused) {
  ares_channel channel;
  unsigned char *query = NULL;
  int length;
  (void)unused;
  int result = ares_init(&channel);
  if (result != ARES_SUCCESS) return result;
  result = ares_create_query("example.org", 1, 1, 1, 1, &query, &length, 0);
  if (query != NULL) ares_free_string(query);
  ares_destroy(channel);
  return result;
}

int main(void) {
  if (nomem_install(adapt_cares) != 0) return 2;
  int result = try_failures("c-ares", make_channel_and_query);
  ares_library_cleanup();
  return result;
}
