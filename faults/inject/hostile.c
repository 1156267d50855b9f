/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "hostile.h"

#include <errno.h>
#include <stdalign.h>
#include <string.h>

#include "../program_kinds.h"
#include "loaded_module.h"
#include "sanitizer.h"

#include "forbidden_calls.h"

/* So many blocks are looked at for one that is aligned no further than it must be; so much the others may take for
 * good, with so much for each beside its own bytes. */
#define ALIGN_TRIES 32
#define ALIGN_KEPT_BYTES UINT64_C(1048576)
#define ALIGN_OVERHEAD_BYTES 16

static _Atomic uint64_t written_bytes, kept_bytes;
/* The block that was kept last. Each begins with the address of the one before it, so that none of them counts as lost
 * where somebody looks for leaks. */
static void *_Atomic kept_blocks;

void nomem__hostile_begin(void) {
  atomic_store(&written_bytes, 0);
}

/* How many of these bytes may be written, and notes that they are. */
static size_t take_share(size_t bytes, size_t most) {
  if (bytes > most) bytes = most;
  if (bytes <= NOMEM_HOSTILE_LATE_BYTES) return bytes;
  uint64_t before = atomic_fetch_add_explicit(&written_bytes, bytes, memory_order_relaxed);
  if (before < NOMEM_HOSTILE_BYTES) return bytes;
  atomic_fetch_sub_explicit(&written_bytes, bytes, memory_order_relaxed); /* lest the sum wrap */
  return NOMEM_HOSTILE_LATE_BYTES;
}

/* Not by memset, which a sanitizer replaces: to it, the memory is to stay as unset, or as freed, as it is. */
static void fill(unsigned char *at, size_t bytes, unsigned char byte) {
  uint64_t word = byte * UINT64_C(0x0101010101010101);
  for (; bytes >= sizeof word; bytes -= sizeof word, at += sizeof word) {
    memcpy(at, &word, sizeof word);
    __asm__ volatile("" ::: "memory"); /* lest the compiler turn the loop into a call of memset */
  }
  for (; bytes > 0; bytes--, at++) {
    *at = byte;
    __asm__ volatile("" ::: "memory");
  }
}

static void fill_from(unsigned char *block, size_t from, size_t to, unsigned char byte) {
  if (to > from) fill(block + from, take_share(to - from, NOMEM_HOSTILE_BLOCK_BYTES), byte);
}

static size_t room_of(const struct nomem__under *under, void *block, size_t size) {
  return under->size_of != NULL ? under->size_of(block) : size;
}

void nomem__hostile_fill(const struct nomem__under *under, void *block, size_t size, uint32_t ways) {
  if (block != NULL && (ways & NOMEM_HOSTILE_FRESH))
    fill_from(block, 0, room_of(under, block, size), NOMEM_HOSTILE_FRESH_BYTE);
}

static bool is_aligned_further(const void *block) {
  return (uintptr_t)block % (2 * alignof(max_align_t)) == 0;
}

static void keep(void *block) {
  void *before = atomic_load(&kept_blocks);
  do memcpy(block, &before, sizeof before);
  while (!atomic_compare_exchange_weak(&kept_blocks, &before, block));
}

/* A block that is aligned further than it must be, of no less than a word, is kept, so that it does not come back, as
 * long as all of those take little memory. */
static void put_aside(const struct nomem__under *under, void *block, size_t size) {
  uint64_t bytes = (uint64_t)size + ALIGN_OVERHEAD_BYTES;
  if (atomic_fetch_add_explicit(&kept_bytes, bytes, memory_order_relaxed) + bytes <= ALIGN_KEPT_BYTES) {
    keep(block);
    return;
  }
  atomic_fetch_sub_explicit(&kept_bytes, bytes, memory_order_relaxed);
  under->release(block);
}

/* A size of glibc's whose blocks keep the alignment of those behind them: each takes a multiple of 32 bytes. Others
 * would lie now so, now so, and every other one would be put aside. */
static size_t round_size(size_t size) {
  const size_t step = alignof(max_align_t), overhead = sizeof(size_t);
  bool is_odd = (size + overhead + step - 1) / step % 2 != 0;
  return is_odd && size < SIZE_MAX - step ? size + step : size;
}

/* Blocks of one size may all lie alike, so every other one that is tried is of the next, and moves those behind it. */
static void *allocate_badly_aligned(void *(*allocate)(size_t size), const struct nomem__under *under, size_t wanted) {
  const size_t size = round_size(wanted);
  struct {
    void *block;
    size_t size;
  } spare[ALIGN_TRIES];
  void *block = allocate(size);
  size_t count = 0;
  while (block != NULL && is_aligned_further(block) && count < ALIGN_TRIES) {
    size_t more = under->size_of != NULL ? under->size_of(block) + 1 : size + alignof(max_align_t);
    void *shift = count + 1 < ALIGN_TRIES && more > size ? allocate(more) : NULL;
    spare[count].block = block;
    spare[count++].size = size;
    if (shift != NULL) {
      spare[count].block = shift;
      spare[count++].size = more;
    }
    block = allocate(size);
  }
  if (block == NULL && count > 0) block = spare[--count].block; /* there is no room for another */
  while (count-- > 0) put_aside(under, spare[count].block, spare[count].size);
  return block;
}

static void *allocate_by(void *(*allocate)(size_t size), const struct nomem__under *under, size_t size, uint32_t ways) {
  return ways & NOMEM_HOSTILE_ALIGN ? allocate_badly_aligned(allocate, under, size) : allocate(size);
}

void *nomem__hostile_allocate(const struct nomem__under *under, size_t size, uint32_t ways) {
  void *block = allocate_by(under->allocate, under, size, ways);
  nomem__hostile_fill(under, block, size, ways);
  return block;
}

