/* SPDX-License-Identifier: MIT */
#include "module_code.h"

#include <stdlib.h>
#include <string.h>

#include "../text/grow.h"
#include "../text/memory.h"

/* What gcc calls the piece that it moves away from a function, because it is unlikely to be executed. */
#define COLD ".cold"

/* Of a function, or that there is none, around an address. */
struct nomem__module_code {
  struct nomem__code_range ranges[NOMEM_CODE_RANGES];
  size_t count;
  uint64_t address;                  /* that was asked for, where nothing is known: count 0 */
  struct nomem__function_code *code; /* owned */
};

static bool is_in_ranges(const struct nomem__code_range *ranges, size_t count, uint64_t address) {
  for (size_t i = 0; i < count; i++)
    if (address >= ranges[i].address && address - ranges[i].address < ranges[i].byte_count) return true;
  return false;
}

/* The function that a piece belongs to, by its name: "f.cold" is of f. 0: it is a function itself. */
static uint64_t find_whole(struct nomem__debug_info *info, uint64_t address) {
  const char *name = nomem__debug_info_symbol_at(info, address), *end = name != NULL ? strstr(name, COLD) : NULL;
  if (end == NULL || (end[strlen(COLD)] != '\0' && end[strlen(COLD)] != '.')) return 0;
  char *whole = nomem__strndup(name, (size_t)(end - name));
  uint64_t found = nomem__debug_info_find_symbol(info, whole);
  free(whole);
  return found;
}

/* Adds the piece that an instruction jumps to, unless that is another function: only a condition leads there, or it is
 * not the start. */
static bool add_piece(struct nomem__debug_info *info, const struct nomem__instruction *instruction,
                      struct nomem__module_code *into) {
  struct nomem__code_range range;
  bool is_condition = instruction->operation == NOMEM_OPERATION_JUMP_IF;
  if ((!is_condition && instruction->operation != NOMEM_OPERATION_JUMP) || instruction->target == 0) return false;
  if (into->count == NOMEM_CODE_RANGES || is_in_ranges(into->ranges, into->count, instruction->target)) return false;
  if (!nomem__debug_info_find_code(info, instruction->target, &range)) return false;
  if (!is_condition && range.address == instruction->target) return false;
  into->ranges[into->count++] = range;
  return true;
}

static void read_code(struct nomem__debug_info *info, uint64_t address, struct nomem__module_code *into) {
  struct nomem__code_range range;
  bool has_grown = false;
  into->address = address;
  if (!nomem__debug_info_find_code(info, address, &range)) return;
  uint64_t whole = find_whole(info, address);
  if (whole != 0 && nomem__debug_info_find_code(info, whole, &into->ranges[0])) into->count = 1;
  if (!is_in_ranges(into->ranges, into->count, address)) into->ranges[into->count++] = range;
  into->code = nomem__function_code_new(into->ranges, into->count);
  for (size_t i = 0; into->code != NULL && i < into->code->count; i++)
    has_grown |= add_piece(info, &into->code->list[i], into);
  if (!has_grown) return;
  nomem__function_code_free(into->code);
  into->code = nomem__function_code_new(into->ranges, into->count);
}

const struct nomem__function_code *nomem__module_codes_find(struct nomem__module_codes *codes,
                                                            struct nomem__debug_info *info, uint64_t address) {
  for (size_t i = 0; i < codes->count; i++) {
    const struct nomem__module_code *known = &codes->list[i];
    if (known->count > 0 ? is_in_ranges(known->ranges, known->count, address) : known->address == address)
      return known->code;
  }
  codes->list = nomem__grow(codes->list, codes->count, &codes->room, sizeof *codes->list);
  struct nomem__module_code *added = &codes->list[codes->count++];
  *added = (struct nomem__module_code){0};
  read_code(info, address, added);
  return added->code;
}

void nomem__module_codes_free(struct nomem__module_codes *codes) {
  for (size_t i = 0; i < codes->count; i++) nomem__function_code_free(codes->list[i].code);
  free(codes->list);
  *codes = (struct nomem__module_codes){0};
}
