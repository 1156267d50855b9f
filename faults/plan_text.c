/* SPDX-License-Identifier: MIT */
/* The text of a plan: to and from struct nomem_plan. */
#include "plan.h"

#include <errno.h>
#include <string.h>

#include "plan_words.h"

#define BILLION UINT64_C(1000000000)

/* Bytes of the user's text that a reason repeats: the longest reason still fits whole. */
#define QUOTE_BYTES 24

/* Arrays of arrays, not of pointers: the injected library then has no relocations here. */
struct condition {
  uint32_t bit;
  char name[8];
  char example[40];
};

static const struct condition conditions[] = {
#define X(upper, lower, example) {NOMEM_HAS_##upper, #lower, example},
    NOMEM_CONDITION_MAP(X)
#undef X
};

#define CONDITION_COUNT (sizeof conditions / sizeof conditions[0])

static const struct {
  char suffix;
  unsigned shift;
} byte_units[] = {{'G', 30}, {'M', 20}, {'K', 10}};

#define BYTE_UNIT_COUNT (sizeof byte_units / sizeof byte_units[0])

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
_Static_assert(NOMEM_PLAN_BYTES == 4096 && NOMEM_PLAN_NAME_BYTES == 96, "reasons below name these limits");

/* Text of bounded size; length is what it would have been without the bound. */
struct writer {
  char *text;
  size_t size, length;
};

static void put_byte(struct writer *w, char byte) {
  if (w->length + 1 < w->size) w->text[w->length] = byte;
  w->length++;
}

static void put_text(struct writer *w, const char *text) {
  while (*text) put_byte(w, *text++);
}

static void put_end(struct writer *w) {
  if (w->size) w->text[w->length < w->size ? w->length : w->size - 1] = '\0';
}

static void put_number(struct writer *w, uint64_t value) {
  char digits[20]; /* of UINT64_MAX */
  size_t at = sizeof digits;
  do {
    digits[--at] = (char)('0' + value % 10);
    value /= 10;
  } while (value);
  while (at < sizeof digits) put_byte(w, digits[at++]);
}

static void put_bytes(struct writer *w, uint64_t value) {
  for (size_t u = 0; value && u < BYTE_UNIT_COUNT; u++) {
    if (value & ((UINT64_C(1) << byte_units[u].shift) - 1)) continue;
    put_number(w, value >> byte_units[u].shift);
    put_byte(w, byte_units[u].suffix);
    return;
  }
  put_number(w, value);
}

static void put_range(struct writer *w, struct nomem_range range, void put(struct writer *, uint64_t)) {
  put(w, range.first);
  if (range.last == range.first) return;
  put_text(w, "..");
  if (range.last != UINT64_MAX) put(w, range.last);
}

static void put_hex(struct writer *w, uint64_t value, unsigned digits) {
  while (digits--) put_byte(w, "0123456789abcdef"[value >> (4 * digits) & 15]);
}

/* The user's bytes may hold anything, and errors go to terminals and logs. */
static void put_quoted(struct writer *w, const char *text, size_t bytes) {
  size_t limit = w->length + QUOTE_BYTES;
  for (size_t i = 0; i < bytes; i++) {
    unsigned char byte = (unsigned char)text[i];
    bool printable = byte >= ' ' && byte <= '~';
    if (w->length + (printable ? 1 : 4) > limit) {
      put_text(w, "...");
      return;
    }
    if (printable) {
      put_byte(w, (char)byte);
    } else {
      put_text(w, "\\x");
      put_hex(w, byte, 2);
    }
  }
}

struct reader {
  const char *text;
  size_t at;                         /* the next byte */
  size_t end;                        /* of the word being read */
  const struct condition *condition; /* whose word it is; NULL outside of one */
  size_t seed_at;
  struct nomem_plan_error *error; /* NULL: nobody asks why */
};

