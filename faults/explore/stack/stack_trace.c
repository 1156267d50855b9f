/* SPDX-License-Identifier: MIT */
#include "stack_trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../../program_kinds.h"
#include "../text/function_name.h"
#include "../text/hash.h"
#include "../text/memory.h"
#include "../text/printable.h"

void nomem__trace_of_frames(const struct nomem_channel *channel, const nomem_frame *frames, unsigned depth,
                            struct nomem__trace *trace) {
  trace->depth = depth < NOMEM_DEPTH ? depth : NOMEM_DEPTH;
  trace->library_frames = trace->skipped_frames = trace->shown_function = 0;
  trace->terminate = NOMEM_TERMINATE_NO;
  for (unsigned i = 0; i < trace->depth; i++) {
    unsigned module = NOMEM_FRAME_MODULE(frames[i]);
    const char *path = module >= 1 && module <= NOMEM_MODULES ? channel->modules[module - 1].path : "";
    if (memchr(path, '\0', NOMEM_PATH_BYTES) == NULL) path = "";
    trace->frame[i] = (struct nomem__trace_frame){path, NOMEM_FRAME_OFFSET(frames[i]), true};
  }
}

void nomem__trace_of_stack(const struct nomem__stack *stack, struct nomem__trace *trace) {
  trace->depth = (unsigned)stack->depth;
  trace->library_frames = trace->skipped_frames = trace->shown_function = 0;
  trace->terminate = NOMEM_TERMINATE_NO;
  for (unsigned i = 0; i < trace->depth; i++) {
    const struct nomem__stack_frame *frame = &stack->frames[i];
    const char *path = frame->module != NULL ? frame->module : "";
    trace->frame[i] = (struct nomem__trace_frame){path, frame->offset, frame->is_return_address};
  }
}

void nomem__trace_copy(struct nomem__trace *copy, const struct nomem__trace *trace) {
  struct nomem__trace filled = {0};
  for (unsigned i = 0; i < trace->depth; i++) {
    char *path = nomem__strdup(trace->frame[i].path);
    filled.frame[filled.depth] = trace->frame[i];
    filled.frame[filled.depth++].path = path;
  }
  *copy = filled;
}

void nomem__trace_free(struct nomem__trace *copy) {
  for (unsigned i = 0; i < copy->depth; i++) free((char *)copy->frame[i].path);
  copy->depth = 0;
}

/* Returns the index of the first frame outside the run-times; depth: there is none. */
static unsigned find_outside_runtime(const struct nomem__trace *trace) {
  unsigned i = trace->skipped_frames;
  while (i < trace->depth &&
         (trace->frame[i].path[0] == '\0' || nomem__is_runtime(nomem__base_name(trace->frame[i].path))))
    i++;
  return i;
}

static size_t resolve(struct nomem__symbols *symbols, const struct nomem__trace_frame *frame,
                      struct nomem__source_frame *sources) {
  return nomem__symbols_resolve(symbols, frame->path, frame->offset, frame->is_return_address, sources,
                                NOMEM_INLINED_MAX);
}

static bool is_c_library(const struct nomem__trace_frame *frame) {
  return nomem__glob("libc.so.*", nomem__base_name(frame->path));
}

bool nomem__trace_is_same_file(const char *path, const char *other) {
  const char *a = nomem__base_name(path), *b = nomem__base_name(other);
  size_t a_bytes = strlen(a), b_bytes = strlen(b);
  return strncmp(a, b, a_bytes < b_bytes ? a_bytes : b_bytes) == 0;
}

const struct nomem__trace_frame *nomem__trace_culprit(const struct nomem__trace *trace) {
  if (trace->library_frames > 0) return &trace->frame[trace->library_frames - 1];
  unsigned first = find_outside_runtime(trace);
  return first < trace->depth ? &trace->frame[first] : NULL;
}

static bool is_called(const struct nomem__trace_frame *frame, const char *glob, struct nomem__symbols *symbols) {
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  size_t count = resolve(symbols, frame, sources);
  const char *function = count > 0 ? sources[count - 1].function : NULL;
  return function != NULL && nomem__glob(glob, function);
}

