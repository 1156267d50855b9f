/* SPDX-License-Identifier: MIT */
/* Options that stand elsewhere than on the command line, and names of reports that have parts. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../faults/explore/options/file_name.h"
#include "../../faults/explore/options/memory_checker.h"
#include "../../faults/explore/options/options.h"

#define WORDS(...)    \
  (char *[]) {        \
    __VA_ARGS__, NULL \
  }

static void check_words(const char *text, bool has_comments, char *const *wanted) {
  struct nomem__option_words words;
  unsigned line = 0;
  assert_int_equal(nomem__option_words_split(&words, text, has_comments, &line), 0);
  size_t i = 0;
  for (; i < words.count && wanted[i] != NULL; i++) assert_string_equal(words.list[i], wanted[i]);
  assert_true(i == words.count && wanted[i] == NULL);
  nomem__option_words_free(&words);
}

/* Words as a shell splits them, as far as quotes go. */
static void words(void **state) {
  (void)state;
  check_words("", false, WORDS(NULL));
  check_words(" \n\t ", true, WORDS(NULL));
  check_words("-q  --json\tx\n", false, WORDS("-q", "--json", "x"));
  check_words("'a b' \"c d\" e' 'f\" \"g", false, WORDS("a b", "c d", "e f g"));
  check_words("'a\\\"' \"b\\\"c\\\\d\\n\" e\\ f\\'", false, WORDS("a\\\"", "b\"c\\d\\n", "e f'"));
  check_words("'' \"\"", false, WORDS("", ""));
  check_words("a # b\n#c\n d#e '#f'", true, WORDS("a", "d#e", "#f"));
  check_words("a # b", false, WORDS("a", "#", "b"));
  check_words("a\\", false, WORDS("a\\"));
}

/* Each word knows its line, and a quote that is not closed the one where its word began. */
static void lines(void **state) {
  struct nomem__option_words words;
  unsigned line = 0;
  (void)state;
  assert_int_equal(nomem__option_words_split(&words, "a\n# b\n'c\nd' e", true, &line), 0);
  assert_int_equal(words.count, 3);
  assert_int_equal(words.lines[0], 1);
  assert_int_equal(words.lines[1], 3);
  assert_int_equal(words.lines[2], 4);
  nomem__option_words_free(&words);
  static const char *const open[] = {"a\nb'c\nd", "a\n\"b\\\"", "a\n\"\\"};
  for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
    assert_int_equal(nomem__option_words_split(&words, open[i], true, &line), -EINVAL);
    assert_int_equal(line, 2);
    nomem__option_words_free(&words);
  }
}

/* Parses a command line after one source, and compares what is complained of. */
static int parse_after(const char *source, struct nomem__options *options, char *const *command_line,
                       const char *complaint) {
  struct nomem__option_sources sources = {.count = 1};
  char printed[4096] = "";
  unsigned line;
  int count = 0;
  FILE *err = fmemopen(printed, sizeof printed, "w");
  static char name[] = "file";
  sources.list[0].name = name;
  sources.list[0].is_file = true;
  assert_int_equal(nomem__option_words_split(&sources.list[0].words, source, true, &line), 0);
  while (command_line[count] != NULL) count++;
  int result = nomem__options_parse_after(&sources, count, (char **)command_line, options, stdout, err);
  fclose(err);
  assert_string_equal(printed, complaint);
  nomem__option_words_free(&sources.list[0].words);
  return result;
}

/* What stands there holds, unless the command line says otherwise; what is another command's is passed over. */
static void precedence(void **state) {
  struct nomem__options options;
  (void)state;
  assert_int_equal(parse_after("-j 3 --timeout 5 --stacks --error-exitcode=9", &options,
                               WORDS("nomem", "explore", "-j4", "prog"), ""),
                   0);
  assert_int_equal(options.jobs, 4);
  assert_int_equal(options.timeout_ms, 5000);
  assert_int_equal(options.error_status, 9);
  assert_false(options.stacks);
  assert_int_equal(parse_after("-q", &options, WORDS("nomem", "explore", "-v", "prog"), ""), 0);
  assert_true(options.verbose && !options.quiet);
  assert_int_equal(parse_after("-v", &options, WORDS("nomem", "explore", "prog"), ""), 0);
  assert_true(options.verbose);
  assert_int_equal(parse_after("--no-trace", &options, WORDS("nomem", "explore", "--leaks", "all", "prog"), ""), 0);
  assert_true(!options.no_trace && options.leaks == NOMEM_LEAKS_ALL);
  assert_int_equal(parse_after("--leaks all --heap all", &options, WORDS("nomem", "explore", "--no-trace", "prog"), ""),
                   0);
  assert_true(options.no_trace && options.leaks == NOMEM_LEAKS_DEFAULT && options.heap == NOMEM_HEAP_DEFAULT);
  assert_int_equal(parse_after("--leaks all", &options, WORDS("nomem", "explore", "prog"), ""), 0);
  assert_int_equal(options.leaks, NOMEM_LEAKS_ALL);
  assert_int_equal(parse_after("--no-store", &options, WORDS("nomem", "explore", "--store", "x", "prog"), ""), 0);
  assert_true(!options.no_store && strcmp(options.store, "x") == 0);
  assert_int_equal(parse_after("-j 3", &options, WORDS("nomem", "explain", "crash"), ""), 0);
  assert_int_equal(parse_after("-v -q", &options, WORDS("nomem", "explore", "prog"),
                               "nomem: explore: --verbose and --quiet: leave one of them out (try 'nomem explore "
                               "--help')\n"),
                   -EINVAL);
}

