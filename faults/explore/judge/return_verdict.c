/* SPDX-License-Identifier: MIT */
#include "return_verdict.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../text/function_name.h"
#include "error_names.h"

/* The call of test code below which a call was made. NULL: there is none. */
static const struct nomem__watched_call *outer_of(const struct nomem__return_watch *watch,
                                                  const struct nomem__watched_call *call) {
  return call->outer > 0 ? &watch->calls[call->outer - 1] : NULL;
}

/* Whether what blew up lies directly below a call of test code that was going on when the allocation failed, and still
 * is: that one cannot have been ignored yet. Also true when it is not known. */
static bool is_below_outer(const struct nomem__return_watch *watch, const struct nomem__watched_call *call,
                           const struct nomem__outcome *outcome) {
  const struct nomem__stack *stack = &outcome->end.stack;
  struct nomem__trace trace;
  nomem__trace_of_stack(stack, &trace);
  unsigned test = nomem__next_test_call(watch->code_owners, &trace, 0);
  if (test == trace.depth) return true;
  for (; call != NULL; call = outer_of(watch, call)) {
    if (call->is_outer_unknown) return true;
    if (test > 0 && !call->has_returned && call->sp == stack->frames[test - 1].cfa &&
        call->test.offset == stack->frames[test].offset)
      return true;
  }
  return false;
}

/* Whether a thread was there already when the call returned. Also true when it is not known. */
static bool was_there(const struct nomem__watched_call *call, pid_t tid) {
  for (size_t i = 0; i < call->thread_count; i++)
    if (call->threads[i] == tid) return true;
  return call->thread_count == NOMEM_RETURN_THREADS || call->thread_count == 0;
}

static bool has_fault(const struct nomem_channel *channel, pid_t pid, pid_t tid) {
  for (uint32_t i = 0; (i = nomem__find_fault(channel, pid, i)) < NOMEM_FAULTS; i++)
    if (channel->faults[i].tid == tid) return true;
  return false;
}

/* Whether it is this very call, made again and again from the same place, that does not end. */
static bool is_repeated(const struct nomem__watched_call *call, const struct nomem__outcome *outcome) {
  const struct nomem__stack *stack = &outcome->end.stack;
  if (!outcome->end.timed_out) return false;
  if (stack->frames[0].cfa == call->frame) return true; /* it was sampled between two of them as well */
  for (size_t i = 1; i < stack->depth; i++)
    if (stack->frames[i].offset == call->test.offset && stack->frames[i - 1].cfa == call->sp) return true;
  return false;
}

/* Whether they are the same call in the source, of the same function. */
static bool is_same_call(const struct nomem__watched_call *one, const struct nomem__watched_call *other) {
  return one->test.offset == other->test.offset && one->callee.offset == other->callee.offset;
}

/* The first fault below the same call: only that is sure to be reached in a run without a fault, too. */
static uint32_t first_fault_below(const struct nomem__return_watch *watch, uint32_t fault) {
  const struct nomem__watched_call *call = &watch->calls[watch->numbers[fault]];
  for (uint32_t i = 0; i < fault; i++)
    if (watch->kinds[i] == NOMEM_RETURN_CALL && is_same_call(&watch->calls[watch->numbers[i]], call)) return i;
  return fault;
}

/* Of the calls that a call was made below, the outermost that has returned as well. */
static const struct nomem__watched_call *outermost_returned(const struct nomem__return_watch *watch,
                                                            const struct nomem__watched_call *call) {
  const struct nomem__watched_call *outer;
  while ((outer = outer_of(watch, call)) != NULL && outer->has_returned) call = outer;
  return call;
}

/* The last fault that counts, of the thread where that had any. NOMEM_FAULTS: there is none. The message of a failing
 * assertion is part of the blow-up, and what test code asked for itself was reported to nobody. */
static uint32_t last_fault(const struct nomem__return_watch *watch, const struct nomem_channel *channel, pid_t pid,
                           pid_t tid, bool is_of_thread) {
  for (uint32_t i = NOMEM_FAULTS; i-- > 0;) {
    struct nomem__trace trace;
    if (nomem__find_fault(channel, pid, i) != i || (is_of_thread && channel->faults[i].tid != tid)) continue;
    nomem__fault_trace(channel, i, &trace);
    if (nomem__trace_is_assertion(&trace, watch->code_owners->symbols)) continue;
    if (watch->kinds[i] != NOMEM_RETURN_OWN) return i;
  }
  return NOMEM_FAULTS;
}

