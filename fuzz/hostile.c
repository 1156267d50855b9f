/* SPDX-License-Identifier: MIT */
/* Fuzzes the hostile allocator, behind libuv's interface and behind a backend of its own that has all functions, over a
 * heap that shows every byte which was written and every call which was made. Which calls are served in which ways is
 * decided by common/plan_reference.h; what the ways do is written down here by docs/hostile_allocator.md and hostile.h.
 *
 * Header: how (bit 0: the backend of this target; 1: it cannot measure blocks; 2 and 3: how blocks lie), the bits of
 * their layout, how many rules, and of each its ways (0: it fails a call), which condition, a number. Step: op and
 * function, slot, size (2 bytes).
 */
#include <errno.h>
#include <search.h>
#include <string.h>

#include "common/bump_heap.h"
#include "common/fuzz.h"
#include "common/hostile_plan.h"
#include "common/plan_reference.h"
#include "inject/hostile.h"
#include "nomem.h"

enum { STEPS_MAX = 96, SLOTS = 16, LARGE_MAX = 2, ERRNO_BEFORE = 4242, TRIES = 32 };
#define KEPT_BYTES ((size_t)1 << 20)

enum op { OP_NEW, OP_NEW_TOO, OP_REALLOC, OP_FREE, OP_FROM_LIBC, OP_REFUSE, OP_SCOPE, OP_PAUSE, OP_HUGE, OPS };

/* What the program calls. */
static struct {
  nomem_malloc_func malloc;
  nomem_realloc_func realloc;
  nomem_calloc_func calloc;
  nomem_free_func free;
} installed;

static bool is_own, can_measure;
static enum bump_layout layout;
static struct slot {
  uint8_t *block;
  size_t size;
  uint32_t seed;
} slots[SLOTS];
static uint32_t next_seed, large;
static bool paused;

static struct nomem_plan plan;
static struct reference_state state;
static char text[HOSTILE_PLAN_BYTES];
static bool is_open;
static struct nomem_counters counted;
static int64_t live;
static uint64_t written;
static struct {
  uint64_t count, size, nth;
  enum nomem_fn fn;
  uint32_t ways;
} served;

/* In all scopes of the process: what was put aside, and the block that was it last. */
static size_t kept;
static uint8_t *last_kept;

static int replace(nomem_malloc_func malloc_func, nomem_realloc_func realloc_func, nomem_calloc_func calloc_func,
                   nomem_free_func free_func) {
  installed.malloc = malloc_func;
  installed.realloc = realloc_func;
  installed.calloc = calloc_func;
  installed.free = free_func;
  return 0;
}

static void *allocate_zeros(size_t size) {
  return bump_calloc(1, size);
}

static struct nomem__under find_under(void) {
  return (struct nomem__under){bump_malloc, allocate_zeros, bump_realloc, bump_free, can_measure ? bump_size_of : NULL};
}

#define HERE __builtin_return_address(0), __builtin_dwarf_cfa()

/* The backend of this target, as backend_preload.c does it, for blocks of any function. */
__attribute__((noinline)) static void *own_allocate(enum nomem_fn fn, void *old, size_t size) {
  const struct nomem__under under = find_under();
  size_t released = old && nomem__keeps_live() ? bump_size_of(old) : 0;
  void *block;
  if (!nomem__passes(fn, false) && nomem__fails(fn, size, released, HERE)) {
    errno = ENOMEM;
    return NULL;
  }
  uint32_t ways = nomem__hostile_ways(fn, old, size, can_measure, HERE);
  if (ways & NOMEM_HOSTILE_ZERO) return NULL;
  if (old) {
    block = nomem__hostile_reallocate(&under, old, size, ways);
  } else if (fn == NOMEM_FN_CALLOC) {
    block = nomem__hostile_allocate_zeros(&under, size, ways);
  } else if (fn <= NOMEM_FN_REALLOCARRAY) {
    block = nomem__hostile_allocate(&under, size, ways);
  } else {
    block = bump_malloc(size);
    nomem__hostile_fill(&under, block, size, ways);
  }
  if (block && nomem__keeps_live()) nomem__live_add((int64_t)bump_size_of(block) - (int64_t)released);
  nomem__hostile_end(block != NULL, ways);
  return block;
}

