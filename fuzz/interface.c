/* SPDX-License-Identifier: MIT */
/* Fuzzes the C interface of nomem.h: what is refused and why, which calls reach the allocator below, what errno is, and
 * all counters, of the open scope and of the last one; with plans of every length, a fork in a scope, and threads that
 * outlive scopes. Plans are decided by common/plan_reference.h.
 *
 * Step: op and thread, then what the case in run() reads.
 */
#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

#include "common/fuzz.h"
#include "common/model_heap.h"
#include "common/plan_reference.h"
#include "common/scope_without_memory.h"
#include "common/step_threads.h"
#include "inject/injector.h"
#include "nomem.h"

enum {
  STEPS_MAX = 96,
  SLOTS = 8,
  PAUSES_MAX = 3,
  ERRNO_BEFORE = 4242,
  REFUSED = -123,
  PLAN_ROOM = NOMEM_PLAN_BYTES + 8
};

enum op {
  OP_MALLOC,
  OP_CALLOC,
  OP_REALLOC,
  OP_FREE,
  OP_MALLOCS,
  OP_INSTALL,
  OP_BEGIN,
  OP_END,
  OP_READ,
  OP_PAUSE,
  OP_RESUME,
  OP_REFUSE,
  OP_FORK,
  OPS
};

/* The allocator that nomem_install has put into the program, and whose it stands before. */
static struct {
  nomem_malloc_func malloc;
  nomem_realloc_func realloc;
  nomem_calloc_func calloc;
  nomem_free_func free;
} installed;
static bool replace_refuses;
static enum below { C_LIBRARY, MODEL, MODEL_WITHOUT_SIZES } below;

static struct {
  void *block;
  size_t size;
} slots[SLOTS];

static bool is_open, is_child;
static unsigned paused[STEP_THREADS + 1];
static struct nomem_counters counted; /* in the open scope, or the last one */
static int64_t live;
static struct nomem_plan plan;
static struct reference_state state;
static unsigned threads_seen, number[STEP_THREADS + 1];

static int replace(nomem_malloc_func malloc_func, nomem_realloc_func realloc_func, nomem_calloc_func calloc_func,
                   nomem_free_func free_func) {
  if (replace_refuses) return REFUSED;
  installed.malloc = malloc_func;
  installed.realloc = realloc_func;
  installed.calloc = calloc_func;
  installed.free = free_func;
  return 0;
}

/* What the allocator below says about a block; without a scope that keeps live bytes nobody may ask. */
static size_t size_of(void *block) {
  CHECK(is_open && plan.has & NOMEM_HAS_BUDGET, "the size of a block was asked for in vain");
  return heap_size_of(block);
}

static size_t size_below(void *block) {
  if (!block) return 0;
  return below == C_LIBRARY ? malloc_usable_size(block) : heap_size_of(block);
}

static uint64_t number_of(unsigned thread) {
  if (thread && !number[thread]) number[thread] = 2 + threads_seen++;
  return thread ? number[thread] : 1;
}

static uint64_t mask_of(unsigned condition) {
  uint64_t mask = 0;
  for (unsigned r = 0; r < plan.rule_count; r++) {
    const char *glob = condition == NOMEM_HAS_IN ? plan.rule[r].in : plan.rule[r].module;
    if (plan.rule[r].has & condition && !strstr(glob, "none")) mask |= UINT64_C(1) << r;
  }
  return mask;
}

/* Whether the call is to fail. */
static bool decide(enum nomem_fn fn, size_t size, size_t released, unsigned thread) {
  if (!is_open || paused[thread]) return false;
  counted.calls++;
  int64_t others = live - (int64_t)released;
  const struct nomem_call call = {.fn = fn,
                                  .size_bytes = size,
                                  .live_bytes = others > 0 ? (uint64_t)others : 0,
                                  .thread = plan.has & NOMEM_HAS_THREAD ? number_of(thread) : 0,
                                  .main_thread = thread == 0,
                                  .in_mask = mask_of(NOMEM_HAS_IN),
                                  .module_mask = mask_of(NOMEM_HAS_MODULE)};
  bool fails = reference_decide(&plan, &state, &call) >= 0;
  counted.faults += fails;
  return fails;
}

static void expect(enum heap_function function, const void *ptr, size_t count, size_t size) {
  if (below != C_LIBRARY) heap_expect(function, ptr, count, size, false);
}

/* Checks a call after it was made. */
static void check_call(const char *what, bool fails, int refusal, const void *block, size_t size, int after) {
  bool came[2];
  heap_settle(came);
  int expected = fails ? ENOMEM : refusal ? refusal : ERRNO_BEFORE;
  CHECK((block != NULL) == !(fails || refusal), "%s of %zu bytes returned %p, call %u", what, size, block,
        (unsigned)counted.calls);
  CHECK(after == expected, "%s left errno %d, not %d", what, after, expected);
  if (!fails && refusal && refusal != ENOMEM && size && is_open) counted.errno_lost++;
}

