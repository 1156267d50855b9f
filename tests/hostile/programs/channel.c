/* SPDX-License-Identifier: MIT */
/* The pages that a program shares with the command, found in its own memory, and what a program can do to them.
 *
 *   hostile scribble careful|careless SEED     what, where and when is a function of the seed
 *
 * Without a command there are none, and nothing is done.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../faults/channel.h"
#include "hostile.h"

static unsigned char *pages;
static size_t pages_bytes;

/* All mappings of it, taken for one, without an allocation. */
static void find_pages(void) {
  static char text[1 << 18];
  size_t length = 0;
  ssize_t got;
  int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  while (fd >= 0 && (got = read(fd, text + length, sizeof text - 1 - length)) > 0) length += (size_t)got;
  if (fd >= 0) close(fd);
  char *rest = text;
  for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
    unsigned long from, to;
    if (strstr(line, "nomem-channel") == NULL || sscanf(line, "%lx-%lx", &from, &to) != 2) continue;
    if (pages == NULL) pages = (unsigned char *)from;
    pages_bytes = to - (uintptr_t)pages;
  }
}

static int open_channel(void) {
  const char *path = getenv("NOMEM_CHANNEL");
  return path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
}

/* Each of these gives up after the failure, and spoils the pages before it does. */
static int with_spoiling(void (*spoil)(void)) {
  find_pages();
  if (allocates()) return 0;
  if (pages != NULL) spoil();
  _exit(1);
}

static void fill_ones(void) {
  memset(pages, 0xff, pages_bytes);
}

int channel_ones(void) {
  return with_spoiling(fill_ones);
}

static void fill_zeros(void) {
  memset(pages, 0, pages_bytes);
}

int channel_zeros(void) {
  return with_spoiling(fill_zeros);
}

static void resize(off_t bytes) {
  int fd = open_channel();
  if (fd >= 0 && ftruncate(fd, bytes) != 0) _exit(1);
}

static void cut(void) {
  resize(0);
}

int channel_cut(void) {
  return with_spoiling(cut);
}

static void grow(void) {
  resize((off_t)1 << 40);
}

int channel_grown(void) {
  return with_spoiling(grow);
}

/* Writes behind the pages. Ends before its failure, which is not reached then, if what an earlier run wrote is still
 * held. */
int channel_filled(void) {
  static char text[1 << 20];
  struct stat status;
  int fd = open_channel();
  off_t end = sizeof(struct nomem_channel) + sizeof text;
  if (fd >= 0 && fstat(fd, &status) == 0 && status.st_blocks * 512 > end + (8 << 20)) abort();
  if (allocates() && allocates()) return 0;
  memset(text, 0x41, sizeof text);
  for (int i = 0; fd >= 0 && i < 48; i++)
    if (pwrite(fd, text, sizeof text, end + i * (off_t)sizeof text) < 0) _exit(1);
  _exit(1);
}

static void unmap(void) {
  munmap(pages, pages_bytes);
}

int channel_unmapped(void) {
  return with_spoiling(unmap);
}

static void protect(void) {
  mprotect(pages, pages_bytes, PROT_READ);
}

int channel_read_only(void) {
  return with_spoiling(protect);
}

static void write_over(void) {
  static char text[1 << 16];
  memset(text, 0x41, sizeof text);
  int fd = open_channel();
  for (off_t at = 0; fd >= 0 && at < (off_t)pages_bytes; at += (off_t)sizeof text)
    if (pwrite(fd, text, sizeof text, at) < 0) _exit(1);
}

int channel_written(void) {
  return with_spoiling(write_over);
}

static void set_check_leaks(void) {
  ((struct nomem_channel *)(void *)pages)->check_leaks = 1;
  for (;;) pause();
}

/* A field that is the command's, and then a hang. */
int channel_check_leaks(void) {
  return with_spoiling(set_check_leaks);
}

static void spoil_plan(void) {
  struct nomem_channel *channel = (struct nomem_channel *)(void *)pages;
  memset(channel->plan, 'A', sizeof channel->plan);
  memset(channel->image, 'B', sizeof channel->image);
}

int channel_plan(void) {
  return with_spoiling(spoil_plan);
}

static void *write_always(void *unused) {
  uint32_t value = 1;
  for (;; value = value * 1664525 + 1013904223)
    for (size_t at = NOMEM_PAGE; at + 4 < pages_bytes / 16; at += 4 * (1 + value % 64)) memcpy(pages + at, &value, 4);
  return unused;
}

