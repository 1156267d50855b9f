/* SPDX-License-Identifier: MIT */
/* nomem explore, as the one who started it sees it: a person in a folder; or the runner of a test suite, which looks at
 * what the test writes and how it ends. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "../../program_kinds.h"
#include "../profile/coverage_folder.h"
#include "../report/report.h"
#include "../run/plain_run.h"
#include "../run/surroundings.h"
#include "../target/target_check.h"
#include "../text/complain.h"
#include "../text/error_text.h"
#include "../text/memory.h"
#include "../text/quote.h"
#include "../text/words.h"
#include "commands.h"
#include "own_input.h"
#include "report_names.h"

/* What was made of the options that were given. */
struct asked {
  struct nomem__options options;
  enum nomem__test_runner runner;
  struct nomem__surroundings surroundings;
  struct nomem__report_names names;
};

/* CTest reads both streams as one, and may look for a pattern in it: of a test without a finding it must see nothing
 * but the test's own words. */
static void settle(struct asked *asked, const struct nomem__options *given) {
  struct nomem__options *options = &asked->options;
  *options = *given;
  asked->runner = nomem__test_runner_find();
  options->is_wrapper = options->wrapper == NOMEM_WRAPPER_ON ||
                        (options->wrapper == NOMEM_WRAPPER_AUTO && asked->runner != NOMEM_RUNNER_NONE);
  if (options->is_wrapper && asked->runner == NOMEM_RUNNER_CTEST && !options->verbose) options->quiet = true;
  nomem__surroundings_of_command(&asked->surroundings, asked->runner, options->is_wrapper);
  options->folder = asked->surroundings.folder;
  options->variables = asked->surroundings.variables;
  nomem__report_names_fill(&asked->names, options);
}

static void forget(struct asked *asked) {
  nomem__report_names_free(&asked->names);
  nomem__surroundings_free(&asked->surroundings);
}

/* The exit status that was asked for, of an exploration that ended so. */
static int exit_status(const struct nomem__options *options, int status) {
  if (status == NOMEM_EXIT_UNEXPLORED) return NOMEM_EXIT_FAILED;
  return status == NOMEM_EXIT_FINDINGS ? nomem__findings_status(options) : status;
}

/* Says why there is no text about this test, where the text would be, and in a line if people are to read that and it
 * was not said yet. */
static int say_not_explored(const struct nomem__options *options, const char *why, bool was_said) {
  char *line = nomem__format("not explored: %s", why);
  if (!was_said && !options->quiet) nomem__complain("%s", line);
  int result = nomem__report_note(options, line);
  free(line);
  return result;
}

/* What a test means by its end is for its runner to say. */
static int end_as_test(const struct nomem__options *options, struct nomem__plain_run *run) {
  char why[64];
  const char *name = WIFSIGNALED(run->status) ? sigabbrev_np(WTERMSIG(run->status)) : NULL;
  if (name != NULL)
    snprintf(why, sizeof why, "without any fault it is killed by SIG%s", name);
  else
    snprintf(why, sizeof why, "without any fault it exits with %d", WEXITSTATUS(run->status));
  nomem__plain_run_pass_on(run);
  say_not_explored(options, why, false);
  return nomem__plain_run_end_alike(run);
}

/* Of a test that passes. Returns the exit status. */
static int explore_passing(const struct nomem__options *options) {
  struct nomem__target target;
  char reason[NOMEM_TARGET_REASON_BYTES];
  if (nomem__target_check(options->program[0], &target, reason, sizeof reason) != 0)
    return say_not_explored(options, reason, false) == 0 ? NOMEM_EXIT_CLEAN : NOMEM_EXIT_FAILED;
  int status = nomem__explore(options);
  if (status != NOMEM_EXIT_UNEXPLORED) return status;
  return say_not_explored(options, "standard error says why", true) == 0 ? NOMEM_EXIT_CLEAN : NOMEM_EXIT_FAILED;
}

/* In front of a test. Where the runner may look for a pattern in what the test writes, and then does not care how it
 * ends, a test with findings must not show it. */
static int explore_test(struct asked *asked) {
  struct nomem__options *options = &asked->options;
  struct nomem__own_input input = {0};
  struct nomem__plain_run run;
  char quoted[NOMEM_QUOTE_BYTES];
  if (nomem__reports_check(options) != 0) return NOMEM_EXIT_FAILED;
  if (options->stdin_path == NULL) nomem__own_input_copy(&input, options->quiet);
  int result = nomem__plain_run_make(&run, options->program, options->stdin_path, asked->runner == NOMEM_RUNNER_CTEST);
  if (result != 0) {
    nomem__complain("cannot start %s: %s", nomem__quote(options->program[0], quoted, sizeof quoted),
                    nomem__error_text(-result));
    nomem__own_input_free(&input, false);
    return NOMEM_EXIT_FAILED;
  }
  if (run.status != 0) {
    nomem__own_input_free(&input, false);
    return end_as_test(options, &run);
  }
  if (options->stdin_path == NULL) options->stdin_path = nomem__own_input_write(&input, options);
  options->is_stdin_copied = input.path != NULL;
  int status = explore_passing(options);
  if (status != NOMEM_EXIT_FINDINGS) nomem__plain_run_pass_on(&run);
  nomem__plain_run_free(&run);
  nomem__own_input_free(&input, status == NOMEM_EXIT_FINDINGS);
  return exit_status(options, status);
}

/* What runs a whole suite is explored all the same: somebody may mean it. But that takes a run of the suite for each
 * call that any of its tests makes. */
static void say_suite(const struct nomem__options *options) {
  static const char *const runners[] = {"make",  "gmake", "bmake", "ninja", "samu",  "ctest",
                                        "meson", "prove", "bats",  "tox",   "cargo", "bazel"};
  const char *name = nomem__base_name(options->program[0]);
  bool is_runner = strncmp(name, "pytest", strlen("pytest")) == 0;
  for (size_t i = 0; i < sizeof runners / sizeof *runners; i++) is_runner |= strcmp(name, runners[i]) == 0;
  if (!is_runner || options->quiet) return;
  char *command = nomem__format_command(options->program);
  nomem__complain("every run of this exploration runs the whole suite: 'nomem suite -- %s' explores each of its tests",
                  command);
  free(command);
}

int nomem__explore_here(const struct nomem__options *given) {
  static struct asked asked;
  asked = (struct asked){0};
  settle(&asked, given);
  if (!asked.options.is_wrapper) say_suite(&asked.options);
  int status = NOMEM_EXIT_FAILED;
  if (nomem__coverage_folder_open(&asked.options) == 0)
    status =
        asked.options.is_wrapper ? explore_test(&asked) : exit_status(&asked.options, nomem__explore(&asked.options));
  forget(&asked);
  return status;
}
