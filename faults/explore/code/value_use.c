/* SPDX-License-Identifier: MIT */
#include "value_use.h"

#include <stdlib.h>
#include <string.h>

#include "../text/grow.h"
#include "../text/hash.h"
#include "../text/memory.h"

/* So many places can have the value at once, and so many moments are looked at. The latter is a power of two. */
#define HOLDERS 8
#define MOMENTS_MAX ((size_t)4096)
#define REGISTER_BYTES 8

/* What is known before an instruction is executed. */
struct moment {
  uint32_t number;
  bool is_compared; /* the flags are those of the value, compared with a number */
  uint8_t compared_bytes, holder_count;
  int64_t compared_with;
  uint32_t constants; /* a bit for each register that has a number */
  int64_t constant[NOMEM_GENERAL_REGISTERS];
  struct nomem__place holders[HOLDERS]; /* where the value is */
};

struct follower {
  const struct nomem__function_code *code;
  const struct nomem__returned *value;
  struct nomem__value_use *use;
  uint64_t *checks; /* the jumps that decide whether it is NULL: no way is followed beyond them; NULL: all are */
  size_t check_count;
  bool returns_other; /* on one of the ways, at least */
  struct moment *list;
  size_t count, room;
  uint64_t *hashes; /* of the moments that are in the list; 0: free */
};

static uint64_t hash_moment(const struct moment *moment) {
  uint64_t hash = nomem__hash_number(NOMEM__HASH_START, moment->number);
  hash = nomem__hash_number(hash, moment->is_compared);
  hash = nomem__hash_number(hash, (uint64_t)moment->compared_with);
  for (unsigned i = 0; i < moment->holder_count; i++) {
    const struct nomem__place *place = &moment->holders[i];
    hash = nomem__hash_number(hash, (uint64_t)place->core << 16 | (uint64_t)place->part << 8 | place->steps);
    for (unsigned step = 0; step < place->steps; step++)
      hash = nomem__hash_number(hash, (uint64_t)place->displacement[step]);
  }
  if ((moment->constants & 1) != 0) hash = nomem__hash_number(hash, (uint64_t)moment->constant[NOMEM_RAX] + 1);
  return hash != 0 ? hash : 1;
}

static void add_moment(struct follower *follower, const struct moment *moment, uint32_t number) {
  struct moment added = *moment;
  added.number = number;
  uint64_t hash = hash_moment(&added);
  size_t slot = hash % (2 * MOMENTS_MAX);
  for (; follower->hashes[slot] != 0; slot = (slot + 1) % (2 * MOMENTS_MAX))
    if (follower->hashes[slot] == hash) return;
  if (follower->count == MOMENTS_MAX) {
    follower->use->is_whole = false;
    return;
  }
  follower->hashes[slot] = hash;
  follower->list = nomem__grow(follower->list, follower->count, &follower->room, sizeof *follower->list);
  follower->list[follower->count++] = added;
}

/* Whether a register points to the function's own variables. */
static bool is_frame(const struct nomem__function_code *code, unsigned number) {
  return number == NOMEM_RSP || (number == NOMEM_RBP && code->has_frame_pointer);
}

static bool is_on_stack(const struct nomem__function_code *code, const struct nomem__place *place) {
  return is_frame(code, place->core) && place->steps == 1;
}

/* Names a place by way of the function's own variables, where registers were loaded from those just before. */
static struct nomem__place name_place(const struct nomem__function_code *code, uint32_t number,
                                      const struct nomem__place *place) {
  struct nomem__place named = *place, other;
  int64_t value;
  size_t first;
  while (named.steps > 0 && named.core < NOMEM_GENERAL_REGISTERS && named.core != NOMEM_RSP &&
         named.core != NOMEM_RBP && number > 0 && nomem__function_code_falls_through(code, number - 1) &&
         nomem__function_code_jumps_to(code, number, &first) == 0) {
    struct nomem__place before = named;
    if (code->list[--number].operation == NOMEM_OPERATION_CALL && !nomem__is_kept_register(named.core)) break;
    if (code->list[number].to.kind == NOMEM_OPERAND_MEMORY) continue; /* which has no part in how it is named */
    if (nomem__place_step_back(&code->list[number], &before, &other, &value) != NOMEM_STEP_SAME) break;
    named = before;
  }
  return named;
}

static bool is_held(const struct moment *moment, const struct nomem__place *place) {
  for (unsigned i = 0; i < moment->holder_count; i++)
    if (nomem__place_is_equal(&moment->holders[i], place)) return true;
  return false;
}

/* The same member of an object, whose address is loaded anew because the store may have changed what it was loaded
 * from.
 */
