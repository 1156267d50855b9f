/* SPDX-License-Identifier: MIT */
#include "exemplar.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../stack/debug_info.h"
#include "../text/function_name.h"
#include "../text/memory.h"
#include "error_names.h"
#include "heap_misuse.h"
#include "null_store.h"

void nomem__free_exemplar(struct nomem__finding *finding) {
  nomem__trace_free(&finding->fault);
  nomem__trace_free(&finding->unchecked.where);
  nomem__trace_free(&finding->second.stack);
  free(finding->threads);
  finding->threads = NULL;
}

/* Describes the threads of a run that hangs. The blow-up is then the stack of the shown thread. */
static void describe_threads(const struct nomem__judged_run *run, struct nomem__symbols *symbols,
                             struct nomem__run_stacks *stacks) {
  const struct nomem__threads *threads = &run->outcome->end.threads;
  if (run->verdict != NOMEM_VERDICT_HANG || threads->count == 0) return;
  stacks->threads = nomem__calloc(threads->count, sizeof *stacks->threads);
  stacks->shown_thread = nomem__wait_reason_describe(&run->outcome->end, symbols, stacks->threads);
  if (stacks->shown_thread == threads->main_thread) return;
  stacks->blow_up = stacks->threads[stacks->shown_thread].trace;
  nomem__blame_library(run->outcome, run->outcome->end.stack.pid, symbols, &stacks->blow_up);
}

/* Says what the shown thread of a hang does; of other runs, how they ended. */
static void set_detail(struct nomem__finding *finding, const char *detail) {
  const struct nomem__waiter *shown_thread = finding->threads != NULL ? &finding->threads[finding->shown_thread] : NULL;
  if (shown_thread != NULL && finding->thread_count > 1)
    snprintf(finding->detail, sizeof finding->detail, "thread %u %s", shown_thread->number, shown_thread->what);
  else
    snprintf(finding->detail, sizeof finding->detail, "%s", shown_thread != NULL ? shown_thread->what : detail);
}

static void set_second_call(struct nomem__second_call *second, const struct nomem__judged_run *run) {
  const struct nomem_channel *channel = run->outcome->channel;
  struct nomem__trace stack;
  if (run->point.second == 0 || channel->fault_count < 2 || !channel->faults[1].ready) return;
  second->fn = channel->faults[1].fn;
  second->size_bytes = channel->faults[1].size_bytes;
  second->nth = channel->faults[1].nth;
  nomem__fault_trace(channel, 1, &stack);
  nomem__trace_copy(&second->stack, &stack);
}

/* Which function at a frame, of those inlined into one another, is the innermost that does more than allocate: by its
 * name, or because it is called for that and returns what it got. Their number: none is. */
static size_t find_user(struct nomem__symbols *symbols, const struct nomem__trace *fault, unsigned frame,
                        const struct nomem__source_frame *sources, size_t count) {
  size_t user = 0;
  for (; user < count && sources[user].function != NULL; user++) {
    /* What is inlined has no code of its own that shows what it returns. */
    bool only_returns = user + 1 < count || nomem__is_passed_on(symbols, fault, frame);
    bool is_called_for_it = nomem__names_allocation(sources[user].function) && only_returns;
    if (!nomem__is_allocation_function(sources[user].function) && !is_called_for_it) break;
  }
  return user;
}

/* An allocation function that led to both, as one that makes a new block and is to copy the old one, did not lose it:
 * who called it did. */
static void skip_common_allocation(struct nomem__symbols *symbols, const struct nomem__trace *leak,
                                   const struct nomem__trace *fault, unsigned *above_leak, unsigned *above_fault) {
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  while (*above_leak + 1 < leak->depth && *above_fault + 1 < fault->depth) {
    const struct nomem__trace_frame *frame = &fault->frame[*above_fault];
    size_t count = nomem__symbols_resolve(symbols, frame->path, frame->offset, frame->is_return_address, sources,
                                          NOMEM_INLINED_MAX);
    const char *function = sources[count - 1].function;
    if (function == NULL || !nomem__is_allocation_function(function)) return;
    ++*above_leak;
    ++*above_fault;
  }
}

