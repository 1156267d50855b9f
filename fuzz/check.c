/* SPDX-License-Identifier: MIT */
/* Fuzzes nomem_check on functions that the input describes: how many calls they make at first and later, and what they
 * do about one that fails. The same function runs on a heap of numbers, beside a second implementation of what nomem.h
 * says of nomem_check.
 *
 * Input: flags (bit 0: block sizes are not known; bit 1: a scope is open), calls in the first two runs (2 bytes), calls
 * in later ones, what is done about a failure, in which run it fails all the same, how many of the calls to try (0: the
 * default), and sizes of blocks.
 */
#include <errno.h>
#include <string.h>

#include "common/fuzz.h"
#include "nomem.h"

enum { CALLS_MAX = 1100, EARLY_RUNS = 2, DEFAULT_CALLS = 1000, LOST_MAX = 8192, BYTES_MAX = 64 };

enum reaction {
  GIVES_UP,
  GOES_ON,
  LOSES_ONE,
  LOSES_ONE_ONCE,
  REMEMBERS,
  IS_SILENT,
  FORGETS_TO_FREE,
  KEEPS_A_CACHE,
  REACTIONS
};

/* What the function is made of, and what it keeps from one run to the next. */
struct script {
  unsigned early_calls, late_calls, fails_in_run;
  enum reaction reaction;
  const uint8_t *sizes;
  size_t size_count;
  unsigned run;
  bool has_failed, has_lost, has_cache;
};

/* Where a run takes its blocks from: the failing allocator, or numbers. */
struct source {
  bool (*take)(struct source *self, unsigned number, size_t bytes); /* false: it failed */
  void (*give_back)(struct source *self, unsigned number);
};

static struct {
  nomem_malloc_func malloc;
  nomem_free_func free;
} installed;

static void *blocks[CALLS_MAX], *lost[LOST_MAX];
static size_t lost_count;

static int replace(nomem_malloc_func malloc_func, nomem_realloc_func realloc_func, nomem_calloc_func calloc_func,
                   nomem_free_func free_func) {
  (void)realloc_func, (void)calloc_func;
  installed.malloc = malloc_func;
  installed.free = free_func;
  return 0;
}

static bool take_real(struct source *self, unsigned number, size_t bytes) {
  (void)self;
  blocks[number] = installed.malloc(bytes);
  return blocks[number] != NULL;
}

static void give_back_real(struct source *self, unsigned number) {
  (void)self;
  installed.free(blocks[number]);
  blocks[number] = NULL;
}

/* The size is kept before the block, for size_of. */
static void *sized_malloc(size_t size) {
  size_t *block = malloc(sizeof *block * 2 + size);
  CHECK(block, "no memory");
  *block = size;
  return block + 2;
}

static void sized_free(void *block) {
  if (block) free((size_t *)block - 2);
}

static size_t sized_size(void *block) {
  return ((size_t *)block)[-2];
}

static void *no_realloc(void *block, size_t size) {
  fuzz_fail(__FILE__, __LINE__, "realloc(%p, %zu) was called", block, size);
}

static void *no_calloc(size_t count, size_t size) {
  fuzz_fail(__FILE__, __LINE__, "calloc(%zu, %zu) was called", count, size);
}

static size_t size_of_call(const struct script *script, unsigned number) {
  return script->size_count ? 1 + script->sizes[number % script->size_count] % BYTES_MAX : 16;
}

/* Whether the block is kept by mistake, or on purpose. */
static bool is_kept(struct script *script, bool failed, unsigned number) {
  if (number) return false;
  if (script->reaction == FORGETS_TO_FREE) return true;
  if (script->reaction == LOSES_ONE) return failed;
  if (script->reaction == LOSES_ONE_ONCE && failed && !script->has_lost) return script->has_lost = true;
  if (script->reaction == KEEPS_A_CACHE && !script->has_cache) return script->has_cache = true;
  return false;
}

/* One run of the function. */
static int perform(struct script *script, struct source *source) {
  unsigned run = ++script->run, calls = run <= EARLY_RUNS ? script->early_calls : script->late_calls, taken = 0;
  bool failed = false, has[CALLS_MAX] = {false};
  if (script->has_failed && script->reaction == REMEMBERS) return -EIO;
  for (; taken < calls && !(failed && script->reaction != GOES_ON); taken++) {
    has[taken] = source->take(source, taken, size_of_call(script, taken));
    failed = failed || !has[taken];
  }
  script->has_failed = script->has_failed || failed;
  for (unsigned i = 0; i < taken; i++)
    if (has[i] && !is_kept(script, failed, i)) source->give_back(source, i);
  if (run == script->fails_in_run) return -EPERM;
  return failed && script->reaction != IS_SILENT && script->reaction != GOES_ON ? -ENOMEM : 0;
}

static int perform_real(void *argument) {
  struct source source = {take_real, give_back_real};
  int result = perform(argument, &source);
  for (unsigned i = 0; i < CALLS_MAX; i++) {
    if (!blocks[i]) continue;
    CHECK(lost_count < LOST_MAX, "too many blocks are lost");
    lost[lost_count++] = blocks[i];
    blocks[i] = NULL;
  }
  return result;
}

/* The heap of numbers. */
struct imagined {
  struct source source;
  const struct script *script;
  uint64_t calls, faults, first, last; /* calls from first to last fail */
  int64_t live;
};

static bool take_imagined(struct source *self, unsigned number, size_t bytes) {
  struct imagined *heap = (struct imagined *)self;
  (void)number;
  heap->calls++;
  if (heap->calls >= heap->first && heap->calls <= heap->last) {
    heap->faults++;
    return false;
  }
  heap->live += (int64_t)bytes;
  return true;
}

