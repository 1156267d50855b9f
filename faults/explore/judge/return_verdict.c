/* SPDX-License-Identifier: MIT */
#include "return_verdict.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct nomem__watched_call *outer_of(const struct nomem__return_watch *returned,
                                                  const struct nomem__watched_call *call) {
  return call->outer > 0 ? &returned->calls[call->outer - 1] : NULL;
}

/* Whether what blew up lies right below a call of test code's that was going on when the allocation failed, and still
 * does; also when that cannot be told. */
static bool is_below_outer(const struct nomem__return_watch *returned, const struct nomem__watched_call *call,
                           const struct nomem__outcome *outcome) {
  const struct nomem__stack *stack = &outcome->end.stack;
  struct nomem__trace trace;
  nomem__trace_of_stack(stack, &trace);
  unsigned test = nomem__next_test_call(returned->code_owners, &trace, 0);
  if (test == trace.depth) return true;
  for (; call != NULL; call = outer_of(returned, call)) {
    if (call->is_outer_unknown) return true;
    if (test > 0 && !call->has_returned && call->sp == stack->frames[test - 1].cfa &&
        call->test.offset == stack->frames[test].offset)
      return true;
  }
  return false;
}

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

/* Whether the very same call is made again and again, and that is what does not end. */
static bool is_repeated(const struct nomem__watched_call *call, const struct nomem__outcome *outcome) {
  const struct nomem__stack *stack = &outcome->end.stack;
  if (!outcome->end.timed_out) return false;
  if (stack->frames[0].cfa == call->frame) return true; /* it was seen between two of them, too */
  for (size_t i = 1; i < stack->depth; i++)
    if (stack->frames[i].offset == call->test.offset && stack->frames[i - 1].cfa == call->sp) return true;
  return false;
}

static bool is_alike(const struct nomem__watched_call *one, const struct nomem__watched_call *other) {
  return one->test.offset == other->test.offset && one->callee.offset == other->callee.offset;
}

/* The first fault below such a call: the one that runs without a fault come to, too. */
static uint32_t first_alike(const struct nomem__return_watch *returned, uint32_t fault) {
  const struct nomem__watched_call *call = &returned->calls[returned->numbers[fault]];
  for (uint32_t i = 0; i < fault; i++)
    if (returned->kinds[i] == NOMEM_RETURN_CALL && is_alike(&returned->calls[returned->numbers[i]], call)) return i;
  return fault;
}

/* The last of the calls below one another that has returned. */
static const struct nomem__watched_call *outermost(const struct nomem__return_watch *returned,
                                                   const struct nomem__watched_call *call) {
  const struct nomem__watched_call *outer;
  while ((outer = outer_of(returned, call)) != NULL && outer->has_returned) call = outer;
  return call;
}

const struct nomem__watched_call *nomem__return_verdict_last(struct nomem__return_watch *returned,
                                                             const struct nomem__outcome *outcome, bool is_waiting,
                                                             uint32_t *out) {
  const struct nomem_channel *channel = outcome->channel;
  pid_t pid = outcome->end.stack.pid, tid = outcome->end.stack.tid;
  bool has_own = has_fault(channel, pid, tid);
  if (!outcome->end.has_stack) return NULL;
  for (uint32_t i = NOMEM_FAULTS; i-- > 0;) {
    const struct nomem_fault *fault = &channel->faults[i];
    if (nomem__find_fault(channel, pid, i) != i) continue;
    struct nomem__trace trace;
    nomem__fault_trace(channel, i, &trace);
    if (fault->pid != pid || (has_own && fault->tid != tid)) continue;
    if (nomem__trace_is_assertion(&trace, returned->code_owners->symbols))
      continue; /* its message: part of the blow-up */
    if (returned->kinds[i] == NOMEM_RETURN_OWN) continue;
    if (returned->kinds[i] == NOMEM_RETURN_UNKNOWN) return NULL;
    struct nomem__watched_call *call = &returned->calls[returned->numbers[i]];
    call->is_repeated = is_repeated(call, outcome);
    bool is_going_on = has_own ? !is_waiting && is_below_outer(returned, call, outcome) : was_there(call, tid);
    if (!call->has_returned || is_going_on) return NULL;
    /* Where there were more faults than are known, it may have been another call: but for one that goes round. */
    if (channel->fault_count > NOMEM_FAULTS && !call->is_repeated) return NULL;
    *out = first_alike(returned, i);
    return outermost(returned, call);
  }
  return NULL;
}

