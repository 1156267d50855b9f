/* SPDX-License-Identifier: MIT */
#include "root_cause.h"

#include <signal.h>
#include <string.h>

#include "../../program_kinds.h"
#include "../stack/debug_info.h"
#include "../stack/fault_address.h"
#include "../text/hash.h"
#include "cpp_terminate.h"
#include "framework_calls.h"
#include "null_source.h"
#include "null_store.h"

/* A pointer below this is NULL, or the address of a member in what is at NULL. */
#define NULL_PAGE 4096
/* So many parameters that are pointers are examined. */
#define POINTERS_MAX 8

void nomem__fault_trace(const struct nomem_channel *channel, uint32_t index, struct nomem__trace *trace) {
  const struct nomem_fault *fault = nomem__channel_fault(channel, index);
  nomem__trace_of_frames(channel, fault->frame, fault->depth, trace);
}

uint32_t nomem__find_fault(const struct nomem_channel *channel, int32_t pid, uint32_t index) {
  for (; index < nomem__channel_faults(channel); index++) {
    const struct nomem_fault *fault = nomem__channel_fault(channel, index);
    if (fault->ready && (pid == 0 || fault->pid == pid)) return index;
  }
  return NOMEM_KNOWN_FAULTS;
}

/* Whether the stack in a sanitizer's report is the blow-up, rather than the one where a signal was raised. */
static bool has_report_stack(const struct nomem__outcome *outcome) {
  int signal = outcome->end.fatal_signal;
  return outcome->report.kind[0] != '\0' && outcome->report.trace.depth > 0 && (signal == 0 || signal == SIGABRT);
}

bool nomem__has_report(const struct nomem__outcome *outcome, struct nomem__symbols *symbols) {
  if (outcome->report.kind[0] != '\0') return true;
  if (outcome->end.fatal_signal != SIGABRT || !outcome->end.has_stack) return false;
  struct nomem__trace trace;
  nomem__trace_of_stack(&outcome->end.stack, &trace);
  return nomem__sanitizer_mark(&trace, symbols);
}

int32_t nomem__process_with_faults(const struct nomem__outcome *outcome) {
  int32_t pid = outcome->end.stack.pid;
  return nomem__find_fault(outcome->channel, pid, 0) < NOMEM_KNOWN_FAULTS ? pid : 0;
}

void nomem__blame_library(const struct nomem__outcome *outcome, int32_t pid, struct nomem__symbols *symbols,
                          struct nomem__trace *trace) {
  for (uint32_t i = 0; (i = nomem__find_fault(outcome->channel, pid, i)) < NOMEM_KNOWN_FAULTS; i++) {
    struct nomem__trace fault;
    nomem__fault_trace(outcome->channel, i, &fault);
    if (nomem__trace_blame_library(trace, &fault, symbols)) return;
  }
}

void nomem__blow_up_trace(const struct nomem__outcome *outcome, struct nomem__symbols *symbols,
                          struct nomem__trace *trace) {
  *trace = (struct nomem__trace){0};
  if (has_report_stack(outcome)) {
    *trace = outcome->report.trace;
    nomem__sanitizer_mark(trace, symbols);
    return;
  }
  if (!outcome->end.has_stack) return;
  nomem__trace_of_stack(&outcome->end.stack, trace);
  nomem__sanitizer_mark(trace, symbols);
  if (outcome->end.fatal_signal == SIGABRT) nomem__cpp_terminate_mark(trace, symbols);
  nomem__blame_library(outcome, outcome->end.stack.pid, symbols, trace);
}

/* Whether the function of a frame of the blow-up had NULL for its first parameter that is a pointer, or for one of the
 * first max. */
static enum nomem__known has_null_argument(const struct nomem__outcome *outcome, struct nomem__symbols *symbols,
                                           const struct nomem__trace *blow_up, unsigned at, int max) {
  const struct nomem__trace_frame *called = &blow_up->frame[at];
  const struct nomem__stack_frame *frame = &outcome->end.stack.frames[at];
  struct nomem__debug_parameter parameters[POINTERS_MAX];
  if (at >= outcome->end.stack.depth || frame->offset != called->offset)
    return NOMEM_UNKNOWN; /* that stack is not the blow-up's */
  int count =
      nomem__symbols_find_pointers(symbols, called->path, called->offset, called->is_return_address, parameters, max);
  enum nomem__known known = count < 0 ? NOMEM_UNKNOWN : NOMEM_NO;
  for (int i = 0; i < count; i++) {
    uint64_t value, base = parameters[i].is_from_frame_pointer ? frame->frame_pointer : frame->cfa;
    if (base == 0 || !parameters[i].is_known ||
        !nomem__stack_read_word(&outcome->end.memory, base + (uint64_t)parameters[i].offset, &value))
      known = NOMEM_UNKNOWN;
    else if (value < NULL_PAGE)
      return NOMEM_YES;
  }
  return known;
}

