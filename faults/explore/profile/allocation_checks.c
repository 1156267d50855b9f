/* SPDX-License-Identifier: MIT */
#include "allocation_checks.h"

#include <stdlib.h>
#include <string.h>

#include "../code/function_code.h"
#include "../code/value_use.h"
#include "../stack/debug_info.h"
#include "../text/grow.h"
#include "../text/json_values.h"
#include "../text/memory.h"
#include "source_paths.h"

/* A module has no more functions that are looked at. */
#define FUNCTIONS_MAX 200000
/* A function that returns what another one returns, and so on: so deep. */
#define WRAPPERS_MAX 8

/* A call in a module. */
struct call {
  const char *module;
  uint64_t function, return_address, target; /* the last is 0: it goes to another module */
  const char *name;                          /* of what is called there; NULL: it goes to this one */
};

/* A function that may return the result of an allocation. */
struct allocator {
  const char *module;
  uint64_t start;
  const char *name;
};

struct search {
  struct nomem__symbols *symbols;
  struct call *calls;
  size_t call_count, call_room;
  struct allocator *allocators;
  size_t allocator_count, allocator_room;
  const char *module; /* that is being read */
  uint64_t *starts;   /* of its functions, sorted */
  size_t start_count, start_room;
};

static int by_address(const void *left, const void *right) {
  const uint64_t *a = left, *b = right;
  return *a < *b ? -1 : *a > *b;
}

static bool has_address(const uint64_t *list, size_t count, uint64_t address) {
  return count > 0 && bsearch(&address, list, count, sizeof address, by_address) != NULL;
}

static bool is_allocation(const char *name) {
  static const char *const names[] = {NOMEM_AN_ALLOCATION,
                                      "malloc",
                                      "calloc",
                                      "realloc",
                                      "reallocarray",
                                      "aligned_alloc",
                                      "memalign",
                                      "valloc",
                                      "pvalloc",
                                      "strdup",
                                      "strndup",
                                      "wcsdup",
                                      "fopen",
                                      "fopen64",
                                      "fdopen",
                                      "opendir",
                                      "fdopendir",
                                      "open_memstream",
                                      "fmemopen",
                                      "tmpfile",
                                      "popen",
                                      "__strdup",
                                      "__strndup",
                                      "operator new(unsigned long, std::nothrow_t const&)",
                                      "operator new[](unsigned long, std::nothrow_t const&)"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(name, names[i]) == 0) return true;
  return false;
}

/* By name only where it lies in another module: functions of one module may have names that another one uses, too.
 * Returns the name of what is called; NULL: it is no allocation. */
static const char *find_allocator(const struct search *search, const struct call *call) {
  for (size_t i = 0; i < search->allocator_count; i++) {
    const struct allocator *allocator = &search->allocators[i];
    bool is_it = call->name == NULL ? allocator->start == call->target && strcmp(allocator->module, call->module) == 0
                                    : strcmp(allocator->name, call->name) == 0;
    if (is_it) return allocator->name;
  }
  return call->name != NULL && is_allocation(call->name) ? call->name : NULL;
}

static void add_allocator(struct search *search, const struct call *call) {
  struct nomem__source_frame frames[NOMEM_INLINED_MAX];
  for (size_t i = 0; i < search->allocator_count; i++)
    if (search->allocators[i].start == call->function && strcmp(search->allocators[i].module, call->module) == 0)
      return;
  size_t count =
      nomem__symbols_resolve(search->symbols, call->module, call->function, false, frames, NOMEM_INLINED_MAX);
  const char *name = count > 0 ? frames[count - 1].function : NULL;
  search->allocators =
      nomem__grow(search->allocators, search->allocator_count, &search->allocator_room, sizeof *search->allocators);
  search->allocators[search->allocator_count++] =
      (struct allocator){call->module, call->function, name != NULL ? name : ""};
}

static void note_start(void *user, uint64_t start) {
  struct search *search = user;
  search->starts = nomem__grow(search->starts, search->start_count, &search->start_room, sizeof *search->starts);
  search->starts[search->start_count++] = start;
}

