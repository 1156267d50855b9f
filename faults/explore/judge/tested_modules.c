/* SPDX-License-Identifier: MIT */
#include "tested_modules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../program_kinds.h"
#include "../target/interpreters.h"
#include "../text/memory.h"
#include "../text/quote.h"
#include "test_names.h"

/* So many modules are named. */
#define NAMED_MAX 3

/* A module's claim to be under test: the highest of a run's modules are. */
static int rank_of(const char *globs, const char *interpreter, const char *module) {
  if (globs != NULL && nomem__is_under_test(globs, NULL, nomem__base_name(module))) return NOMEM_MODULE_PROJECTS + 1;
  return nomem__module_kind_of(module, interpreter);
}

static void copy_path(char path[NOMEM_PATH_BYTES], const struct nomem_module *module) {
  size_t length = strnlen(module->path, NOMEM_PATH_BYTES - 1);
  memcpy(path, module->path, length);
  path[length] = '\0';
}

void nomem__tested_modules_learn(struct nomem__tested_modules *tested, const char *globs, const char *interpreter,
                                 const struct nomem_channel *channel) {
  uint32_t count = channel->module_count < NOMEM_MODULES ? channel->module_count : NOMEM_MODULES;
  int highest = NOMEM_MODULE_SYSTEMS;
  nomem__tested_modules_free(tested);
  snprintf(tested->interpreter, sizeof tested->interpreter, "%s", interpreter);
  tested->paths = nomem__calloc(count + 1, sizeof *tested->paths);
  for (uint32_t i = 0; i < count; i++) {
    char *path = tested->paths[tested->count];
    copy_path(path, &channel->modules[i]);
    int rank = rank_of(globs, interpreter, path);
    if (rank == NOMEM_MODULE_SYSTEMS || rank < highest) continue;
    if (rank > highest && tested->count > 0) memcpy(tested->paths[0], path, NOMEM_PATH_BYTES);
    tested->count = rank > highest ? 1 : tested->count + 1;
    highest = rank;
  }
}

void nomem__tested_modules_free(struct nomem__tested_modules *tested) {
  free(tested->paths);
  *tested = (struct nomem__tested_modules){0};
}

static bool is_tested(const struct nomem__tested_modules *tested, const struct nomem__trace_frame *frame) {
  for (size_t i = 0; i < tested->count; i++)
    if (strcmp(tested->paths[i], frame->path) == 0) return true;
  return false;
}

unsigned nomem__tested_frame(const struct nomem__tested_modules *tested, const struct nomem__trace *trace) {
  unsigned i = 0;
  while (i < trace->depth && !is_tested(tested, &trace->frame[i])) i++;
  return i;
}

/* Whether a frame is the interpreter's, which may be a small program with a large library. */
static bool is_interpreters(const struct nomem__tested_modules *tested, const struct nomem__trace_frame *frame) {
  const struct nomem__interpreter *interpreter = nomem__interpreter_of(tested->interpreter);
  return strcmp(tested->interpreter, frame->path) == 0 ||
         (interpreter != NULL && nomem__matches_any(interpreter->own_modules, frame->path));
}

/* Whether a call was made below such a module; by_itself: without the interpreter's doing. */
static bool is_below(const struct nomem__tested_modules *tested, const struct nomem__trace *trace, bool by_itself) {
  unsigned found = nomem__tested_frame(tested, trace);
  for (unsigned i = 0; i < found && by_itself; i++)
    if (is_interpreters(tested, &trace->frame[i])) return false;
  return found < trace->depth;
}

bool nomem__is_tested_call(const struct nomem__tested_modules *tested, const struct nomem__trace *fault) {
  if (tested == NULL || !tested->are_limit) return true;
  const struct nomem__interpreter *interpreter = nomem__interpreter_of(tested->interpreter);
  return is_below(tested, fault, interpreter != NULL && interpreter->needs_memory);
}

bool nomem__is_tested_block(const struct nomem__tested_modules *tested, const struct nomem__trace *allocation) {
  if (tested == NULL || !tested->are_limit) return true;
  const struct nomem__interpreter *interpreter = nomem__interpreter_of(tested->interpreter);
  return is_below(tested, allocation, interpreter != NULL && interpreter->frees_objects);
}

void nomem__blame_tested_module(const struct nomem__tested_modules *tested, struct nomem__trace *fault) {
  unsigned found = tested != NULL ? nomem__tested_frame(tested, fault) : fault->depth;
  if (found == fault->depth) return;
  fault->skipped_frames = found;
  for (unsigned i = found; i < fault->depth && !is_interpreters(tested, &fault->frame[i]); i++)
    if (is_tested(tested, &fault->frame[i])) fault->skipped_frames = i;
}

void nomem__blame_caller_of_interpreter(const struct nomem__tested_modules *tested, struct nomem__trace *blow_up) {
  const struct nomem__trace_frame *culprit = nomem__trace_culprit(blow_up);
  if (tested == NULL || culprit == NULL || blow_up->library_frames > 0 || !is_interpreters(tested, culprit)) return;
  unsigned found = nomem__tested_frame(tested, blow_up);
  if (found < blow_up->depth) blow_up->skipped_frames = found;
}

void nomem__tested_modules_name(const struct nomem__tested_modules *tested, char *text, size_t text_bytes) {
  char quoted[NOMEM_QUOTE_BYTES];
  size_t used = 0;
  text[0] = '\0';
  for (size_t i = 0; i < tested->count && i < NAMED_MAX && used < text_bytes; i++)
    used += (size_t)snprintf(text + used, text_bytes - used, "%s%s", i > 0 ? ", " : "",
                             nomem__quote(nomem__base_name(tested->paths[i]), quoted, sizeof quoted));
  if (tested->count > NAMED_MAX && used < text_bytes)
    snprintf(text + used, text_bytes - used, " and %zu more", tested->count - NAMED_MAX);
}
