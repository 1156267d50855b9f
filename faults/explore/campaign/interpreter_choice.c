/* SPDX-License-Identifier: MIT */
#include "interpreter_choice.h"

#include "../../program_kinds.h"
#include "../target/interpreters.h"
#include "../text/complain.h"

/* Room for the names of the modules in a message. */
#define MODULES_BYTES (4 * NOMEM_QUOTE_BYTES)

bool nomem__interpreter_may_be_chosen(const struct nomem__campaign *campaign) {
  const struct nomem__programs *programs = &campaign->programs;
  return *campaign->session->options->image == '\0' && *programs->interpreter_names != '\0' && !programs->has_project;
}

void nomem__interpreter_learn(struct nomem__campaign *campaign, const struct nomem_channel *channel) {
  struct nomem__tested_modules *tested = &campaign->interpreter.tested;
  const struct nomem__options *options = campaign->session->options;
  campaign->code_owners.tested = NULL;
  nomem__tested_modules_free(tested);
  if (!campaign->programs.has_interpreter) return;
  nomem__tested_modules_learn(tested, options->under_test, campaign->programs.interpreter_path, channel);
  /* --sites says itself which calls are to fail. */
  tested->are_limit = campaign->interpreter.is_chosen && options->sites == NULL && tested->count > 0;
  campaign->code_owners.tested = tested;
}

bool nomem__interpreter_is_of_use(const struct nomem__campaign *campaign) {
  const struct nomem__session *session = campaign->session;
  const char *names = campaign->programs.interpreter_names;
  char modules[MODULES_BYTES];
  if (!campaign->interpreter.tested.are_limit && session->options->sites == NULL) return false;
  nomem__tested_modules_name(&campaign->interpreter.tested, modules, sizeof modules);
  if (session->options->quiet) return true;
  if (session->options->sites != NULL)
    nomem__complain("%s only runs the script: of its calls, those fail that --sites chooses", names);
  else
    nomem__complain("%s only runs the script: of its calls, those fail that are made below %s (--image %s: all)", names,
                    modules, names);
  return true;
}

void nomem__interpreter_complain(const struct nomem__campaign *campaign) {
  const char *names = campaign->programs.interpreter_names;
  if (campaign->not_injected.count > 0) { /* what the script started was perhaps what is under test */
    nomem__complain("nothing was intercepted: %s", campaign->not_injected.list[0].reason);
    return;
  }
  nomem__complain(
      "nothing to explore: %s only runs the script, and allocates nothing below a module from outside the system's "
      "folders: choose one of the system's with --under-test, such as 'name*.so', or all calls with --image %s",
      names, names);
}

bool nomem__interpreter_takes_persistent(const struct nomem__campaign *campaign) {
  const struct nomem__options *options = campaign->session->options;
  return (options->faults & NOMEM_FAULT_PERSISTENT) != 0 &&
         !(campaign->interpreter.tested.count > 0 && options->faults == NOMEM_FAULT_ALL);
}