/* In pattern, % is the text from at to the end of the word and $ the condition's example. Returns false. */
static bool refuse(struct reader *r, size_t at, const char *pattern) {
  if (!r->error) return false;
  struct writer w = {r->error->reason, sizeof r->error->reason, 0};
  if (r->condition) {
    put_text(&w, r->condition->name);
    put_text(&w, ": ");
  }
  for (; *pattern; pattern++) {
    if (*pattern == '%') {
      put_quoted(&w, r->text + at, r->end - at);
    } else if (*pattern == '$') {
      put_text(&w, r->condition->example);
    } else {
      put_byte(&w, *pattern);
    }
  }
  put_end(&w);
  r->error->column = at + 1;
  return false;
}

static bool is_space(char byte) {
  return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static bool ends_word(char byte) {
  return byte == '\0' || byte == ';' || is_space(byte);
}

static bool same_text(const char *text, size_t bytes, const char *other) {
  return strlen(other) == bytes && !memcmp(text, other, bytes);
}

static bool next_is(const struct reader *r, char byte) {
  return r->at < r->end && r->text[r->at] == byte;
}

/* 0 to 9, or -1 at the end of the word and at any other byte. */
static int next_digit(const struct reader *r) {
  if (r->at == r->end || r->text[r->at] < '0' || r->text[r->at] > '9') return -1;
  return r->text[r->at] - '0';
}

static bool read_number(struct reader *r, uint64_t *value) {
  size_t start = r->at;
  int digit;
  *value = 0;
  for (; (digit = next_digit(r)) >= 0; r->at++) {
    if (*value > (UINT64_MAX - (uint64_t)digit) / 10) {
      return refuse(r, start, "'%' is too large: the most is 18446744073709551615");
    }
    *value = *value * 10 + (uint64_t)digit;
  }
  return r->at > start || refuse(r, start, "'%' is not a number: write it like $");
}

static bool read_count(struct reader *r, uint64_t *value) {
  size_t start = r->at;
  return read_number(r, value) && (*value || refuse(r, start, "counts from 1: write it like $"));
}

static bool read_bytes(struct reader *r, uint64_t *value) {
  size_t start = r->at;
  if (!read_number(r, value)) return false;
  for (size_t u = 0; u < BYTE_UNIT_COUNT; u++) {
    if (!next_is(r, byte_units[u].suffix)) continue;
    if (*value > UINT64_MAX >> byte_units[u].shift) return refuse(r, start, "'%' is more than 64 bits can count");
    *value <<= byte_units[u].shift;
    r->at++;
    break;
  }
  return true;
}

static bool read_range(struct reader *r, struct nomem_range *range, bool read(struct reader *, uint64_t *)) {
  if (!read(r, &range->first)) return false;
  range->last = range->first;
  if (!next_is(r, '.') || r->text[r->at + 1] != '.') return true;
  r->at += 2;
  if (r->at == r->end) {
    range->last = UINT64_MAX;
    return true;
  }
  size_t start = r->at;
  if (!read(r, &range->last)) return false;
  return range->last >= range->first || refuse(r, start, "the range ends before it starts: write it like $");
}

static bool read_p(struct reader *r, struct nomem_rule *rule) {
  size_t start = r->at;
  uint64_t whole, fraction = 0, scale = BILLION;
  if (!read_number(r, &whole)) return false;
  if (next_is(r, '.')) {
    size_t dot = r->at++;
    for (int digit; (digit = next_digit(r)) >= 0; r->at++) {
      if (scale == 1) return refuse(r, r->at, "more than 9 decimals: the least is p=0.000000001");
      scale /= 10;
      fraction += (uint64_t)digit * scale;
    }
    if (r->at == dot + 1) return refuse(r, dot, "'%' has no decimals: write it like $");
  }
  if (whole > 1 || (whole == 1 && fraction)) return refuse(r, start, "'%' is not from 0 to 1: write it like $");
  rule->p_billionths = whole * BILLION + fraction;
  return true;
}

static bool read_fn(struct reader *r, struct nomem_rule *rule) {
  size_t word_end = r->end;
  for (;; r->at++) {
    size_t start = r->at;
    while (r->at < word_end && r->text[r->at] != ',') r->at++;
    r->end = r->at;
    unsigned fn = 0;
    size_t bytes = r->end - start;
    if (!bytes) return refuse(r, start, "a name is missing: write it like $");
    while (fn < NOMEM_FN_COUNT && !same_text(r->text + start, bytes, nomem_fn_name(fn))) fn++;
#define X(upper, lower) " " #lower
    if (fn == NOMEM_FN_COUNT) return refuse(r, start, "unknown function '%': one of" NOMEM_FN_MAP(X));
#undef X
    if (rule->fn_mask & 1u << fn) return refuse(r, start, "'%' is named twice");
    rule->fn_mask |= 1u << fn;
    r->end = word_end;
    if (r->at == word_end) return true;
  }
}

static bool read_key(struct reader *r, struct nomem_site_match *match) {
  size_t start = r->at;
  for (; r->at < r->end; r->at++) {
    char byte = r->text[r->at];
    int digit = next_digit(r);
    if (byte >= 'a' && byte <= 'f') digit = byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F') digit = byte - 'A' + 10;
    if (digit < 0) break;
    match->key = match->key << 4 | (uint64_t)digit;
    match->digits++;
  }
  if (match->digits < NOMEM_SITE_DIGITS_MIN || match->digits > NOMEM_SITE_DIGITS_MAX) {
    return refuse(r, start, "'%' does not start with 4 to 16 hexadecimal digits: write it like $");
  }
  match->key <<= 4 * (NOMEM_SITE_DIGITS_MAX - match->digits);
  return true;
}

static bool read_site(struct reader *r, struct nomem_rule *rule) {
  rule->site.occurrence.first = 1;
  rule->site.occurrence.last = UINT64_MAX;
  if (!read_key(r, &rule->site)) return false;
  if (!next_is(r, '@')) return true;
  r->at++;
  return read_range(r, &rule->site.occurrence, read_count);
}

static bool read_from(struct reader *r, struct nomem_rule *rule) {
  uint64_t occurrence = 1;
  if (!read_key(r, &rule->from)) return false;
  if (next_is(r, '@')) {
    r->at++;
    if (!read_count(r, &occurrence)) return false;
  }
  rule->from.occurrence.first = rule->from.occurrence.last = occurrence;
  return true;
}

static bool read_name(struct reader *r, char name[NOMEM_PLAN_NAME_BYTES]) {
  size_t bytes = r->end - r->at;
  if (bytes >= NOMEM_PLAN_NAME_BYTES) return refuse(r, r->at, "'%' is longer than 95 bytes: shorten it with *");
  for (size_t i = 0; i < bytes; i++, r->at++) {
    unsigned char byte = (unsigned char)r->text[r->at];
    if (byte < ' ' || byte == 0x7f) return refuse(r, r->at, "'%' starts with a control character: use ? for it");
    name[i] = (char)byte;
  }
  return true;
}

/* The rest of the word is exactly text: step over it. */
static bool read_exactly(struct reader *r, const char *text) {
  if (!same_text(r->text + r->at, r->end - r->at, text)) return false;
  r->at = r->end;
  return true;
}

static bool read_thread(struct reader *r, struct nomem_rule *rule) {
  rule->thread = NOMEM_THREAD_MAIN;
  if (read_exactly(r, "main")) return true;
  rule->thread = NOMEM_THREAD_OTHER;
  if (read_exactly(r, "other")) return true;
  rule->thread = NOMEM_THREAD_NUMBER;
  return read_count(r, &rule->thread_number);
}

static bool read_value(struct reader *r, struct nomem_rule *rule) {
  switch (r->condition->bit) {
    case NOMEM_HAS_NTH:
      return read_range(r, &rule->nth, read_count);
    case NOMEM_HAS_EVERY:
      return read_count(r, &rule->every);
    case NOMEM_HAS_P:
      return read_p(r, rule);
    case NOMEM_HAS_SEED:
      return read_number(r, &rule->seed);
    case NOMEM_HAS_BUDGET:
      return read_bytes(r, &rule->budget);
    case NOMEM_HAS_SIZE:
      return read_range(r, &rule->size, read_bytes);
    case NOMEM_HAS_FN:
      return read_fn(r, rule);
    case NOMEM_HAS_SITE:
      return read_site(r, rule);
    case NOMEM_HAS_FROM:
      return read_from(r, rule);
    case NOMEM_HAS_IN:
      return read_name(r, rule->in);
    case NOMEM_HAS_MODULE:
      return read_name(r, rule->module);
    case NOMEM_HAS_THREAD:
      return read_thread(r, rule);
    default:
      return read_count(r, &rule->max);
  }
}

static const struct condition *find_condition(const char *name, size_t bytes) {
  for (size_t c = 0; c < CONDITION_COUNT; c++) {
    if (same_text(name, bytes, conditions[c].name)) return &conditions[c];
  }
  return NULL;
}

static bool read_condition(struct reader *r, struct nomem_rule *rule) {
  size_t start = r->at;
  while (!ends_word(r->text[r->at]) && r->text[r->at] != '=') r->at++;
  r->end = r->at;
  r->condition = find_condition(r->text + start, r->end - start);
#define X(upper, lower, example) " " #lower
  if (!r->condition) return refuse(r, start, "unknown condition '%': one of" NOMEM_CONDITION_MAP(X));
#undef X
  if (r->text[r->at] != '=') return refuse(r, start, "no value: write it like $");
  if (rule->has & r->condition->bit) return refuse(r, start, "given twice in one rule: a ';' starts another rule");
  if (r->condition->bit == NOMEM_HAS_SEED) r->seed_at = start;
  rule->has |= r->condition->bit;
  r->at++;
  for (r->end = r->at; !ends_word(r->text[r->end]);) r->end++;
  if (r->at == r->end) return refuse(r, r->at, "no value: write it like $");
  if (!read_value(r, rule)) return false;
  if (r->at < r->end) return refuse(r, r->at, "'%' does not belong here: write it like $");
  r->condition = NULL;
  return true;
}

static void skip_space(struct reader *r) {
  while (is_space(r->text[r->at])) r->at++;
}

/* Up to the ';' or the end. */
static bool read_rule(struct reader *r, struct nomem_rule *rule) {
  do {
    if (!read_condition(r, rule)) return false;
    skip_space(r);
  } while (!ends_word(r->text[r->at]));
  if ((rule->has & (NOMEM_HAS_SEED | NOMEM_HAS_P)) == NOMEM_HAS_SEED) {
    return refuse(r, r->seed_at, "seed: the rule has no p: write it like p=0.01 seed=42");
  }
  return true;
}

static bool read_plan(struct reader *r, struct nomem_plan *plan) {
  r->end = strnlen(r->text, NOMEM_PLAN_BYTES);
  if (r->end == NOMEM_PLAN_BYTES) return refuse(r, r->end - 1, "the plan is longer than 4095 bytes");
  for (skip_space(r); r->text[r->at]; skip_space(r)) {
    if (r->text[r->at] == ';') return refuse(r, r->at, "an empty rule: write conditions before the ';' or remove it");
    if (plan->rule_count == NOMEM_PLAN_RULES) return refuse(r, r->at, "more than " TEXT(NOMEM_PLAN_RULES) " rules");
    struct nomem_rule *rule = &plan->rule[plan->rule_count++];
    if (!read_rule(r, rule)) return false;
    plan->has |= rule->has;
    if (r->text[r->at] == ';') r->at++;
  }
  return true;
}

int nomem_plan_parse(const char *text, struct nomem_plan *plan, struct nomem_plan_error *error) {
  struct reader r = {.text = text, .error = error};
  memset(plan, 0, sizeof *plan);
  if (read_plan(&r, plan)) return 0;
  memset(plan, 0, sizeof *plan);
  return -EINVAL;
}

static void put_p(struct writer *w, uint64_t billionths) {
  put_number(w, billionths / BILLION);
  uint64_t fraction = billionths % BILLION;
  if (!fraction) return;
  put_byte(w, '.');
  for (uint64_t scale = BILLION / 10; fraction; scale /= 10) {
    put_byte(w, (char)('0' + fraction / scale));
    fraction %= scale;
  }
}

static void put_site(struct writer *w, const struct nomem_site_match *match) {
  put_hex(w, match->key >> 4 * (NOMEM_SITE_DIGITS_MAX - match->digits), match->digits);
}

static void put_value(struct writer *w, uint32_t bit, const struct nomem_rule *rule) {
  switch (bit) {
    case NOMEM_HAS_NTH:
      put_range(w, rule->nth, put_number);
      break;
    case NOMEM_HAS_EVERY:
      put_number(w, rule->every);
      break;
    case NOMEM_HAS_P:
      put_p(w, rule->p_billionths);
      break;
    case NOMEM_HAS_SEED:
      put_number(w, rule->seed);
      break;
    case NOMEM_HAS_BUDGET:
      put_bytes(w, rule->budget);
      break;
    case NOMEM_HAS_SIZE:
      put_range(w, rule->size, put_bytes);
      break;
    case NOMEM_HAS_FN:
      for (unsigned fn = 0, rest = rule->fn_mask; fn < NOMEM_FN_COUNT; fn++) {
        if (!(rest & 1u << fn)) continue;
        put_text(w, nomem_fn_name(fn));
        rest &= ~(1u << fn);
        if (rest) put_byte(w, ',');
      }
      break;
    case NOMEM_HAS_SITE:
      put_site(w, &rule->site);
      if (rule->site.occurrence.first == 1 && rule->site.occurrence.last == UINT64_MAX) break;
      put_byte(w, '@');
      put_range(w, rule->site.occurrence, put_number);
      break;
    case NOMEM_HAS_FROM:
      put_site(w, &rule->from);
      if (rule->from.occurrence.first == 1) break;
      put_byte(w, '@');
      put_number(w, rule->from.occurrence.first);
      break;
    case NOMEM_HAS_IN:
      put_text(w, rule->in);
      break;
    case NOMEM_HAS_MODULE:
      put_text(w, rule->module);
      break;
    case NOMEM_HAS_THREAD:
      if (rule->thread == NOMEM_THREAD_NUMBER)
        put_number(w, rule->thread_number);
      else
        put_text(w, rule->thread == NOMEM_THREAD_MAIN ? "main" : "other");
      break;
    default:
      put_number(w, rule->max);
      break;
  }
}

/* Never longer than what was parsed: the shortest spelling of each value, one byte between conditions and between
 * rules, nothing that the text left out. */
int nomem_plan_print(const struct nomem_plan *plan, char *out, size_t out_bytes) {
  struct writer w = {out, out_bytes, 0};
  for (uint32_t r = 0; r < plan->rule_count; r++) {
    char separator = r ? ';' : '\0';
    for (size_t c = 0; c < CONDITION_COUNT; c++) {
      if (!(plan->rule[r].has & conditions[c].bit)) continue;
      if (separator) put_byte(&w, separator);
      separator = ' ';
      put_text(&w, conditions[c].name);
      put_byte(&w, '=');
      put_value(&w, conditions[c].bit, &plan->rule[r]);
    }
  }
  put_end(&w);
  return w.length < out_bytes ? (int)w.length : -ENOSPC;
}
