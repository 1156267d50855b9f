/* SPDX-License-Identifier: MIT */
/* Fuzzes the plan language: to parse, print and parse again gives the same plan, an error has a place and a reason, and
 * the plan decides as its rules demand. The input is a plan's text up to its first NUL; what follows only varies the
 * calls that are decided.
 */
#include <errno.h>
#include <string.h>

#include "common/fuzz.h"
#include "plan.h"

#define MUST(condition) CHECK(condition, "does not hold: %s", #condition)

enum { CALLS = 64 };

static uint64_t next_random(uint64_t *random) {
  *random ^= *random << 13;
  *random ^= *random >> 7;
  *random ^= *random << 17;
  return *random;
}

static void check_error(const char *text, const struct nomem_plan *plan, const struct nomem_plan_error *error) {
  static const struct nomem_plan empty;
  size_t length = strlen(error->reason);
  MUST(!memcmp(plan, &empty, sizeof empty));
  MUST(error->column >= 1 && error->column <= strlen(text) + 1 && error->column <= NOMEM_PLAN_BYTES);
  MUST(length > 0 && length < sizeof error->reason - 1);
  for (size_t i = 0; i < length; i++) MUST(error->reason[i] >= ' ' && error->reason[i] <= '~');
}

static void check_round_trip(const char *text, const struct nomem_plan *plan) {
  char canonical[NOMEM_PLAN_BYTES], again[NOMEM_PLAN_BYTES];
  struct nomem_plan same;
  int length = nomem_plan_print(plan, canonical, sizeof canonical);
  MUST(length >= 0 && (size_t)length == strlen(canonical) && (size_t)length <= strlen(text));
  memset(&same, 0xa5, sizeof same);
  MUST(nomem_plan_parse(canonical, &same, NULL) == 0);
  MUST(!memcmp(plan, &same, sizeof same));
  MUST(nomem_plan_print(&same, again, sizeof again) == length && !strcmp(canonical, again));
  for (size_t bytes = 1; bytes <= (size_t)length + 1; bytes += 1 + (size_t)length / 4) {
    char *tight = malloc(bytes);
    MUST(tight && nomem_plan_print(plan, tight, bytes) == (bytes > (size_t)length ? length : -ENOSPC));
    MUST(strlen(tight) == bytes - 1 && !strncmp(canonical, tight, bytes - 1));
    free(tight);
  }
}

/* A call of which half the values come from the plan's own conditions. */
static struct nomem_call make_call(const struct nomem_plan *plan, uint64_t *random) {
  const struct nomem_rule *rule = &plan->rule[next_random(random) % plan->rule_count];
  const uint64_t sizes[] = {0, 16, rule->size.first, rule->size.last, rule->size.last + 1, rule->budget, UINT64_MAX};
  const uint64_t size = sizes[next_random(random) % (sizeof sizes / sizeof sizes[0])];
  const uint64_t lives[] = {next_random(random) % 65536, rule->budget - size, rule->budget - size + 1, UINT64_MAX};
  const uint64_t keys[] = {rule->site.key, rule->from.key, rule->site.key ^ 1, next_random(random)};
  const uint64_t occurrences[] = {1, rule->site.occurrence.first, rule->site.occurrence.last,
                                  rule->from.occurrence.first};
  struct nomem_call call = {
      .fn = (enum nomem_fn)(next_random(random) % NOMEM_FN_COUNT),
      .size_bytes = size,
      .live_bytes = lives[next_random(random) % 4],
      .site = keys[next_random(random) % 4],
      .occurrence = occurrences[next_random(random) % 4],
      .in_mask = next_random(random),
      .module_mask = next_random(random),
  };
  call.main_thread = next_random(random) % 2;
  call.thread = call.main_thread ? 1 : 2 + next_random(random) % 2;
  return call;
}

static bool holds(struct nomem_range range, uint64_t value) {
  return range.first <= value && value <= range.last;
}

static bool has_key(const struct nomem_site_match *match, uint64_t key) {
  char whole[17], start[17];
  snprintf(whole, sizeof whole, "%016llx", (unsigned long long)key);
  snprintf(start, sizeof start, "%016llx", (unsigned long long)match->key);
  return !strncmp(whole, start, match->digits);
}

