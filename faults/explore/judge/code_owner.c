/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "code_owner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../program_kinds.h"
#include "../text/memory.h"
#include "framework_calls.h"
#include "left_by_jump.h"
#include "project_root.h"
#include "test_functions.h"
#include "test_names.h"

bool nomem__code_owners_has_program(const struct nomem__code_owners *code_owners, const char *path) {
  for (size_t i = 0; i < code_owners->program_count; i++)
    if (strcmp(code_owners->programs[i], path) == 0) return true;
  return false;
}

/* The function of a frame: of those inlined into one another, from one of them outwards, the innermost that is in no
 * header of the system's. */
static struct nomem__source_frame function_from(const struct nomem__code_owners *code_owners,
                                                const struct nomem__trace_frame *frame, size_t i) {
  struct nomem__source_frame sources[NOMEM_INLINED_MAX] = {0};
  size_t count = nomem__symbols_resolve(code_owners->symbols, frame->path, frame->offset, frame->is_return_address,
                                        sources, NOMEM_INLINED_MAX);
  if (i >= count) i = 0;
  while (i + 1 < count && sources[i].file != NULL &&
         (nomem__glob("/usr/include/*", sources[i].file) || nomem__glob("/usr/lib/*", sources[i].file)))
    i++;
  return sources[i];
}

static struct nomem__source_frame function_of(const struct nomem__code_owners *code_owners,
                                              const struct nomem__trace_frame *frame) {
  return function_from(code_owners, frame, 0);
}

/* The source file of a frame. NULL: not known. */
static const char *source_of(const struct nomem__code_owners *code_owners, const struct nomem__trace_frame *frame) {
  return function_of(code_owners, frame).file;
}

/* The part of a source path below the project's folder or the working directory. NULL: it lies elsewhere. */
static const char *below_root(const struct nomem__code_owners *code_owners, const char *file, const char *absolute) {
  size_t length = strlen(code_owners->root);
  if (length > 0 && strncmp(absolute, code_owners->root, length) == 0) return absolute + length;
  return *file != '/' ? file : NULL;
}

/* A source path made absolute, in the caller's buffer if need be. */
static const char *absolute_of(const struct nomem__code_owners *code_owners, const char *file,
                               char absolute[PATH_MAX]) {
  if (*file == '/') return file;
  int needed = snprintf(absolute, PATH_MAX, "%s%s", code_owners->here, file);
  return needed > 0 && needed < PATH_MAX ? absolute : file;
}

/* How much of a function's name says that it is test code: its outermost namespace, or all; from *place on. 0: none. */
static size_t name_of_test(const char *function, const char **place) {
  const char *name = function != NULL ? nomem__framework_function(function) : NULL;
  if (name == NULL && function != NULL && nomem__is_fuzz_harness(function)) name = function;
  if (name == NULL) return 0;
  const char *colons = strstr(name, "::");
  *place = name;
  return colons != NULL ? (size_t)(colons - name) : strcspn(name, "(");
}

/* Whether a source file is known for what it holds: main() of a test, or what a fuzzer calls with each input. */
static bool is_file_of_test(const struct nomem__code_owners *code_owners, const char *file) {
  return (code_owners->main_file != NULL && strcmp(file, code_owners->main_file) == 0) ||
         (code_owners->harness_file != NULL && strcmp(file, code_owners->harness_file) == 0);
}

/* Whether it makes the variables of a file that tells a framework of its tests. The rest of it may be under test. */
static bool is_registry(const struct nomem__code_owners *code_owners, const struct nomem__source_frame *source) {
  bool is_initialiser = source->function != NULL && source->file != NULL && nomem__is_initialiser(source->function);
  for (size_t i = 0; i < code_owners->registry_count && is_initialiser; i++)
    if (strcmp(source->file, code_owners->registry_files[i]) == 0) return true;
  return false;
}

