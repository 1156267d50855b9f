/* SPDX-License-Identifier: MIT */
/* Reads the text of a plan. */
#include "plan.h"

#include <errno.h>
#include <string.h>

#include "plan_print.h"

/* How many bytes of the user's text a reason repeats: the longest reason still fits as a whole. */
#define QUOTE_BYTES 24

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
_Static_assert(NOMEM_PLAN_BYTES == 4096 && NOMEM_PLAN_NAME_BYTES == 96, "reasons below name these limits");

/* Puts the user's bytes, which may be anything, in a form that is fit for terminals and logs. */
static void put_quoted(struct nomem__plan_writer *w, const char *text, size_t bytes) {
  size_t limit = w->length + QUOTE_BYTES;
  for (size_t i = 0; i < bytes; i++) {
    unsigned char byte = (unsigned char)text[i];
    bool printable = byte >= ' ' && byte <= '~';
    if (w->length + (printable ? 1 : 4) > limit) {
      nomem__plan_put_text(w, "...");
      return;
    }
    if (printable) {
      nomem__plan_put_byte(w, (char)byte);
    } else {
      nomem__plan_put_text(w, "\\x");
      nomem__plan_put_hex(w, byte, 2);
    }
  }
}

struct reader {
  const char *text;
  size_t at;                                     /* the next byte */
  size_t end;                                    /* of the word that is being read */
  const struct nomem__plan_condition *condition; /* whose word that is; NULL outside of one */
  size_t seed_at;                                /* where seed= stands */
  struct nomem_plan_error *error;                /* NULL: nobody asks for the reason */
};

/* Says what is wrong at a byte of the text. In pattern, % stands for the text from there to the end of the word, and $
 * for the condition's example. Returns false. */
static bool reject(struct reader *r, size_t at, const char *pattern) {
  if (!r->error) return false;
  struct nomem__plan_writer w = {r->error->reason, sizeof r->error->reason, 0};
  if (r->condition) {
    nomem__plan_put_text(&w, r->condition->name);
    nomem__plan_put_text(&w, ": ");
  }
  for (; *pattern; pattern++) {
    if (*pattern == '%') {
      put_quoted(&w, r->text + at, r->end - at);
    } else if (*pattern == '$') {
      nomem__plan_put_text(&w, r->condition->example);
    } else {
      nomem__plan_put_byte(&w, *pattern);
    }
  }
  nomem__plan_put_end(&w);
  r->error->column = at + 1;
  return false;
}