/* Whether the first parameter of a frame's function that is a pointer points to where its callers' variables are, up to
 * the end of frame last. */
static bool has_variable_of(const struct nomem__outcome *outcome, struct nomem__symbols *symbols,
                            const struct nomem__trace *blow_up, unsigned at, unsigned last) {
  const struct nomem__trace_frame *called = &blow_up->frame[at];
  const struct nomem__stack_frame *frames = outcome->end.stack.frames;
  struct nomem__debug_parameter first;
  if (last >= outcome->end.stack.depth || frames[at].offset != called->offset) return false;
  int count = nomem__symbols_find_pointers(symbols, called->path, called->offset, called->is_return_address, &first, 1);
  uint64_t value, base = first.is_from_frame_pointer ? frames[at].frame_pointer : frames[at].cfa;
  return count == 1 && base != 0 && first.is_known &&
         nomem__stack_read_word(&outcome->end.memory, base + (uint64_t)first.offset, &value) &&
         value >= frames[at].cfa && value < frames[last].cfa;
}

enum nomem__known nomem__culprit_had_null(const struct nomem__outcome *outcome, struct nomem__symbols *symbols,
                                          const struct nomem__trace *blow_up) {
  const struct nomem__trace_frame *culprit = nomem__trace_culprit(blow_up);
  if (culprit == NULL || !outcome->end.has_stack || blow_up->library_frames > 0) return NOMEM_UNKNOWN;
  return has_null_argument(outcome, symbols, blow_up, (unsigned)(culprit - blow_up->frame), POINTERS_MAX);
}

/* The first frame of test code, but for an allocator that the test brings; depth: there is none. */
static unsigned first_of_test(const struct nomem__code_owners *code_owners, const struct nomem__trace *trace) {
  unsigned i = nomem__count_allocator_frames(code_owners, trace);
  while (i < trace->depth && nomem__code_owner_at(code_owners, trace, i) != NOMEM_OWNER_TEST) i++;
  return i;
}

bool nomem__is_below_call(const struct nomem__code_owners *code_owners, const struct nomem__trace *trace,
                          const struct nomem__trace_frame *test) {
  for (unsigned i = first_of_test(code_owners, trace); i < trace->depth; i++)
    if (trace->frame[i].offset == test->offset && strcmp(trace->frame[i].path, test->path) == 0) return true;
  return false;
}

/* Whether a call of the process was failed within the same call from test code (frame test of the blow-up) in which it
 * blew up later. Also true when that is not known. */
static bool failed_in_same_call(const struct nomem__outcome *outcome, const struct nomem__code_owners *code_owners,
                                const struct nomem__trace *blow_up, unsigned test) {
  const struct nomem_channel *channel = outcome->channel;
  struct nomem__trace fault;
  int32_t pid = nomem__process_with_faults(outcome);
  for (uint32_t i = 0; (i = nomem__find_fault(channel, pid, i)) < NOMEM_KNOWN_FAULTS; i++) {
    nomem__fault_trace(channel, i, &fault);
    if (nomem__trace_is_assertion(&fault, code_owners->symbols))
      continue; /* it allocates for its message, as part of the blow-up */
    unsigned caller = first_of_test(code_owners, &fault);
    if (caller == fault.depth || nomem__trace_is_same_from(blow_up, test, &fault, caller)) return true;
  }
  return false;
}

/* Whether the NULL for the first pointer of the function in a frame stands in the code of its caller: whoever wrote
 * that meant it, and has checked nothing because there was nothing to check. */