/* Whether the rule counts the call, according to docs/plan.md; not for rules with from=. */
static bool counts(const struct nomem_rule *rule, unsigned r, const struct nomem_call *call) {
  bool all = true;
  if (rule->has & NOMEM_HAS_FN) all = all && rule->fn_mask >> call->fn & 1;
  if (rule->has & NOMEM_HAS_SIZE) all = all && holds(rule->size, call->size_bytes);
  if (rule->has & NOMEM_HAS_SITE)
    all = all && has_key(&rule->site, call->site) && holds(rule->site.occurrence, call->occurrence);
  if (rule->has & NOMEM_HAS_IN) all = all && call->in_mask >> r & 1;
  if (rule->has & NOMEM_HAS_MODULE) all = all && call->module_mask >> r & 1;
  if (rule->has & NOMEM_HAS_THREAD && rule->thread == NOMEM_THREAD_MAIN) all = all && call->main_thread;
  if (rule->has & NOMEM_HAS_THREAD && rule->thread == NOMEM_THREAD_OTHER) all = all && !call->main_thread;
  if (rule->has & NOMEM_HAS_THREAD && rule->thread == NOMEM_THREAD_NUMBER)
    all = all && call->thread == rule->thread_number;
  if (rule->has & NOMEM_HAS_BUDGET) { /* the sum has 65 bits */
    uint64_t sum = call->live_bytes + call->size_bytes;
    all = all && (sum < call->size_bytes || sum > rule->budget);
  }
  return all;
}

/* Checks the counters of one rule against its own conditions. */
static void check_counters(const struct nomem_rule *rule, uint64_t matched, uint64_t faults) {
  uint64_t hits = matched;
  bool counted_exactly = !(rule->has & NOMEM_HAS_P) || !rule->p_billionths || rule->p_billionths == 1000000000;
  MUST(faults <= matched && matched <= CALLS);
  if (rule->has & (NOMEM_HAS_NTH | NOMEM_HAS_EVERY)) {
    hits = 0;
    for (uint64_t n = 1; n <= matched; n++) {
      if (rule->has & NOMEM_HAS_NTH && (n < rule->nth.first || n > rule->nth.last)) continue;
      if (rule->has & NOMEM_HAS_EVERY && n % rule->every) continue;
      hits++;
    }
  }
  if (rule->has & NOMEM_HAS_P && !rule->p_billionths) hits = 0;
  if (rule->has & NOMEM_HAS_MAX && hits > rule->max) hits = rule->max;
  MUST(counted_exactly ? faults == hits : faults <= hits);
}

static void check_decisions(const struct nomem_plan *plan, uint64_t random) {
  struct nomem_plan_state state;
  memset(&state, 0, sizeof state);
  for (unsigned i = 0; i < CALLS; i++) {
    struct nomem_plan_state before;
    struct nomem_call call = make_call(plan, &random);
    int first = -1;
    memcpy(&before, &state, sizeof before);
    int rule = nomem__plan_decide(plan, &state, &call);
    for (int r = 0; r < (int)plan->rule_count; r++) {
      uint64_t matches = state.matched[r] - before.matched[r], faults = state.faults[r] - before.faults[r];
      MUST(matches <= 1 && faults <= matches && state.from_open[r] >= before.from_open[r]);
      if (plan->rule[r].has & NOMEM_HAS_FROM && matches) MUST(state.from_open[r]);
      if (!(plan->rule[r].has & NOMEM_HAS_FROM)) MUST(matches == counts(&plan->rule[r], (unsigned)r, &call));
      if (faults && first < 0) first = r;
    }
    MUST(rule == first);
  }
  for (unsigned r = 0; r < NOMEM_PLAN_RULES; r++) {
    if (r < plan->rule_count)
      check_counters(&plan->rule[r], state.matched[r], state.faults[r]);
    else
      MUST(!state.matched[r] && !state.faults[r] && !state.from_open[r]);
  }
}

/* Matches each glob with the input and with itself: without a wildcard it matches only itself. */
static void check_globs(const struct nomem_plan *plan, const char *text) {
  for (unsigned r = 0; r < plan->rule_count; r++) {
    const char *glob = plan->rule[r].in;
    MUST(memchr(glob, '\0', NOMEM_PLAN_NAME_BYTES) && memchr(plan->rule[r].module, '\0', NOMEM_PLAN_NAME_BYTES));
    nomem__glob(glob, text);
    MUST(nomem__glob(glob, glob));
    if (!strpbrk(glob, "*?")) MUST(nomem__glob(glob, text) == !strcmp(glob, text));
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct nomem_plan plan;
  struct nomem_plan_error error;
  uint64_t random = UINT64_C(0x9e3779b97f4a7c15);
  char *text = malloc(size + 1); /* of the exact size, so that the sanitizer notices a byte read too far */
  MUST(text);
  if (size) memcpy(text, data, size);
  text[size] = '\0';
  for (size_t i = 0; i < size; i++) random = (random ^ data[i]) * UINT64_C(0x100000001b3);
  memset(&plan, 0xa5, sizeof plan);
  int result = nomem_plan_parse(text, &plan, &error);
  MUST(result == 0 || result == -EINVAL);
  if (result) {
    check_error(text, &plan, &error);
  } else {
    check_round_trip(text, &plan);
    check_globs(&plan, text);
    if (plan.rule_count) check_decisions(&plan, random | 1);
  }
  free(text);
  return 0;
}
