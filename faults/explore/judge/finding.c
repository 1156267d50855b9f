/* SPDX-License-Identifier: MIT */
#include "finding.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap_misuse.h"

static bool is_program(const struct nomem_channel *channel, const char *path) {
  for (uint32_t i = 0; i < channel->image_count && i < NOMEM_IMAGES; i++)
    if (strncmp(channel->images[i].path, path, NOMEM_PATH_BYTES) == 0) return true;
  return false;
}

bool nomem__raised_by_test(const struct nomem__outcome *outcome, const struct nomem__code_owners *code_owners) {
  if (!outcome->end.has_stack) return false;
  const struct nomem_channel *channel = outcome->channel;
  struct nomem__trace raised, fault;
  nomem__blow_up_trace(outcome, code_owners->symbols, &raised);
  const struct nomem__trace_frame *raiser = nomem__trace_culprit(&raised);
  if (nomem__is_test_code(code_owners, &raised) || raised.terminate == NOMEM_TERMINATE_UNTHROWN) return true;
  if (raiser == NULL || code_owners->globs != NULL || !is_program(channel, raiser->path)) return false;
  int32_t pid = nomem__process_with_faults(outcome);
  for (uint32_t i = 0; (i = nomem__next_fault(channel, pid, i)) < NOMEM_FAULTS; i++) {
    nomem__fault_trace(channel, i, &fault);
    const struct nomem__trace_frame *failed = nomem__trace_culprit(&fault);
    if (failed != NULL && !is_program(channel, failed->path)) return true;
  }
  return false;
}