static bool is_written_null(struct nomem__symbols *symbols, const struct nomem__trace *blow_up, unsigned at) {
  static const unsigned char registers[] = {NOMEM_RDI, NOMEM_RSI, NOMEM_RDX, NOMEM_RCX, NOMEM_R8, NOMEM_R9};
  const struct nomem__trace_frame *called = &blow_up->frame[at], *caller = called + 1;
  struct nomem__debug_parameter first;
  int64_t value;
  int count = nomem__symbols_find_pointers(symbols, called->path, called->offset, called->is_return_address, &first, 1);
  if (count < 1 || first.word < 0 || first.word >= (int)sizeof registers) return false;
  const struct nomem__function_code *code = nomem__symbols_find_code(symbols, caller->path, caller->offset - 1);
  uint32_t call = code != NULL ? nomem__function_code_find_before(code, caller->offset) : NOMEM_NO_INSTRUCTION;
  return call != NOMEM_NO_INSTRUCTION && code->list[call].operation == NOMEM_OPERATION_CALL &&
         nomem__register_is_number(code, call, registers[first.word], &value) && value == 0;
}

bool nomem__test_passed_null(const struct nomem__outcome *outcome, const struct nomem__code_owners *code_owners,
                             const struct nomem__trace *blow_up) {
  bool is_shown = outcome->end.has_stack && outcome->end.fatal_signal != 0 && !has_report_stack(outcome);
  if (!code_owners->is_divided || !is_shown) return false;
  unsigned test = first_of_test(code_owners, blow_up);
  if (test == 0 || test == blow_up->depth) return false;
  if (nomem__code_owner_of(code_owners, &blow_up->frame[test - 1]) == NOMEM_OWNER_RUNTIME) return false;
  return !failed_in_same_call(outcome, code_owners, blow_up, test) &&
         has_null_argument(outcome, code_owners->symbols, blow_up, test - 1, 1) == NOMEM_YES &&
         !is_written_null(code_owners->symbols, blow_up, test - 1);
}

bool nomem__test_gave_variable(const struct nomem__outcome *outcome, const struct nomem__code_owners *code_owners,
                               const struct nomem__trace *blow_up) {
  if (!code_owners->is_divided || !outcome->end.has_stack || has_report_stack(outcome)) return false;
  unsigned test = first_of_test(code_owners, blow_up);
  if (test == 0 || test == blow_up->depth) return false;
  return has_variable_of(outcome, code_owners->symbols, blow_up, test - 1, test);
}

bool nomem__has_test_call_failed(const struct nomem__outcome *outcome, const struct nomem__code_owners *code_owners) {
  struct nomem__trace fault;
  int32_t pid = nomem__process_with_faults(outcome);
  for (uint32_t i = NOMEM_KNOWN_FAULTS; i-- > 0;) {
    if (nomem__find_fault(outcome->channel, pid, i) != i) continue;
    nomem__fault_trace(outcome->channel, i, &fault);
    return nomem__is_test_code(code_owners, &fault);
  }
  return false;
}

bool nomem__test_went_on(const struct nomem__outcome *outcome, const struct nomem__code_owners *code_owners,
                         const struct nomem__trace *blow_up) {
  unsigned test = code_owners->is_divided ? first_of_test(code_owners, blow_up) : blow_up->depth;
  return test < blow_up->depth && !failed_in_same_call(outcome, code_owners, blow_up, test);
}

bool nomem__find_failed_call(const struct nomem__outcome *outcome, const struct nomem__code_owners *code_owners,
                             const struct nomem__trace *blow_up, uint64_t *call) {
  int32_t pid = nomem__process_with_faults(outcome);
  unsigned test = first_of_test(code_owners, blow_up);
  for (uint32_t i = NOMEM_KNOWN_FAULTS; i-- > 0;) {
    struct nomem__trace fault;
    if (nomem__find_fault(outcome->channel, pid, i) != i) continue;
    nomem__fault_trace(outcome->channel, i, &fault);
    if (nomem__trace_is_assertion(&fault, code_owners->symbols)) continue;
    unsigned caller = first_of_test(code_owners, &fault);
    if (caller == fault.depth) return false;
    const struct nomem__trace_frame *frame = &fault.frame[caller];
    *call = nomem__trace_is_same_from(blow_up, test, &fault, caller) && test < blow_up->depth
                ? 0
                : nomem__hash_text(frame->offset + 1, nomem__base_name(frame->path));
    return true;
  }
  return false;
}