/* Finds the function that lost the leaked blocks: the one that led both to their allocation and to the call that was
 * failed. But a function whose own realloc failed has lost the old block itself: its caller never saw it. */
static void find_leaking_call(const struct nomem__judged_run *run, const struct nomem__code_owners *code_owners,
                              struct nomem__run_stacks *stacks) {
  struct nomem__symbols *symbols = code_owners->symbols;
  const struct nomem_channel *channel = run->outcome->channel;
  unsigned most = 0, above_leak, above_fault;
  for (uint32_t i = 0; (i = nomem__find_fault(channel, 0, i)) < NOMEM_KNOWN_FAULTS; i++) {
    struct nomem__trace fault, leak = stacks->blow_up;
    nomem__fault_trace(channel, i, &fault);
    leak.skipped_frames = 0;
    unsigned common = nomem__trace_find_common(&leak, &fault, &above_leak, &above_fault);
    if (common <= most) continue;
    most = common;
    stacks->leaking_call = fault;
    uint32_t fn = nomem__channel_fault(channel, i)->fn;
    bool is_its_own = (fn == NOMEM_FN_REALLOC || fn == NOMEM_FN_REALLOCARRAY) &&
                      nomem__trace_is_same_function(&leak, &fault, symbols);
    if (!is_its_own) skip_common_allocation(symbols, &leak, &fault, &above_leak, &above_fault);
    stacks->blow_up.skipped_frames = is_its_own ? 0 : above_leak;
    stacks->leaking_call.skipped_frames = is_its_own ? 0 : above_fault;
    stacks->blow_up.shown_function = stacks->leaking_call.shown_function = 0;
    if (!is_its_own)
      nomem__find_common_inlined(symbols, &leak.frame[above_leak], &fault.frame[above_fault],
                                 &stacks->blow_up.shown_function, &stacks->leaking_call.shown_function);
  }
  /* When all later calls failed as well, it need not have been this one. */
  bool is_guess = run->point.persistent && !nomem__is_test_code(code_owners, &stacks->blow_up);
  if (is_guess) stacks->leaking_call.depth = 0;
  if (is_guess || nomem__trace_culprit(&stacks->blow_up) == NULL)
    stacks->blow_up.skipped_frames = stacks->blow_up.shown_function = 0;
}

/* The call of test code's that it had handed the blocks over to has lost them. */
static void blame_callee(const struct nomem__judged_run *run, const struct nomem__code_owners *code_owners,
                         struct nomem__run_stacks *stacks) {
  const struct nomem__code_owners *callers = nomem__code_owners_callers(code_owners);
  const struct nomem_channel *channel = run->outcome->channel;
  const struct nomem_fault *fault = &channel->faults[0];
  stacks->block = stacks->blow_up;
  nomem__lasting_trace(channel, fault->frame, fault->depth, code_owners->symbols, &stacks->blow_up);
  stacks->blow_up.skipped_frames = nomem__next_test_call(callers, &stacks->blow_up, 0) - 1;
  stacks->leaking_call = stacks->blow_up;
}

/* Where a realloc of the leaked block failed, that is where it was lost. */
static void collect_leak(const struct nomem_channel *channel, const struct nomem__leak_site *leak,
                         struct nomem__symbols *symbols, struct nomem__run_stacks *stacks) {
  bool was_refused = leak->lost_by != 0;
  nomem__site_trace(channel, was_refused ? leak->lost_by - 1 : leak->site, symbols, &stacks->blow_up);
  if (was_refused) nomem__site_trace(channel, leak->site, symbols, &stacks->block);
}

static void collect_guarded(const struct nomem_channel *channel, const struct nomem__guarded *block,
                            struct nomem__symbols *symbols, struct nomem__run_stacks *stacks) {
  nomem__site_trace(channel, block->site, symbols, &stacks->block);
  if (block->is_closed) nomem__site_trace(channel, block->freed_at, symbols, &stacks->freed);
}

/* Collects what a block table shows. Where a run has no blow-up, that is the call that misused a block, or else where
 * the block was freed or allocated; of a leak, where the leaked blocks were allocated. */
