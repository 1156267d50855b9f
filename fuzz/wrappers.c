/* SPDX-License-Identifier: MIT */
/* Fuzzes the wrappers on the failing allocator on a model heap, under any fault plan. For each call it predicts whether
 * the plan fails it, which calls reach the model, what is returned and what errno is. Blocks keep their contents
 * through failed reallocs, a calloc is zeroed, an overflow fails, nothing leaks and nothing is freed twice.
 *
 * Some inputs run their steps twice instead: first to name the call stacks, then under a plan with site= or from= that
 * names one occurrence of one of them, which must be the call that fails.
 *
 * Header: flags (bit 0: which build of the library; bits 1 and 2 both set: sites; bit 3: from= instead of site=), which
 * call's site to use, two plans. Step: op, slot and caller (bit 7), size (2 bytes).
 */
#include <errno.h>
#include <string.h>

#include "common/fuzz.h"
#include "common/model_heap.h"
#include "common/plan_model.h"
#include "common/subject.h"
#include "inject/injector.h"
#include "nomem.h"

enum {
  HEADER_BYTES = 2 + 2 * MODEL_PLAN_BYTES,
  SLOTS = 16,
  PLANS = 2,
  STEPS_MAX = 200,
  STRING_BYTES = 256,
  PAUSES_MAX = 4,
  ERRNO_BEFORE = 4242,
};

enum op {
  OP_MALLOC,
  OP_CALLOC,
  OP_REALLOC,
  OP_REALLOCF,
  OP_STRDUP,
  OP_STRNDUP,
  OP_FREE,
  OP_FREE_NULL,
  OP_PAUSE,
  OP_RESUME,
  OP_SCOPE,
  OP_BUSY,
  OP_HUGE,
  OP_CALLOC_OVERFLOW,
  OP_REFUSE,
  OP_BAD_PLAN,
  OPS
};

/* Two functions for in= to distinguish. */
FUZZ_ONE_PLACE void from_red(struct fuzz_step step);
FUZZ_ONE_PLACE void from_blue(struct fuzz_step step);

static const struct subject *subject;
static struct slot {
  uint8_t *block;
  size_t size;
  uint32_t seed;
} slots[SLOTS];
static uint32_t next_seed;

/* Whether a scope is open, and what must have been counted in it. */
static bool is_open;
static unsigned paused;
static struct nomem_counters model;
static int64_t live;
static struct model_plan plans[PLANS], *plan;

/* A label stands for a call stack: the op and its caller. */
static struct {
  bool active, second_run, persistent;
  unsigned label[STEPS_MAX], calls;
  unsigned wanted, occurrence, seen;
  uint64_t failed_call;
  char plan[64];
} sites;
static unsigned current_label;

static enum model_answer decide_by_site(void) {
  if (!sites.second_run) {
    sites.label[sites.calls++] = current_label;
    return MODEL_PASSES;
  }
  bool reached = sites.seen == sites.occurrence;
  if (!reached && current_label == sites.wanted && ++sites.seen == sites.occurrence) {
    sites.failed_call = model.calls;
    return MODEL_FAILS;
  }
  return reached && sites.persistent ? MODEL_FAILS : MODEL_PASSES;
}

static enum model_answer decide(enum nomem_fn fn, size_t size, size_t released) {
  if (!is_open || paused) return MODEL_PASSES;
  model.calls++;
  if (sites.active) return decide_by_site();
  enum model_caller caller = current_label & 1 ? MODEL_BLUE : MODEL_RED;
  const struct model_call call = {
      .fn = fn, .size = size, .live = live - (int64_t)released, .caller = caller, .thread = 1};
  return model_decide(plan, &call);
}

