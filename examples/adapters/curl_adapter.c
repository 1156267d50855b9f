/* SPDX-License-Identifier: MIT */
/* Failing allocations for libcurl alone; what it calls, such as OpenSSL and c-ares, keeps its own.
 *
 *   cc curl_adapter.c -lnomem -lcurl */
#include <curl/curl.h>

#include "try_failures.h"

static nomem_malloc_func curl_malloc;

static char *copy(const char *text) {
  size_t bytes = strlen(text) + 1;
  char *copied = (char *)curl_malloc(bytes);
  return copied != NULL ? (char *)memcpy(copied, text, bytes) : NULL;
}

static int adapt_curl(nomem_malloc_func malloc_func, nomem_realloc_func realloc_func, nomem_calloc_func calloc_func,
                      nomem_free_func free_func) {
  curl_malloc = malloc_func;
  return curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc_func, free_func, realloc_func, copy, calloc_func);
}

static int parse_address(void *unused) {
  char *host = NULL;
  (void)unused;
  CURLU *address = curl_url();
  if (address == NULL) return -1;
  int result = (int)curl_url_set(address, CURLUPART_URL, "https://user@example.org:8443/list?kind=short#two", 0);
  if (result == 0) result = (int)curl_url_get(address, CURLUPART_HOST, &host, 0);
  curl_free(host);
  curl_url_cleanup(address);
  return result;
}

int main(void) {
  if (nomem_install(adapt_curl) != 0) return 2;
  int result = try_failures("curl", parse_address);
  curl_global_cleanup();
  return result;
}