__attribute__((noinline)) static void own_free(void *block) {
  const struct nomem__under under = find_under();
  if (!nomem__passes(NOMEM_FN_COUNT, true)) nomem__count_free();
  if (nomem__keeps_live()) nomem__live_add(-(int64_t)bump_size_of(block));
  uint32_t ways = nomem__hostile_ways(NOMEM_FN_COUNT, block, can_measure ? bump_size_of(block) : 0, can_measure, HERE);
  nomem__hostile_release(&under, block, ways);
  bump_free(block);
}

static uint64_t mask_of(const char *function) {
  uint64_t mask = 0;
  for (unsigned r = 0; r < plan.rule_count; r++)
    mask |= (uint64_t)(plan.rule[r].has & NOMEM_HAS_IN && reference_glob(plan.rule[r].in, function)) << r;
  return mask;
}

/* Whether the call fails; if not, in which ways it is served. */
static bool decide(enum nomem_fn fn, const void *old, size_t size, const char *function, bool is_from_libc,
                   uint32_t *ways) {
  size_t released = old && fn != NOMEM_FN_COUNT ? bump_size_of((void *)(uintptr_t)old) : 0;
  int64_t others = live - (int64_t)released;
  struct nomem_call call = {.fn = fn,
                            .hostile = hostile_ways_of(fn, old != NULL, size, can_measure, is_from_libc),
                            .size_bytes = size,
                            .live_bytes = others > 0 ? (uint64_t)others : 0,
                            .in_mask = mask_of(function)};
  *ways = 0;
  if (!is_open || paused) return false;
  if (fn != NOMEM_FN_COUNT) {
    counted.calls++;
    if (reference_decide(&plan, &state, &call) >= 0) {
      counted.faults++;
      return true;
    }
  }
  if (!(plan.has & NOMEM_HAS_HOSTILE) || !call.hostile) return false;
  *ways = reference_serve(&plan, &state, &call);
  if (*ways && served.count++ == 0) {
    served.fn = fn;
    served.ways = *ways;
    served.size = size;
    served.nth = counted.calls;
  }
  return false;
}

/* How many of so many bytes are written: in one block no more than a mebibyte; once a gibibyte was written, 256. */
static size_t share(size_t bytes, size_t most) {
  if (bytes > most) bytes = most;
  if (bytes <= 256) return bytes;
  if (written >= (uint64_t)1 << 30) return 256;
  written += bytes;
  return bytes;
}

FUZZ_FAST static void check_bytes(const uint8_t *block, size_t from, size_t to, uint8_t byte, const char *what) {
  for (size_t i = from; i < to; i++)
    CHECK(block[i] == byte, "byte %zu is 0x%02x, not 0x%02x: %s; plan '%s'", i, block[i], byte, what, text);
}

/* That so many bytes from here on were filled, and what is behind them was not. */
static void check_filled(const uint8_t *block, size_t from, size_t to, uint8_t byte, const char *what) {
  size_t filled = to > from ? share(to - from, KEPT_BYTES) : 0;
  check_bytes(block, from, from + filled, byte, what);
  check_bytes(block, from + filled, to, BUMP_BYTE, "nothing may be written there");
}

/* What lies with what is to be found again by a search for leaks, or is given back. */
static void check_put_aside(const struct bump_call *spare, bool is_released) {
  size_t bytes = spare->size + 16;
  bool is_kept = kept + bytes <= KEPT_BYTES;
  CHECK(is_kept != is_released, "a block of %zu bytes that was put aside was %s", spare->size,
        is_released ? "released" : "not released");
  if (!is_kept) return;
  CHECK(!memcmp(spare->block, &last_kept, sizeof last_kept), "what was put aside does not name the block before");
  kept += bytes;
  last_kept = spare->block;
}

