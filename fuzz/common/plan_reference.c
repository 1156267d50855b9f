/* SPDX-License-Identifier: MIT */
#include "common/plan_reference.h"

#include <inttypes.h>
#include <string.h>

#include "common/fuzz.h"

const struct reference_condition reference_conditions[REFERENCE_CONDITIONS] = {
    {NOMEM_HAS_NTH, "nth", "nth=3 or nth=3..5"},
    {NOMEM_HAS_EVERY, "every", "every=7"},
    {NOMEM_HAS_P, "p", "p=0.01"},
    {NOMEM_HAS_SEED, "seed", "p=0.01 seed=42"},
    {NOMEM_HAS_BUDGET, "budget", "budget=64K"},
    {NOMEM_HAS_SIZE, "size", "size=4096.. or size=1..64"},
    {NOMEM_HAS_FN, "fn", "fn=realloc,calloc"},
    {NOMEM_HAS_SITE, "site", "site=9f3a2c11 or site=9f3a2c11@2"},
    {NOMEM_HAS_FROM, "from", "from=9f3a2c11@2"},
    {NOMEM_HAS_IN, "in", "in=uv_loop_init"},
    {NOMEM_HAS_MODULE, "module", "module=libuv.so*"},
    {NOMEM_HAS_THREAD, "thread", "thread=main, thread=other or thread=2"},
    {NOMEM_HAS_MAX, "max", "max=3"},
    {NOMEM_HAS_HOSTILE, "hostile", "hostile=moves,fresh or hostile=all"},
};

const char *const reference_functions[NOMEM_FN_COUNT] = {
    "malloc",         "calloc",   "realloc", "reallocarray", "aligned_alloc",
    "posix_memalign", "memalign", "valloc",  "pvalloc",      "new"};

const char *const reference_ways[NOMEM_HOSTILE_COUNT] = {"moves", "fresh", "freed", "zero", "errno", "align"};

static char *add_text(char *at, const char *text) {
  size_t length = strlen(text);
  memcpy(at, text, length + 1);
  return at + length;
}

static char *add_number(char *at, uint64_t value) {
  return at + sprintf(at, "%" PRIu64, value);
}

static char *add_bytes(char *at, uint64_t value) {
  static const char units[] = "\0KMG";
  unsigned unit = 0;
  while (value && unit < 3 && value % 1024 == 0) value /= 1024, unit++;
  return at + sprintf(at, "%" PRIu64 "%.1s", value, &units[unit]);
}

static char *add_range(char *at, struct nomem_range range, char *add(char *, uint64_t)) {
  at = add(at, range.first);
  if (range.first == range.last) return at;
  at = add_text(at, "..");
  return range.last == UINT64_MAX ? at : add(at, range.last);
}

static char *add_chance(char *at, uint64_t billionths) {
  at += sprintf(at, "%" PRIu64 ".%09" PRIu64, billionths / 1000000000, billionths % 1000000000);
  while (at[-1] == '0') at--;
  if (at[-1] == '.') at--;
  *at = '\0';
  return at;
}

static char *add_functions(char *at, unsigned mask) {
  for (unsigned fn = 0, written = 0; fn < NOMEM_FN_COUNT; fn++)
    if (mask >> fn & 1) at = add_text(add_text(at, written++ ? "," : ""), reference_functions[fn]);
  return at;
}

static char *add_ways(char *at, unsigned mask) {
  unsigned left_out = 0;
  for (unsigned way = 0; way < NOMEM_HOSTILE_COUNT; way++) left_out += !(mask >> way & 1);
  if (left_out == 0) return add_text(at, "all");
  for (unsigned way = 0, written = 0; way < NOMEM_HOSTILE_COUNT; way++)
    if (mask >> way & 1) at = add_text(add_text(at, written++ ? "," : ""), reference_ways[way]);
  return at;
}

static char *add_key(char *at, const struct nomem_site_match *match) {
  sprintf(at, "%016" PRIx64, match->key);
  at[match->digits] = '\0';
  return at + match->digits;
}

static char *add_site(char *at, const struct nomem_site_match *match) {
  at = add_key(at, match);
  if (match->occurrence.first == 1 && match->occurrence.last == UINT64_MAX) return at;
  return add_range(add_text(at, "@"), match->occurrence, add_number);
}