static void collect_block_traces(const struct nomem__judged_run *run, const struct nomem__code_owners *code_owners,
                                 struct nomem__run_stacks *stacks) {
  struct nomem__symbols *symbols = code_owners->symbols;
  struct nomem__trace *trace = &stacks->blow_up;
  const struct nomem_channel *channel = run->outcome->channel;
  const struct nomem__residue *residue = run->residue;
  const struct nomem_misuse *misuse = residue->misuse;
  const struct nomem__late_misuse *late = residue->late_misuse != NULL ? &residue->late_misuse->heap.misuse : NULL;
  bool is_late_write = late != NULL && late->kind == NOMEM_MISUSE_WRITTEN;
  bool has_leak = run->verdict == NOMEM_VERDICT_LEAK && residue->has_leak;
  bool has_no_blow_up = run->verdict == NOMEM_VERDICT_CORRUPTION && trace->depth == 0;
  if (residue->guarded_use.place != NOMEM_GUARDED_NONE)
    collect_guarded(channel, &residue->guarded_use.block, symbols, stacks);
  else if (misuse != NULL)
    nomem__heap_misuse_traces(channel, misuse, symbols, &stacks->block, &stacks->freed);
  else if (run->verdict == NOMEM_VERDICT_CRASH)
    nomem__quarantine_traces(run->outcome, symbols, &stacks->block, &stacks->freed);
  else if (has_no_blow_up && is_late_write)
    nomem__site_trace(channel, late->site, symbols, &stacks->block);
  if (has_no_blow_up && misuse != NULL)
    nomem__lasting_trace(channel, misuse->call, misuse->call_depth, symbols, trace);
  else if (has_leak)
    collect_leak(channel, &residue->leak, symbols, stacks);
  else if (has_no_blow_up && late != NULL)
    nomem__site_trace(channel, is_late_write ? late->freed_at : late->site, symbols, trace);
  else
    return;
  if (!(has_leak && residue->leak.lost_by != 0 && nomem__trace_blame_library_for_loss(trace, symbols)))
    nomem__blame_library(run->outcome, 0, symbols, trace);
  if (has_leak && residue->leak.is_handed_over)
    blame_callee(run, code_owners, stacks);
  else if (has_leak && trace->library_frames == 0)
    find_leaking_call(run, code_owners, stacks);
}

/* Where only the fault says what failed, an allocation function of the library's own says nothing, nor does a template
 * of the C++ library's: their caller does. */
static void skip_allocation_functions(const struct nomem__code_owners *code_owners, struct nomem__trace *fault) {
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  const struct nomem__trace_frame *culprit;
  const unsigned skipped = fault->skipped_frames;
  while ((culprit = nomem__trace_culprit(fault)) != NULL && culprit + 1 < fault->frame + fault->depth) {
    unsigned number = (unsigned)(culprit - fault->frame);
    size_t count = nomem__symbols_resolve(code_owners->symbols, culprit->path, culprit->offset,
                                          culprit->is_return_address, sources, NOMEM_INLINED_MAX);
    size_t user = find_user(code_owners->symbols, fault, number, sources, count);
    if (user < count && !nomem__is_runtime_code(code_owners, culprit)) {
      fault->shown_function = (unsigned)user;
      return;
    }
    fault->skipped_frames = number + 1;
  }
  if (culprit == NULL) fault->skipped_frames = skipped; /* all are */
}

static bool is_placed_by_fault(enum nomem__verdict verdict) {
  return nomem__verdict_is_of_result(verdict) || verdict == NOMEM_VERDICT_SWALLOWED || verdict == NOMEM_VERDICT_MUTE;
}

static uint64_t offset_in(const struct nomem__trace_frame *frame) {
  return frame->offset - (frame->is_return_address && frame->offset > 0);
}

/* A wrong error is reported by the first function on the way to test code that returns what test code was given: a
 * helper that returned NULL, or a template, said nothing else. */
