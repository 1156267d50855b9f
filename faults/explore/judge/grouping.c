/* SPDX-License-Identifier: MIT */
#include "grouping.h"

#include <string.h>

#include "../stack/debug_info.h"
#include "../text/hash.h"
#include "null_store.h"

/* A line that aborts is one bug, whichever way it was reached. A line that follows NULL is a bug of each caller, unless
 * it is known that no caller passed the NULL: then it comes from something that they share. */
static enum nomem__similarity choose_similarity(const struct nomem__judged_run *run, struct nomem__symbols *symbols,
                                                const struct nomem__trace *blow_up) {
  if (run->verdict == NOMEM_VERDICT_ABORT || run->verdict == NOMEM_VERDICT_INTERNAL) return NOMEM_SAME_LINE;
  if (run->verdict == NOMEM_VERDICT_HANG) return NOMEM_SAME_LOOP;
  bool is_crash = run->verdict == NOMEM_VERDICT_CRASH;
  return is_crash && nomem__culprit_had_null(run->outcome, symbols, blow_up) == NOMEM_NO ? NOMEM_SAME_LINE
                                                                                         : NOMEM_SAME_CALLER;
}

/* A leftover file is grouped by the function whose call failed last: it left the file behind. When all later calls
 * failed as well, that function is not known. */
static uint64_t hash_leftover(const struct nomem__judged_run *run, struct nomem__symbols *symbols) {
  const struct nomem_channel *channel = run->outcome->channel;
  struct nomem__trace fault;
  if (run->file_hash == 0) return nomem__process_residue_hash(run->detail);
  if (run->point.persistent) return run->file_hash;
  nomem__fault_trace(channel, run->point.second != 0 && channel->fault_count > 1, &fault);
  return run->file_hash + nomem__trace_hash(&fault, symbols, NOMEM_SAME_FUNCTION);
}

/* Of functions that are inlined into one another, the innermost that returns an error: what returns a pointer only
 * passes on the NULL that it got. Its number. */
static unsigned find_error_returning(struct nomem__symbols *symbols, const struct nomem__trace_frame *frame) {
  struct nomem__debug_result results[NOMEM_INLINED_MAX];
  size_t count = nomem__symbols_find_results(symbols, frame->path, frame->offset - 1, results, NOMEM_INLINED_MAX);
  unsigned number = 0;
  while (number + 1 < count && results[number].kind == NOMEM_RESULT_POINTER) number++;
  return number;
}

/* The call of whose failure another error was made: from the call of test code's inwards, the first that is not passed
 * on as it is. */
static bool hash_wrong_error(const struct nomem__judged_run *run, const struct nomem__code_owners *code_owners,
                             uint64_t *hash) {
  const struct nomem__code_owners *callers = nomem__code_owners_callers(code_owners);
  struct nomem__unchecked_call call = {.where = {.depth = 1}};
  struct nomem__trace fault;
  nomem__fault_trace(run->outcome->channel, 0, &fault);
  unsigned test = nomem__next_test_call(callers, &fault, 0), frame = test;
  if (test < 2 || test == fault.depth) return false;
  const struct nomem__trace_frame *called = &fault.frame[test - 1];
  const struct nomem__debug_result told =
      nomem__symbols_find_result(code_owners->symbols, called->path, called->offset - 1);
  if (told.kind == NOMEM_RESULT_NONE) return false; /* a later call had the error */
  do frame--;
  while (frame > 0 && nomem__is_passed_on(code_owners->symbols, &fault, frame));
  if (nomem__code_owner_of(code_owners, &fault.frame[frame]) == NOMEM_OWNER_RUNTIME) return false;
  call.where.frame[0] = fault.frame[frame];
  call.where.shown_function = find_error_returning(code_owners->symbols, &fault.frame[frame]);
  *hash = nomem__unchecked_hash(&call, code_owners->symbols);
  return true;
}

/* The failed call that lost blocks; of functions that are inlined into one another, in the one that led to both. */
static uint64_t hash_leaking_call(const struct nomem__trace *call, struct nomem__symbols *symbols) {
  if (call->shown_function == 0) return nomem__trace_hash(call, symbols, NOMEM_SAME_LINE);
  struct nomem__unchecked_call leaking = {.where = {.depth = 1, .shown_function = call->shown_function}};
  leaking.where.frame[0] = *nomem__trace_culprit(call);
  return nomem__unchecked_hash(&leaking, symbols);
}

static uint64_t hash_location(const struct nomem__judged_run *run, const struct nomem__code_owners *code_owners,
                              const struct nomem__run_stacks *stacks) {
  struct nomem__symbols *symbols = code_owners->symbols;
  uint64_t wrong_error;
  if (run->verdict == NOMEM_VERDICT_MISREPORTED && hash_wrong_error(run, code_owners, &wrong_error)) return wrong_error;
  if (stacks->unchecked.where.depth > 0) return nomem__unchecked_hash(&stacks->unchecked, symbols);
  if (run->verdict == NOMEM_VERDICT_LEAK && nomem__trace_culprit(&stacks->leaking_call) != NULL)
    return hash_leaking_call(&stacks->leaking_call, symbols);
  if (run->verdict == NOMEM_VERDICT_LEAK) return nomem__trace_hash(&stacks->blow_up, symbols, NOMEM_SAME_FUNCTION) + 1;
  if (run->verdict == NOMEM_VERDICT_LEFTOVER) return hash_leftover(run, symbols);
  const struct nomem__trace *trace = stacks->blow_up.depth > 0 ? &stacks->blow_up : &stacks->fault;
  /* A function that lets exceptions through is one bug, wherever in it they come from. */
  bool is_escaped = trace->terminate != NOMEM_TERMINATE_NO;
  enum nomem__similarity same = is_escaped ? NOMEM_SAME_LOOP : choose_similarity(run, symbols, trace);
  uint64_t hash = nomem__trace_hash(trace, symbols, same);
  if (run->verdict == NOMEM_VERDICT_CORRUPTION) return hash; /* whether the C library or the block table noticed it */
  return hash + (run->verdict == NOMEM_VERDICT_SANITIZER ? nomem__sanitizer_hash(run->outcome->report.kind)
                                                         : (uint64_t)run->outcome->end.fatal_signal);
}