/* Where the code of a frame's function begins; 0: not known. */
static uint64_t start_of(struct nomem__symbols *symbols, const struct nomem__trace_frame *frame) {
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  size_t count =
      nomem__symbols_resolve(symbols, frame->path, frame->offset, frame->is_return_address, sources, NOMEM_INLINED_MAX);
  return count == 0 || sources[count - 1].function == NULL ? 0 : frame->offset - sources[count - 1].function_offset;
}

/* The innermost frame of a fault that is the same activation of the same function as frame at of the blow-up. depth:
 * there is none. */
static unsigned find_same_activation(struct nomem__symbols *symbols, const struct nomem__trace *blow_up, unsigned at,
                                     const struct nomem__trace *fault) {
  uint64_t start = start_of(symbols, &blow_up->frame[at]);
  if (start == 0) return fault->depth;
  for (unsigned i = 0; i < fault->depth; i++) {
    bool is_outermost = i + 1 == fault->depth || at + 1 == blow_up->depth;
    if (is_outermost && fault->depth - i != blow_up->depth - at) continue; /* nothing to compare */
    if (nomem__trace_is_same_from(blow_up, at + 1, fault, i + 1) && start_of(symbols, &fault->frame[i]) == start &&
        nomem__trace_is_same_file(fault->frame[i].path, blow_up->frame[at].path))
      return i;
  }
  return fault->depth;
}

void nomem__find_common_inlined(struct nomem__symbols *symbols, const struct nomem__trace_frame *one,
                                const struct nomem__trace_frame *other, unsigned *of_one, unsigned *of_other) {
  struct nomem__source_frame a[NOMEM_INLINED_MAX], b[NOMEM_INLINED_MAX];
  size_t i = nomem__symbols_resolve(symbols, one->path, one->offset, one->is_return_address, a, NOMEM_INLINED_MAX);
  size_t j =
      nomem__symbols_resolve(symbols, other->path, other->offset, other->is_return_address, b, NOMEM_INLINED_MAX);
  while (i > 1 && j > 1 && a[i - 1].line == b[j - 1].line && a[i - 2].function != NULL && b[j - 2].function != NULL &&
         strcmp(a[i - 2].function, b[j - 2].function) == 0) {
    i--;
    j--;
  }
  *of_one = i > 0 ? (unsigned)i - 1 : 0;
  *of_other = j > 0 ? (unsigned)j - 1 : 0;
}

/* Finds the unchecked call of one fault: from the function that followed the NULL outwards, through those that were
 * given it. */
static bool find_unchecked_of(const struct nomem__outcome *outcome, struct nomem__symbols *symbols,
                              const struct nomem__trace *blow_up, unsigned at, const struct nomem__trace *fault,
                              struct nomem__unchecked_call *unchecked) {
  unsigned found;
  while ((found = find_same_activation(symbols, blow_up, at, fault)) == fault->depth)
    if (has_null_argument(outcome, symbols, blow_up, at, POINTERS_MAX) != NOMEM_YES || ++at == blow_up->depth)
      return false;
  if (nomem__is_checked_or_unused(symbols, fault, found)) return false;
  unchecked->where.depth = 1;
  unchecked->where.frame[0] = fault->frame[found];
  nomem__find_common_inlined(symbols, &fault->frame[found], &blow_up->frame[at], &unchecked->where.shown_function,
                             &unchecked->user);
  if (&blow_up->frame[at] != nomem__trace_culprit(blow_up)) unchecked->user = 0;
  return true;
}

/* Whether it was the function that made the call which compared what that returned, rather than one inlined into it. */
static bool is_in_function(struct nomem__symbols *symbols, const struct nomem__null_source *source,
                           const struct nomem__unchecked_call *unchecked) {
  struct nomem__source_frame caller, sources[NOMEM_INLINED_MAX];
  if (!nomem__unchecked_source(unchecked, symbols, &caller) || caller.function == NULL) return true;
  size_t count = nomem__symbols_resolve(symbols, unchecked->where.frame[0].path, source->checked_at, false, sources,
                                        NOMEM_INLINED_MAX);
  return count > 0 && sources[0].function != NULL && strcmp(sources[0].function, caller.function) == 0;
}

/* How well a source explains the NULL. */
enum fit { NO_FIT, MAY_FIT_ANYWHERE, MAY_FIT, MAY_BE_RETURNED, FITS };

