/* SPDX-License-Identifier: MIT */
/* A run in which nothing could fail proves nothing, and must not look like one that does: it is said when the process
 * ends. */
#define _GNU_SOURCE
#include <unistd.h>

#include "engine.h"

#include "../../faults/inject/forbidden_calls.h"

static pid_t owner; /* children of the target's say nothing */

void nomem__exit_note_arm(void) {
  owner = getpid();
}

static const char *what_is_wrong(void) {
  if (nomem__totals.inputs == 0)
    return "no input has come through the engine, so no call was failed: the driver calls " NOMEM_TARGET_NAME
           " in a way that the engine does not see (docs/fuzzing.md, \"Whichever fuzzer\")";
  struct nomem_reach reach = nomem__decision_reach();
  if (reach.sites == 0)
    return "no allocation call was seen in any input, so nothing could fail: the target does not allocate, or not by "
           "the malloc that this program was linked with";
  if (reach.may_fail == 0)
    return "every allocation call that was seen is one that is left alone, so nothing could fail: see docs/fuzzing.md, "
           "\"Which calls may fail\"";
  if (nomem__options.has_plan && !nomem__totals.has_failed)
    return "the plan failed no call: it does not fit these inputs, or comes from another build of the target";
  return NULL;
}

__attribute__((destructor)) static void say_what_is_wrong(void) {
  if (nomem__options.off || nomem__options.starts_others || owner != getpid()) return;
  const char *line = what_is_wrong();
  if (line != NULL) nomem__print_line(line);
}
