/* SPDX-License-Identifier: MIT */
#include "finding.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../program_kinds.h"
#include "../target/interpreters.h"
#include "../text/grow.h"
#include "exemplar.h"
#include "grouping.h"
#include "heap_misuse.h"
#include "hostile_words.h"

static bool is_program(const struct nomem_channel *channel, const char *path) {
  for (uint32_t i = 0; i < channel->image_count && i < NOMEM_IMAGES; i++)
    if (strncmp(channel->images[i].path, path, NOMEM_PATH_BYTES) == 0) return true;
  return false;
}

bool nomem__is_abort_of_test(const struct nomem__outcome *outcome, const struct nomem__code_owners *code_owners) {
  if (!outcome->end.has_stack) return false;
  const struct nomem_channel *channel = outcome->channel;
  struct nomem__trace raised, fault;
  nomem__blow_up_trace(outcome, code_owners->symbols, &raised);
  const struct nomem__trace_frame *raiser = nomem__trace_culprit(&raised);
  if (nomem__is_test_code(code_owners, &raised) || raised.terminate == NOMEM_TERMINATE_UNTHROWN) return true;
  if (raiser == NULL || code_owners->globs != NULL || !is_program(channel, raiser->path)) return false;
  if (nomem__interpreter_of(raiser->path) != NULL) return false; /* the test is a script, which does not abort */
  int32_t pid = nomem__process_with_faults(outcome);
  for (uint32_t i = 0; (i = nomem__find_fault(channel, pid, i)) < NOMEM_KNOWN_FAULTS; i++) {
    nomem__fault_trace(channel, i, &fault);
    const struct nomem__trace_frame *failed = nomem__trace_culprit(&fault);
    if (failed != NULL && !is_program(channel, failed->path)) return true;
  }
  return false;
}

static bool is_allocator(const char *function) {
  static const char *const names[] = {"malloc",
                                      "calloc",
                                      "realloc",
                                      "free",
                                      "cfree",
                                      "__libc_malloc",
                                      "__libc_calloc",
                                      "__libc_realloc",
                                      "__libc_free",
                                      "__GI___libc_malloc",
                                      "__GI___libc_realloc",
                                      "__GI___libc_free"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(names[i], function) == 0) return true;
  return false;
}

bool nomem__is_abort_of_allocator(const struct nomem__outcome *outcome, struct nomem__symbols *symbols) {
  struct nomem__trace trace;
  if (!outcome->end.has_stack || outcome->end.fatal_signal != SIGABRT) return false;
  nomem__trace_of_stack(&outcome->end.stack, &trace);
  for (unsigned i = 0; i < trace.depth && nomem__glob("libc.so.*", nomem__base_name(trace.frame[i].path)); i++) {
    struct nomem__source_frame sources[NOMEM_INLINED_MAX];
    size_t count = nomem__symbols_resolve(symbols, trace.frame[i].path, trace.frame[i].offset,
                                          trace.frame[i].is_return_address, sources, NOMEM_INLINED_MAX);
    if (count > 0 && sources[count - 1].function != NULL && is_allocator(sources[count - 1].function)) return true;
  }
  return false;
}

bool nomem__finding_is_use_after_free(const struct nomem__finding *finding) {
  return finding->verdict == NOMEM_VERDICT_CRASH &&
         (finding->freed.depth > 0 || finding->address_kind == NOMEM_ADDRESS_FREED ||
          finding->address_kind == NOMEM_ADDRESS_FREED_BLOCK);
}

const char *nomem__finding_meaning(const struct nomem__finding *finding) {
  if (finding->hostile != 0) return nomem__hostile_meaning(finding->hostile);
  if (nomem__finding_is_use_after_free(finding)) return "use after free";
  if (finding->address_kind == NOMEM_ADDRESS_PAST_END) return "read past the end of a block";
  if (finding->address_kind == NOMEM_ADDRESS_BEFORE) return "read before the beginning of a block";
  return nomem__verdicts[finding->verdict].meaning;
}

/* Of a hostile allocator: what test code allocates or frees is its own, and so is a pointer into a block of the code
 * under test that it has kept for too long. */
static const char *find_reason_of_hostile(const struct nomem__finding *finding,
                                          const struct nomem__code_owners *code_owners) {
  bool has_kept = (finding->hostile & (NOMEM_HOSTILE_MOVES | NOMEM_HOSTILE_FREED)) != 0;
  bool is_signal = finding->signal != 0 && finding->signal != SIGABRT;
  if (nomem__is_test_code(code_owners, &finding->fault)) return "the call is the test's own";
  if (has_kept && is_signal && nomem__is_test_code(code_owners, &finding->blow_up))
    return "the test's own code kept a pointer for too long";
  return NULL;
}

