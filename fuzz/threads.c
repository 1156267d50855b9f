/* SPDX-License-Identifier: MIT */
/* Fuzzes the failing allocator with threads that all make the same calls at the same time; built with ThreadSanitizer.
 * How the threads interleave differs from run to run, but what is checked does not: which calls are made does not
 * depend on their outcome, so the counters, the faults of each rule, the live bytes and the sites have one right
 * answer.
 *
 * Header: flags (bit 0: which build of the library; bit 1: over the pool instead of the C library; bit 2: sites; bit 3:
 * the pool is made by whichever thread allocates first), how many threads, how many rounds, a plan. Step: op, slot and
 * caller (bit 7), size (2 bytes).
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <string.h>

#include "common/fuzz.h"
#include "common/plan_model.h"
#include "common/subject.h"
#include "inject/injector.h"
#include "mempool.h"
#include "nomem.h"

enum {
  HEADER_BYTES = 3 + MODEL_PLAN_BYTES,
  THREADS_MAX = 4,
  ROUNDS_MAX = 32,
  STEPS_MAX = 32,
  SLOTS = 4,
  POOL_BYTES = 1 << 20,
  LABELS = 12,
};

enum op { OP_MALLOC, OP_CALLOC, OP_REALLOC, OP_FREE, OP_PAUSED_MALLOC, OPS };

#ifdef __clang__
#define UNINSTRUMENTED __attribute__((disable_sanitizer_instrumentation))
#define UNCOUNTED __attribute__((no_sanitize("coverage")))
#else
#define UNINSTRUMENTED
#define UNCOUNTED
#endif

/* A race must end the process, so that its input becomes an artifact. Called before the sanitizer is set up. */
UNINSTRUMENTED const char *__tsan_default_options(void);
UNINSTRUMENTED const char *__tsan_default_options(void) {
  /* libFuzzer reports a crash from a signal handler, and the sanitizer's report of that would wait for ever. */
  return "halt_on_error=1:report_signal_unsafe=0";
}

/* With clang 14 the sanitizer reports libFuzzer's coverage counters as races. So code that runs in threads has none
 * (here it is UNCOUNTED, and the libraries are built without), and libFuzzer gets the results of a run in these
 * instead. */
enum { OUTCOMES = 6, CONDITIONS = 13 };
__attribute__((section("__libfuzzer_extra_counters"), used)) static uint8_t features[LABELS + CONDITIONS * OUTCOMES];

struct thread {
  pthread_t thread;
  struct nomem_counters seen;
  uint64_t matched[MODEL_RULES];
  void *slot[SLOTS];
  unsigned number;
  bool used_label[LABELS];
};

FUZZ_ONE_PLACE void *from_red(struct thread *self, struct fuzz_step step);
FUZZ_ONE_PLACE void *from_blue(struct thread *self, struct fuzz_step step);

static const struct subject *subject;
static struct model_plan plan;
static struct fuzz_step steps[STEPS_MAX];
static unsigned step_count, rounds;
static bool first_calls_meet;
static pthread_barrier_t barrier;

/* Counts a call that can be failed, for each rule that it matches. Conditions on counts are left out: the order of
 * calls is not known. */
UNCOUNTED static void count(struct thread *self, enum nomem_fn fn, size_t size, struct fuzz_step step) {
  const struct model_call call = {
      .fn = fn, .size = size, .thread = 2 + self->number, .caller = step.a & 0x80 ? MODEL_BLUE : MODEL_RED};
  self->seen.calls++;
  for (unsigned r = 0; r < plan.rule_count; r++) self->matched[r] += model_matches(&plan.rule[r], &call);
  self->used_label[2u * (step.op % OPS) + (step.a >> 7)] = true;
}

UNCOUNTED static void release(struct thread *self, void **slot) {
  self->seen.frees++;
  subject->free(*slot);
  *slot = NULL;
}

UNCOUNTED static void store(struct thread *self, void **slot, void *block) {
  if (!block) {
    CHECK(errno == ENOMEM, "a fault left errno %d", errno);
    self->seen.faults++;
  }
  *slot = block;
}

UNCOUNTED static void run(struct thread *self, struct fuzz_step step) {
  void **slot = &self->slot[step.a % SLOTS], *moved;
  size_t size = 1 + step.c;
  switch ((enum op)(step.op % OPS)) {
    case OP_MALLOC:
      release(self, slot);
      count(self, NOMEM_FN_MALLOC, size, step);
      store(self, slot, subject->malloc(size));
      break;
    case OP_CALLOC:
      release(self, slot);
      count(self, NOMEM_FN_CALLOC, size, step);
      store(self, slot, subject->calloc(1, size));
      break;
    case OP_REALLOC:
      count(self, NOMEM_FN_REALLOC, size, step);
      moved = subject->realloc(*slot, size);
      if (moved)
        *slot = moved;
      else
        self->seen.faults++;
      break;
    case OP_PAUSED_MALLOC: /* only this thread is paused */
      release(self, slot);
      nomem_pause();
      *slot = subject->malloc(size);
      nomem_resume();
      CHECK(*slot, "a call was failed while its thread had paused");
      break;
    default:
      release(self, slot);
  }
}