/* Guesses whether a frame is test code. The first *bytes of *place then name the test code for users. */
static bool guess_is_test(const struct nomem__code_owners *code_owners, const struct nomem__trace_frame *frame,
                          const struct nomem__source_frame *source, char absolute[PATH_MAX], const char **place,
                          size_t *bytes) {
  const char *module = nomem__base_name(frame->path), *file = source->file;
  *bytes = file != NULL ? nomem__framework_source(file) : 0;
  if (*bytes > 0) {
    const char *end = file + *bytes;
    for (*place = end - 1; *place > file && (*place)[-1] != '/'; (*place)--) continue;
    *bytes = (size_t)(end - *place);
    return true;
  }
  *place = module;
  *bytes = strlen(module);
  if (nomem__is_test_library(module)) return true;
  *place = file != NULL ? below_root(code_owners, file, absolute_of(code_owners, file, absolute)) : NULL;
  *bytes = *place != NULL ? nomem__test_source(*place) : 0;
  if (*bytes > 0) return true;
  *place = file != NULL ? file : module;
  *bytes = strlen(*place);
  if ((file != NULL && is_file_of_test(code_owners, file)) || is_registry(code_owners, source)) return true;
  *bytes = name_of_test(source->function, place);
  if (*bytes > 0) return true;
  if (nomem__is_test_function(code_owners, source)) {
    *place = source->function;
    *bytes = strlen(source->function);
    return true;
  }
  *place = module;
  *bytes = strlen(module);
  return !code_owners->has_sources && nomem__code_owners_has_program(code_owners, frame->path) &&
         nomem__is_test_program(module);
}

/* Whether a function is an instance of a C++ library's template, or of Rust's libraries, which the compiler puts into
 * the program. Without debug information its name says so. */
static bool is_runtime_source(const struct nomem__source_frame *source) {
  static const char *const files[] = {"/usr/include/*c++/*", "/rustc/*", "*/library/std/src/*", "*/library/core/src/*",
                                      "*/library/alloc/src/*"};
  if (source->file == NULL) return source->function != NULL && nomem__is_runtime_function(source->function);
  for (size_t i = 0; i < sizeof files / sizeof *files; i++)
    if (nomem__glob(files[i], source->file)) return true;
  return false;
}

bool nomem__is_runtime_code(const struct nomem__code_owners *code_owners, const struct nomem__trace_frame *frame) {
  const struct nomem__source_frame source = function_of(code_owners, frame);
  return *frame->path == '\0' || nomem__is_runtime(nomem__base_name(frame->path)) || is_runtime_source(&source);
}

static enum nomem__code_owner owner_from(const struct nomem__code_owners *code_owners,
                                         const struct nomem__trace_frame *frame, size_t inlined) {
  const char *module = nomem__base_name(frame->path), *place;
  char absolute[PATH_MAX];
  size_t bytes;
  if (*frame->path == '\0' || nomem__is_runtime(module)) return NOMEM_OWNER_RUNTIME;
  if (!code_owners->is_divided) return NOMEM_OWNER_UNDER_TEST;
  const struct nomem__source_frame source = function_from(code_owners, frame, inlined);
  if (is_runtime_source(&source)) return NOMEM_OWNER_RUNTIME;
  bool is_test = code_owners->globs != NULL ? nomem__code_owners_has_program(code_owners, frame->path) &&
                                                  !nomem__is_under_test(code_owners->globs, source.file, module)
                                            : guess_is_test(code_owners, frame, &source, absolute, &place, &bytes);
  return is_test ? NOMEM_OWNER_TEST : NOMEM_OWNER_UNDER_TEST;
}

enum nomem__code_owner nomem__code_owner_of(const struct nomem__code_owners *code_owners,
                                            const struct nomem__trace_frame *frame) {
  return owner_from(code_owners, frame, 0);
}

/* Whether a function is one of C that its header defines: a thin layer, whose calls are its caller's. */
static bool is_layer_of_header(const struct nomem__source_frame *source) {
  return source->file != NULL && source->function != NULL && strchr(source->function, ':') == NULL &&
         nomem__glob("*.h", source->file);
}

enum nomem__code_owner nomem__code_owner_at(const struct nomem__code_owners *code_owners,
                                            const struct nomem__trace *trace, unsigned number) {
  const struct nomem__trace_frame *frame = &trace->frame[number];
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  if (frame <= nomem__trace_culprit(trace)) return nomem__code_owner_of(code_owners, frame);
  size_t i = 0, count = nomem__symbols_resolve(code_owners->symbols, frame->path, frame->offset,
                                               frame->is_return_address, sources, NOMEM_INLINED_MAX);
  while (i + 1 < count && is_layer_of_header(&sources[i])) i++;
  return owner_from(code_owners, frame, i);
}

