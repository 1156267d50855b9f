/* SPDX-License-Identifier: MIT */
/* Fuzzes the injector as a backend sees it and as the command reads it: beside a model of what each call must be
 * answered and of all that the channel must say then. The plan is decided by common/plan_reference.h. Calls are made
 * from several places, by threads that outlive their scopes, and in a forked child; of any size, because nothing is
 * allocated.
 *
 * Header: flags (bit 0: record_sites; 1: counts_live_bytes; 2: verify; 3: the process stops at
 * faults; 4: a plan of 4,095 bytes; 5: the steps run a
 * second time under a plan with sites; 6: the sites of the first time are known ones; 7: only an eighth of the steps
 * runs the first time), then of the second plan: kind and digits, two calls (of the second the high bits say more of
 * the channel: 3: watch blocks; 4: coverage is measured; 5 and 6: the engine; 7: slots for counts are nearly used up),
 * occurrences; a plan. Step: op and thread, function and caller, two sizes.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fuzz.h"
#include "common/injector_model.h"
#include "common/plan_model.h"
#include "common/step_threads.h"

enum {
  HEADER_BYTES = 5 + MODEL_PLAN_BYTES,
  STEPS_MAX = 96,
  FORKS_MAX = 2,
  PAUSES_MAX = 3,
  REPEATS = 48,
  DEEP_MAX = 9000,
  DEPTHS = 17, /* for each unit of a step: enough for a bound of 4096 */
  ERRNO_BEFORE = 4242
};

enum op {
  OP_CALL,
  OP_CALLS,
  OP_LIVE,
  OP_FREE,
  OP_ERRNO,
  OP_PAUSE,
  OP_RESUME,
  OP_FORK,
  OP_MAIN,
  OP_SCOPE,
  OP_BAD_PLAN,
  OP_DEEP,
  OPS
};

struct header {
  uint8_t flags, kind, first, second, occurrences;
};

static struct nomem_channel *channel;
static struct injector_model *model;
static const char *plan_text;
static unsigned forks, deep_left;
static bool is_watched; /* in a child whose stops are watched, and which has no threads */
static bool names_all_sites;

/* Its name is one of those that a compiler's run-time has which writes coverage data. */
FUZZ_ONE_PLACE bool lprof_from_place(const struct injector_call *call);
FUZZ_ONE_PLACE bool from_red(struct fuzz_step step, struct injector_call *call);
FUZZ_ONE_PLACE bool from_blue(struct fuzz_step step, struct injector_call *call);

static uint64_t to_size(uint8_t byte) {
  static const uint64_t sizes[] = {0,         4096,           4097,      65535, 1 << 20, UINT64_C(1) << 32,
                                   INT64_MAX, UINT64_MAX - 1, UINT64_MAX};
  return byte < 0xe0 ? byte * UINT64_C(4) : sizes[byte % (sizeof sizes / sizeof sizes[0])];
}

/* What a backend does first at each call. */
FUZZ_ONE_PLACE static bool backend(const struct injector_call *call) {
  injector_model_see(model, call, __builtin_return_address(0));
  errno = ERRNO_BEFORE;
  bool fails = !nomem__passes(call->fn, false) &&
               nomem__fails(call->fn, call->size, call->released, __builtin_return_address(0), __builtin_dwarf_cfa());
  CHECK(errno == ERRNO_BEFORE, "errno was %d after the decision", errno);
  return fails;
}

bool lprof_from_place(const struct injector_call *call) {
  bool fails = backend(call);
  __asm__ volatile("# coverage" ::: "memory");
  return fails;
}

/* The empty statements keep the compiler from merging the calls, and keep the functions on the stack. */
FUZZ_ONE_PLACE static bool from_place(unsigned place, struct injector_call *call) {
  bool fails = false;
  switch (place) {
    case 0:
      fails = backend(call);
      __asm__ volatile("# 0" ::: "memory");
      break;
    case 1:
      fails = backend(call);
      __asm__ volatile("# 1" ::: "memory");
      break;
    case 2:
      fails = backend(call);
      __asm__ volatile("# 2" ::: "memory");
      break;
    default:
      fails = lprof_from_place(call);
      __asm__ volatile("# 3" ::: "memory");
  }
  return fails;
}

bool from_red(struct fuzz_step step, struct injector_call *call) {
  bool fails = from_place(step.a >> 4 & 3, call);
  __asm__ volatile("# red" ::: "memory");
  return fails;
}

