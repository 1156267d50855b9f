/* SPDX-License-Identifier: MIT */
/* Failing allocations for libevent alone. Before anything else of the library is called.
 *
 *   cc libevent_adapter.c -lnomem -levent */
#include <event2/buffer.h>
#include <event2/event.h>

#include "try_failures.h"

static int adapt_libevent(nomem_malloc_func malloc_func, nomem_realloc_func realloc_func, nomem_calloc_func calloc_func,
                          nomem_free_func free_func) {
  (void)calloc_func;
  event_set_mem_functions(malloc_func, realloc_func, free_func);
  return 0;
}

static int fill_buffer(void *unused) {
  static char bytes[5000];
  (void)unused;
  struct evbuffer *buffer = evbuffer_new();
  if (buffer == NULL) return -1;
  int result = evbuffer_add(buffer, bytes, sizeof bytes);
  if (result == 0) result = evbuffer_prepend(buffer, "short", 5);
  if (result == 0 && evbuffer_pullup(buffer, -1) == NULL) result = -1;
  evbuffer_free(buffer);
  return result;
}

int main(void) {
  if (nomem_install(adapt_libevent) != 0) return 2;
  return try_failures("libevent", fill_buffer);
}