unsigned nomem__find_clean_up_call(const struct nomem__code_owners *code_owners, const struct nomem__trace *trace) {
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  unsigned test = nomem__next_test_call(code_owners, trace, 0);
  if (test == 0 || test == trace->depth) return trace->depth;
  const struct nomem__trace_frame *called = &trace->frame[test - 1];
  size_t count = nomem__symbols_resolve(code_owners->symbols, called->path, called->offset, called->is_return_address,
                                        sources, NOMEM_INLINED_MAX);
  bool is_clean_up = sources[count - 1].function != NULL && nomem__names_clean_up(sources[count - 1].function);
  return is_clean_up ? test : trace->depth;
}

/* Whether the call of test code below which the run blew up is one that gives something back. */
static bool is_in_clean_up(const struct nomem__return_watch *watch, const struct nomem__stack *stack) {
  struct nomem__trace trace;
  nomem__trace_of_stack(stack, &trace);
  return nomem__find_clean_up_call(watch->code_owners, &trace) < trace.depth;
}

struct nomem__last_call nomem__return_verdict_find(const struct nomem__return_watch *watch,
                                                   const struct nomem__outcome *outcome, bool is_waiting) {
  const struct nomem__last_call none = {0};
  const struct nomem_channel *channel = outcome->channel;
  pid_t pid = outcome->end.stack.pid, tid = outcome->end.stack.tid;
  if (!outcome->end.has_stack) return none;
  bool is_of_thread = has_fault(channel, pid, tid);
  uint32_t fault = last_fault(watch, channel, pid, tid, is_of_thread);
  if (fault == NOMEM_FAULTS || watch->kinds[fault] == NOMEM_RETURN_UNKNOWN) return none;
  const struct nomem__watched_call *call = &watch->calls[watch->numbers[fault]];
  bool is_going_on = is_of_thread ? !is_waiting && is_below_outer(watch, call, outcome) : was_there(call, tid);
  if (!call->has_returned || is_going_on) return none;
  /* Of more faults than there is room for, the last may have been below another call; not where this one is repeated.
   */
  bool repeats = is_repeated(call, outcome);
  if (channel->fault_count > NOMEM_FAULTS && !repeats) return none;
  const struct nomem__watched_call *outermost = outermost_returned(watch, call);
  uint32_t first = first_fault_below(watch, fault);
  return (struct nomem__last_call){.call = outermost,
                                   .first = outermost == call ? &watch->calls[watch->numbers[first]] : outermost,
                                   .fault = first,
                                   .is_repeated = repeats && outermost == call,
                                   .is_clean_up = is_in_clean_up(watch, &outcome->end.stack)};
}

int64_t nomem__returned_number(const struct nomem__debug_result *type, uint64_t value) {
  unsigned unused = 64 - 8 * type->bytes;
  if (type->kind == NOMEM_RESULT_BOOL) return (value & 0xff) != 0;
  return (int64_t)(value << unused) >> unused;
}

bool nomem__returned_error(const struct nomem__debug_result *type, int64_t value, int64_t usual) {
  if (value == usual || type->kind == NOMEM_RESULT_UNKNOWN || type->kind == NOMEM_RESULT_NONE) return false;
  if (type->kind == NOMEM_RESULT_POINTER) return value == 0 || usual == 0; /* the latter: the text of an error */
  if (usual == 0) return true;
  if (type->kind == NOMEM_RESULT_SIGNED) return usual > 0 && value <= 0;
  return value == 0 || value == -1;
}

const struct nomem__watched_call *nomem__find_same_call(const struct nomem__return_watch *watch,
                                                        const struct nomem__watched_call *call) {
  for (size_t i = 0; i < watch->count; i++)
    if (watch->calls[i].has_returned && is_same_call(&watch->calls[i], call)) return &watch->calls[i];
  return NULL;
}

/* Whether test code made the same calls next, and otherwise only noted the error. Where it was still following them
 * when the run blew up, there may have been fewer. */
