/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "growing_map.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "forbidden_calls.h"

#define PAGE ((size_t)4096)
/* The kernel puts each mapping right below the last one: so far below, nothing comes to lie for long. */
#define DISTANCE ((uintptr_t)16 << 30)
/* From one growing map to the next. */
#define ROOM ((uintptr_t)64 << 20)
/* By so much it grows at a time, so that a program that has forbidden mremap is rarely asked for it. */
#define GROWTH 4

static size_t whole_pages(size_t bytes) {
  return (bytes + PAGE - 1) / PAGE * PAGE;
}

/* A place with nothing in it or behind it; NULL: none is known. */
static char *find_place(void) {
  static _Atomic uintptr_t made;
  void *last = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (last == MAP_FAILED) return NULL;
  munmap(last, PAGE);
  uintptr_t below = DISTANCE + (atomic_fetch_add(&made, 1) + 1) * ROOM;
  return (uintptr_t)last > below ? (char *)(((uintptr_t)last - below) / ROOM * ROOM) : NULL;
}

void *nomem__growing_map_make(struct nomem__growing_map *map, int fd, size_t first_bytes, size_t most_bytes) {
  int flags = fd >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  char *place = find_place();
  void *pages = MAP_FAILED;
  first_bytes = whole_pages(first_bytes);
  if (place != NULL) pages = mmap(place, first_bytes, PROT_READ | PROT_WRITE, flags | MAP_FIXED_NOREPLACE, fd, 0);
  if (pages != MAP_FAILED && pages != place) { /* a kernel before 4.17 takes the place for a wish */
    munmap(pages, first_bytes);
    pages = MAP_FAILED;
  }
  if (pages == MAP_FAILED) {
    first_bytes = whole_pages(most_bytes);
    pages = mmap(NULL, first_bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
  }
  if (pages == MAP_FAILED) return NULL;
  map->start = pages;
  map->most_bytes = whole_pages(most_bytes);
  atomic_store(&map->bytes, first_bytes);
  return pages;
}

static bool grow(struct nomem__growing_map *map, size_t from, size_t to) {
  if (syscall(SYS_mremap, map->start, from, to, 0) < 0) return false;
  size_t known = from;
  while (known < to && !atomic_compare_exchange_weak(&map->bytes, &known, to)) continue;
  return true;
}

static bool is_there(const struct nomem__growing_map *map, size_t bytes) {
  unsigned char is_resident;
  return syscall(SYS_mincore, map->start + bytes - PAGE, PAGE, &is_resident) == 0;
}

/* How much there is, if it is no less than this: another thread may have been quicker, and not have said so yet. */
static size_t measure(const struct nomem__growing_map *map, size_t least) {
  size_t most = map->most_bytes + PAGE;
  while (most - least > PAGE) {
    size_t middle = least + (most - least) / 2 / PAGE * PAGE;
    if (is_there(map, middle))
      least = middle;
    else
      most = middle;
  }
  return least;
}

bool nomem__growing_map_reach(struct nomem__growing_map *map, size_t bytes) {
  size_t now = atomic_load_explicit(&map->bytes, memory_order_acquire), before = 0;
  size_t refused = atomic_load_explicit(&map->refused_bytes, memory_order_relaxed);
  if (bytes <= now) return true;
  if (bytes > map->most_bytes || (refused != 0 && bytes >= refused)) return false;
  while (bytes > now && now != before) {
    size_t next = now;
    while (next < bytes) next *= GROWTH;
    if (next > map->most_bytes) next = map->most_bytes;
    if (grow(map, now, next) || grow(map, now, whole_pages(bytes))) return true;
    before = now;
    now = measure(map, now);
  }
  if (bytes > now) atomic_store(&map->refused_bytes, bytes); /* it is not tried again for each call */
  return bytes <= now;
}