static bool is_same_member(const struct follower *follower, const struct moment *moment,
                           const struct nomem__place *place) {
  int64_t member = place->displacement[place->steps - 1];
  if (member == 0 || place->core >= NOMEM_GENERAL_REGISTERS || is_on_stack(follower->code, place)) return false;
  for (unsigned i = 0; i < moment->holder_count; i++) {
    const struct nomem__place *holder = &moment->holders[i];
    bool is_member =
        holder->steps > 0 && holder->core < NOMEM_GENERAL_REGISTERS && !is_on_stack(follower->code, holder);
    if (is_member && holder->displacement[holder->steps - 1] == member) return true;
  }
  return false;
}

/* Whether an operand is the value. */
static bool has_value(const struct follower *follower, const struct moment *moment,
                      const struct nomem__operand *operand) {
  struct nomem__place place;
  if (!nomem__place_of_operand(operand, &place)) return false;
  if (operand->kind != NOMEM_OPERAND_MEMORY) return is_held(moment, &place);
  place = name_place(follower->code, moment->number, &place);
  return is_held(moment, &place) || (operand->bytes == REGISTER_BYTES && is_same_member(follower, moment, &place));
}

static void add_holder(struct follower *follower, struct moment *moment, const struct nomem__place *place) {
  if (is_held(moment, place)) return;
  if (moment->holder_count == HOLDERS)
    follower->use->is_whole = false;
  else
    moment->holders[moment->holder_count++] = *place;
}

/* A register has something else from now on; so has memory by way of it another address. */
static void drop_register(struct moment *moment, unsigned number) {
  unsigned kept = 0;
  for (unsigned i = 0; i < moment->holder_count; i++)
    if (moment->holders[i].core != number) moment->holders[kept++] = moment->holders[i];
  moment->holder_count = (uint8_t)kept;
  if (number < NOMEM_GENERAL_REGISTERS) moment->constants &= ~(UINT32_C(1) << number);
}

static void drop_place(struct moment *moment, const struct nomem__place *place) {
  unsigned kept = 0;
  for (unsigned i = 0; i < moment->holder_count; i++)
    if (!nomem__place_is_equal(&moment->holders[i], place)) moment->holders[kept++] = moment->holders[i];
  moment->holder_count = (uint8_t)kept;
}

static void note_store(struct follower *follower, const struct nomem__place *place) {
  struct nomem__value_use *use = follower->use;
  for (size_t i = 0; i < use->stored_count; i++)
    if (nomem__place_is_equal(&use->stored[i], place)) return;
  if (use->stored_count < NOMEM_STORES_MAX) use->stored[use->stored_count++] = *place;
}

/* Two words at once: either may be the value. */
static void store_pair(struct follower *follower, struct moment *moment, const struct nomem__instruction *instruction,
                       struct nomem__place to) {
  for (uint8_t part = 0; part < 2; part++) {
    const struct nomem__place from = {.core = instruction->from.base, .part = part};
    struct nomem__place word = to;
    word.displacement[word.steps - 1] += (int64_t)part * REGISTER_BYTES;
    drop_place(moment, &word);
    if (!is_held(moment, &from)) continue;
    add_holder(follower, moment, &word);
    if (!is_on_stack(follower->code, &word)) note_store(follower, &word);
  }
}

static void store(struct follower *follower, struct moment *moment, const struct nomem__instruction *instruction) {
  struct nomem__place to;
  bool holds = has_value(follower, moment, &instruction->from);
  bool has_place = nomem__place_of_operand(&instruction->to, &to);
  if (instruction->to.base == NOMEM_NO_REGISTER) return;
  to = name_place(follower->code, moment->number, &to);
  if (has_place && instruction->to.bytes > REGISTER_BYTES && instruction->from.kind == NOMEM_OPERAND_REGISTER) {
    store_pair(follower, moment, instruction, to);
    return;
  }
  if (has_place) drop_place(moment, &to);
  if (!holds) return;
  if (has_place) add_holder(follower, moment, &to);
  if (!is_on_stack(follower->code, &to)) note_store(follower, &to);
}

static void load(struct follower *follower, struct moment *moment, const struct nomem__instruction *instruction) {
  const struct nomem__operand *to = &instruction->to, *from = &instruction->from;
  bool holds = has_value(follower, moment, from), is_general = to->base < NOMEM_GENERAL_REGISTERS;
  bool copies = from->kind == NOMEM_OPERAND_REGISTER && from->base < NOMEM_GENERAL_REGISTERS &&
                (moment->constants >> from->base & 1) != 0;
  int64_t constant = copies ? moment->constant[from->base] : from->value;
  const struct nomem__place place = {.core = to->base, .part = to->part};
  if (is_general)
    drop_register(moment, to->base);
  else
    drop_place(moment, &place);
  if (holds) add_holder(follower, moment, &place);
  if (!is_general || (!copies && from->kind != NOMEM_OPERAND_NUMBER)) return;
  moment->constants |= UINT32_C(1) << to->base;
  moment->constant[to->base] = to->bytes == 4 ? (int32_t)constant : constant;
}

