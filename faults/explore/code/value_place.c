/* SPDX-License-Identifier: MIT */
#include "value_place.h"

#include <string.h>

/* So many instructions back two places may be found to be the same. */
#define LOOK_BACK 24
#define WORD_BYTES 8
/* A number of this many bytes can be a whole pointer, or a result. */
#define VALUE_BYTES 4

bool nomem__is_kept_register(unsigned number) {
  return number == NOMEM_RBX || number == NOMEM_RSP || number == NOMEM_RBP ||
         (number >= NOMEM_R12 && number <= NOMEM_R15) || number >= NOMEM_ABSOLUTE;
}

static bool is_vector(unsigned number) {
  return number >= NOMEM_VECTOR && number < NOMEM_ABSOLUTE;
}

bool nomem__place_is_equal(const struct nomem__place *a, const struct nomem__place *b) {
  return a->core == b->core && a->part == b->part && a->steps == b->steps &&
         memcmp(a->displacement, b->displacement, a->steps * sizeof a->displacement[0]) == 0;
}

bool nomem__place_of_operand(const struct nomem__operand *operand, struct nomem__place *place) {
  *place = (struct nomem__place){.core = operand->base, .part = operand->part};
  if (operand->kind == NOMEM_OPERAND_REGISTER) return true;
  if (operand->kind != NOMEM_OPERAND_MEMORY || operand->base == NOMEM_NO_REGISTER) return false;
  place->steps = 1;
  place->displacement[0] = operand->value;
  return operand->index == NOMEM_NO_REGISTER;
}

/* Has the place begin with memory at a register, in place of the register that was loaded from there. */
static bool put_before(struct nomem__place *place, unsigned base, int64_t displacement) {
  if (place->steps == NOMEM_PLACE_STEPS) return false;
  memmove(place->displacement + 1, place->displacement, place->steps * sizeof place->displacement[0]);
  place->displacement[0] = displacement;
  place->steps++;
  place->core = (uint8_t)base;
  place->part = 0;
  return true;
}

/* Has it begin with a register, in place of the memory that the register was stored to. */
static void drop_first(struct nomem__place *place, unsigned core, unsigned part) {
  place->steps--;
  memmove(place->displacement, place->displacement + 1, place->steps * sizeof place->displacement[0]);
  place->core = (uint8_t)core;
  place->part = (uint8_t)part;
}

static enum nomem__step became_number(const struct nomem__place *place, int64_t value, int64_t *number) {
  *number = value;
  return place->steps == 0 ? NOMEM_STEP_NUMBER : NOMEM_STEP_LOST;
}

/* The core was loaded from an operand. */
static enum nomem__step was_loaded(struct nomem__place *place, const struct nomem__operand *from, int64_t *number) {
  int64_t part_bytes = (int64_t)place->part * WORD_BYTES;
  if (from->kind == NOMEM_OPERAND_NUMBER && place->steps > 0) { /* the address of a variable */
    place->core = NOMEM_ABSOLUTE;
    place->displacement[0] += from->value;
    return NOMEM_STEP_SAME;
  }
  if (from->kind == NOMEM_OPERAND_NUMBER) return became_number(place, from->value, number);
  if (from->bytes < VALUE_BYTES || (place->steps > 0 && from->bytes < WORD_BYTES)) return NOMEM_STEP_LOST;
  if (from->kind == NOMEM_OPERAND_REGISTER) {
    bool is_whole = from->bytes > WORD_BYTES;
    place->core = from->base;
    place->part = is_whole ? place->part : from->part;
    return NOMEM_STEP_SAME;
  }
  if (from->index != NOMEM_NO_REGISTER || from->base == NOMEM_NO_REGISTER) return NOMEM_STEP_LOST;
  return put_before(place, from->base, from->value + (from->bytes > WORD_BYTES ? part_bytes : 0)) ? NOMEM_STEP_SAME
                                                                                                  : NOMEM_STEP_LOST;
}

/* Whether a store to memory reaches the first word that the place goes through; *offset: how far into what was stored.
 */
static bool is_stored_to(const struct nomem__place *place, const struct nomem__operand *to, int64_t *offset) {
  if (place->steps == 0 || to->kind != NOMEM_OPERAND_MEMORY || to->base != place->core) return false;
  *offset = place->displacement[0] - to->value;
  return to->index == NOMEM_NO_REGISTER && *offset > -WORD_BYTES && *offset < to->bytes;
}