static bool is_space(char byte) {
  return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static bool ends_word(char byte) {
  return byte == '\0' || byte == ';' || is_space(byte);
}

static bool is_same_text(const char *text, size_t bytes, const char *other) {
  return strlen(other) == bytes && !memcmp(text, other, bytes);
}

static bool next_is(const struct reader *r, char byte) {
  return r->at < r->end && r->text[r->at] == byte;
}

/* Returns the next digit's value, or -1 at the end of the word and at any other byte. */
static int peek_digit(const struct reader *r) {
  if (r->at == r->end || r->text[r->at] < '0' || r->text[r->at] > '9') return -1;
  return r->text[r->at] - '0';
}

static bool read_number(struct reader *r, uint64_t *value) {
  size_t start = r->at;
  int digit;
  *value = 0;
  for (; (digit = peek_digit(r)) >= 0; r->at++) {
    if (*value > (UINT64_MAX - (uint64_t)digit) / 10) {
      return reject(r, start, "'%' is too large: the most is 18446744073709551615");
    }
    *value = *value * 10 + (uint64_t)digit;
  }
  return r->at > start || reject(r, start, "'%' is not a number: write it like $");
}

static bool read_count(struct reader *r, uint64_t *value) {
  size_t start = r->at;
  return read_number(r, value) && (*value || reject(r, start, "counts from 1: write it like $"));
}

static bool read_bytes(struct reader *r, uint64_t *value) {
  size_t start = r->at;
  if (!read_number(r, value)) return false;
  for (size_t u = 0; u < NOMEM_BYTE_UNIT_COUNT; u++) {
    if (!next_is(r, nomem__plan_byte_units[u].suffix)) continue;
    if (*value > UINT64_MAX >> nomem__plan_byte_units[u].shift)
      return reject(r, start, "'%' is more than 64 bits can count");
    *value <<= nomem__plan_byte_units[u].shift;
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
  return range->last >= range->first || reject(r, start, "the range ends before it starts: write it like $");
}

static bool read_p(struct reader *r, struct nomem_rule *rule) {
  size_t start = r->at;
  uint64_t whole, fraction = 0, scale = NOMEM_BILLION;
  if (!read_number(r, &whole)) return false;
  if (next_is(r, '.')) {
    size_t dot = r->at++;
    for (int digit; (digit = peek_digit(r)) >= 0; r->at++) {
      if (scale == 1) return reject(r, r->at, "more than 9 decimals: the least is p=0.000000001");
      scale /= 10;
      fraction += (uint64_t)digit * scale;
    }
    if (r->at == dot + 1) return reject(r, dot, "'%' has no decimals: write it like $");
  }
  if (whole > 1 || (whole == 1 && fraction)) return reject(r, start, "'%' is not from 0 to 1: write it like $");
  rule->p_billionths = whole * NOMEM_BILLION + fraction;
  return true;
}

/* What names can stand for: those of the bits of a mask, by their numbers, and perhaps one for all of them. */
struct names {
  const char *(*name_of)(unsigned number); /* NULL: there is no such number */
  const char *all;                         /* NULL: none */
  uint32_t all_mask;
  const char *unknown; /* what is wrong with any other name */
};

/* The bits that a name stands for; 0: it is none. */
static uint32_t find_name(const struct names *names, const char *text, size_t bytes) {
  if (names->all != NULL && is_same_text(text, bytes, names->all)) return names->all_mask;
  for (unsigned number = 0; names->name_of(number) != NULL; number++)
    if (is_same_text(text, bytes, names->name_of(number))) return 1u << number;
  return 0;
}

/* Reads names with commas between them. */
static bool read_names(struct reader *r, const struct names *names, uint32_t *mask) {
  size_t word_end = r->end;
  for (;; r->at++) {
    size_t start = r->at;
    while (r->at < word_end && r->text[r->at] != ',') r->at++;
    r->end = r->at;
    if (r->end == start) return reject(r, start, "a name is missing: write it like $");
    uint32_t found = find_name(names, r->text + start, r->end - start);
    if (found == 0) return reject(r, start, names->unknown);
    if (*mask & found) return reject(r, start, "'%' is named twice");
    *mask |= found;
    r->end = word_end;
    if (r->at == word_end) return true;
  }
}

static bool read_fn(struct reader *r, struct nomem_rule *rule) {
  const struct names names = {.name_of = nomem_fn_name,
#define X(upper, lower) " " #lower
                              .unknown = "unknown function '%': one of" NOMEM_FN_MAP(X)
#undef X
  };
  return read_names(r, &names, &rule->fn_mask);
}

static bool read_hostile(struct reader *r, struct nomem_rule *rule) {
  const struct names names = {.name_of = nomem_hostile_name,
                              .all = NOMEM_HOSTILE_ALL_NAME,
                              .all_mask = NOMEM_HOSTILE_ALL,
#define X(upper, name, meaning, effect) " " name
                              .unknown = "unknown way '%': one of" NOMEM_HOSTILE_MAP(X) " " NOMEM_HOSTILE_ALL_NAME
#undef X
  };
  return read_names(r, &names, &rule->hostile);
}

static bool read_key(struct reader *r, struct nomem_site_match *match) {
  size_t start = r->at;
  for (; r->at < r->end; r->at++) {
    char byte = r->text[r->at];
    int digit = peek_digit(r);
    if (byte >= 'a' && byte <= 'f') digit = byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F') digit = byte - 'A' + 10;
    if (digit < 0) break;
    match->key = match->key << 4 | (uint64_t)digit;
    match->digits++;
  }
  if (match->digits < NOMEM_SITE_DIGITS_MIN || match->digits > NOMEM_SITE_DIGITS_MAX) {
    return reject(r, start, "'%' does not start with 4 to 16 hexadecimal digits: write it like $");
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
  if (bytes >= NOMEM_PLAN_NAME_BYTES) return reject(r, r->at, "'%' is longer than 95 bytes: shorten it with *");
  for (size_t i = 0; i < bytes; i++, r->at++) {
    unsigned char byte = (unsigned char)r->text[r->at];
    if (byte < ' ' || byte == 0x7f) return reject(r, r->at, "'%' starts with a control character: use ? for it");
    name[i] = (char)byte;
  }
  return true;
}

/* Reads the rest of the word if it is exactly text. */
static bool read_exactly(struct reader *r, const char *text) {
  if (!is_same_text(r->text + r->at, r->end - r->at, text)) return false;
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
    case NOMEM_HAS_HOSTILE:
      return read_hostile(r, rule);
    default:
      return read_count(r, &rule->max);
  }
}

static const struct nomem__plan_condition *find_condition(const char *name, size_t bytes) {
  for (size_t c = 0; c < NOMEM_CONDITION_COUNT; c++) {
    if (is_same_text(name, bytes, nomem__plan_conditions[c].name)) return &nomem__plan_conditions[c];
  }
  return NULL;
}

static bool read_condition(struct reader *r, struct nomem_rule *rule) {
  size_t start = r->at;
  while (!ends_word(r->text[r->at]) && r->text[r->at] != '=') r->at++;
  r->end = r->at;
  r->condition = find_condition(r->text + start, r->end - start);
#define X(upper, lower, example) " " #lower
  if (!r->condition) return reject(r, start, "unknown condition '%': one of" NOMEM_CONDITION_MAP(X));
#undef X
  if (r->text[r->at] != '=') return reject(r, start, "no value: write it like $");
  if (rule->has & r->condition->bit) return reject(r, start, "given twice in one rule: a ';' starts another rule");
  if (r->condition->bit == NOMEM_HAS_SEED) r->seed_at = start;
  rule->has |= r->condition->bit;
  r->at++;
  for (r->end = r->at; !ends_word(r->text[r->end]);) r->end++;
  if (r->at == r->end) return reject(r, r->at, "no value: write it like $");
  if (!read_value(r, rule)) return false;
  if (r->at < r->end) return reject(r, r->at, "'%' does not belong here: write it like $");
  r->condition = NULL;
  return true;
}

static void skip_space(struct reader *r) {
  while (is_space(r->text[r->at])) r->at++;
}

/* Reads a rule up to its ';' or the end of the text. */
static bool read_rule(struct reader *r, struct nomem_rule *rule) {
  do {
    if (!read_condition(r, rule)) return false;
    skip_space(r);
  } while (!ends_word(r->text[r->at]));
  if ((rule->has & (NOMEM_HAS_SEED | NOMEM_HAS_P)) == NOMEM_HAS_SEED) {
    return reject(r, r->seed_at, "seed: the rule has no p: write it like p=0.01 seed=42");
  }
  return true;
}

static bool read_plan(struct reader *r, struct nomem_plan *plan) {
  r->end = strnlen(r->text, NOMEM_PLAN_BYTES);
  if (r->end == NOMEM_PLAN_BYTES) return reject(r, r->end - 1, "the plan is longer than 4095 bytes");
  for (skip_space(r); r->text[r->at]; skip_space(r)) {
    if (r->text[r->at] == ';') return reject(r, r->at, "an empty rule: write conditions before the ';' or remove it");
    if (plan->rule_count == NOMEM_PLAN_RULES) return reject(r, r->at, "more than " TEXT(NOMEM_PLAN_RULES) " rules");
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