/* Checks a request after it was made; reached: it has reached the model. Returns whether it was served. */
static bool check_request(const char *what, enum model_answer answer, bool reached, const void *block, size_t size,
                          int refusal) {
  int after = errno;
  if (answer == MODEL_EITHER) {
    model_observe(plan, !reached);
    answer = reached ? MODEL_PASSES : MODEL_FAILS;
  }
  CHECK(reached == (answer == MODEL_PASSES), "%s of %zu bytes was %s; plan '%s', call %u", what, size,
        reached ? "not failed" : "failed", plan->text, (unsigned)model.calls);
  int expected = !reached ? ENOMEM : refusal ? refusal : ERRNO_BEFORE;
  if (!reached) model.faults++;
  CHECK(after == expected, "%s left errno %d, not %d", what, after, expected);
  CHECK((block != NULL) == (reached && !refusal), "%s of %zu bytes returned %p", what, size, block);
  if (block) live += (int64_t)size;
  return block != NULL;
}

/* The errno with which the model is going to refuse, or 0. */
static int refusal_of(size_t bytes) {
  int code;
  return heap_will_refuse(bytes, &code) ? code : 0;
}

static void check_intact(const struct slot *slot, size_t bytes) {
  size_t intact = fuzz_intact(slot->block, bytes, slot->seed);
  CHECK(intact == bytes, "byte %zu of a block of %zu changed", intact, slot->size);
}

static void enter(struct slot *slot, void *block, size_t size) {
  *slot = (struct slot){block, size, ++next_seed};
  fuzz_fill(block, size, slot->seed);
}

static void release_block(void *block, size_t size) {
  bool reached_model[2];
  heap_expect(HEAP_FREE, block, 0, 0, false);
  if (is_open && !paused) model.frees++;
  if (block) live -= (int64_t)size;
  errno = ERRNO_BEFORE;
  subject->free(block);
  CHECK(errno == ERRNO_BEFORE, "free left errno %d", errno);
  heap_settle(reached_model);
}

static void release(struct slot *slot) {
  if (!slot->block) return;
  check_intact(slot, slot->size);
  release_block(slot->block, slot->size);
  slot->block = NULL;
}

/* Always inlined: a label stands for one call stack, so each op that uses this needs its own call of malloc. */
__attribute__((always_inline)) static inline void request(struct slot *slot, size_t size) {
  bool reached_model[2];
  release(slot);
  if (size == 0 && subject->zero_size_is_null) {
    CHECK(!subject->malloc(0), "malloc(0) of the zero-size build returned a block");
    return;
  }
  int refusal = refusal_of(size);
  enum model_answer answer = decide(NOMEM_FN_MALLOC, size, 0);
  if (answer != MODEL_FAILS) heap_expect(HEAP_MALLOC, NULL, 0, size, answer == MODEL_EITHER);
  errno = ERRNO_BEFORE;
  void *block = subject->malloc(size);
  int after = errno;
  heap_settle(reached_model);
  errno = after;
  if (check_request("malloc", answer, reached_model[0], block, size, refusal)) enter(slot, block, size);
}

__attribute__((noinline)) static void step_malloc(struct slot *slot, size_t size) {
  request(slot, size);
}

__attribute__((noinline)) static void step_huge(struct slot *slot, uint8_t less) {
  request(slot, SIZE_MAX - less);
}

static void step_calloc(struct slot *slot, size_t count, size_t size) {
  bool reached_model[2];
  release(slot);
  size_t bytes = count * size;
  int refusal = refusal_of(bytes);
  enum model_answer answer = decide(NOMEM_FN_CALLOC, bytes, 0);
  if (answer != MODEL_FAILS) heap_expect(HEAP_CALLOC, NULL, count, size, answer == MODEL_EITHER);
  errno = ERRNO_BEFORE;
  char *block = subject->calloc(count, size);
  int after = errno;
  heap_settle(reached_model);
  errno = after;
  if (!check_request("calloc", answer, reached_model[0], block, bytes, refusal)) return;
  for (size_t i = 0; i < bytes; i++) CHECK(!block[i], "byte %zu of a calloc is not zero", i);
  enter(slot, block, bytes);
}

/* Under any plan the failing allocator answers this itself, and does not count it. */
static void step_calloc_overflow(size_t a, size_t b) {
  size_t count = SIZE_MAX / (b + 2) + 1 + a;
  if (!is_open && !paused && (a & 1)) return; /* as good a time as any other, and both are tried */
  errno = ERRNO_BEFORE;
  void *block = subject->calloc(count, b + 2);
  CHECK(!block && errno == ENOMEM, "calloc(%zu, %zu) overflows and returned %p, errno %d", count, b + 2, block, errno);
}