static enum nomem__step step_over_store(const struct nomem__instruction *instruction, struct nomem__place *place,
                                        int64_t *number) {
  const struct nomem__operand *from = &instruction->from;
  int64_t offset;
  if (!is_stored_to(place, &instruction->to, &offset)) return NOMEM_STEP_SAME;
  bool is_word = offset == 0 || (offset == WORD_BYTES && from->kind == NOMEM_OPERAND_REGISTER);
  bool is_long_enough =
      instruction->to.bytes >= WORD_BYTES || (place->steps == 1 && instruction->to.bytes >= VALUE_BYTES);
  if (!is_word || !is_long_enough) return NOMEM_STEP_LOST;
  if (from->kind == NOMEM_OPERAND_REGISTER) {
    drop_first(place, from->base, from->part + (unsigned)(offset / WORD_BYTES));
    return NOMEM_STEP_SAME;
  }
  drop_first(place, NOMEM_NO_REGISTER, 0);
  return became_number(place, from->value, number);
}

static enum nomem__step step_over_move(const struct nomem__instruction *instruction, struct nomem__place *place,
                                       int64_t *number) {
  const struct nomem__operand *to = &instruction->to;
  if (to->kind == NOMEM_OPERAND_MEMORY) return step_over_store(instruction, place, number);
  if (to->base != place->core) return NOMEM_STEP_SAME;
  if (is_vector(to->base) && to->bytes <= WORD_BYTES) {
    if (to->part != place->part)
      return to->part == 0 ? NOMEM_STEP_LOST : NOMEM_STEP_SAME; /* the other half is cleared */
    place->part = 0;
  }
  return was_loaded(place, &instruction->from, number);
}

/* The core is an address that was computed. */
static enum nomem__step step_over_address(const struct nomem__instruction *instruction, struct nomem__place *place) {
  const struct nomem__operand *from = &instruction->from;
  if (instruction->to.base != place->core) return NOMEM_STEP_SAME;
  if (from->base == NOMEM_NO_REGISTER || (place->steps == 0 && from->base == NOMEM_ABSOLUTE)) return NOMEM_STEP_LOST;
  if (place->steps > 0 && from->index != NOMEM_NO_REGISTER) return NOMEM_STEP_LOST;
  if (place->steps > 0) place->displacement[0] += from->value;
  place->core = from->base; /* of what is at NULL, such as a member, or an element of an array */
  return NOMEM_STEP_SAME;
}

static enum nomem__step step_over_add(const struct nomem__instruction *instruction, struct nomem__place *place,
                                      struct nomem__place *other) {
  const struct nomem__operand *to = &instruction->to, *from = &instruction->from;
  int64_t offset;
  if (is_stored_to(place, to, &offset)) return NOMEM_STEP_LOST;
  if (to->kind != NOMEM_OPERAND_REGISTER || to->base != place->core) return NOMEM_STEP_SAME;
  if (from->kind == NOMEM_OPERAND_NUMBER) {
    if (place->steps > 0) place->displacement[0] += from->value;
    return NOMEM_STEP_SAME;
  }
  if (place->steps > 0) return NOMEM_STEP_LOST;
  if (from->kind != NOMEM_OPERAND_REGISTER) return NOMEM_STEP_SAME;
  *other = *place;
  other->core = from->base;
  return NOMEM_STEP_EITHER;
}

/* The stack pointer was lower by bytes afterwards. */
static void move_stack(struct nomem__place *place, int64_t bytes) {
  if (place->core == NOMEM_RSP && place->steps > 0) place->displacement[0] -= bytes;
}

static enum nomem__step step_over_push(const struct nomem__instruction *instruction, struct nomem__place *place,
                                       int64_t *number) {
  const struct nomem__operand *from = &instruction->from;
  bool is_pushed = place->core == NOMEM_RSP && place->steps > 0 && place->displacement[0] == 0;
  move_stack(place, WORD_BYTES);
  if (!is_pushed) return NOMEM_STEP_SAME;
  drop_first(place, from->base, 0);
  return was_loaded(place, from, number);
}

static enum nomem__step step_over_pop(const struct nomem__instruction *instruction, struct nomem__place *place) {
  const struct nomem__operand *to = &instruction->to;
  int64_t offset;
  if (is_stored_to(place, to, &offset)) return NOMEM_STEP_LOST;
  if (to->kind == NOMEM_OPERAND_REGISTER && to->base == place->core)
    return put_before(place, NOMEM_RSP, 0) ? NOMEM_STEP_SAME : NOMEM_STEP_LOST;
  move_stack(place, -WORD_BYTES);
  return NOMEM_STEP_SAME;
}

