/* SPDX-License-Identifier: MIT */
/* Fuzzes the pool against a model that knows the owner of every granule. It predicts whether each request succeeds,
 * which free run it is served from, how each wrong pointer is classified, and all statistics. The steps include
 * exhaustion, fragmentation, writes past a block's end, and double, foreign and interior frees.
 *
 * Header: pool bytes (2), how it is made: bit 6: by the first allocation (bits 0 and 1: by which function, bit 2: after
 * a request that no pool can serve); otherwise by mempool_init (bit 7: it maps its own memory, low 4 bits: where the
 * memory it is given starts). Step: op, slot, size (2 bytes).
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "common/fuzz.h"
#include "common/pool_edges.h"
#include "mempool.h"

enum {
  HEADER_BYTES = 3,
  GRANULE = MEMPOOL_ALIGNMENT,
  SLOTS = 48,
  POOL_BYTES_MAX = 65535,
  GRANULES_MAX = (POOL_BYTES_MAX + 4096) / GRANULE,
  ERRNO_BEFORE = 4242,
  STEPS_MAX = 200, /* each is checked in time proportional to the pool */
  ODD_SIZE = 0xfe,
  FREE_GRANULE = 0 /* in owner[]; the granules of slot s have s + 1 */
};

/* A damaged pool leads to memory that was never written. */
#define READS_ARE_JUDGED 0
#ifdef __has_feature /* gcc has neither this nor the sanitizer */
#if __has_feature(memory_sanitizer)
#undef READS_ARE_JUDGED
#define READS_ARE_JUDGED 1
#endif
#endif

static struct slot {
  uint8_t *block;
  size_t size;
  uint32_t seed;
} slots[SLOTS];

/* The model. A block's granules are those that its user sees; its header is in the granule before. */
static uint8_t owner[GRANULES_MAX];
static uint8_t *first;     /* where the first granule starts */
static uint8_t *pool_base; /* where a granule 0 of the whole pool would start */
static size_t granules;
static struct mempool_stats model;
static uint32_t next_seed;

/* How the pool is made. */
static struct {
  uint8_t how;
  uint8_t *memory;
  size_t bytes;
} making;
#define MADE_BY_INIT_MAPPED 0x80
#define MADE_BY_FIRST_CALL 0x40
#define AFTER_A_FAILURE 0x04

/* The pool that the first allocation makes is too large to be compared as a whole at each step: a block that lives as
 * long as the pool leaves the model a part of it. NULL otherwise. */
static uint8_t *ballast;

static struct {
  unsigned count;
  enum mempool_misuse misuse;
  const void *ptr;
} reported;

static void note_misuse(enum mempool_misuse misuse, const void *ptr) {
  reported.count++;
  reported.misuse = misuse;
  reported.ptr = ptr;
}

static size_t granules_of(size_t bytes) {
  return bytes > POOL_BYTES_MAX ? GRANULES_MAX : (bytes + MEMPOOL_OVERHEAD + GRANULE - 1) / GRANULE;
}

static size_t index_of(const void *block) {
  return (size_t)((const uint8_t *)block - first) / GRANULE;
}

/* The length of the free run that begins at granule i. */
FUZZ_FAST static size_t run_at(size_t i) {
  size_t length = 0;
  while (i + length < granules && owner[i + length] == FREE_GRANULE) length++;
  return length;
}

/* The shortest free run of at least need granules, and the longest of all, in granules; 0 when there is none. */
FUZZ_FAST static size_t best_run(size_t need, size_t *longest) {
  size_t best = 0;
  *longest = 0;
  for (size_t i = 0; i < granules;) {
    size_t length = run_at(i);
    if (length >= need && length > 0 && (!best || length < best)) best = length;
    if (length > *longest) *longest = length;
    i += length ? length : 1;
  }
  return best;
}

