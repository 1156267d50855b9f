/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../options/memory_checker.h"
#include "../options/options.h"
#include "../stack/short_files.h"
#include "../text/complain.h"
#include "../text/memory.h"
#include "../text/write_error.h"
#include "commands.h"

static int dispatch(const struct nomem__options *options) {
  switch (options->command) {
    case NOMEM_COMMAND_EXPLORE:
      return nomem__explore_here(options);
    case NOMEM_COMMAND_SUITE:
      return nomem__suite(options);
    case NOMEM_COMMAND_RUN:
      return nomem__run(options);
    case NOMEM_COMMAND_SITES:
      return nomem__sites(options);
    case NOMEM_COMMAND_REPORT:
      return nomem__report(options);
    case NOMEM_COMMAND_DIFF:
      return nomem__diff(options);
    case NOMEM_COMMAND_MERGE:
      return nomem__merge(options);
    case NOMEM_COMMAND_REPLAY:
      return nomem__replay(options);
    case NOMEM_COMMAND_MINIMISE:
      return nomem__minimise(options);
    case NOMEM_COMMAND_EXPLAIN:
      return nomem__explain(options);
    case NOMEM_COMMAND_COUNT:
      break;
  }
  return NOMEM_EXIT_FAILED;
}

/* What only prints help needs no options, and must do so when a file with options is broken. */
static bool needs_sources(char **argv) {
  return argv[0] != NULL && argv[1] != NULL && argv[1][0] != '-' && strcmp(argv[1], "help") != 0;
}

int main(int argc, char **argv) {
  struct nomem__options options = {0};
  struct nomem__option_sources sources = {0};
  nomem__memory_set_libraries();
  nomem__short_files_survive();
  char **as_checker = nomem__memory_checker_words(&argc, argv), **words = as_checker != NULL ? as_checker : argv;
  int result = needs_sources(words) ? nomem__option_sources_read(&sources, stderr) : 0;
  if (result == 0) result = nomem__options_parse_after(&sources, argc, words, &options, stdout, stderr);
  int status = result < 0 ? NOMEM_EXIT_FAILED : result > 0 ? NOMEM_EXIT_CLEAN : dispatch(&options);
  result = nomem__flush(stdout);
  if (result != 0) {
    nomem__complain("cannot write to standard output: %s", strerror(-result));
    status = NOMEM_EXIT_FAILED;
  }
  nomem__option_sources_free(&sources);
  free(as_checker);
  return status;
}
