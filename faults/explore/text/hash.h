/* SPDX-License-Identifier: MIT */
/* FNV-1a, the hash of everything here: names, stacks, output, files. It is quick, and stays the same on every machine
 * and in every version, because stores and reports keep its values. It is no defence against somebody who searches for
 * collisions.
 *
 * A hash begins with NOMEM__HASH_START and goes through one of the functions for each part. */
#ifndef NOMEM_HASH_H
#define NOMEM_HASH_H

#include <stddef.h>
#include <stdint.h>

#define NOMEM__HASH_START UINT64_C(0xcbf29ce484222325)
#define NOMEM__HASH_PRIME UINT64_C(0x100000001b3)

static inline uint64_t nomem__hash_byte(uint64_t hash, unsigned char byte) {
  return (hash ^ byte) * NOMEM__HASH_PRIME;
}

static inline uint64_t nomem__hash_bytes(uint64_t hash, const void *bytes, size_t count) {
  const unsigned char *byte = bytes;
  for (size_t i = 0; i < count; i++) hash = nomem__hash_byte(hash, byte[i]);
  return hash;
}

/* The number as the machine has it in memory: eight bytes. */
static inline uint64_t nomem__hash_number(uint64_t hash, uint64_t number) {
  return nomem__hash_bytes(hash, &number, sizeof number);
}

/* A line end follows the text, so that "ab" and "c" differ from "a" and "bc". NULL counts as "". */
static inline uint64_t nomem__hash_text(uint64_t hash, const char *text) {
  for (; text != NULL && *text != '\0'; text++) hash = nomem__hash_byte(hash, (unsigned char)*text);
  return nomem__hash_byte(hash, '\n');
}

#endif
