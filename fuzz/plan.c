/* SPDX-License-Identifier: MIT */
/* Fuzzes the plan language beside a reference written from its documentation (common/plan_reference.h): a text is the
 * same plan to both, or refused with the same column and reason; it is printed alike; calls are decided alike, and
 * counted alike. The input is a plan's text up to its first NUL; what follows only varies the calls that are decided.
 */
#include <errno.h>
#include <string.h>

#include "common/fuzz.h"
#include "common/plan_reference.h"
#include "plan.h"

#define MUST(condition) CHECK(condition, "does not hold: %s", #condition)

enum { ROUNDS = 4, CALLS = 64, CLOSE = 8 };

static uint64_t next_random(uint64_t *random) {
  *random ^= *random << 13;
  *random ^= *random >> 7;
  *random ^= *random << 17;
  return *random * UINT64_C(0x2545f4914f6cdd1d) >> 20;
}

static uint64_t pick(const uint64_t *values, size_t count, uint64_t *random) {
  return values[next_random(random) % count];
}
#define PICK(random, ...) \
  pick((const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), random)

static void check_parse(const char *text, struct nomem_plan *plan, bool *is_plan) {
  struct nomem_plan_error error, expected;
  struct nomem_plan reference, again;
  memset(plan, 0xa5, sizeof *plan);
  memset(&again, 0xa5, sizeof again);
  int result = nomem_plan_parse(text, plan, &error), expected_result = reference_parse(text, &reference, &expected);
  CHECK(result == expected_result, "parse returned %d, must return %d", result, expected_result);
  CHECK(!memcmp(plan, &reference, sizeof *plan), "the text is another plan");
  MUST(nomem_plan_parse(text, &again, NULL) == result && !memcmp(plan, &again, sizeof again));
  *is_plan = result == 0;
  if (*is_plan) return;
  CHECK(error.column == expected.column, "column %zu, must be %zu: %s", error.column, expected.column, error.reason);
  CHECK(!strcmp(error.reason, expected.reason), "the reason is '%s', must be '%s'", error.reason, expected.reason);
  MUST(strlen(error.reason) < sizeof error.reason - 1);
}

static void check_print(const char *text, const struct nomem_plan *plan) {
  char expected[NOMEM_PLAN_BYTES], canonical[NOMEM_PLAN_BYTES];
  struct nomem_plan same;
  size_t length = reference_print(plan, expected);
  MUST(nomem_plan_print(plan, canonical, sizeof canonical) == (int)length);
  CHECK(!strcmp(canonical, expected), "printed as '%s', must be '%s'", canonical, expected);
  MUST(length <= strlen(text));
  MUST(nomem_plan_parse(canonical, &same, NULL) == 0 && !memcmp(plan, &same, sizeof same));
  MUST(nomem_plan_print(plan, NULL, 0) == -ENOSPC);
  for (size_t bytes = 1; bytes <= length + 1; bytes += 1 + length / 4) {
    char *tight = malloc(bytes);
    MUST(tight && nomem_plan_print(plan, tight, bytes) == (bytes > length ? (int)length : -ENOSPC));
    MUST(strlen(tight) == bytes - 1 && !strncmp(canonical, tight, bytes - 1));
    free(tight);
  }
}

static uint64_t pick_in(struct nomem_range range, uint64_t *random) {
  return PICK(random, range.first, range.last, range.first + (range.last - range.first) / 2);
}

static uint64_t pick_beside(struct nomem_range range, uint64_t *random) {
  return PICK(random, range.first - 1, range.last + 1, 0, 1, UINT64_MAX, next_random(random));
}

