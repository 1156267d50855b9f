/* SPDX-License-Identifier: MIT */
/* What test code noticed of a failure by looking at memory, where no call told it anything: decided from the
 * comparisons that it makes in a run with the fault and in one without. Pure. */
#ifndef NOMEM_LOOK_VERDICT_H
#define NOMEM_LOOK_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A comparison, or a call of a test framework's function that is given what is to be compared. */
struct nomem__look {
  const char *path; /* of the module, and where in it */
  uint64_t offset;
  uint64_t values[2];
  uint8_t bytes;
  bool is_known;     /* the values are */
  bool has_fraction; /* they are floating-point numbers */
  bool is_outcome;   /* it is what came of the comparison before it */
};

/* In the order in which they were made. */
struct nomem__looks {
  const struct nomem__look *list;
  size_t count;
  bool is_whole; /* to the end of the run */
};

/* What came of one comparison, as against the same one without the fault. */
enum nomem__look_difference {
  NOMEM_LOOK_SAME,
  NOMEM_LOOK_NUMBER, /* one number in place of another, neither of them 0: a result, or a status */
  NOMEM_LOOK_DATA,   /* what no status is: a letter, or a number with a fraction */
  NOMEM_LOOK_UNCLEAR /* it may be an error: NULL, 0 in place of something, anything in place of 0, a number below 0 */
};

enum nomem__look_difference nomem__look_compare(const struct nomem__look *look, const struct nomem__look *usual);

/* Whether the source line of a comparison says that it is one with a status. */
typedef bool (*nomem__look_is_status)(void *user, const struct nomem__look *look);

/* Whether test code noticed a result that is another one than without the fault, and nothing that may be an error.
 * Where it then took another way, that is what it compared last. */
bool nomem__look_shows_result(const struct nomem__looks *looks, const struct nomem__looks *usual,
                              nomem__look_is_status is_status, void *user);

/* Whether one of the names in a line of source is that of a status (err, rc, state, failed, ...), other than of an
 * assertion or a function that is called. */
bool nomem__line_names_status(const char *line);

/* Whether one of them is that of a constant, in capital letters, such as an error's. */
bool nomem__line_names_constant(const char *line);

#endif