/* Whether code under test is to blame for a crash in test code: it had handed over a NULL that it had not checked, as
 * to a callback; it had left one in what it made, and had said nothing; or the call that failed has freed what test
 * code still had. */
static bool is_left_to_test(const struct nomem__finding *finding, const struct nomem__code_owners *code_owners) {
  const struct nomem__unchecked_call *unchecked = &finding->unchecked;
  unsigned test = nomem__next_test_call(code_owners, &finding->fault, 0);
  if (unchecked->where.depth > 0 && nomem__is_test_code(code_owners, &unchecked->where)) return false;
  if (unchecked->where.depth > 0 && unchecked->is_from_memory) return finding->was_not_told;
  if (unchecked->where.depth > 0) return unchecked->cause == NOMEM_CAUSE_UNCHECKED;
  return finding->freed.depth > 0 && test > 0 && test < finding->fault.depth &&
         nomem__is_below_call(code_owners, &finding->freed, &finding->fault.frame[test]);
}

const char *nomem__finding_test_reason(const struct nomem__finding *finding,
                                       const struct nomem__code_owners *code_owners) {
  if (finding->hostile != 0) return find_reason_of_hostile(finding, code_owners);
  static const char passed_on[] = "the test passed on NULL, which it had not checked";
  if (finding->verdict == NOMEM_VERDICT_LEAK && nomem__is_test_code(code_owners, &finding->blow_up))
    return "the test's own code did not free what it had";
  if (finding->is_ignored_by_test && finding->verdict == NOMEM_VERDICT_HANG)
    return "the test went on after a call of its own had failed";
  if (finding->is_ignored_by_test) return passed_on;
  if (finding->reported_error != NULL) return finding->reported_error;
  bool is_bug = finding->verdict == NOMEM_VERDICT_CRASH || finding->verdict == NOMEM_VERDICT_SANITIZER;
  if (is_bug && nomem__is_test_code(code_owners, &finding->blow_up) && !is_left_to_test(finding, code_owners))
    return "the test's own code used what it did not check";
  bool is_ignored = finding->unchecked.cause == NOMEM_CAUSE_IGNORED; /* what was returned is looked at to tell */
  if (is_bug && !is_ignored && nomem__is_test_code(code_owners, &finding->unchecked.where)) return passed_on;
  const struct nomem__waiter *shown_thread = finding->threads != NULL ? &finding->threads[finding->shown_thread] : NULL;
  bool is_busy = shown_thread != NULL && strncmp(shown_thread->what, "busy", strlen("busy")) == 0;
  if (is_busy && nomem__is_test_code(code_owners, &finding->blow_up)) return "the test's own loop does not end";
  return NULL;
}

static struct nomem__finding *find(struct nomem__findings *findings, enum nomem__verdict verdict, uint64_t hash) {
  for (size_t i = 0; i < findings->count; i++)
    if (findings->list[i].verdict == verdict && findings->list[i].hash == hash) return &findings->list[i];
  return NULL;
}

static struct nomem__finding *add(struct nomem__findings *findings) {
  findings->list = nomem__grow(findings->list, findings->count, &findings->room, sizeof *findings->list);
  return &findings->list[findings->count++];
}

static bool shows_more(const struct nomem__point *point, size_t rank, const struct nomem__finding *finding) {
  if (point->persistent != finding->point.persistent) return finding->point.persistent;
  if ((point->second != 0) != (finding->point.second != 0)) return finding->point.second != 0;
  return rank < finding->rank;
}

/* Where all later calls failed as well, test code may follow what its own call has just returned: then it is a guess
 * that one of the code under test has left that NULL somewhere before. */
static void drop_guess(const struct nomem__judged_run *run, const struct nomem__code_owners *code_owners,
                       struct nomem__run_stacks *stacks) {
  bool is_guess = run->verdict == NOMEM_VERDICT_CRASH && stacks->unchecked.is_from_memory &&
                  nomem__is_test_code(code_owners, &stacks->blow_up);
  if (is_guess && nomem__has_test_call_failed(run->outcome, code_owners)) stacks->unchecked.where.depth = 0;
}

