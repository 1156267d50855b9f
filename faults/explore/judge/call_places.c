/* SPDX-License-Identifier: MIT */
#include "call_places.h"

#include <stdlib.h>
#include <string.h>

#include "../../program_kinds.h"
#include "../code/function_code.h"
#include "../stack/process_memory.h"
#include "../text/grow.h"
#include "../text/memory.h"
#include "look_watch.h"
#include "test_names.h"

/* So many functions of a module are looked at. */
#define SYMBOLS_MAX 8192

bool nomem__is_of_test(const struct nomem__code_owners *code_owners, const char *path, uint64_t offset) {
  const struct nomem__trace_frame frame = {path, offset, false};
  return nomem__code_owner_of(code_owners, &frame) == NOMEM_OWNER_TEST &&
         !nomem__is_framework_code(code_owners, &frame);
}

void nomem__call_places_add(struct nomem__call_places *places, const char *path, uint64_t bias, uint64_t offset,
                            bool is_entry) {
  if (places->count == NOMEM_CALL_PLACES) places->is_cut = true;
  if (places->is_cut && places->count > 0) return;
  places->list = nomem__grow(places->list, places->count, &places->room, sizeof *places->list);
  places->list[places->count++] =
      (struct nomem__call_place){.address = bias + offset, .is_entry = is_entry, .path = path, .bias = bias};
}

/* So far before a comparison stands what made its value of another one. */
#define OUTCOME_INSTRUCTIONS 4

/* Whether what an instruction compares with 0 was made of the flags of a comparison just before. */
static bool is_outcome(const struct nomem__function_code *code, size_t number) {
  const struct nomem__instruction *look = &code->list[number];
  if (look->operation != NOMEM_OPERATION_TEST || look->to.kind != NOMEM_OPERAND_REGISTER) return false;
  for (size_t i = 1; i <= OUTCOME_INSTRUCTIONS && i <= number; i++) {
    const struct nomem__instruction *before = &code->list[number - i];
    bool is_from_flags = before->operation == NOMEM_OPERATION_OTHER && !before->sets_flags && before->to.bytes == 1;
    if (is_from_flags && before->to.kind == NOMEM_OPERAND_REGISTER && before->to.base == look->to.base) return true;
    if (before->operation >= NOMEM_OPERATION_LEAVE) return false; /* the control goes elsewhere */
  }
  return false;
}

/* A comparison of test code's. */
static void add_look(struct nomem__call_places *places, const char *path, uint64_t bias,
                     const struct nomem__function_code *code, size_t number) {
  const struct nomem__instruction *look = &code->list[number];
  size_t before = places->count;
  if (!places->with_looks || !nomem__look_is_one(places->code_owners->symbols, path, look)) return;
  nomem__call_places_add(places, path, bias, look->address, false);
  if (places->count == before) return;
  places->list[before].is_look_only = true;
  places->list[before].look = look;
  places->list[before].is_outcome = is_outcome(code, number);
}

/* The functions of one module that are still to be read. */
struct functions {
  struct nomem__call_places *places;
  const char *path;
  uint64_t bias;
  const struct nomem__function_code *list[NOMEM_CALL_FUNCTIONS];
  bool compares_only[NOMEM_CALL_FUNCTIONS]; /* it is a test framework's, made for what the test compares */
  size_t count;
};

static void add_function(struct functions *functions, uint64_t offset, bool compares_only) {
  struct nomem__call_places *places = functions->places;
  const struct nomem__function_code *code =
      nomem__symbols_find_code(places->code_owners->symbols, functions->path, offset);
  for (size_t i = 0; i < functions->count; i++)
    if (functions->list[i] == code) return;
  if (code == NULL || functions->count == NOMEM_CALL_FUNCTIONS)
    places->is_cut = true;
  else {
    functions->compares_only[functions->count] = compares_only;
    functions->list[functions->count++] = code;
  }
}

/* Whether a function is an instance of a framework's template. */
static bool is_framework_instance(const struct functions *functions, uint64_t offset) {
  const struct nomem__trace_frame frame = {functions->path, offset, false};
  struct nomem__source_frame source = {0};
  if (!functions->places->with_looks || !nomem__is_framework_code(functions->places->code_owners, &frame)) return false;
  nomem__symbols_resolve(functions->places->code_owners->symbols, functions->path, offset, false, &source, 1);
  return source.function != NULL && strchr(source.function, '<') != NULL;
}