bool nomem__is_test_code(const struct nomem__code_owners *code_owners, const struct nomem__trace *trace) {
  const struct nomem__trace_frame *frame = nomem__trace_culprit(trace), *end = trace->frame + trace->depth;
  if (frame == NULL || !code_owners->is_divided) return false;
  enum nomem__code_owner owner = owner_from(code_owners, frame, trace->shown_function);
  while (owner == NOMEM_OWNER_RUNTIME && ++frame < end) owner = nomem__code_owner_of(code_owners, frame);
  return frame < end && owner == NOMEM_OWNER_TEST && !nomem__was_left_by_jump(code_owners, trace, frame);
}

unsigned nomem__next_test_call(const struct nomem__code_owners *code_owners, const struct nomem__trace *trace,
                               unsigned from) {
  if (from == 0) from = nomem__count_allocator_frames(code_owners, trace);
  enum nomem__code_owner called = from > 0 ? nomem__code_owner_at(code_owners, trace, from - 1) : NOMEM_OWNER_RUNTIME;
  for (enum nomem__code_owner owner; from < trace->depth; from++, called = owner) {
    owner = nomem__code_owner_at(code_owners, trace, from);
    if (owner == NOMEM_OWNER_TEST && called != NOMEM_OWNER_TEST) break;
  }
  return from;
}

/* Whether a frame is known to be under test. A program's code without a source, such as what calls main(), is not. */
static bool is_known_under_test(const struct nomem__code_owners *code_owners, const struct nomem__trace_frame *frame) {
  return nomem__code_owner_of(code_owners, frame) == NOMEM_OWNER_UNDER_TEST &&
         (!nomem__code_owners_has_program(code_owners, frame->path) || source_of(code_owners, frame) != NULL);
}

bool nomem__is_test_call(const struct nomem__code_owners *code_owners, const struct nomem__trace *fault) {
  if (code_owners->has_test_calls_only) return false;
  if (nomem__is_call_of_framework(code_owners, fault) || nomem__is_call_of_helper(code_owners, fault)) return true;
  if (!nomem__is_test_code(code_owners, fault) || nomem__count_allocator_frames(code_owners, fault) > 0) return false;
  for (unsigned i = 0; i < fault->depth && code_owners->allocates_through_test; i++)
    if (is_known_under_test(code_owners, &fault->frame[i])) return false;
  return true;
}

const char *nomem__name_owner(const struct nomem__code_owners *code_owners, const struct nomem__trace_frame *frame,
                              char whose[NOMEM_OWNER_NAME_BYTES]) {
  const char *module = nomem__base_name(frame->path);
  if (nomem__code_owner_of(code_owners, frame) == NOMEM_OWNER_TEST) return "the test";
  if (*module == '\0' || nomem__code_owners_has_program(code_owners, frame->path)) return "";
  if (nomem__glob("libc.so.*", module)) return "libc";
  const char *version = strstr(module, ".so.");
  int length = version != NULL ? (int)(version - module) + (int)strlen(".so") : (int)strlen(module);
  snprintf(whose, NOMEM_OWNER_NAME_BYTES, "%.*s", length, module);
  return whose;
}

/* The folder of a source file, with its slash. False: it is not known. */
static bool folder_of(const struct nomem__code_owners *code_owners, const char *file, char folder[PATH_MAX]) {
  char absolute[PATH_MAX];
  const char *path = absolute_of(code_owners, file, absolute);
  size_t length = (size_t)(nomem__base_name(path) - path);
  if (*path != '/' || length >= PATH_MAX) return false;
  memcpy(folder, path, length);
  folder[length] = '\0';
  return true;
}

static int by_value(const void *left, const void *right) {
  nomem_frame a = *(const nomem_frame *)left, b = *(const nomem_frame *)right;
  return a < b ? -1 : a > b;
}

/* The frames of all sites, each once: few, but for those that stand in many stacks. */
struct frames {
  const struct nomem_channel *channel;
  nomem_frame *list; /* owned */
  size_t count;
};

static int collect_frames(struct frames *frames) {
  const struct nomem_channel *channel = frames->channel;
  uint32_t count = channel->site_count < NOMEM_SITES ? channel->site_count : NOMEM_SITES;
  frames->list = nomem__calloc((size_t)count * NOMEM_DEPTH + 1, sizeof *frames->list);
  size_t filled = 0;
  for (uint32_t i = 0; i < count; i++)
    for (uint32_t f = 0; f < channel->sites[i].depth && f < NOMEM_DEPTH && channel->sites[i].count > 0; f++)
      frames->list[filled++] = channel->sites[i].frame[f];
  qsort(frames->list, filled, sizeof *frames->list, by_value);
  for (size_t i = 0; i < filled; i++)
    if (i == 0 || frames->list[i] != frames->list[i - 1]) frames->list[frames->count++] = frames->list[i];
  return 0;
}