/* What is wrong is refused with its line; so is what makes sense on a command line only. */
static void refused(void **state) {
  struct nomem__options options;
  static const struct {
    const char *source, *complaint;
  } cases[] = {
      {"-q\n--jbs 3", "nomem: file:2: unknown option '--jbs': did you mean '--jobs'? (try 'nomem explore --help')\n"},
      {"-q\n\n--zzzzz", "nomem: file:3: unknown option '--zzzzz': leave it out (try 'nomem explore --help')\n"},
      {"-q\nprogram", "nomem: file:2: 'program' is no option: write only options here (try 'nomem explore --help')\n"},
      {"--", "nomem: file:1: '--' is no option: write only options here (try 'nomem explore --help')\n"},
      {"--jobs", "nomem: file:1: --jobs needs a value: --jobs N (try 'nomem explore --help')\n"},
      {"--version",
       "nomem: file:1: --version is for the command line only: leave it out (try 'nomem explore --help')\n"},
      {"--fail nth=1",
       "nomem: file:1: --fail is for the command line only: leave it out (try 'nomem explore --help')\n"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_int_equal(parse_after(cases[i].source, &options, WORDS("nomem", "explore", "prog"), cases[i].complaint),
                     -EINVAL);
}

static void check_name(const char *pattern, const char *wanted) {
  assert_null(nomem__file_name_find_mistake(pattern));
  char *name = nomem__file_name_make(pattern, "some/folder/prog");
  assert_string_equal(name, wanted);
  free(name);
}

/* The parts of a name stand for what they say, anywhere in it. */
static void names(void **state) {
  char process[32];
  (void)state;
  snprintf(process, sizeof process, "%d.x", (int)getpid());
  assert_int_equal(setenv("NOMEM_TEST_NAME", "v%p", 1), 0);
  check_name("plain", "plain");
  check_name("%p.x", process);
  check_name("a/%n%n-", "a/progprog-");
  check_name("%%p%%", "%p%");
  check_name("%q{NOMEM_TEST_NAME}/%n", "v%p/prog");
}

static void mistakes_in_names(void **state) {
  static const char *const patterns[] = {"%", "a%", "%x", "%q", "%q{", "%q{}", "%q{NOMEM_NOT_SET_ANYWHERE}", "%p%P"};
  (void)state;
  for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
    if (nomem__file_name_find_mistake(patterns[i]) == NULL) fail_msg("%s", patterns[i]);
}

static void check_checker(char **given, char *const *wanted) {
  int count = 0;
  while (given[count] != NULL) count++;
  char **list = nomem__memory_checker_words(&count, given);
  int i = 0;
  assert_non_null(list);
  for (; list[i] != NULL && wanted[i] != NULL; i++) assert_string_equal(list[i], wanted[i]);
  assert_true(list[i] == NULL && wanted[i] == NULL && i == count);
  free(list);
}

/* Called as valgrind is by CTest, the command explores; valgrind's own options are left out, those of both are kept. */
static void memory_checker(void **state) {
  int count = 3;
  (void)state;
  check_checker(
      WORDS("nomem", "--log-file=l", "-q", "--tool=memcheck", "--leak-check=yes", "--num-callers=50", "/t", "-a"),
      WORDS("nomem", "explore", "--log-file=l", "--wrapper=on", "-q", "--", "/t", "-a"));
  check_checker(
      WORDS("nomem", "--log-file=l", "--suppressions=s", "--error-exitcode=3", "/t"),
      WORDS("nomem", "explore", "--log-file=l", "--wrapper=on", "--suppress", "s", "--error-exitcode=3", "--", "/t"));
  check_checker(WORDS("nomem", "--log-file=l", "explore", "-j", "2", "/t"),
                WORDS("nomem", "explore", "--log-file=l", "--wrapper=on", "-j", "2", "/t"));
  check_checker(WORDS("nomem", "--log-file=l", "explore", "-j", "2", "--suppressions=s", "/t", "--suppressions=t"),
                WORDS("nomem", "explore", "--log-file=l", "--wrapper=on", "-j", "2", "--suppress", "s", "/t",
                      "--suppressions=t"));
  check_checker(WORDS("nomem", "--log-file=l"), WORDS("nomem", "explore", "--log-file=l", "--wrapper=on"));
  assert_null(nomem__memory_checker_words(&count, WORDS("nomem", "explore", "--log-file=l")));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(words),          cmocka_unit_test(lines), cmocka_unit_test(precedence),
      cmocka_unit_test(refused),        cmocka_unit_test(names), cmocka_unit_test(mistakes_in_names),
      cmocka_unit_test(memory_checker),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