static int refusal_of(size_t size) {
  int code;
  return below != C_LIBRARY && heap_will_refuse(size, &code) ? code : 0;
}

__attribute__((noinline)) static void release(unsigned slot, unsigned thread) {
  bool came[2];
  void *block = slots[slot].block;
  live -= (int64_t)size_below(block);
  if (is_open && !paused[thread]) counted.frees++;
  if (is_open && below != C_LIBRARY) counted.errno_lost++; /* the model's free changes errno */
  expect(HEAP_FREE, block, 0, 0);
  errno = ERRNO_BEFORE;
  installed.free(block);
  heap_settle(came);
  slots[slot].block = NULL;
}

static void keep(unsigned slot, void *block, size_t size) {
  slots[slot].block = block;
  slots[slot].size = size;
  live += (int64_t)size_below(block);
}

__attribute__((noinline)) static void call_malloc(unsigned slot, size_t size, unsigned thread) {
  if (slots[slot].block) release(slot, thread);
  bool fails = decide(NOMEM_FN_MALLOC, size, 0, thread);
  int refusal = refusal_of(size);
  if (!fails) expect(HEAP_MALLOC, NULL, 0, size);
  errno = ERRNO_BEFORE;
  void *block = installed.malloc(size);
  check_call("malloc", fails, fails ? 0 : refusal, block, size, errno);
  keep(slot, block, size);
}

__attribute__((noinline)) static void call_calloc(unsigned slot, size_t count, size_t size, unsigned thread) {
  size_t bytes;
  bool overflows = __builtin_mul_overflow(count, size, &bytes);
  if (slots[slot].block) release(slot, thread);
  bool fails = overflows || decide(NOMEM_FN_CALLOC, bytes, 0, thread);
  int refusal = refusal_of(bytes);
  if (!fails) expect(HEAP_CALLOC, NULL, count, size);
  errno = ERRNO_BEFORE;
  void *block = installed.calloc(count, size);
  check_call("calloc", fails, fails ? 0 : refusal, block, bytes, errno);
  keep(slot, block, bytes);
}

/* A size of 0 frees, and is neither failed nor counted: errno is then the allocator's own affair. */
__attribute__((noinline)) static void call_realloc(unsigned slot, size_t size, unsigned thread) {
  void *old = slots[slot].block;
  size_t released = size_below(old);
  bool frees = old && size == 0;
  bool fails = !frees && decide(NOMEM_FN_REALLOC, size, released, thread);
  int refusal = frees ? 0 : refusal_of(size);
  if (!fails) expect(HEAP_REALLOC, old, 0, size);
  errno = ERRNO_BEFORE;
  void *block = installed.realloc(old, size);
  if (frees) {
    bool came[2];
    heap_settle(came);
    CHECK(!block, "realloc to nothing returned %p", block);
  } else {
    check_call("realloc", fails, fails ? 0 : refusal, block, size, errno);
    if (!block) return; /* the old block stays */
  }
  live -= (int64_t)released;
  keep(slot, block, size);
}

static void check_same(const struct nomem_counters *is, const struct nomem_counters *expected, const char *where) {
  CHECK(!memcmp(is, expected, sizeof *is),
        "%s counts %u calls, %u frees, %u faults, %u errno lost; must be %u, %u, %u, %u", where, (unsigned)is->calls,
        (unsigned)is->frees, (unsigned)is->faults, (unsigned)is->errno_lost, (unsigned)expected->calls,
        (unsigned)expected->frees, (unsigned)expected->faults, (unsigned)expected->errno_lost);
}

static void release_all(void) {
  for (unsigned slot = 0; slot < SLOTS; slot++)
    if (slots[slot].block) release(slot, 0);
}

/* Which of the arguments are NULL: bits 0 to 4; whether the program's function refuses: bit 5. */
static void install(enum below next, unsigned choice) {
  int result, expected = 0;
  if (choice & 0x20) expected = REFUSED;
  if (choice & (next == C_LIBRARY ? 1 : 0x1f)) expected = -EINVAL;
  nomem_replace_func function = choice & 1 ? NULL : replace;
  release_all();
  replace_refuses = choice & 0x20;
  if (next == C_LIBRARY)
    result = nomem_install(function);
  else
    result = nomem_install_over(function, choice & 2 ? NULL : heap_malloc, choice & 4 ? NULL : heap_realloc,
                                choice & 8 ? NULL : heap_calloc, choice & 0x10 ? NULL : heap_free,
                                next == MODEL ? size_of : NULL);
  CHECK(result == expected, "installing returned %d, must return %d", result, expected);
  if (result == 0) below = next;
}

