/* SPDX-License-Identifier: MIT */
#include "caught_signals.h"

#include <signal.h>
#include <string.h>

#include "../../program_kinds.h"
#include "../text/hash.h"
#include "cpp_terminate.h"

/* abort() is one of the innermost frames of the signal that it sends. */
#define ABORT_FRAMES 8

static uint64_t hash_frame(uint64_t hash, const struct nomem__trace_frame *frame) {
  bool has_module = frame != NULL && frame->path[0] != '\0';
  hash = nomem__hash_text(hash, has_module ? nomem__base_name(frame->path) : "");
  return nomem__hash_number(hash, has_module ? frame->offset : 0);
}

/* The instruction and, because that may be the C library's, the code that called it. Code that was made while the
 * program ran is one place. */
static uint64_t place_of(int signal, const struct nomem__trace *trace) {
  uint64_t hash = nomem__hash_number(NOMEM__HASH_START, (uint64_t)signal);
  hash = hash_frame(hash, &trace->frame[0]);
  return trace->frame[0].path[0] != '\0' ? hash_frame(hash, nomem__trace_culprit(trace)) : hash;
}

static bool is_known(const struct nomem__caught_signals *signals, uint64_t place) {
  for (size_t i = 0; i < signals->place_count; i++)
    if (signals->places[i] == place) return true;
  return signals->place_count == NOMEM_CAUGHT_PLACES;
}

/* Whether it is abort() that sent the signal, and not somebody's raise() or kill(). */
static bool is_abort(const struct nomem__trace *trace, struct nomem__symbols *symbols) {
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  for (unsigned i = 0; i < trace->depth && i < ABORT_FRAMES; i++) {
    const struct nomem__trace_frame *frame = &trace->frame[i];
    size_t count = nomem__symbols_resolve(symbols, frame->path, frame->offset, frame->is_return_address, sources,
                                          NOMEM_INLINED_MAX);
    const char *function = count > 0 ? sources[count - 1].function : NULL;
    if (function != NULL && (strcmp(function, "abort") == 0 || strcmp(function, "__GI_abort") == 0)) return true;
  }
  return false;
}

/* A test may catch its own abort: an assertion that fails because the code under test has reported the failure. */
static bool is_by_test(const struct nomem__caught_signals *signals, struct nomem__trace *trace) {
  nomem__cpp_terminate_mark(trace, signals->symbols);
  return trace->terminate == NOMEM_TERMINATE_UNTHROWN ||
         (signals->code_owners != NULL && nomem__is_test_code(signals->code_owners, trace));
}

static bool caught(struct nomem__signal_watcher *watcher, const struct nomem__stack *stack) {
  struct nomem__caught_signals *signals = (struct nomem__caught_signals *)watcher; /* its first member */
  struct nomem__trace trace;
  nomem__trace_of_stack(stack, &trace);
  uint64_t place = place_of(stack->signal, &trace);
  if (is_known(signals, place)) return false;
  if (watcher->is_learning) {
    signals->places[signals->place_count++] = place;
    return false;
  }
  return stack->signal != SIGABRT || (is_abort(&trace, signals->symbols) && !is_by_test(signals, &trace));
}

/* A test's own assertion is none. Where it is not known whose code it is, the framework is taken for who is to have it.
 */
static bool is_bug_at(struct nomem__signal_watcher *watcher, const struct nomem__stack *stack) {
  const struct nomem__caught_signals *signals = (const struct nomem__caught_signals *)watcher; /* its first member */
  const struct nomem__code_owners *code_owners = signals->code_owners;
  struct nomem__trace trace;
  if (watcher->is_learning || code_owners == NULL || !code_owners->is_divided) return false;
  nomem__trace_of_stack(stack, &trace);
  return !nomem__is_test_code(code_owners, &trace);
}

void nomem__caught_signals_open(struct nomem__caught_signals *signals, struct nomem__symbols *symbols,
                                const struct nomem__code_owners *code_owners) {
  *signals = (struct nomem__caught_signals){
      .watcher = {.caught = caught, .is_bug_at = is_bug_at}, .symbols = symbols, .code_owners = code_owners};
}