/* The empty statements keep both functions on the stack, and keep the compiler from merging them. */
UNCOUNTED void *from_red(struct thread *self, struct fuzz_step step) {
  run(self, step);
  __asm__ volatile("# red" ::: "memory");
  return self;
}

UNCOUNTED void *from_blue(struct thread *self, struct fuzz_step step) {
  run(self, step);
  __asm__ volatile("# blue" ::: "memory");
  return self;
}

/* All threads allocate at the same moment, and one of them makes the pool; when all have freed, one ends it. */
UNCOUNTED static void meet_in_first_calls(size_t size) {
  void *block = mempool_malloc(size);
  CHECK(block, "a first call failed with errno %d", errno);
  mempool_free(block);
  /* NOLINTNEXTLINE(bugprone-posix-return): one thread is given a negative value */
  if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) {
    int result = mempool_destroy();
    CHECK(result == 0, "mempool_destroy of an empty pool returned %d", result);
  }
  pthread_barrier_wait(&barrier);
}

UNCOUNTED static void *run_thread(void *argument) {
  struct thread *self = argument;
  pthread_barrier_wait(&barrier);
  if (first_calls_meet)
    for (unsigned round = 0; round < rounds; round++) meet_in_first_calls(1 + self->number);
  for (unsigned round = 0; round < rounds; round++) {
    for (unsigned s = 0; s < step_count; s++) (steps[s].a & 0x80 ? from_blue : from_red)(self, steps[s]);
  }
  for (unsigned s = 0; s < SLOTS; s++) release(self, &self->slot[s]);
  return NULL;
}

static void run_threads(struct thread *threads, unsigned thread_count) {
  pthread_barrier_init(&barrier, NULL, thread_count);
  for (unsigned t = 0; t < thread_count; t++) {
    threads[t].number = t;
    int result = pthread_create(&threads[t].thread, NULL, run_thread, &threads[t]);
    CHECK(result == 0, "cannot start a thread: %s", strerror(result));
  }
  for (unsigned t = 0; t < thread_count; t++) pthread_join(threads[t].thread, NULL);
  pthread_barrier_destroy(&barrier);
}

/* Which thread gets which number is not known, but each gets one of its own, and all make the same calls. */
static uint64_t matched_by(unsigned r, const struct thread *threads, unsigned thread_count) {
  uint64_t matched = 0;
  for (unsigned t = 0; t < thread_count; t++) matched += threads[t].matched[r];
  return matched;
}

static void check_rules(const struct thread *threads, unsigned thread_count, uint64_t faults) {
  const struct nomem_plan_state *state = &nomem__channel()->state;
  uint64_t most = 0, sum = 0;
  for (unsigned r = 0; r < plan.rule_count; r++) {
    const struct model_rule *rule = &plan.rule[r];
    uint64_t expected = matched_by(r, threads, thread_count), fails = state->faults[r];
    CHECK(state->matched[r] == expected, "rule %u counted %u calls of %u; plan '%s'", r, (unsigned)state->matched[r],
          (unsigned)expected, plan.text);
    if (rule->has & NOMEM_HAS_P && rule->chance == MODEL_PERHAPS)
      CHECK(fails <= model_faults_of(rule, expected), "rule %u failed %u calls; plan '%s'", r, (unsigned)fails,
            plan.text);
    else
      CHECK(fails == model_faults_of(rule, expected), "rule %u failed %u calls, must fail %u; plan '%s'", r,
            (unsigned)fails, (unsigned)model_faults_of(rule, expected), plan.text);
    if (fails > most) most = fails;
    sum += fails;
  }
  CHECK(faults >= most && faults <= sum, "%u calls were failed, the rules failed %u to %u; plan '%s'", (unsigned)faults,
        (unsigned)most, (unsigned)sum, plan.text);
}

static void check_records(uint64_t faults) {
  const struct nomem_channel *channel = nomem__channel();
  unsigned ready = 0;
  for (unsigned i = 0; i < NOMEM_FAULTS; i++) ready += channel->faults[i].ready;
  CHECK(ready == (faults < NOMEM_FAULTS ? faults : NOMEM_FAULTS), "%u faults, and %u of them recorded",
        (unsigned)faults, ready);
  CHECK(channel->live_bytes == 0, "%lld bytes live after everything was freed", (long long)channel->live_bytes);
}