/* All the time, also while the command reads. */
int channel_busy(void) {
  pthread_t thread;
  find_pages();
  if (allocates()) return 0;
  if (pages == NULL || pthread_create(&thread, NULL, write_always, NULL) != 0) return 1;
  sleep_ms(50);
  return 1;
}

static void seal(void) {
  int fd = open_channel();
  if (fd >= 0) fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL);
}

int channel_sealed(void) {
  return with_spoiling(seal);
}

static uint64_t state;

static uint64_t next(void) {
  state += UINT64_C(0x9e3779b97f4a7c15);
  uint64_t z = state;
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

/* Numbers that somebody has not thought of. */
static uint64_t odd_number(void) {
  static const uint64_t numbers[] = {0,          1,          2,          0x7f,       0xff,       0x100,
                                     0xffff,     0x10000,    0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
                                     1ULL << 47, 1ULL << 48, INT64_MAX,  UINT64_MAX};
  uint64_t kind = next() % 3;
  return kind == 0 ? next() : kind == 1 ? numbers[next() % 16] : next() % 4096;
}

/* Some part: each of the structures, and mostly their beginnings, is hit as often as the large tables. */
static size_t somewhere(void) {
  static const size_t starts[] = {
      0,
      offsetof(struct nomem_channel, plan),
      offsetof(struct nomem_channel, check_leaks),
      offsetof(struct nomem_channel, fork),
      offsetof(struct nomem_channel, screening),
      offsetof(struct nomem_channel, image_count),
      offsetof(struct nomem_channel, faults),
      offsetof(struct nomem_channel, module_count),
      offsetof(struct nomem_channel, modules),
      offsetof(struct nomem_channel, images),
      offsetof(struct nomem_channel, misuses),
      offsetof(struct nomem_channel, child_report_count),
      offsetof(struct nomem_channel, child_reports),
      offsetof(struct nomem_channel, recovery_count),
      offsetof(struct nomem_channel, recoveries),
      offsetof(struct nomem_channel, live_bytes),
      offsetof(struct nomem_channel, state),
      offsetof(struct nomem_channel, counts_used),
      offsetof(struct nomem_channel, counts),
      offsetof(struct nomem_channel, site_slots),
      offsetof(struct nomem_channel, sites),
  };
  size_t reach = next() % 2 == 0 ? 64 : 2048;
  size_t at = starts[next() % (sizeof starts / sizeof *starts)] + next() % reach;
  if (next() % 8 == 0) at = next() % pages_bytes;
  return at / 4 * 4 + 64 < pages_bytes ? at / 4 * 4 : 0;
}

static void scribble_once(void) {
  size_t at = somewhere();
  uint64_t number = odd_number();
  switch (next() % 6) {
    case 0: /* a run of bytes */
      for (size_t i = 0; i < 64; i++) pages[at + i] = (unsigned char)next();
      break;
    case 1:
      memcpy(pages + at, &number, 8);
      break;
    case 2: /* one bit */
      pages[at] ^= (unsigned char)(1 << next() % 8);
      break;
    default:
      memcpy(pages + at, &number, 4);
  }
}

static void do_harm(void) {
  unsigned kind = (unsigned)(next() % 40), count = 1 + (unsigned)(next() % 64);
  if (pages == NULL) return;
  if (kind == 0) resize((off_t)(next() % 3 == 0 ? 0 : next() % pages_bytes));
  if (kind == 1) munmap(pages + next() % 16 * NOMEM_PAGE, NOMEM_PAGE);
  if (kind == 2) fill_ones();
  if (kind == 3) memset(pages + somewhere(), 0xff, 64);
  if (kind > 3)
    for (unsigned i = 0; i < count; i++) scribble_once();
}

/* Before the allocations, among them, after a failure, and at the end; then it returns, ends, crashes or hangs. */
int scribble(void) {
  state = argument != NULL ? strtoull(argument, NULL, 10) : 0;
  unsigned moment = (unsigned)(next() % 4), ending = (unsigned)(next() % 8);
  bool has_failed = false;
  find_pages();
  if (moment == 0 && next() % 4 == 0) do_harm();
  for (int i = 0; i < 3; i++) {
    if (!allocates()) has_failed = true;
    if (moment == 1 && i == 1) do_harm();
  }
  if (!has_failed) {
    if (moment == 2 && next() % 4 == 0) do_harm();
    return 0;
  }
  do_harm();
  if (ending == 0) abort();
  if (ending == 1) *(volatile char *)NULL = 1;
  if (ending == 2)
    for (;;) pause();
  if (ending == 3) return 0;
  _exit(1);
}
