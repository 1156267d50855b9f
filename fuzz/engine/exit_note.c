/* SPDX-License-Identifier: MIT */
/* A run in which nothing could fail proves nothing, and must not look like one that does: it is said when the process
 * ends. */
#define _GNU_SOURCE
#include <stdio.h>
#include <unistd.h>

#include "engine.h"

#include "../../faults/inject/forbidden_calls.h"

enum { FOUND_STATUS = 77 }; /* as libFuzzer's */

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
    return "no allocation call was seen in any input, so nothing could fail: the target does not allocate, or only by "
           "operator new under AddressSanitizer, or not by the malloc that this program was linked with";
  if (reach.may_fail == 0)
    return "every allocation call that was seen is one that is left alone, so nothing could fail: see docs/fuzzing.md, "
           "\"Which calls may fail\"";
  if (nomem__totals.has_failed || nomem__totals.findings > 0) return NULL;
  if (nomem__options.has_plan)
    return "the plan failed no call: it does not fit these inputs, or comes from another build of the target";
  if (nomem__totals.rounds > 0 && nomem__options.runs_max > 0)
    return "no call was failed: an input makes its calls once and not again, as where the target keeps what it was "
           "given in a cache, so there was none to fail: have LLVMFuzzerTestOneInput empty it";
  if (nomem__totals.rounds == 0)
    return "no call was failed: these were few inputs, none of which does more than a little, and a campaign does not "
           "begin with such";
  return NULL;
}

/* A campaign that went on has not ended well. A job must not end badly, or its findings would be counted twice. */
static void end_with_findings(void) {
  static struct nomem_text text;
  nomem__text_add(&text, "nomem: findings that the campaign went on after: ");
  nomem__text_number(&text, nomem__totals.findings);
  nomem__text_add(&text, "\n");
  nomem__text_flush(&text, STDERR_FILENO);
  if (nomem__options.is_job) return;
  fflush(NULL);
  _exit(FOUND_STATUS);
}

__attribute__((destructor)) static void say_at_the_end(void) {
  if (!nomem__options.off && nomem__options.starts_jobs && owner == getpid()) nomem__campaign_say();
  if (nomem__options.off || nomem__options.merges || nomem__options.starts_others || owner != getpid()) return;
  const char *line = what_is_wrong();
  if (line != NULL) nomem__print_line(line);
  if (nomem__totals.findings > 0) end_with_findings();
}
