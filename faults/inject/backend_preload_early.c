/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "backend_preload.h"

#include <stdalign.h>
#include <string.h>

alignas(16) unsigned char nomem__early[NOMEM_EARLY_BYTES];
static _Atomic size_t early_used;

/* The 16 bytes before each block hold its size. */
void *nomem__early_allocate(size_t size) {
  size_t bytes = size <= NOMEM_EARLY_BYTES ? 16 + (size + 15) / 16 * 16 : NOMEM_EARLY_BYTES;
  size_t at = size <= NOMEM_EARLY_BYTES ? atomic_fetch_add(&early_used, bytes) : NOMEM_EARLY_BYTES;
  if (at >= NOMEM_EARLY_BYTES || bytes > NOMEM_EARLY_BYTES - at) return nomem__no_memory();
  memcpy(nomem__early + at, &size, sizeof size);
  return nomem__early + at + 16;
}

size_t nomem__early_size(const void *block) {
  size_t size;
  memcpy(&size, (const unsigned char *)block - 16, sizeof size);
  return size;
}

/* The arena consists of zeros. */
char *nomem__early_copy(const char *text, size_t length) {
  char *copy = nomem__early_allocate(length + 1);
  for (size_t i = 0; copy != NULL && i < length; i++) {
    copy[i] = text[i];
    __asm__ volatile("" ::: "memory"); /* lest the compiler call memcpy: see nomem__no_memory */
  }
  return copy;
}
