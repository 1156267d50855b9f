/* SPDX-License-Identifier: MIT */
/* Prints a plan as text. */
#include "plan_print.h"

#include <errno.h>

const struct nomem__plan_condition nomem__plan_conditions[NOMEM_CONDITION_COUNT] = {
#define X(upper, lower, example) {NOMEM_HAS_##upper, #lower, example},
    NOMEM_CONDITION_MAP(X)
#undef X
};

const struct nomem__plan_byte_unit nomem__plan_byte_units[NOMEM_BYTE_UNIT_COUNT] = {{'G', 30}, {'M', 20}, {'K', 10}};

void nomem__plan_put_byte(struct nomem__plan_writer *w, char byte) {
  if (w->length + 1 < w->size) w->text[w->length] = byte;
  w->length++;
}

void nomem__plan_put_text(struct nomem__plan_writer *w, const char *text) {
  while (*text) nomem__plan_put_byte(w, *text++);
}

void nomem__plan_put_end(struct nomem__plan_writer *w) {
  if (w->size) w->text[w->length < w->size ? w->length : w->size - 1] = '\0';
}

void nomem__plan_put_number(struct nomem__plan_writer *w, uint64_t value) {
  char digits[20]; /* of UINT64_MAX */
  size_t at = sizeof digits;
  do {
    digits[--at] = (char)('0' + value % 10);
    value /= 10;
  } while (value);
  while (at < sizeof digits) nomem__plan_put_byte(w, digits[at++]);
}

static void put_bytes(struct nomem__plan_writer *w, uint64_t value) {
  for (size_t u = 0; value && u < NOMEM_BYTE_UNIT_COUNT; u++) {
    if (value & ((UINT64_C(1) << nomem__plan_byte_units[u].shift) - 1)) continue;
    nomem__plan_put_number(w, value >> nomem__plan_byte_units[u].shift);
    nomem__plan_put_byte(w, nomem__plan_byte_units[u].suffix);
    return;
  }
  nomem__plan_put_number(w, value);
}

static void put_range(struct nomem__plan_writer *w, struct nomem_range range,
                      void put(struct nomem__plan_writer *, uint64_t)) {
  put(w, range.first);
  if (range.last == range.first) return;
  nomem__plan_put_text(w, "..");
  if (range.last != UINT64_MAX) put(w, range.last);
}

void nomem__plan_put_hex(struct nomem__plan_writer *w, uint64_t value, unsigned digits) {
  while (digits--) nomem__plan_put_byte(w, "0123456789abcdef"[value >> (4 * digits) & 15]);
}

static void put_p(struct nomem__plan_writer *w, uint64_t billionths) {
  nomem__plan_put_number(w, billionths / NOMEM_BILLION);
  uint64_t fraction = billionths % NOMEM_BILLION;
  if (!fraction) return;
  nomem__plan_put_byte(w, '.');
  for (uint64_t scale = NOMEM_BILLION / 10; fraction; scale /= 10) {
    nomem__plan_put_byte(w, (char)('0' + fraction / scale));
    fraction %= scale;
  }
}

static void put_site(struct nomem__plan_writer *w, const struct nomem_site_match *match) {
  nomem__plan_put_hex(w, match->key >> 4 * (NOMEM_SITE_DIGITS_MAX - match->digits), match->digits);
}

/* Puts the names of a mask's bits, by their numbers, with commas between them. */
static void put_names(struct nomem__plan_writer *w, uint32_t mask, const char *name_of(unsigned)) {
  for (unsigned number = 0; mask >> number; number++) {
    if (!(mask >> number & 1)) continue;
    nomem__plan_put_text(w, name_of(number));
    if (mask >> number > 1) nomem__plan_put_byte(w, ',');
  }
}

static void put_hostile(struct nomem__plan_writer *w, uint32_t mask) {
  if (mask == NOMEM_HOSTILE_ALL)
    nomem__plan_put_text(w, NOMEM_HOSTILE_ALL_NAME);
  else
    put_names(w, mask, nomem_hostile_name);
}

static void put_value(struct nomem__plan_writer *w, uint32_t bit, const struct nomem_rule *rule) {
  switch (bit) {
    case NOMEM_HAS_NTH:
      put_range(w, rule->nth, nomem__plan_put_number);
      break;
    case NOMEM_HAS_EVERY:
      nomem__plan_put_number(w, rule->every);
      break;
    case NOMEM_HAS_P:
      put_p(w, rule->p_billionths);
      break;
    case NOMEM_HAS_SEED:
      nomem__plan_put_number(w, rule->seed);
      break;
    case NOMEM_HAS_BUDGET:
      put_bytes(w, rule->budget);
      break;
    case NOMEM_HAS_SIZE:
      put_range(w, rule->size, put_bytes);
      break;
    case NOMEM_HAS_FN:
      put_names(w, rule->fn_mask, nomem_fn_name);
      break;
    case NOMEM_HAS_SITE:
      put_site(w, &rule->site);
      if (rule->site.occurrence.first == 1 && rule->site.occurrence.last == UINT64_MAX) break;
      nomem__plan_put_byte(w, '@');
      put_range(w, rule->site.occurrence, nomem__plan_put_number);
      break;
    case NOMEM_HAS_FROM:
      put_site(w, &rule->from);
      if (rule->from.occurrence.first == 1) break;
      nomem__plan_put_byte(w, '@');
      nomem__plan_put_number(w, rule->from.occurrence.first);
      break;
    case NOMEM_HAS_IN:
      nomem__plan_put_text(w, rule->in);
      break;
    case NOMEM_HAS_MODULE:
      nomem__plan_put_text(w, rule->module);
      break;
    case NOMEM_HAS_THREAD:
      if (rule->thread == NOMEM_THREAD_NUMBER)
        nomem__plan_put_number(w, rule->thread_number);
      else
        nomem__plan_put_text(w, rule->thread == NOMEM_THREAD_MAIN ? "main" : "other");
      break;
    case NOMEM_HAS_HOSTILE:
      put_hostile(w, rule->hostile);
      break;
    default:
      nomem__plan_put_number(w, rule->max);
      break;
  }
}

/* The text is never longer than the one that was parsed: it has the shortest spelling of each value, one byte between
 * conditions and between rules, and nothing that the text left out. */
int nomem_plan_print(const struct nomem_plan *plan, char *out, size_t out_bytes) {
  struct nomem__plan_writer w = {out, out_bytes, 0};
  for (uint32_t r = 0; r < plan->rule_count; r++) {
    char separator = r ? ';' : '\0';
    for (size_t c = 0; c < NOMEM_CONDITION_COUNT; c++) {
      if (!(plan->rule[r].has & nomem__plan_conditions[c].bit)) continue;
      if (separator) nomem__plan_put_byte(&w, separator);
      separator = ' ';
      nomem__plan_put_text(&w, nomem__plan_conditions[c].name);
      nomem__plan_put_byte(&w, '=');
      put_value(&w, nomem__plan_conditions[c].bit, &plan->rule[r]);
    }
  }
  nomem__plan_put_end(&w);
  return w.length < out_bytes ? (int)w.length : -ENOSPC;
}