/* A size of 0 frees: it is neither failed nor counted. In the zero-size build the wrapper frees by itself. */
static void resize_to_nothing(struct slot *slot, bool reallocf) {
  bool reached_model[2];
  check_intact(slot, slot->size);
  if (subject->zero_size_is_null)
    heap_expect(HEAP_FREE, slot->block, 0, 0, false);
  else
    heap_expect(HEAP_REALLOC, slot->block, 0, 0, false);
  if (subject->zero_size_is_null && is_open && !paused) model.frees++;
  live -= (int64_t)slot->size;
  void *block = (reallocf ? subject->reallocf : subject->realloc)(slot->block, 0);
  CHECK(!block, "a realloc to 0 bytes returned %p", block);
  heap_settle(reached_model);
  slot->block = NULL;
}

static void step_realloc(struct slot *slot, size_t size, bool reallocf) {
  bool reached_model[2];
  const char *what = reallocf ? "reallocf" : "realloc";
  void *old = slot->block;
  if (size == 0 && old) {
    resize_to_nothing(slot, reallocf);
    return;
  }
  if (size == 0 && subject->zero_size_is_null) return; /* that frees NULL */
  int refusal = refusal_of(size);
  enum model_answer answer = decide(NOMEM_FN_REALLOC, size, old ? slot->size : 0);
  if (answer != MODEL_FAILS) heap_expect(HEAP_REALLOC, old, 0, size, answer == MODEL_EITHER);
  bool frees = reallocf && size && (answer != MODEL_PASSES || refusal);
  if (frees) heap_expect(HEAP_FREE, old, 0, 0, answer == MODEL_EITHER && !refusal);
  errno = ERRNO_BEFORE;
  void *block = reallocf ? subject->reallocf(old, size) : subject->realloc(old, size);
  int after = errno;
  heap_settle(reached_model);
  errno = after;
  bool reached = answer == MODEL_FAILS ? false : reached_model[0];
  bool served = check_request(what, answer, reached, block, size, refusal);
  if (reallocf && !served && size) {
    if (is_open && !paused) model.frees++;
    CHECK(reached_model[answer == MODEL_FAILS ? 0 : 1], "a failed reallocf did not free the old block");
    if (old) live -= (int64_t)slot->size;
    slot->block = NULL;
  } else if (served) {
    size_t kept = !old ? 0 : slot->size < size ? slot->size : size;
    if (old) live -= (int64_t)slot->size;
    slot->block = block;
    check_intact(slot, kept);
    enter(slot, block, size);
  }
  if (slot->block) check_intact(slot, slot->size);
}

static void step_string(struct slot *slot, size_t length, size_t max_bytes, bool bounded) {
  char string[STRING_BYTES];
  bool reached_model[2];
  release(slot);
  for (size_t i = 0; i < length; i++) string[i] = (char)('a' + i % 26);
  string[length] = '\0';
  size_t kept = bounded && max_bytes < length ? max_bytes : length;
  int refusal = refusal_of(kept + 1);
  enum model_answer answer = decide(NOMEM_FN_MALLOC, kept + 1, 0);
  if (answer != MODEL_FAILS) heap_expect(HEAP_MALLOC, NULL, 0, kept + 1, answer == MODEL_EITHER);
  errno = ERRNO_BEFORE;
  char *copy = bounded ? subject->strndup(string, max_bytes) : subject->strdup(string);
  int after = errno;
  heap_settle(reached_model);
  errno = after;
  if (!check_request(bounded ? "strndup" : "strdup", answer, reached_model[0], copy, kept + 1, refusal)) return;
  CHECK(!memcmp(copy, string, kept) && !copy[kept], "a copy of %zu bytes differs", kept);
  enter(slot, copy, kept + 1);
}

