/* SPDX-License-Identifier: MIT */
/* nomem suite: explores every test that a runner starts, and makes one report of all. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../campaign/exclusions.h"
#include "../campaign/site_filter.h"
#include "../profile/code_coverage.h"
#include "../profile/coverage_folder.h"
#include "../report/document.h"
#include "../report/report.h"
#include "../suite/runner_kinds.h"
#include "../suite/suite.h"
#include "../suite/suite_document.h"
#include "../suite/suite_text.h"
#include "../text/complain.h"
#include "../text/json_values.h"
#include "../text/words.h"
#include "commands.h"
#include "report_names.h"

/* Whether it is certain that tests ran where nobody could record them. What there was of others is no pass, either. */
static bool has_unseen(const struct nomem__suite *suite) {
  bool is_certain;
  char *sentence = nomem__runner_kind_describe_unseen(&suite->recording, &is_certain);
  bool is_said = !suite->options->quiet && !suite->options->list; /* in the report, as a warning */
  if (sentence != NULL && is_certain && suite->interrupted_by == 0)
    nomem__complain("%s", is_said ? "this is no pass: tests ran where nobody could record them" : sentence);
  free(sentence);
  return is_certain;
}

/* That there are no findings would be no news. */
static bool was_in_vain(const struct nomem__suite *suite, const json_t *document) {
  const json_t *coverage = json_object_get(document, "coverage");
  bool is_explored = nomem__json_count(coverage, "cases_explored") > 0;
  uint64_t due = nomem__json_count(coverage, "calls_due"), exercised = nomem__json_count(coverage, "calls_exercised");
  if (is_explored && (due == 0 || exercised > 0)) return false;
  if (suite->interrupted_by != 0) return true;
  if (is_explored)
    nomem__complain("nothing was exercised: the time was up before the first call had failed: give more with --budget");
  else if (suite->cases.count == 0 && has_unseen(suite))
    return true;
  else if (suite->cases.count == 0)
    nomem__complain(
        "nothing was explored: the runner started no program of the project's: does it run the tests, or are they done "
        "already?");
  else
    nomem__complain("nothing was explored: each of the %zu programs was left out, for the reasons above",
                    suite->cases.count);
  return true;
}

/* What a case that was not explored for that reason would have shown, nobody knows. */
static bool has_broken(const struct nomem__suite *suite) {
  size_t count = 0;
  const char *reason = NULL;
  for (size_t i = 0; i < suite->cases.count && suite->interrupted_by == 0; i++) {
    if (!suite->results[i].has_broken) continue;
    count++;
    reason = suite->results[i].reason;
  }
  if (count > 0)
    nomem__complain("not explored because the process that does it failed: %zu test%s, the last one with: %s", count,
                    count == 1 ? "" : "s", reason != NULL ? reason : "no message");
  return count > 0;
}

static int report(const struct nomem__suite *suite) {
  const struct nomem__options *options = suite->options;
  json_t *document = nomem__suite_document_make(suite);
  if (document == NULL) {
    nomem__complain("cannot make the report: %s", strerror(EILSEQ));
    return NOMEM_EXIT_FAILED;
  }
  int status = suite->interrupted_by != 0 ? NOMEM_EXIT_FAILED : NOMEM_EXIT_CLEAN;
  bool is_measured = nomem__code_coverage_put(document, options) == 0;
  bool is_written = nomem__reports_write(options, document, nomem__suite_text_print) == 0;
  if (nomem__document_has_findings(document))
    status = nomem__findings_status(options);
  else if (was_in_vain(suite, document) || has_unseen(suite))
    status = NOMEM_EXIT_FAILED;
  bool is_kept = nomem__suite_keep_report(suite, document) == 0;
  if (!is_kept || !is_written || !is_measured || has_broken(suite)) status = NOMEM_EXIT_FAILED;
  json_decref(document);
  return status;
}

/* Whether the suppressions and the baseline can be read: each case reads them, but they are to be wrong once. */
static bool are_rules_readable(const struct nomem__options *options) {
  struct nomem__exclusions rules = {0};
  bool is_open = nomem__exclusions_open(&rules, options) == 0;
  nomem__exclusions_close(&rules);
  return is_open;
}

static int list(const struct nomem__suite *suite) {
  json_t *document = nomem__suite_document_make(suite);
  if (document == NULL) return NOMEM_EXIT_FAILED;
  nomem__suite_text_list(document, stdout);
  json_decref(document);
  bool is_known = suite->interrupted_by == 0 && !has_unseen(suite);
  return is_known ? NOMEM_EXIT_CLEAN : NOMEM_EXIT_FAILED;
}

static int explore(struct nomem__suite *suite) {
  if (nomem__suite_record(suite) != 0) return NOMEM_EXIT_FAILED;
  if (suite->options->list) return list(suite);
  if (nomem__coverage_folder_check(suite->options, false) != 0) return NOMEM_EXIT_FAILED;
  if (nomem__suite_explore(suite) != 0) return NOMEM_EXIT_FAILED;
  return report(suite);
}

static int run_suite(const struct nomem__options *options) {
  struct nomem__suite suite = {.options = options};
  if (options->sites != NULL && !nomem__site_filter_check(options->sites)) return NOMEM_EXIT_FAILED;
  if (nomem__reports_check(options) != 0) return NOMEM_EXIT_FAILED;
  if (!are_rules_readable(options)) return NOMEM_EXIT_FAILED;
  if (options->tests != NULL && nomem__suite_cases_choose(&suite.cases, options->tests) != 0) return NOMEM_EXIT_FAILED;
  int status = explore(&suite);
  nomem__suite_free(&suite);
  return status;
}

/* What it prints is nobody's, and if it does not run, neither does the runner, which says why. */
static void run_silently(char **program) {
  posix_spawn_file_actions_t actions;
  pid_t pid;
  posix_spawn_file_actions_init(&actions);
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
  int result = posix_spawnp(&pid, program[0], &actions, NULL, program, environ);
  posix_spawn_file_actions_destroy(&actions);
  while (result == 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
}

/* A runner that would not start each test below itself is told to. */
static void complete_runner(struct nomem__options *options) {
  char **program = nomem__runner_kind_complete(options->program);
  if (program == NULL) return;
  char **end_server = nomem__runner_kind_end_server(options->program), *words = nomem__format_command(program);
  if (end_server != NULL) run_silently(end_server);
  if (!options->quiet)
    nomem__complain("so that each test is started, and seen: %s%s", words,
                    end_server != NULL ? ", after its server was ended" : "");
  free(words);
  free(end_server);
  options->program = program;
}

int nomem__suite(const struct nomem__options *given) {
  struct nomem__options options = *given;
  struct nomem__report_names names = {0};
  nomem__report_names_fill(&names, &options);
  complete_runner(&options);
  int status = nomem__coverage_folder_open(&options) == 0 ? run_suite(&options) : NOMEM_EXIT_FAILED;
  if (options.program != given->program) free(options.program);
  nomem__report_names_free(&names);
  return status;
}