static int64_t number_of(const struct nomem__debug_result *type, uint64_t value) {
  unsigned unused = 64 - 8 * type->bytes;
  if (type->kind == NOMEM_RESULT_BOOL) return (value & 0xff) != 0;
  return (int64_t)(value << unused) >> unused;
}

/* NULL, false, less than nothing; or anything where there is nothing otherwise. Of an unsigned type, its largest. */
static bool is_no(const struct nomem__debug_result *type, int64_t value, int64_t otherwise) {
  if (value == otherwise || type->kind == NOMEM_RESULT_UNKNOWN || type->kind == NOMEM_RESULT_NONE) return false;
  if (type->kind == NOMEM_RESULT_POINTER) return value == 0;
  if (otherwise == 0) return true;
  if (type->kind == NOMEM_RESULT_SIGNED) return otherwise > 0 && value <= 0;
  return value == 0 || value == -1;
}

static const struct nomem__watched_call *same_call(const struct nomem__return_watch *without_fault,
                                                   const struct nomem__watched_call *call) {
  for (size_t i = 0; i < without_fault->count; i++)
    if (without_fault->calls[i].has_returned && is_alike(&without_fault->calls[i], call))
      return &without_fault->calls[i];
  return NULL;
}

/* Whether test code makes the same calls next; one that blew up was the last. */
static bool goes_on_alike(const struct nomem__watched_call *call, const struct nomem__watched_call *other) {
  bool is_cut = call->state == NOMEM_RETURN_IN_NEXT_CALL || call->state == NOMEM_RETURN_STEPPED;
  if (call->is_lost || call->next_count > other->next_count) return false;
  if (!is_cut && (other->is_lost || call->next_count < other->next_count)) return false;
  return memcmp(call->next, other->next, call->next_count * sizeof call->next[0]) == 0;
}

bool nomem__return_verdict_ignored(const struct nomem__watched_call *call,
                                   const struct nomem__return_watch *without_fault, struct nomem__symbols *symbols,
                                   char text[NOMEM_RETURN_TEXT_BYTES]) {
  struct nomem__source_frame test[NOMEM_INLINED_MAX], callee[NOMEM_INLINED_MAX];
  const struct nomem__watched_call *other = same_call(without_fault, call);
  *text = '\0';
  if (other == NULL || call->type.bytes == 0) return false;
  int64_t value = number_of(&call->type, call->value);
  if (!is_no(&call->type, value, number_of(&call->type, other->value))) return false;
  if (!goes_on_alike(call, other) && !call->is_repeated) return false;
  char number[32];
  snprintf(number, sizeof number, "%" PRId64, value);
  nomem__symbols_resolve(symbols, call->test.path, call->test.offset, true, test, NOMEM_INLINED_MAX);
  size_t count =
      nomem__symbols_resolve(symbols, call->callee.path, call->callee.offset, false, callee, NOMEM_INLINED_MAX);
  const char *name = callee[count - 1].function;
  snprintf(text, NOMEM_RETURN_TEXT_BYTES, "the test went on after %s had returned %s (%s:%u)",
           name != NULL ? name : "a call",
           call->type.kind == NOMEM_RESULT_POINTER ? "NULL"
           : call->type.kind == NOMEM_RESULT_BOOL  ? "false"
                                                   : number,
           test[0].file != NULL ? test[0].file : "?", test[0].line);
  return true;
}