/* A failing assertion allocates its message; it would have ended the process without one, too. */
static bool is_assertion(const struct nomem__trace_frame *frame, struct nomem__symbols *symbols) {
  return is_called(frame, "__assert*", symbols);
}

bool nomem__trace_is_assertion(const struct nomem__trace *trace, struct nomem__symbols *symbols) {
  unsigned first = find_outside_runtime(trace);
  return first > 0 && first < trace->depth && is_assertion(&trace->frame[first - 1], symbols);
}

bool nomem__trace_is_dispensable(const struct nomem__trace *trace, struct nomem__symbols *symbols) {
  if (trace->depth == 0) return false;
  if (is_called(&trace->frame[0], "_IO_file_doallocate", symbols) || is_called(&trace->frame[0], "__qsort_r", symbols))
    return true;
  unsigned first = find_outside_runtime(trace);
  for (unsigned i = 0; i < first && i < trace->depth; i++)
    if (is_called(&trace->frame[i], "tzset_internal", symbols)) return true;
  return false;
}

bool nomem__trace_is_same_from(const struct nomem__trace *a, unsigned at, const struct nomem__trace *b, unsigned bt) {
  for (; at < a->depth && bt < b->depth; at++, bt++)
    if (a->frame[at].offset != b->frame[bt].offset || !nomem__trace_is_same_file(a->frame[at].path, b->frame[bt].path))
      return false;
  return true;
}

static bool is_same_frame(const struct nomem__trace_frame *a, const struct nomem__trace_frame *b) {
  return a->offset == b->offset && nomem__trace_is_same_file(a->path, b->path);
}

/* Counts the frames that two stacks have in common, from these inwards. Deep stacks are cut at the outer end, so their
 * outermost frames need not correspond. */
static unsigned match_outwards(const struct nomem__trace *one, unsigned top, const struct nomem__trace *other,
                               unsigned other_top) {
  unsigned count = 0;
  while (count < top && count < other_top &&
         is_same_frame(&one->frame[top - 1 - count], &other->frame[other_top - 1 - count]))
    count++;
  return count;
}

unsigned nomem__trace_find_common(const struct nomem__trace *one, const struct nomem__trace *other, unsigned *of_one,
                                  unsigned *of_other) {
  unsigned best = 0;
  for (unsigned cut = 0; cut < one->depth + other->depth && best == 0; cut++) {
    unsigned top = cut < one->depth ? one->depth - cut : one->depth;
    unsigned other_top = cut < one->depth ? other->depth : other->depth - (cut - one->depth);
    best = match_outwards(one, top, other, other_top);
    if (best == 0) continue;
    *of_one = top > best ? top - best - 1 : 0;
    *of_other = other_top > best ? other_top - best - 1 : 0;
  }
  return best;
}

bool nomem__trace_is_same_function(const struct nomem__trace *one, const struct nomem__trace *other,
                                   struct nomem__symbols *symbols) {
  const struct nomem__trace_frame *a = nomem__trace_culprit(one), *b = nomem__trace_culprit(other);
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  if (a == NULL || b == NULL || !nomem__trace_is_same_file(a->path, b->path)) return false;
  if (resolve(symbols, a, sources) == 0) return false;
  const char *function = sources[0].function;
  if (function == NULL || resolve(symbols, b, sources) == 0 || sources[0].function == NULL) return false;
  return strcmp(function, sources[0].function) == 0;
}

bool nomem__trace_blame_library(struct nomem__trace *blow_up, const struct nomem__trace *fault,
                                struct nomem__symbols *symbols) {
  unsigned died = find_outside_runtime(blow_up), failed = find_outside_runtime(fault);
  if (died == 0 || failed == 0 || died >= blow_up->depth || failed >= fault->depth) return false;
  if (!nomem__trace_is_same_from(blow_up, died, fault, failed)) return false;
  /* A block that was lost: the caller's loop called the same function for it. */
  if (nomem__trace_is_same_from(blow_up, 0, fault, 0)) return false;
  /* The C++ run-time throws from within the failed call; a program that does not catch that is to blame itself. */
  if (!is_c_library(&blow_up->frame[died - 1]) || !is_c_library(&fault->frame[failed - 1])) return false;
  if (nomem__trace_is_assertion(blow_up, symbols)) return false;
  blow_up->library_frames = died;
  return true;
}