int nomem__findings_add(struct nomem__findings *findings, const struct nomem__judged_run *run,
                        const struct nomem__code_owners *code_owners, const struct nomem__finding **added) {
  struct nomem__run_stacks stacks;
  nomem__collect_stacks(run, code_owners, &stacks);
  drop_guess(run, code_owners, &stacks);
  const struct nomem__grouping grouping = nomem__group_run(run, code_owners, &stacks);
  struct nomem__finding *finding = find(findings, run->verdict, grouping.hash);
  bool is_first = finding == NULL;
  if (is_first && !run->is_early) finding = add(findings);
  if (finding == NULL) {
    free(stacks.threads);
    return -ENOENT;
  }
  if (is_first)
    *finding = (struct nomem__finding){.verdict = run->verdict,
                                       .hash = grouping.hash,
                                       .location_hash = grouping.location_hash,
                                       .needs_return_watch = grouping.needs_return_watch,
                                       .is_ignored_by_test = grouping.is_ignored_by_test};
  finding->runs++;
  if (added != NULL) *added = finding;
  bool is_whole = !run->is_early;
  if (is_first || (is_whole && shows_more(&run->point, run->rank, finding))) nomem__set_exemplar(finding, run, &stacks);
  free(stacks.threads);
  return 0;
}

/* Adds other's runs to finding, and its exemplar, if that is the better one: what other owned is then finding's. */
static void merge_into(struct nomem__finding *finding, struct nomem__finding *other) {
  uint64_t runs = other->runs + finding->runs;
  if (shows_more(&other->point, other->rank, finding)) {
    nomem__free_exemplar(finding);
    *finding = *other;
    other->fault.depth = other->second.stack.depth = other->unchecked.where.depth = 0;
    other->threads = NULL;
  }
  finding->runs = runs;
}

void nomem__findings_merge(struct nomem__findings *findings, struct nomem__findings *from) {
  for (size_t i = 0; i < from->count; i++) {
    struct nomem__finding *other = &from->list[i];
    struct nomem__finding *finding = find(findings, other->verdict, other->hash);
    if (finding == NULL) {
      finding = add(findings);
      *finding = (struct nomem__finding){.rank = SIZE_MAX, .point = {.persistent = true, .second = 1}};
    }
    merge_into(finding, other);
  }
  nomem__findings_free(from);
}

/* Whether a leak that only a persistent fault has shown is of blocks that a single fault leaks, too; or whether the
 * leftovers are the same. */
static bool is_same_leak(const struct nomem__finding *finding, const struct nomem__finding *other,
                         struct nomem__symbols *symbols) {
  if (other->verdict != finding->verdict || other->point.persistent) return false;
  if (finding->verdict == NOMEM_VERDICT_LEFTOVER) return strcmp(finding->detail, other->detail) == 0;
  struct nomem__trace one = finding->blow_up, two = other->blow_up;
  one.skipped_frames = two.skipped_frames = 0;
  return nomem__trace_is_same_function(&one, &two, symbols);
}

void nomem__findings_merge_persistent(struct nomem__findings *findings, struct nomem__symbols *symbols) {
  for (size_t i = 0; i < findings->count;) {
    struct nomem__finding *finding = &findings->list[i], *same = NULL;
    bool is_guess = finding->point.persistent && finding->blow_up.skipped_frames == 0 &&
                    finding->blow_up.library_frames == 0 &&
                    (finding->verdict == NOMEM_VERDICT_LEAK || finding->verdict == NOMEM_VERDICT_LEFTOVER);
    for (size_t j = 0; is_guess && j < findings->count && same == NULL; j++)
      if (is_same_leak(finding, &findings->list[j], symbols)) same = &findings->list[j];
    if (same == NULL) {
      i++;
      continue;
    }
    same->runs += finding->runs;
    nomem__free_exemplar(finding);
    *finding = findings->list[--findings->count];
  }
}

void nomem__finding_clear_test(struct nomem__finding *finding) {
  finding->is_ignored_by_test = false;
  finding->location_hash = ~finding->location_hash; /* see nomem__group_run */
}

void nomem__findings_merge_unreported(struct nomem__findings *findings) {
  for (size_t i = findings->count; i-- > 1;) {
    struct nomem__finding *finding = &findings->list[i], *same = NULL;
    for (size_t j = 0; j < i && same == NULL; j++) {
      struct nomem__finding *other = &findings->list[j];
      bool is_same = other->verdict == finding->verdict && other->location_hash == finding->location_hash;
      if (is_same && other->is_flaky == finding->is_flaky && other->reported_error == NULL &&
          finding->reported_error == NULL)
        same = other;
    }
    if (same == NULL) continue;
    merge_into(same, finding);
    nomem__free_exemplar(finding);
    *finding = findings->list[--findings->count];
  }
}