static const char *make_plan(uint8_t kind, uint8_t value, char text[PLAN_ROOM]) {
  static const char *const fixed[] = {"",
                                      "fn=calloc,realloc every=2",
                                      "in=call_* max=3",
                                      "in=call_none;module=* nth=3..",
                                      "thread=main every=2",
                                      "thread=other",
                                      "thread=2",
                                      "site=0000000000000000;nth=2;nth=5.. max=2",
                                      "nth=1 nht=2",
                                      "nth=0",
                                      "nth=1.."};
  enum { FIXED = sizeof fixed / sizeof fixed[0] };
  if (kind % 32 < FIXED) return fixed[kind % 32];
  switch (kind % 32) {
    case FIXED:
      snprintf(text, PLAN_ROOM, "nth=%u", 1 + value % 16u);
      break;
    case FIXED + 1:
      snprintf(text, PLAN_ROOM, "budget=%u", value * 16u);
      break;
    case FIXED + 2:
      snprintf(text, PLAN_ROOM, "size=%u..", value * 4u);
      break;
    case FIXED + 3:
      snprintf(text, PLAN_ROOM, "p=0.5 seed=%u", value);
      break;
    case FIXED + 4:
      return NULL;
    default: /* 4,093 to 4,097 bytes */
      memset(text, ' ', PLAN_ROOM);
      memcpy(text, "nth=2", 5);
      text[NOMEM_PLAN_BYTES - 3 + value % 5] = '\0';
  }
  return text;
}

/* A scope must begin with nothing of the one before it. */
static void check_empty(const struct nomem_channel *channel) {
  bool used = channel->fault_count || channel->site_count || channel->module_count || channel->counts_used ||
              channel->live_bytes || channel->errno_lost || channel->sites_lost || channel->recovery_count;
  for (unsigned i = 0; i < NOMEM_FAULTS; i++) used = used || channel->faults[i].ready || channel->faults[i].size_bytes;
  for (unsigned i = 0; i < NOMEM_LAST_FAULTS; i++) used = used || channel->last_faults[i].ready;
  for (unsigned i = 0; i < 32; i++)
    used = used || channel->modules[i].path_hash || channel->sites[i].key || channel->sites[i].count;
  for (unsigned i = 0; i < NOMEM_NEAR_SLOTS; i++) used = used || channel->site_slots[i];
  for (unsigned r = 0; r < NOMEM_PLAN_RULES; r++)
    used = used || channel->state.matched[r] || channel->state.faults[r] || channel->state.from_open[r];
  for (unsigned i = 0; i < NOMEM_COUNTS; i++)
    used = used || channel->counts[i].frees || channel->counts[i].calls[NOMEM_FN_MALLOC];
  CHECK(!used, "something of the scope before is left");
}

/* What nomem_begin must answer, with the column, and with the reason where the plan is to blame. */
static int answer(const char *text, struct nomem_plan *next, struct nomem_plan_error *error) {
  *error = (struct nomem_plan_error){0};
  if (!text) return -EINVAL;
  if (is_open) return -EBUSY;
  int result = reference_parse(text, next, error);
  if (strnlen(text, NOMEM_PLAN_BYTES) == NOMEM_PLAN_BYTES)
    error->reason[0] = '\0'; /* nomem_begin has words of its own */
  if (result == 0 && next->has & NOMEM_HAS_BUDGET && below == MODEL_WITHOUT_SIZES) result = -EINVAL;
  return result;
}

static void check_error(const struct nomem_error *error, const struct nomem_plan_error *expected) {
  const char *nul = memchr(error->reason, '\0', sizeof error->reason);
  CHECK(nul && nul > error->reason, "there is no reason, or no end of it");
  for (const char *at = error->reason; at < nul; at++)
    CHECK(*at >= ' ' && *at <= '~', "the reason has byte 0x%02x", (unsigned)*at);
  CHECK(error->column == expected->column, "column %zu, must be %zu: %s", error->column, expected->column,
        error->reason);
  CHECK(!expected->reason[0] || !strcmp(error->reason, expected->reason), "the reason is '%s', must be '%s'",
        error->reason, expected->reason);
}

static void begin(uint8_t kind, uint8_t value) {
  char text[PLAN_ROOM];
  const char *made = make_plan(kind, value, text);
  struct nomem_plan next;
  struct nomem_error error;
  struct nomem_plan_error expected_error;
  int expected = answer(made, &next, &expected_error);
  memset(&error, 0xa5, sizeof error);
  errno = ERRNO_BEFORE;
  int result = nomem_begin(made, kind & 0x80 ? NULL : &error);
  CHECK(result == expected, "nomem_begin(\"%.100s\") returned %d, must return %d", made ? made : "NULL", result,
        expected);
  if (result && !(kind & 0x80)) check_error(&error, &expected_error);
  if (result) return;
  CHECK(errno == ERRNO_BEFORE, "nomem_begin changed errno to %d", errno);
  plan = next;
  memset(&state, 0, sizeof state);
  counted = (struct nomem_counters){0};
  live = 0;
  threads_seen = 0;
  memset(number, 0, sizeof number);
  is_open = true;
  check_empty(nomem__channel());
  if (kind & 0x40) nomem__channel()->counts_used = NOMEM_COUNTS - 2; /* as if as many threads had called */
}

