/* SPDX-License-Identifier: MIT */
/* When an interpreter is injected that only runs a script, and what then fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../faults/explore/campaign/interpreter_choice.h"
#include "fixtures/empty_channel.h"

static struct nomem__campaign *campaign;
static struct nomem__session *session;
static struct nomem__options options;

static int set_up(void **state) {
  (void)state;
  campaign = calloc(1, sizeof *campaign);
  session = calloc(1, sizeof *session);
  options = (struct nomem__options){.image = "", .faults = NOMEM_FAULT_ALL, .quiet = true};
  session->options = &options;
  campaign->session = session;
  strcpy(campaign->programs.interpreter_names, "python3.11");
  strcpy(campaign->programs.interpreter_path, "/usr/bin/python3.11");
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  nomem__tested_modules_free(&campaign->interpreter.tested);
  free(campaign);
  free(session);
  return 0;
}

/* Not where the user has chosen, nor where a program of the project's runs, which it then tests. */
static void chosen(void **state) {
  (void)state;
  assert_true(nomem__interpreter_may_be_chosen(campaign));
  campaign->programs.has_project = true;
  assert_false(nomem__interpreter_may_be_chosen(campaign));
  campaign->programs.has_project = false;
  options.image = "app";
  assert_false(nomem__interpreter_may_be_chosen(campaign));
  options.image = campaign->programs.interpreter_names;
  campaign->programs.interpreter_names[0] = '\0';
  assert_false(nomem__interpreter_may_be_chosen(campaign));
}

/* Modules limit what fails only where nomem has chosen the interpreter; and where --sites does not. */
static void limits(void **state) {
  (void)state;
  struct nomem_channel *channel = make_channel();
  strcpy(channel->modules[channel->module_count++].path, "/home/me/p/shapes.so");
  nomem__interpreter_learn(campaign, channel);
  assert_null(campaign->code_owners.tested); /* it was not injected */
  campaign->programs.has_interpreter = true;
  nomem__interpreter_learn(campaign, channel);
  assert_ptr_equal(campaign->code_owners.tested, &campaign->interpreter.tested);
  assert_int_equal(campaign->interpreter.tested.count, 1);
  assert_false(campaign->interpreter.tested.are_limit || nomem__interpreter_is_of_use(campaign));
  campaign->interpreter.is_chosen = true;
  nomem__interpreter_learn(campaign, channel);
  assert_true(campaign->interpreter.tested.are_limit && nomem__interpreter_is_of_use(campaign));
  options.sites = "shapes";
  nomem__interpreter_learn(campaign, channel);
  assert_true(!campaign->interpreter.tested.are_limit && nomem__interpreter_is_of_use(campaign));
  options.sites = NULL;
  channel->module_count = 0;
  nomem__interpreter_learn(campaign, channel);
  assert_false(campaign->interpreter.tested.are_limit || nomem__interpreter_is_of_use(campaign));
  free_channel(channel);
}

/* An interpreter gets no memory for its exception when all calls fail: only who asks for that gets it. */
static void persistent(void **state) {
  (void)state;
  assert_true(nomem__interpreter_takes_persistent(campaign));
  campaign->interpreter.tested.count = 1;
  assert_false(nomem__interpreter_takes_persistent(campaign));
  options.faults = NOMEM_FAULT_BOTH;
  assert_true(nomem__interpreter_takes_persistent(campaign));
  options.faults = NOMEM_FAULT_TRANSIENT;
  assert_false(nomem__interpreter_takes_persistent(campaign));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(chosen, set_up, tear_down),
      cmocka_unit_test_setup_teardown(limits, set_up, tear_down),
      cmocka_unit_test_setup_teardown(persistent, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