bool from_blue(struct fuzz_step step, struct injector_call *call) {
  bool fails = from_place(step.a >> 4 & 3, call);
  __asm__ volatile("# blue" ::: "memory");
  return fails;
}

static bool is_blue(struct fuzz_step step) {
  return step.a & 0x80;
}

/* Each call as many bytes further down the stack than the one before it: a stack of its own, of the same site. */
FUZZ_ONE_PLACE static bool call_from(struct fuzz_step step, struct injector_call *call, size_t deeper) {
  void *room = __builtin_alloca(deeper + 16);
  __asm__ volatile("" : : "r"(room) : "memory");
  return (is_blue(step) ? from_blue : from_red)(step, call);
}

/* Makes the calls of a step, all from here, whoever makes them. */
FUZZ_ONE_PLACE static void make_calls(struct fuzz_step step, unsigned thread, unsigned count, size_t deeper) {
  for (unsigned i = 0; i < count; i++) {
    unsigned place = step.a >> 4 & 3;
    struct injector_call call = {.fn = step.a % NOMEM_FN_COUNT,
                                 .size = to_size(step.b),
                                 .released = step.c,
                                 .thread = thread,
                                 .function = is_blue(step) ? "from_blue" : "from_red",
                                 .is_own = model->measures_coverage && place == 3,
                                 .label = (thread ? INJECTOR_LABELS / 2u : 0) + (is_blue(step) ? 4u : 0) + place};
    bool expected = injector_model_decide(model, &call);
    bool fails = call_from(step, &call, i * deeper);
    CHECK(fails == expected, "call %u, %s of %llu bytes, was %s; plan '%s'", (unsigned)model->calls,
          nomem_fn_name(call.fn), (unsigned long long)call.size, fails ? "failed" : "not failed", plan_text);
  }
}

static void make_free(unsigned thread) {
  errno = ERRNO_BEFORE;
  if (!nomem__passes(NOMEM_FN_COUNT, true)) nomem__count_free();
  CHECK(errno == ERRNO_BEFORE, "errno was %d after a free was counted", errno);
  if (model->is_open && !model->paused[thread]) model->frees++;
}

/* Returns true in the child, which shares the channel and the model, as every process of a run does. */
static bool is_forked_child(void) {
  bool fails = model->fails, names_sites = model->names_sites, notes_recovery = model->notes_recovery;
  uint64_t last_unwind = model->last_unwind;
  pid_t child = fork();
  CHECK(child >= 0, "cannot fork");
  if (child == 0) return true;
  int status = fuzz_wait(child, 0);
  CHECK(status == 0, "the forked child ended with status 0x%x", (unsigned)status);
  /* A process that has seen the last fault has nothing left to look at; another one looks on. */
  model->fails = fails;
  model->names_sites = names_sites;
  model->notes_recovery = notes_recovery;
  model->last_unwind = last_unwind;
  return false;
}

/* Of a run before this one the channel keeps the sites, without their counts. */
static void clear_channel(bool keeps_sites) {
  if (!keeps_sites) {
    madvise(channel, sizeof *channel, MADV_REMOVE);
    return;
  }
  memset(channel, 0, offsetof(struct nomem_channel, module_count));
  memset(&channel->recovery_count, 0,
         offsetof(struct nomem_channel, site_count) - offsetof(struct nomem_channel, recovery_count));
  memset(channel->counts, 0, sizeof channel->counts);
  for (unsigned s = 0; s < channel->site_count; s++) channel->sites[s].count = 0;
}

static enum nomem_engine engine_of(const struct header *header) {
  static const enum nomem_engine engines[] = {NOMEM_ENGINE_EXEC, NOMEM_ENGINE_SERVER, NOMEM_ENGINE_SNAPSHOT,
                                              NOMEM_ENGINE_EXEC};
  return engines[header->second >> 5 & 3];
}