static enum nomem__step step_over_leave(struct nomem__place *place) {
  if (place->core == NOMEM_RBP) return put_before(place, NOMEM_RBP, 0) ? NOMEM_STEP_SAME : NOMEM_STEP_LOST;
  move_stack(place, -WORD_BYTES);
  if (place->core == NOMEM_RSP) place->core = NOMEM_RBP;
  return NOMEM_STEP_SAME;
}

static enum nomem__step step_over_other(const struct nomem__instruction *instruction,
                                        const struct nomem__place *place) {
  int64_t offset;
  bool is_written = place->core < NOMEM_ABSOLUTE && (instruction->written >> place->core & 1) != 0;
  return is_written || is_stored_to(place, &instruction->to, &offset) ? NOMEM_STEP_LOST : NOMEM_STEP_SAME;
}

static enum nomem__step step_over(const struct nomem__instruction *instruction, struct nomem__place *place,
                                  struct nomem__place *other, int64_t *number) {
  switch ((enum nomem__operation)instruction->operation) {
    case NOMEM_OPERATION_MOVE:
      return step_over_move(instruction, place, number);
    case NOMEM_OPERATION_MOVE_IF:
      if (instruction->to.base != place->core) return NOMEM_STEP_SAME;
      *other = *place;
      return was_loaded(place, &instruction->from, number) == NOMEM_STEP_SAME ? NOMEM_STEP_EITHER : NOMEM_STEP_LOST;
    case NOMEM_OPERATION_ADDRESS:
      return step_over_address(instruction, place);
    case NOMEM_OPERATION_ADD:
      return step_over_add(instruction, place, other);
    case NOMEM_OPERATION_PUSH:
      return step_over_push(instruction, place, number);
    case NOMEM_OPERATION_POP:
      return step_over_pop(instruction, place);
    case NOMEM_OPERATION_LEAVE:
      return step_over_leave(place);
    case NOMEM_OPERATION_CALL:
      if (place->core == NOMEM_RAX) return NOMEM_STEP_RETURNED;
      return nomem__is_kept_register(place->core) ? NOMEM_STEP_SAME : NOMEM_STEP_LOST;
    case NOMEM_OPERATION_OTHER:
    case NOMEM_OPERATION_JUMP_IF:
      return step_over_other(instruction, place);
    case NOMEM_OPERATION_TEST:
    case NOMEM_OPERATION_JUMP:
    case NOMEM_OPERATION_RETURN:
    case NOMEM_OPERATION_STOP:
      break;
  }
  return NOMEM_STEP_SAME;
}

enum nomem__step nomem__place_step_back(const struct nomem__instruction *instruction, struct nomem__place *place,
                                        struct nomem__place *other, int64_t *number) {
  enum nomem__step step = step_over(instruction, place, other, number);
  bool is_stack_itself = place->core == NOMEM_RSP && place->steps == 0;
  return is_stack_itself || place->core == NOMEM_NO_REGISTER ? (step == NOMEM_STEP_NUMBER ? step : NOMEM_STEP_LOST)
                                                             : step;
}

/* Whether an instruction comes only after the one before it. */
static bool has_one_way(const struct nomem__function_code *code, uint32_t number) {
  size_t first;
  return number > 0 && nomem__function_code_falls_through(code, number - 1) &&
         nomem__function_code_jumps_to(code, number, &first) == 0;
}

bool nomem__place_is_same(const struct nomem__function_code *code, uint32_t number, const struct nomem__place *a,
                          const struct nomem__place *b) {
  struct nomem__place one = *a, two = *b, other;
  int64_t value;
  for (unsigned i = 0; i < LOOK_BACK; i++) {
    if (nomem__place_is_equal(&one, &two)) return true;
    if (!has_one_way(code, number)) return false;
    const struct nomem__instruction *before = &code->list[--number];
    if (nomem__place_step_back(before, &one, &other, &value) != NOMEM_STEP_SAME) return false;
    if (nomem__place_step_back(before, &two, &other, &value) != NOMEM_STEP_SAME) return false;
  }
  return false;
}

bool nomem__register_is_number(const struct nomem__function_code *code, uint32_t number, unsigned core,
                               int64_t *value) {
  struct nomem__place place = {.core = (uint8_t)core}, other;
  for (unsigned i = 0; i < LOOK_BACK && has_one_way(code, number); i++) {
    enum nomem__step step = nomem__place_step_back(&code->list[--number], &place, &other, value);
    if (step != NOMEM_STEP_SAME || place.steps > 0) return step == NOMEM_STEP_NUMBER;
  }
  return false;
}