static bool is_aligned_further(const uint8_t *block) {
  return (uintptr_t)block % 32 == 0;
}

/* Of all that were tried the block was taken that is aligned no further than it must be. */
static void check_tries(const uint8_t *block, size_t size) {
  const struct bump_call *calls;
  unsigned count = bump_heap_calls(&calls), tries = 0;
  for (unsigned i = 0; i < count; i++) tries += calls[i].function != BUMP_FREE && calls[i].block;
  CHECK(calls[0].size == bump_even_size(size), "%zu bytes were asked for, for %zu", calls[0].size, size);
  CHECK(tries <= TRIES + 1, "%u blocks were tried", tries);
  CHECK(layout != BUMP_DENSE || tries <= 3 || bump_heap_has_refused(), "%u blocks were tried, one behind the other",
        tries);
  CHECK(!block || !is_aligned_further(block) || tries >= TRIES || bump_heap_has_refused(),
        "%p is aligned too far, and %u blocks were tried", (const void *)block, tries);
  for (unsigned i = count; i-- > 0;) {
    bool is_released = false;
    if (calls[i].function == BUMP_FREE || !calls[i].block || calls[i].block == block) continue;
    for (unsigned j = i; j < count; j++)
      is_released |= calls[j].function == BUMP_FREE && calls[j].block == calls[i].block;
    check_put_aside(&calls[i], is_released);
  }
}

static void check_calls(bool fails, uint32_t ways, const uint8_t *block, size_t size) {
  const struct bump_call *calls;
  unsigned count = bump_heap_calls(&calls);
  if (fails || ways & NOMEM_HOSTILE_ZERO) {
    CHECK(count == 0 && !block, "a call that fails returned %p, and made %u below", (const void *)block, count);
    return;
  }
  CHECK(count > 0, "there was no call of the allocator below");
  CHECK(block || bump_heap_has_refused(), "%zu bytes were refused by nobody; plan '%s'", size, text);
  if (ways & NOMEM_HOSTILE_ALIGN) {
    check_tries(block, size);
    return;
  }
  CHECK(count == 1 && calls[0].size == size, "there were %u calls, of %zu bytes instead of %zu", count, calls[0].size,
        size);
}

static void check_errno(bool fails, uint32_t ways, const uint8_t *block, int after) {
  bool is_set = fails || (ways & NOMEM_HOSTILE_ERRNO && !(ways & NOMEM_HOSTILE_ZERO)) || bump_heap_has_refused();
  CHECK(after == (is_set ? ENOMEM : ERRNO_BEFORE), "errno is %d; ways 0x%x, block %p, plan '%s'", after, ways,
        (const void *)block, text);
}

static void keep(struct slot *slot, uint8_t *block, size_t size) {
  *slot = (struct slot){block, size, ++next_seed};
  if (!block) return;
  live += (int64_t)bump_size_of(block);
  fuzz_fill(block, size, slot->seed);
}

static void check_new(enum nomem_fn fn, bool fails, uint32_t ways, uint8_t *block, size_t size, int after) {
  check_calls(fails, ways, block, size);
  check_errno(fails, ways, block, after);
  if (!block) return;
  size_t room = bump_size_of(block), known = can_measure ? room : size;
  if (fn == NOMEM_FN_CALLOC) {
    check_bytes(block, 0, size, 0, "calloc");
  } else if (ways & NOMEM_HOSTILE_FRESH) {
    check_filled(block, 0, known, NOMEM_HOSTILE_FRESH_BYTE, "fresh memory");
    check_bytes(block, known, room, BUMP_BYTE, "what nobody has asked for");
  } else {
    check_bytes(block, 0, room, BUMP_BYTE, "memory that nobody has written");
  }
}