static char *add_from(char *at, const struct nomem_site_match *match) {
  at = add_key(at, match);
  return match->occurrence.first == 1 ? at : add_number(add_text(at, "@"), match->occurrence.first);
}

static char *add_thread(char *at, const struct nomem_rule *rule) {
  if (rule->thread == NOMEM_THREAD_NUMBER) return add_number(at, rule->thread_number);
  return add_text(at, rule->thread == NOMEM_THREAD_MAIN ? "main" : "other");
}

static char *add_value(char *at, unsigned bit, const struct nomem_rule *rule) {
  if (bit == NOMEM_HAS_NTH) return add_range(at, rule->nth, add_number);
  if (bit == NOMEM_HAS_EVERY) return add_number(at, rule->every);
  if (bit == NOMEM_HAS_P) return add_chance(at, rule->p_billionths);
  if (bit == NOMEM_HAS_SEED) return add_number(at, rule->seed);
  if (bit == NOMEM_HAS_BUDGET) return add_bytes(at, rule->budget);
  if (bit == NOMEM_HAS_SIZE) return add_range(at, rule->size, add_bytes);
  if (bit == NOMEM_HAS_FN) return add_functions(at, rule->fn_mask);
  if (bit == NOMEM_HAS_SITE) return add_site(at, &rule->site);
  if (bit == NOMEM_HAS_FROM) return add_from(at, &rule->from);
  if (bit == NOMEM_HAS_IN) return add_text(at, rule->in);
  if (bit == NOMEM_HAS_MODULE) return add_text(at, rule->module);
  if (bit == NOMEM_HAS_THREAD) return add_thread(at, rule);
  if (bit == NOMEM_HAS_HOSTILE) return add_ways(at, rule->hostile);
  return add_number(at, rule->max);
}

size_t reference_print(const struct nomem_plan *plan, char out[NOMEM_PLAN_BYTES]) {
  char *at = out;
  *at = '\0';
  for (unsigned r = 0; r < plan->rule_count; r++) {
    const char *between = r ? ";" : "";
    for (unsigned c = 0; c < REFERENCE_CONDITIONS; c++) {
      if (!(plan->rule[r].has & reference_conditions[c].bit)) continue;
      at = add_text(add_text(add_text(at, between), reference_conditions[c].name), "=");
      at = add_value(at, reference_conditions[c].bit, &plan->rule[r]);
      between = " ";
    }
  }
  return (size_t)(at - out);
}

/* Row i of the table: whether the first i bytes of the pattern match the first j bytes of the name. */
FUZZ_FAST bool reference_glob(const char *pattern, const char *name) {
  size_t length = strlen(name);
  bool *row = calloc(length + 1, 1), result;
  CHECK(row, "no memory for the reference");
  row[0] = true;
  for (; *pattern; pattern++) {
    bool before = row[0]; /* of the row above, one to the left */
    row[0] = row[0] && *pattern == '*';
    for (size_t j = 1; j <= length; j++) {
      bool above = row[j];
      row[j] = *pattern == '*' ? above || row[j - 1] : before && (*pattern == '?' || *pattern == name[j - 1]);
      before = above;
    }
  }
  result = row[length];
  free(row);
  return result;
}

static bool within(uint64_t value, struct nomem_range range) {
  return !(value < range.first) && !(value > range.last);
}

static bool has_key(const struct nomem_site_match *match, uint64_t key) {
  char whole[17], start[17];
  snprintf(whole, sizeof whole, "%016" PRIx64, key);
  snprintf(start, sizeof start, "%016" PRIx64, match->key);
  return !memcmp(whole, start, match->digits);
}

static bool is_from_open(const struct nomem_rule *rule, bool *open, const struct nomem_call *call) {
  if (has_key(&rule->from, call->site) && call->occurrence >= rule->from.occurrence.first) *open = true;
  return *open;
}

static bool has_thread(const struct nomem_rule *rule, const struct nomem_call *call) {
  if (rule->thread == NOMEM_THREAD_MAIN) return call->main_thread;
  if (rule->thread == NOMEM_THREAD_OTHER) return !call->main_thread;
  return rule->thread_number == call->thread;
}

