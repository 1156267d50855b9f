/* SPDX-License-Identifier: MIT */
#include "common_site.h"

#include "../../program_kinds.h"
#include "../text/hash.h"

uint64_t nomem__common_site_key(const struct nomem__path_frame *frames, unsigned count) {
  uint64_t hash = NOMEM__HASH_START;
  if (count == 0) return 0;
  for (unsigned i = 0; i < count; i++) {
    const struct nomem__path_frame *frame = &frames[i];
    hash = nomem__hash_text(hash, frame->module != NULL ? nomem__base_name(frame->module) : NULL);
    hash = nomem__hash_text(hash, frame->function);
    hash = nomem__hash_number(hash, frame->offset);
  }
  hash = nomem__hash_number(hash, count);
  return hash == 0 ? 1 : hash;
}

/* How a frame is named. Only code that lies in a program needs its function: a shared library's offsets are the same in
 * all programs that use it. */
static struct nomem__path_frame name_frame(const struct nomem__code_owners *code_owners,
                                           const struct nomem__trace_frame *frame) {
  struct nomem__source_frame sources[NOMEM_INLINED_MAX] = {0};
  struct nomem__path_frame named = {.module = frame->path, .offset = frame->offset};
  if (!nomem__code_owners_has_program(code_owners, frame->path)) return named;
  size_t count = nomem__symbols_resolve(code_owners->symbols, frame->path, frame->offset, frame->is_return_address,
                                        sources, NOMEM_INLINED_MAX);
  const struct nomem__source_frame *outermost = count > 0 ? &sources[count - 1] : NULL;
  if (outermost == NULL || outermost->function == NULL) return named;
  return (struct nomem__path_frame){.function = outermost->function, .offset = outermost->function_offset};
}

/* The first frame of code under test: what lies below it are run-times, or an allocator that the test brought. depth:
 * there is none. */
static unsigned first_under_test(const struct nomem__code_owners *code_owners, const struct nomem__trace *trace) {
  unsigned i = 0;
  while (i < trace->depth && nomem__code_owner_of(code_owners, &trace->frame[i]) != NOMEM_OWNER_UNDER_TEST) i++;
  return i;
}

uint64_t nomem__common_site_of(const struct nomem__code_owners *code_owners, const struct nomem__trace *trace) {
  struct nomem__path_frame frames[NOMEM_TRACE_DEPTH];
  unsigned first = first_under_test(code_owners, trace);
  if (first == trace->depth || nomem__is_test_call(code_owners, trace)) return 0;
  unsigned end = nomem__next_test_call(code_owners, trace, first + 1);
  for (unsigned i = 0; i < end; i++) frames[i] = name_frame(code_owners, &trace->frame[i]);
  return nomem__common_site_key(frames, end);
}