static uint8_t *call_allocator(enum nomem_fn fn, void *old, size_t size) {
  if (is_own) return own_allocate(fn, old, size);
  if (fn == NOMEM_FN_MALLOC) return installed.malloc(size);
  return fn == NOMEM_FN_CALLOC ? installed.calloc(1, size) : installed.realloc(old, size);
}

__attribute__((noinline)) static void call_new(struct slot *slot, enum nomem_fn fn, size_t size) {
  uint32_t ways;
  bool fails = decide(fn, NULL, size, "call_new", false, &ways);
  errno = ERRNO_BEFORE;
  uint8_t *block = call_allocator(fn, NULL, size);
  check_new(fn, fails, ways, block, size, errno);
  keep(slot, block, size);
}

/* The C library compares a key with the one element of a table, by calling the function that it was given. What it does
 * with the result does not matter here. */
static void call_from_libc(struct slot *slot, size_t size) {
  static const char element[1];
  const struct bump_call *calls;
  uint32_t ways;
  size_t count = 1;
  if (is_own || size > 4096) return;
  bool fails = decide(NOMEM_FN_MALLOC, NULL, size, "call_from_libc", true, &ways);
  errno = ERRNO_BEFORE;
  lfind((const void *)size, element, &count, 1, (int (*)(const void *, const void *))(uintptr_t)installed.malloc);
  int after = errno;
  uint8_t *block = NULL; /* the last one that was made */
  for (unsigned i = 0, made = bump_heap_calls(&calls); i < made; i++)
    if (calls[i].function != BUMP_FREE && calls[i].block) block = calls[i].block;
  check_new(NOMEM_FN_MALLOC, fails, ways, block, size, after);
  keep(slot, block, size);
}

static void check_freed(const struct slot *slot, size_t room) {
  size_t filled = share(room, KEPT_BYTES);
  check_bytes(slot->block, 0, filled, NOMEM_HOSTILE_FREED_BYTE, "freed memory");
  CHECK(slot->size <= filled || slot->block[filled] == fuzz_pattern(slot->seed, filled), "too much was filled");
}

__attribute__((noinline)) static void call_free(struct slot *slot) {
  uint32_t ways;
  uint8_t *block = slot->block;
  if (!block) return;
  size_t room = bump_size_of(block);
  live -= (int64_t)room;
  if (is_open && !paused) counted.frees++;
  decide(NOMEM_FN_COUNT, block, can_measure ? room : 0, "call_free", false, &ways);
  errno = ERRNO_BEFORE;
  if (is_own)
    own_free(block);
  else
    installed.free(block);
  CHECK(errno == ERRNO_BEFORE, "free left errno %d", errno);
  if (ways & NOMEM_HOSTILE_FREED) {
    check_freed(slot, room);
  } else {
    CHECK(fuzz_intact(block, slot->size, slot->seed) == slot->size, "what was freed was written to");
  }
  slot->block = NULL;
}

/* What a block holds after it grew, shrank or moved. */
static void check_resized(const struct slot *slot, uint32_t ways, bool has_moved, size_t old_room, const uint8_t *block,
                          size_t size) {
  size_t same = size < slot->size ? size : slot->size, room = bump_size_of((void *)(uintptr_t)block);
  CHECK(fuzz_intact(block, same, slot->seed) == same, "a realloc from %zu to %zu bytes has lost byte %zu", slot->size,
        size, fuzz_intact(block, same, slot->seed));
  if (has_moved) check_freed(slot, old_room);
  if (ways & NOMEM_HOSTILE_FRESH && room > old_room)
    check_filled(block, old_room, room, NOMEM_HOSTILE_FRESH_BYTE, "what a realloc has added");
}