/* A call that the rule's conditions match. */
static struct nomem_call make_match(const struct nomem_rule *rule, unsigned r, uint64_t *random) {
  struct nomem_call call = {
      .size_bytes = rule->has & NOMEM_HAS_SIZE ? pick_in(rule->size, random) : PICK(random, 0, 1, 4096, UINT64_MAX),
      .site = next_random(random) % 3 ? rule->site.key : rule->from.key,
      .in_mask = next_random(random) | UINT64_C(1) << r,
      .module_mask = next_random(random) | UINT64_C(1) << r,
      .main_thread =
          rule->thread == NOMEM_THREAD_MAIN || (rule->thread == NOMEM_THREAD_NUMBER && rule->thread_number == 1),
  };
  if (!(rule->has & NOMEM_HAS_SITE)) call.site = rule->from.key;
  call.occurrence = pick_in(
      next_random(random) % 2 && rule->has & NOMEM_HAS_SITE ? rule->site.occurrence : rule->from.occurrence, random);
  call.thread = call.main_thread                      ? 1
                : rule->thread == NOMEM_THREAD_NUMBER ? rule->thread_number
                                                      : 2 + next_random(random) % 3;
  call.live_bytes = PICK(random, rule->budget - call.size_bytes + 1, UINT64_MAX, rule->budget + 1);
  unsigned fn = (unsigned)(next_random(random) % NOMEM_FN_COUNT);
  for (unsigned f = 0; f < NOMEM_FN_COUNT && rule->has & NOMEM_HAS_FN && !(rule->fn_mask >> fn & 1); f++)
    fn = (fn + 1) % NOMEM_FN_COUNT;
  call.fn = (enum nomem_fn)fn;
  uint64_t more = *random * UINT64_C(0x9e3779b97f4a7c15) >> 32; /* what else is drawn stays as it is */
  if (more % 8 == 0 && !(rule->has & NOMEM_HAS_FN)) call.fn = (enum nomem_fn)NOMEM_FN_COUNT; /* free */
  call.hostile = (uint32_t)(more >> 8) & NOMEM_HOSTILE_ALL;
  return call;
}

/* Changes one thing about the call, often by as little as possible. */
static void disturb(struct nomem_call *call, const struct nomem_rule *rule, uint64_t *random) {
  switch (next_random(random) % 9) {
    case 0:
      call->fn = (enum nomem_fn)(next_random(random) % NOMEM_FN_COUNT);
      break;
    case 1:
      call->size_bytes = pick_beside(rule->size, random);
      break;
    case 2:
      call->live_bytes =
          PICK(random, rule->budget - call->size_bytes, rule->budget - call->size_bytes - 1, 0, rule->budget);
      break;
    case 3:
      call->size_bytes = PICK(random, rule->budget, rule->budget + 1, rule->budget - call->live_bytes);
      break;
    case 4:
      call->site ^= UINT64_C(1) << next_random(random) % 64;
      break;
    case 5:
      call->occurrence = pick_beside(next_random(random) % 2 ? rule->site.occurrence : rule->from.occurrence, random);
      break;
    case 6:
      call->main_thread = !call->main_thread;
      call->thread = call->main_thread ? 1 : 2 + next_random(random) % 3;
      break;
    case 7:
      call->in_mask = PICK(random, 0, ~call->in_mask, next_random(random));
      break;
    default:
      call->module_mask = PICK(random, 0, ~call->module_mask, next_random(random));
  }
}

/* As if so many calls had been decided before: a few less than what a condition waits for. */
static void begin_close(const struct nomem_plan *plan, struct reference_state *state, uint64_t *random) {
  for (unsigned r = 0; r < plan->rule_count; r++) {
    const struct nomem_rule *rule = &plan->rule[r];
    uint64_t before = next_random(random) % CLOSE;
    state->matched[r] = PICK(random, 0, rule->nth.first - before, rule->nth.last - before, rule->every - before,
                             rule->every * 3 - before, next_random(random));
    state->faults[r] = rule->max > before ? PICK(random, 0, rule->max - before) : 0;
    if (state->matched[r] > UINT64_MAX - CALLS) state->matched[r] = 0; /* no run has as many calls */
  }
}

static void check_state(const struct reference_state *expected, const struct nomem_plan_state *state) {
  for (unsigned r = 0; r < NOMEM_PLAN_RULES; r++) {
    CHECK(state->matched[r] == expected->matched[r], "rule %u counts %llu calls, must be %llu", r,
          (unsigned long long)state->matched[r], (unsigned long long)expected->matched[r]);
    CHECK(state->faults[r] == expected->faults[r], "rule %u counts %llu faults, must be %llu", r,
          (unsigned long long)state->faults[r], (unsigned long long)expected->faults[r]);
    CHECK(state->from_open[r] == expected->from_open[r], "rule %u: from= is %sopen", r,
          state->from_open[r] ? "" : "not ");
  }
}

