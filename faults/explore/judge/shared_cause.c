/* SPDX-License-Identifier: MIT */
#include "shared_cause.h"

#include "exemplar.h"

void nomem__point_to_first_free(struct nomem__finding *finding, struct nomem__symbols *symbols) {
  struct nomem__trace *freed = &finding->freed;
  unsigned of_freed, of_fault, of_call;
  if (freed->depth == 0) return;
  if (nomem__trace_find_common(freed, &finding->fault, &of_freed, &of_fault) == 0) return;
  freed->skipped_frames = of_freed;
  if (nomem__trace_culprit(freed) == &freed->frame[of_freed])
    nomem__find_common_inlined(symbols, &finding->fault.frame[of_fault], &freed->frame[of_freed], &of_call,
                               &freed->shown_function);
  else
    freed->skipped_frames = 0;
}

/* Whether one of the calls in a stack is the one that was not checked. */
static bool has_call(const struct nomem__trace *trace, const struct nomem__trace *where) {
  for (unsigned i = 0; i < trace->depth; i++)
    if (trace->frame[i].offset == where->frame[0].offset &&
        nomem__trace_is_same_file(trace->frame[i].path, where->frame[0].path))
      return true;
  return false;
}

/* A hang, too: a list that goes on in a freed block may end in a ring. */
static bool is_misuse(const struct nomem__finding *finding) {
  return finding->freed.depth > 0 &&
         (finding->verdict == NOMEM_VERDICT_CORRUPTION || finding->verdict == NOMEM_VERDICT_CRASH ||
          finding->verdict == NOMEM_VERDICT_HANG);
}

static bool is_same_line(const struct nomem__trace *one, const struct nomem__trace *other,
                         struct nomem__symbols *symbols) {
  return nomem__trace_hash(one, symbols, NOMEM_SAME_LINE) == nomem__trace_hash(other, symbols, NOMEM_SAME_LINE);
}

static bool is_at_null(const struct nomem__finding *finding) {
  return finding->verdict == NOMEM_VERDICT_CRASH && finding->address_kind == NOMEM_ADDRESS_NULL;
}

/* Whether a crash belongs to another one, whose cause is known. What test code did not check is its own fault, and no
 * cause of anything else. */
static bool has_cause_of(const struct nomem__finding *finding, const struct nomem__finding *other,
                         const struct nomem__code_owners *code_owners) {
  struct nomem__symbols *symbols = code_owners->symbols;
  bool is_asked = is_at_null(finding) && finding->unchecked.where.depth == 0;
  bool is_known = is_at_null(other) && other->unchecked.where.depth > 0;
  return is_asked && is_known && !nomem__is_test_code(code_owners, &other->unchecked.where) &&
         finding->blow_up.depth > 0 && has_call(&finding->fault, &other->unchecked.where) &&
         is_same_line(&finding->blow_up, &other->blow_up, symbols);
}

/* Whether test code has noticed the same failure in another run, of which nobody had told it, and has crashed by it, or
 * ended where it was not seen whether it was told. */
static bool is_of_untold(const struct nomem__finding *finding, const struct nomem__finding *other,
                         const struct nomem__code_owners *code_owners) {
  bool is_crash = finding->verdict == NOMEM_VERDICT_CRASH && finding->was_not_told &&
                  nomem__is_test_code(code_owners, &finding->blow_up);
  return (is_crash || finding->verdict == NOMEM_VERDICT_UNTOLD) && other->verdict == NOMEM_VERDICT_SILENT &&
         is_same_line(&finding->fault, &other->fault, code_owners->symbols);
}

/* Whether the same line has gone past the end of a block after the same call had failed, of which this run had none:
 * NULL stands for a block of no bytes. */
static bool is_past_no_block(const struct nomem__finding *finding, const struct nomem__finding *other,
                             struct nomem__symbols *symbols) {
  return is_at_null(finding) && finding->unchecked.where.depth == 0 && other->verdict == NOMEM_VERDICT_CORRUPTION &&
         other->freed.depth == 0 && finding->blow_up.depth > 0 && other->blow_up.depth > 0 &&
         is_same_line(&finding->blow_up, &other->blow_up, symbols) &&
         is_same_line(&finding->fault, &other->fault, symbols);
}

/* Whether the same line has followed a NULL that the same function has left in another member of what it made. */
static bool is_left_by_same(const struct nomem__finding *finding, const struct nomem__finding *other,
                            struct nomem__symbols *symbols) {
  return is_at_null(finding) && is_at_null(other) && finding->unchecked.where.depth > 0 &&
         other->unchecked.where.depth > 0 && finding->unchecked.cause == NOMEM_CAUSE_LEFT &&
         other->unchecked.cause == NOMEM_CAUSE_LEFT && is_same_line(&finding->blow_up, &other->blow_up, symbols) &&
         nomem__trace_is_same_function(&finding->unchecked.where, &other->unchecked.where, symbols);
}

/* Whether a finding is to be counted with another one, which goes on to be shown. */
static bool is_shared(const struct nomem__finding *finding, const struct nomem__finding *other,
                      const struct nomem__code_owners *code_owners) {
  struct nomem__symbols *symbols = code_owners->symbols;
  if (finding->is_flaky || other->is_flaky || finding->reported_error != NULL || other->reported_error != NULL)
    return false;
  if (has_cause_of(finding, other, code_owners) || is_of_untold(finding, other, code_owners)) return true;
  if (is_past_no_block(finding, other, symbols) || is_left_by_same(finding, other, symbols)) return true;
  return is_misuse(finding) && is_misuse(other) && finding->verdict >= other->verdict &&
         is_same_line(&finding->freed, &other->freed, symbols);
}

void nomem__findings_merge_shared(struct nomem__findings *findings, const struct nomem__code_owners *code_owners) {
  for (size_t i = 0; i < findings->count; i++) nomem__point_to_first_free(&findings->list[i], code_owners->symbols);
  for (size_t i = 0; i < findings->count;) {
    struct nomem__finding *finding = &findings->list[i], *same = NULL;
    for (size_t j = 0; j < findings->count && same == NULL; j++)
      if (j != i && is_shared(finding, &findings->list[j], code_owners)) same = &findings->list[j];
    if (same == NULL) {
      i++;
      continue;
    }
    same->runs += finding->runs;
    nomem__free_exemplar(finding);
    *finding = findings->list[--findings->count];
    i = 0;
  }
}
