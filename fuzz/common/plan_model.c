/* SPDX-License-Identifier: MIT */
#include "common/plan_model.h"

#include <string.h>

static const unsigned bits[8] = {NOMEM_HAS_NTH,  NOMEM_HAS_EVERY,  NOMEM_HAS_MAX,    NOMEM_HAS_FN,
                                 NOMEM_HAS_SIZE, NOMEM_HAS_BUDGET, NOMEM_HAS_THREAD, NOMEM_HAS_IN | NOMEM_HAS_MODULE};

__attribute__((format(printf, 2, 3))) static void print(struct model_plan *plan, const char *format, ...) {
  size_t length = strlen(plan->text);
  va_list arguments;
  va_start(arguments, format);
  int more = vsnprintf(plan->text + length, sizeof plan->text - length, format, arguments);
  va_end(arguments);
  CHECK(more >= 0 && (size_t)more < sizeof plan->text - length, "the plan of this input is too long to write");
}

static void read_counts(struct model_plan *plan, struct model_rule *rule, const uint8_t *bytes) {
  if (rule->has & NOMEM_HAS_NTH) {
    rule->first = 1 + bytes[1] % 16;
    rule->last = bytes[1] & 0x80 ? UINT64_MAX : rule->first + (bytes[1] >> 4 & 7);
    print(plan, " nth=%u", (unsigned)rule->first);
    if (rule->last == UINT64_MAX)
      print(plan, "..");
    else if (rule->last > rule->first)
      print(plan, "..%u", (unsigned)rule->last);
  }
  if (rule->has & NOMEM_HAS_EVERY) {
    rule->every = 1 + bytes[2] % 16;
    print(plan, " every=%u", (unsigned)rule->every);
  }
  if (rule->has & NOMEM_HAS_MAX) {
    rule->max = 1 + bytes[3] % 16;
    print(plan, " max=%u", (unsigned)rule->max);
  }
}

/* The high bits of the bytes for every= and max= choose a chance, so that p= is rare. */
static void read_chance(struct model_plan *plan, struct model_rule *rule, const uint8_t *bytes, bool alone) {
  unsigned choice = bytes[2] >> 5;
  if (!(rule->has & NOMEM_HAS_P)) return;
  if (choice == 7 && alone) {
    rule->chance = MODEL_PERHAPS; /* with more rules it would not be known which of them failed a call */
    print(plan, " p=0.5 seed=%u", bytes[3]);
  } else {
    rule->chance = choice & 1 ? MODEL_NEVER : MODEL_ALWAYS;
    print(plan, rule->chance == MODEL_NEVER ? " p=0" : " p=1");
  }
}

static void read_about_call(struct model_plan *plan, struct model_rule *rule, const uint8_t *bytes) {
  static const struct {
    const char *text;
    unsigned fns;
  } fns[] = {
      {"malloc", 1u << NOMEM_FN_MALLOC},   {"calloc", 1u << NOMEM_FN_CALLOC},
      {"realloc", 1u << NOMEM_FN_REALLOC}, {"malloc,realloc", 1u << NOMEM_FN_MALLOC | 1u << NOMEM_FN_REALLOC},
      {"valloc", 1u << NOMEM_FN_VALLOC},
  };
  if (rule->has & NOMEM_HAS_FN) {
    unsigned choice = bytes[4] % 5;
    rule->fns = fns[choice].fns;
    print(plan, " fn=%s", fns[choice].text);
  }
  if (rule->has & NOMEM_HAS_SIZE) {
    rule->size_first = (uint64_t)bytes[5] * 4;
    rule->size_last = bytes[4] & 0x80 ? UINT64_MAX : rule->size_first + (bytes[4] >> 4 & 7) * UINT64_C(64);
    print(plan, " size=%u", (unsigned)rule->size_first);
    if (rule->size_last == UINT64_MAX)
      print(plan, "..");
    else if (rule->size_last > rule->size_first)
      print(plan, "..%u", (unsigned)rule->size_last);
  }
  if (rule->has & NOMEM_HAS_BUDGET) {
    rule->budget = (uint64_t)bytes[6] * 16;
    print(plan, " budget=%u", (unsigned)rule->budget);
  }
}

static void read_where(struct model_plan *plan, struct model_rule *rule, const uint8_t *bytes) {
  unsigned thread = bytes[7] & 7, where = bytes[7] >> 3;
  if (rule->has & NOMEM_HAS_THREAD) {
    rule->thread = thread == 0 ? NOMEM_THREAD_MAIN : thread == 1 ? NOMEM_THREAD_OTHER : NOMEM_THREAD_NUMBER;
    rule->thread_number = thread - 1u;
    if (rule->thread == NOMEM_THREAD_NUMBER)
      print(plan, " thread=%u", (unsigned)rule->thread_number);
    else
      print(plan, thread == 0 ? " thread=main" : " thread=other");
  }
  if (rule->has & NOMEM_HAS_IN) {
    rule->caller = where & 1 ? MODEL_BLUE : MODEL_RED;
    rule->in_matches_nothing = (where & 6) == 6;
    print(plan, rule->in_matches_nothing     ? " in=from_nowhere"
                : rule->caller == MODEL_BLUE ? " in=from_b?ue"
                                             : " in=from_r*d");
  }
  if (rule->has & NOMEM_HAS_MODULE) {
    rule->module_matches = !(where & 8);
    print(plan, rule->module_matches ? " module=*" : " module=libnone.so*");
  }
}

