/* SPDX-License-Identifier: MIT */
#include "lost_block.h"

#include <string.h>

#include "../stack/debug_info.h"
#include "../stack/symbols.h"
#include "../text/function_name.h"
#include "heap_misuse.h"
#include "root_cause.h"

static size_t resolve(struct nomem__symbols *symbols, const struct nomem__trace_frame *frame,
                      struct nomem__source_frame sources[NOMEM_INLINED_MAX]) {
  return nomem__symbols_resolve(symbols, frame->path, frame->offset, frame->is_return_address, sources,
                                NOMEM_INLINED_MAX);
}

/* Where a program has no names, its main() is what the C library called, and what lies in the same file as the frame
 * that called the C library. */
static bool is_main(const struct nomem__trace *trace, unsigned number, const char *function) {
  if (function != NULL) return strcmp(function, "main") == 0;
  const struct nomem__trace_frame *frame = &trace->frame[number], *last = &trace->frame[trace->depth - 1];
  return frame + 1 < last && frame[1].path != frame->path && strcmp(last->path, frame->path) == 0;
}

/* The function, inlined or not, that led to both calls, in the frames in which their stacks part. */
static const char *find_common_function(struct nomem__symbols *symbols, const struct nomem__trace_frame *one,
                                        const struct nomem__trace_frame *other) {
  struct nomem__source_frame a[NOMEM_INLINED_MAX], b[NOMEM_INLINED_MAX];
  size_t an = resolve(symbols, one, a), bn = resolve(symbols, other, b), common = 1;
  while (common < an && common < bn && a[an - common].line == b[bn - common].line &&
         a[an - common - 1].function != NULL && b[bn - common - 1].function != NULL &&
         strcmp(a[an - common - 1].function, b[bn - common - 1].function) == 0)
    common++;
  return a[an - common].function;
}

/* Whether a function of the code under test is at this frame, which is not main(), and no test code below main() called
 * it: test code may hold what the function gave it. function: the one that is meant, of those inlined there. */
static bool is_below_main(const struct nomem__code_owners *code_owners, const struct nomem__trace *trace,
                          unsigned number, const char *function) {
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  bool has_culprit = false;
  for (unsigned i = number; i < trace->depth; i++) {
    size_t count = resolve(code_owners->symbols, &trace->frame[i], sources);
    enum nomem__code_owner owner = nomem__code_owner_of(code_owners, &trace->frame[i]);
    bool is_inlined = i == number && !is_main(trace, i, function) && owner != NOMEM_OWNER_TEST;
    if (is_main(trace, i, sources[count - 1].function)) return has_culprit || is_inlined;
    if (owner == NOMEM_OWNER_TEST) return false;
    has_culprit |= owner == NOMEM_OWNER_UNDER_TEST;
  }
  return has_culprit;
}

static unsigned find_outside_runtime(const struct nomem__code_owners *code_owners, const struct nomem__trace *trace) {
  unsigned number = 0;
  while (number + 1 < trace->depth && nomem__code_owner_of(code_owners, &trace->frame[number]) == NOMEM_OWNER_RUNTIME)
    number++;
  return number;
}

static bool is_allocation_function(struct nomem__symbols *symbols, const struct nomem__trace_frame *frame) {
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  size_t count = resolve(symbols, frame, sources);
  const char *function = sources[count - 1].function;
  return function != NULL && nomem__is_allocation_function(function);
}

/* Whether code under test allocated the block, and not test code for itself: by malloc, or by an allocation function of
 * the library's. */
static bool is_under_test(const struct nomem__code_owners *code_owners, const struct nomem__trace *block) {
  unsigned first = find_outside_runtime(code_owners, block);
  while (first + 1 < block->depth && is_allocation_function(code_owners->symbols, &block->frame[first])) first++;
  return block->depth > 0 && !nomem__is_test_call(code_owners, block) &&
         nomem__code_owner_of(code_owners, &block->frame[first]) == NOMEM_OWNER_UNDER_TEST;
}

