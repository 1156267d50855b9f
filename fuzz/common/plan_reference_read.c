/* SPDX-License-Identifier: MIT */
/* The reader: it takes the text apart into words first. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/fuzz.h"
#include "common/plan_reference.h"

enum { NAME_MOST = 95, KEY_LEAST = 4, KEY_MOST = 16, DECIMALS_MOST = 9, QUOTED_MOST = 24 };

/* What is being read: the rest of a word, and whose value it is. */
struct value {
  const char *text, *at, *end;
  const struct reference_condition *condition;
  struct nomem_plan_error *error;
};

static size_t quote(char *out, const char *from, const char *end) {
  size_t length = 0;
  for (; from < end; from++) {
    char printed[5];
    bool plain = (unsigned char)*from >= 0x20 && (unsigned char)*from < 0x7f;
    snprintf(printed, sizeof printed, plain ? "%c" : "\\x%02x", (unsigned char)*from);
    if (length + strlen(printed) > QUOTED_MOST) return length + (size_t)sprintf(out + length, "...");
    length += (size_t)sprintf(out + length, "%s", printed);
  }
  return length;
}

/* Refuses the text at this byte. In the reason @ is the rest of the word, ~ is "write it like" the example. */
static bool refuse(const struct value *v, const char *where, const char *reason) {
  char *out = v->error->reason;
  v->error->column = (size_t)(where - v->text) + 1;
  if (v->condition) out += sprintf(out, "%s: ", v->condition->name);
  for (; *reason; reason++) {
    if (*reason == '@')
      out += quote(out, where, v->end);
    else if (*reason == '~')
      out += sprintf(out, "write it like %s", v->condition->example);
    else
      *out++ = *reason;
  }
  *out = '\0';
  return false;
}

static bool take_number(struct value *v, uint64_t *number) {
  const char *start = v->at;
  unsigned __int128 sum = 0;
  bool fits = true;
  for (; v->at < v->end && isdigit((unsigned char)*v->at); v->at++) {
    sum = sum * 10 + (unsigned)(*v->at - '0');
    if (sum > UINT64_MAX) {
      fits = false;
      sum = UINT64_MAX;
    }
  }
  if (v->at == start) return refuse(v, start, "'@' is not a number: ~");
  if (!fits) return refuse(v, start, "'@' is too large: the most is 18446744073709551615");
  *number = (uint64_t)sum;
  return true;
}

static bool take_count(struct value *v, uint64_t *number) {
  const char *start = v->at;
  if (!take_number(v, number)) return false;
  return *number ? true : refuse(v, start, "counts from 1: ~");
}

static bool take_bytes(struct value *v, uint64_t *number) {
  const char *start = v->at;
  if (!take_number(v, number)) return false;
  static const char units[] = "KMG";
  const char *unit = v->at < v->end ? strchr(units, *v->at) : NULL;
  if (!unit) return true;
  unsigned __int128 bytes = *number;
  for (const char *u = units; u <= unit; u++) bytes *= 1024;
  if (bytes > UINT64_MAX) return refuse(v, start, "'@' is more than 64 bits can count");
  *number = (uint64_t)bytes;
  v->at++;
  return true;
}

static bool take_range(struct value *v, struct nomem_range *range, bool take(struct value *, uint64_t *)) {
  if (!take(v, &range->first)) return false;
  range->last = range->first;
  if (v->end - v->at < 2 || strncmp(v->at, "..", 2) != 0) return true;
  v->at += 2;
  range->last = UINT64_MAX;
  if (v->at == v->end) return true;
  const char *start = v->at;
  if (!take(v, &range->last)) return false;
  return range->last < range->first ? refuse(v, start, "the range ends before it starts: ~") : true;
}

static bool take_chance(struct value *v, uint64_t *billionths) {
  const char *start = v->at;
  char decimals[DECIMALS_MOST + 1] = "000000000";
  uint64_t whole;
  if (!take_number(v, &whole)) return false;
  if (v->at < v->end && *v->at == '.') {
    const char *point = v->at++;
    for (; v->at < v->end && isdigit((unsigned char)*v->at); v->at++) {
      if (v->at - point > DECIMALS_MOST) return refuse(v, v->at, "more than 9 decimals: the least is p=0.000000001");
      decimals[v->at - point - 1] = *v->at;
    }
    if (v->at == point + 1) return refuse(v, point, "'@' has no decimals: ~");
  }
  uint64_t fraction = strtoull(decimals, NULL, 10);
  if (whole > 1 || (whole && fraction)) return refuse(v, start, "'@' is not from 0 to 1: ~");
  *billionths = whole ? 1000000000 : fraction;
  return true;
}

