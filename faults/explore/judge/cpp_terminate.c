/* SPDX-License-Identifier: MIT */
#include "cpp_terminate.h"

#include <stddef.h>
#include <string.h>

#include "../../program_kinds.h"

static bool matches(const char *name, const char *const *globs, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (nomem__glob(globs[i], name)) return true;
  return false;
}

#define MATCHES(name, ...) \
  matches(name, (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* A demangled name without the type that a function template returns: the last word before its parameters. */
static const char *without_type(const char *name) {
  int depth = 0;
  for (const char *c = name; *c != '\0' && (*c != '(' || depth > 0); c++) {
    depth += (*c == '<') - (*c == '>');
    if (strncmp(c, " [clone", strlen(" [clone")) == 0) break;
    if (*c == ' ' && depth == 0) name = c + 1;
  }
  return name;
}

/* The name of a frame's function; "" when it is not known. */
static const char *name_of(const struct nomem__trace_frame *frame, struct nomem__symbols *symbols) {
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  size_t count =
      nomem__symbols_resolve(symbols, frame->path, frame->offset, frame->is_return_address, sources, NOMEM_INLINED_MAX);
  return count > 0 && sources[count - 1].function != NULL ? sources[count - 1].function : "";
}

/* Code of the run-times, also where it is linked into the program or made from a template there. */
static bool is_runtime(const struct nomem__trace_frame *frame, const char *name) {
  return nomem__is_runtime(nomem__base_name(frame->path)) || MATCHES(name, "operator new*", "raise", "abort") ||
         MATCHES(without_type(name), "std::*", "__gnu_cxx::*", "__cxxabiv1::*", "__cxa_*", "_Unwind_*", "__gxx_*",
                 "__clang_call_terminate", "_start", "__libc_start*", "start_thread", "clone*", "__clone*",
                 "__pthread_kill*");
}

/* So many of the innermost frames may be the end of a process. */
#define LAST_FRAMES 16

/* Whether a run-time ends the process because its own allocation has failed, which it has no way to report: Rust's,
 * when anything of Rust's has no memory, and the C library's, when a variable of a thread is to be destroyed at its
 * end. */
static bool has_no_memory(const struct nomem__trace *trace, struct nomem__symbols *symbols) {
  for (unsigned i = trace->skipped_frames; i < trace->depth && i < LAST_FRAMES; i++) {
    const char *name = name_of(&trace->frame[i], symbols);
    if (MATCHES(name, "rust_oom", "__rg_oom", "__rust_alloc_error_handler", "alloc::alloc::handle_alloc_error*",
                "__cxa_thread_atexit_impl"))
      return true;
  }
  return false;
}

void nomem__cpp_terminate_mark(struct nomem__trace *trace, struct nomem__symbols *symbols) {
  unsigned thrower = trace->skipped_frames, outermost;
  bool has_terminated = false, has_promise = false, has_thrown = true;
  if (has_no_memory(trace, symbols)) {
    trace->terminate = NOMEM_TERMINATE_UNTHROWN;
    return;
  }
  for (; thrower < trace->depth; thrower++) {
    const char *name = name_of(&trace->frame[thrower], symbols);
    if (!is_runtime(&trace->frame[thrower], name)) break;
    has_promise |= MATCHES(name, "__gxx_personality_v0", "__clang_call_terminate");
    has_terminated |= MATCHES(name, "std::terminate*");
    has_thrown &= strcmp(name, "__cxa_allocate_exception") != 0;
  }
  if ((!has_terminated && !has_promise) || thrower == trace->depth) return;
  for (outermost = trace->depth - 1; outermost > thrower && !has_promise; outermost--)
    if (!is_runtime(&trace->frame[outermost], name_of(&trace->frame[outermost], symbols))) break;
  trace->skipped_frames = has_promise ? thrower : outermost;
  trace->terminate = has_thrown ? NOMEM_TERMINATE_UNCAUGHT : NOMEM_TERMINATE_UNTHROWN;
}
