/* SPDX-License-Identifier: MIT */
#include "grouping.h"

#include <string.h>

/* One place that aborts is one bug, whoever came to it. One place that follows a NULL is a bug of each caller, unless
 * it is known that no caller gave it: then it was found in something that all of them have. */
static enum nomem__similarity sameness(const struct nomem__judged_run *found, struct nomem__symbols *symbols,
                                       const struct nomem__trace *blow_up) {
  if (found->verdict == NOMEM_VERDICT_ABORT) return NOMEM_SAME_LINE;
  if (found->verdict == NOMEM_VERDICT_HANG) return NOMEM_SAME_LOOP;
  bool is_crash = found->verdict == NOMEM_VERDICT_CRASH;
  return is_crash && nomem__culprit_had_null(found->outcome, symbols, blow_up) == NOMEM_NO ? NOMEM_SAME_LINE
                                                                                           : NOMEM_SAME_CALLER;
}

/* A file is left by the function whose call was failed last, unless all later calls failed, too. */
static uint64_t hash_of_leftover(const struct nomem__judged_run *found, struct nomem__symbols *symbols) {
  const struct nomem_channel *channel = found->outcome->channel;
  struct nomem__trace fault;
  if (found->file_hash == 0) return nomem__process_residue_hash(found->detail);
  if (found->point.persistent) return found->file_hash;
  nomem__fault_trace(channel, found->point.second != 0 && channel->fault_count > 1, &fault);
  return found->file_hash + nomem__trace_hash(&fault, symbols, NOMEM_SAME_FUNCTION);
}

static uint64_t hash_of(const struct nomem__judged_run *found, struct nomem__symbols *symbols,
                        const struct nomem__run_stacks *run) {
  if (run->unchecked.where.depth > 0) return nomem__unchecked_hash(&run->unchecked, symbols);
  if (found->verdict == NOMEM_VERDICT_LEAK && nomem__trace_culprit(&run->loser) != NULL)
    return nomem__trace_hash(&run->loser, symbols, NOMEM_SAME_LINE);
  if (found->verdict == NOMEM_VERDICT_LEAK) return nomem__trace_hash(&run->blow_up, symbols, NOMEM_SAME_FUNCTION) + 1;
  if (found->verdict == NOMEM_VERDICT_LEFTOVER) return hash_of_leftover(found, symbols);
  const struct nomem__trace *telling = run->blow_up.depth > 0 ? &run->blow_up : &run->fault;
  /* That a function lets exceptions through is one decision, wherever in it they come from. */
  bool is_escaped = telling->terminate != NOMEM_TERMINATE_NO;
  enum nomem__similarity same = is_escaped ? NOMEM_SAME_LOOP : sameness(found, symbols, telling);
  uint64_t hash = nomem__trace_hash(telling, symbols, same);
  if (found->verdict == NOMEM_VERDICT_CORRUPTION)
    return hash; /* whether the C library noticed it, or the block table */
  return hash + (found->verdict == NOMEM_VERDICT_SANITIZER ? nomem__sanitizer_hash(found->outcome->report.kind)
                                                           : (uint64_t)found->outcome->end.fatal_signal);
}

/* Whether it is known to hang in something else than a lock. */
static bool is_no_lock(const struct nomem__run_stacks *run) {
  const char *what = run->threads != NULL ? run->threads[run->shown_thread].what : "";
  return *what != '\0' && strstr(what, "lock") == NULL && strstr(what, "pthread_once") == NULL;
}

/* Whether test code went on as if a call of its own had not failed: with NULL, or to where it hangs. A lock that is
 * never let go may be what the failed call left behind. */
static bool has_gone_on(const struct nomem__judged_run *found, const struct nomem__code_owners *code_owners,
                        const struct nomem__run_stacks *run) {
  if (found->verdict != NOMEM_VERDICT_HANG) return nomem__test_passed_null(found->outcome, code_owners, &run->blow_up);
  if (nomem__is_test_code(code_owners, &run->blow_up) && nomem__has_test_call_failed(found->outcome, code_owners))
    return true;
  return is_no_lock(run) && nomem__test_went_on(found->outcome, code_owners, &run->blow_up);
}

/* Whether test code may have been told of the failure before it came to this, where that would excuse it. *call: as
 * nomem__find_failed_call has it. */
static bool needs_return_watch(const struct nomem__judged_run *found, const struct nomem__code_owners *code_owners,
                               const struct nomem__run_stacks *run, uint64_t *call) {
  const struct nomem__end *end = &found->outcome->end;
  enum nomem__address_kind address_kind = nomem__address_kind_find(&end->stack);
  bool is_pointer = address_kind == NOMEM_ADDRESS_NULL || nomem__address_kind_may_be_freed(address_kind);
  bool is_meant =
      (found->verdict == NOMEM_VERDICT_CRASH && is_pointer) || found->verdict == NOMEM_VERDICT_CORRUPTION ||
      (found->verdict == NOMEM_VERDICT_ABORT && run->blow_up.terminate == NOMEM_TERMINATE_NO) ||
      (found->verdict == NOMEM_VERDICT_HANG && is_no_lock(run) && run->shown_thread == end->threads.main_thread);
  bool is_own =
      nomem__is_test_code(code_owners, &run->blow_up) || nomem__is_test_code(code_owners, &run->unchecked.where);
  return is_meant && code_owners->is_divided && end->has_stack && !is_own &&
         nomem__find_failed_call(found->outcome, code_owners, &run->blow_up, call);
}

struct nomem__grouping nomem__group_run(const struct nomem__judged_run *found,
                                        const struct nomem__code_owners *code_owners,
                                        const struct nomem__run_stacks *run) {
  struct nomem__grouping grouping = {.is_ignored_by_test = has_gone_on(found, code_owners, run)};
  uint64_t call = 0;
  grouping.location_hash = hash_of(found, code_owners->symbols, run);
  if (grouping.is_ignored_by_test)
    grouping.location_hash = ~grouping.location_hash; /* the same place may also be come to in another way */
  grouping.needs_return_watch = !grouping.is_ignored_by_test && needs_return_watch(found, code_owners, run, &call);
  grouping.hash =
      grouping.location_hash + call; /* each is looked at, and what they were not told of is made one again */
  return grouping;
}