static void skip_to_reporter(const struct nomem__code_owners *code_owners, struct nomem__trace *fault) {
  struct nomem__symbols *symbols = code_owners->symbols;
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  unsigned test = nomem__next_test_call(nomem__code_owners_callers(code_owners), fault, 0);
  if (test == 0 || test == fault->depth) return;
  const struct nomem__debug_result told =
      nomem__symbols_find_result(symbols, fault->frame[test - 1].path, offset_in(&fault->frame[test - 1]));
  if (told.bytes == 0 || told.kind == NOMEM_RESULT_POINTER) return;
  for (unsigned i = fault->skipped_frames; i < test; i++) {
    const struct nomem__trace_frame *frame = &fault->frame[i];
    const struct nomem__debug_result result = nomem__symbols_find_result(symbols, frame->path, offset_in(frame));
    if (result.kind != told.kind || result.bytes != told.bytes || nomem__is_runtime_code(code_owners, frame)) continue;
    size_t count = nomem__symbols_resolve(symbols, frame->path, frame->offset, frame->is_return_address, sources,
                                          NOMEM_INLINED_MAX);
    fault->skipped_frames = i;
    fault->shown_function = count > 0 ? (unsigned)count - 1 : 0; /* the outermost: only its type is known */
    return;
  }
}

/* When all later calls fail, the first need not be the one that matters: the C library does without some. */
static uint32_t find_first_fault(const struct nomem__judged_run *run, struct nomem__symbols *symbols) {
  const struct nomem_channel *channel = run->outcome->channel;
  struct nomem__trace fault;
  if (!run->point.persistent || !is_placed_by_fault(run->verdict)) return 0;
  for (uint32_t i = 0; (i = nomem__find_fault(channel, 0, i)) < NOMEM_FAULTS; i++) {
    nomem__fault_trace(channel, i, &fault);
    if (!nomem__trace_is_dispensable(&fault, symbols)) return i;
  }
  return 0;
}

/* Where the descriptor was opened that the run left open. */
static void collect_opening(const struct nomem__judged_run *run, struct nomem__run_stacks *stacks) {
  const struct nomem__openings *openings = run->outcome->openings;
  const struct nomem__residue *residue = run->residue;
  if (run->verdict != NOMEM_VERDICT_LEFTOVER || residue == NULL || residue->lost_descriptor == 0 || openings == NULL)
    return;
  const struct nomem__stack *stack = nomem__openings_find(openings, residue->lost_by, residue->lost_descriptor);
  if (stack != NULL) nomem__trace_of_stack(stack, &stacks->block);
}

void nomem__collect_stacks(const struct nomem__judged_run *run, const struct nomem__code_owners *code_owners,
                           struct nomem__run_stacks *stacks) {
  const struct nomem__outcome *outcome = run->outcome;
  struct nomem__symbols *symbols = code_owners->symbols;
  *stacks = (struct nomem__run_stacks){0};
  stacks->fault_number = find_first_fault(run, symbols);
  nomem__fault_trace(outcome->channel, stacks->fault_number, &stacks->fault);
  bool is_blamed =
      code_owners->tested != NULL && (code_owners->tested->are_limit || run->verdict == NOMEM_VERDICT_INTERNAL);
  if (is_blamed)
    nomem__blame_tested_module(code_owners->tested, &stacks->fault);
  else if (is_placed_by_fault(run->verdict) || run->verdict == NOMEM_VERDICT_LEFTOVER)
    skip_allocation_functions(code_owners, &stacks->fault);
  if (run->verdict == NOMEM_VERDICT_MISREPORTED && !is_blamed) skip_to_reporter(code_owners, &stacks->fault);
  if (!nomem__verdict_is_of_result(run->verdict)) nomem__blow_up_trace(outcome, symbols, &stacks->blow_up);
  if (run->file_hash != 0 && outcome->creator != NULL) nomem__trace_of_stack(outcome->creator, &stacks->block);
  collect_opening(run, stacks);
  collect_block_traces(run, code_owners, stacks);
  if (run->verdict == NOMEM_VERDICT_ABORT) nomem__blame_caller_of_interpreter(code_owners->tested, &stacks->blow_up);
  describe_threads(run, symbols, stacks);
  if (run->verdict != NOMEM_VERDICT_CRASH) return;
  nomem__find_unchecked(outcome, symbols, &stacks->blow_up, &stacks->unchecked);
  nomem__blame_going_on(code_owners, &stacks->blow_up, &stacks->unchecked);
  stacks->blow_up.shown_function = stacks->unchecked.user;
}