static void check_decisions(const struct nomem_plan *plan, bool close, uint64_t *random) {
  struct nomem_plan_state state;
  struct reference_state reference = {0};
  memset(&state, 0, sizeof state);
  if (close) begin_close(plan, &reference, random);
  memcpy(state.matched, reference.matched, sizeof state.matched);
  memcpy(state.faults, reference.faults, sizeof state.faults);
  for (unsigned i = 0; i < CALLS; i++) {
    unsigned r = (unsigned)(next_random(random) % plan->rule_count);
    struct nomem_call call = make_match(&plan->rule[r], r, random);
    if (next_random(random) % 2) disturb(&call, &plan->rule[r], random);
    errno = ERANGE;
    int failed_by = nomem__plan_decide(plan, &state, &call), expected = reference_decide(plan, &reference, &call);
    CHECK(failed_by == expected, "a call of %s was failed by rule %d, must be by %d (-1: by none)",
          call.fn < NOMEM_FN_COUNT ? nomem_fn_name(call.fn) : "free", failed_by, expected);
    uint32_t ways = nomem__plan_serve(plan, &state, &call), expected_ways = reference_serve(plan, &reference, &call);
    CHECK(ways == expected_ways, "a call was served in the ways %#x, must be %#x", ways, expected_ways);
    MUST(errno == ERANGE);
    if (i % 8 == 0 || plan->rule_count == 1) check_state(&reference, &state);
  }
  check_state(&reference, &state);
}

static void check_glob(const char *glob, const char *name) {
  bool matches = nomem__glob(glob, name);
  CHECK(matches == reference_glob(glob, name), "'%s' %s '%s'", glob, matches ? "matches" : "does not match", name);
}

/* Each glob on itself, on the text, and on names that are made of it. */
static void check_globs(const struct nomem_plan *plan, const char *text, uint64_t *random) {
  for (unsigned r = 0; r < plan->rule_count; r++) {
    const char *glob = next_random(random) % 2 ? plan->rule[r].in : plan->rule[r].module;
    char name[2 * NOMEM_PLAN_NAME_BYTES];
    size_t length = 0;
    for (const char *at = glob; *at; at++) {
      uint64_t choice = next_random(random) % 16;
      if (*at != '*' && choice > 1) name[length++] = (char)(*at == '?' ? 'q' : *at);
      if (*at == '*' && choice > 5) name[length++] = (char)(at[1] ? at[1] : 'x');
      if (*at == '*' && choice > 9) name[length++] = 'y';
    }
    name[length] = '\0';
    check_glob(glob, name);
    check_glob(glob, glob);
    check_glob(glob, text);
    check_glob(glob, "");
  }
}

static void check_names(void) {
  for (unsigned fn = 0; fn < NOMEM_FN_COUNT; fn++) MUST(!strcmp(nomem_fn_name(fn), reference_functions[fn]));
  for (unsigned way = 0; way < NOMEM_HOSTILE_COUNT; way++) MUST(!strcmp(nomem_hostile_name(way), reference_ways[way]));
  MUST(!nomem_hostile_name(NOMEM_HOSTILE_COUNT) && !nomem_hostile_name(~0u));
  MUST(!nomem_fn_name(NOMEM_FN_COUNT) && !nomem_fn_name(NOMEM_FN_COUNT + 1) && !nomem_fn_name(~0u));
}

/* The input as a text of exactly its size, so that the sanitizer notices a byte read too far: of one that is too long,
 * no more than the bytes that may be read to find that out, without an end. */
static char *make_text(const uint8_t *data, size_t size) {
  size_t length = strnlen((const char *)data, size);
  bool is_endless = length >= NOMEM_PLAN_BYTES;
  char *text = malloc(is_endless ? NOMEM_PLAN_BYTES : length + 1);
  MUST(text);
  if (length) memcpy(text, data, is_endless ? NOMEM_PLAN_BYTES : length);
  if (!is_endless) text[length] = '\0';
  return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct nomem_plan plan;
  uint64_t random = UINT64_C(0x9e3779b97f4a7c15);
  char *text = make_text(data, size);
  bool is_plan;
  for (size_t i = 0; i < size; i++) random = (random ^ data[i]) * UINT64_C(0x100000001b3);
  random |= 1;
  check_names();
  check_parse(text, &plan, &is_plan);
  if (is_plan) {
    check_print(text, &plan);
    check_globs(&plan, text, &random);
    for (unsigned round = 0; round < ROUNDS && plan.rule_count; round++) check_decisions(&plan, round, &random);
  }
  free(text);
  return 0;
}