static void write_others(struct moment *moment, const struct nomem__instruction *instruction) {
  for (unsigned i = 0; i < NOMEM_ABSOLUTE; i++)
    if ((instruction->written >> i & 1) != 0) drop_register(moment, i);
}

static void call(struct follower *follower, struct moment *moment) {
  static const uint8_t arguments[] = {NOMEM_RDI, NOMEM_RSI, NOMEM_RDX, NOMEM_RCX, NOMEM_R8, NOMEM_R9};
  for (size_t i = 0; i < sizeof arguments; i++)
    follower->use->is_passed |= is_held(moment, &(struct nomem__place){.core = arguments[i]});
  for (unsigned i = 0; i < NOMEM_ABSOLUTE; i++)
    if (!nomem__is_kept_register(i)) drop_register(moment, i);
}

/* The stack pointer moves, and places by way of it with it. */
static void move_stack(struct moment *moment, int64_t bytes) {
  for (unsigned i = 0; i < moment->holder_count; i++)
    if (moment->holders[i].core == NOMEM_RSP && moment->holders[i].steps > 0)
      moment->holders[i].displacement[0] += bytes;
}

static void end(struct follower *follower, const struct moment *moment) {
  struct nomem__value_use *use = follower->use;
  bool is_it = is_held(moment, &(struct nomem__place){.core = NOMEM_RAX});
  bool is_known = (moment->constants & 1) != 0;
  int64_t value = moment->constant[NOMEM_RAX];
  bool agrees = !use->does_return || (use->result.is_known && is_known && use->result.value == value);
  use->is_returned = is_it && !follower->returns_other;
  use->may_be_returned |= is_it;
  follower->returns_other |= !is_it;
  use->result = (struct nomem__returned){is_known && agrees, value};
  use->does_return = true;
}

/* What an instruction does to the value, beside jumping. */
static void execute(struct follower *follower, struct moment *moment, const struct nomem__instruction *instruction) {
  bool was_compared = instruction->operation == NOMEM_OPERATION_TEST && has_value(follower, moment, &instruction->to);
  if (instruction->sets_flags) moment->is_compared = was_compared;
  switch ((enum nomem__operation)instruction->operation) {
    case NOMEM_OPERATION_TEST:
      follower->use->is_checked |= was_compared;
      moment->compared_with = instruction->from.value;
      moment->compared_bytes = instruction->to.bytes;
      return;
    case NOMEM_OPERATION_MOVE:
      if (instruction->to.kind == NOMEM_OPERAND_MEMORY)
        store(follower, moment, instruction);
      else
        load(follower, moment, instruction);
      return;
    case NOMEM_OPERATION_ADDRESS:
      if (instruction->to.base != instruction->from.base) drop_register(moment, instruction->to.base);
      if (is_held(moment, &(struct nomem__place){.core = instruction->from.base}))
        add_holder(follower, moment, &(struct nomem__place){.core = instruction->to.base});
      return;
    case NOMEM_OPERATION_ADD:
      if (instruction->to.base == NOMEM_RSP && instruction->from.kind == NOMEM_OPERAND_NUMBER)
        move_stack(moment, -instruction->from.value);
      else if (instruction->to.kind == NOMEM_OPERAND_REGISTER)
        moment->constants &= ~(UINT32_C(1) << instruction->to.base % 32);
      return;
    case NOMEM_OPERATION_PUSH:
      move_stack(moment, REGISTER_BYTES);
      if (has_value(follower, moment, &instruction->from))
        add_holder(follower, moment, &(struct nomem__place){.core = NOMEM_RSP, .steps = 1});
      return;
    case NOMEM_OPERATION_POP:
      drop_register(moment, instruction->to.base);
      move_stack(moment, -REGISTER_BYTES);
      return;
    case NOMEM_OPERATION_LEAVE:
      drop_register(moment, NOMEM_RBP);
      drop_register(moment, NOMEM_RSP);
      return;
    case NOMEM_OPERATION_CALL:
      call(follower, moment);
      return;
    case NOMEM_OPERATION_MOVE_IF:
      moment->constants &= ~(UINT32_C(1) << instruction->to.base % 32);
      if (has_value(follower, moment, &instruction->from))
        add_holder(follower, moment, &(struct nomem__place){.core = instruction->to.base});
      return;
    case NOMEM_OPERATION_OTHER:
      write_others(moment, instruction);
      return;
    default:
      return;
  }
}

