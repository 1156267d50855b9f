/* SPDX-License-Identifier: MIT */
#include "value_source.h"

#include <stdlib.h>
#include <string.h>

#include "../text/grow.h"
#include "../text/hash.h"
#include "../text/memory.h"

/* So many pairs of an instruction and a place are looked at: more than all but a few functions need. A power of two. */
#define STATES_MAX ((size_t)16384)
/* Two jumps in a row may ask for the same flags. */
#define CONDITIONS 2
/* A variable on the stack whose address is taken is no larger than this. */
#define VARIABLE_BYTES 1024

/* What must have been so for the thread to come on from here. */
struct condition {
  uint8_t condition;
  bool holds;
};

/* The value is at place before an instruction. */
struct state {
  uint32_t number;
  uint64_t checked_at;
  uint8_t condition_count;
  struct condition conditions[CONDITIONS]; /* of the flags, as they are then */
  struct nomem__place place;
};

/* So many answers are kept of a function, to questions with no more than so many addresses. */
#define ANSWERS_MAX 256
#define ANSWER_ADDRESSES 16

/* A question, and what was found. */
struct nomem__code_answer {
  uint32_t number;
  struct nomem__place place;
  uint64_t return_addresses[ANSWER_ADDRESSES];
  size_t address_count;
  struct nomem__sources sources;
};

struct search {
  const struct nomem__function_code *code;
  const uint64_t *return_addresses;
  size_t address_count;
  struct nomem__sources *sources;
  struct state *list; /* all that are to be looked at, or have been */
  size_t count, room;
  uint32_t *slots; /* a hash table of them: the number plus 1; 0: free */
};

static uint64_t hash_state(const struct state *state) {
  uint64_t hash = nomem__hash_number(nomem__hash_number(NOMEM__HASH_START, state->number), state->checked_at);
  hash = nomem__hash_number(hash,
                            (uint64_t)state->place.core << 16 | (uint64_t)state->place.part << 8 | state->place.steps);
  for (unsigned i = 0; i < state->place.steps; i++)
    hash = nomem__hash_number(hash, (uint64_t)state->place.displacement[i]);
  for (unsigned i = 0; i < state->condition_count; i++)
    hash = nomem__hash_number(hash, (uint64_t)state->conditions[i].condition << 1 | state->conditions[i].holds);
  return hash;
}

static bool is_same_state(const struct state *a, const struct state *b) {
  if (a->number != b->number || a->checked_at != b->checked_at || a->condition_count != b->condition_count)
    return false;
  for (unsigned i = 0; i < a->condition_count; i++)
    if (a->conditions[i].condition != b->conditions[i].condition || a->conditions[i].holds != b->conditions[i].holds)
      return false;
  return nomem__place_is_equal(&a->place, &b->place);
}

static void add_state(struct search *search, const struct state *state) {
  size_t slot = hash_state(state) % (2 * STATES_MAX);
  for (; search->slots[slot] != 0; slot = (slot + 1) % (2 * STATES_MAX))
    if (is_same_state(&search->list[search->slots[slot] - 1], state)) return;
  if (search->count == STATES_MAX) {
    search->sources->is_whole = false;
    return;
  }
  search->list = nomem__grow(search->list, search->count, &search->room, sizeof *search->list);
  search->list[search->count++] = *state;
  search->slots[slot] = (uint32_t)search->count;
}

static void add_source(struct search *search, const struct nomem__source *source) {
  struct nomem__sources *sources = search->sources;
  for (size_t i = 0; i < sources->count; i++) {
    const struct nomem__source *other = &sources->list[i];
    if (other->kind == source->kind && other->return_address == source->return_address &&
        nomem__place_is_equal(&other->place, &source->place))
      return;
  }
  if (sources->count < NOMEM_SOURCES_MAX)
    sources->list[sources->count++] = *source;
  else
    sources->is_whole = false;
}

/* Whether the conditions can have held for flags that this instruction has set. Those that tell nothing of the value do
 * no harm. */
static bool can_have_held(const struct search *search, const struct state *after, uint32_t before,
                          const struct nomem__place *place) {
  const struct nomem__instruction *instruction = &search->code->list[before];
  struct nomem__place compared;
  if (instruction->operation != NOMEM_OPERATION_TEST || after->condition_count == 0) return true;
  if (!nomem__place_of_operand(&instruction->to, &compared) || instruction->to.bytes < 4) return true;
  if (!nomem__place_is_same(search->code, before, place, &compared)) return true;
  for (unsigned i = 0; i < after->condition_count; i++) {
    const struct condition *condition = &after->conditions[i];
    if (nomem__condition_holds(condition->condition, 0, instruction->from.value, instruction->to.bytes) !=
        condition->holds)
      return false;
  }
  return true;
}