void *nomem__hostile_allocate_zeros(const struct nomem__under *under, size_t size, uint32_t ways) {
  return allocate_by(under->allocate_zeros, under, size, ways);
}

/* NULL: there is no room for a second block, or too much would have to be copied. */
static void *move(const struct nomem__under *under, void *block, size_t room, size_t size, uint32_t ways) {
  size_t kept = room < size ? room : size;
  if (take_share(kept, SIZE_MAX) < kept) return NULL;
  unsigned char *moved = allocate_by(under->allocate, under, size, ways);
  if (moved == NULL) return NULL;
  memcpy(moved, block, kept);
  fill_from(block, 0, room, NOMEM_HOSTILE_FREED_BYTE);
  under->release(block);
  return moved;
}

void *nomem__hostile_reallocate(const struct nomem__under *under, void *block, size_t size, uint32_t ways) {
  size_t room = under->size_of != NULL ? under->size_of(block) : size;
  int saved_errno = errno;
  unsigned char *served = ways & NOMEM_HOSTILE_MOVES ? move(under, block, room, size, ways) : NULL;
  if (served == NULL) {
    errno = saved_errno;
    served = under->reallocate(block, size);
  }
  if (served != NULL && (ways & NOMEM_HOSTILE_FRESH))
    fill_from(served, room, room_of(under, served, size), NOMEM_HOSTILE_FRESH_BYTE);
  return served;
}

void nomem__hostile_release(const struct nomem__under *under, void *block, uint32_t ways) {
  if ((ways & NOMEM_HOSTILE_FREED) && under->size_of != NULL)
    fill_from(block, 0, under->size_of(block), NOMEM_HOSTILE_FREED_BYTE);
}

/* ENOMEM is what glibc's own malloc leaves there when it had to try twice. */
void nomem__hostile_end(bool has_succeeded, uint32_t ways) {
  if (has_succeeded && (ways & NOMEM_HOSTILE_ERRNO)) errno = ENOMEM;
}

/* The C library may count on what its own malloc does: that a block of 0 bytes is one, and that errno stays. */
static bool is_from_c_library(void *return_address) {
  static const char *const globs[] = {"libc.so.*",      "libc-*.so", "ld-linux*",  "libpthread.so.*",
                                      "libresolv.so.*", "libnss_*",  "libdl.so.*", "librt.so.*"};
  const struct link_map *module = nomem__loaded_module((uintptr_t)return_address - 1);
  if (module == NULL) return false;
  for (size_t i = 0; i < sizeof globs / sizeof *globs; i++)
    if (nomem__glob(globs[i], nomem__base_name(module->l_name))) return true;
  return false;
}

/* What an allocation of so many bytes may be served as. posix_memalign returns its error, and has no business with
 * errno; what is aligned on purpose is as the caller wants it. */
static uint32_t find_ways_of_new(enum nomem_fn fn, size_t size_bytes) {
  bool is_plain =
      fn == NOMEM_FN_MALLOC || fn == NOMEM_FN_CALLOC || fn == NOMEM_FN_REALLOC || fn == NOMEM_FN_REALLOCARRAY;
  bool is_standard = is_plain || fn == NOMEM_FN_ALIGNED_ALLOC || fn == NOMEM_FN_POSIX_MEMALIGN;
  uint32_t ways = fn != NOMEM_FN_POSIX_MEMALIGN ? NOMEM_HOSTILE_ERRNO : 0;
  if (size_bytes == 0) return ways | (is_standard ? NOMEM_HOSTILE_ZERO : 0);
  if (fn != NOMEM_FN_CALLOC) ways |= NOMEM_HOSTILE_FRESH;
  if (is_plain) ways |= NOMEM_HOSTILE_ALIGN;
  return ways;
}

/* What realloc does with a size of 0 is undefined since C23: it is left alone. */
static uint32_t find_ways_of_old(enum nomem_fn fn, size_t size_bytes, bool can_measure) {
  if (fn == NOMEM_FN_COUNT) return can_measure ? NOMEM_HOSTILE_FREED : 0;
  if (size_bytes == 0) return 0;
  return NOMEM_HOSTILE_ERRNO | (can_measure ? NOMEM_HOSTILE_MOVES | NOMEM_HOSTILE_FRESH : 0);
}

/* A sanitizer's realloc moves each block (MemorySanitizer's if it has to, but what is copied here would be unset to
 * it), and where its blocks lie is its own business. */
uint32_t nomem__hostile_ways_of(enum nomem_fn fn, const void *block, size_t size_bytes, bool can_measure,
                                void *return_address, void *cfa) {
  uint32_t ways = 0;
  if (block != NULL)
    ways = find_ways_of_old(fn, size_bytes, can_measure);
  else if (fn != NOMEM_FN_COUNT)
    ways = find_ways_of_new(fn, size_bytes);
  bool has_block_table = atomic_load_explicit(&nomem__mode, memory_order_relaxed) & NOMEM_MODE_BLOCK_TABLE;
  if (nomem__has_sanitizer) ways &= ~(uint32_t)(NOMEM_HOSTILE_MOVES | NOMEM_HOSTILE_ALIGN);
  if (has_block_table) ways &= ~(uint32_t)NOMEM_HOSTILE_ALIGN; /* a block may be guarded, and lies where it must */
  if ((ways & (NOMEM_HOSTILE_ZERO | NOMEM_HOSTILE_ERRNO)) && is_from_c_library(return_address))
    ways &= ~(uint32_t)(NOMEM_HOSTILE_ZERO | NOMEM_HOSTILE_ERRNO);
  const struct nomem_call call = {.fn = fn, .hostile = ways, .size_bytes = size_bytes};
  return ways != 0 ? nomem__serve(&call, return_address, cfa) : 0;
}
