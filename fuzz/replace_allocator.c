/* SPDX-License-Identifier: MIT */
/* Fuzzes uv_replace_allocator: every combination of NULL and functions of three families, between calls that use what
 * is installed. A call that is refused changes nothing; one that is accepted changes all four functions and nothing
 * else.
 *
 * Header: which build of the library (bit 0). Step: op, then what the case in run() reads.
 */
#include "common/fuzz.h"
#include "common/subject.h"

enum { FAMILIES = 3, SLOTS = 8, HEADER_BYTES = 1, STEPS_MAX = 64, ERRNO_BEFORE = 4242 };
enum function { MALLOC, REALLOC, CALLOC, FREE, FUNCTIONS };

static const char *const names[FUNCTIONS] = {"malloc", "realloc", "calloc", "free"};

/* The one call that the last step made. */
static struct {
  unsigned calls;
  enum function function;
  unsigned family;
  const void *ptr;
  size_t count, size;
  void *result;
} seen;

static unsigned installed[FUNCTIONS];
static struct slot {
  uint8_t *block;
  size_t size;
  uint32_t seed;
} slots[SLOTS];

static void record(enum function function, unsigned family, const void *ptr, size_t count, size_t size) {
  seen.calls++;
  seen.function = function;
  seen.family = family;
  seen.ptr = ptr;
  seen.count = count;
  seen.size = size;
}

/* All families use the C library's heap, so that a block of one may be freed through another. */
#define FAMILY(n)                                      \
  static void *malloc_##n(size_t size) {               \
    record(MALLOC, n, NULL, 0, size);                  \
    return seen.result = malloc(size);                 \
  }                                                    \
  static void *realloc_##n(void *ptr, size_t size) {   \
    record(REALLOC, n, ptr, 0, size);                  \
    return seen.result = realloc(ptr, size);           \
  }                                                    \
  static void *calloc_##n(size_t count, size_t size) { \
    record(CALLOC, n, NULL, count, size);              \
    return seen.result = calloc(count, size);          \
  }                                                    \
  static void free_##n(void *ptr) {                    \
    record(FREE, n, ptr, 0, 0);                        \
    free(ptr);                                         \
  }

FAMILY(1)
FAMILY(2)
FAMILY(3)

static const uv_malloc_func mallocs[] = {NULL, malloc_1, malloc_2, malloc_3};
static const uv_realloc_func reallocs[] = {NULL, realloc_1, realloc_2, realloc_3};
static const uv_calloc_func callocs[] = {NULL, calloc_1, calloc_2, calloc_3};
static const uv_free_func frees[] = {NULL, free_1, free_2, free_3};

/* Two bits of choice for each function: 0 is NULL. */
static void replace(const struct subject *subject, unsigned choice) {
  unsigned family[FUNCTIONS];
  bool refused = false;
  for (unsigned f = 0; f < FUNCTIONS; f++) {
    family[f] = choice >> 2 * f & 3;
    if (family[f] == 0) refused = true;
  }
  seen.calls = 0;
  errno = ERRNO_BEFORE;
  int result = subject->replace(mallocs[family[MALLOC]], reallocs[family[REALLOC]], callocs[family[CALLOC]],
                                frees[family[FREE]]);
  CHECK(result == (refused ? UV_EINVAL : 0), "uv_replace_allocator with choice 0x%02x returned %d", choice, result);
  CHECK(errno == ERRNO_BEFORE, "uv_replace_allocator changed errno to %d", errno);
  CHECK(seen.calls == 0, "uv_replace_allocator called %s", names[seen.function]);
  for (unsigned f = 0; f < FUNCTIONS && !refused; f++) installed[f] = family[f];
}

static void check_seen(enum function function, const void *ptr, size_t count, size_t size) {
  CHECK(seen.calls == 1, "%s made %u calls instead of one", names[function], seen.calls);
  CHECK(seen.function == function, "%s called %s", names[function], names[seen.function]);
  CHECK(seen.family == installed[function], "%s called family %u, not the %u that is installed", names[function],
        seen.family, installed[function]);
  CHECK(seen.ptr == ptr && seen.count == count && seen.size == size, "%s passed on (%p, %zu, %zu), not (%p, %zu, %zu)",
        names[function], seen.ptr, seen.count, seen.size, ptr, count, size);
}

static void check_intact(const struct slot *slot, size_t bytes) {
  size_t intact = fuzz_intact(slot->block, bytes, slot->seed);
  CHECK(intact == bytes, "byte %zu of a block of %zu changed", intact, slot->size);
}

static void release(const struct subject *subject, struct slot *slot) {
  void *block = slot->block;
  if (block) check_intact(slot, slot->size);
  subject->free(block);
  check_seen(FREE, block, 0, 0);
  slot->block = NULL;
}

static void fill(struct slot *slot, void *block, size_t size) {
  static uint32_t seed;
  slot->block = block;
  slot->size = size;
  slot->seed = ++seed;
  fuzz_fill(block, size, slot->seed);
}

static void resize(const struct subject *subject, struct slot *slot, size_t size) {
  void *block = slot->block;
  size_t kept = block && slot->size < size ? slot->size : size;
  void *moved = subject->realloc(block, size);
  check_seen(REALLOC, block, 0, size);
  CHECK(moved == seen.result, "realloc returned %p, the replacement %p", moved, seen.result);
  CHECK(moved, "realloc(%zu) failed without a reason", size);
  slot->block = moved;
  if (block) check_intact(slot, kept);
  fill(slot, moved, size);
}

static void run(const struct subject *subject, struct fuzz_step step) {
  struct slot *slot = &slots[step.a % SLOTS];
  size_t size = 1 + step.b, count = 1 + step.c % 16;
  void *block;
  seen.calls = 0;
  switch (step.op % 5) {
    case 0:
      replace(subject, step.a);
      break;
    case 1:
      release(subject, slot);
      seen.calls = 0;
      block = subject->malloc(size);
      check_seen(MALLOC, NULL, 0, size);
      CHECK(block == seen.result, "malloc returned %p, the replacement %p", block, seen.result);
      fill(slot, block, size);
      break;
    case 2:
      release(subject, slot);
      seen.calls = 0;
      block = subject->calloc(count, size);
      check_seen(CALLOC, NULL, count, size);
      CHECK(block == seen.result, "calloc returned %p, the replacement %p", block, seen.result);
      for (size_t i = 0; i < count * size; i++) CHECK(!((char *)block)[i], "byte %zu of a calloc is not zero", i);
      fill(slot, block, count * size);
      break;
    case 3:
      resize(subject, slot, size);
      break;
    default:
      release(subject, slot);
  }
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  /* Before anything is replaced, blocks come from the C library: the sanitizer would report any other free. */
  const struct subject *subjects[] = {&subject_plain, &subject_zero};
  for (unsigned i = 0; i < 2; i++) {
    free(subjects[i]->malloc(1));
    free(subjects[i]->calloc(1, 1));
    free(subjects[i]->realloc(malloc(1), 2));
    subjects[i]->free(malloc(1));
  }
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input input = {data, data + size};
  struct fuzz_step step;
  const struct subject *subject = fuzz_byte(&input) & 1 ? &subject_zero : &subject_plain;
  replace(subject, 0x55); /* all of the first family: an input must not depend on what the one before it installed */
  for (unsigned n = 0; n < STEPS_MAX && fuzz_next(&input, &step); n++) run(subject, step);
  for (unsigned i = 0; i < SLOTS; i++) {
    seen.calls = 0;
    release(subject, &slots[i]);
  }
  return 0;
}