/* What was compared and found to be NULL before the thread came to where the compiler knew a NULL: that is what it
 * knew. False: this is no such comparison. */
static bool find_compared(const struct state *after, const struct nomem__instruction *instruction,
                          struct nomem__place *compared) {
  bool is_pointer = instruction->operation == NOMEM_OPERATION_TEST && instruction->to.bytes == 8;
  if (!is_pointer || instruction->from.value != 0) return false;
  for (unsigned i = 0; i < after->condition_count; i++) {
    bool is_equal = nomem__condition_holds(after->conditions[i].condition, 0, 0, 8) == after->conditions[i].holds;
    bool is_unequal = nomem__condition_holds(after->conditions[i].condition, 1, 0, 8) == after->conditions[i].holds;
    if (is_equal && !is_unequal) return nomem__place_of_operand(&instruction->to, compared);
  }
  return false;
}

/* Whether an instruction takes an address for others to write to, by way of a register; *value: how far behind that. */
static bool takes_address(const struct nomem__instruction *instruction, unsigned core, int64_t *value) {
  if (instruction->from.base != core || instruction->to.kind != NOMEM_OPERAND_REGISTER) return false;
  bool is_address = instruction->operation == NOMEM_OPERATION_ADDRESS;
  bool is_pointer = instruction->operation == NOMEM_OPERATION_MOVE &&
                    instruction->from.kind == NOMEM_OPERAND_REGISTER && instruction->to.base != NOMEM_RBP &&
                    instruction->to.base != NOMEM_RSP;
  *value = is_address ? instruction->from.value : 0;
  return is_address || is_pointer;
}

/* How far a place on the stack is behind an address that the function takes for others to write to; -1: no address of
 * it is taken. */
static int64_t find_taken_address(const struct nomem__function_code *code, const struct nomem__place *place) {
  int64_t nearest = -1, value;
  for (size_t i = 0; i < code->count; i++) {
    if (!takes_address(&code->list[i], place->core, &value)) continue;
    int64_t behind = place->displacement[0] - value;
    if (behind >= 0 && behind < VARIABLE_BYTES && (nearest < 0 || behind < nearest)) nearest = behind;
  }
  return nearest;
}

/* Whether the value was read from memory whose address cannot be named, such as an element of an array. */
static bool was_read_anywhere(const struct nomem__instruction *instruction, const struct nomem__place *after) {
  bool is_load = instruction->operation == NOMEM_OPERATION_MOVE && instruction->to.kind == NOMEM_OPERAND_REGISTER &&
                 instruction->from.kind == NOMEM_OPERAND_MEMORY && instruction->from.bytes == sizeof(uint64_t);
  return after->steps > 0 || is_load;
}

static bool leads_to_failure(const struct search *search, uint64_t return_address) {
  for (size_t i = 0; i < search->address_count; i++)
    if (search->return_addresses[i] == return_address) return true;
  return false;
}

/* Notes a call that led to a failure, if it may have written the memory at place. Who wrote it before is looked for all
 * the same. The function's own variables on the stack are written by others only where their addresses are taken. */
static void note_writer(struct search *search, const struct nomem__instruction *call, const struct state *after) {
  const struct nomem__place *place = &after->place;
  struct nomem__source source = {
      .kind = NOMEM_SOURCE_MEMORY, .place = *place, .within = -1, .checked_at = after->checked_at};
  source.return_address = call->address + call->length;
  if (place->steps == 0 || place->core == NOMEM_RAX || !leads_to_failure(search, source.return_address)) return;
  bool is_on_stack = place->core == NOMEM_RSP || (place->core == NOMEM_RBP && search->code->has_frame_pointer);
  bool is_variable = is_on_stack && place->steps == 1;
  if (is_variable) source.within = find_taken_address(search->code, place);
  if (!is_variable || source.within >= 0) add_source(search, &source);
}

