/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "suite.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "../text/complain.h"
#include "../text/memory.h"
#include "recorder.h"

int nomem__suite_record(struct nomem__suite *suite) {
  suite->folder = nomem__checked(getcwd(NULL, 0));
  if (suite->folder == NULL) {
    nomem__complain("the working directory is not there any more");
    return -ENOENT;
  }
  int result = nomem__record(suite->options, &suite->recording);
  if (result != 0) return result;
  suite->interrupted_by = suite->recording.interrupted_by;
  nomem__suite_cases_make(&suite->cases, &suite->recording, suite->folder);
  suite->results = nomem__calloc(suite->cases.count + 1, sizeof *suite->results);
  suite->explored_us = nomem__calloc(suite->cases.count + 1, sizeof *suite->explored_us);
  const char *pattern = suite->options->tests;
  return pattern != NULL ? nomem__suite_cases_choose(&suite->cases, pattern) : 0;
}

void nomem__suite_free(struct nomem__suite *suite) {
  for (size_t i = 0; i < suite->cases.count && suite->results != NULL; i++) {
    free(suite->results[i].reason);
    json_decref(suite->results[i].document);
  }
  free(suite->results);
  free(suite->explored_us);
  nomem__suite_cases_free(&suite->cases);
  nomem__recording_free(&suite->recording);
  free(suite->folder);
}
