/* SPDX-License-Identifier: MIT */
#include "case_turns.h"

#include <stdlib.h>

#include "../text/memory.h"

void nomem__case_turns_make(struct nomem__case_turns *turns, const struct nomem__order_case *cases, size_t count,
                            bool is_quick) {
  turns->count = nomem__case_order_make(cases, count, &turns->steps);
  turns->is_made = true;
  while (is_quick && turns->count > 0 && turns->steps[turns->count - 1].round == NOMEM_ORDER_LAST_ROUND) turns->count--;
}

void nomem__case_turns_end(struct nomem__case_turns *turns) {
  bool is_in_last = turns->next < turns->count && turns->steps[turns->next].round == NOMEM_ORDER_LAST_ROUND;
  if (is_in_last) turns->count = turns->next;
}

bool nomem__case_turns_peek(const struct nomem__case_turns *turns, size_t *case_number) {
  if (turns->next == turns->count) return false;
  *case_number = turns->steps[turns->next].case_number;
  return true;
}

uint32_t *nomem__case_turns_take(struct nomem__case_turns *turns, size_t *count) {
  const struct nomem__order_step *first = &turns->steps[turns->next];
  size_t end = turns->next;
  while (end < turns->count && turns->steps[end].case_number == first->case_number &&
         turns->steps[end].round == first->round)
    end++;
  *count = end - turns->next;
  uint32_t *sites = nomem__calloc(*count + 1, sizeof *sites);
  for (size_t i = 0; i < *count; i++) sites[i] = turns->steps[turns->next + i].site;
  turns->next = end;
  return sites;
}

void nomem__case_turns_free(struct nomem__case_turns *turns) {
  free(turns->steps);
  *turns = (struct nomem__case_turns){0};
}
