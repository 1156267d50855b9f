/* SPDX-License-Identifier: MIT */
#include "exemplar.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap_misuse.h"

void nomem__free_exemplar(struct nomem__finding *finding) {
  nomem__trace_free(&finding->fault);
  nomem__trace_free(&finding->unchecked.where);
  nomem__trace_free(&finding->second.stack);
  free(finding->threads);
  finding->threads = NULL;
}

/* Describes all threads of a run that hangs, and makes that one its blow-up which tells most. */
static int describe_threads(const struct nomem__judged_run *found, struct nomem__symbols *symbols,
                            struct nomem__run_stacks *run) {
  const struct nomem__threads *threads = &found->outcome->end.threads;
  if (found->verdict != NOMEM_VERDICT_HANG || threads->count == 0) return 0;
  run->threads = calloc(threads->count, sizeof *run->threads);
  if (run->threads == NULL) return -ENOMEM;
  run->shown_thread = nomem__wait_reason_describe(&found->outcome->end, symbols, run->threads);
  if (run->shown_thread == threads->main_thread) return 0;
  run->blow_up = run->threads[run->shown_thread].trace;
  nomem__blame_library(found->outcome, found->outcome->end.stack.pid, symbols, &run->blow_up);
  return 0;
}

static void put_detail(struct nomem__finding *finding, const char *detail) {
  const struct nomem__waiter *shown_thread = finding->threads != NULL ? &finding->threads[finding->shown_thread] : NULL;
  if (shown_thread != NULL && finding->thread_count > 1)
    snprintf(finding->detail, sizeof finding->detail, "thread %u %s", shown_thread->number, shown_thread->what);
  else
    snprintf(finding->detail, sizeof finding->detail, "%s", shown_thread != NULL ? shown_thread->what : detail);
}

static int show_second(struct nomem__second_call *second, const struct nomem__judged_run *found) {
  const struct nomem_channel *channel = found->outcome->channel;
  struct nomem__trace stack;
  if (found->point.second == 0 || channel->fault_count < 2) return 0;
  second->fn = channel->faults[1].fn;
  second->size_bytes = channel->faults[1].size_bytes;
  second->nth = channel->faults[1].nth;
  nomem__fault_trace(channel, 1, &stack);
  return nomem__trace_copy(&second->stack, &stack);
}

/* The function that lost what was left: the one that led both to its allocation and to the call that was failed. One
 * whose realloc fails loses what it had there before, which the caller never saw. */
static void blame_loser(const struct nomem__judged_run *found, const struct nomem__code_owners *code_owners,
                        struct nomem__run_stacks *run) {
  struct nomem__symbols *symbols = code_owners->symbols;
  const struct nomem_channel *channel = found->outcome->channel;
  unsigned most = 0, of_left, of_fault;
  for (uint32_t i = 0; (i = nomem__find_fault(channel, 0, i)) < NOMEM_FAULTS; i++) {
    struct nomem__trace fault, left = run->blow_up;
    nomem__fault_trace(channel, i, &fault);
    left.skipped_frames = 0;
    unsigned common = nomem__trace_find_common(&left, &fault, &of_left, &of_fault);
    if (common <= most) continue;
    most = common;
    run->loser = fault;
    bool is_its_own =
        channel->faults[i].fn == NOMEM_FN_REALLOC && nomem__trace_is_same_function(&left, &fault, symbols);
    run->blow_up.skipped_frames = is_its_own ? 0 : of_left;
    run->loser.skipped_frames = is_its_own ? 0 : of_fault;
  }
  /* When all later calls failed, too, it need not have been that one. */
  bool is_guess = found->point.persistent && !nomem__is_test_code(code_owners, &run->blow_up);
  if (is_guess) run->loser.depth = 0;
  if (is_guess || nomem__trace_culprit(&run->blow_up) == NULL) run->blow_up.skipped_frames = 0;
}

/* What a run with a block table shows in place of a blow-up: the bad call, or the allocation of what was left or
 * overrun. */