static void start_scope(const char *text, const struct header *header, bool keeps_sites) {
  struct nomem_plan_error error;
  uint32_t known_sites = keeps_sites ? channel->site_count : 0;
  clear_channel(keeps_sites);
  channel->known_sites = known_sites;
  memset(channel->plan, ' ', sizeof channel->plan);
  memcpy(channel->plan, text, strlen(text) + !(header->flags & 0x10));
  channel->record_sites = header->flags & 1 || names_all_sites;
  channel->counts_live_bytes = header->flags >> 1 & 1;
  channel->verify = header->flags >> 2 & 1;
  channel->watch = header->second & 8 ? NOMEM_WATCH_LIVE : NOMEM_WATCH_NONE;
  channel->measures_coverage = header->second >> 4 & 1;
  channel->fork.engine = engine_of(header);
  channel->counts_used = header->second & 0x80 ? NOMEM_COUNTS - 2 : 0;
  channel->stop_at_fault = is_watched ? 1 + header->kind % 3 : NOMEM_STOP_NEVER;
  errno = ERRNO_BEFORE;
  int result = nomem__start(channel, &error);
  CHECK(result == 0, "nomem__start(\"%s\") returned %d, column %zu: %s", text, result, error.column, error.reason);
  CHECK(nomem__channel() == channel, "the channel is another one");
  injector_model_start(model, channel, text, keeps_sites);
}

