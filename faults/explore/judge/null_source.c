/* SPDX-License-Identifier: MIT */
#include "null_source.h"

#include <stdlib.h>

#include "../../program_kinds.h"
#include "../text/memory.h"
#include "root_cause.h"

/* So many places in functions are asked for where the NULL came from. */
#define QUESTIONS_MAX 64
/* A process is asked for no more different failures than this, the last ones. */
#define FAILURES_MAX 32
/* Registers below this are NULL, or near it. */
#define NULL_REACH 65536
/* A value is followed into functions that had returned, through so many that called one another. */
#define ACCESSORS_MAX 3

/* A failure that a function of the blow-up was in the middle of. */
struct failure {
  uint32_t fault;
  struct nomem__trace trace;
};

/* A call in one of the functions that led to a failure. */
struct call {
  uint32_t fault;
  unsigned frame;
};

/* Where did the NULL at a place come from, before an instruction? */
struct question {
  unsigned frame; /* of the blow-up */
  const struct nomem__function_code *code;
  uint32_t number;
  struct nomem__place place;
  bool is_between; /* the function jumped to the one that is called in this frame, and has no frame of its own */
  const struct question *caller; /* the function had returned: to this one, from the call caller_number */
  uint32_t caller_number;
  const char *path;    /* of the module that a function which had returned lies in */
  bool is_by_accessor; /* a function that had returned, such as one that reads a member, is on the way */
};

struct climb {
  const struct nomem__outcome *outcome;
  struct nomem__symbols *symbols;
  const struct nomem__trace *blow_up;
  struct failure failures[FAILURES_MAX];
  size_t failure_count;
  struct question questions[QUESTIONS_MAX];
  size_t question_count;
  bool is_whole;
  struct nomem__null_sources *found;
};

static void ask(struct climb *climb, const struct question *question) {
  if (question->number == NOMEM_NO_INSTRUCTION || climb->question_count == QUESTIONS_MAX) {
    climb->is_whole &= question->is_by_accessor;
    return;
  }
  for (size_t i = 0; i < climb->question_count; i++) {
    const struct question *other = &climb->questions[i];
    if (other->frame == question->frame && other->code == question->code && other->number == question->number &&
        other->caller == question->caller && nomem__place_is_equal(&other->place, &question->place))
      return;
  }
  climb->questions[climb->question_count++] = *question;
}

/* Failures with the same stack are one. A stream does without its buffer, which is no failure to anybody. */
static void list_failures(struct climb *climb) {
  const struct nomem_channel *channel = climb->outcome->channel;
  uint64_t sites[FAILURES_MAX] = {0};
  for (uint32_t i = NOMEM_KNOWN_FAULTS; i-- > 0 && climb->failure_count < FAILURES_MAX;) {
    if (nomem__find_fault(channel, climb->outcome->end.stack.pid, i) != i) continue;
    uint64_t site = nomem__channel_fault(channel, i)->site;
    bool is_known = false;
    for (size_t f = 0; f < climb->failure_count && site != 0; f++) is_known |= sites[f] == site;
    struct failure *failure = &climb->failures[climb->failure_count];
    failure->fault = i;
    nomem__fault_trace(channel, i, &failure->trace);
    if (is_known || nomem__trace_is_dispensable(&failure->trace, climb->symbols)) continue;
    sites[climb->failure_count++] = site;
  }
}

/* The frame of a failure's stack that is the same call of the function in a frame of the blow-up. depth: there is none.
 */
static unsigned find_same_call(const struct climb *climb, const struct question *question,
                               const struct nomem__trace *fault) {
  const struct nomem__trace *blow_up = climb->blow_up;
  unsigned at = question->frame;
  for (unsigned i = 0; i < fault->depth; i++) {
    bool is_outermost = i + 1 == fault->depth || at + 1 == blow_up->depth;
    if (is_outermost && fault->depth - i != blow_up->depth - at) continue; /* nothing to compare */
    if (nomem__trace_is_same_from(blow_up, at + 1, fault, i + 1) &&
        nomem__trace_is_same_file(fault->frame[i].path, blow_up->frame[at].path) &&
        nomem__function_code_find_before(question->code, fault->frame[i].offset) != NOMEM_NO_INSTRUCTION)
      return i;
  }
  return fault->depth;
}

/* Lists the calls in a function that led to failures. Returns how many. */
static size_t list_calls(const struct climb *climb, const struct question *question, uint64_t *return_addresses,
                         struct call *calls) {
  size_t count = 0;
  bool has_frame = !question->is_between && question->caller == NULL;
  for (size_t i = 0; i < climb->failure_count && has_frame; i++) {
    const struct failure *failure = &climb->failures[i];
    unsigned frame = find_same_call(climb, question, &failure->trace);
    if (frame == failure->trace.depth) continue;
    return_addresses[count] = failure->trace.frame[frame].offset;
    calls[count++] = (struct call){failure->fault, frame};
  }
  return count;
}