static void each_frame(const struct frames *frames,
                       void (*visit)(struct nomem__code_owners *code_owners, const struct nomem__trace_frame *frame),
                       struct nomem__code_owners *code_owners) {
  for (size_t i = 0; i < frames->count; i++) {
    struct nomem__trace trace;
    nomem__trace_of_frames(frames->channel, &frames->list[i], 1, &trace);
    if (nomem__code_owner_of(code_owners, &trace.frame[0]) != NOMEM_OWNER_RUNTIME) visit(code_owners, &trace.frame[0]);
  }
}

/* The project's folder is what the folders of the programs' sources have in common. */
static void note_program_source(struct nomem__code_owners *code_owners, const struct nomem__trace_frame *frame) {
  char folder[PATH_MAX];
  const char *file = nomem__code_owners_has_program(code_owners, frame->path) ? source_of(code_owners, frame) : NULL;
  if (file == NULL) return;
  code_owners->has_sources = true;
  if (!folder_of(code_owners, file, folder) || nomem__glob("/usr/*", folder)) return; /* such as a test framework's */
  if (code_owners->root[0] == '\0')
    memcpy(code_owners->root, folder, sizeof folder);
  else
    nomem__project_root_cut(code_owners->root, folder);
}

static void note_library_source(struct nomem__code_owners *code_owners, const struct nomem__trace_frame *frame) {
  char folder[PATH_MAX];
  const char *file = nomem__code_owners_has_program(code_owners, frame->path) ? NULL : source_of(code_owners, frame);
  if (file != NULL && folder_of(code_owners, file, folder)) nomem__project_root_widen(code_owners->root, folder);
}

/* The file with the function that a fuzzer calls with each input. */
static void find_harness(struct nomem__code_owners *code_owners, const struct nomem__trace_frame *frame) {
  const struct nomem__source_frame source = function_of(code_owners, frame);
  if (source.function == NULL || !nomem__is_fuzz_harness(source.function)) return;
  code_owners->has_harness = true;
  if (source.file != NULL) code_owners->harness_file = source.file;
}

/* A file whose variables are made by a framework's functions, inlined there. */
static void find_registry(struct nomem__code_owners *code_owners, const struct nomem__trace_frame *frame) {
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  size_t count = nomem__symbols_resolve(code_owners->symbols, frame->path, frame->offset, frame->is_return_address,
                                        sources, NOMEM_INLINED_MAX);
  const struct nomem__source_frame *outer = count > 1 && sources[count - 1].file != NULL ? &sources[count - 1] : NULL;
  if (outer == NULL || outer->function == NULL || code_owners->registry_count == NOMEM_REGISTRY_FILES) return;
  for (size_t i = 0; i + 1 < count && nomem__is_initialiser(outer->function) && !is_registry(code_owners, outer); i++)
    if (sources[i].function != NULL && nomem__framework_function(sources[i].function) != NULL)
      code_owners->registry_files[code_owners->registry_count++] = outer->file;
}

/* The file with main() is test code in a program that is called like a test, or that feeds a fuzzer's function. A
 * program whose name only ends in test, such as pngtest, is one if that file's name does, too. */
static void find_main_file(struct nomem__code_owners *code_owners, const struct nomem__trace_frame *frame) {
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  const char *program = nomem__base_name(frame->path);
  bool is_test = code_owners->takes_any_main || code_owners->has_harness || nomem__is_test_program(program);
  if (!nomem__code_owners_has_program(code_owners, frame->path) || (!is_test && !nomem__glob("*test", program))) return;
  size_t count = nomem__symbols_resolve(code_owners->symbols, frame->path, frame->offset, frame->is_return_address,
                                        sources, NOMEM_INLINED_MAX);
  const char *function = count > 0 ? sources[count - 1].function : NULL;
  const char *file = count > 0 ? sources[count - 1].file : NULL;
  if (function == NULL || strcmp(function, "main") != 0 || file == NULL) return;
  if (is_test || nomem__glob("*test.?*", nomem__base_name(file))) code_owners->main_file = file;
}

bool nomem__is_framework_code(const struct nomem__code_owners *code_owners, const struct nomem__trace_frame *frame) {
  const struct nomem__source_frame source = function_of(code_owners, frame);
  return nomem__is_test_library(nomem__base_name(frame->path)) ||
         (source.function != NULL && nomem__framework_function(source.function) != NULL) ||
         (source.file != NULL && nomem__framework_source(source.file) > 0);
}