static bool take_functions(struct value *v, uint32_t *mask) {
  for (;;) {
    struct value name = *v;
    while (v->at < v->end && *v->at != ',') v->at++;
    name.end = v->at;
    size_t length = (size_t)(name.end - name.at), fn = 0;
    if (!length) return refuse(&name, name.at, "a name is missing: ~");
    while (fn < NOMEM_FN_COUNT &&
           (strlen(reference_functions[fn]) != length || strncmp(reference_functions[fn], name.at, length) != 0))
      fn++;
    if (fn == NOMEM_FN_COUNT)
      return refuse(&name, name.at,
                    "unknown function '@': one of malloc calloc realloc reallocarray aligned_alloc posix_memalign "
                    "memalign valloc pvalloc new");
    if (*mask >> fn & 1) return refuse(&name, name.at, "'@' is named twice");
    *mask |= UINT32_C(1) << fn;
    if (v->at == v->end) return true;
    v->at++;
  }
}

static bool take_ways(struct value *v, uint32_t *mask) {
  for (;;) {
    struct value name = *v;
    uint32_t meant = 0;
    while (v->at < v->end && *v->at != ',') v->at++;
    name.end = v->at;
    size_t length = (size_t)(name.end - name.at);
    if (!length) return refuse(&name, name.at, "a name is missing: ~");
    for (unsigned way = 0; way < NOMEM_HOSTILE_COUNT; way++)
      if ((length == 3 && !strncmp(name.at, "all", length)) ||
          (strlen(reference_ways[way]) == length && !strncmp(reference_ways[way], name.at, length)))
        meant |= UINT32_C(1) << way;
    if (!meant) return refuse(&name, name.at, "unknown way '@': one of moves fresh freed zero errno align all");
    if (*mask & meant) return refuse(&name, name.at, "'@' is named twice");
    *mask |= meant;
    if (v->at == v->end) return true;
    v->at++;
  }
}

static bool take_key(struct value *v, struct nomem_site_match *match) {
  char digits[KEY_MOST + 1] = "0000000000000000";
  const char *start = v->at;
  for (; v->at < v->end && isxdigit((unsigned char)*v->at); v->at++)
    if (v->at - start < KEY_MOST) digits[v->at - start] = *v->at;
  if (v->at - start < KEY_LEAST || v->at - start > KEY_MOST)
    return refuse(v, start, "'@' does not start with 4 to 16 hexadecimal digits: ~");
  match->digits = (uint32_t)(v->at - start);
  match->key = strtoull(digits, NULL, 16);
  return true;
}

static bool take_site(struct value *v, struct nomem_site_match *match) {
  match->occurrence = (struct nomem_range){1, UINT64_MAX};
  if (!take_key(v, match)) return false;
  if (v->at == v->end || *v->at != '@') return true;
  v->at++;
  return take_range(v, &match->occurrence, take_count);
}

static bool take_from(struct value *v, struct nomem_site_match *match) {
  match->occurrence = (struct nomem_range){1, 1};
  if (!take_key(v, match)) return false;
  if (v->at == v->end || *v->at != '@') return true;
  v->at++;
  if (!take_count(v, &match->occurrence.first)) return false;
  match->occurrence.last = match->occurrence.first;
  return true;
}

static bool take_name(struct value *v, char *name) {
  if (v->end - v->at > NAME_MOST) return refuse(v, v->at, "'@' is longer than 95 bytes: shorten it with *");
  for (; v->at < v->end; v->at++) {
    if (iscntrl((unsigned char)*v->at)) return refuse(v, v->at, "'@' starts with a control character: use ? for it");
    *name++ = *v->at;
  }
  return true;
}

static bool take_thread(struct value *v, struct nomem_rule *rule) {
  size_t length = (size_t)(v->end - v->at);
  rule->thread = NOMEM_THREAD_NUMBER;
  if (length == 4 && !strncmp(v->at, "main", length)) rule->thread = NOMEM_THREAD_MAIN;
  if (length == 5 && !strncmp(v->at, "other", length)) rule->thread = NOMEM_THREAD_OTHER;
  if (rule->thread == NOMEM_THREAD_NUMBER) return take_count(v, &rule->thread_number);
  v->at = v->end;
  return true;
}