__attribute__((noinline)) static void call_realloc(struct slot *slot, size_t size) {
  const struct bump_call *calls;
  uint32_t ways;
  size_t room = bump_size_of(slot->block), kept_bytes = room < size ? room : size;
  bool fails = decide(NOMEM_FN_REALLOC, slot->block, size, "call_realloc", false, &ways);
  bool may_move = ways & NOMEM_HOSTILE_MOVES && share(kept_bytes, SIZE_MAX) == kept_bytes;
  errno = ERRNO_BEFORE;
  uint8_t *block = call_allocator(NOMEM_FN_REALLOC, slot->block, size);
  int after = errno;
  unsigned count = bump_heap_calls(&calls);
  bool has_moved = may_move && calls[0].block;
  CHECK(count == (fails ? 0u : may_move ? 2u : 1u), "realloc made %u calls; plan '%s'", count, text);
  if (may_move && !fails) CHECK(calls[0].function == BUMP_MALLOC && calls[0].size == size, "realloc does not move");
  if (!fails && !has_moved) CHECK(calls[count - 1].function == BUMP_REALLOC, "there was no realloc below");
  if (has_moved)
    CHECK(calls[1].function == BUMP_FREE && calls[1].block == slot->block, "a block that moved is still there");
  CHECK((block != NULL) == (!fails && calls[has_moved ? 0 : count - 1].block != NULL), "realloc returned %p",
        (void *)block);
  bool is_set = !block || ways & NOMEM_HOSTILE_ERRNO;
  CHECK(after == (is_set ? ENOMEM : ERRNO_BEFORE), "realloc left errno %d; plan '%s'", after, text);
  if (!block) return;
  check_resized(slot, ways, has_moved, room, block, size);
  live -= (int64_t)room;
  keep(slot, block, size);
}

/* A move of more than there is counts as written, and is not made. */
static void call_huge(struct slot *slot, size_t size) {
  uint32_t ways;
  if (!slot->block || (plan.has & NOMEM_HAS_BUDGET)) return;
  bump_heap_claim(size);
  bool fails = decide(NOMEM_FN_REALLOC, slot->block, size, "call_huge", false, &ways);
  if (ways & NOMEM_HOSTILE_MOVES) share(size, SIZE_MAX);
  const void *block = call_allocator(NOMEM_FN_REALLOC, slot->block, size);
  bump_heap_claim(0);
  CHECK(!block, "there is a block of %zu bytes", size);
  CHECK(fails || bump_heap_has_refused(), "nobody has refused %zu bytes", size);
}

static void begin(void) {
  struct nomem_error error;
  live = 0;
  int result = nomem_begin(text, &error);
  CHECK(result == 0, "nomem_begin(\"%s\") returned %d: %s", text, result, error.reason);
  memset(&state, 0, sizeof state);
  memset(&counted, 0, sizeof counted);
  memset(&served, 0, sizeof served);
  written = 0;
  is_open = true;
}

/* Where nobody knows how large blocks are, no plan is accepted that needs it. */
static void check_refusal(void) {
  struct nomem_error error = {0};
  nomem_install_over(replace, bump_malloc, bump_realloc, bump_calloc, bump_free, NULL);
  int result = nomem_begin(text, &error);
  if (result == 0 && !(plan.has & (NOMEM_HAS_HOSTILE | NOMEM_HAS_BUDGET))) {
    nomem_end(NULL);
    return;
  }
  const char *cause = plan.has & NOMEM_HAS_BUDGET ? "budget=" : "hostile=";
  CHECK(result == -EINVAL && !strncmp(error.reason, cause, strlen(cause)), "nomem_begin(\"%s\") returned %d: %s", text,
        result, error.reason);
}

static void check_served(const struct nomem_channel *channel) {
  const struct nomem_fault *first = &channel->hostile_call;
  CHECK(channel->hostile_calls == served.count, "%u calls were served, not %u; plan '%s'",
        (unsigned)channel->hostile_calls, (unsigned)served.count, text);
  CHECK(first->ready == (served.count > 0), "whether there is a first call is %u", first->ready);
  if (!served.count) return;
  CHECK(first->fn == (uint32_t)(served.fn) && first->size_bytes == served.size && first->nth == served.nth,
        "the first call was of function %u, %zu bytes, number %u", first->fn, (size_t)first->size_bytes,
        (unsigned)first->nth);
  CHECK(first->hostile == served.ways && first->depth > 0, "the first call has ways 0x%x, %u frames", first->hostile,
        first->depth);
}