static bool has_gone_on_alike(const struct nomem__watched_call *call, const struct nomem__watched_call *usual) {
  bool is_cut = call->state == NOMEM_RETURN_IN_NEXT_CALL || call->state == NOMEM_RETURN_STEPPED;
  size_t same = 0;
  if (call->is_lost) return false;
  for (size_t i = 0; i < call->next_count; i++) {
    if (same < usual->next_count && call->next[i] == usual->next[same])
      same++;
    else if (!call->is_note[i])
      return false;
  }
  return is_cut || (!usual->is_lost && same == usual->next_count);
}

/* Whether the thread is in a call that test code does not make next without the fault. */
static bool is_on_another_way(const struct nomem__watched_call *call, const struct nomem__watched_call *usual) {
  if (call->is_lost || call->state != NOMEM_RETURN_IN_NEXT_CALL || call->next_count == 0) return false;
  for (size_t i = 0; i < usual->next_count; i++)
    if (usual->next[i] == call->next[call->next_count - 1]) return false;
  return true;
}

bool nomem__return_verdict_is_heeded(const struct nomem__last_call *last,
                                     const struct nomem__return_watch *without_fault, bool is_hang) {
  const struct nomem__watched_call *call = last->call, *usual = nomem__find_same_call(without_fault, call);
  const struct nomem__debug_result *type = &call->type;
  if (usual == NULL || last->is_repeated) return false;
  if (type->kind == NOMEM_RESULT_NONE) return true;
  if (type->kind == NOMEM_RESULT_UNKNOWN || type->bytes == 0) return false;
  bool is_error = nomem__returned_error(type, nomem__returned_number(type, call->value),
                                        nomem__returned_number(type, usual->value));
  return !is_error || (is_hang && (last->is_clean_up || is_on_another_way(call, usual)));
}

static const char *name_value(const struct nomem__debug_result *type, int64_t value, char number[32]) {
  if (type->kind == NOMEM_RESULT_POINTER) return value == 0 ? "NULL" : "a pointer";
  if (type->kind == NOMEM_RESULT_BOOL) return value != 0 ? "true" : "false";
  snprintf(number, 32, "%" PRId64, value);
  return number;
}

static void describe(const struct nomem__watched_call *call, int64_t value, struct nomem__symbols *symbols,
                     char text[NOMEM_RETURN_TEXT_BYTES]) {
  struct nomem__source_frame test[NOMEM_INLINED_MAX], callee[NOMEM_INLINED_MAX];
  char number[32];
  nomem__symbols_resolve(symbols, call->test.path, call->test.offset, true, test, NOMEM_INLINED_MAX);
  size_t count =
      nomem__symbols_resolve(symbols, call->callee.path, call->callee.offset, false, callee, NOMEM_INLINED_MAX);
  char short_name[NOMEM_FUNCTION_NAME_BYTES];
  const char *name = callee[count - 1].function;
  snprintf(text, NOMEM_RETURN_TEXT_BYTES, "the test went on after %s had returned %s (%s:%u)",
           name != NULL ? nomem__shorten_function(name, short_name) : "a call", name_value(&call->type, value, number),
           test[0].file != NULL ? test[0].file : "?", test[0].line);
}

/* Whether test code ignored the same error in the same place before. */
static bool is_ignored_before(const struct nomem__watched_call *first, const struct nomem__watched_call *call,
                              const struct nomem__watched_call *usual) {
  return first != call && first->has_returned && first->value == call->value && has_gone_on_alike(first, usual);
}

bool nomem__return_verdict_is_ignored(const struct nomem__last_call *last,
                                      const struct nomem__return_watch *without_fault, struct nomem__symbols *symbols,
                                      char text[NOMEM_RETURN_TEXT_BYTES]) {
  const struct nomem__watched_call *call = last->call, *usual = nomem__find_same_call(without_fault, call);
  *text = '\0';
  if (usual == NULL || call->type.bytes == 0) return false;
  int64_t value = nomem__returned_number(&call->type, call->value);
  if (!nomem__returned_error(&call->type, value, nomem__returned_number(&call->type, usual->value))) return false;
  /* What the last round of a loop does next, the first one does not. */
  if (!has_gone_on_alike(call, usual) && !is_ignored_before(last->first, call, usual) && !last->is_repeated)
    return false;
  describe(call, value, symbols, text);
  return true;
}
