/* SPDX-License-Identifier: MIT */
#include "null_store.h"

#include <errno.h>

#include "../../program_kinds.h"
#include "../code/value_use.h"
#include "../stack/debug_info.h"

/* So many functions that jump to one another are followed. */
#define JUMPS_MAX 4

static bool find_uses(struct nomem__symbols *symbols, const struct nomem__trace_frame *frame,
                      const struct nomem__returned *value, struct nomem__value_use *use) {
  const struct nomem__function_code *code = nomem__symbols_find_code(symbols, frame->path, frame->offset - 1);
  return code != NULL && nomem__find_uses(code, frame->offset, value, use);
}

enum match { NO_STORE, POSSIBLE_STORE, SAME_STORE };

/* Whether a function stored the value where it was read from later: in the same member of an object, or the same
 * variable. Another member may be the same, by way of a pointer to a part of the object; so may anything else, where
 * the address is not known. */
static enum match match_stores(const struct nomem__value_use *use, const struct nomem__null_source *source) {
  const struct nomem__place *read = &source->place;
  int64_t member = source->within >= 0 ? source->within : read->displacement[read->steps - 1];
  bool was_variable = read->core == NOMEM_ABSOLUTE && read->steps == 1;
  for (size_t i = 0; i < use->stored_count && read->core != NOMEM_ELEMENT; i++) {
    const struct nomem__place *stored = &use->stored[i];
    bool is_variable = stored->core == NOMEM_ABSOLUTE && stored->steps == 1;
    if (is_variable == was_variable && stored->displacement[stored->steps - 1] == member) return SAME_STORE;
  }
  return use->stored_count > 0 ? POSSIBLE_STORE : NO_STORE;
}

/* Whether a function ends by a jump to another one of its module, directly or by way of more such functions. */
static bool jumps_to(struct nomem__symbols *symbols, const char *path, const struct nomem__function_code *from,
                     const struct nomem__function_code *to) {
  for (unsigned jumps = 0; jumps < JUMPS_MAX && from != NULL; jumps++) {
    const struct nomem__function_code *next = NULL;
    for (uint32_t i = 0; i < from->count; i++) {
      const struct nomem__instruction *jump = &from->list[i];
      bool leaves = jump->operation == NOMEM_OPERATION_JUMP && jump->target != 0 &&
                    nomem__function_code_find(from, jump->target) == NOMEM_NO_INSTRUCTION;
      if (leaves && jump->target == to->start) return true;
      const struct nomem__function_code *other = leaves ? nomem__symbols_find_code(symbols, path, jump->target) : NULL;
      if (other != NULL && other->start == jump->target) next = other;
    }
    from = next;
  }
  return false;
}

/* Whether a function that returns a value of this kind reports a failure by this one: NULL, false, or a number that is
 * not 0. Where nobody looks at it, the compiler has a function return nothing, and what was allocated is left in its
 * place (is_allocated): that is no number. */
static bool is_report(const struct nomem__debug_result *result, const struct nomem__returned *value,
                      bool is_allocated) {
  if (result->kind == NOMEM_RESULT_NONE || result->kind == NOMEM_RESULT_UNKNOWN) return false;
  if (is_allocated && result->kind != NOMEM_RESULT_POINTER && result->bytes < sizeof(uint64_t)) return true;
  bool is_zero = result->kind == NOMEM_RESULT_POINTER || result->kind == NOMEM_RESULT_BOOL;
  return value->is_known && (value->value == 0) == is_zero;
}

/* Whether the function that a frame called reported the failure by what it returned. The one that the call names may
 * have jumped to the one that the stack has: then it is that one's to say, and it may have had nothing to return. Not
 * known without debug information. */
static bool has_reported(struct nomem__symbols *symbols, const struct nomem__trace_frame *caller,
                         const struct nomem__trace_frame *callee, const struct nomem__returned *value,
                         bool is_allocated) {
  const struct nomem__function_code *code = nomem__symbols_find_code(symbols, caller->path, caller->offset - 1);
  const struct nomem__function_code *reached = nomem__symbols_find_code(symbols, callee->path, callee->offset - 1);
  uint32_t call = code != NULL ? nomem__function_code_find_before(code, caller->offset) : NOMEM_NO_INSTRUCTION;
  struct nomem__debug_result result = nomem__symbols_find_result(symbols, callee->path, callee->offset - 1);
  if (call == NOMEM_NO_INSTRUCTION || reached == NULL) return false;
  if (nomem__symbols_is_call_of(symbols, caller->path, &code->list[call], callee->path, reached->start))
    return is_report(&result, value, is_allocated);
  const char *path = caller->path;
  const struct nomem__function_code *named = nomem__symbols_find_callee(symbols, &path, &code->list[call]);
  if (named == NULL || !nomem__trace_is_same_file(path, callee->path) || !jumps_to(symbols, path, named, reached))
    return false;
  result = nomem__symbols_find_result(symbols, path, named->start);
  return is_report(&result, value, is_allocated);
}

/* Whether the function in a frame may return a pointer: a number that is stored, such as an error's, is no NULL. */
static bool may_return_pointer(struct nomem__symbols *symbols, const struct nomem__trace_frame *callee) {
  const struct nomem__debug_result result = nomem__symbols_find_result(symbols, callee->path, callee->offset - 1);
  bool is_known = result.kind != NOMEM_RESULT_UNKNOWN && result.kind != NOMEM_RESULT_NONE;
  return !is_known || result.kind == NOMEM_RESULT_POINTER || result.bytes >= sizeof(void *);
}

