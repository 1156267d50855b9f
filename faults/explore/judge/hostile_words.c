/* SPDX-License-Identifier: MIT */
#include "hostile_words.h"

#include <stdio.h>

/* The number of the only bit; NOMEM_HOSTILE_COUNT: there are more, or none. */
static unsigned find_only(uint32_t ways) {
  unsigned number = 0;
  while (number < NOMEM_HOSTILE_COUNT && ways != UINT32_C(1) << number) number++;
  return number;
}

const char *nomem__call_name(unsigned fn) {
  return fn == NOMEM_FN_COUNT ? "free" : nomem_fn_name(fn);
}

const char *nomem__call_effect(unsigned fn, uint32_t ways) {
  static const char *const effects[] = {
#define X(upper, name, meaning, effect) [NOMEM_HOSTILE_NUMBER_##upper] = (effect),
      NOMEM_HOSTILE_MAP(X)
#undef X
          [NOMEM_HOSTILE_COUNT] = "did what an allocator may do, and few do"};
  return ways == 0 ? nomem_fn_failed(fn) : effects[find_only(ways)];
}

const char *nomem__hostile_meaning(uint32_t ways) {
  static const char *const meanings[] = {
#define X(upper, name, meaning, effect) [NOMEM_HOSTILE_NUMBER_##upper] = "hostile allocator: " meaning,
      NOMEM_HOSTILE_MAP(X)
#undef X
          [NOMEM_HOSTILE_COUNT] = "hostile allocator: several ways together"};
  return meanings[find_only(ways)];
}

const char *nomem__hostile_list(uint32_t ways, char text[NOMEM_HOSTILE_LIST_BYTES]) {
  size_t used = 0;
  text[0] = '\0';
  if (ways == NOMEM_HOSTILE_ALL) snprintf(text, NOMEM_HOSTILE_LIST_BYTES, NOMEM_HOSTILE_ALL_NAME);
  for (unsigned number = 0; number < NOMEM_HOSTILE_COUNT && ways != NOMEM_HOSTILE_ALL; number++)
    if (ways >> number & 1)
      used += (size_t)snprintf(text + used, NOMEM_HOSTILE_LIST_BYTES - used, "%s%s", used > 0 ? "," : "",
                               nomem_hostile_name(number));
  return text;
}
