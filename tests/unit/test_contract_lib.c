/* SPDX-License-Identifier: MIT */
/* The allocator contract, met by lib/uv_alloc.c. */
#include "contract/uv_alloc_contract.h"

static void *duplicate(void) {
  return uv__strdup(CONTRACT_STRING);
}

static void *zeroed(size_t count) {
  return uv__calloc(count, sizeof(void *));
}

static void grow(void) {
  void *block = uv__realloc(NULL, 8);
  assert_non_null(block);
  block = uv__realloc(block, 4096);
  assert_non_null(block);
  uv__free(block);
}

static const struct contract_subject subject = {
    .replace = uv_replace_allocator,
    .duplicate = duplicate,
    .zeroed = zeroed,
    .element_size = sizeof(void *),
    .release = uv__free,
    .grow = grow,
};

int main(void) {
  return contract_run();
}