static void check_stats(void) {
  struct mempool_stats stats;
  size_t longest;
  best_run(1, &longest);
  model.largest_free = longest ? longest * GRANULE - MEMPOOL_OVERHEAD : 0;
  if (model.in_use_bytes > model.high_water_bytes) model.high_water_bytes = model.in_use_bytes;
  mempool_stats(&stats);
#define SAME(member) \
  CHECK(stats.member == model.member, "statistics: " #member " is %zu, must be %zu", stats.member, model.member)
  SAME(capacity_bytes);
  SAME(in_use_bytes);
  SAME(high_water_bytes);
  SAME(largest_free);
  SAME(blocks);
  SAME(failed_requests);
#undef SAME
}

static void check_sound(void) {
  int damage = mempool_check();
  CHECK(damage == 0, "mempool_check returned %d for a sound pool", damage);
}

static void check_intact(const struct slot *slot, size_t bytes) {
  size_t intact = fuzz_intact(slot->block, bytes, slot->seed);
  CHECK(intact == bytes, "byte %zu of a block of %zu changed", intact, slot->size);
}

/* Checks that a new block lies in the smallest free run that can hold it. */
static void check_place(const void *block, size_t need) {
  size_t longest, best = best_run(need, &longest), at = index_of(block);
  CHECK((uintptr_t)block % MEMPOOL_ALIGNMENT == 0, "%p is not aligned", block);
  CHECK((const uint8_t *)block >= first && at + need <= granules, "%p lies outside the pool", block);
  CHECK(run_at(at) >= need, "a block overlaps a live one");
  size_t from = at;
  while (from > 0 && owner[from - 1] == FREE_GRANULE) from--;
  CHECK(run_at(from) == best, "a request for %zu granules was taken from a run of %zu, the best was %zu", need,
        run_at(from), best);
}

/* Compares an answer with the model's. Returns whether a block of need granules was allocated. */
static bool check_answer(const char *what, const void *block, size_t need) {
  size_t longest, best = best_run(need, &longest);
  if (!best) {
    CHECK(!block, "%s of %zu granules was served, the longest free run is %zu", what, need, longest);
    CHECK(errno == ENOMEM, "%s failed with errno %d", what, errno);
    model.failed_requests++;
    return false;
  }
  CHECK(block, "%s of %zu granules failed, a run of %zu was free", what, need, best);
  check_place(block, need);
  return true;
}

static void enter(struct slot *slot, void *block, size_t size) {
  size_t need = granules_of(size);
  memset(owner + index_of(block), (uint8_t)(slot - slots + 1), need);
  *slot = (struct slot){block, size, ++next_seed};
  fuzz_fill(block, size, slot->seed);
  model.in_use_bytes += need * GRANULE;
  if (model.in_use_bytes > model.high_water_bytes) model.high_water_bytes = model.in_use_bytes;
  model.blocks++;
}

static void leave(struct slot *slot) {
  size_t need = granules_of(slot->size);
  memset(owner + index_of(slot->block), FREE_GRANULE, need);
  model.in_use_bytes -= need * GRANULE;
  model.blocks--;
  slot->block = NULL;
}

static void release(struct slot *slot) {
  void *block = slot->block;
  if (block) {
    check_intact(slot, slot->size);
    leave(slot);
  }
  errno = ERRNO_BEFORE;
  mempool_free(block);
  CHECK(errno == ERRNO_BEFORE, "mempool_free left errno %d", errno);
}

static void step_malloc(struct slot *slot, size_t size) {
  release(slot);
  errno = 0;
  void *block = mempool_malloc(size);
  if (check_answer("malloc", block, granules_of(size))) enter(slot, block, size);
}

static void step_calloc(struct slot *slot, size_t count, size_t size) {
  size_t bytes;
  release(slot);
  errno = 0;
  if (__builtin_mul_overflow(count, size, &bytes)) bytes = SIZE_MAX;
  uint8_t *block = mempool_calloc(count, size);
  if (!check_answer("calloc", block, granules_of(bytes))) return;
  for (size_t i = 0; i < bytes; i++) CHECK(!block[i], "byte %zu of a calloc is not zero", i);
  enter(slot, block, bytes);
}

/* A block stays where it is whenever that is possible, even if a better run is free elsewhere. */
static void step_realloc(struct slot *slot, size_t size) {
  void *old = slot->block;
  size_t old_size = slot->size, have = old ? granules_of(old_size) : 0, need = granules_of(size);
  if (!old) {
    step_malloc(slot, size);
    return;
  }
  errno = ERRNO_BEFORE;
  void *block = mempool_realloc(old, size);
  if (size == 0) {
    CHECK(!block && errno == ERRNO_BEFORE, "realloc to 0 returned %p, errno %d", block, errno);
    leave(slot);
    return;
  }
  bool stays = need <= have || run_at(index_of(old) + have) >= need - have;
  if (stays)
    CHECK(block == old, "a realloc from %zu to %zu granules in place returned %p", have, need, block);
  else if (!check_answer("realloc", block, need)) {
    check_intact(slot, old_size);
    return;
  }
  size_t peak = model.high_water_bytes;
  slot->block = block;
  check_intact(slot, size < old_size ? size : old_size);
  slot->block = old;
  leave(slot);
  if (!stays && model.in_use_bytes + (have + need) * GRANULE > peak) /* both were live while it copied */
    model.high_water_bytes = model.in_use_bytes + (have + need) * GRANULE;
  enter(slot, block, size);
}

/* How the model classifies a pointer that is no live block. */
static enum mempool_misuse classify(const uint8_t *ptr) {
  if (ptr < first || ptr >= first + granules * GRANULE) return MEMPOOL_FOREIGN;
  return owner[index_of(ptr)] == FREE_GRANULE ? MEMPOOL_DOUBLE_FREE : MEMPOOL_INTERIOR;
}

static void misuse(void *ptr, enum mempool_misuse expected, unsigned how) {
  reported.count = 0;
  errno = ERRNO_BEFORE;
  if (how % 3 == 0) {
    mempool_free(ptr);
    CHECK(errno == ERRNO_BEFORE, "a wrong mempool_free left errno %d", errno);
  } else if (how % 3 == 1) {
    void *block = mempool_realloc(ptr, 32);
    CHECK(!block && errno == EINVAL, "a wrong mempool_realloc returned %p, errno %d", block, errno);
  } else {
    size_t usable = mempool_usable_size(ptr);
    CHECK(usable == 0, "mempool_usable_size of a wrong pointer is %zu", usable);
  }
  CHECK(reported.count == 1 && reported.ptr == ptr, "misuse of %p was reported %u times", ptr, reported.count);
  CHECK(reported.misuse == expected, "misuse was reported as %d, must be %d", (int)reported.misuse, (int)expected);
}

/* A pointer that is no block's; NULL where it happens to be one. */
static uint8_t *odd_pointer(unsigned how, size_t offset) {
  const struct pool_extent extent = {pool_base, first, first + granules * GRANULE};
  uint8_t *ptr = pool_odd_pointer(&extent, how, offset);
  for (unsigned s = 0; s < SLOTS; s++)
    if (ptr == slots[s].block) return NULL;
  return ptr;
}

static void step_misuse(unsigned how, size_t offset) {
  uint8_t *ptr = odd_pointer(how, offset);
  if (ptr) misuse(ptr, classify(ptr), how);
}

/* Writes past the end of a block, checks that this is noticed, and restores what was there. */
static void step_overrun(struct slot *slot, unsigned how, uint8_t flip) {
  if (!slot->block || !flip) return;
  uint8_t *past = slot->block + granules_of(slot->size) * GRANULE - MEMPOOL_OVERHEAD;
  past[how % 4] ^= flip; /* the next block's header begins with the size of this one */
  misuse(slot->block, MEMPOOL_OVERRUN, how >> 2);
  if (how & 0x80) pool_check_default(slot->block, MEMPOOL_OVERRUN, note_misuse);
  CHECK(mempool_check() != 0, "mempool_check did not see a write past a block's end");
  past[how % 4] ^= flip;
}

/* Writes before a block, over its header: the size of the block before, and its own. Also what a size may just be. */
static void step_underrun(struct slot *slot, unsigned how, uint8_t word) {
  if (!slot->block || READS_ARE_JUDGED) return;
  uint32_t kept[2], wrong[2];
  uint8_t *header = slot->block - MEMPOOL_OVERHEAD;
  uint32_t id = (uint32_t)(index_of(slot->block) + (size_t)(first - pool_base) / GRANULE);
  uint32_t pool_granules = (uint32_t)(model.capacity_bytes / GRANULE);
  const uint32_t values[] = {0, 1, id, id + 1, pool_granules + 1 - id, pool_granules + 2 - id, UINT32_MAX, word};
  memcpy(kept, header, sizeof kept);
  memcpy(wrong, header, sizeof wrong);
  wrong[how & 1] = how & 0x10 ? kept[how & 1] ^ 1U << word % 32 : values[(how >> 1) % 8];
  if (wrong[how & 1] == kept[how & 1] || pool_size_is_confirmed(header, how & 1, wrong[how & 1], id, pool_granules))
    return;
  memcpy(header, wrong, sizeof wrong);
  misuse(slot->block, MEMPOOL_OVERRUN, how >> 5);
  CHECK(mempool_check() != 0, "mempool_check did not see a write before a block");
  memcpy(header, kept, sizeof kept);
}

/* How a wrong free is described to a programmer. */
static void step_default(unsigned how, size_t offset) {
  uint8_t *ptr = odd_pointer(how & 1 ? 0x80 : 0, offset);
  if (ptr) pool_check_default(ptr, classify(ptr), note_misuse);
}

/* Writes into the links of a free block: only mempool_check can notice that, and it must not crash. It may follow such
 * a link into memory that was never written, which is correct, but which MemorySanitizer would report. */
static void step_write_after_free(size_t offset, uint8_t flip) {
  if (READS_ARE_JUDGED) return;
  size_t i = offset % granules;
  while (i < granules && owner[i] != FREE_GRANULE) i++;
  if (i == granules || !flip) return;
  while (i > 0 && owner[i - 1] == FREE_GRANULE) i--;
  uint8_t *links = first + i * GRANULE;
  links[offset % 8] ^= flip;
  CHECK(mempool_check() != 0, "mempool_check did not see byte %zu of a free block's links change", offset % 8);
  links[offset % 8] ^= flip;
}

static void step_usable(const struct slot *slot) {
  size_t usable = mempool_usable_size(slot->block);
  size_t expected = slot->block ? granules_of(slot->size) * GRANULE - MEMPOOL_OVERHEAD : 0;
  CHECK(usable == expected, "mempool_usable_size is %zu, must be %zu", usable, expected);
}

/* Finds out where the first granule is: the first block of an empty pool starts there. */
static bool start_by_init(void) {
  size_t bytes = making.bytes;
  free(making.memory);
  making.memory = malloc(bytes + making.how % GRANULE); /* and no byte more: the sanitizer sees the next */
  CHECK(making.memory, "no memory for a pool of %zu bytes", bytes);
  uint8_t *memory = making.how & MADE_BY_INIT_MAPPED ? NULL : making.memory + making.how % GRANULE;
  int result = mempool_init(memory, bytes);
  CHECK(result == (bytes < MEMPOOL_BYTES_MIN ? -EINVAL : 0), "mempool_init with %zu bytes returned %d", bytes, result);
  if (result) return false;
  mempool_stats(&model);
  CHECK(model.blocks == 0 && model.in_use_bytes == 0, "a new pool has %zu blocks", model.blocks);
  granules = model.capacity_bytes / GRANULE;
  CHECK(granules >= 1 && granules <= GRANULES_MAX && granules >= pool_granules_least(bytes, memory),
        "a pool of %zu bytes has %zu granules", bytes, granules);
  first = mempool_malloc(1);
  CHECK(first, "a new pool of %zu bytes has no room for a byte", bytes);
  if (memory)
    CHECK(first >= memory && first + granules * GRANULE - MEMPOOL_OVERHEAD <= memory + bytes,
          "the pool reaches beyond its memory");
  mempool_free(first);
  pool_base = first - GRANULE;
  model.high_water_bytes = granules_of(1) * GRANULE;
  return true;
}

/* One of the functions that allocate makes the pool, the others do not. */
static void make_by_first_call(void) {
  pool_check_none();
  pool_check_limits(making.how % GRANULE);
  pool_check_nothing_to_map();
  pool_check_none();
  mempool_free(NULL);
  misuse(&model, MEMPOOL_FOREIGN, making.how);
  pool_check_none();
  if (making.how & AFTER_A_FAILURE) pool_check_too_large(SIZE_MAX - making.bytes);
  errno = ERRNO_BEFORE;
  void *block = making.how % 4 == 0   ? mempool_malloc(making.bytes)
                : making.how % 4 == 1 ? mempool_calloc(1, making.bytes)
                                      : mempool_realloc(NULL, making.bytes);
  CHECK(block && errno == ERRNO_BEFORE, "the first request returned %p, errno %d", block, errno);
  mempool_free(block);
  mempool_stats(&model);
  CHECK(model.capacity_bytes <= MEMPOOL_DEFAULT_BYTES &&
            model.capacity_bytes > MEMPOOL_DEFAULT_BYTES - MEMPOOL_DEFAULT_BYTES / 64,
        "the first request made a pool of %zu bytes", model.capacity_bytes);
  CHECK(model.blocks == 0 && model.failed_requests == (making.how & AFTER_A_FAILURE ? 1 : 0),
        "a new pool has %zu blocks and failed %zu requests", model.blocks, model.failed_requests);
}

static void start_by_first_call(void) {
  make_by_first_call();
  granules = making.bytes < GRANULE ? 1 : making.bytes / GRANULE;
  size_t taken = model.capacity_bytes - granules * GRANULE;
  ballast = mempool_malloc(taken - MEMPOOL_OVERHEAD);
  CHECK(ballast, "a new pool has no room for %zu of its %zu bytes", taken, model.capacity_bytes);
  first = ballast + taken;
  pool_base = ballast - GRANULE;
  model.in_use_bytes = taken;
  model.blocks = 1;
}

static bool start(void) {
  if (making.how & MADE_BY_FIRST_CALL)
    start_by_first_call();
  else if (!start_by_init())
    return false;
  memset(owner, FREE_GRANULE, granules);
  return true;
}

static void finish(void) {
  struct mempool_stats stats;
  for (unsigned s = 0; s < SLOTS; s++) release(&slots[s]);
  check_stats();
  check_sound();
  if (ballast) CHECK(mempool_usable_size(ballast) == (size_t)(first - ballast) - MEMPOOL_OVERHEAD, "a block grew");
  mempool_free(ballast);
  ballast = NULL;
  mempool_stats(&stats);
  CHECK(stats.largest_free == stats.capacity_bytes - MEMPOOL_OVERHEAD, "an empty pool is not one block");
  errno = ERRNO_BEFORE;
  int result = mempool_destroy();
  CHECK(result == 0 && errno == ERRNO_BEFORE, "mempool_destroy of an empty pool returned %d, errno %d", result, errno);
  if (making.how & (MADE_BY_INIT_MAPPED | MADE_BY_FIRST_CALL)) pool_check_unmapped(first);
}

/* Ends an empty pool and makes the next one, the same way or, where the size allows it, another. */
static void make_anew(uint8_t how) {
  finish();
  if (how & MADE_BY_FIRST_CALL || (how && making.bytes >= MEMPOOL_BYTES_MIN)) making.how = how;
  CHECK(start(), "a second pool of %zu bytes cannot be made", making.bytes);
}

static void run(struct fuzz_step step, unsigned number) {
  struct slot *slot = &slots[step.a % SLOTS];
  size_t word = (size_t)step.b << 8 | step.c;
  /* Most sizes are small: otherwise a few requests would fill any pool. */
  size_t size = step.op & 0x80 ? word : word % 1200;
  if (step.op & 0x80 && step.b == ODD_SIZE) size = pool_odd_size(step.c, model.capacity_bytes, model.largest_free);
  switch (step.op % 12) {
    case 0:
      step_malloc(slot, size);
      break;
    case 1:
      step_underrun(slot, step.b, step.c);
      break;
    case 2:
      step_default(step.a, word);
      break;
    case 3:
    case 4:
      step_realloc(slot, size);
      break;
    case 5:
    case 6:
      release(slot);
      break;
    case 7:
      step_calloc(slot, step.b == 255 && step.c ? SIZE_MAX / step.c + 1 : step.b, step.c);
      break;
    case 8:
      step_misuse(step.a, word);
      break;
    case 9:
      step_overrun(slot, step.b, step.c);
      break;
    case 10:
      step_write_after_free(word, step.a);
      break;
    default:
      step_usable(slot);
      pool_check_busy(model.blocks);
      if (model.blocks == (ballast != NULL)) make_anew(step.b);
  }
  check_stats();
  /* In the large pool this takes a hundred times as long as the step. */
  if (!ballast || number % 16 == 0) check_sound();
}

/* The C library's own is left out of the program. */
int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void)) {
  return pool_handle_forks(prepare, parent, child);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  pool_check_forks_refused(**argv);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input input = {data, data + size};
  struct fuzz_step step;
  size_t bytes = fuzz_byte(&input);
  making.bytes = bytes << 8 | fuzz_byte(&input);
  making.how = fuzz_byte(&input);
  next_seed = 0;
  mempool_on_misuse(note_misuse);
  if (start()) {
    for (unsigned n = 0; n < STEPS_MAX && fuzz_next(&input, &step); n++) run(step, n);
    finish();
  }
  free(making.memory);
  making.memory = NULL;
  return 0;
}