static bool is_followed(const struct moment *moment, const struct nomem__instruction *instruction) {
  const struct nomem__operand *memory = &instruction->memory;
  return memory->kind == NOMEM_OPERAND_MEMORY && memory->base < NOMEM_GENERAL_REGISTERS &&
         is_held(moment, &(struct nomem__place){.core = memory->base});
}

/* Whether the value leads to, or past, a jump; *goes_on: past it. */
static void choose_ways(const struct follower *follower, const struct moment *moment,
                        const struct nomem__instruction *instruction, bool *jumps, bool *goes_on) {
  *jumps = *goes_on = true;
  if (!moment->is_compared || !follower->value->is_known || instruction->sets_flags) return;
  *jumps = nomem__condition_holds(instruction->condition, (uint64_t)follower->value->value, moment->compared_with,
                                  moment->compared_bytes);
  *goes_on = !*jumps;
}

/* "equal" and "not equal" */
static bool is_null_check(const struct moment *moment, const struct nomem__instruction *instruction) {
  return instruction->operation == NOMEM_OPERATION_JUMP_IF && moment->is_compared && moment->compared_with == 0 &&
         (instruction->condition == 4 || instruction->condition == 5);
}

static void note_check(struct follower *follower, uint64_t address) {
  for (size_t i = 0; i < follower->check_count; i++)
    if (follower->checks[i] == address) return;
  if (follower->check_count < NOMEM_CHECKS_MAX) follower->checks[follower->check_count++] = address;
}

static void leave_by_jump(struct follower *follower, struct moment *moment) {
  call(follower, moment);
  end(follower, moment);
}

static void look_at(struct follower *follower, struct moment *moment) {
  const struct nomem__function_code *code = follower->code;
  const struct nomem__instruction *instruction = &code->list[moment->number];
  bool jumps = instruction->operation == NOMEM_OPERATION_JUMP, goes_on = !jumps;
  if (is_followed(moment, instruction)) {
    follower->use->is_followed = true;
    if (follower->value->is_known) return;
  }
  if (follower->checks != NULL && is_null_check(moment, instruction)) {
    note_check(follower, instruction->address);
    return;
  }
  execute(follower, moment, instruction);
  if (instruction->operation == NOMEM_OPERATION_RETURN) end(follower, moment);
  if (instruction->operation == NOMEM_OPERATION_JUMP_IF) choose_ways(follower, moment, instruction, &jumps, &goes_on);
  uint32_t target = jumps ? nomem__function_code_find(code, instruction->target) : NOMEM_NO_INSTRUCTION;
  if (target != NOMEM_NO_INSTRUCTION) add_moment(follower, moment, target);
  if (goes_on && nomem__function_code_falls_through(code, moment->number))
    add_moment(follower, moment, moment->number + 1);
  if (!jumps || target != NOMEM_NO_INSTRUCTION) return;
  if (instruction->target == 0) follower->use->is_whole = false;
  leave_by_jump(follower, moment);
}

static bool follow(struct follower *follower, uint64_t return_address) {
  const struct nomem__function_code *code = follower->code;
  uint32_t before = nomem__function_code_find_before(code, return_address);
  *follower->use = (struct nomem__value_use){.is_whole = true};
  if (before == NOMEM_NO_INSTRUCTION || code->list[before].operation != NOMEM_OPERATION_CALL) return false;
  follower->hashes = nomem__calloc(2 * MOMENTS_MAX, sizeof *follower->hashes);
  const struct moment first = {.holder_count = 1, .holders = {{.core = NOMEM_RAX}}};
  if (nomem__function_code_falls_through(code, before)) add_moment(follower, &first, before + 1);
  for (size_t i = 0; i < follower->count; i++) {
    struct moment moment = follower->list[i]; /* the list may move */
    look_at(follower, &moment);
  }
  free(follower->list);
  free(follower->hashes);
  return true;
}

bool nomem__find_uses(const struct nomem__function_code *code, uint64_t return_address,
                      const struct nomem__returned *value, struct nomem__value_use *use) {
  struct follower follower = {.code = code, .value = value, .use = use};
  return follow(&follower, return_address);
}

size_t nomem__find_checks(const struct nomem__function_code *code, uint64_t return_address,
                          uint64_t checks[NOMEM_CHECKS_MAX]) {
  static const struct nomem__returned unknown = {false, 0};
  struct nomem__value_use use;
  struct follower follower = {.code = code, .value = &unknown, .use = &use, .checks = checks};
  follow(&follower, return_address);
  return follower.check_count;
}

bool nomem__is_ignored(const struct nomem__value_use *use) {
  return use->is_whole && !use->is_checked && !use->is_returned && !use->is_passed && !use->is_followed &&
         use->stored_count == 0;
}
