/* SPDX-License-Identifier: MIT */
/* Whose code is it: the code under test, its test, or a run-time. A test does not check what it allocates and asserts
 * on every error; what breaks there is no bug of the code under test.
 *
 * Told apart by what the user says (--under-test), or else guessed from the usual names of source files, below the
 * folder that the project's sources have in common, and of modules. Not thread-safe.
 */
#ifndef NOMEM_CODE_OWNER_H
#define NOMEM_CODE_OWNER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "../../channel.h"
#include "../stack/stack_trace.h"
#include "../stack/symbols.h"

/* What was taken for test code, as it is named to users; more than so many places are left out. */
#define NOMEM_TEST_CODE_PLACES 4

enum nomem__code_owner {
  NOMEM_OWNER_UNDER_TEST, /* under test, or nothing says otherwise */
  NOMEM_OWNER_TEST,
  NOMEM_OWNER_RUNTIME /* of C and C++; also code outside every module */
};

/* All zero: all is under test. */
struct nomem__code_owners {
  const char *globs; /* of --under-test; NULL: guessed */
  struct nomem__symbols *symbols;
  char (*programs)[NOMEM_PATH_BYTES]; /* the programs of the run */
  size_t program_count;
  char root[PATH_MAX];   /* the folder below which names count: all of a project may lie in one named test. "": none */
  char here[PATH_MAX];   /* the working directory, with a slash */
  const char *main_file; /* where main() of a program that is called like a test is; NULL: none */
  bool is_divided;       /* some is the test's and some is not; otherwise all is under test */
  bool allocates_through_test; /* all allocations come from test code, which the code under test calls for them */
  bool has_framework;          /* of the test code some is a test framework's */
  bool has_folders;            /* not all other code lies in the folder root itself */
  bool has_match;              /* some code matches the globs, or is guessed to be the test's */
  bool has_sources;            /* a program says which source files its code is from */
  bool is_coarse;              /* none does: its code is told by its name alone */
  size_t place_count;
  char *places[NOMEM_TEST_CODE_PLACES];
};

/* Learns from the stacks of a run's sites what there is. globs, may be NULL, and symbols outlive owners. Returns 0;
 * -ENOMEM; -ENOENT when no code that allocates matches the globs; or -ENODATA when by the guess none but a test
 * framework and its tests allocate. */
int nomem__code_owners_learn(struct nomem__code_owners *code_owners, const char *globs,
                             const struct nomem_channel *channel, struct nomem__symbols *symbols);

void nomem__code_owners_free(struct nomem__code_owners *code_owners);

enum nomem__code_owner nomem__code_owner_of(const struct nomem__code_owners *code_owners,
                                            const struct nomem__trace_frame *frame);

/* Whether the first frame outside the run-times is the test's. */
bool nomem__is_test_code(const struct nomem__code_owners *code_owners, const struct nomem__trace *trace);

/* The next frame of a stack, from this one outwards, in which test code has called other code; depth: there is none. */
unsigned nomem__next_test_call(const struct nomem__code_owners *code_owners, const struct nomem__trace *trace,
                               unsigned from);

/* Whether test code makes this call for itself: its failure tells nothing of the code under test. */
bool nomem__is_test_call(const struct nomem__code_owners *code_owners, const struct nomem__trace *fault);

/* Whose code a frame is, in a word for people: "libc", "the test", "libuv.so"; "" for the program itself. May be in the
 * caller's buffer, which takes a file name. */
#define NOMEM_OWNER_NAME_BYTES 256
const char *nomem__name_owner(const struct nomem__code_owners *code_owners, const struct nomem__trace_frame *frame,
                              char whose[NOMEM_OWNER_NAME_BYTES]);

#endif
