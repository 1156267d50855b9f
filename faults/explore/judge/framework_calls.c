/* SPDX-License-Identifier: MIT */
#include "framework_calls.h"

#include <stdlib.h>
#include <string.h>

#include "../../program_kinds.h"
#include "../text/function_name.h"
#include "../text/grow.h"
#include "../text/memory.h"
#include "test_names.h"

static bool is_in_folder_of(const char *path, const char *other) {
  size_t length = (size_t)(nomem__base_name(path) - path);
  return length == (size_t)(nomem__base_name(other) - other) && memcmp(path, other, length) == 0;
}

/* So far above the folder of a test program its project's libraries may lie: tests/.libs, src/.libs. */
#define FOLDERS_ABOVE 2

/* Whether a library may be one of the project's that a program belongs to. */
static bool is_near_program(const struct nomem__code_owners *code_owners, const char *path) {
  for (size_t i = 0; i < code_owners->program_count; i++) {
    const char *program = code_owners->programs[i];
    size_t length = (size_t)(nomem__base_name(program) - program);
    for (unsigned above = 0; above < FOLDERS_ABOVE && length > 1; above++) do
        length--;
      while (length > 1 && program[length - 1] != '/');
    if (strncmp(path, program, length) == 0) return true;
  }
  return false;
}

/* The next frame outside the run-times, from this one outwards; depth: there is none. */
static unsigned next_frame(const struct nomem__code_owners *code_owners, const struct nomem__trace *trace,
                           unsigned from) {
  while (from < trace->depth && nomem__code_owner_of(code_owners, &trace->frame[from]) == NOMEM_OWNER_RUNTIME) from++;
  return from;
}

static bool is_framework_library(const char *path) {
  return nomem__is_test_library(nomem__base_name(path));
}

/* The frame of the framework's library that makes the call. depth: it is none of its calls. */
static unsigned find_framework(const struct nomem__code_owners *code_owners, const struct nomem__trace *fault) {
  const char *library = NULL;
  unsigned at = next_frame(code_owners, fault, 0);
  for (; at < fault->depth; at = next_frame(code_owners, fault, at + 1)) {
    const struct nomem__trace_frame *frame = &fault->frame[at];
    bool is_elsewhere =
        library != NULL && !is_in_folder_of(frame->path, library) && is_near_program(code_owners, library);
    if (is_elsewhere || nomem__code_owners_has_program(code_owners, frame->path)) return fault->depth;
    if (nomem__code_owner_of(code_owners, frame) == NOMEM_OWNER_TEST)
      return library != NULL && is_framework_library(frame->path) ? at : fault->depth;
    library = frame->path;
  }
  return at;
}

bool nomem__is_call_of_framework(const struct nomem__code_owners *code_owners, const struct nomem__trace *fault) {
  return find_framework(code_owners, fault) < fault->depth;
}

static size_t find_helper(const struct nomem__code_owners *code_owners, const char *path) {
  size_t i = 0;
  while (i < code_owners->helper_count && strcmp(code_owners->helpers[i], path) != 0) i++;
  return i;
}

static bool is_helper(const struct nomem__code_owners *code_owners, const char *path) {
  return find_helper(code_owners, path) < code_owners->helper_count;
}

static void add_helpers(struct nomem__code_owners *code_owners, const struct nomem__trace *trace) {
  unsigned framework = find_framework(code_owners, trace);
  for (unsigned i = next_frame(code_owners, trace, 0); i < framework && framework < trace->depth;
       i = next_frame(code_owners, trace, i + 1)) {
    if (is_helper(code_owners, trace->frame[i].path)) continue;
    code_owners->helpers = nomem__grow(code_owners->helpers, code_owners->helper_count, &code_owners->helper_room,
                                       sizeof *code_owners->helpers);
    code_owners->helpers[code_owners->helper_count++] = nomem__strdup(trace->frame[i].path);
  }
}

/* Others call it, too: it is no helper of the framework's. */
static void drop_helpers(struct nomem__code_owners *code_owners, const struct nomem__trace *trace) {
  for (unsigned i = next_frame(code_owners, trace, 0), caller; i < trace->depth; i = caller) {
    size_t helper = find_helper(code_owners, trace->frame[i].path);
    caller = next_frame(code_owners, trace, i + 1);
    if (helper == code_owners->helper_count || caller == trace->depth) continue;
    const char *path = trace->frame[caller].path;
    if (is_helper(code_owners, path) || is_framework_library(path)) continue;
    free(code_owners->helpers[helper]);
    code_owners->helpers[helper] = code_owners->helpers[--code_owners->helper_count];
  }
}

static void each_site(struct nomem__code_owners *code_owners, const struct nomem_channel *channel,
                      void (*visit)(struct nomem__code_owners *code_owners, const struct nomem__trace *trace)) {
  for (uint32_t i = 0; i < NOMEM_SITES && i < channel->site_count; i++) {
    struct nomem__trace trace;
    if (channel->sites[i].count == 0) continue;
    nomem__trace_of_frames(channel, channel->sites[i].frame, channel->sites[i].depth, &trace);
    visit(code_owners, &trace);
  }
}

void nomem__framework_helpers_learn(struct nomem__code_owners *code_owners, const struct nomem_channel *channel) {
  each_site(code_owners, channel, add_helpers);
  if (code_owners->helper_count > 0) each_site(code_owners, channel, drop_helpers);
}

void nomem__framework_helpers_free(struct nomem__code_owners *code_owners) {
  for (size_t i = 0; i < code_owners->helper_count; i++) free(code_owners->helpers[i]);
  free(code_owners->helpers);
}

bool nomem__is_call_of_helper(const struct nomem__code_owners *code_owners, const struct nomem__trace *fault) {
  unsigned i = next_frame(code_owners, fault, 0);
  if (i == fault->depth || code_owners->helper_count == 0) return false;
  while (i < fault->depth && is_helper(code_owners, fault->frame[i].path)) i = next_frame(code_owners, fault, i + 1);
  return i == fault->depth;
}

/* Whether a function, or one that was inlined into it, is called like an allocator. */
static bool is_allocator(const struct nomem__code_owners *code_owners, const struct nomem__trace_frame *frame) {
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  size_t count = nomem__symbols_resolve(code_owners->symbols, frame->path, frame->offset, frame->is_return_address,
                                        sources, NOMEM_INLINED_MAX);
  for (size_t i = 0; i < count; i++)
    if (sources[i].function != NULL &&
        (nomem__glob("*alloc*", sources[i].function) || nomem__is_allocation_function(sources[i].function)))
      return true;
  return false;
}

unsigned nomem__count_allocator_frames(const struct nomem__code_owners *code_owners, const struct nomem__trace *fault) {
  enum nomem__code_owner called = NOMEM_OWNER_RUNTIME;
  for (unsigned i = 0; i < fault->depth; i++) {
    enum nomem__code_owner owner = nomem__code_owner_of(code_owners, &fault->frame[i]);
    if (owner == NOMEM_OWNER_UNDER_TEST)
      return called == NOMEM_OWNER_TEST && is_allocator(code_owners, &fault->frame[i - 1]) ? i : 0;
    if (owner == NOMEM_OWNER_RUNTIME && called == NOMEM_OWNER_TEST) return 0; /* the test was called back by it */
    called = owner;
  }
  return 0;
}
