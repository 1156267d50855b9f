/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "suite.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "../store/stored_reports.h"
#include "../text/complain.h"
#include "../text/error_text.h"
#include "../text/hash.h"
#include "../text/memory.h"
#include "../text/words.h"
#include "in_place.h"
#include "recorded_input.h"
#include "recorder.h"

/* All cases have one store, wherever they run. Returns the caller's path; NULL: there is none. */
static char *find_store(const struct nomem__options *options) {
  int error;
  if (options->no_store) return NULL;
  char *path = nomem__store_place(options->store, &error);
  if (error != 0)
    nomem__complain("cannot write " NOMEM_STORE_PATH
                    ": %s: going on without (--store names another, --no-store says that this is meant)",
                    nomem__error_text(error));
  return path;
}

static void choose_inputs(struct nomem__suite *suite) {
  bool are_needed = false;
  for (size_t i = 0; i < suite->cases.count; i++) are_needed |= suite->cases.list[i].image->input == NOMEM_INPUT_COPIED;
  if (are_needed) suite->inputs = nomem__inputs_choose(suite->store, &suite->are_inputs_temporary);
}

static bool has_findings(const json_t *document) {
  return json_array_size(json_object_get(document, "findings")) > 0;
}

/* Where there is no store, they stay if a line to paste may name one. */
static void remove_inputs(const struct nomem__suite *suite) {
  bool are_named = false;
  for (size_t i = 0; i < suite->cases.count; i++)
    are_named |= suite->cases.list[i].image->input == NOMEM_INPUT_COPIED && has_findings(suite->results[i].document);
  if (suite->are_inputs_temporary && !are_named) nomem__inputs_remove(suite->inputs);
}

/* It is looked through once, and not by each case: that takes as long as it is big. */
static int prepare_store(struct nomem__suite *suite) {
  struct nomem__store store;
  suite->store = find_store(suite->options);
  if (suite->store == NULL) return 0;
  int result = nomem__store_open(&store, suite->store, NOMEM_STORE_WRITE, false);
  if (result == 0) nomem__store_close(&store);
  return result;
}

int nomem__suite_record(struct nomem__suite *suite) {
  suite->folder = nomem__checked(getcwd(NULL, 0));
  if (suite->folder == NULL) {
    nomem__complain("the working directory is not there any more");
    return -ENOENT;
  }
  int result = suite->options->list ? 0 : prepare_store(suite);
  if (result == 0) result = nomem__record(suite->options, NULL, &suite->recording);
  if (result != 0) return result;
  suite->interrupted_by = suite->recording.interrupted_by;
  nomem__suite_cases_make(&suite->cases, &suite->recording, suite->folder);
  if (suite->options->split) nomem__suite_cases_split(&suite->cases, suite->folder);
  if (!suite->options->list) choose_inputs(suite);
  suite->results = nomem__calloc(suite->cases.count + 1, sizeof *suite->results);
  suite->explored_us = nomem__calloc(suite->cases.count + 1, sizeof *suite->explored_us);
  const char *pattern = suite->options->tests;
  return pattern != NULL ? nomem__suite_cases_choose(&suite->cases, pattern) : 0;
}

/* The same command is the same suite, as the same program is the same campaign. */
static char *make_identity(char **words) {
  uint64_t hash = NOMEM__HASH_START;
  for (; *words != NULL; words++) hash = nomem__hash_text(hash, *words);
  return nomem__format("suite-%016" PRIx64, hash);
}

int nomem__suite_keep_report(const struct nomem__suite *suite, const json_t *document) {
  struct nomem__store store;
  if (suite->store == NULL) return 0;
  int result = nomem__store_open(&store, suite->store, NOMEM_STORE_WRITE_AGAIN, false);
  if (result != 0) return result;
  char *words = nomem__format_command(suite->options->program), *command = nomem__format("suite: %s", words);
  char *identity = make_identity(suite->options->program);
  result = nomem__stored_report_write(&store, identity, suite->folder, command, document);
  free(identity);
  free(words);
  free(command);
  nomem__store_close(&store);
  return result;
}

void nomem__suite_free(struct nomem__suite *suite) {
  if (suite->results != NULL) remove_inputs(suite);
  for (size_t i = 0; i < suite->cases.count && suite->results != NULL; i++) {
    free(suite->results[i].reason);
    json_decref(suite->results[i].document);
  }
  free(suite->results);
  free(suite->explored_us);
  if (suite->in_place != NULL) nomem__in_place_free(suite->in_place);
  free(suite->in_place);
  nomem__suite_cases_free(&suite->cases);
  nomem__recording_free(&suite->recording);
  free(suite->folder);
  free(suite->store);
  free(suite->inputs);
}
