/* SPDX-License-Identifier: MIT */
#include "function_code.h"

#include <stdlib.h>

#include "../text/grow.h"
#include "../text/memory.h"

/* Larger functions are made by generators, and are not worth the time. */
#define BYTES_MAX (UINT32_C(1) << 18)

static void add_instruction(struct nomem__function_code *code, size_t *room,
                            const struct nomem__instruction *instruction) {
  code->list = nomem__grow(code->list, code->count, room, sizeof *code->list);
  code->list[code->count++] = *instruction;
}

static void read_range(struct nomem__function_code *code, size_t *room, const struct nomem__code_range *range) {
  struct nomem__instruction instruction;
  for (size_t at = 0; at < range->byte_count; at += instruction.length) {
    if (!nomem__instruction_read(range->bytes + at, range->byte_count - at, range->address + at, &instruction)) return;
    add_instruction(code, room, &instruction);
  }
}

static int by_target(const void *left, const void *right) {
  const struct nomem__code_jump *a = left, *b = right;
  if (a->target != b->target) return a->target < b->target ? -1 : 1;
  return a->source < b->source ? -1 : a->source > b->source;
}

static bool is_jump(const struct nomem__instruction *instruction) {
  return instruction->operation == NOMEM_OPERATION_JUMP || instruction->operation == NOMEM_OPERATION_JUMP_IF;
}

static void list_jumps(struct nomem__function_code *code) {
  code->jumps = nomem__calloc(code->count, sizeof *code->jumps);
  code->unknown_jumps = nomem__calloc(code->count, sizeof *code->unknown_jumps);
  for (uint32_t i = 0; i < code->count; i++) {
    const struct nomem__instruction *instruction = &code->list[i];
    if (!is_jump(instruction)) continue;
    uint32_t target = nomem__function_code_find(code, instruction->target);
    if (instruction->target == 0)
      code->unknown_jumps[code->unknown_count++] = i;
    else if (target != NOMEM_NO_INSTRUCTION)
      code->jumps[code->jump_count++] = (struct nomem__code_jump){target, i};
  }
  qsort(code->jumps, code->jump_count, sizeof *code->jumps, by_target);
}

static bool sets_frame_pointer(const struct nomem__instruction *instruction) {
  return instruction->operation == NOMEM_OPERATION_MOVE && instruction->to.kind == NOMEM_OPERAND_REGISTER &&
         instruction->to.base == NOMEM_RBP && instruction->from.kind == NOMEM_OPERAND_REGISTER &&
         instruction->from.base == NOMEM_RSP;
}

struct nomem__function_code *nomem__function_code_new(const struct nomem__code_range *ranges, size_t count) {
  size_t room = 0, bytes = 0;
  for (size_t i = 0; i < count; i++) bytes += ranges[i].byte_count;
  if (count == 0 || count > NOMEM_CODE_RANGES || bytes > BYTES_MAX) return NULL;
  struct nomem__function_code *code = nomem__calloc(1, sizeof *code);
  code->start = ranges[0].address;
  code->answers = nomem__calloc(1, sizeof *code->answers);
  for (; code->piece_count < count; code->piece_count++) {
    read_range(code, &room, &ranges[code->piece_count]);
    code->piece_ends[code->piece_count] = code->count;
  }
  if (code->count > 0 && code->list[0].address == code->start) {
    list_jumps(code);
    for (size_t i = 0; i < code->count; i++) code->has_frame_pointer |= sets_frame_pointer(&code->list[i]);
    return code;
  }
  nomem__function_code_free(code);
  return NULL;
}

void nomem__function_code_free(struct nomem__function_code *code) {
  if (code == NULL) return;
  free(code->list);
  free(code->jumps);
  free(code->unknown_jumps);
  free(code->answers->list);
  free(code->answers);
  free(code);
}

/* The first instruction of a piece that does not begin before an address. */
static size_t find_in_piece(const struct nomem__function_code *code, size_t piece, uint64_t address) {
  size_t low = piece > 0 ? code->piece_ends[piece - 1] : 0, high = code->piece_ends[piece];
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (code->list[middle].address < address)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

uint32_t nomem__function_code_find(const struct nomem__function_code *code, uint64_t address) {
  for (size_t piece = 0; piece < code->piece_count; piece++) {
    size_t found = find_in_piece(code, piece, address);
    if (found < code->piece_ends[piece] && code->list[found].address == address) return (uint32_t)found;
  }
  return NOMEM_NO_INSTRUCTION;
}

uint32_t nomem__function_code_find_before(const struct nomem__function_code *code, uint64_t address) {
  for (size_t piece = 0; piece < code->piece_count; piece++) {
    size_t found = find_in_piece(code, piece, address), first = piece > 0 ? code->piece_ends[piece - 1] : 0;
    if (found == first) continue;
    const struct nomem__instruction *last = &code->list[found - 1];
    if (last->address + last->length == address) return (uint32_t)(found - 1);
  }
  return NOMEM_NO_INSTRUCTION;
}

bool nomem__function_code_falls_through(const struct nomem__function_code *code, uint32_t number) {
  const struct nomem__instruction *instruction = &code->list[number];
  if (number + 1 >= code->count || code->list[number + 1].address != instruction->address + instruction->length)
    return false;
  return instruction->operation != NOMEM_OPERATION_JUMP && instruction->operation != NOMEM_OPERATION_RETURN &&
         instruction->operation != NOMEM_OPERATION_STOP;
}

size_t nomem__function_code_jumps_to(const struct nomem__function_code *code, uint32_t number, size_t *first) {
  size_t low = 0, high = code->jump_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (code->jumps[middle].target < number)
      low = middle + 1;
    else
      high = middle;
  }
  *first = low;
  while (high < code->jump_count && code->jumps[high].target == number) high++;
  return high - low;
}