/* What the guard of a block has shown stands in the detail; where the block was written, the signal is not what came of
 * it, but how it was noticed. */
static void set_address(struct nomem__finding *finding, const struct nomem__outcome *outcome,
                        const struct nomem__residue *residue) {
  static const enum nomem__address_kind kinds[] = {[NOMEM_GUARDED_FREED] = NOMEM_ADDRESS_FREED_BLOCK,
                                                   [NOMEM_GUARDED_PAST_END] = NOMEM_ADDRESS_PAST_END,
                                                   [NOMEM_GUARDED_BEFORE] = NOMEM_ADDRESS_BEFORE};
  const struct nomem__stack *stack = &outcome->end.stack;
  enum nomem__guarded_place place = residue != NULL ? residue->guarded_use.place : NOMEM_GUARDED_NONE;
  bool has_fault_address = outcome->end.has_stack && stack->signal == finding->signal;
  finding->address_kind = !has_fault_address            ? NOMEM_ADDRESS_NONE
                          : place != NOMEM_GUARDED_NONE ? kinds[place]
                                                        : nomem__address_kind_find(stack);
  finding->fault_address = stack->fault_address;
  if (place == NOMEM_GUARDED_NONE || finding->verdict != NOMEM_VERDICT_CORRUPTION) return;
  finding->signal = 0;
  finding->address_kind = NOMEM_ADDRESS_NONE;
}

void nomem__set_exemplar(struct nomem__finding *finding, const struct nomem__judged_run *run,
                         struct nomem__run_stacks *stacks) {
  const struct nomem__outcome *outcome = run->outcome;
  const struct nomem_fault *first = &outcome->channel->faults[stacks->fault_number];
  struct nomem__trace copy;
  struct nomem__unchecked_call call = {.cause = stacks->unchecked.cause,
                                       .is_from_memory = stacks->unchecked.is_from_memory};
  struct nomem__second_call second = {0};
  nomem__trace_copy(&call.where, &stacks->unchecked.where);
  call.where.shown_function = stacks->unchecked.where.shown_function;
  set_second_call(&second, run);
  nomem__trace_copy(&copy, &stacks->fault);
  nomem__free_exemplar(finding);
  finding->fault = copy;
  finding->fault.skipped_frames = stacks->fault.skipped_frames;
  finding->fault.shown_function = stacks->fault.shown_function;
  finding->unchecked = call;
  finding->second = second;
  finding->blow_up = stacks->blow_up; /* as in the threads, its paths belong to the session's stacks */
  finding->threads = stacks->threads;
  finding->thread_count = stacks->threads != NULL ? outcome->end.threads.count : 0;
  finding->threads_left_out = outcome->end.threads.left_out;
  finding->shown_thread = stacks->shown_thread;
  stacks->threads = NULL;
  finding->block = stacks->block;
  finding->is_handed_over = run->verdict == NOMEM_VERDICT_LEAK && run->residue->leak.is_handed_over;
  finding->freed = stacks->freed;
  finding->is_confirmed = false;
  finding->needs_block_table = outcome->channel->watch == NOMEM_WATCH_BLOCK_TABLE || outcome->channel->check_leaks;
  finding->guarded_from = outcome->channel->guarded_from;
  finding->needs_openings = run->residue != NULL && run->residue->lost_descriptor != 0;
  finding->rank = run->rank;
  finding->point = run->point;
  strncpy(finding->plan, run->plan, sizeof finding->plan - 1);
  bool is_terminate = run->verdict == NOMEM_VERDICT_ABORT && stacks->blow_up.terminate != NOMEM_TERMINATE_NO;
  set_detail(finding, is_terminate ? "C++ terminate" : run->detail);
  nomem__quote_last_line(outcome->tail, finding->last_words);
  finding->signal = outcome->end.fatal_signal;
  finding->was_caught = outcome->was_caught;
  finding->needs_timeout = outcome->end.timed_out || outcome->is_flooded;
  set_address(finding, outcome, run->residue);
  finding->fn = first->fn;
  finding->size_bytes = first->size_bytes;
  finding->nth = first->nth;
  finding->hostile = first->hostile;
  finding->hostile_calls = first->hostile != 0 ? outcome->channel->hostile_calls : 0;
}
