/* SPDX-License-Identifier: MIT */
/* Which of the programs that a runner started are cases, tests that are explored, and what they are called. Pure.
 *
 * A case is a program that lies outside the system's folders and is no launcher, compiler or runner, or an interpreter
 * that has loaded a module of the project's; and that no other case has started. Of a process that executed one program
 * after another, as the wrapper scripts of libtool do, it is the last. The same command in the same folder, with the
 * same file as its standard input and in the same environment (variants.h), is one case, however often it was
 * started. */
#ifndef NOMEM_SUITE_CASES_H
#define NOMEM_SUITE_CASES_H

#include "recording.h"

/* Why a program that might be a case is not explored: as in JSON. */
#define NOMEM_LEFT_OUT_MAP(X)                                                                               \
  X(NO, "")                                                                                                 \
  X(STARTED_BY_CASE, "started_by_case") /* it is explored with the case, if it is a program of the run */   \
  X(FAILED, "failed")                   /* without a fault */                                               \
  X(SKIPPED, "skipped")                 /* it says itself that it was skipped */                            \
  X(NOT_ENDED, "not_ended")             /* it was killed with the runner */                                 \
  X(GONE, "gone")                       /* its file or its folder */                                        \
  X(UNKNOWN, "unknown")                 /* its arguments or variables are too long, or could not be read */ \
  X(NOT_CHOSEN, "not_chosen")           /* by --tests */                                                    \
  X(NOTHING_ALLOCATED, "nothing_allocated")                                                                 \
  X(UNFIT, "unfit")         /* it cannot be explored: it cannot run alone, say */                           \
  X(NOT_ALONE, "not_alone") /* it passes only where the runner starts it */                                 \
  X(NO_TIME, "no_time")     /* the budget was spent before its turn */                                      \
  X(INTERRUPTED, "interrupted")

enum nomem__left_out {
#define X(upper, name) NOMEM_LEFT_OUT_##upper,
  NOMEM_LEFT_OUT_MAP(X)
#undef X
      NOMEM_LEFT_OUT_COUNT
};

extern const char *const nomem__left_out_names[NOMEM_LEFT_OUT_COUNT];

struct nomem__suite_case {
  char *name;    /* unlike all others; without absolute paths */
  char *program; /* the name of its file, without libtool's "lt-" */
  char *variant; /* of a command that was started in several environments, what tells this one; else NULL */
  const struct nomem__recorded_image *image; /* the recording's, or its own */
  struct nomem__recorded_image *own;         /* owned; NULL: it has none */
  size_t times;                              /* it was started so often */
  bool is_in_place;                          /* it was explored where the runner started it: see in_place.h */
  enum nomem__left_out left_out;
  char *reason; /* in words; NULL: it is explored */
};

/* All zero: none. */
struct nomem__suite_cases {
  struct nomem__suite_case *list; /* by name */
  size_t count, room;
  size_t other_count; /* images that are none: the system's programs, launchers, compilers */
};

/* Whether the file at this path may be a case; and whether it is an interpreter, which is one if it loads a module in C
 * that is the project's. */
bool nomem__suite_may_be_case(const char *path);
bool nomem__suite_may_run_case(const char *path);

/* The part of a path below the folder, or its last part; what is no absolute path is itself. */
const char *nomem__suite_shorten(const char *path, const char *folder);

/* Whether two images have the same command, folder and input. */
bool nomem__suite_is_same_command(const struct nomem__recorded_image *one, const struct nomem__recorded_image *other);

/* Whether it was another case that has started an image of the recording, in however many steps. */
bool nomem__suite_is_started_by_case(const struct nomem__recording *recording,
                                     const struct nomem__recorded_image *image);

/* Lists the cases of a recording, which must outlive them. folder: the command's, without a final slash. */
void nomem__suite_cases_make(struct nomem__suite_cases *cases, const struct nomem__recording *recording,
                             const char *folder);

/* Puts, in the place of each case of which nomem__split knows the tests, a case for each of them. */
void nomem__suite_cases_split(struct nomem__suite_cases *cases, const char *folder);

/* Leaves out those whose name does not match a POSIX extended regular expression. Returns 0, or -EINVAL after one line
 * on standard error. */
int nomem__suite_cases_choose(struct nomem__suite_cases *cases, const char *pattern);

/* Leaves out a case. The reason is a format, as for printf. */
__attribute__((format(printf, 3, 4))) void nomem__suite_case_leave_out(struct nomem__suite_case *suite_case,
                                                                       enum nomem__left_out why, const char *format,
                                                                       ...);

void nomem__suite_cases_free(struct nomem__suite_cases *cases);

#endif