static int compare(const void *left, const void *right) {
  const struct nomem__finding *a = left, *b = right;
  if (a->is_flaky != b->is_flaky) return a->is_flaky ? 1 : -1;
  if (a->verdict != b->verdict) return a->verdict < b->verdict ? -1 : 1;
  if (a->runs != b->runs) return a->runs > b->runs ? -1 : 1;
  return a->hash < b->hash ? -1 : a->hash > b->hash;
}

void nomem__findings_sort(struct nomem__findings *findings) {
  if (findings->count > 0) qsort(findings->list, findings->count, sizeof *findings->list, compare);
}

void nomem__findings_remove(struct nomem__findings *findings, size_t number) {
  nomem__free_exemplar(&findings->list[number]);
  findings->count--;
  for (size_t i = number; i < findings->count; i++) findings->list[i] = findings->list[i + 1];
}

void nomem__findings_drop(struct nomem__findings *findings, enum nomem__verdict verdict) {
  size_t kept = 0;
  for (size_t i = 0; i < findings->count; i++) {
    if (findings->list[i].verdict == verdict)
      nomem__free_exemplar(&findings->list[i]);
    else
      findings->list[kept++] = findings->list[i];
  }
  findings->count = kept;
}

void nomem__findings_free(struct nomem__findings *findings) {
  for (size_t i = 0; i < findings->count; i++) nomem__free_exemplar(&findings->list[i]);
  free(findings->list);
  *findings = (struct nomem__findings){0};
}

static void set_misuse_detail(struct nomem__finding *finding, uint32_t kind) {
  if (*finding->detail == '\0' && kind < NOMEM_MISUSE_KINDS)
    snprintf(finding->detail, sizeof finding->detail, "%s", nomem__heap_misuse_texts[kind]);
}

/* A NULL that was read from a freed block: with a block table, what stands there is poison, and that is followed. Any
 * other misuse in such a run need not have to do with the NULL. */
static void add_freed_source(struct nomem__finding *finding, const struct nomem__outcome *outcome,
                             struct nomem__symbols *symbols) {
  nomem__quarantine_traces(outcome, symbols, &finding->block, &finding->freed);
  if (finding->freed.depth == 0) return;
  nomem__trace_free(&finding->unchecked.where);
  finding->unchecked = (struct nomem__unchecked_call){0};
}

void nomem__finding_add_misuse(struct nomem__finding *finding, const struct nomem__outcome *outcome,
                               const struct nomem__residue *residue, struct nomem__symbols *symbols) {
  const struct nomem_misuse *misuse = residue->misuse;
  const struct nomem__process_residue *late = residue->late_misuse;
  if (finding->address_kind == NOMEM_ADDRESS_NULL) {
    add_freed_source(finding, outcome, symbols);
    return;
  }
  if (misuse == NULL) {
    nomem__quarantine_traces(outcome, symbols, &finding->block, &finding->freed);
    if (late == NULL || finding->block.depth > 0) return;
    set_misuse_detail(finding, late->heap.misuse.kind);
    nomem__site_trace(outcome->channel, late->heap.misuse.site, symbols, &finding->block);
    if (late->heap.misuse.kind != NOMEM_MISUSE_OVERRUN)
      nomem__site_trace(outcome->channel, late->heap.misuse.freed_at, symbols, &finding->freed);
    return;
  }
  set_misuse_detail(finding, misuse->kind);
  nomem__heap_misuse_traces(outcome->channel, misuse, symbols, &finding->block, &finding->freed);
  if (misuse->kind == NOMEM_MISUSE_WRITTEN && finding->blow_up.depth > 0) /* the call is where it was freed */
    nomem__lasting_trace(outcome->channel, misuse->call, misuse->call_depth, symbols, &finding->freed);
}

void nomem__finding_place_by_guard(struct nomem__finding *finding, const struct nomem__outcome *outcome,
                                   const struct nomem__residue *residue, const struct nomem__code_owners *code_owners) {
  char detail[NOMEM_DETAIL_BYTES], plan[NOMEM_POINT_PLAN_BYTES];
  struct nomem__run_stacks stacks;
  nomem__residue_describe_misuse(residue, detail, sizeof detail);
  memcpy(plan, finding->plan, sizeof plan);
  const struct nomem__judged_run run = {.verdict = finding->verdict,
                                        .outcome = outcome,
                                        .point = finding->point,
                                        .rank = finding->rank,
                                        .plan = plan,
                                        .detail = detail,
                                        .residue = residue};
  nomem__collect_stacks(&run, code_owners, &stacks);
  const struct nomem__grouping grouping = nomem__group_run(&run, code_owners, &stacks);
  nomem__set_exemplar(finding, &run, &stacks);
  free(stacks.threads);
  finding->hash = finding->location_hash = grouping.location_hash;
}