static void end(bool wants_counters) {
  static const struct nomem_counters none;
  struct nomem_counters counters = {99, 99, 99, 99};
  if (is_open && plan.has & NOMEM_HAS_BUDGET)
    CHECK(nomem__channel()->live_bytes == live, "%lld bytes live, must be %lld",
          (long long)nomem__channel()->live_bytes, (long long)live);
  nomem_end(wants_counters ? &counters : NULL);
  if (wants_counters) check_same(&counters, is_open ? &counted : &none, "nomem_end");
  is_open = false;
}

static void check_read(void) {
  struct nomem_counters counters = {99, 99, 99, 99};
  nomem_read(&counters);
  check_same(&counters, &counted, "nomem_read");
}

static void run(struct fuzz_step step, unsigned thread) {
  unsigned slot = step.a % SLOTS;
  size_t size = step.b < 0xf0 ? (size_t)step.b * 4 : SIZE_MAX >> (step.b & 15);
  switch ((enum op)(step.op % 16 % OPS)) {
    case OP_MALLOC:
      if (step.b < 0xf0 || below != C_LIBRARY) call_malloc(slot, size, thread);
      break;
    case OP_CALLOC:
      if (step.b < 0xf0 || step.c > 4 || below != C_LIBRARY)
        call_calloc(slot, step.b < 0xf0 ? step.b : SIZE_MAX >> (step.b & 1), step.c % 64, thread);
      break;
    case OP_REALLOC:
      if (step.b < 0xf0 || below != C_LIBRARY) call_realloc(slot, size, thread);
      break;
    case OP_FREE:
      release(slot, thread);
      break;
    case OP_MALLOCS:
      for (unsigned i = 0; i < step.c; i++) call_malloc(slot, step.b, thread);
      break;
    case OP_INSTALL:
      if (!is_open) install(step.a % 3, step.b & 0x80 ? step.b & 0x3f : 0);
      break;
    case OP_BEGIN:
      begin(step.b, step.c);
      break;
    case OP_END:
      end(step.b & 1);
      break;
    case OP_READ:
      check_read();
      break;
    case OP_PAUSE:
      if (paused[thread] == PAUSES_MAX) break;
      nomem_pause();
      paused[thread]++;
      break;
    case OP_RESUME:
      nomem_resume(); /* one too many has no effect */
      if (paused[thread]) paused[thread]--;
      break;
    case OP_REFUSE:
      if (below != C_LIBRARY) heap_refuse_next(step.b % 4, step.c % 2 ? EAGAIN : ENOMEM);
      break;
    default:
      break;
  }
}

static void run_one(struct fuzz_step step, unsigned thread) {
  if (thread && !is_child)
    step_threads_run(step, thread);
  else
    run(step, is_child ? 0 : thread);
}

/* A forked child has a copy of the scope, in which it makes all further steps; then this process makes them. */
static void fork_here(void) {
  pid_t child = is_child ? -1 : fork();
  if (child < 0) return;
  if (child == 0) {
    is_child = true;
    return;
  }
  int status = fuzz_wait(child, 0);
  CHECK(status == 0, "the forked child ended with status 0x%x", (unsigned)status);
}

static void run_all(struct fuzz_input input) {
  struct fuzz_step step;
  bool forked = false;
  for (unsigned n = 0; n < STEPS_MAX && fuzz_next(&input, &step); n++) {
    unsigned thread = step.op >> 4 & 3;
    if (step.op % 16 % OPS == OP_FORK && !forked) {
      forked = true;
      fork_here();
    } else {
      run_one(step, thread);
    }
  }
  const struct fuzz_step resume = {OP_RESUME, 0, 0, 0};
  for (unsigned thread = 0; thread <= STEP_THREADS; thread++)
    while (paused[thread]) {
      if (is_child && thread) break; /* a thread that the child does not have */
      run_one(resume, thread);
    }
  heap_refuse_next(0, 0);
  check_read();
  release_all();
  end(true);
  check_read();
  CHECK(heap_live_blocks() == 0, "%zu blocks leaked", heap_live_blocks());
  if (is_child) _exit(0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  check_read(); /* before there is any scope */
  end(true);
  check_scope_without_memory();
  step_threads_start(run);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  install(MODEL, 0);
  run_all((struct fuzz_input){data, data + size});
  return 0;
}
