/* SPDX-License-Identifier: MIT */
#include "common/hostile_plan.h"

#include <stdarg.h>
#include <string.h>

#include "common/plan_reference.h"

uint32_t hostile_ways_of(enum nomem_fn fn, bool has_block, size_t size, bool can_measure, bool is_from_libc) {
  bool is_new = fn != NOMEM_FN_COUNT && !has_block, is_old = fn != NOMEM_FN_COUNT && has_block;
  bool has_alignment = fn >= NOMEM_FN_ALIGNED_ALLOC && fn <= NOMEM_FN_PVALLOC;
  bool is_standard = fn <= NOMEM_FN_ALIGNED_ALLOC || fn == NOMEM_FN_POSIX_MEMALIGN;
  uint32_t ways = 0;
  if (is_old && size && can_measure) ways |= NOMEM_HOSTILE_MOVES | NOMEM_HOSTILE_FRESH;
  if (is_new && size && fn != NOMEM_FN_CALLOC) ways |= NOMEM_HOSTILE_FRESH;
  if (fn == NOMEM_FN_COUNT && can_measure) ways |= NOMEM_HOSTILE_FREED;
  if (is_new && !size && is_standard && !is_from_libc) ways |= NOMEM_HOSTILE_ZERO;
  if ((is_new || (is_old && size)) && fn != NOMEM_FN_POSIX_MEMALIGN && !is_from_libc) ways |= NOMEM_HOSTILE_ERRNO;
  if (is_new && size && !has_alignment && fn != NOMEM_FN_NEW) ways |= NOMEM_HOSTILE_ALIGN;
  return ways;
}

__attribute__((format(printf, 2, 3))) static void add(char *text, const char *format, ...) {
  size_t length = strlen(text);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text + length, HOSTILE_PLAN_BYTES - length, format, arguments);
  va_end(arguments);
}

static void add_condition(char *text, uint8_t kind, uint8_t number) {
  static const char *const names[] = {"in=call_free", "in=call_?e*", "in=call_r*", "fn=realloc", "fn=malloc,new"};
  static const char *const numbers[] = {"every=", "max=", "nth=", "p=0.5 seed=", "in=call_n* nth="};
  enum { NAMES = sizeof names / sizeof names[0], NUMBERS = sizeof numbers / sizeof numbers[0] };
  unsigned value = 1 + number % 7u;
  kind %= NAMES + NUMBERS + 4;
  if (kind < NAMES)
    add(text, " %s", names[kind]);
  else if (kind < NAMES + NUMBERS)
    add(text, " %s%u", numbers[kind - NAMES], value);
  else if (kind == NAMES + NUMBERS)
    add(text, " size=%u..", number * 4u);
  else if (kind == NAMES + NUMBERS + 1)
    add(text, " budget=%u", number * 32u);
  else if (kind == NAMES + NUMBERS + 2)
    add(text, " nth=%u..", value);
}

void hostile_plan_read(struct fuzz_input *input, char text[HOSTILE_PLAN_BYTES], struct nomem_plan *plan) {
  struct nomem_plan_error error;
  text[0] = '\0';
  for (unsigned r = 0, rules = 1 + fuzz_byte(input) % HOSTILE_RULES; r < rules; r++) {
    uint8_t ways = fuzz_byte(input), kind = fuzz_byte(input), number = fuzz_byte(input);
    const char *between = r ? ";hostile=" : "hostile=";
    if (ways % 64 == 0) {
      add(text, "%snth=%u.. max=1", r ? ";" : "", 1 + number % 16u);
      continue;
    }
    for (unsigned way = 0; way < NOMEM_HOSTILE_COUNT; way++) {
      if (!(ways >> way & 1)) continue;
      add(text, "%s%s", between, reference_ways[way]);
      between = ",";
    }
    add_condition(text, kind, number);
  }
  CHECK(reference_parse(text, plan, &error) == 0, "the reference refuses '%s': %s", text, error.reason);
}