/* There is one site for each op and caller, the same in all threads. */
static void check_sites(const struct thread *threads, unsigned thread_count, uint64_t calls) {
  const struct nomem_channel *channel = nomem__channel();
  unsigned labels = 0, sites = 0;
  uint64_t counted = 0;
  for (unsigned label = 0; label < LABELS; label++) {
    bool used = false;
    for (unsigned t = 0; t < thread_count; t++) used = used || threads[t].used_label[label];
    labels += used;
  }
  for (unsigned i = 0; i < channel->site_count; i++) {
    uint64_t key = channel->sites[i].key;
    if (key == 0) continue; /* two threads entered the same new stack: this is the unused place of the second */
    sites++;
    counted += channel->sites[i].count;
    for (unsigned j = 0; j < i; j++) CHECK(channel->sites[j].key != key, "one stack has two sites");
  }
  CHECK(sites == labels, "%u call stacks made %u sites", labels, sites);
  CHECK(counted == calls, "sites counted %u calls of %u", (unsigned)counted, (unsigned)calls);
}

/* For each condition of a rule, whether few, one or most of its calls failed: libFuzzer takes each for new coverage. */
static void set_features(const struct thread *threads, const struct nomem_plan_state *state) {
  for (unsigned label = 0; label < LABELS; label++) features[label] = threads[0].used_label[label];
  for (unsigned r = 0; r < plan.rule_count; r++) {
    uint64_t faults = state->faults[r], matched = state->matched[r];
    unsigned outcome = !matched ? 0 : !faults ? 1 : faults == matched ? 2 : faults == 1 ? 3 : faults < 16 ? 4 : 5;
    for (unsigned c = 0; c < CONDITIONS; c++)
      if (plan.rule[r].has >> c & 1) features[LABELS + c * OUTCOMES + outcome] = 1;
  }
}

static void check_counters(const struct thread *threads, unsigned thread_count, bool sites) {
  struct nomem_counters counters, seen = {0};
  nomem_end(&counters);
  for (unsigned t = 0; t < thread_count; t++) {
    seen.calls += threads[t].seen.calls;
    seen.frees += threads[t].seen.frees;
    seen.faults += threads[t].seen.faults;
  }
  CHECK(counters.calls == seen.calls && counters.frees == seen.frees && counters.faults == seen.faults,
        "counted %u calls, %u frees, %u faults; made %u, %u, %u; plan '%s'", (unsigned)counters.calls,
        (unsigned)counters.frees, (unsigned)counters.faults, (unsigned)seen.calls, (unsigned)seen.frees,
        (unsigned)seen.faults, plan.text);
  set_features(threads, &nomem__channel()->state);
  check_rules(threads, thread_count, seen.faults);
  check_records(seen.faults);
  if (sites) check_sites(threads, thread_count, seen.calls);
}

UNCOUNTED static size_t size_in_pool(void *block) {
  return mempool_usable_size(block);
}

static void install(bool over_pool) {
  int result = over_pool ? nomem_install_over(subject->replace, mempool_malloc, mempool_realloc, mempool_calloc,
                                              mempool_free, size_in_pool)
                         : nomem_install(subject->replace);
  CHECK(result == 0, "nomem_install_over returned %d", result);
}

static void check_pool(void) {
  struct mempool_stats stats;
  mempool_stats(&stats);
  CHECK(stats.blocks == 0 && stats.in_use_bytes == 0, "%zu blocks are left in the pool", stats.blocks);
  CHECK(mempool_check() == 0, "mempool_check returned %d", mempool_check());
  CHECK(mempool_destroy() == 0, "the pool cannot be destroyed");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input input = {data, data + size};
  struct thread threads[THREADS_MAX];
  uint8_t flags = fuzz_byte(&input);
  subject = flags & 1 ? &subject_zero : &subject_plain;
  bool over_pool = flags & 2, sites = flags & 4;
  unsigned thread_count = 2 + fuzz_byte(&input) % (THREADS_MAX - 1);
  rounds = 1 + fuzz_byte(&input) % ROUNDS_MAX;
  /* What budget= fails depends on the order of calls. */
  model_read(&input, ~(unsigned)NOMEM_HAS_BUDGET, &plan);
  for (step_count = 0; step_count < STEPS_MAX && fuzz_next(&input, &steps[step_count]);) step_count++;
  first_calls_meet = over_pool && flags & 8;
  if (over_pool && !first_calls_meet) CHECK(mempool_init(NULL, POOL_BYTES) == 0, "mempool_init failed");
  install(over_pool);
  memset(threads, 0, sizeof threads);
  char text[sizeof plan.text + 64];
  /* An additional rule that matches nothing, but needs the sites or the live bytes. */
  snprintf(text, sizeof text, "%s%s%s", plan.text, plan.rule_count ? ";" : "",
           sites ? "site=0000000000000000" : "budget=1G");
  struct nomem_error error;
  int result = nomem_begin(text, &error);
  CHECK(result == 0, "nomem_begin(\"%s\") returned %d: %s", text, result, error.reason);
  run_threads(threads, thread_count);
  check_counters(threads, thread_count, sites || plan.has & (NOMEM_HAS_IN | NOMEM_HAS_MODULE));
  if (over_pool) check_pool();
  return 0;
}