static void give_back_imagined(struct source *self, unsigned number) {
  struct imagined *heap = (struct imagined *)self;
  heap->live -= (int64_t)size_of_call(heap->script, number);
}

struct expectation {
  struct script *script;
  bool knows_sizes;
  struct nomem_check_result result;
  int64_t usual;
};

/* Runs with the calls from first to last failed; none when first is 0. */
static struct imagined run_imagined(struct expectation *e, uint64_t first, uint64_t last, int *returned) {
  struct imagined heap = {{take_imagined, give_back_imagined}, e->script, 0, 0, first, first ? last : 0, 0};
  e->result.runs++;
  *returned = perform(e->script, &heap.source);
  if (!e->knows_sizes) heap.live = 0;
  return heap;
}

static bool is_found(struct expectation *e, enum nomem_problem problem, int returned) {
  e->result.problem = problem;
  e->result.returned = returned;
  return true;
}

/* Tries one fault: at most twice, when it leaks. */
static bool expect_point(struct expectation *e, uint64_t first, uint64_t last) {
  int returned = 0, after = 0;
  int64_t more = 0;
  for (unsigned again = 0; again < 2; again++) {
    struct imagined faulty = run_imagined(e, first, last, &returned);
    if (!faulty.faults) return returned ? is_found(e, NOMEM_FALSE_REPORT, returned) : false;
    struct imagined clean = run_imagined(e, 0, 0, &after);
    if (after) return is_found(e, NOMEM_STICKY, after);
    more = faulty.live + clean.live - 2 * e->usual;
    if (more <= 0) return false;
  }
  e->result.leaked_bytes = (uint64_t)more;
  return is_found(e, NOMEM_LEAK, returned);
}

static bool expect(struct expectation *e, uint64_t max_calls) {
  int returned;
  for (unsigned warm = 0; warm < 2; warm++) {
    struct imagined clean = run_imagined(e, 0, 0, &returned);
    if (returned) return is_found(e, NOMEM_FALSE_REPORT, returned);
    e->usual = clean.live;
    if (warm) e->result.calls = clean.calls;
  }
  if (!max_calls) max_calls = DEFAULT_CALLS;
  for (uint64_t n = 1; n <= e->result.calls && n <= max_calls; n++) {
    snprintf(e->result.plan, sizeof e->result.plan, "nth=%u", (unsigned)n);
    if (expect_point(e, n, n)) return true;
    snprintf(e->result.plan, sizeof e->result.plan, "nth=%u..", (unsigned)n);
    if (expect_point(e, n, UINT64_MAX)) return true;
  }
  return false;
}

static void check_refusals(struct script *script, bool is_busy) {
  struct nomem_check_result result;
  CHECK(nomem_check(NULL, script, 1, &result) == -EINVAL, "no function was not refused");
  CHECK(nomem_check(perform_real, script, 1, NULL) == -EINVAL, "no result was not refused");
  if (!is_busy) return;
  CHECK(nomem_begin("", NULL) == 0, "a scope cannot be opened");
  int code = nomem_check(perform_real, script, 0, &result);
  CHECK(code == -EBUSY && result.runs == 0 && result.problem == NOMEM_NO_PROBLEM, "in a scope nomem_check returned %d",
        code);
  nomem_end(NULL);
}

static struct script read_script(struct fuzz_input *input) {
  struct script script = {0};
  script.early_calls = fuzz_byte(input);
  script.early_calls += fuzz_byte(input) * 256u;
  script.early_calls %= CALLS_MAX;
  script.late_calls = fuzz_byte(input) % 16;
  if (script.early_calls < 16 && script.late_calls % 2) script.late_calls = script.early_calls;
  script.reaction = fuzz_byte(input) % REACTIONS;
  script.fails_in_run = fuzz_byte(input);
  return script;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input input = {data, data + size};
  struct nomem_check_result result;
  uint8_t flags = fuzz_byte(&input);
  struct script script = read_script(&input);
  uint64_t max_calls = fuzz_byte(&input);
  script.sizes = input.at;
  script.size_count = (size_t)(input.end - input.at);
  struct script same = script;
  struct expectation expected = {.script = &same, .knows_sizes = !(flags & 1)};
  CHECK(
      nomem_install_over(replace, sized_malloc, no_realloc, no_calloc, sized_free, flags & 1 ? NULL : sized_size) == 0,
      "nothing was installed");
  check_refusals(&script, flags & 2);
  int code = nomem_check(perform_real, &script, max_calls, &result), expected_code = expect(&expected, max_calls);
  CHECK(code == expected_code && result.problem == expected.result.problem, "returned %d, problem %d; must be %d, %d",
        code, (int)result.problem, expected_code, (int)expected.result.problem);
  CHECK(!strcmp(result.plan, expected.result.plan), "the plan is '%s', must be '%s'", result.plan,
        expected.result.plan);
  CHECK(result.returned == expected.result.returned && result.calls == expected.result.calls &&
            result.runs == expected.result.runs && result.leaked_bytes == expected.result.leaked_bytes,
        "returned %d, %u calls, %u runs, %u bytes; must be %d, %u, %u, %u", result.returned, (unsigned)result.calls,
        (unsigned)result.runs, (unsigned)result.leaked_bytes, expected.result.returned, (unsigned)expected.result.calls,
        (unsigned)expected.result.runs, (unsigned)expected.result.leaked_bytes);
  while (lost_count) sized_free(lost[--lost_count]);
  return 0;
}
