/* SPDX-License-Identifier: MIT */
/* Mutexes that are still locked when a process ends. Nobody lists them: they are known by what glibc keeps in one, of
 * which the number of the thread that holds it is the part that hardly anything else has.
 */
#ifndef NOMEM_LOCKED_MUTEX_H
#define NOMEM_LOCKED_MUTEX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A pthread_mutex_t of glibc's on x86-64, in words. */
#define NOMEM__MUTEX_WORDS 5

/* Whose locks are looked for: those of these two threads; of any thread where tid[0] is 0. */
struct nomem__mutex_holders {
  pid_t tid[2];
};

/* Whether the second word of any mutex that is locked may be this one: somebody holds it, and one uses it. */
static inline bool nomem__mutex_may_have_holder(uint64_t word) {
  return word >> 32 == 1;
}

/* Whether the second word of a mutex may be this one: the holder, and how many use it. */
static inline bool nomem__mutex_may_be_held(uint64_t word, const struct nomem__mutex_holders *holders) {
  uint32_t owner = (uint32_t)word;
  bool is_one = holders->tid[0] == 0 || owner == (uint32_t)holders->tid[0] || owner == (uint32_t)holders->tid[1];
  return nomem__mutex_may_have_holder(word) && owner != 0 && is_one;
}

/* Whether these words are a mutex that is locked; of those that are robust or have a priority it is not known. */
bool nomem__mutex_is_locked(const uint64_t words[NOMEM__MUTEX_WORDS]);

#endif