/* Enters what the value was before one of the instructions that may come before another. */
static void go_back(struct search *search, const struct state *after, uint32_t before,
                    const struct condition *condition) {
  const struct nomem__instruction *instruction = &search->code->list[before];
  struct state state = *after, other = *after;
  struct nomem__place place = after->place;
  int64_t value = 0;
  bool is_call = instruction->operation == NOMEM_OPERATION_CALL;
  if (is_call) note_writer(search, instruction, after);
  enum nomem__step step = nomem__place_step_back(instruction, &state.place, &other.place, &value);
  if (step == NOMEM_STEP_NUMBER && value == 0) {
    state.place = (struct nomem__place){.core = NOMEM_ZERO};
    step = NOMEM_STEP_SAME;
  } else if (place.core == NOMEM_ZERO && find_compared(after, instruction, &state.place)) {
    state.checked_at = instruction->address;
  }
  if (instruction->sets_flags && !can_have_held(search, after, before, &place)) return;
  if (instruction->sets_flags || is_call) state.condition_count = 0;
  if (condition != NULL && state.condition_count < CONDITIONS) state.conditions[state.condition_count++] = *condition;
  if (step == NOMEM_STEP_RETURNED) {
    struct nomem__source source = {
        .kind = NOMEM_SOURCE_RETURNED, .place = place, .within = -1, .checked_at = after->checked_at};
    source.return_address = instruction->address + instruction->length;
    add_source(search, &source);
    return;
  }
  if (step == NOMEM_STEP_LOST) {
    search->sources->is_whole = false;
    if (!was_read_anywhere(instruction, &place)) return;
    state.place = (struct nomem__place){.core = NOMEM_ELEMENT, .steps = 1};
    step = NOMEM_STEP_SAME;
  }
  if (step == NOMEM_STEP_NUMBER) return;
  state.number = before;
  add_state(search, &state);
  if (step != NOMEM_STEP_EITHER) return;
  state.place = other.place;
  add_state(search, &state);
}

static void go_back_over_jump(struct search *search, const struct state *after, uint32_t jump, bool is_taken) {
  const struct nomem__instruction *instruction = &search->code->list[jump];
  const struct condition condition = {instruction->condition, is_taken};
  bool tells = instruction->operation == NOMEM_OPERATION_JUMP_IF && !instruction->sets_flags;
  go_back(search, after, jump, tells ? &condition : NULL);
}

static void look_at(struct search *search, const struct state *state) {
  const struct nomem__function_code *code = search->code;
  size_t first, jumps = nomem__function_code_jumps_to(code, state->number, &first);
  bool is_start = code->list[state->number].address == code->start;
  bool follows = state->number > 0 && nomem__function_code_falls_through(code, state->number - 1);
  if (is_start && state->place.core != NOMEM_ZERO)
    add_source(search,
               &(struct nomem__source){
                   .kind = NOMEM_SOURCE_CALLER, .place = state->place, .within = -1, .checked_at = state->checked_at});
  if (follows) go_back_over_jump(search, state, state->number - 1, false);
  for (size_t i = 0; i < jumps; i++) go_back_over_jump(search, state, code->jumps[first + i].source, true);
  if (is_start || follows || jumps > 0) return;
  /* It is a case of a switch, or where exceptions are caught. */
  if (code->unknown_count == 0) search->sources->is_whole = false;
  for (size_t i = 0; i < code->unknown_count; i++) go_back(search, state, code->unknown_jumps[i], NULL);
}

static void find_sources(const struct nomem__function_code *code, uint32_t number, const struct nomem__place *place,
                         const uint64_t *return_addresses, size_t address_count, struct nomem__sources *sources) {
  struct search search = {
      .code = code, .return_addresses = return_addresses, .address_count = address_count, .sources = sources};
  *sources = (struct nomem__sources){.is_whole = true};
  search.slots = nomem__calloc(2 * STATES_MAX, sizeof *search.slots);
  add_state(&search, &(struct state){.number = number, .place = *place});
  for (size_t i = 0; i < search.count; i++) {
    const struct state state = search.list[i]; /* the list may move */
    look_at(&search, &state);
  }
  free(search.list);
  free(search.slots);
}

static bool is_asked(const struct nomem__code_answer *answer, uint32_t number, const struct nomem__place *place,
                     const uint64_t *return_addresses, size_t address_count) {
  return answer->number == number && answer->address_count == address_count &&
         memcmp(answer->return_addresses, return_addresses, address_count * sizeof *return_addresses) == 0 &&
         nomem__place_is_equal(&answer->place, place);
}

void nomem__find_sources(const struct nomem__function_code *code, uint32_t number, const struct nomem__place *place,
                         const uint64_t *return_addresses, size_t address_count, struct nomem__sources *sources) {
  struct nomem__code_answers *answers = code->answers;
  for (size_t i = 0; i < answers->count; i++)
    if (is_asked(&answers->list[i], number, place, return_addresses, address_count)) {
      *sources = answers->list[i].sources;
      return;
    }
  find_sources(code, number, place, return_addresses, address_count, sources);
  if (answers->count == ANSWERS_MAX || address_count > ANSWER_ADDRESSES) return;
  answers->list = nomem__grow(answers->list, answers->count, &answers->room, sizeof *answers->list);
  struct nomem__code_answer *answer = &answers->list[answers->count++];
  *answer = (struct nomem__code_answer){
      .number = number, .place = *place, .address_count = address_count, .sources = *sources};
  memcpy(answer->return_addresses, return_addresses, address_count * sizeof *return_addresses);
}
