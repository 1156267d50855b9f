/* SPDX-License-Identifier: MIT */
#include "confirm_rules.h"

#include <string.h>

#include "../judge/return_verdict.h"

bool nomem__confirm_needs_block_table(const struct nomem__finding *finding) {
  return finding->needs_block_table || finding->verdict == NOMEM_VERDICT_LEAK ||
         finding->verdict == NOMEM_VERDICT_LEFTOVER;
}

bool nomem__confirm_is_again(enum nomem__verdict wanted, enum nomem__verdict came) {
  bool is_of_calls = nomem__verdict_is_of_result(wanted) && wanted != NOMEM_VERDICT_WRONG;
  return came == wanted || (is_of_calls && came == NOMEM_VERDICT_REPORTED);
}

bool nomem__confirm_is_proof(const struct nomem__finding *finding) {
  return finding->verdict == NOMEM_VERDICT_CORRUPTION || finding->verdict == NOMEM_VERDICT_SANITIZER ||
         finding->verdict == NOMEM_VERDICT_CRASH;
}

bool nomem__confirm_says_nothing(const struct nomem__finding *finding, enum nomem__verdict came, bool has_ended_well) {
  return nomem__confirm_is_proof(finding) && !nomem__confirm_is_again(finding->verdict, came) &&
         (came == NOMEM_VERDICT_UNREACHED || !has_ended_well);
}

/* Whether the NULL that was followed may have been read from a block that was freed: it is not what a call returned. */
static bool may_be_null_of_freed(const struct nomem__finding *finding) {
  const struct nomem__unchecked_call *unchecked = &finding->unchecked;
  return finding->address_kind == NOMEM_ADDRESS_NULL && (unchecked->where.depth == 0 || unchecked->is_from_memory);
}

bool nomem__confirm_may_learn(const struct nomem__finding *finding, const struct nomem__baseline_residue *baseline) {
  bool is_crash = finding->verdict == NOMEM_VERDICT_CRASH &&
                  (nomem__address_kind_may_be_freed(finding->address_kind) || may_be_null_of_freed(finding));
  bool is_loop = finding->verdict == NOMEM_VERDICT_HANG && !nomem__confirm_is_waiting(finding);
  return baseline->is_known && !baseline->has_leak_check && !finding->needs_block_table &&
         (is_crash || is_loop || finding->verdict == NOMEM_VERDICT_CORRUPTION);
}

bool nomem__confirm_was_noticed_late(const struct nomem__finding *finding, const struct nomem__residue *residue) {
  const struct nomem_misuse *misuse = residue->misuse;
  bool is_known = finding->freed.depth > 0 || (misuse != NULL && misuse->kind != NOMEM_MISUSE_OVERRUN);
  return finding->verdict == NOMEM_VERDICT_CORRUPTION && !is_known && finding->guarded_from == 0 &&
         !finding->is_flaky && finding->reported_error == NULL && finding->hostile == 0;
}

bool nomem__confirm_speaks_for_all(const struct nomem__finding *finding) {
  return finding->hash != finding->location_hash || finding->runs == 1 || finding->verdict == NOMEM_VERDICT_HANG;
}

bool nomem__confirm_is_waiting(const struct nomem__finding *finding) {
  if (finding->verdict != NOMEM_VERDICT_HANG || finding->threads == NULL) return false;
  const char *what = finding->threads[finding->shown_thread].what;
  return strncmp(what, "busy", strlen("busy")) != 0;
}

/* Where a function of test code makes a call. */
struct own_call {
  const char *function, *path;
  unsigned line;
};

static struct own_call find_own_call(const struct nomem__code_owners *code_owners,
                                     const struct nomem__trace_frame *frame) {
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  size_t count =
      nomem__symbols_resolve(code_owners->symbols, frame->path, frame->offset, true, sources, NOMEM_INLINED_MAX);
  return (struct own_call){sources[count - 1].function, frame->path, sources[count - 1].line};
}

/* The call of test code below which something happened, if its function's name says that it gives something back. */
static struct own_call find_clean_up(const struct nomem__code_owners *code_owners, const struct nomem__trace *trace) {
  unsigned test = nomem__find_clean_up_call(code_owners, trace);
  return test < trace->depth ? find_own_call(code_owners, &trace->frame[test]) : (struct own_call){0};
}

/* Whether one function of test code makes both calls, this one first. */
static bool is_before(const struct own_call *call, const struct own_call *other) {
  return call->function != NULL && other->function != NULL && strcmp(call->function, other->function) == 0 &&
         strcmp(call->path, other->path) == 0 && call->line < other->line;
}

/* Whether one call that gives something back freed the block, and then another one did, both made after the call that
 * failed. Test code has only cleaned up, whether it took care of the error or not. */
static bool was_given_back_twice(const struct nomem__finding *finding, const struct nomem__trace_frame *call,
                                 const struct nomem__code_owners *code_owners) {
  const struct own_call failed = find_own_call(code_owners, call);
  const struct own_call first = find_clean_up(code_owners, &finding->freed);
  const struct own_call second = find_clean_up(code_owners, &finding->blow_up);
  return is_before(&failed, &first) && is_before(&first, &second);
}

bool nomem__confirm_is_explained(const struct nomem__finding *finding, const struct nomem__trace_frame *call,
                                 const struct nomem__code_owners *code_owners,
                                 const struct nomem__block_evidence *blocks) {
  bool is_null = finding->address_kind == NOMEM_ADDRESS_CALL && finding->fault_address == 0;
  bool is_stray =
      finding->verdict == NOMEM_VERDICT_CRASH && nomem__address_kind_may_be_freed(finding->address_kind) && !is_null;
  /* What the call had made itself and freed again, the test never had. */
  if (finding->freed.depth > 0)
    return nomem__is_below_call(code_owners, &finding->block, call) ||
           !(nomem__is_below_call(code_owners, &finding->freed, call) ||
             was_given_back_twice(finding, call, code_owners));
  /* Nor does an error tell that a block which was there before is shorter than the code under test takes it for. */
  bool is_outside = finding->address_kind == NOMEM_ADDRESS_PAST_END || finding->address_kind == NOMEM_ADDRESS_BEFORE;
  if (finding->verdict == NOMEM_VERDICT_CRASH && is_outside)
    return finding->block.depth > 0 && nomem__is_below_call(code_owners, &finding->block, call);
  if (finding->verdict != NOMEM_VERDICT_CORRUPTION && !is_stray) return true;
  /* What test code itself frees then, or has freed in a variable of its own, nobody has set; what else the code under
   * test frees, it may have left so. */
  bool is_of_test = blocks->is_of_test || nomem__is_test_code(code_owners, &finding->blow_up);
  if (!is_stray) return blocks->is_no_block && is_of_test;
  return blocks->has_block_table && !blocks->is_freed && finding->block.depth == 0;
}