static void end_scope(void) {
  struct nomem_counters counters;
  if (is_open && !sites.active && plan->has & NOMEM_HAS_BUDGET) {
    int64_t bytes = nomem__channel()->live_bytes;
    CHECK(bytes == live, "live bytes are kept as %lld, must be %lld", (long long)bytes, (long long)live);
  }
  if (is_open && !sites.active && !(plan->has & (NOMEM_HAS_IN | NOMEM_HAS_MODULE)))
    CHECK(nomem__channel()->modules[0].path_hash == 0, "something was written behind the recorded faults");
  nomem_end(&counters);
  CHECK(counters.calls == model.calls && counters.frees == model.frees && counters.faults == model.faults,
        "counted %u calls, %u frees, %u faults; made %u, %u, %u; plan '%s'", (unsigned)counters.calls,
        (unsigned)counters.frees, (unsigned)counters.faults, (unsigned)model.calls, (unsigned)model.frees,
        (unsigned)model.faults, plan->text);
  is_open = false;
  model = (struct nomem_counters){0};
}

static void begin_scope(const char *text) {
  struct nomem_error error = {0};
  int result = nomem_begin(text, &error);
  CHECK(result == 0, "nomem_begin(\"%s\") returned %d: column %zu: %s", text, result, error.column, error.reason);
  const struct nomem_channel *channel = nomem__channel();
  CHECK(channel->fault_count == 0 && channel->site_count == 0 && channel->module_count == 0 && channel->live_bytes == 0,
        "a new scope begins with %u faults, %u sites, %u modules, %lld live bytes", (unsigned)channel->fault_count,
        (unsigned)channel->site_count, (unsigned)channel->module_count, (long long)channel->live_bytes);
  is_open = true;
  model = (struct nomem_counters){0};
  live = 0;
}

/* Ends the scope or begins the next one. In between calls are neither failed nor counted. */
static void step_scope(void) {
  if (sites.active) return;
  if (is_open) {
    end_scope();
    return;
  }
  plan = plan == &plans[0] ? &plans[1] : &plans[0];
  for (unsigned r = 0; r < plan->rule_count; r++) plan->rule[r].matched = plan->rule[r].faults = 0;
  begin_scope(plan->text);
}

static void step_refused_begin(bool bad_plan) {
  struct nomem_error error = {0};
  if (bad_plan && !is_open) {
    int result = nomem_begin("nth=1 nht=2", &error);
    CHECK(result == -EINVAL && error.column == 7 && error.reason[0], "a bad plan was answered %d, column %zu", result,
          error.column);
  } else if (is_open) {
    int result = nomem_begin("nth=1..", &error);
    CHECK(result == -EBUSY && error.reason[0], "nomem_begin in an open scope returned %d", result);
  }
}

static void step_pause(bool resume) {
  if (resume) {
    nomem_resume(); /* one too many has no effect */
    if (paused) paused--;
  } else if (paused < PAUSES_MAX) {
    nomem_pause();
    paused++;
  }
}

static void run(struct fuzz_step step) {
  struct slot *slot = &slots[step.a % SLOTS];
  /* Half of the sizes are small, because budgets and size ranges are. */
  size_t size = step.b & 0x80 ? (size_t)(step.b & 0x0f) << 8 | step.c : step.c;
  current_label = 2u * (step.op % OPS) + (step.a >> 7);
  switch ((enum op)(step.op % OPS)) {
    case OP_MALLOC:
      step_malloc(slot, size);
      break;
    case OP_CALLOC:
      step_calloc(slot, step.b % 16, step.c);
      break;
    case OP_REALLOC:
      step_realloc(slot, size, false);
      break;
    case OP_REALLOCF:
      step_realloc(slot, size, true);
      break;
    case OP_STRDUP:
      step_string(slot, step.c, 0, false);
      break;
    case OP_STRNDUP:
      step_string(slot, step.c, step.b, true);
      break;
    case OP_FREE:
      release(slot);
      break;
    case OP_FREE_NULL:
      release_block(NULL, 0);
      break;
    case OP_PAUSE:
      step_pause(false);
      break;
    case OP_RESUME:
      step_pause(true);
      break;
    case OP_SCOPE:
      step_scope();
      break;
    case OP_BUSY:
      step_refused_begin(false);
      break;
    case OP_HUGE:
      step_huge(slot, step.c);
      break;
    case OP_CALLOC_OVERFLOW:
      step_calloc_overflow(step.b, step.c);
      break;
    case OP_REFUSE:
      heap_refuse_next(step.b % 4, step.c % 2 ? EAGAIN : ENOMEM);
      break;
    default:
      step_refused_begin(true);
      break;
  }
}