static void read_function(struct search *search, uint64_t start) {
  const struct nomem__function_code *code = nomem__symbols_find_code(search->symbols, search->module, start);
  if (code == NULL || code->start != start) return;
  for (size_t i = 0; i < code->count; i++) {
    const struct nomem__instruction *instruction = &code->list[i];
    struct call call = {.module = search->module,
                        .function = start,
                        .return_address = instruction->address + instruction->length,
                        .target = instruction->target};
    if (instruction->operation != NOMEM_OPERATION_CALL) continue;
    if (!has_address(search->starts, search->start_count, call.target)) {
      call.name = nomem__symbols_find_called(search->symbols, search->module, call.return_address);
      if (call.name == NULL) continue;
    }
    search->calls = nomem__grow(search->calls, search->call_count, &search->call_room, sizeof *search->calls);
    search->calls[search->call_count++] = call;
  }
}

/* Several names of one function are one function. */
static void read_module(struct search *search) {
  search->start_count = 0;
  nomem__symbols_each_function(search->symbols, search->module, FUNCTIONS_MAX, note_start, search);
  if (search->start_count > 0) qsort(search->starts, search->start_count, sizeof *search->starts, by_address);
  for (size_t i = 0; i < search->start_count; i++)
    if (i == 0 || search->starts[i - 1] != search->starts[i]) read_function(search, search->starts[i]);
}

/* What either compiler's run-time has in each module that it measures. */
static bool is_measured(struct nomem__symbols *symbols, const char *module) {
  return nomem__symbols_has_symbol(symbols, module, "__gcov_exit") ||
         nomem__symbols_has_symbol(symbols, module, "__llvm_profile_write_file");
}

static const char *find_module(const struct nomem__strings *modules, const char *path) {
  for (size_t i = 0; i < modules->count; i++)
    if (strcmp(modules->list[i], path) == 0) return modules->list[i];
  return NULL;
}

/* Of one module the start of a function counts, of others its name. */
static void add_observed(struct search *search, const struct nomem__strings *modules, const json_t *observed) {
  uint64_t return_address = nomem__json_count(observed, "return_address");
  const char *module = find_module(modules, nomem__json_string(observed, "module"));
  if (module == NULL || !is_measured(search->symbols, module)) return;
  const struct nomem__function_code *code = nomem__symbols_find_code(search->symbols, module, return_address - 1);
  if (code == NULL) return;
  struct call call = {.module = module, .function = code->start, .return_address = return_address};
  if (strcmp(nomem__json_string(observed, "callee_module"), module) == 0)
    call.target = nomem__json_count(observed, "callee");
  else
    call.name = nomem__json_string(observed, "name");
  search->calls = nomem__grow(search->calls, search->call_count, &search->call_room, sizeof *search->calls);
  search->calls[search->call_count++] = call;
}

static bool returns_pointer(const struct search *search, const struct call *call) {
  struct nomem__debug_result result = nomem__symbols_find_result(search->symbols, call->module, call->function);
  return result.kind == NOMEM_RESULT_POINTER;
}

/* Adds the functions that may return what an allocator has returned. Returns whether there are any that were not known.
 */
static bool add_wrappers(struct search *search) {
  static const struct nomem__returned unknown = {false, 0};
  size_t before = search->allocator_count;
  for (size_t i = 0; i < search->call_count; i++) {
    const struct call *call = &search->calls[i];
    struct nomem__value_use use;
    if (find_allocator(search, call) == NULL || !returns_pointer(search, call)) continue;
    const struct nomem__function_code *code = nomem__symbols_find_code(search->symbols, call->module, call->function);
    if (nomem__find_uses(code, call->return_address, &unknown, &use) && use.may_be_returned)
      add_allocator(search, call);
  }
  return search->allocator_count > before;
}

