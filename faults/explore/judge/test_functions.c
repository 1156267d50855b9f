/* SPDX-License-Identifier: MIT */
#include "test_functions.h"

#include <stdlib.h>
#include <string.h>

#include "../text/grow.h"
#include "../text/memory.h"

/* The kind of a frame's code. Of a program that has debug information otherwise, BARE has none. */
enum kind { RUNTIME, FRAMEWORK, PROGRAM, BARE, ELSEWHERE };

struct learning {
  struct nomem__code_owners *code_owners;
  const struct nomem_channel *channel;
  const nomem_frame *frames;
  unsigned char *kinds; /* of each of them */
  size_t count;
};

static int compare_texts(const char *one, const char *other) {
  if (one == NULL || other == NULL) return (one != NULL) - (other != NULL);
  return strcmp(one, other);
}

static int by_name(const void *left, const void *right) {
  const struct nomem__test_function *a = left, *b = right;
  int order = compare_texts(a->name, b->name);
  return order != 0 ? order : compare_texts(a->file, b->file);
}

static enum kind find_kind(const struct nomem__code_owners *code_owners, const struct nomem__trace_frame *frame) {
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  if (nomem__is_framework_code(code_owners, frame)) return FRAMEWORK;
  if (nomem__is_runtime_code(code_owners, frame)) return RUNTIME;
  if (!nomem__code_owners_has_program(code_owners, frame->path)) return ELSEWHERE;
  size_t found = nomem__symbols_resolve(code_owners->symbols, frame->path, frame->offset, frame->is_return_address,
                                        sources, NOMEM_INLINED_MAX);
  return code_owners->has_sources && found == 1 && sources[0].file == NULL ? BARE : PROGRAM;
}

static int by_value(const void *left, const void *right) {
  nomem_frame a = *(const nomem_frame *)left, b = *(const nomem_frame *)right;
  return a < b ? -1 : a > b;
}

static enum kind kind_of(const struct learning *learning, nomem_frame frame) {
  const nomem_frame *found = bsearch(&frame, learning->frames, learning->count, sizeof frame, by_value);
  return found != NULL ? (enum kind)learning->kinds[found - learning->frames] : RUNTIME;
}

/* Of functions inlined into one another, the one that the framework has called is the outermost; the one that has
 * called the framework is the innermost. */
static void add(const struct learning *learning, nomem_frame frame, bool is_called) {
  struct nomem__code_owners *code_owners = learning->code_owners;
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  struct nomem__trace trace;
  nomem__trace_of_frames(learning->channel, &frame, 1, &trace);
  size_t found = nomem__symbols_resolve(code_owners->symbols, trace.frame[0].path, trace.frame[0].offset,
                                        trace.frame[0].is_return_address, sources, NOMEM_INLINED_MAX);
  const struct nomem__source_frame *source = &sources[is_called && found > 0 ? found - 1 : 0];
  if (found == 0 || source->function == NULL || nomem__is_test_function(code_owners, source)) return;
  code_owners->test_functions = nomem__grow(code_owners->test_functions, code_owners->test_function_count,
                                            &code_owners->test_function_room, sizeof *code_owners->test_functions);
  code_owners->test_functions[code_owners->test_function_count++] =
      (struct nomem__test_function){.name = source->function, .file = source->file};
  qsort(code_owners->test_functions, code_owners->test_function_count, sizeof *code_owners->test_functions, by_name);
}

/* A framework that was linked in without debug information may have functions that do not bear its name: what it calls
 * and has none either, in however many steps, is its own, or a test. */
static void learn_from_site(const struct learning *learning, const struct nomem_site *site) {
  unsigned depth = site->depth < NOMEM_DEPTH ? site->depth : NOMEM_DEPTH, outer = depth;
  enum kind caller = ELSEWHERE;
  bool is_below_framework = false; /* the framework has called it, by functions without debug information */
  for (unsigned i = depth; i-- > 0;) {
    enum kind kind = kind_of(learning, site->frame[i]);
    if (kind == RUNTIME) continue;
    is_below_framework = kind == FRAMEWORK || (kind == BARE && is_below_framework);
    if (kind == BARE ? is_below_framework : kind == PROGRAM && caller == FRAMEWORK)
      add(learning, site->frame[i], true);
    else if (kind == FRAMEWORK && (caller == PROGRAM || caller == BARE))
      add(learning, site->frame[outer], false);
    caller = kind;
    outer = i;
  }
}

void nomem__test_functions_learn(struct nomem__code_owners *code_owners, const struct nomem_channel *channel,
                                 const nomem_frame *frames, size_t count) {
  struct learning learning = {code_owners, channel, frames, nomem__calloc(count + 1, 1), count};
  struct nomem__trace trace;
  for (size_t i = 0; i < count; i++) {
    nomem__trace_of_frames(channel, &frames[i], 1, &trace);
    learning.kinds[i] = (unsigned char)find_kind(code_owners, &trace.frame[0]);
  }
  for (uint32_t i = 0; i < NOMEM_SITES && i < channel->site_count; i++)
    if (channel->sites[i].count > 0) learn_from_site(&learning, &channel->sites[i]);
  free(learning.kinds);
}

void nomem__test_functions_free(struct nomem__code_owners *code_owners) {
  free(code_owners->test_functions);
}

bool nomem__is_test_function(const struct nomem__code_owners *code_owners, const struct nomem__source_frame *function) {
  const struct nomem__test_function wanted = {function->function, function->file};
  if (wanted.name == NULL || code_owners->test_function_count == 0) return false;
  return bsearch(&wanted, code_owners->test_functions, code_owners->test_function_count, sizeof wanted, by_name) !=
         NULL;
}