/* The function that a call names jumped to the one that was called in the end: its frame is gone, but not its code. */
static bool ask_between(struct climb *climb, const struct question *question, const struct nomem__place *place,
                        const struct nomem__instruction *call) {
  const char *path = climb->blow_up->frame[question->frame + 1].path;
  if (question->is_between || call->target == 0 || call->target == question->code->start) return false;
  const struct nomem__function_code *between = nomem__symbols_find_code(climb->symbols, path, call->target);
  if (between == NULL || between->start != call->target) return false;
  bool is_asked = false;
  for (uint32_t i = 0; i < between->count; i++) {
    const struct nomem__instruction *jump = &between->list[i];
    if (jump->operation != NOMEM_OPERATION_JUMP || jump->target != question->code->start) continue;
    ask(climb, &(struct question){.frame = question->frame,
                                  .code = between,
                                  .number = i,
                                  .place = *place,
                                  .is_between = true,
                                  .is_by_accessor = question->is_by_accessor});
    is_asked = true;
  }
  return is_asked;
}

static const char *path_of(const struct climb *climb, const struct question *question) {
  return question->path != NULL ? question->path : climb->blow_up->frame[question->frame].path;
}

/* How many functions that had returned are on the way. */
static unsigned count_accessors(const struct question *question) {
  unsigned count = 0;
  for (; question->caller != NULL; question = question->caller) count++;
  return count;
}

/* Asks a function that had returned, without any failure, for what it returned: it may have read a member. */
static void ask_accessor(struct climb *climb, const struct question *question, const struct nomem__source *source) {
  uint32_t number = nomem__function_code_find_before(question->code, source->return_address);
  if (number == NOMEM_NO_INSTRUCTION || count_accessors(question) == ACCESSORS_MAX) return;
  const char *path = path_of(climb, question);
  const struct nomem__function_code *code =
      nomem__symbols_find_callee(climb->symbols, &path, &question->code->list[number]);
  if (code == NULL || code == question->code) return;
  for (uint32_t i = 0; i < code->count; i++) {
    if (code->list[i].operation != NOMEM_OPERATION_RETURN) continue;
    ask(climb, &(struct question){.frame = question->frame,
                                  .code = code,
                                  .number = i,
                                  .place = source->place,
                                  .caller = question,
                                  .caller_number = number,
                                  .path = path,
                                  .is_by_accessor = true});
  }
}

/* Asks the function that called one which had returned for what it gave it. */
static void ask_back(struct climb *climb, const struct question *question, const struct nomem__place *given) {
  struct question next = *question->caller;
  next.number = question->caller_number;
  next.place = *given;
  next.is_by_accessor = true;
  if (given->core == NOMEM_RSP && given->steps > 0) next.place.displacement[0] -= (int64_t)sizeof(uint64_t);
  ask(climb, &next);
}

/* Asks the caller for what a function was given. */
static void ask_caller(struct climb *climb, const struct question *question, const struct nomem__place *given) {
  const struct nomem__trace *blow_up = climb->blow_up;
  struct question next = {.frame = question->frame + 1, .place = *given, .is_by_accessor = question->is_by_accessor};
  if (question->caller != NULL) {
    ask_back(climb, question, given);
    return;
  }
  if (next.frame == blow_up->depth) return; /* it was never written */
  const struct nomem__trace_frame *caller = &blow_up->frame[next.frame];
  next.code = nomem__symbols_find_code(climb->symbols, caller->path, caller->offset - 1);
  next.number = next.code != NULL ? nomem__function_code_find_before(next.code, caller->offset) : NOMEM_NO_INSTRUCTION;
  if (next.number != NOMEM_NO_INSTRUCTION && ask_between(climb, question, given, &next.code->list[next.number])) return;
  if (given->core == NOMEM_RSP && given->steps > 0) next.place.displacement[0] -= (int64_t)sizeof(uint64_t);
  ask(climb, &next);
}

static void note(struct climb *climb, const struct question *question, const struct nomem__source *source,
                 const struct call *call) {
  struct nomem__null_sources *found = climb->found;
  bool is_value = source->kind == NOMEM_SOURCE_RETURNED && source->place.steps == 0;
  if (found->count == NOMEM_NULL_SOURCES_MAX) return;
  if (nomem__is_runtime(nomem__base_name(climb->blow_up->frame[question->frame].path))) return;
  found->list[found->count++] =
      (struct nomem__null_source){.kind = is_value ? NOMEM_NULL_RETURNED : NOMEM_NULL_IN_MEMORY,
                                  .frame = question->frame,
                                  .fault = call->fault,
                                  .fault_frame = call->frame,
                                  .place = source->place,
                                  .within = source->within,
                                  .checked_at = source->checked_at};
}

