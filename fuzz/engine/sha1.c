/* SPDX-License-Identifier: MIT */
/* SHA-1 as in FIPS 180-4. For names only: it is what libFuzzer uses for them. */
#include <string.h>

#include "engine.h"

#include "../../faults/inject/forbidden_calls.h"

enum { BLOCK = 64, ROUNDS = 80 };

static uint32_t rotate(uint32_t word, unsigned bits) {
  return word << bits | word >> (32 - bits);
}

static void add_block(uint32_t state[5], const uint8_t *block) {
  uint32_t word[ROUNDS], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
  for (size_t i = 0; i < 16; i++)
    word[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 |
              block[4 * i + 3];
  for (unsigned i = 16; i < ROUNDS; i++) word[i] = rotate(word[i - 3] ^ word[i - 8] ^ word[i - 14] ^ word[i - 16], 1);
  for (unsigned i = 0; i < ROUNDS; i++) {
    uint32_t mixed, constant;
    if (i < 20) {
      mixed = (b & c) | (~b & d);
      constant = 0x5a827999;
    } else if (i < 40 || i >= 60) {
      mixed = b ^ c ^ d;
      constant = i < 40 ? 0x6ed9eba1 : 0xca62c1d6;
    } else {
      mixed = (b & c) | (b & d) | (c & d);
      constant = 0x8f1bbcdc;
    }
    uint32_t next = rotate(a, 5) + mixed + e + constant + word[i];
    e = d;
    d = c;
    c = rotate(b, 30);
    b = a;
    a = next;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
}

void nomem__sha1_hex(const uint8_t *data, size_t size, char hex[41]) {
  uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  size_t whole = size / BLOCK * BLOCK, rest = size - whole;
  for (size_t i = 0; i < whole; i += BLOCK) add_block(state, data + i);
  uint8_t last[2 * BLOCK] = {0};
  if (rest > 0) memcpy(last, data + whole, rest);
  last[rest] = 0x80;
  size_t bytes = rest < BLOCK - 8 ? BLOCK : 2 * BLOCK;
  for (unsigned i = 0; i < 8; i++) last[bytes - 1 - i] = (uint8_t)((uint64_t)size * 8 >> (8 * i));
  for (size_t i = 0; i < bytes; i += BLOCK) add_block(state, last + i);
  for (unsigned i = 0; i < 40; i++) hex[i] = "0123456789abcdef"[state[i / 8] >> (28 - 4 * (i % 8)) & 0xf];
  hex[40] = '\0';
}