static enum fit find_fit(const struct nomem__outcome *outcome, struct nomem__symbols *symbols,
                         const struct nomem__null_source *source, struct nomem__null_store *store) {
  if (source->kind == NOMEM_NULL_RETURNED)
    return nomem__is_null_returned(outcome, symbols, source) ? FITS : MAY_BE_RETURNED;
  *store = nomem__null_store_find(outcome, symbols, source);
  if (store->cause == NOMEM_CAUSES) return NO_FIT;
  if (store->is_same_place) return FITS;
  return source->place.core == NOMEM_ELEMENT ? MAY_FIT_ANYWHERE : MAY_FIT;
}

/* Of several, as when all later calls fail, the closest that is known to have left the NULL there. */
static const struct nomem__null_source *choose_source(const struct nomem__outcome *outcome,
                                                      struct nomem__symbols *symbols,
                                                      const struct nomem__null_sources *sources,
                                                      struct nomem__null_store *store) {
  const struct nomem__null_source *chosen = NULL;
  enum fit best = NO_FIT;
  for (size_t i = 0; i < sources->count && best < FITS; i++) {
    struct nomem__null_store stored = {NOMEM_CAUSES, 0, false};
    enum fit fit = find_fit(outcome, symbols, &sources->list[i], &stored);
    if (fit <= best) continue;
    best = fit;
    chosen = &sources->list[i];
    *store = stored;
  }
  return chosen;
}

static void set_returned(struct nomem__symbols *symbols, const struct nomem__trace *blow_up,
                         const struct nomem__trace *fault, const struct nomem__null_source *source,
                         struct nomem__unchecked_call *unchecked) {
  unchecked->where.frame[0] = fault->frame[source->fault_frame];
  nomem__find_common_inlined(symbols, &fault->frame[source->fault_frame], &blow_up->frame[source->frame],
                             &unchecked->where.shown_function, &unchecked->user);
  if (&blow_up->frame[source->frame] != nomem__trace_culprit(blow_up)) unchecked->user = 0;
  bool was_checked = source->checked_at != 0 && is_in_function(symbols, source, unchecked);
  unchecked->cause = was_checked ? NOMEM_CAUSE_LEFT : NOMEM_CAUSE_UNCHECKED;
}

/* Whether a function made another call after the one that failed, in which the run blew up. */
static bool has_gone_on(const struct nomem__trace *blow_up, const struct nomem__trace *fault,
                        const struct nomem__null_source *source) {
  return blow_up->frame[source->frame].offset != fault->frame[source->fault_frame].offset;
}

/* Nobody has left the NULL in memory that was read there. But a function that has checked a failed call, and only that,
 * may have gone on before it was set. */
static void note_going_on(const struct nomem__outcome *outcome, struct nomem__symbols *symbols,
                          const struct nomem__trace *blow_up, const struct nomem__null_sources *sources,
                          struct nomem__unchecked_call *unchecked) {
  struct nomem__trace fault;
  if (sources->count == 0 || sources->list[0].kind != NOMEM_NULL_IN_MEMORY) return;
  const struct nomem__null_source *source = &sources->list[0];
  nomem__fault_trace(outcome->channel, source->fault, &fault);
  if (!has_gone_on(blow_up, &fault, source) || !nomem__is_checked(symbols, &fault, source->fault_frame)) return;
  unchecked->went_on_at = source->frame;
}

/* The call that the machine code shows to have returned the NULL, or to have left it in memory. Returns how far that is
 * known. */
static enum nomem__null_kind find_by_code(const struct nomem__outcome *outcome, struct nomem__symbols *symbols,
                                          const struct nomem__trace *blow_up, struct nomem__unchecked_call *unchecked) {
  struct nomem__null_sources sources;
  struct nomem__null_store store;
  struct nomem__trace fault;
  nomem__null_sources_find(outcome, symbols, blow_up, &sources);
  const struct nomem__null_source *source = choose_source(outcome, symbols, &sources, &store);
  if (source == NULL) {
    note_going_on(outcome, symbols, blow_up, &sources, unchecked);
    return sources.kind;
  }
  nomem__fault_trace(outcome->channel, source->fault, &fault);
  unchecked->where.depth = 1;
  if (source->kind == NOMEM_NULL_RETURNED) {
    set_returned(symbols, blow_up, &fault, source, unchecked);
  } else {
    unchecked->where.frame[0] = fault.frame[store.fault_frame];
    unchecked->cause = store.cause;
    unchecked->is_from_memory = true;
    bool is_of_other = store.cause == NOMEM_CAUSE_LEFT && !store.is_same_place && has_gone_on(blow_up, &fault, source);
    unchecked->went_on_at = is_of_other ? source->frame : 0;
  }
  return source->kind;
}

