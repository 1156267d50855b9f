/* SPDX-License-Identifier: MIT */
#include "test_runner.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../program_kinds.h"
#include "process_words.h"

/* The runners that are programs: what they start has the variable, and they do not. */
static const struct {
  enum nomem__test_runner runner;
  const char *variable;
} programs[] = {
    {NOMEM_RUNNER_CTEST, "CTEST_INTERACTIVE_DEBUG_MODE"},
    {NOMEM_RUNNER_MESON, "MESON_TEST_ITERATION"},
    {NOMEM_RUNNER_PROVE, "HARNESS_ACTIVE"},
};

const char *nomem__test_runner_variable(enum nomem__test_runner runner) {
  for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
    if (programs[i].runner == runner) return programs[i].variable;
  return runner == NOMEM_RUNNER_BAZEL ? "TEST_TARGET" : NULL;
}

static bool has_word(const struct nomem__process_words *words, const char *word) {
  for (size_t i = 0; i < words->count; i++)
    if (strcmp(words->list[i], word) == 0) return true;
  return false;
}

/* Older mesons set no variable. What is named meson is run by an interpreter, or by itself. */
static bool is_meson(const struct nomem__process_words *command) {
  static const char *const names[] = {"meson", "meson.py", "mesonbuild.mesonmain"};
  for (size_t i = 0; i + 1 < command->count; i++)
    for (size_t j = 0; j < sizeof names / sizeof *names; j++)
      if (strcmp(nomem__base_name(command->list[i]), names[j]) == 0) return strcmp(command->list[i + 1], "test") == 0;
  return false;
}

/* The runners that are scripts. Automake tells each of its drivers, whoever wrote it, in which file to leave the
 * result; Bazel has one script for all tests. */
static enum nomem__test_runner find_script(const struct nomem__process_words *command) {
  if (has_word(command, "--trs-file")) return NOMEM_RUNNER_AUTOMAKE;
  if (is_meson(command)) return NOMEM_RUNNER_MESON;
  if (getenv("TEST_TARGET") == NULL || getenv("TEST_SRCDIR") == NULL) return NOMEM_RUNNER_NONE;
  for (size_t i = 0; i < command->count; i++)
    if (strcmp(nomem__base_name(command->list[i]), "test-setup.sh") == 0) return NOMEM_RUNNER_BAZEL;
  return NOMEM_RUNNER_NONE;
}

enum nomem__test_runner nomem__test_runner_find(void) {
  struct nomem__process_words words;
  enum nomem__test_runner runner = NOMEM_RUNNER_NONE;
  pid_t parent = getppid();
  if (nomem__process_words_read(&words, parent, "environ") == 0) {
    for (size_t i = 0; i < sizeof programs / sizeof *programs && runner == NOMEM_RUNNER_NONE; i++)
      if (getenv(programs[i].variable) != NULL && nomem__process_words_value(&words, programs[i].variable) == NULL)
        runner = programs[i].runner;
    nomem__process_words_free(&words);
  }
  if (runner == NOMEM_RUNNER_NONE && nomem__process_words_read(&words, parent, "cmdline") == 0) {
    runner = find_script(&words);
    nomem__process_words_free(&words);
  }
  return runner;
}