/* A function of the C library that reallocates what its caller, or the user of a stream, has. */
static bool is_of_caller(const struct nomem__trace_frame *frame, struct nomem__symbols *symbols) {
  return is_called(frame, "*getline", symbols) || is_called(frame, "*getdelim", symbols) ||
         is_called(frame, "_IO_*", symbols);
}

bool nomem__trace_blame_library_for_loss(struct nomem__trace *reallocated, struct nomem__symbols *symbols) {
  unsigned outside = find_outside_runtime(reallocated);
  if (outside == 0 || outside >= reallocated->depth || !is_c_library(&reallocated->frame[outside - 1])) return false;
  for (unsigned i = 0; i < outside; i++)
    if (is_of_caller(&reallocated->frame[i], symbols)) return false;
  reallocated->library_frames = outside;
  return true;
}

static uint64_t add_line(uint64_t hash, const struct nomem__trace_frame *frame,
                         const struct nomem__source_frame *source) {
  return hash + (source->line != 0 ? source->line : frame->offset << 20);
}

/* Hashes every frame of the C library, because they are the same from run to run. */
static uint64_t hash_library_frames(const struct nomem__trace *trace, enum nomem__similarity sameness) {
  uint64_t hash = NOMEM__HASH_START;
  for (unsigned i = sameness == NOMEM_SAME_LOOP ? trace->library_frames - 1 : 0; i < trace->library_frames; i++)
    hash = nomem__hash_text(hash + trace->frame[i].offset, nomem__base_name(trace->frame[i].path));
  return hash;
}

/* Of functions inlined into one another, the innermost that is no template of the C++ library's: what those are made of
 * tells readers nothing. 0: all are. */
static size_t find_own(const struct nomem__source_frame *sources, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (sources[i].file == NULL || !nomem__glob("*/include/*c++/*", sources[i].file)) return i;
  return 0;
}

uint64_t nomem__trace_hash(const struct nomem__trace *trace, struct nomem__symbols *symbols,
                           enum nomem__similarity sameness) {
  if (trace->library_frames > 0) return hash_library_frames(trace, sameness);
  const struct nomem__trace_frame *culprit = nomem__trace_culprit(trace);
  if (culprit == NULL) return trace->depth > 0 ? nomem__hash_text(trace->frame[0].offset, trace->frame[0].path) : 1;
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  size_t count = resolve(symbols, culprit, sources);
  uint64_t hash = nomem__hash_text(nomem__hash_text(NOMEM__HASH_START, nomem__base_name(culprit->path)),
                                   sources[count - 1].function);
  bool is_named = trace->shown_function > 0 && trace->shown_function < count;
  const struct nomem__source_frame *own = &sources[is_named ? trace->shown_function : find_own(sources, count)];
  const char *function = own->function;
  if (sameness == NOMEM_SAME_FUNCTION)
    return function != NULL ? nomem__hash_text(hash, function) : add_line(hash, culprit, own);
  if (sameness != NOMEM_SAME_LOOP) hash = add_line(nomem__hash_text(hash, function), culprit, own);
  if (sameness == NOMEM_SAME_LINE) return hash;
  if (sameness == NOMEM_SAME_CALLER && own + 1 < sources + count) return nomem__hash_text(hash, own[1].function);
  const struct nomem__trace_frame *end = trace->frame + trace->depth, *caller = culprit + 1;
  do { /* a function that calls itself is one caller */
    if (caller >= end || resolve(symbols, caller, sources) == 0) return hash;
    if (sameness == NOMEM_SAME_LOOP) return nomem__hash_text(add_line(hash, caller, &sources[0]), sources[0].function);
    caller++;
  } while (function != NULL && sources[0].function != NULL && strcmp(sources[0].function, function) == 0);
  return nomem__hash_text(hash, sources[0].function);
}

/* A library is loaded by the name of a link, and mapped by the name of the file behind it: the file is shown. */
static void print_module(FILE *out, const struct nomem__trace_frame *frame) {
  char *real = frame->path[0] == '\0' ? NULL : nomem__checked(realpath(frame->path, NULL));
  nomem__print_safe(out, frame->path[0] == '\0' ? "no module" : nomem__base_name(real != NULL ? real : frame->path));
  free(real);
  fprintf(out, "+0x%" PRIx64, frame->offset);
}