/* The empty statements keep both functions on the stack, and keep the compiler from merging them. */
void from_red(struct fuzz_step step) {
  run(step);
  __asm__ volatile("# red" ::: "memory");
}

void from_blue(struct fuzz_step step) {
  run(step);
  __asm__ volatile("# blue" ::: "memory");
}

FUZZ_ONE_PLACE static void run_all(struct fuzz_input input, const char *text) {
  struct fuzz_step step;
  next_seed = 0;
  begin_scope(text);
  for (unsigned n = 0; n < STEPS_MAX && fuzz_next(&input, &step); n++) (step.a & 0x80 ? from_blue : from_red)(step);
  while (paused) step_pause(true);
  heap_refuse_next(0, 0);
  for (unsigned s = 0; s < SLOTS; s++) release(&slots[s]);
  CHECK(heap_live_blocks() == 0, "%zu blocks of %zu bytes leaked", heap_live_blocks(), heap_live_bytes());
  end_scope();
}

/* The site whose first call was that one. */
static const struct nomem_site *site_of_first_call(uint64_t nth) {
  const struct nomem_channel *channel = nomem__channel();
  const struct nomem_site *found = NULL;
  for (unsigned i = 0; i < channel->site_count; i++) {
    if (channel->sites[i].first_nth != nth) continue;
    CHECK(!found, "two sites claim call %u", (unsigned)nth);
    found = &channel->sites[i];
  }
  CHECK(found, "call %u was the first of its stack, and there is no site for it", (unsigned)nth);
  return found;
}

/* After the first run picks one of its calls and writes the plan that fails it; after the second checks that this call
 * failed. */
__attribute__((noinline)) static bool next_run(uint8_t pick) {
  if (sites.calls == 0) return false;
  unsigned chosen = pick % sites.calls, first_call = 0, count = 0;
  if (sites.second_run) {
    CHECK(sites.failed_call == chosen + 1, "call %u failed, must be %u", (unsigned)sites.failed_call, chosen + 1);
    return false;
  }
  sites.second_run = true;
  sites.wanted = sites.label[chosen];
  while (sites.label[first_call] != sites.wanted) first_call++;
  for (unsigned i = 0; i < sites.calls; i++) {
    if (sites.label[i] == sites.wanted) count++;
    if (i == chosen) sites.occurrence = count;
  }
  const struct nomem_site *site = site_of_first_call(first_call + 1);
  CHECK(site->count == count, "a stack made %u calls, its site has %u", count, (unsigned)site->count);
  snprintf(sites.plan, sizeof sites.plan, "%s=%016llx@%u", sites.persistent ? "from" : "site",
           (unsigned long long)site->key, sites.occurrence);
  return true;
}

/* Names the call stacks, then fails one occurrence of one of them. Both runs are called from the same place, because
 * otherwise their stacks would differ. */
static void run_sites(struct fuzz_input input, uint8_t pick) {
  snprintf(sites.plan, sizeof sites.plan, "site=0000000000000000"); /* which is no site's key */
  do {
    run_all(input, sites.plan);
  } while (next_run(pick));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input input = {data, data + size};
  uint8_t flags = fuzz_byte(&input), pick = fuzz_byte(&input);
  subject = flags & 1 ? &subject_zero : &subject_plain;
  for (unsigned p = 0; p < PLANS; p++) model_read(&input, ~0u, &plans[p]);
  plan = &plans[0];
  int result = nomem_install_over(subject->replace, heap_malloc, heap_realloc, heap_calloc, heap_free, heap_size_of);
  CHECK(result == 0, "nomem_install_over returned %d", result);
  memset(&sites, 0, sizeof sites);
  sites.active = (flags & 6) == 6;
  sites.persistent = flags & 8;
  if (sites.active)
    run_sites(input, pick);
  else
    run_all(input, plan->text);
  return 0;
}