/* The branches of one line in one module. */
static void add_check(struct nomem__check_lines *lines, size_t first, const struct nomem__source_frame *frame,
                      const char *directory, const char *called) {
  char *path = nomem__source_path(directory, frame->file);
  for (size_t i = first; i < lines->count; i++) {
    struct nomem__check_line *line = &lines->list[i];
    if (line->line != frame->line || strcmp(line->path, path) != 0) continue;
    line->count++;
    free(path);
    return;
  }
  lines->list = nomem__grow(lines->list, lines->count, &lines->room, sizeof *lines->list);
  lines->list[lines->count++] = (struct nomem__check_line){path, frame->line, frame->function, called, 1};
}

/* Two calls may have one branch that checks the results of both. */
struct known_checks {
  uint64_t *list;
  size_t count, room;
};

static void note_known(struct known_checks *known, uint64_t address) {
  known->list = nomem__grow(known->list, known->count, &known->room, sizeof *known->list);
  known->list[known->count++] = address;
  qsort(known->list, known->count, sizeof *known->list, by_address);
}

static void add_checks(struct search *search, struct nomem__check_lines *lines, const char *module) {
  struct known_checks known = {0};
  size_t first = lines->count;
  for (size_t i = 0; i < search->call_count; i++) {
    const struct call *call = &search->calls[i];
    uint64_t checks[NOMEM_CHECKS_MAX];
    const char *called = call->module == module ? find_allocator(search, call) : NULL;
    if (called == NULL) continue;
    const struct nomem__function_code *code = nomem__symbols_find_code(search->symbols, module, call->function);
    size_t count = nomem__find_checks(code, call->return_address, checks);
    for (size_t check = 0; check < count; check++) {
      struct nomem__source_frame frame;
      if (has_address(known.list, known.count, checks[check])) continue;
      note_known(&known, checks[check]);
      nomem__symbols_resolve(search->symbols, module, checks[check], false, &frame, 1);
      if (frame.file != NULL && frame.line != 0)
        add_check(lines, first, &frame, nomem__symbols_directory(search->symbols), called);
    }
  }
  free(known.list);
}

static int by_place(const void *left, const void *right) {
  const struct nomem__check_line *a = left, *b = right;
  int order = strcmp(a->path, b->path);
  return order != 0 ? order : a->line < b->line ? -1 : a->line > b->line;
}

/* Programs that have the same code in them have the same checks. */
static void join(struct nomem__check_lines *lines) {
  size_t kept = 0;
  if (lines->count > 0) qsort(lines->list, lines->count, sizeof *lines->list, by_place);
  for (size_t i = 0; i < lines->count; i++) {
    if (kept > 0 && by_place(&lines->list[kept - 1], &lines->list[i]) == 0) {
      if (lines->list[i].count > lines->list[kept - 1].count) lines->list[kept - 1].count = lines->list[i].count;
      free(lines->list[i].path);
    } else {
      lines->list[kept++] = lines->list[i];
    }
  }
  lines->count = kept;
}

void nomem__allocation_checks_find(struct nomem__symbols *symbols, const struct nomem__strings *modules,
                                   const json_t *observed, struct nomem__check_lines *lines) {
  struct search search = {.symbols = symbols};
  for (size_t i = 0; i < modules->count; i++) {
    search.module = modules->list[i];
    if (is_measured(symbols, search.module)) read_module(&search);
  }
  for (size_t i = 0; i < json_array_size(observed); i++) add_observed(&search, modules, json_array_get(observed, i));
  for (unsigned depth = 0; depth < WRAPPERS_MAX && add_wrappers(&search); depth++) continue;
  for (size_t i = 0; i < modules->count; i++) add_checks(&search, lines, modules->list[i]);
  join(lines);
  free(search.starts);
  free(search.calls);
  free(search.allocators);
}

void nomem__check_lines_free(struct nomem__check_lines *lines) {
  for (size_t i = 0; i < lines->count; i++) free(lines->list[i].path);
  free(lines->list);
  *lines = (struct nomem__check_lines){0};
}