void nomem__trace_print_source(FILE *out, const struct nomem__trace_frame *frame,
                               const struct nomem__source_frame *source) {
  if (source->function == NULL) {
    print_module(out, frame);
    return;
  }
  nomem__print_function(out, source->function);
  fputs(" (", out);
  if (source->file != NULL) {
    nomem__print_safe(out, source->file);
    fprintf(out, ":%u", source->line);
  } else {
    print_module(out, frame);
  }
  fputc(')', out);
}

/* Prints the first caller that has a name, which is all that a stripped library tells. */
static void print_named_caller(FILE *out, const struct nomem__trace *trace, const struct nomem__trace_frame *frame,
                               struct nomem__symbols *symbols) {
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  while (++frame < trace->frame + trace->depth) {
    if (resolve(symbols, frame, sources) == 0 || sources[0].function == NULL) continue;
    fputs(", under ", out);
    nomem__print_function(out, sources[0].function);
    return;
  }
}

size_t nomem__trace_shown_function(const struct nomem__trace *trace, const struct nomem__source_frame *sources,
                                   size_t count) {
  /* In the C library, the function that was called says more than what is inlined into it. */
  if (trace->library_frames > 0) return count - 1;
  size_t shown = trace->shown_function < count ? trace->shown_function : 0;
  if (shown == 0) shown = find_own(sources, count);
  while (shown + 1 < count && sources[shown].is_helper) shown++;
  return shown;
}

void nomem__trace_print_culprit(FILE *out, const struct nomem__trace *trace, struct nomem__symbols *symbols) {
  const struct nomem__trace_frame *frame = nomem__trace_culprit(trace);
  if (frame == NULL && trace->depth > 0) frame = &trace->frame[0];
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  size_t count = frame == NULL ? 0 : resolve(symbols, frame, sources);
  if (count == 0) {
    fputs("an unknown place", out);
    return;
  }
  nomem__trace_print_source(out, frame, &sources[nomem__trace_shown_function(trace, sources, count)]);
  if (sources[0].function == NULL) print_named_caller(out, trace, frame, symbols);
}

/* Whether a frame only starts the process: it is a caller of main's, and the same in every stack. */
static bool is_start_up(const struct nomem__trace_frame *frame, struct nomem__symbols *symbols) {
  return is_called(frame, "_start", symbols) || is_called(frame, "__libc_start_*", symbols);
}

unsigned nomem__trace_depth_shown(const struct nomem__trace *trace, struct nomem__symbols *symbols) {
  unsigned depth = trace->depth;
  /* In a stripped program _start has no name, nor has the function that calls main in a stripped C library. */
  if (depth > 1 && is_called(&trace->frame[depth - 2], "__libc_start_main*", symbols)) depth--;
  while (depth > 0 && is_start_up(&trace->frame[depth - 1], symbols)) depth--;
  if (depth > 0 && depth < trace->depth && strcmp(trace->frame[depth - 1].path, trace->frame[depth].path) == 0 &&
      is_called(&trace->frame[depth], "__libc_start_main*", symbols) &&
      !is_called(&trace->frame[depth - 1], "*", symbols))
    depth--;
  return depth > 0 ? depth : trace->depth;
}

void nomem__trace_print(FILE *out, const struct nomem__trace *trace, struct nomem__symbols *symbols, unsigned from,
                        unsigned to, int indent) {
  unsigned number = 0, depth = nomem__trace_depth_shown(trace, symbols);
  for (unsigned i = 0; i < to && i < depth; i++) {
    struct nomem__source_frame sources[NOMEM_INLINED_MAX];
    size_t functions = resolve(symbols, &trace->frame[i], sources);
    for (size_t s = 0; s < functions; s++, number++) {
      if (i < from) continue;
      fprintf(out, "%*s#%-2u ", indent, "", number);
      nomem__trace_print_source(out, &trace->frame[i], &sources[s]);
      fputs(sources[s].inlined ? " [inlined]\n" : "\n", out);
    }
  }
}