static void check_bad_plan(void) {
  static struct nomem_channel *bad;
  struct nomem_plan_error error = {0};
  if (model->is_open) return;
  if (!bad) bad = mmap(NULL, sizeof *bad, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  CHECK(bad != MAP_FAILED, "no memory for a channel");
  strcpy(bad->plan, "nth=1 nht=2");
  int result = nomem__start(bad, &error);
  CHECK(result == -EINVAL && error.column == 7 && error.reason[0], "a bad plan was answered %d, column %zu", result,
        error.column);
  CHECK(nomem__channel() == channel, "a bad plan has changed the channel");
}

/* Ends the scope: nothing fails or counts until the step comes again, which begins the next one on the same channel,
 * where the command would make another one. */
static void toggle_scope(const struct header *header) {
  if (!model->is_open) {
    start_scope(plan_text, header, false);
    return;
  }
  nomem__stop();
  injector_model_check(model, channel);
  model->is_open = false;
}

/* How many calls of a step are made from ever further down the stack. */
static unsigned take_deep(uint8_t wanted) {
  unsigned count = is_watched ? 1U : 1U + wanted * DEPTHS;
  if (count > deep_left) count = deep_left;
  deep_left -= count;
  return count;
}

FUZZ_ONE_PLACE static void run_step(struct fuzz_step step, unsigned thread, const struct header *header) {
  enum op op = step.op % 16 % OPS;
  unsigned count;
  bool is_child;
  switch (op) {
    case OP_CALL:
    case OP_CALLS:
    case OP_FORK:
    case OP_DEEP:
      is_child = op == OP_FORK && thread == 0 && engine_of(header) == NOMEM_ENGINE_EXEC && ++forks <= FORKS_MAX &&
                 is_forked_child();
      count = op == OP_CALL ? 1 : op == OP_CALLS ? 1 + step.c % REPEATS : is_child ? 1 + step.c % 4 : 0;
      if (op == OP_DEEP) count = take_deep(step.c);
      __asm__ volatile("" : "+r"(count)); /* lest there be a call for each of them */
      make_calls(step, thread, count, op == OP_DEEP ? 32 : 0);
      if (is_child) make_free(0), _exit(0);
      break;
    case OP_LIVE:
      nomem__blocks_add((int8_t)step.a, (int8_t)step.b);
      injector_model_add_blocks(model, (int8_t)step.a, (int8_t)step.b);
      nomem__live_add((int8_t)step.b * INT64_C(64) + step.c);
      injector_model_add_live(model, (int8_t)step.b * INT64_C(64) + step.c);
      break;
    case OP_FREE:
      make_free(thread);
      break;
    case OP_ERRNO:
      nomem__count_errno();
      if (model->is_open) model->errno_lost++;
      break;
    case OP_PAUSE:
      if (model->paused[thread] == PAUSES_MAX) break;
      nomem_pause();
      model->paused[thread]++;
      break;
    case OP_RESUME:
      nomem_resume(); /* one too many has no effect */
      if (model->paused[thread]) model->paused[thread]--;
      break;
    case OP_MAIN:
      if (engine_of(header) == NOMEM_ENGINE_SERVER) break; /* there the process would wait for the command */
      nomem__reached_main();
      model->main_began = true;
      model->main_reached++;
      break;
    case OP_SCOPE:
      toggle_scope(header);
      break;
    default:
      check_bad_plan();
  }
}

static const struct header *current_header;

static void run_in_thread(struct fuzz_step step, unsigned thread) {
  run_step(step, thread, current_header);
}

FUZZ_ONE_PLACE static void run_all(struct fuzz_input input, const struct header *header, const char *text,
                                   unsigned time) {
  struct fuzz_step step;
  plan_text = text;
  forks = is_watched ? FORKS_MAX : 0;
  deep_left = DEEP_MAX;
  names_all_sites = !time && header->flags & 0x20;
  current_header = header;
  start_scope(text, header, time && header->flags & 0x40);
  for (unsigned n = 0; n < (time || !(header->flags & 0x80) ? STEPS_MAX : STEPS_MAX / 8) && fuzz_next(&input, &step);
       n++) {
    unsigned thread = is_watched ? 0 : step.op >> 4 & 3;
    if (thread)
      step_threads_run(step, thread);
    else
      run_step(step, 0, header);
  }
  for (unsigned thread = 0; thread <= STEP_THREADS; thread++)
    for (; model->paused[thread];) {
      const struct fuzz_step resume = {OP_RESUME, 0, 0, 0};
      if (thread)
        step_threads_run(resume, thread);
      else
        run_step(resume, 0, header);
    }
  if (model->is_open) toggle_scope(header);
}

/* A plan that names sites of the first time: one, from one on, two, or one by its first digits. */
static bool make_site_plan(const struct header *header, char *text, size_t bytes) {
  unsigned digits = header->kind >> 4 ? 4 + header->kind % 13 : 16, first = 1 + header->occurrences % 4u;
  if (!model->site_count) return false;
  uint64_t one = channel->sites[header->first % model->site_count].key,
           two = channel->sites[header->second % model->site_count].key;
  char key[17];
  snprintf(key, sizeof key, "%016llx", (unsigned long long)one);
  key[digits] = '\0';
  switch (header->kind >> 2 & 3) {
    case 0:
      snprintf(text, bytes, "site=%s@%u", key, first);
      break;
    case 1:
      snprintf(text, bytes, "from=%s@%u", key, first);
      break;
    case 2:
      snprintf(text, bytes, "site=%016llx@%u;site=%016llx@%u", (unsigned long long)one, first, (unsigned long long)two,
               1 + (header->occurrences >> 4) % 4u);
      break;
    default:
      snprintf(text, bytes, "site=%s@%u..%u max=%u", key, first, first + (header->occurrences >> 6),
               1 + header->kind % 4u);
  }
  return true;
}

static void *map_shared(size_t bytes) {
  void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  CHECK(pages != MAP_FAILED, "no memory for the channel");
  return pages;
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  channel = map_shared(sizeof *channel);
  model = map_shared(sizeof *model);
  step_threads_start(run_in_thread);
  return 0;
}

/* Runs the steps under the plan of the input, and then perhaps under one that names sites of that run. */
static void run_input(struct fuzz_input input, const struct header *header, const char *text) {
  char second[128];
  for (unsigned time = 0; time < 2; time++) {
    run_all(input, header, text, time);
    if (time || !(header->flags & 0x20) || !make_site_plan(header, second, sizeof second)) return;
    text = second;
  }
}

/* The same in a child, which stops at faults as the channel says, and goes on when it was seen. */
static void watch_stops(struct fuzz_input input, const struct header *header, const char *text) {
  unsigned stops = 0;
  int status;
  pid_t child = fork();
  CHECK(child >= 0, "cannot fork");
  if (child == 0) {
    is_watched = true;
    run_input(input, header, text);
    _exit(0);
  }
  for (;;) {
    status = fuzz_wait(child, WUNTRACED);
    if (!WIFSTOPPED(status)) break;
    CHECK(WSTOPSIG(status) == SIGSTOP, "the child was stopped by signal %d", WSTOPSIG(status));
    stops++;
    kill(child, SIGCONT);
  }
  CHECK(status == 0, "the child ended with status 0x%x", (unsigned)status);
  CHECK(stops == model->stops, "the child stopped %u times, must stop %u times", stops, model->stops);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input input = {data, data + size};
  struct header header = {fuzz_byte(&input), fuzz_byte(&input), fuzz_byte(&input), fuzz_byte(&input),
                          fuzz_byte(&input)};
  struct model_plan made;
  model_read(&input, ~0u, &made);
  /* Stacks begin in libFuzzer, which calls from several places. */
  memset(model->key_of, 0, sizeof model->key_of);
  model->stops = 0;
  if (header.flags & 8)
    watch_stops(input, &header, made.text);
  else
    run_input(input, &header, made.text);
  return 0;
}
