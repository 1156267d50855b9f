/* SPDX-License-Identifier: MIT */
/* Failing allocations for nghttp2 alone: what is made with an nghttp2_mem allocates by it.
 *
 *   cc nghttp2_adapter.c -lnomem -lnghttp2 */
#include <nghttp2/nghttp2.h>

#include "try_failures.h"

static nomem_malloc_func http_malloc;
static nomem_realloc_func http_realloc;
static nomem_calloc_func http_calloc;
static nomem_free_func http_free;

static void *allocate(size_t bytes, void *unused) {
  return (void)unused, http_malloc(bytes);
}
static void release(void *block, void *unused) {
  (void)unused, http_free(block);
}
static void *allocate_zeroed(size_t count, size_t bytes, void *unused) {
  return (void)unused, http_calloc(count, bytes);
}
static void *resize(void *block, size_t bytes, void *unused) {
  return (void)unused, http_realloc(block, bytes);
}

static nghttp2_mem memory = {NULL, allocate, release, allocate_zeroed, resize};

static int adapt_nghttp2(nomem_malloc_func malloc_func, nomem_realloc_func realloc_func, nomem_calloc_func calloc_func,
                         nomem_free_func free_func) {
  http_malloc = malloc_func;
  http_realloc = realloc_func;
  http_calloc = calloc_func;
  http_free = free_func;
  return 0;
}

static int deflate(void *unused) {
  static nghttp2_nv fields[] = {{(uint8_t *)":method", (uint8_t *)"GET", 7, 3, NGHTTP2_NV_FLAG_NONE},
                                {(uint8_t *)"x-kind", (uint8_t *)"short", 6, 5, NGHTTP2_NV_FLAG_NONE}};
  uint8_t bytes[256];
  nghttp2_hd_deflater *deflater;
  (void)unused;
  int result = nghttp2_hd_deflate_new2(&deflater, 4096, &memory);
  if (result != 0) return result;
  ssize_t length = nghttp2_hd_deflate_hd(deflater, bytes, sizeof bytes, fields, sizeof fields / sizeof *fields);
  nghttp2_hd_deflate_del(deflater);
  return length > 0 ? 0 : (int)length;
}

int main(void) {
  if (nomem_install(adapt_nghttp2) != 0) return 2;
  return try_failures("nghttp2", deflate);
}
