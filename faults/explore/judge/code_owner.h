/* SPDX-License-Identifier: MIT */
/* The owner of code: the code under test, its test, or a run-time. A test does not check what it allocates and asserts
 * on every error; what breaks there is no bug of the code under test.
 *
 * Owners are told apart by what the user says (--under-test), or else by a guess from the usual names of modules, of
 * the functions of test frameworks, and of source files below the folder that the project's sources have in common. Not
 * thread-safe.
 */
#ifndef NOMEM_CODE_OWNER_H
#define NOMEM_CODE_OWNER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "../../channel.h"
#include "../stack/stack_trace.h"
#include "../stack/symbols.h"
#include "tested_modules.h"

/* So many places of test code are named to users; the rest is left out. */
#define NOMEM_TEST_CODE_PLACES 4

enum nomem__code_owner {
  NOMEM_OWNER_UNDER_TEST, /* also when nothing is known of it */
  NOMEM_OWNER_TEST,
  NOMEM_OWNER_RUNTIME /* of C and C++; also code outside every module */
};

/* A function that is test code for what calls it, or what it calls. The strings belong to the symbols. */
struct nomem__test_function {
  const char *name;
  const char *file; /* NULL: not known */
};

/* So many files of a program are known for telling a framework of their tests before main() begins. */
#define NOMEM_REGISTRY_FILES 64

/* All zero: all code is under test. */
struct nomem__code_owners {
  const char *globs; /* of --under-test; NULL: guessed */
  struct nomem__symbols *symbols;
  const struct nomem__tested_modules *tested; /* where an interpreter runs the test; NULL: none does. The caller's */
  char (*programs)[NOMEM_PATH_BYTES];         /* the programs of the run */
  size_t program_count;
  char root[PATH_MAX];   /* the project's folder: names count only below it, for it may itself be called test. "": not
                            known */
  char here[PATH_MAX];   /* where relative source paths begin, with a slash */
  const char *main_file; /* where main() of a program that is called like a test is; NULL: none */
  const char *registry_files[NOMEM_REGISTRY_FILES]; /* known for that */
  size_t registry_count;
  const char *harness_file;    /* where the function is that a fuzzer calls with each input; NULL: not known */
  bool has_harness;            /* there is such a function */
  bool is_divided;             /* there is test code and code under test; otherwise all is under test */
  bool allocates_through_test; /* all allocations are made by an allocator of the test's that others call */
  bool has_test_calls_only;    /* only test code allocates, beside other code of the program: its calls are failed */
  bool has_framework;          /* some test code is a test framework's */
  bool has_folders;            /* not all other code lies in the folder root itself */
  bool has_match;              /* some code matches the globs, or is guessed to be the test's */
  bool has_sources;            /* a program has debug information that names its source files */
  bool is_coarse;              /* no program has: the owner of its code is guessed by its name alone */
  char **helpers;              /* paths of the libraries that only a test framework calls */
  size_t helper_count, helper_room;
  struct nomem__test_function *test_functions; /* by name and file: see test_functions.h */
  size_t test_function_count, test_function_room;
  bool takes_any_main;                /* see callers */
  struct nomem__code_owners *callers; /* of a program in which nothing is told apart: what uses other code is the file
                                         that has main(), which stands in for test code there; owned. NULL: none */
  size_t place_count;
  char *places[NOMEM_TEST_CODE_PLACES];
};

/* Learns from the stacks of a run's sites which test code there is. globs, which may be NULL, and symbols outlive
 * code_owners; its member tested stays. Where only modules that an interpreter has loaded are failed, the script is the
 * test, and all else is under test. Returns 0; -ENOENT when no code that allocates matches the globs; or -ENODATA when,
 * by the guess, only a test framework and its tests allocate. */
int nomem__code_owners_learn(struct nomem__code_owners *code_owners, const char *globs,
                             const struct nomem_channel *channel, struct nomem__symbols *symbols);

void nomem__code_owners_free(struct nomem__code_owners *code_owners);

/* Where it matters who is told what a call has returned, or who has handed a block over: the same code owners, or where
 * test code is not told apart, those by which the file that has main() is what test code is elsewhere. Where is_divided
 * is false there, nobody is told apart at all. */
const struct nomem__code_owners *nomem__code_owners_callers(const struct nomem__code_owners *code_owners);

/* Whether a module is a program of the run, not a library. */
bool nomem__code_owners_has_program(const struct nomem__code_owners *code_owners, const char *path);

enum nomem__code_owner nomem__code_owner_of(const struct nomem__code_owners *code_owners,
                                            const struct nomem__trace_frame *frame);

/* Whether it is a test framework's, rather than a test that runs in one. */
bool nomem__is_framework_code(const struct nomem__code_owners *code_owners, const struct nomem__trace_frame *frame);

/* Whether it is a run-time's, or what a template of the C++ library or a crate of Rust's has become in the program. */
bool nomem__is_runtime_code(const struct nomem__code_owners *code_owners, const struct nomem__trace_frame *frame);

/* The same of a frame of a stack. Where test code called a function that a header of C's defines, and that is inlined,
 * the call that this made is test code's, as it would be of a macro; but not what happens in it. */
enum nomem__code_owner nomem__code_owner_at(const struct nomem__code_owners *code_owners,
                                            const struct nomem__trace *trace, unsigned number);

/* Whether the first frame outside the run-times, from the culprit outwards, is test code. */
bool nomem__is_test_code(const struct nomem__code_owners *code_owners, const struct nomem__trace *trace);

/* The next frame, from this one outwards, in which test code has called other code. depth: there is none. */
unsigned nomem__next_test_call(const struct nomem__code_owners *code_owners, const struct nomem__trace *trace,
                               unsigned from);

/* Whether test code makes this call for itself: its failure tells nothing of the code under test. */
bool nomem__is_test_call(const struct nomem__code_owners *code_owners, const struct nomem__trace *fault);

/* The owner of a frame as reports name it: "libc", "the test", "libuv.so"; "" for the program itself. It may lie in the
 * caller's buffer. */
#define NOMEM_OWNER_NAME_BYTES 256
const char *nomem__name_owner(const struct nomem__code_owners *code_owners, const struct nomem__trace_frame *frame,
                              char whose[NOMEM_OWNER_NAME_BYTES]);

#endif