static void block_table_traces(const struct nomem__judged_run *found, const struct nomem__code_owners *code_owners,
                               struct nomem__run_stacks *run) {
  struct nomem__symbols *symbols = code_owners->symbols;
  struct nomem__trace *trace = &run->blow_up;
  const struct nomem_channel *channel = found->outcome->channel;
  const struct nomem__residue *residue = found->residue;
  const struct nomem_misuse *misuse = residue->misuse;
  const struct nomem__late_misuse *late = residue->late_misuse != NULL ? &residue->late_misuse->heap.misuse : NULL;
  bool is_late_write = late != NULL && late->kind == NOMEM_MISUSE_WRITTEN;
  bool has_left = found->verdict == NOMEM_VERDICT_LEAK && residue->has_leak;
  bool is_bad = found->verdict == NOMEM_VERDICT_CORRUPTION && trace->depth == 0;
  if (misuse != NULL)
    nomem__heap_misuse_traces(channel, misuse, symbols, &run->block, &run->freed);
  else if (found->verdict == NOMEM_VERDICT_CRASH)
    nomem__quarantine_traces(found->outcome, symbols, &run->block, &run->freed);
  else if (is_bad && is_late_write)
    nomem__site_trace(channel, late->site, symbols, &run->block);
  if (is_bad && misuse != NULL)
    nomem__lasting_trace(channel, misuse->call, misuse->call_depth, symbols, trace);
  else if (has_left)
    nomem__site_trace(channel, residue->leak.site, symbols, trace);
  else if (is_bad && late != NULL)
    nomem__site_trace(channel, is_late_write ? late->freed_at : late->site, symbols, trace);
  else
    return;
  nomem__blame_library(found->outcome, 0, symbols, trace);
  if (has_left && trace->library_frames == 0) blame_loser(found, code_owners, run);
}

int nomem__collect_stacks(const struct nomem__judged_run *found, const struct nomem__code_owners *code_owners,
                          struct nomem__run_stacks *run) {
  const struct nomem__outcome *outcome = found->outcome;
  struct nomem__symbols *symbols = code_owners->symbols;
  *run = (struct nomem__run_stacks){0};
  nomem__fault_trace(outcome->channel, 0, &run->fault);
  nomem__blow_up_trace(outcome, symbols, &run->blow_up);
  if (found->file_hash != 0 && outcome->creator != NULL) nomem__trace_of_stack(outcome->creator, &run->block);
  block_table_traces(found, code_owners, run);
  int result = describe_threads(found, symbols, run);
  if (result == 0 && found->verdict == NOMEM_VERDICT_CRASH)
    nomem__find_unchecked(outcome, symbols, &run->blow_up, &run->unchecked);
  return result;
}

int nomem__set_exemplar(struct nomem__finding *finding, const struct nomem__judged_run *found,
                        struct nomem__run_stacks *run) {
  const struct nomem__outcome *outcome = found->outcome;
  const struct nomem_fault *first = &outcome->channel->faults[0];
  const struct nomem__stack *stack = &outcome->end.stack;
  struct nomem__trace copy;
  struct nomem__unchecked_call call = {.inlined = run->unchecked.inlined};
  struct nomem__second_call second = {0};
  int result = nomem__trace_copy(&call.where, &run->unchecked.where);
  if (result != 0) return result;
  result = show_second(&second, found);
  if (result == 0) result = nomem__trace_copy(&copy, &run->fault);
  if (result != 0) {
    nomem__trace_free(&call.where);
    nomem__trace_free(&second.stack);
    return result;
  }
  nomem__free_exemplar(finding);
  finding->fault = copy;
  finding->unchecked = call;
  finding->second = second;
  finding->blow_up = run->blow_up; /* its paths belong to the stacks of the session, those of threads, too */
  finding->threads = run->threads;
  finding->thread_count = run->threads != NULL ? outcome->end.threads.count : 0;
  finding->threads_left_out = outcome->end.threads.left_out;
  finding->shown_thread = run->shown_thread;
  run->threads = NULL;
  finding->block = run->block;
  finding->freed = run->freed;
  finding->is_confirmed = false;
  finding->takes_block_table = outcome->channel->watch == NOMEM_WATCH_BLOCK_TABLE || outcome->channel->check_leaks;
  finding->rank = found->rank;
  finding->point = found->point;
  strncpy(finding->plan, found->plan, sizeof finding->plan - 1);
  bool is_terminate = found->verdict == NOMEM_VERDICT_ABORT && run->blow_up.terminate != NOMEM_TERMINATE_NO;
  put_detail(finding, is_terminate ? "C++ terminate" : found->detail);
  nomem__quote_last_line(outcome->tail, finding->last_words);
  finding->signal = outcome->end.fatal_signal;
  finding->needs_timeout = outcome->end.timed_out;
  bool has_fault_address = outcome->end.has_stack && stack->signal == finding->signal;
  finding->address_kind = has_fault_address ? nomem__address_kind_find(stack) : NOMEM_ADDRESS_NONE;
  finding->fault_address = stack->fault_address;
  finding->fn = first->fn;
  finding->size_bytes = first->size_bytes;
  finding->nth = first->nth;
  return 0;
}