static void note_framework(struct nomem__code_owners *code_owners, const struct nomem__trace_frame *frame) {
  const char *file = source_of(code_owners, frame);
  char folder[PATH_MAX];
  if (nomem__is_framework_code(code_owners, frame))
    code_owners->has_framework = true;
  else if (file != NULL && folder_of(code_owners, file, folder) && strcmp(folder, code_owners->root) != 0)
    code_owners->has_folders |= strncmp(folder, code_owners->root, strlen(code_owners->root)) == 0;
}

/* Where only the tests of one folder allocate, and a framework shows that they are tests, the project's folder is the
 * one above. */
static void leave_test_folder(struct nomem__code_owners *code_owners) {
  size_t length = strlen(code_owners->root), last = length > 0 ? length - 1 : 0;
  while (last > 0 && code_owners->root[last - 1] != '/') last--;
  if (last > 0 && nomem__test_source(code_owners->root + last) == length - last) code_owners->root[last] = '\0';
}

static void note_match(struct nomem__code_owners *code_owners, const struct nomem__trace_frame *frame) {
  if (nomem__is_under_test(code_owners->globs, source_of(code_owners, frame), nomem__base_name(frame->path)))
    code_owners->has_match = true;
}

/* Notes a place of test code, to be named to users. */
static void note_place(struct nomem__code_owners *code_owners, const struct nomem__trace_frame *frame) {
  char absolute[PATH_MAX];
  const struct nomem__source_frame source = function_of(code_owners, frame);
  const char *place;
  size_t bytes;
  if (!guess_is_test(code_owners, frame, &source, absolute, &place, &bytes)) return;
  if (code_owners->place_count == NOMEM_TEST_CODE_PLACES) return;
  char *text = nomem__format("%.*s%s", (int)bytes, place, place[bytes - 1] == '/' ? "*" : "");
  for (size_t i = 0; i < code_owners->place_count; i++) {
    if (strcmp(code_owners->places[i], text) != 0) continue;
    free(text);
    return;
  }
  code_owners->places[code_owners->place_count++] = text;
}

/* How many sites are not the test's own calls. */
static size_t count_other_sites(const struct nomem__code_owners *code_owners, const struct nomem_channel *channel) {
  uint32_t count = channel->site_count < NOMEM_SITES ? channel->site_count : NOMEM_SITES;
  size_t found = 0;
  for (uint32_t i = 0; i < count; i++) {
    struct nomem__trace trace;
    if (channel->sites[i].count == 0) continue;
    nomem__trace_of_frames(channel, channel->sites[i].frame, channel->sites[i].depth, &trace);
    if (nomem__trace_culprit(&trace) == NULL) continue;
    found += !nomem__is_test_call(code_owners, &trace);
  }
  return found;
}

static int learn_programs(struct nomem__code_owners *code_owners, const struct nomem_channel *channel) {
  uint32_t count = channel->image_count < NOMEM_IMAGES ? channel->image_count : NOMEM_IMAGES;
  code_owners->programs = nomem__calloc(count + 1, sizeof *code_owners->programs);
  for (uint32_t i = 0; i < count; i++) {
    char *path = code_owners->programs[code_owners->program_count];
    memcpy(path, channel->images[i].path, NOMEM_PATH_BYTES - 1);
    if (!nomem__code_owners_has_program(code_owners, path)) code_owners->program_count++;
  }
  return 0;
}

/* Collects what the guess is based on, and whether there is any test code; or whether --under-test matches any code. */
static void examine_frames(struct nomem__code_owners *code_owners, const struct frames *frames) {
  each_frame(frames, note_program_source, code_owners);
  code_owners->is_coarse = !code_owners->has_sources;
  if (code_owners->globs != NULL) {
    each_frame(frames, note_match, code_owners);
    return;
  }
  each_frame(frames, note_library_source, code_owners);
  each_frame(frames, note_framework, code_owners);
  if (code_owners->has_framework)
    nomem__test_functions_learn(code_owners, frames->channel, frames->list, frames->count);
  if (code_owners->has_framework && !code_owners->has_folders) leave_test_folder(code_owners);
  each_frame(frames, find_harness, code_owners);
  each_frame(frames, find_main_file, code_owners);
  each_frame(frames, find_registry, code_owners);
  each_frame(frames, note_place, code_owners);
  code_owners->has_match = code_owners->place_count > 0;
}