/* What is known of the functions on the way from a failure outwards. */
struct way {
  enum match match;
  bool has_ignored, has_passed, was_checked;
  /* Frames: the first that stored it, that handed it unchecked to a function, which may have stored it, and that
   * ignored what it was told. */
  unsigned store, passed, ignored;
};

/* value: what the call in the frame returned. */
static void look_at_frame(struct nomem__symbols *symbols, const struct nomem__trace *fault, unsigned frame,
                          const struct nomem__null_source *source, const struct nomem__value_use *use,
                          const struct nomem__returned *value, bool is_allocated, struct way *way) {
  enum match match = match_stores(use, source);
  if (nomem__is_runtime(nomem__base_name(fault->frame[frame].path))) return;
  if (match > way->match && (frame == 0 || may_return_pointer(symbols, &fault->frame[frame - 1]))) {
    way->match = match;
    way->store = frame;
    way->was_checked = use->is_checked;
  }
  bool hands_on = use->is_passed && !use->is_checked && use->is_whole;
  if (hands_on && !way->has_passed && (frame == 0 || may_return_pointer(symbols, &fault->frame[frame - 1]))) {
    way->has_passed = true;
    way->passed = frame;
  }
  if (way->has_ignored || frame == 0 || !nomem__is_ignored(use)) return;
  if (!has_reported(symbols, &fault->frame[frame], &fault->frame[frame - 1], value, is_allocated)) return;
  way->has_ignored = true;
  way->ignored = frame;
}

static struct way find_way(struct nomem__symbols *symbols, const struct nomem__trace *fault, enum nomem_fn fn,
                           const struct nomem__null_source *source) {
  struct way way = {0};
  struct nomem__returned value = {true, fn == NOMEM_FN_POSIX_MEMALIGN ? ENOMEM : 0};
  bool is_allocated = fn != NOMEM_FN_POSIX_MEMALIGN;
  for (unsigned frame = 0; frame <= source->fault_frame; frame++) {
    struct nomem__value_use use;
    if (!find_uses(symbols, &fault->frame[frame], &value, &use)) {
      value.is_known = is_allocated = false;
      continue;
    }
    look_at_frame(symbols, fault, frame, source, &use, &value, is_allocated, &way);
    if (!use.does_return) break; /* it throws an exception, or ends the process */
    if (!use.is_returned) value = use.result;
    is_allocated &= use.is_returned;
  }
  return way;
}

static enum nomem_fn find_fault_of(const struct nomem__outcome *outcome, const struct nomem__null_source *source,
                                   struct nomem__trace *fault) {
  nomem__fault_trace(outcome->channel, source->fault, fault);
  return (enum nomem_fn)nomem__channel_fault(outcome->channel, source->fault)->fn;
}

struct nomem__null_store nomem__null_store_find(const struct nomem__outcome *outcome, struct nomem__symbols *symbols,
                                                const struct nomem__null_source *source) {
  struct nomem__trace fault;
  enum nomem_fn fn = find_fault_of(outcome, source, &fault);
  const struct way way = find_way(symbols, &fault, fn, source);
  bool has_store = way.match != NO_STORE, is_same = way.match == SAME_STORE;
  if (has_store && !way.was_checked) return (struct nomem__null_store){NOMEM_CAUSE_UNCHECKED, way.store, is_same};
  if (way.has_ignored) return (struct nomem__null_store){NOMEM_CAUSE_IGNORED, way.ignored, is_same};
  if (has_store) return (struct nomem__null_store){NOMEM_CAUSE_LEFT, way.store, is_same};
  if (way.has_passed) return (struct nomem__null_store){NOMEM_CAUSE_UNCHECKED, way.passed, false};
  return (struct nomem__null_store){NOMEM_CAUSES, 0, false};
}

bool nomem__is_null_returned(const struct nomem__outcome *outcome, struct nomem__symbols *symbols,
                             const struct nomem__null_source *source) {
  struct nomem__trace fault;
  enum nomem_fn fn = find_fault_of(outcome, source, &fault);
  struct nomem__returned value = {true, 0};
  if (fn == NOMEM_FN_POSIX_MEMALIGN) return false;
  for (unsigned frame = 0; frame < source->fault_frame && value.is_known; frame++) {
    struct nomem__value_use use;
    if (!find_uses(symbols, &fault.frame[frame], &value, &use) || !use.does_return) return false;
    if (!use.is_returned) value = use.result;
  }
  return value.is_known && value.value == 0;
}

bool nomem__is_passed_on(struct nomem__symbols *symbols, const struct nomem__trace *fault, unsigned frame) {
  const struct nomem__returned unknown = {0};
  struct nomem__value_use use;
  return find_uses(symbols, &fault->frame[frame], &unknown, &use) && (use.is_returned || use.may_be_returned);
}

bool nomem__is_checked(struct nomem__symbols *symbols, const struct nomem__trace *fault, unsigned frame) {
  const struct nomem__returned unknown = {0};
  struct nomem__value_use use;
  return find_uses(symbols, &fault->frame[frame], &unknown, &use) && use.is_checked;
}

bool nomem__is_checked_or_unused(struct nomem__symbols *symbols, const struct nomem__trace *fault, unsigned frame) {
  const struct nomem__returned unknown = {0};
  struct nomem__value_use use;
  if (!find_uses(symbols, &fault->frame[frame], &unknown, &use)) return false;
  return use.is_checked || nomem__is_ignored(&use);
}