static void end(void) {
  struct nomem_counters counters;
  check_served(nomem__channel());
  if (plan.has & NOMEM_HAS_BUDGET)
    CHECK(nomem__channel()->live_bytes == live, "live bytes are %lld", (long long)nomem__channel()->live_bytes);
  nomem_end(&counters);
  CHECK(!memcmp(&counters, &counted, sizeof counters), "%u calls, %u frees, %u faults, not %u, %u, %u",
        (unsigned)counters.calls, (unsigned)counters.frees, (unsigned)counters.faults, (unsigned)counted.calls,
        (unsigned)counted.frees, (unsigned)counted.faults);
  is_open = false;
}

static void toggle_pause(void) {
  if (paused)
    nomem_resume();
  else
    nomem_pause();
  paused = !paused;
}

static void run(struct fuzz_step step) {
  static const enum nomem_fn plain[] = {NOMEM_FN_MALLOC, NOMEM_FN_CALLOC, NOMEM_FN_REALLOC};
  struct slot *slot = &slots[step.a % SLOTS];
  size_t word = (size_t)step.b << 8 | step.c, size = word % 600;
  enum nomem_fn fn = is_own ? (step.op >> 4) % NOMEM_FN_COUNT : plain[(step.op >> 4) % 3];
  if (step.a & 0x80 && large < LARGE_MAX) size = word * 32, large++;
  bump_heap_forget();
  switch ((enum op)(step.op % 16 % OPS)) {
    case OP_NEW:
    case OP_NEW_TOO:
      if (slot->block) call_free(slot), bump_heap_forget();
      call_new(slot, fn, step.a == 0x70 ? SIZE_MAX - step.c : size);
      break;
    case OP_REALLOC:
      if (slot->block && size) call_realloc(slot, size);
      break;
    case OP_FREE:
      call_free(slot);
      break;
    case OP_FROM_LIBC:
      if (!slot->block) call_from_libc(slot, size);
      break;
    case OP_REFUSE:
      bump_heap_refuse(step.b % 40, step.c % 4);
      break;
    case OP_SCOPE:
      for (unsigned s = 0; s < SLOTS; s++) bump_heap_forget(), call_free(&slots[s]);
      if (is_open)
        end();
      else
        begin();
      break;
    case OP_PAUSE:
      toggle_pause();
      break;
    default:
      call_huge(slot, (size_t)1 << (24 + step.b % 16));
  }
}

/* Before an allocator is installed there is the C library's, whose blocks can be measured. */
int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  CHECK(nomem_begin("hostile=all;budget=1", NULL) == 0, "at first no plan is accepted that asks for sizes");
  nomem_end(NULL);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input input = {data, data + size};
  struct fuzz_step step;
  uint8_t how = fuzz_byte(&input), bits = fuzz_byte(&input);
  is_own = how & 1;
  can_measure = !is_own || !(how & 2);
  layout = (how >> 2) % 3;
  next_seed = large = 0;
  memset(slots, 0, sizeof slots);
  bump_heap_begin(layout, bits);
  hostile_plan_read(&input, text, &plan);
  if (plan.has & NOMEM_HAS_BUDGET) can_measure = true;
  check_refusal();
  CHECK(nomem_install_over(replace, bump_malloc, bump_realloc, bump_calloc, bump_free, bump_size_of) == 0,
        "the allocator cannot be installed");
  begin();
  for (unsigned n = 0; n < STEPS_MAX && fuzz_next(&input, &step); n++) run(step);
  if (paused) toggle_pause();
  bump_heap_refuse(0, 0);
  for (unsigned s = 0; s < SLOTS; s++) bump_heap_forget(), call_free(&slots[s]);
  if (is_open) end();
  bump_heap_check_gaps();
  return 0;
}