bool nomem__find_unchecked(const struct nomem__outcome *outcome, struct nomem__symbols *symbols,
                           const struct nomem__trace *blow_up, struct nomem__unchecked_call *unchecked) {
  const struct nomem__trace_frame *culprit = nomem__trace_culprit(blow_up);
  enum nomem__address_kind address_kind = nomem__address_kind_find(&outcome->end.stack);
  *unchecked = (struct nomem__unchecked_call){0};
  if (culprit == NULL || blow_up->library_frames > 0 ||
      (address_kind != NOMEM_ADDRESS_NULL && address_kind != NOMEM_ADDRESS_CALL))
    return false;
  if (find_by_code(outcome, symbols, blow_up, unchecked) != NOMEM_NULL_UNKNOWN) return unchecked->where.depth > 0;
  for (uint32_t i = NOMEM_KNOWN_FAULTS; i-- > 0;) { /* the last one first: it is the closest to the crash */
    struct nomem__trace fault;
    if (nomem__find_fault(outcome->channel, outcome->end.stack.pid, i) != i) continue;
    nomem__fault_trace(outcome->channel, i, &fault);
    if (nomem__trace_is_dispensable(&fault, symbols)) continue;
    if (find_unchecked_of(outcome, symbols, blow_up, (unsigned)(culprit - blow_up->frame), &fault, unchecked))
      return true;
  }
  return false;
}

/* Whether a function is the code under test's own, rather than that of what calls it: of a program that is all one, any
 * but main(). */
static bool is_of_called(const struct nomem__code_owners *code_owners, const struct nomem__trace_frame *frame) {
  const struct nomem__code_owners *callers = nomem__code_owners_callers(code_owners);
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  if (callers->is_divided) return nomem__code_owner_of(callers, frame) == NOMEM_OWNER_UNDER_TEST;
  size_t count = nomem__symbols_resolve(code_owners->symbols, frame->path, frame->offset, frame->is_return_address,
                                        sources, NOMEM_INLINED_MAX);
  const char *function = count > 0 ? sources[count - 1].function : NULL;
  return function != NULL && strcmp(function, "main") != 0;
}

void nomem__blame_going_on(const struct nomem__code_owners *code_owners, const struct nomem__trace *blow_up,
                           struct nomem__unchecked_call *unchecked) {
  unsigned at = unchecked->went_on_at;
  if (at == 0 || at >= blow_up->depth || !is_of_called(code_owners, &blow_up->frame[at])) return;
  unchecked->where.depth = 1;
  unchecked->where.frame[0] = blow_up->frame[at];
  unchecked->where.shown_function = unchecked->user = 0;
  unchecked->cause = NOMEM_CAUSE_UNSET;
  unchecked->is_from_memory = true;
}

bool nomem__unchecked_source(const struct nomem__unchecked_call *unchecked, struct nomem__symbols *symbols,
                             struct nomem__source_frame *source) {
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  const struct nomem__trace_frame *frame = &unchecked->where.frame[0];
  if (unchecked->where.depth == 0) return false;
  size_t count =
      nomem__symbols_resolve(symbols, frame->path, frame->offset, frame->is_return_address, sources, NOMEM_INLINED_MAX);
  if (unchecked->where.shown_function >= count) return false;
  *source = sources[unchecked->where.shown_function];
  return true;
}

uint64_t nomem__unchecked_hash(const struct nomem__unchecked_call *unchecked, struct nomem__symbols *symbols) {
  const struct nomem__trace_frame *frame = &unchecked->where.frame[0];
  struct nomem__source_frame source = {0};
  bool has_line = nomem__unchecked_source(unchecked, symbols, &source) && source.line != 0;
  uint64_t hash = nomem__hash_text(nomem__hash_text(NOMEM__HASH_START, nomem__base_name(frame->path)), source.function);
  return hash + (has_line ? source.line : frame->offset << 20);
}