/* Whether one line of a function has led to both, as that which passes on what it has just made does. */
static bool is_one_line(struct nomem__symbols *symbols, const struct nomem__trace_frame *one,
                        const struct nomem__trace_frame *other) {
  struct nomem__source_frame a[NOMEM_INLINED_MAX], b[NOMEM_INLINED_MAX];
  resolve(symbols, one, a);
  resolve(symbols, other, b);
  return a[0].line != 0 && a[0].line == b[0].line && a[0].file != NULL && b[0].file != NULL &&
         strcmp(a[0].file, b[0].file) == 0;
}

/* Whether the call that made the block returned it to nobody: it is a part of what the caller passed to it. */
static bool is_made_in_place(struct nomem__symbols *symbols, const struct nomem__trace *block, unsigned of_block) {
  if (of_block == 0) return false;
  const struct nomem__trace_frame *made = &block->frame[of_block - 1];
  const struct nomem__debug_result result =
      nomem__symbols_find_result(symbols, made->path, made->offset - made->is_return_address);
  return result.kind == NOMEM_RESULT_NONE || result.kind == NOMEM_RESULT_SIGNED || result.kind == NOMEM_RESULT_UNSIGNED;
}

bool nomem__lost_block_may_be_handed_over(const void *rule_of_run, const struct nomem__leak_site *leak) {
  const struct nomem__lost_block_rule *rule = rule_of_run;
  const struct nomem__code_owners *code_owners = nomem__code_owners_callers(rule->code_owners);
  const struct nomem_channel *channel = rule->outcome->channel;
  struct nomem__trace block = {0}, fault = {0};
  unsigned of_block, of_fault;
  if (!code_owners->is_divided || channel->fault_count != 1 || !channel->faults[0].ready || leak->lost_by != 0)
    return false;
  nomem__fault_trace(channel, 0, &fault);
  nomem__site_trace(channel, leak->site, code_owners->symbols, &block);
  unsigned test = nomem__next_test_call(code_owners, &fault, 0);
  if (!is_under_test(code_owners, &block) || test == 0 || test == fault.depth) return false;
  if (nomem__code_owner_of(code_owners, &fault.frame[test - 1]) != NOMEM_OWNER_UNDER_TEST) return false;
  if (nomem__trace_find_common(&block, &fault, &of_block, &of_fault) == 0 || of_fault < test) return false;
  /* main() that gives up may leave to the kernel what it had in a variable, even if it does not have it there any more
   * when the code is optimised. */
  return code_owners == rule->code_owners ||
         is_one_line(code_owners->symbols, &block.frame[of_block], &fault.frame[of_fault]) ||
         is_made_in_place(code_owners->symbols, &block, of_block);
}

bool nomem__lost_block_is_handed_over(const struct nomem__lost_block_rule *rule, const struct nomem__leak_site *leak) {
  if (rule->held == NULL || leak->address_count > NOMEM_LEAK_ADDRESSES) return false;
  if (!nomem__lost_block_may_be_handed_over(rule, leak)) return false;
  for (size_t i = 0; i < leak->address_count; i++)
    if (nomem__held_watch_may_have(rule->held, leak->address[i])) return false;
  return true;
}

/* Whether one function below main() led both to what was lost and to the call that failed. */
static bool is_lost_below_main(const struct nomem__code_owners *code_owners, const struct nomem__trace *lost,
                               const struct nomem__trace *fault) {
  unsigned of_lost, of_fault;
  if (nomem__trace_find_common(lost, fault, &of_lost, &of_fault) == 0) return false;
  const char *function = find_common_function(code_owners->symbols, &lost->frame[of_lost], &fault->frame[of_fault]);
  return is_below_main(code_owners, lost, of_lost, function);
}