/* Whether it is known what the shown thread waits for, and that it is no lock. */
static bool hangs_without_lock(const struct nomem__run_stacks *stacks) {
  const char *what = stacks->threads != NULL ? stacks->threads[stacks->shown_thread].what : "";
  return *what != '\0' && strstr(what, "lock") == NULL && strstr(what, "pthread_once") == NULL;
}

/* Whether the machine code shows that code under test did not look at what a call returned. It may be a function of a
 * header's that has become part of a test: then it is the test that seems to have made that call. */
static bool is_unchecked_under_test(const struct nomem__code_owners *code_owners,
                                    const struct nomem__unchecked_call *unchecked) {
  return unchecked->where.depth > 0 && unchecked->cause == NOMEM_CAUSE_UNCHECKED && !unchecked->is_from_memory &&
         !nomem__is_test_code(code_owners, &unchecked->where);
}

/* Whether test code ignored the failure of a call of its own: it passed on the NULL, or went on to where the run hangs.
 * A hang at a lock is left out: the failed call itself may have left it locked. */
static bool has_test_gone_on(const struct nomem__judged_run *run, const struct nomem__code_owners *code_owners,
                             const struct nomem__run_stacks *stacks) {
  if (nomem__verdict_is_of_result(run->verdict)) return false; /* however it ended then */
  if (run->verdict != NOMEM_VERDICT_HANG)
    return !is_unchecked_under_test(code_owners, &stacks->unchecked) &&
           nomem__test_passed_null(run->outcome, code_owners, &stacks->blow_up);
  if (nomem__is_test_code(code_owners, &stacks->blow_up) && nomem__has_test_call_failed(run->outcome, code_owners))
    return true;
  return hangs_without_lock(stacks) && nomem__test_went_on(run->outcome, code_owners, &stacks->blow_up);
}

/* Whether test code may have been notified of the failure before the run blew up, and that would make it the test's
 * fault. *call: as from nomem__find_failed_call. */
static bool may_be_notified(const struct nomem__judged_run *run, const struct nomem__code_owners *code_owners,
                            const struct nomem__run_stacks *stacks, uint64_t *call) {
  const struct nomem__end *end = &run->outcome->end;
  enum nomem__address_kind address_kind = nomem__address_kind_find(&end->stack);
  bool is_pointer = address_kind == NOMEM_ADDRESS_NULL || nomem__address_kind_may_be_freed(address_kind);
  bool would_matter = (run->verdict == NOMEM_VERDICT_CRASH && is_pointer) || run->verdict == NOMEM_VERDICT_CORRUPTION ||
                      (run->verdict == NOMEM_VERDICT_ABORT && stacks->blow_up.terminate == NOMEM_TERMINATE_NO) ||
                      (run->verdict == NOMEM_VERDICT_HANG && hangs_without_lock(stacks) &&
                       stacks->shown_thread == end->threads.main_thread);
  bool is_unchecked = stacks->unchecked.cause != NOMEM_CAUSE_IGNORED;
  /* What test code crashes in is its own, unless code under test may have left a NULL there and said nothing of it. */
  bool is_left = stacks->unchecked.where.depth > 0 && stacks->unchecked.is_from_memory;
  bool is_own = run->verdict == NOMEM_VERDICT_CRASH &&
                ((!is_left && nomem__is_test_code(code_owners, &stacks->blow_up)) ||
                 (is_unchecked && nomem__is_test_code(code_owners, &stacks->unchecked.where)));
  return would_matter && code_owners->is_divided && end->has_stack && !is_own &&
         !is_unchecked_under_test(code_owners, &stacks->unchecked) &&
         nomem__find_failed_call(run->outcome, code_owners, &stacks->blow_up, call);
}

struct nomem__grouping nomem__group_run(const struct nomem__judged_run *run,
                                        const struct nomem__code_owners *code_owners,
                                        const struct nomem__run_stacks *stacks) {
  const struct nomem_channel *channel = run->outcome->channel;
  uint32_t ways = channel->fault_count > 0 ? channel->faults[0].hostile : 0;
  struct nomem__grouping grouping = {.is_ignored_by_test = ways == 0 && has_test_gone_on(run, code_owners, stacks)};
  uint64_t call = 0;
  grouping.location_hash = hash_location(run, code_owners, stacks);
  /* Of a hostile allocator, each call whose way of being served leads there is a bug of its own. */
  if (ways != 0)
    grouping.location_hash = nomem__hash_number(
        grouping.location_hash + nomem__trace_hash(&stacks->fault, code_owners->symbols, NOMEM_SAME_LINE), ways);
  if (grouping.is_ignored_by_test)
    grouping.location_hash = ~grouping.location_hash; /* apart from runs that reach the same line in other ways */
  /* A hang in test code is its own, whatever it was told. */
  bool is_own = run->verdict == NOMEM_VERDICT_HANG && nomem__is_test_code(code_owners, &stacks->blow_up);
  grouping.needs_return_watch =
      !(grouping.is_ignored_by_test && is_own) && may_be_notified(run, code_owners, stacks, &call);
  grouping.hash = grouping.location_hash + call; /* where test code was not notified, they are merged later */
  return grouping;
}
