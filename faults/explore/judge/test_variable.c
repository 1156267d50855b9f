/* SPDX-License-Identifier: MIT */
#include "test_variable.h"

#include <string.h>

#include "../stack/process_memory.h"
#include "null_source.h"
#include "root_cause.h"

/* Whether it is a variable itself, rather than a member of what one points to. */
static bool is_variable(const struct nomem__place *place) {
  return place->steps == 1 && (place->core == NOMEM_RSP || place->core == NOMEM_RBP || place->core == NOMEM_ABSOLUTE);
}

bool nomem__test_variable_find(const struct nomem__outcome *outcome, const struct nomem__code_owners *code_owners,
                               const struct nomem__trace *blow_up, struct nomem__test_variable *variable) {
  struct nomem__null_sources sources;
  struct nomem__trace fault;
  nomem__null_sources_find(outcome, code_owners->symbols, blow_up, &sources);
  for (size_t i = 0; i < sources.count; i++) {
    const struct nomem__null_source *source = &sources.list[i];
    bool is_of_test = nomem__code_owner_at(code_owners, blow_up, source->frame) == NOMEM_OWNER_TEST;
    if (!is_of_test || source->kind != NOMEM_NULL_IN_MEMORY || !is_variable(&source->place)) return false;
  }
  if (sources.count == 0) return false;
  nomem__fault_trace(outcome->channel, sources.list[0].fault, &fault);
  variable->frame = fault.frame[sources.list[0].fault_frame];
  variable->place = sources.list[0].place;
  return true;
}

static bool is_same_function(struct nomem__symbols *symbols, const struct nomem__trace_frame *one,
                             const struct nomem__trace_frame *other) {
  const struct nomem__function_code *code;
  return strcmp(one->path, other->path) == 0 &&
         (code = nomem__symbols_find_code(symbols, one->path, one->offset - 1)) != NULL &&
         code == nomem__symbols_find_code(symbols, other->path, other->offset - 1);
}

uint64_t nomem__test_variable_locate(const struct nomem__test_variable *variable, struct nomem__symbols *symbols,
                                     const struct nomem__stack *stack, const struct nomem__trace *trace) {
  uint64_t address;
  for (unsigned i = 1; i < trace->depth; i++) {
    if (!is_same_function(symbols, &trace->frame[i], &variable->frame)) continue;
    uint64_t sp = stack->frames[i - 1].cfa, offset = (uint64_t)variable->place.displacement[0];
    if (variable->place.core == NOMEM_RBP)
      return stack->frames[i].frame_pointer != 0 ? stack->frames[i].frame_pointer + offset : 0;
    if (sp == 0) return 0;
    if (variable->place.core == NOMEM_RSP) return sp + offset;
    /* Of the module: it lies where its code does. */
    return nomem__read_word(stack->tid, sp - sizeof address, &address) ? address - trace->frame[i].offset + offset : 0;
  }
  return 0;
}