bool nomem__lost_descriptor_counts(const void *rule_of_run, pid_t pid, int fd) {
  const struct nomem__lost_block_rule *rule = rule_of_run;
  const struct nomem__outcome *outcome = rule->outcome;
  const struct nomem_channel *channel = outcome->channel;
  struct nomem__trace opening = {0}, fault = {0};
  if (channel->fault_count != 1 || !channel->faults[0].ready || outcome->openings == NULL) return false;
  const struct nomem__stack *stack = nomem__openings_find(outcome->openings, pid, fd);
  if (stack == NULL) return false;
  nomem__fault_trace(channel, 0, &fault);
  nomem__trace_of_stack(stack, &opening);
  if (nomem__trace_blame_library(&opening, &fault, rule->code_owners->symbols)) return false;
  return is_lost_below_main(rule->code_owners, &opening, &fault);
}

bool nomem__lost_block_counts(const void *rule_of_run, const struct nomem__leak_site *leak) {
  const struct nomem__lost_block_rule *rule = rule_of_run;
  const struct nomem__code_owners *code_owners = rule->code_owners;
  struct nomem__symbols *symbols = code_owners->symbols;
  const struct nomem_channel *channel = rule->outcome->channel;
  struct nomem__trace block = {0}, fault = {0};
  /* Of several failures it is not known which one lost the block. */
  if (channel->fault_count != 1 || !channel->faults[0].ready) return false;
  nomem__fault_trace(channel, 0, &fault);
  if (leak->lost_by != 0) {
    nomem__site_trace(channel, leak->lost_by - 1, symbols, &block);
    if (block.depth == 0 || nomem__trace_blame_library_for_loss(&block, symbols)) return false;
    unsigned number = find_outside_runtime(code_owners, &block);
    struct nomem__source_frame sources[NOMEM_INLINED_MAX];
    resolve(symbols, &block.frame[number], sources);
    return is_below_main(code_owners, &block, number, sources[0].function);
  }
  nomem__site_trace(channel, leak->site, symbols, &block);
  if (nomem__trace_blame_library(&block, &fault, symbols)) return false;
  if (nomem__lost_block_is_handed_over(rule, leak)) return true;
  return is_lost_below_main(code_owners, &block, &fault);
}

bool nomem__lost_block_may_count(const void *rule_of_run, const struct nomem__leak_site *leak) {
  const struct nomem__lost_block_rule *rule = rule_of_run;
  const struct nomem__code_owners *code_owners = rule->code_owners;
  struct nomem__trace block = {0};
  if (code_owners->tested == NULL) return true;
  uint32_t site = leak->lost_by != 0 ? leak->lost_by - 1 : leak->site;
  nomem__site_trace(rule->outcome->channel, site, code_owners->symbols, &block);
  return nomem__is_tested_block(code_owners->tested, &block);
}

bool nomem__lost_block_is_reported_of_test(const struct nomem__code_owners *code_owners,
                                           const struct nomem__outcome *outcome) {
  struct nomem__trace leaked = outcome->report.trace, fault;
  unsigned most = 0, function = 0, of_leak, of_fault;
  if (!code_owners->is_divided) return false;
  for (unsigned i = 0; i < leaked.depth; i++) { /* a sanitizer names the last byte of a call, not what comes behind */
    leaked.frame[i].offset += leaked.frame[i].is_return_address ? 0 : 1;
    leaked.frame[i].is_return_address = true;
  }
  for (uint32_t i = 0; (i = nomem__find_fault(outcome->channel, 0, i)) < NOMEM_KNOWN_FAULTS; i++) {
    nomem__fault_trace(outcome->channel, i, &fault);
    unsigned common = nomem__trace_find_common(&leaked, &fault, &of_leak, &of_fault);
    if (common <= most) continue;
    most = common;
    function = of_leak;
  }
  return most > 0 && nomem__code_owner_of(code_owners, &leaked.frame[function]) == NOMEM_OWNER_TEST;
}