static bool take_value(struct value *v, struct nomem_rule *rule) {
  unsigned bit = v->condition->bit;
  if (bit == NOMEM_HAS_NTH) return take_range(v, &rule->nth, take_count);
  if (bit == NOMEM_HAS_EVERY) return take_count(v, &rule->every);
  if (bit == NOMEM_HAS_P) return take_chance(v, &rule->p_billionths);
  if (bit == NOMEM_HAS_SEED) return take_number(v, &rule->seed);
  if (bit == NOMEM_HAS_BUDGET) return take_bytes(v, &rule->budget);
  if (bit == NOMEM_HAS_SIZE) return take_range(v, &rule->size, take_bytes);
  if (bit == NOMEM_HAS_FN) return take_functions(v, &rule->fn_mask);
  if (bit == NOMEM_HAS_SITE) return take_site(v, &rule->site);
  if (bit == NOMEM_HAS_FROM) return take_from(v, &rule->from);
  if (bit == NOMEM_HAS_IN) return take_name(v, rule->in);
  if (bit == NOMEM_HAS_MODULE) return take_name(v, rule->module);
  if (bit == NOMEM_HAS_THREAD) return take_thread(v, rule);
  if (bit == NOMEM_HAS_HOSTILE) return take_ways(v, &rule->hostile);
  return take_count(v, &rule->max);
}

static const struct reference_condition *condition_named(const char *name, size_t length) {
  for (unsigned c = 0; c < REFERENCE_CONDITIONS; c++)
    if (strlen(reference_conditions[c].name) == length && !strncmp(reference_conditions[c].name, name, length))
      return &reference_conditions[c];
  return NULL;
}

/* Reads the word from v->at to v->end. */
static bool take_word(struct value *v, struct nomem_rule *rule) {
  const char *start = v->at, *end = v->end, *equals = memchr(start, '=', (size_t)(end - start));
  v->end = equals ? equals : end;
  v->condition = condition_named(start, (size_t)(v->end - start));
  if (!v->condition)
    return refuse(
        v, start,
        "unknown condition '@': one of nth every p seed budget size fn site from in module thread max hostile");
  if (!equals) return refuse(v, start, "no value: ~");
  if (rule->has & v->condition->bit) return refuse(v, start, "given twice in one rule: a ';' starts another rule");
  rule->has |= v->condition->bit;
  v->at = equals + 1;
  v->end = end;
  if (v->at == end) return refuse(v, end, "no value: ~");
  if (!take_value(v, rule)) return false;
  if (v->at < end) return refuse(v, v->at, "'@' does not belong here: ~");
  v->condition = NULL;
  return true;
}

static bool is_between_words(char byte) {
  return byte == '\0' || byte == ';' || isspace((unsigned char)byte);
}

/* Reads the words up to the ';' or the end. */
static bool take_rule(struct value *v, struct nomem_rule *rule) {
  const char *seed = NULL;
  for (;;) {
    while (isspace((unsigned char)*v->at)) v->at++;
    if (*v->at == '\0' || *v->at == ';') break;
    if (!strncmp(v->at, "seed=", 5)) seed = v->at;
    for (v->end = v->at; !is_between_words(*v->end);) v->end++;
    if (!take_word(v, rule)) return false;
  }
  return !seed || rule->has & NOMEM_HAS_P ? true
                                          : refuse(v, seed, "seed: the rule has no p: write it like p=0.01 seed=42");
}

static bool take_plan(struct value *v, struct nomem_plan *plan) {
  if (!memchr(v->text, '\0', NOMEM_PLAN_BYTES))
    return refuse(v, v->text + NOMEM_PLAN_BYTES - 1, "the plan is longer than 4095 bytes");
  for (;;) {
    while (isspace((unsigned char)*v->at)) v->at++;
    if (!*v->at) return true;
    if (*v->at == ';') return refuse(v, v->at, "an empty rule: write conditions before the ';' or remove it");
    if (plan->rule_count == 64) return refuse(v, v->at, "more than 64 rules");
    if (!take_rule(v, &plan->rule[plan->rule_count])) return false;
    plan->has |= plan->rule[plan->rule_count++].has;
    if (*v->at == ';') v->at++;
  }
}

int reference_parse(const char *text, struct nomem_plan *plan, struct nomem_plan_error *error) {
  struct value v = {.text = text, .at = text, .error = error};
  memset(plan, 0, sizeof *plan);
  if (take_plan(&v, plan)) return 0;
  memset(plan, 0, sizeof *plan);
  return -EINVAL;
}
