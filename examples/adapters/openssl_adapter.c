/* SPDX-License-Identifier: MIT */
/* Failing allocations for OpenSSL alone. CRYPTO_set_mem_functions refuses once the library has allocated anything.
 *
 *   cc openssl_adapter.c -lnomem -lcrypto */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "try_failures.h"

static nomem_malloc_func crypto_malloc;
static nomem_realloc_func crypto_realloc;
static nomem_free_func crypto_free;

static void *allocate(size_t bytes, const char *file, int line) {
  return (void)file, (void)line, crypto_malloc(bytes);
}
static void release(void *block, const char *file, int line) {
  (void)file, (void)line, crypto_free(block);
}

static void *resize(void *block, size_t bytes, const char *file, int line) {
  (void)file, (void)line;
  return crypto_realloc(block, bytes);
}

static int adapt_openssl(nomem_malloc_func malloc_func, nomem_realloc_func realloc_func, nomem_calloc_func calloc_func,
                         nomem_free_func free_func) {
  (void)calloc_func;
  crypto_malloc = malloc_func;
  crypto_realloc = realloc_func;
  crypto_free = free_func;
  return CRYPTO_set_mem_functions(allocate, resize, release) == 1 ? 0 : -1;
}

static int digest(void *unused) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  (void)unused;
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  int ok = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
           EVP_DigestUpdate(context, "short", 5) == 1 && EVP_DigestFinal_ex(context, bytes, NULL) == 1;
  EVP_MD_CTX_free(context);
  ERR_clear_error();
  return ok ? 0 : -1;
}

int main(void) {
  if (nomem_install(adapt_openssl) != 0) return 2;
  return try_failures("OpenSSL", digest);
}