/* Adds the places behind its calls, and the functions of test code that it calls or goes on in. */
static void read_function(struct functions *functions, const struct nomem__function_code *code, bool compares_only) {
  const struct nomem__code_owners *code_owners = functions->places->code_owners;
  for (size_t i = 0; i < code->count; i++) {
    const struct nomem__instruction *instruction = &code->list[i];
    bool is_call = instruction->operation == NOMEM_OPERATION_CALL;
    add_look(functions->places, functions->path, functions->bias, code, i);
    if (is_call && !compares_only)
      nomem__call_places_add(functions->places, functions->path, functions->bias,
                             instruction->address + instruction->length, false);
    bool leaves = is_call || (instruction->operation == NOMEM_OPERATION_JUMP &&
                              nomem__function_code_find(code, instruction->target) == NOMEM_NO_INSTRUCTION);
    if (!leaves || instruction->target == 0) continue;
    if (!compares_only && nomem__is_of_test(code_owners, functions->path, instruction->target))
      add_function(functions, instruction->target, false);
    else if (is_framework_instance(functions, instruction->target))
      add_function(functions, instruction->target, true);
  }
}

static void visit_entry(void *user, uint64_t offset) {
  const struct functions *functions = user;
  if (nomem__is_of_test(functions->places->code_owners, functions->path, offset))
    nomem__call_places_add(functions->places, functions->path, functions->bias, offset, true);
}

/* A test framework calls its own functions. */
static void add_entries(struct functions *functions) {
  struct nomem__symbols *symbols = functions->places->code_owners->symbols;
  if (nomem__is_test_library(nomem__base_name(functions->path))) return;
  if (!nomem__symbols_each_function(symbols, functions->path, SYMBOLS_MAX, visit_entry, functions))
    functions->places->is_cut = true;
}

static bool is_test_frame(const struct nomem__call_places *places, const struct nomem__trace *trace, unsigned frame) {
  return nomem__code_owner_at(places->code_owners, trace, frame) == NOMEM_OWNER_TEST;
}

/* Whether a frame is the first one of test code of its module, from one on. */
static bool is_first_of_module(const struct nomem__call_places *places, const struct nomem__trace *trace, unsigned from,
                               unsigned frame) {
  if (!is_test_frame(places, trace, frame)) return false;
  for (unsigned i = from; i < frame; i++)
    if (is_test_frame(places, trace, i) && strcmp(trace->frame[i].path, trace->frame[frame].path) == 0) return false;
  return true;
}

/* Adds all places of one module: of the frames from this one outwards that are test code. */
static void add_module(struct nomem__call_places *places, const struct nomem__stack *stack,
                       const struct nomem__trace *trace, unsigned from) {
  uint64_t address;
  const struct nomem__trace_frame *first = &trace->frame[from];
  if (!nomem__read_word(stack->tid, stack->frames[from - 1].cfa - sizeof address, &address)) {
    places->is_cut = true;
    return;
  }
  struct functions *functions = nomem__calloc(1, sizeof *functions);
  *functions = (struct functions){.places = places, .path = first->path, .bias = address - first->offset};
  for (unsigned i = from; i < trace->depth; i++) {
    const struct nomem__trace_frame *frame = &trace->frame[i];
    bool is_of_test_code = is_test_frame(places, trace, i) && !nomem__is_framework_code(places->code_owners, frame);
    if (strcmp(frame->path, first->path) == 0 && is_of_test_code) add_function(functions, frame->offset - 1, false);
  }
  for (size_t i = 0; i < functions->count; i++)
    read_function(functions, functions->list[i], functions->compares_only[i]);
  add_entries(functions);
  free(functions);
}

void nomem__call_places_add_all(struct nomem__call_places *places, const struct nomem__stack *stack,
                                const struct nomem__trace *trace, unsigned from) {
  for (unsigned i = from; i < trace->depth; i++)
    if (is_first_of_module(places, trace, from, i)) add_module(places, stack, trace, i);
}

static int by_address(const void *left, const void *right) {
  const struct nomem__call_place *a = left, *b = right;
  if (a->address != b->address) return a->address < b->address ? -1 : 1;
  return a->is_look_only != b->is_look_only ? a->is_look_only - b->is_look_only : b->is_entry - a->is_entry;
}

static void add_look_to(struct nomem__call_place *place, const struct nomem__call_place *look) {
  place->look = look->look;
  place->is_outcome = look->is_outcome;
}

/* Behind a call that never returns, the next function may begin; behind one that does, its result may be compared. */
void nomem__call_places_order(struct nomem__call_places *places) {
  size_t kept = 0;
  qsort(places->list, places->count, sizeof *places->list, by_address);
  for (size_t i = 0; i < places->count; i++)
    if (kept == 0 || places->list[kept - 1].address != places->list[i].address)
      places->list[kept++] = places->list[i];
    else if (places->list[i].look != NULL)
      add_look_to(&places->list[kept - 1], &places->list[i]);
  places->count = kept;
}

struct nomem__call_place *nomem__call_places_find(const struct nomem__call_places *places, uint64_t address) {
  size_t low = 0, high = places->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (places->list[middle].address < address)
      low = middle + 1;
    else
      high = middle;
  }
  return low < places->count && places->list[low].address == address ? &places->list[low] : NULL;
}