const char *nomem__finding_of_test(const struct nomem__finding *finding, const struct nomem__code_owners *code_owners) {
  static const char passed_on[] = "the test passed on NULL, which it had not checked";
  if (finding->verdict == NOMEM_VERDICT_LEAK && nomem__is_test_code(code_owners, &finding->blow_up))
    return "the test's own code did not free what it had";
  if (finding->is_given_null && finding->verdict == NOMEM_VERDICT_HANG)
    return "the test went on after a call of its own had failed";
  if (finding->is_given_null) return passed_on;
  if (finding->reported_error != NULL) return finding->reported_error;
  bool is_bug = finding->verdict == NOMEM_VERDICT_CRASH || finding->verdict == NOMEM_VERDICT_SANITIZER;
  if (is_bug && nomem__is_test_code(code_owners, &finding->blow_up))
    return "the test's own code used what it did not check";
  if (is_bug && nomem__is_test_code(code_owners, &finding->unchecked.where)) return passed_on;
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

/* What is made of a run before it is known whether its finding shows it. */
struct shown {
  struct nomem__trace fault, blow_up, block, freed;
  struct nomem__trace loser; /* of a leak: where the call was failed, its culprit the function that lost the block */
  struct nomem__unchecked unchecked;
  struct nomem__waiter *threads; /* owned; NULL: none */
  size_t shown_thread;
};

static void free_shown(struct nomem__finding *finding) {
  nomem__trace_free(&finding->fault);
  nomem__trace_free(&finding->unchecked.where);
  nomem__trace_free(&finding->second.stack);
  free(finding->threads);
  finding->threads = NULL;
}

/* Describes all threads of a run that hangs, and makes that one its blow-up which tells most. */
static int describe_threads(const struct nomem__found *found, struct nomem__symbols *symbols, struct shown *run) {
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

static int show_second(struct nomem__second *second, const struct nomem__found *found) {
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
static void blame_loser(const struct nomem__found *found, const struct nomem__code_owners *code_owners,
                        struct shown *run) {
  struct nomem__symbols *symbols = code_owners->symbols;
  const struct nomem_channel *channel = found->outcome->channel;
  unsigned most = 0, of_left, of_fault;
  for (uint32_t i = 0; (i = nomem__next_fault(channel, 0, i)) < NOMEM_FAULTS; i++) {
    struct nomem__trace fault, left = run->blow_up;
    nomem__fault_trace(channel, i, &fault);
    left.skipped_frames = 0;
    unsigned common = nomem__trace_part(&left, &fault, &of_left, &of_fault);
    if (common <= most) continue;
    most = common;
    run->loser = fault;
    bool is_its_own = channel->faults[i].fn == NOMEM_FN_REALLOC && nomem__trace_same_function(&left, &fault, symbols);
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
static void block_table_traces(const struct nomem__found *found, const struct nomem__code_owners *code_owners,
                               struct shown *run) {
  struct nomem__symbols *symbols = code_owners->symbols;
  struct nomem__trace *trace = &run->blow_up;
  const struct nomem_channel *channel = found->outcome->channel;
  const struct nomem__leaks_misuse *late = found->late != NULL ? &found->late->left.misuse : NULL;
  bool is_late_write = late != NULL && late->kind == NOMEM_MISUSE_WRITTEN;
  bool has_left = found->verdict == NOMEM_VERDICT_LEAK && found->left != NULL;
  bool is_bad = found->verdict == NOMEM_VERDICT_CORRUPTION && trace->depth == 0;
  if (found->misuse != NULL)
    nomem__heap_misuse_traces(channel, found->misuse, symbols, &run->block, &run->freed);
  else if (found->verdict == NOMEM_VERDICT_CRASH)
    nomem__quarantine_traces(found->outcome, symbols, &run->block, &run->freed);
  else if (is_bad && is_late_write)
    nomem__trace_of_site(channel, late->site, symbols, &run->block);
  if (is_bad && found->misuse != NULL)
    nomem__trace_that_stays(channel, found->misuse->call, found->misuse->call_depth, symbols, trace);
  else if (has_left)
    nomem__trace_of_site(channel, found->left->site, symbols, trace);
  else if (is_bad && late != NULL)
    nomem__trace_of_site(channel, is_late_write ? late->freed_at : late->site, symbols, trace);
  else
    return;
  nomem__blame_library(found->outcome, 0, symbols, trace);
  if (has_left && trace->own == 0) blame_loser(found, code_owners, run);
}

/* Makes this run the one that the finding shows. */
static int show(struct nomem__finding *finding, const struct nomem__found *found, struct shown *run) {
  const struct nomem__outcome *outcome = found->outcome;
  const struct nomem_fault *first = &outcome->channel->faults[0];
  const struct nomem__stack *stack = &outcome->end.stack;
  struct nomem__trace copy;
  struct nomem__unchecked call = {.inlined = run->unchecked.inlined};
  struct nomem__second second = {0};
  int result = nomem__trace_copy(&call.where, &run->unchecked.where);
  if (result != 0) return result;
  result = show_second(&second, found);
  if (result == 0) result = nomem__trace_copy(&copy, &run->fault);
  if (result != 0) {
    nomem__trace_free(&call.where);
    nomem__trace_free(&second.stack);
    return result;
  }
  free_shown(finding);
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
  nomem__last_line(outcome->tail, finding->last_words);
  finding->signal = outcome->end.fatal_signal;
  finding->needs_timeout = outcome->end.timed_out;
  bool has_fault_address = outcome->end.has_stack && stack->signal == finding->signal;
  finding->address_kind = has_fault_address ? nomem__address_kind_of(stack) : NOMEM_ADDRESS_NONE;
  finding->fault_address = stack->fault_address;
  finding->fn = first->fn;
  finding->size_bytes = first->size_bytes;
  finding->nth = first->nth;
  return 0;
}

static struct nomem__finding *add(struct nomem__findings *findings) {
  if (findings->count == findings->room) {
    size_t room = findings->room == 0 ? 8 : findings->room * 2;
    struct nomem__finding *grown = realloc(findings->list, room * sizeof *grown);
    if (grown == NULL) return NULL;
    findings->list = grown;
    findings->room = room;
  }
  return &findings->list[findings->count++];
}

/* One place that aborts is one bug, whoever came to it. One place that follows a NULL is a bug of each caller, unless
 * it is known that no caller gave it: then it was found in something that all of them have. */
static enum nomem__similarity sameness(const struct nomem__found *found, struct nomem__symbols *symbols,
                                       const struct nomem__trace *blow_up) {
  if (found->verdict == NOMEM_VERDICT_ABORT) return NOMEM_SAME_LINE;
  if (found->verdict == NOMEM_VERDICT_HANG) return NOMEM_SAME_LOOP;
  bool is_crash = found->verdict == NOMEM_VERDICT_CRASH;
  return is_crash && nomem__culprit_had_null(found->outcome, symbols, blow_up) == NOMEM_NO ? NOMEM_SAME_LINE
                                                                                           : NOMEM_SAME_CALLER;
}

static bool shows_more(const struct nomem__point *point, size_t rank, const struct nomem__finding *finding) {
  if (point->persistent != finding->point.persistent) return finding->point.persistent;
  if ((point->second != 0) != (finding->point.second != 0)) return finding->point.second != 0;
  return rank < finding->rank;
}

/* A file is left by the function whose call was failed last, unless all later calls failed, too. */
static uint64_t hash_of_leftover(const struct nomem__found *found, struct nomem__symbols *symbols) {
  const struct nomem_channel *channel = found->outcome->channel;
  struct nomem__trace fault;
  if (found->left_file == 0) return nomem__process_residue_hash(found->detail);
  if (found->point.persistent) return found->left_file;
  nomem__fault_trace(channel, found->point.second != 0 && channel->fault_count > 1, &fault);
  return found->left_file + nomem__trace_hash(&fault, symbols, NOMEM_SAME_FUNCTION);
}

static uint64_t hash_of(const struct nomem__found *found, struct nomem__symbols *symbols, struct shown *run) {
  if (found->verdict == NOMEM_VERDICT_CRASH &&
      nomem__find_unchecked(found->outcome, symbols, &run->blow_up, &run->unchecked))
    return nomem__unchecked_hash(&run->unchecked, symbols);
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
static bool is_no_lock(const struct shown *run) {
  const char *what = run->threads != NULL ? run->threads[run->shown_thread].what : "";
  return *what != '\0' && strstr(what, "lock") == NULL && strstr(what, "pthread_once") == NULL;
}

/* Whether test code went on as if a call of its own had not failed: with NULL, or to where it hangs. A lock that is
 * never let go may be what the failed call left behind. */
static bool has_gone_on(const struct nomem__found *found, const struct nomem__code_owners *code_owners,
                        const struct shown *run) {
  if (found->verdict != NOMEM_VERDICT_HANG) return nomem__was_given_null(found->outcome, code_owners, &run->blow_up);
  if (nomem__is_test_code(code_owners, &run->blow_up) && nomem__failed_test_call(found->outcome, code_owners))
    return true;
  return is_no_lock(run) && nomem__went_on(found->outcome, code_owners, &run->blow_up);
}

/* Whether test code may have been told of the failure before it came to this, where that would excuse it. *call: as
 * nomem__failed_call has it. */
static bool may_be_told(const struct nomem__found *found, const struct nomem__code_owners *code_owners,
                        const struct shown *run, uint64_t *call) {
  const struct nomem__end *end = &found->outcome->end;
  enum nomem__address_kind address_kind = nomem__address_kind_of(&end->stack);
  bool is_pointer = address_kind == NOMEM_ADDRESS_NULL || nomem__address_kind_may_be_freed(address_kind);
  bool is_meant =
      (found->verdict == NOMEM_VERDICT_CRASH && is_pointer) || found->verdict == NOMEM_VERDICT_CORRUPTION ||
      (found->verdict == NOMEM_VERDICT_ABORT && run->blow_up.terminate == NOMEM_TERMINATE_NO) ||
      (found->verdict == NOMEM_VERDICT_HANG && is_no_lock(run) && run->shown_thread == end->threads.main_thread);
  bool is_own =
      nomem__is_test_code(code_owners, &run->blow_up) || nomem__is_test_code(code_owners, &run->unchecked.where);
  return is_meant && code_owners->is_divided && end->has_stack && !is_own &&
         nomem__failed_call(found->outcome, code_owners, &run->blow_up, call);
}

int nomem__findings_add(struct nomem__findings *findings, const struct nomem__found *found,
                        const struct nomem__code_owners *code_owners, const struct nomem__finding **added) {
  const struct nomem__outcome *outcome = found->outcome;
  struct nomem__symbols *symbols = code_owners->symbols;
  struct shown run = {0};
  nomem__fault_trace(outcome->channel, 0, &run.fault);
  nomem__blow_up_trace(outcome, symbols, &run.blow_up);
  if (found->left_file != 0 && outcome->maker != NULL) nomem__trace_of_stack(outcome->maker, &run.block);
  block_table_traces(found, code_owners, &run);
  int result = describe_threads(found, symbols, &run);
  if (result != 0) return result;
  uint64_t hash = hash_of(found, symbols, &run);
  bool is_given_null = has_gone_on(found, code_owners, &run);
  if (is_given_null) hash = ~hash; /* the same place may also be come to in another way */
  const uint64_t place = hash;
  uint64_t call = 0;
  bool is_asked = !is_given_null && may_be_told(found, code_owners, &run, &call);
  hash += call; /* each is looked at, and what they were not told of is made one again */
  struct nomem__finding *finding = find(findings, found->verdict, hash);
  bool is_first = finding == NULL;
  if (is_first && !found->is_early) finding = add(findings);
  if (finding == NULL) {
    free(run.threads);
    return found->is_early ? -ENOENT : -ENOMEM;
  }
  if (is_first)
    *finding = (struct nomem__finding){.verdict = found->verdict,
                                       .hash = hash,
                                       .place = place,
                                       .may_be_told = is_asked,
                                       .is_given_null = is_given_null};
  finding->runs++;
  if (added != NULL) *added = finding;
  bool is_whole = !found->is_early;
  if (is_first || (is_whole && shows_more(&found->point, found->rank, finding))) result = show(finding, found, &run);
  free(run.threads);
  return result;
}

/* Has finding show what other does, if that tells more; what other owned is then finding's. */
static void take(struct nomem__finding *finding, struct nomem__finding *other) {
  uint64_t runs = other->runs + finding->runs;
  if (shows_more(&other->point, other->rank, finding)) {
    free_shown(finding);
    *finding = *other;
    other->fault.depth = other->second.stack.depth = other->unchecked.where.depth = 0;
    other->threads = NULL;
  }
  finding->runs = runs;
}

int nomem__findings_merge(struct nomem__findings *findings, struct nomem__findings *from) {
  for (size_t i = 0; i < from->count; i++) {
    struct nomem__finding *other = &from->list[i];
    struct nomem__finding *finding = find(findings, other->verdict, other->hash);
    if (finding == NULL) {
      finding = add(findings);
      if (finding == NULL) return -ENOMEM;
      *finding = (struct nomem__finding){.rank = SIZE_MAX, .point = {.persistent = true, .second = 1}};
    }
    take(finding, other);
  }
  nomem__findings_free(from);
  return 0;
}

/* Whether a leak that only a persistent fault has shown so far is of blocks that a single one's are, too, or what is
 * left over is the same. */
static bool is_same_leak(const struct nomem__finding *finding, const struct nomem__finding *other,
                         struct nomem__symbols *symbols) {
  if (other->verdict != finding->verdict || other->point.persistent) return false;
  if (finding->verdict == NOMEM_VERDICT_LEFTOVER) return strcmp(finding->detail, other->detail) == 0;
  struct nomem__trace one = finding->blow_up, two = other->blow_up;
  one.skipped_frames = two.skipped_frames = 0;
  return nomem__trace_same_function(&one, &two, symbols);
}

void nomem__findings_fold_leaks(struct nomem__findings *findings, struct nomem__symbols *symbols) {
  for (size_t i = 0; i < findings->count;) {
    struct nomem__finding *finding = &findings->list[i], *same = NULL;
    bool is_guess = finding->point.persistent && finding->blow_up.skipped_frames == 0 && finding->blow_up.own == 0 &&
                    (finding->verdict == NOMEM_VERDICT_LEAK || finding->verdict == NOMEM_VERDICT_LEFTOVER);
    for (size_t j = 0; is_guess && j < findings->count && same == NULL; j++)
      if (is_same_leak(finding, &findings->list[j], symbols)) same = &findings->list[j];
    if (same == NULL) {
      i++;
      continue;
    }
    same->runs += finding->runs;
    free_shown(finding);
    *finding = findings->list[--findings->count];
  }
}

void nomem__findings_fold_calls(struct nomem__findings *findings) {
  for (size_t i = findings->count; i-- > 1;) {
    struct nomem__finding *finding = &findings->list[i], *same = NULL;
    for (size_t j = 0; j < i && same == NULL; j++) {
      struct nomem__finding *other = &findings->list[j];
      bool is_same = other->verdict == finding->verdict && other->place == finding->place;
      if (is_same && other->is_flaky == finding->is_flaky && other->reported_error == NULL &&
          finding->reported_error == NULL)
        same = other;
    }
    if (same == NULL) continue;
    take(same, finding);
    free_shown(finding);
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

void nomem__findings_drop(struct nomem__findings *findings, enum nomem__verdict verdict) {
  size_t kept = 0;
  for (size_t i = 0; i < findings->count; i++) {
    if (findings->list[i].verdict == verdict)
      free_shown(&findings->list[i]);
    else
      findings->list[kept++] = findings->list[i];
  }
  findings->count = kept;
}

void nomem__findings_free(struct nomem__findings *findings) {
  for (size_t i = 0; i < findings->count; i++) free_shown(&findings->list[i]);
  free(findings->list);
  *findings = (struct nomem__findings){0};
}

static void put_kind(struct nomem__finding *finding, uint32_t kind) {
  if (*finding->detail == '\0' && kind < NOMEM_MISUSE_KINDS)
    snprintf(finding->detail, sizeof finding->detail, "%s", nomem__heap_misuse_texts[kind]);
}

void nomem__finding_learn(struct nomem__finding *finding, const struct nomem__outcome *outcome,
                          const struct nomem_misuse *misuse, const struct nomem__process_residue *late,
                          struct nomem__symbols *symbols) {
  if (misuse == NULL) {
    nomem__quarantine_traces(outcome, symbols, &finding->block, &finding->freed);
    if (late == NULL || finding->block.depth > 0) return;
    put_kind(finding, late->left.misuse.kind);
    nomem__trace_of_site(outcome->channel, late->left.misuse.site, symbols, &finding->block);
    nomem__trace_of_site(outcome->channel, late->left.misuse.freed_at, symbols, &finding->freed);
    return;
  }
  put_kind(finding, misuse->kind);
  nomem__heap_misuse_traces(outcome->channel, misuse, symbols, &finding->block, &finding->freed);
  if (misuse->kind == NOMEM_MISUSE_WRITTEN && finding->blow_up.depth > 0) /* the call is where it was freed */
    nomem__trace_that_stays(outcome->channel, misuse->call, misuse->call_depth, symbols, &finding->freed);
}
