/* SPDX-License-Identifier: MIT */
/* Call stacks made to confuse one another: frames whose size is not fixed by where they are (alloca, variable arrays),
 * called so that the allocation's own frame comes to lie at one address again and again while stale return addresses of
 * other paths are left in the gaps. Run with verification; the program prints nothing. */
#include <alloca.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

static void *volatile sink;
static volatile size_t bytes = 64;
static volatile int rounds = 3;

static NOINLINE void allocate(void) {
  sink = malloc(bytes);
  free(sink);
}

/* A frame that grows by what it is told: its callers make up for what they take themselves. */
static NOINLINE void by_alloca(size_t room) {
  char *space = alloca(room);
  sink = space;
  allocate();
  __asm__ volatile("" ::"r"(space) : "memory");
}

static NOINLINE void by_array(size_t room) {
  char space[room];
  sink = space;
  allocate();
  __asm__ volatile("" ::"r"(space) : "memory");
}

static NOINLINE void small(void (*grow)(size_t), size_t room) {
  grow(room);
  __asm__ volatile("" ::: "memory");
}

/* Its array is never written: what the other paths left there stays. */
#define BIG(name, size)                                          \
  static NOINLINE void name(void (*grow)(size_t), size_t room) { \
    char left[size];                                             \
    sink = left;                                                 \
    grow(room);                                                  \
    __asm__ volatile("" ::"r"(left) : "memory");                 \
  }
BIG(big128, 128)
BIG(big512, 512)
BIG(big1024, 1024)

/* Leaves its frame to the function it calls last. */
static NOINLINE void tail(void (*grow)(size_t), size_t room) {
  return small(grow, room);
}

static NOINLINE void recursive(void (*grow)(size_t), size_t room) {
  if (room > 2000) return recursive(grow, room - 500);
  big512(grow, room);
  __asm__ volatile("" ::: "memory");
}

static void (*const callers[])(void (*)(size_t), size_t) = {small, big128, big512, big1024, tail, recursive};
static void (*const growers[])(size_t) = {by_alloca, by_array};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* One call site for all of them, with rooms that make every sum of sizes come up on every path. */
static NOINLINE void all(void) {
  for (size_t room = 16; room < 3000; room += 16)
    for (size_t caller = 0; caller < COUNT(callers); caller++)
      for (size_t grower = 0; grower < COUNT(growers); grower++) callers[caller](growers[grower], room);
}

int main(void) {
  for (int i = rounds; i > 0; i--) all();
  return 0;
}