/* Notes all failures that a call led to, the last one first. False: it led to none. */
static bool note_calls(struct climb *climb, const struct question *question, const struct nomem__source *source,
                       const uint64_t *return_addresses, const struct call *calls, size_t count) {
  bool is_noted = false;
  for (size_t i = 0; i < count; i++) {
    if (return_addresses[i] != source->return_address) continue;
    note(climb, question, source, &calls[i]);
    is_noted = true;
  }
  return is_noted;
}

static void answer(struct climb *climb, const struct question *question) {
  uint64_t return_addresses[FAILURES_MAX];
  struct call calls[FAILURES_MAX];
  struct nomem__sources sources;
  size_t count = list_calls(climb, question, return_addresses, calls);
  nomem__find_sources(question->code, question->number, &question->place, return_addresses, count, &sources);
  climb->is_whole &= sources.is_whole || question->is_by_accessor;
  for (size_t i = 0; i < sources.count; i++) {
    const struct nomem__source *source = &sources.list[i];
    if (source->kind == NOMEM_SOURCE_CALLER)
      ask_caller(climb, question, &source->place);
    else if (!note_calls(climb, question, source, return_addresses, calls, count) &&
             source->kind == NOMEM_SOURCE_RETURNED)
      ask_accessor(climb, question, source);
  }
}

static bool is_near_null(uint64_t value) {
  return value < NULL_REACH || value > UINT64_MAX - NULL_REACH;
}

static void ask_for_register(struct climb *climb, const struct question *question, unsigned number) {
  struct question asked = *question;
  if (number >= NOMEM_GENERAL_REGISTERS || !is_near_null(climb->outcome->end.stack.registers[number])) return;
  asked.place = (struct nomem__place){.core = (uint8_t)number};
  ask(climb, &asked);
}

/* Asks for the registers by which the instruction accessed memory, or for the NULL that it called. */
static void ask_first(struct climb *climb) {
  const struct nomem__trace_frame *innermost = &climb->blow_up->frame[0];
  struct question first = {.frame = 0};
  first.code =
      nomem__symbols_find_code(climb->symbols, innermost->path, innermost->offset - innermost->is_return_address);
  if (first.code == NULL) return;
  first.number = innermost->is_return_address ? nomem__function_code_find_before(first.code, innermost->offset)
                                              : nomem__function_code_find(first.code, innermost->offset);
  if (first.number == NOMEM_NO_INSTRUCTION) return;
  const struct nomem__instruction *instruction = &first.code->list[first.number];
  if (innermost->is_return_address) {
    bool is_call = instruction->operation == NOMEM_OPERATION_CALL && instruction->target == 0;
    if (is_call && nomem__place_of_operand(&instruction->from, &first.place)) ask(climb, &first);
    return;
  }
  bool is_copy = instruction->memory.base == NOMEM_RSI && (instruction->written >> NOMEM_RDI & 1) != 0;
  if (instruction->memory.base == NOMEM_ABSOLUTE && is_near_null((uint64_t)instruction->memory.value)) {
    first.place = (struct nomem__place){.core = NOMEM_ZERO};
    ask(climb, &first);
  }
  ask_for_register(climb, &first, instruction->memory.base);
  if (is_copy) ask_for_register(climb, &first, NOMEM_RDI);
  ask_for_register(climb, &first, instruction->memory.index);
}

void nomem__null_sources_find(const struct nomem__outcome *outcome, struct nomem__symbols *symbols,
                              const struct nomem__trace *blow_up, struct nomem__null_sources *sources) {
  *sources = (struct nomem__null_sources){0};
  if (blow_up->depth == 0 || blow_up->depth != outcome->end.stack.depth) return;
  struct climb *climb = nomem__calloc(1, sizeof *climb);
  *climb =
      (struct climb){.outcome = outcome, .symbols = symbols, .blow_up = blow_up, .is_whole = true, .found = sources};
  list_failures(climb);
  ask_first(climb);
  for (size_t i = 0; i < climb->question_count; i++) answer(climb, &climb->questions[i]);
  if (sources->count > 0)
    sources->kind = sources->list[0].kind;
  else if (climb->is_whole && climb->question_count > 0)
    sources->kind = NOMEM_NULL_OTHERWISE;
  free(climb);
}
