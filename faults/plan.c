/* SPDX-License-Identifier: MIT */
#include "plan.h"

#include <stdatomic.h>

/* The conditions about the call itself. nth, every and p are about the calls that meet them, max is about the faults.
 */
#define ABOUT_THE_CALL                                                                                            \
  ((uint32_t)(NOMEM_HAS_BUDGET | NOMEM_HAS_SIZE | NOMEM_HAS_FN | NOMEM_HAS_SITE | NOMEM_HAS_FROM | NOMEM_HAS_IN | \
              NOMEM_HAS_MODULE | NOMEM_HAS_THREAD))

/* An array of arrays and not of pointers, so that the injected library has no relocations here. */
static const char fn_names[NOMEM_FN_COUNT][16] = {
#define X(upper, lower) #lower,
    NOMEM_FN_MAP(X)
#undef X
};

const char *nomem_fn_name(unsigned fn) {
  return fn < NOMEM_FN_COUNT ? fn_names[fn] : NULL;
}

static const char hostile_names[NOMEM_HOSTILE_COUNT][8] = {
#define X(upper, name, meaning, effect) name,
    NOMEM_HOSTILE_MAP(X)
#undef X
};

const char *nomem_hostile_name(unsigned number) {
  return number < NOMEM_HOSTILE_COUNT ? hostile_names[number] : NULL;
}

/* Only the last * is ever tried again with more bytes: it can match all that an earlier one could leave to it. */
bool nomem__glob(const char *pattern, const char *name) {
  const char *after_star = NULL, *retry = NULL;
  while (*name) {
    if (*pattern == '*') {
      after_star = ++pattern;
      retry = name;
    } else if (*pattern == '?' || *pattern == *name) {
      pattern++;
      name++;
    } else if (after_star) {
      pattern = after_star;
      name = ++retry;
    } else {
      return false;
    }
  }
  while (*pattern == '*') pattern++;
  return !*pattern;
}

static bool is_in_range(uint64_t value, struct nomem_range range) {
  return value >= range.first && value <= range.last;
}

static bool is_same_site(uint64_t key, const struct nomem_site_match *match) {
  return (key ^ match->key) >> (64 - 4 * match->digits) == 0;
}

static bool thread_matches(const struct nomem_rule *rule, const struct nomem_call *call) {
  if (rule->thread == NOMEM_THREAD_NUMBER) return call->thread == rule->thread_number;
  return call->main_thread == (rule->thread == NOMEM_THREAD_MAIN);
}

/* Whether from= has been reached. The named occurrence opens it; when that one is never seen, because faults were
 * paused or another thread decides it a moment later, the next one does. */
static bool from_is_open(const struct nomem_site_match *from, _Atomic uint32_t *open, const struct nomem_call *call) {
  if (atomic_load_explicit(open, memory_order_relaxed)) return true;
  if (!is_same_site(call->site, from) || call->occurrence < from->occurrence.first) return false;
  atomic_store_explicit(open, 1, memory_order_relaxed);
  return true;
}

/* from= comes first, whatever it costs, because it has to see calls that the rest of the rule does not match. */
static bool call_matches(const struct nomem_plan *plan, unsigned r, struct nomem_plan_state *state,
                         const struct nomem_call *call) {
  const struct nomem_rule *rule = &plan->rule[r];
  uint32_t has = rule->has;
  if (has & NOMEM_HAS_FROM && !from_is_open(&rule->from, &state->from_open[r], call)) return false;
  if (has & NOMEM_HAS_FN && !(rule->fn_mask >> call->fn & 1)) return false;
  if (has & NOMEM_HAS_SIZE && !is_in_range(call->size_bytes, rule->size)) return false;
  if (has & NOMEM_HAS_SITE &&
      !(is_same_site(call->site, &rule->site) && is_in_range(call->occurrence, rule->site.occurrence)))
    return false;
  if (has & NOMEM_HAS_THREAD && !thread_matches(rule, call)) return false;
  if (has & NOMEM_HAS_IN && !(call->in_mask >> r & 1)) return false;
  if (has & NOMEM_HAS_MODULE && !(call->module_mask >> r & 1)) return false;
  if (has & NOMEM_HAS_BUDGET && call->size_bytes <= rule->budget && call->live_bytes <= rule->budget - call->size_bytes)
    return false;
  return true;
}

/* The finaliser of the splitmix64 generator, in whose result every bit depends on every bit of value. */
static uint64_t mix_bits(uint64_t value) {
  value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
  return value ^ value >> 31;
}

/* Returns 0 to 999,999,999, always the same for a seed and a count. The seed is mixed, too, because otherwise the
 * sequences of neighbouring seeds would be shifted copies of each other. A billion times 34 random bits fits in 64. */
static uint64_t draw_billionths(uint64_t seed, uint64_t count) {
  const uint64_t golden = UINT64_C(0x9e3779b97f4a7c15);
  return (mix_bits(mix_bits(seed + golden) + count * golden) >> 30) * UINT64_C(1000000000) >> 34;
}

static bool count_matches(const struct nomem_rule *rule, uint64_t count) {
  if (rule->has & NOMEM_HAS_NTH && !is_in_range(count, rule->nth)) return false;
  if (rule->has & NOMEM_HAS_EVERY && count % rule->every) return false;
  if (rule->has & NOMEM_HAS_P && draw_billionths(rule->seed, count) >= rule->p_billionths) return false;
  return true;
}

static bool claim_fault(const struct nomem_rule *rule, _Atomic uint64_t *faults) {
  uint64_t max = rule->has & NOMEM_HAS_MAX ? rule->max : UINT64_MAX;
  uint64_t before = atomic_load_explicit(faults, memory_order_relaxed);
  do {
    if (before >= max) return false;
  } while (
      !atomic_compare_exchange_weak_explicit(faults, &before, before + 1, memory_order_relaxed, memory_order_relaxed));
  return true;
}

/* Whether the rule is met by a call that meets its conditions about the call itself. */
static bool takes(const struct nomem_plan *plan, unsigned r, struct nomem_plan_state *state) {
  uint64_t count = atomic_fetch_add_explicit(&state->matched[r], 1, memory_order_relaxed) + 1;
  return count_matches(&plan->rule[r], count) && claim_fault(&plan->rule[r], &state->faults[r]);
}

int nomem__plan_decide(const struct nomem_plan *plan, struct nomem_plan_state *state, const struct nomem_call *call) {
  int failed_by = -1;
  for (unsigned r = 0; r < plan->rule_count; r++) {
    uint32_t has = plan->rule[r].has;
    if (has & NOMEM_HAS_HOSTILE || (has & ABOUT_THE_CALL && !call_matches(plan, r, state, call))) continue;
    if (!takes(plan, r, state)) continue;
    if (failed_by < 0) failed_by = (int)r;
  }
  return failed_by;
}

uint32_t nomem__plan_serve(const struct nomem_plan *plan, struct nomem_plan_state *state,
                           const struct nomem_call *call) {
  uint32_t ways = 0;
  for (unsigned r = 0; r < plan->rule_count; r++) {
    uint32_t has = plan->rule[r].has, possible = plan->rule[r].hostile & call->hostile;
    if (!(has & NOMEM_HAS_HOSTILE) || (has & ABOUT_THE_CALL && !call_matches(plan, r, state, call))) continue;
    if (possible != 0 && takes(plan, r, state)) ways |= possible;
  }
  return ways;
}