/* So many functions of a program are asked for their owner. */
#define FUNCTIONS_MAX 8192

/* The search of one program for code under test. */
struct code_search {
  const struct nomem__code_owners *code_owners;
  const char *path;
  bool has_found;
};

static void look_at_function(void *user, uint64_t offset) {
  struct code_search *search = user;
  const struct nomem__trace_frame frame = {search->path, offset, false};
  search->has_found = search->has_found || is_known_under_test(search->code_owners, &frame);
}

/* Whether a program of the run has code under test, though it allocates nothing. */
static bool has_code_under_test(const struct nomem__code_owners *code_owners) {
  struct code_search search = {.code_owners = code_owners};
  for (size_t i = 0; i < code_owners->program_count && !search.has_found; i++) {
    search.path = code_owners->programs[i];
    nomem__symbols_each_function(code_owners->symbols, search.path, FUNCTIONS_MAX, look_at_function, &search);
  }
  return search.has_found;
}

/* Decides whether test code and code under test are told apart. Returns as nomem__code_owners_learn. */
static int divide(struct nomem__code_owners *code_owners, const struct frames *frames) {
  examine_frames(code_owners, frames);
  if (!code_owners->has_match) return code_owners->globs == NULL ? 0 : -ENOENT;
  code_owners->is_divided = true;
  nomem__framework_helpers_learn(code_owners, frames->channel);
  if (count_other_sites(code_owners, frames->channel) > 0) return 0;
  code_owners->allocates_through_test = true; /* a test may bring its own allocator for the code under test */
  if (count_other_sites(code_owners, frames->channel) > 0) return 0;
  code_owners->allocates_through_test = false;
  code_owners->has_test_calls_only =
      code_owners->globs == NULL && !code_owners->has_framework && has_code_under_test(code_owners);
  if (code_owners->has_test_calls_only) return 0;
  code_owners->is_divided = false;
  if (code_owners->globs != NULL) return -ENOENT;
  /* Where only test code allocates, it is what is to be tested, unless a framework shows that it is a test indeed. */
  return code_owners->has_framework ? -ENODATA : 0;
}

/* What uses the other code of a program in which no test code is told apart. */
static void learn_callers(struct nomem__code_owners *code_owners, const struct frames *frames) {
  struct nomem__code_owners *callers = nomem__calloc(1, sizeof *callers);
  *callers = (struct nomem__code_owners){.symbols = code_owners->symbols, .takes_any_main = true};
  memcpy(callers->here, code_owners->here, sizeof callers->here);
  learn_programs(callers, frames->channel);
  each_frame(frames, note_program_source, callers);
  each_frame(frames, find_main_file, callers);
  callers->is_divided = callers->main_file != NULL;
  callers->is_divided = callers->is_divided && count_other_sites(callers, frames->channel) > 0;
  code_owners->callers = callers;
}

const struct nomem__code_owners *nomem__code_owners_callers(const struct nomem__code_owners *code_owners) {
  return code_owners->is_divided || code_owners->callers == NULL ? code_owners : code_owners->callers;
}

int nomem__code_owners_learn(struct nomem__code_owners *code_owners, const char *globs,
                             const struct nomem_channel *channel, struct nomem__symbols *symbols) {
  struct frames frames = {.channel = channel};
  *code_owners = (struct nomem__code_owners){.globs = globs, .symbols = symbols, .tested = code_owners->tested};
  if (code_owners->tested != NULL && code_owners->tested->are_limit) return 0;
  const char *here = nomem__symbols_directory(symbols);
  snprintf(code_owners->here, sizeof code_owners->here, "%s", here != NULL ? here : "./");
  int result = learn_programs(code_owners, channel);
  if (result == 0) result = collect_frames(&frames);
  if (result == 0) result = divide(code_owners, &frames);
  bool may_have_callers = !code_owners->is_divided && globs == NULL && code_owners->tested == NULL;
  if (result == 0 && may_have_callers) learn_callers(code_owners, &frames);
  free(frames.list);
  return result;
}

void nomem__code_owners_free(struct nomem__code_owners *code_owners) {
  if (code_owners->callers != NULL) nomem__code_owners_free(code_owners->callers);
  free(code_owners->callers);
  for (size_t i = 0; i < code_owners->place_count; i++) free(code_owners->places[i]);
  nomem__framework_helpers_free(code_owners);
  nomem__test_functions_free(code_owners);
  free(code_owners->programs);
  *code_owners = (struct nomem__code_owners){0};
}
