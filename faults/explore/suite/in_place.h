/* SPDX-License-Identifier: MIT */
/* Cases that pass where the runner starts them, but not alone, are explored in place: the runner runs once more, in a
 * process of its own, and when such a case has passed there, whoever has started it is not told before the case was
 * explored. So the runner sees each test end as it does, whatever is found, and what the test needs is there meanwhile:
 * a server, files of earlier tests. */
#ifndef NOMEM_IN_PLACE_H
#define NOMEM_IN_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "case_process.h"
#include "inherited.h"
#include "suite.h"

enum nomem__place_state {
  NOMEM_PLACE_UNWANTED, /* the case has been explored alone, or is left out */
  NOMEM_PLACE_AWAITED,  /* the runner has not come to it yet */
  NOMEM_PLACE_READY,    /* the runner waits for it */
  NOMEM_PLACE_BEGUN,    /* its exploration has begun */
  NOMEM_PLACE_OVER
};

/* Where the runner has started a case. */
struct nomem__place {
  enum nomem__place_state state;
  pid_t pid;                          /* whose end is held back; 0: that of none */
  int failed_status;                  /* as from waitpid, when it did not pass there; 0: it did, or was not started */
  struct nomem__recorded_image image; /* the case's, but for the variables, which are owned, */
  char *command;                      /* and what is in here: owned, as the runner's process has sent it */
  size_t inherited;                   /* so many descriptors it was started with, owned, and their numbers there */
  int copies[NOMEM_INHERITED_MAX], numbers[NOMEM_INHERITED_MAX];
};

/* All zero but for the socket, -1: it has not begun. */
struct nomem__in_place {
  struct nomem__place *places; /* of each case of the suite */
  size_t count;
  pid_t runner; /* the process in which the runner runs; 0: it has ended */
  int socket;   /* to that process; -1: nothing comes any more */
  bool has_timed_out;
};

/* Whether the case can be explored nowhere else. */
bool nomem__in_place_is_wanted(const struct nomem__suite_case *suite_case);

/* Starts the runner once more. Returns 0 or a negative error code. */
int nomem__in_place_begin(struct nomem__in_place *in_place, const struct nomem__suite *suite,
                          const struct nomem__case_setup *setup);

/* Reads what the runner's process has to say; waits until it does. */
void nomem__in_place_hear(struct nomem__in_place *in_place, const struct nomem__suite *suite);

/* The case need not be waited for any longer. */
void nomem__in_place_release(struct nomem__in_place *in_place, size_t number);

/* The runner is to end, wherever it is. */
void nomem__in_place_end_runner(struct nomem__in_place *in_place);

/* Whether it was the runner's process that has ended. */
bool nomem__in_place_has_ended(struct nomem__in_place *in_place, pid_t pid);

/* Why a case at this place, which was never begun, could be explored neither alone, for this reason, nor there. The
 * caller's text. */
char *nomem__in_place_describe(const struct nomem__in_place *in_place, const struct nomem__place *place,
                               const char *reason);

/* Frees what the places own; no case may have the image of one any more. */
void nomem__in_place_free(struct nomem__in_place *in_place);

/* In the runner's process: runs the runner, and says over the socket what becomes of the cases that are wanted. */
_Noreturn void nomem__in_place_run(const struct nomem__suite *suite, const struct nomem__place *places, int socket);

#endif