static void read_rule(struct fuzz_input *input, unsigned allowed, struct model_plan *plan, bool alone) {
  uint8_t bytes[MODEL_RULE_BYTES] = {0};
  for (unsigned i = 0; i < sizeof bytes; i++) bytes[i] = fuzz_byte(input);
  struct model_rule *rule = &plan->rule[plan->rule_count++];
  for (unsigned b = 0; b < 8; b++)
    if (bytes[0] >> b & 1) rule->has |= bits[b];
  /* One bit has p take the place of every, another chooses between in and module. */
  if (rule->has & NOMEM_HAS_EVERY && bytes[2] & 0x10) rule->has ^= NOMEM_HAS_EVERY | NOMEM_HAS_P;
  if (rule->has & NOMEM_HAS_IN) rule->has &= ~(bytes[7] & 0x80 ? (unsigned)NOMEM_HAS_IN : (unsigned)NOMEM_HAS_MODULE);
  rule->has &= allowed;
  if (rule->has == 0) rule->has = NOMEM_HAS_NTH; /* a rule needs a condition */
  if (plan->rule_count > 1) print(plan, ";");
  read_counts(plan, rule, bytes);
  read_chance(plan, rule, bytes, alone);
  read_about_call(plan, rule, bytes);
  read_where(plan, rule, bytes);
  plan->has |= rule->has;
}

void model_read(struct fuzz_input *input, unsigned allowed, struct model_plan *plan) {
  *plan = (struct model_plan){0};
  struct fuzz_input behind = *input;
  behind.at += behind.end - behind.at < MODEL_PLAN_BYTES ? behind.end - behind.at : MODEL_PLAN_BYTES;
  unsigned rules = fuzz_byte(input) % (MODEL_RULES + 1);
  for (unsigned r = 0; r < rules; r++) read_rule(input, allowed, plan, rules == 1);
  *input = behind;
}

bool model_matches(const struct model_rule *rule, const struct model_call *call) {
  uint64_t live = call->live > 0 ? (uint64_t)call->live : 0;
  bool main_thread = call->thread == 1;
  if (rule->has & NOMEM_HAS_FN && !(rule->fns & 1u << call->fn)) return false;
  if (rule->has & NOMEM_HAS_SIZE && (call->size < rule->size_first || call->size > rule->size_last)) return false;
  if (rule->has & NOMEM_HAS_BUDGET && call->size < UINT64_MAX - live && call->size + live <= rule->budget) return false;
  if (rule->has & NOMEM_HAS_THREAD) {
    if (rule->thread == NOMEM_THREAD_MAIN && !main_thread) return false;
    if (rule->thread == NOMEM_THREAD_OTHER && main_thread) return false;
    if (rule->thread == NOMEM_THREAD_NUMBER && call->thread != rule->thread_number) return false;
  }
  if (rule->has & NOMEM_HAS_IN && (rule->in_matches_nothing || call->caller != rule->caller)) return false;
  if (rule->has & NOMEM_HAS_MODULE && !rule->module_matches) return false;
  return true;
}

static bool counts(const struct model_rule *rule, uint64_t n) {
  if (rule->has & NOMEM_HAS_NTH && (n < rule->first || n > rule->last)) return false;
  if (rule->has & NOMEM_HAS_EVERY && n % rule->every != 0) return false;
  return !(rule->has & NOMEM_HAS_P && rule->chance == MODEL_NEVER);
}

enum model_answer model_decide(struct model_plan *plan, const struct model_call *call) {
  enum model_answer answer = MODEL_PASSES;
  for (unsigned r = 0; r < plan->rule_count; r++) {
    struct model_rule *rule = &plan->rule[r];
    if (!model_matches(rule, call)) continue;
    rule->matched++;
    if (!counts(rule, rule->matched)) continue;
    if (rule->has & NOMEM_HAS_MAX && rule->faults == rule->max) continue;
    if (rule->has & NOMEM_HAS_P && rule->chance == MODEL_PERHAPS) return MODEL_EITHER;
    rule->faults++;
    answer = MODEL_FAILS;
  }
  return answer;
}

void model_observe(struct model_plan *plan, bool failed) {
  if (failed) plan->rule[0].faults++;
}

uint64_t model_faults_of(const struct model_rule *rule, uint64_t matched) {
  uint64_t faults = 0;
  for (uint64_t n = 1; n <= matched; n++) faults += counts(rule, n);
  return rule->has & NOMEM_HAS_MAX && faults > rule->max ? rule->max : faults;
}