static bool exceeds(uint64_t budget, const struct nomem_call *call) {
  return (unsigned __int128)call->live_bytes + call->size_bytes > budget;
}

/* Whether the rule counts the call: all conditions but nth, every, p and max. */
static bool counts(const struct nomem_rule *rule, unsigned r, bool *open, const struct nomem_call *call) {
  unsigned has = rule->has;
  bool from = !(has & NOMEM_HAS_FROM) || is_from_open(rule, open, call);
  return from && (!(has & NOMEM_HAS_FN) || (rule->fn_mask >> call->fn) % 2) &&
         (!(has & NOMEM_HAS_SIZE) || within(call->size_bytes, rule->size)) &&
         (!(has & NOMEM_HAS_SITE) ||
          (has_key(&rule->site, call->site) && within(call->occurrence, rule->site.occurrence))) &&
         (!(has & NOMEM_HAS_IN) || (call->in_mask >> r) % 2) &&
         (!(has & NOMEM_HAS_MODULE) || (call->module_mask >> r) % 2) &&
         (!(has & NOMEM_HAS_THREAD) || has_thread(rule, call)) &&
         (!(has & NOMEM_HAS_BUDGET) || exceeds(rule->budget, call));
}

FUZZ_FAST static uint64_t mix(uint64_t z) {
  z ^= z >> 30;
  z *= UINT64_C(0xbf58476d1ce4e5b9);
  z ^= z >> 27;
  z *= UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

FUZZ_FAST static bool is_drawn(uint64_t seed, uint64_t n, uint64_t billionths) {
  const uint64_t g = UINT64_C(0x9e3779b97f4a7c15);
  uint64_t upper = mix(mix(seed + g) + n * g) >> 30;
  return (unsigned __int128)upper * 1000000000 < (unsigned __int128)billionths << 34;
}

/* Counts a call that the rule counts, and says whether it is one of those that the rule names. */
static bool is_named(const struct nomem_rule *rule, unsigned r, struct reference_state *state) {
  uint64_t n = ++state->matched[r];
  bool is_it = (!(rule->has & NOMEM_HAS_NTH) || within(n, rule->nth)) &&
               (!(rule->has & NOMEM_HAS_EVERY) || n / rule->every * rule->every == n) &&
               (!(rule->has & NOMEM_HAS_P) || is_drawn(rule->seed, n, rule->p_billionths)) &&
               (!(rule->has & NOMEM_HAS_MAX) || state->faults[r] < rule->max);
  state->faults[r] += is_it;
  return is_it;
}

int reference_decide(const struct nomem_plan *plan, struct reference_state *state, const struct nomem_call *call) {
  int first = -1;
  for (unsigned r = plan->rule_count; r-- > 0;) {
    const struct nomem_rule *rule = &plan->rule[r];
    if (rule->has & NOMEM_HAS_HOSTILE || !counts(rule, r, &state->from_open[r], call)) continue;
    if (is_named(rule, r, state)) first = (int)r;
  }
  return first;
}

uint32_t reference_serve(const struct nomem_plan *plan, struct reference_state *state, const struct nomem_call *call) {
  bool is_served[NOMEM_HOSTILE_COUNT] = {false};
  uint32_t ways = 0;
  for (unsigned r = plan->rule_count; r-- > 0;) {
    const struct nomem_rule *rule = &plan->rule[r];
    bool applies = false;
    if (!(rule->has & NOMEM_HAS_HOSTILE) || !counts(rule, r, &state->from_open[r], call)) continue;
    for (unsigned way = 0; way < NOMEM_HOSTILE_COUNT; way++)
      applies |= (rule->hostile >> way & 1) && (call->hostile >> way & 1);
    if (!applies || !is_named(rule, r, state)) continue;
    for (unsigned way = 0; way < NOMEM_HOSTILE_COUNT; way++)
      is_served[way] |= (rule->hostile >> way & 1) && (call->hostile >> way & 1);
  }
  for (unsigned way = 0; way < NOMEM_HOSTILE_COUNT; way++) ways += is_served[way] ? 1u << way : 0;
  return ways;
}
