/* SPDX-License-Identifier: MIT */
#include "locked_mutex.h"

/* Its kinds: normal, recursive, errorcheck, adaptive; the flags say whether glibc may use transactions for it. */
#define KINDS_MAX 3
#define KIND_FLAGS 0x300u
/* So often a recursive one is hardly locked. */
#define COUNT_MAX 1000

bool nomem__mutex_is_locked(const uint64_t words[NOMEM__MUTEX_WORDS]) {
  uint32_t lock = (uint32_t)words[0], count = (uint32_t)(words[0] >> 32);
  uint32_t kind = (uint32_t)words[2] & ~KIND_FLAGS, spins = (uint32_t)(words[2] >> 32);
  bool has_lock = lock == 1 || lock == 2; /* 2: others wait */
  bool has_count = kind == 1 ? count >= 1 && count <= COUNT_MAX : count == 0;
  bool has_spins = kind == KINDS_MAX || spins == 0;
  return has_lock && has_count && has_spins && kind <= KINDS_MAX && words[3] == 0 && words[4] == 0;
}
