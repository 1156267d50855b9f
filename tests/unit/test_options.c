/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../faults/channel.h"
#include "../../faults/explore/options/options.h"
#include "../../faults/explore/options/options_table.h"
#include "../../faults/explore/text/quote.h"

#define MAX_ARGS 16

static struct nomem__options options;
static char printed[16384];
static char complaint[4096];
static char *args[MAX_ARGS];

/* Parses the words up to NULL as main would get them, and keeps what was printed. */
static int parse(const char *first, ...) {
  FILE *out = fmemopen(printed, sizeof printed, "w");
  FILE *err = fmemopen(complaint, sizeof complaint, "w");
  int argc = 0;
  va_list words;
  static char name[] = "nomem";
  assert_non_null(out);
  assert_non_null(err);
  memset(printed, 0, sizeof printed);
  memset(complaint, 0, sizeof complaint);
  args[argc++] = name;
  va_start(words, first);
  for (const char *word = first; word; word = va_arg(words, const char *)) args[argc++] = (char *)(uintptr_t)word;
  va_end(words);
  args[argc] = NULL;
  int result = nomem__options_parse(argc, args, &options, out, err);
  fclose(out);
  fclose(err);
  return result;
}

static void assert_refused(int result, const char *line) {
  assert_int_equal(result, -EINVAL);
  assert_string_equal(complaint, line);
  assert_string_equal(printed, "");
}

/* Without options every member has the default that the help text names. */
static void test_defaults(void **state) {
  (void)state;
  assert_int_equal(parse("explore", "prog", "-j", "9", NULL), 0);
  assert_int_equal(options.command, NOMEM_COMMAND_EXPLORE);
  assert_int_equal(options.jobs, 0);
  assert_int_equal(options.faults, NOMEM_FAULT_ALL);
  assert_int_equal(options.timeout_ms, 0);
  assert_null(options.stdin_path);
  assert_string_equal(options.image, "");
  assert_null(options.plan_text);
  assert_false(options.all || options.no_trace || options.stacks || options.verbose || options.quiet);
  assert_ptr_equal(options.program, args + 2);
  assert_string_equal(complaint, "");
}

/* Each way to write an option and its value reaches the right member. */
static void test_spellings(void **state) {
  (void)state;
  assert_int_equal(parse("suite", "x", NULL), 0);
  assert_int_equal(options.in_place, NOMEM_IN_PLACE_AUTO);
  assert_int_equal(parse("suite", "--in-place=off", "x", NULL), 0);
  assert_int_equal(options.in_place, NOMEM_IN_PLACE_OFF);
  assert_int_equal(parse("explore", "-vj4", "--timeout=0.25", "--faults", "persistent", "--stdin", "-", "--all",
                         "--image=a*,b", "--no-trace", "--", "-prog", NULL),
                   0);
  assert_int_equal(options.jobs, 4);
  assert_int_equal(options.timeout_ms, 250);
  assert_int_equal(options.faults, NOMEM_FAULT_PERSISTENT);
  assert_string_equal(options.stdin_path, "-");
  assert_string_equal(options.image, "a*,b");
  assert_true(options.all && options.no_trace && options.verbose);
  assert_string_equal(options.program[0], "-prog");
  assert_null(options.program[1]);
  assert_int_equal(parse("sites", "--stacks", "-t", "3", "prog", NULL), 0);
  assert_true(options.stacks);
  assert_int_equal(options.timeout_ms, 3000);
  assert_int_equal(options.command, NOMEM_COMMAND_SITES);
}

/* The value of --hostile may be left out, and is never a word of its own. */
static void test_hostile(void **state) {
  (void)state;
  assert_int_equal(parse("explore", "--hostile", "prog", NULL), 0);
  assert_int_equal(options.hostile, NOMEM_HOSTILE_ALL);
  assert_string_equal(options.program[0], "prog");
  assert_int_equal(parse("suite", "--hostile=freed,zero", "prog", NULL), 0);
  assert_int_equal(options.hostile, NOMEM_HOSTILE_FREED | NOMEM_HOSTILE_ZERO);
  assert_int_equal(parse("run", "--hostile=all", "prog", NULL), 0);
  assert_int_equal(options.hostile, NOMEM_HOSTILE_ALL);
  assert_null(options.plan_text);
  assert_refused(
      parse("explore", "--hostile=moved", "prog", NULL),
      "nomem: explore: --hostile 'moved': unknown way 'moved': one of moves fresh freed zero errno align all "
      "(try 'nomem explore --help')\n");
  assert_refused(parse("run", "--hostile", "--fail", "nth=1", "prog", NULL),
                 "nomem: run: --fail and --hostile: write hostile= in the plan, as in --fail 'nth=3; hostile=all' (try "
                 "'nomem run --help')\n");
  assert_int_equal(parse("sites", "--hostile", "prog", NULL), -EINVAL);
}

/* A plan is parsed where it is given, and both forms are kept. */
static void test_plan(void **state) {
  struct nomem_plan plan;
  (void)state;
  assert_int_equal(parse("run", "--fail", "nth=3", "-q", "prog", "arg", NULL), 0);
  assert_int_equal(nomem_plan_parse("nth=3", &plan, NULL), 0);
  assert_memory_equal(&plan, &options.plan, sizeof plan);
  assert_string_equal(options.plan_text, "nth=3");
  assert_string_equal(options.program[1], "arg");
}

/* A bad plan is shown on one line with the column, however it tries to break the line. */
static void test_bad_plan(void **state) {
  struct nomem_plan plan;
  struct nomem_plan_error error;
  char line[1024];
  (void)state;
  assert_int_equal(nomem_plan_parse("nth=3 \033x", &plan, &error), -EINVAL);
  snprintf(line, sizeof line, "nomem: run: --fail 'nth=3 \\x1bx': column %zu: %s (try 'nomem run --help')\n",
           error.column, error.reason);
  assert_refused(parse("run", "--fail", "nth=3 \033x", "prog", NULL), line);
}

/* Numbers are read strictly: no sign, no blank, no tail, nothing out of range. */
static void test_numbers(void **state) {
  static const char *const bad_jobs[] = {"",   "0",   "257", "-1",  "+1", " 1",
                                         "1 ", "0x2", "1e1", "4.0", "j",  "18446744073709551617"};
  static const char *const bad_times[] = {"",
                                          "0",
                                          "0.0",
                                          "0.0009",
                                          ".5",
                                          "1.",
                                          "-1",
                                          "+1",
                                          "1e3",
                                          "1..2",
                                          "1,5",
                                          "inf",
                                          "nan",
                                          "1s",
                                          " 1",
                                          "1000000",
                                          "999999999999999999999"};
  (void)state;
  for (size_t i = 0; i < sizeof bad_jobs / sizeof *bad_jobs; i++)
    assert_int_equal(parse("explore", "--jobs", bad_jobs[i], "prog", NULL), -EINVAL);
  for (size_t i = 0; i < sizeof bad_times / sizeof *bad_times; i++)
    assert_int_equal(parse("explore", "--timeout", bad_times[i], "prog", NULL), -EINVAL);
  assert_int_equal(parse("explore", "-j256", "-t", "999999.9999", "prog", NULL), 0);
  assert_int_equal(options.jobs, 256);
  assert_int_equal(options.timeout_ms, 999999999);
  assert_int_equal(parse("explore", "-j1", "-t0.001", "prog", NULL), 0);
  assert_int_equal(options.timeout_ms, 1);
}

/* Image lists that the shared page cannot hold or that can match nothing are refused. */
static void test_image(void **state) {
  char name[NOMEM_GLOB_BYTES + 1];
  static const char *const bad[] = {"", ",", "a,", ",a", "a,,b", "bin/a"};
  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_int_equal(parse("sites", "--image", bad[i], "prog", NULL), -EINVAL);
  for (size_t i = 0; i < sizeof name; i++) name[i] = i % 8 == 7 ? ',' : 'x';
  name[NOMEM_GLOB_BYTES - 1] = 'x';
  name[NOMEM_GLOB_BYTES] = '\0';
  assert_int_equal(parse("sites", "--image", name, "prog", NULL), -EINVAL);
  name[NOMEM_GLOB_BYTES - 1] = '\0';
  name[NOMEM_GLOB_BYTES - 9] = 'x';
  assert_int_equal(parse("sites", "--image", name, "prog", NULL), 0);
  memset(name, 'x', sizeof name);
  name[NOMEM_PLAN_NAME_BYTES] = '\0';
  assert_int_equal(parse("sites", "--image", name, "prog", NULL), -EINVAL);
  name[NOMEM_PLAN_NAME_BYTES - 1] = '\0';
  assert_int_equal(parse("sites", "--image", name, "prog", NULL), 0);
}

/* Every usage error is one line that says what, where and how to mend it. */
static void test_usage_errors(void **state) {
  (void)state;
  assert_refused(parse("explore", NULL),
                 "nomem: explore: no program: add '-- PROGRAM [ARG...]' (try 'nomem explore --help')\n");
  assert_refused(parse("explore", "--", NULL),
                 "nomem: explore: no program: add '-- PROGRAM [ARG...]' (try 'nomem explore --help')\n");
  assert_refused(parse("run", "prog", NULL),
                 "nomem: run: no plan: say which allocations fail, such as --fail nth=3 (try 'nomem run --help')\n");
  assert_refused(parse("explore", "--jbos", "3", "x", NULL),
                 "nomem: explore: unknown option '--jbos': did you mean '--jobs'? (try 'nomem explore --help')\n");
  assert_refused(parse("explore", "--time=3", "x", NULL),
                 "nomem: explore: unknown option '--time=3': did you mean '--timeout'? (try 'nomem explore --help')\n");
  assert_refused(parse("run", "-vj3", "x", NULL),
                 "nomem: run: '-j' is not an option of this command but of 'nomem explore': leave it out "
                 "(try 'nomem run --help')\n");
  assert_refused(parse("--all", NULL),
                 "nomem: option '--all' comes after the command, as in 'nomem explore --all' (try 'nomem --help')\n");
  assert_refused(parse("exlpore", "x", NULL),
                 "nomem: unknown command 'exlpore': did you mean 'explore'? (try 'nomem --help')\n");
  assert_refused(parse("./prog", NULL),
                 "nomem: unknown command './prog': name a command first, as in 'nomem explore -- PROGRAM' "
                 "(try 'nomem --help')\n");
  assert_refused(parse("on", NULL),
                 "nomem: unknown command 'on': name a command first, as in 'nomem explore -- PROGRAM' "
                 "(try 'nomem --help')\n");
  assert_refused(parse("explore", "--jobs", NULL),
                 "nomem: explore: --jobs needs a value: --jobs N (try 'nomem explore --help')\n");
  assert_refused(parse("explore", "--all=1", "x", NULL),
                 "nomem: explore: --all takes no value: leave out what follows it (try 'nomem explore --help')\n");
  assert_refused(parse("explore", "-v", "-q", "x", NULL),
                 "nomem: explore: --verbose and --quiet: leave one of them out (try 'nomem explore --help')\n");
  assert_refused(parse("explore", "--no-trace", "--leaks", "all", "x", NULL),
                 "nomem: explore: --leaks needs ptrace, and --no-trace does without: leave one of them out "
                 "(try 'nomem explore --help')\n");
  assert_refused(parse("explore", "--no-trace", "--heap", "sites", "x", NULL),
                 "nomem: explore: --heap needs ptrace, and --no-trace does without: leave one of them out "
                 "(try 'nomem explore --help')\n");
  assert_refused(parse("explore", "--heap", "all", "--leaks", "off", "x", NULL),
                 "nomem: explore: --heap needs the record of blocks, and --leaks off does without: leave one of them "
                 "out (try 'nomem explore --help')\n");
  assert_refused(parse("explore", "--coverage", "c", "--engine", "fork", "x", NULL),
                 "nomem: explore: --coverage needs --engine exec, because data is written when a program ends: leave "
                 "one of them out (try 'nomem explore --help')\n");
  assert_int_equal(parse("explore", "--coverage", "c", "--engine", "exec", "x", NULL), 0);
  assert_refused(parse("explore", "-", NULL),
                 "nomem: explore: unknown option '-': if it is PROGRAM's, put it after "
                 "PROGRAM (try 'nomem explore --help')\n");
  assert_refused(parse("suite", "--in-place", "on", "x", NULL),
                 "nomem: suite: --in-place 'on': give auto or off (try 'nomem suite --help')\n");
  assert_refused(parse("explore", "--faults", "some", "x", NULL),
                 "nomem: explore: --faults 'some': give transient, persistent, both or all "
                 "(try 'nomem explore --help')\n");
}

/* nomem alone explains itself on the error stream and fails. */
static void test_nothing(void **state) {
  (void)state;
  assert_int_equal(parse(NULL, NULL), -EINVAL);
  assert_string_equal(printed, "");
  assert_non_null(strstr(complaint, "usage: nomem"));
}

/* A long name has its line to itself. */
static bool is_listed(const char *name) {
  static const char ends[] = " \n[";
  char spelt[64];
  for (const char *end = ends; *end != '\0'; end++) {
    snprintf(spelt, sizeof spelt, " --%s%c", name, *end);
    if (strstr(printed, spelt) != NULL) return true;
  }
  return false;
}

/* Two options of one name, of different commands, may differ in their help. */
static bool has_option(unsigned command, const char *name) {
  for (const struct nomem__option *option = nomem__option_table; option->name; option++)
    if (strcmp(option->name, name) == 0 && (option->commands & NOMEM_SCOPE(command)) != 0) return true;
  return false;
}

/* Every option and command is in the help of the commands that have it and in the manual, and in no other's help. */
static void test_help_is_whole(void **state) {
  static char manual[sizeof printed];
  (void)state;
  assert_int_equal(parse("--man", NULL), 1);
  memcpy(manual, printed, sizeof manual);
  for (unsigned command = 0; command < NOMEM_COMMAND_COUNT; command++) {
    assert_int_equal(parse(nomem__commands[command].name, "--help", NULL), 1);
    for (const struct nomem__option *option = nomem__option_table; option->name; option++) {
      char name[64];
      assert_int_equal(is_listed(option->name), has_option(command, option->name));
      snprintf(name, sizeof name, "\\fB\\-\\-%.2s", option->name);
      assert_non_null(strstr(manual, name));
    }
    assert_int_equal(parse("help", nomem__commands[command].name, NULL), 1);
    assert_non_null(strstr(printed, nomem__commands[command].name));
    assert_int_equal(parse("help", NULL), 1);
    assert_non_null(strstr(printed, nomem__commands[command].summary));
  }
}

/* No line of any help text is wider than a terminal. */
static void test_help_fits(void **state) {
  (void)state;
  for (unsigned command = 0; command <= NOMEM_COMMAND_COUNT; command++) {
    const char *name = command < NOMEM_COMMAND_COUNT ? nomem__commands[command].name : "--help";
    assert_int_equal(parse(name, command < NOMEM_COMMAND_COUNT ? "-h" : NULL, NULL), 1);
    for (const char *line = printed; *line;) {
      size_t length = strcspn(line, "\n");
      assert_true(length < 80);
      assert_true(length == 0 || line[length - 1] != ' ');
      line += length + (line[length] == '\n');
    }
  }
}

/* Quoting keeps ordinary UTF-8 and lets nothing through that drives a terminal, breaks the line or overruns. */
static void test_quote(void **state) {
  char out[32];
  (void)state;
  assert_string_equal(nomem__quote("a b", out, sizeof out), "'a b'");
  assert_string_equal(nomem__quote("\xc3\xa4\xe2\x82\xac", out, sizeof out), "'\xc3\xa4\xe2\x82\xac'");
  assert_string_equal(nomem__quote("\n\t\r\\\033\x7f\x01", out, sizeof out), "'\\n\\t\\r\\\\\\x1b\\x7f\\x01'");
  assert_string_equal(nomem__quote("\xc2\x9b"
                                   "A\xff\xe2\x82",
                                   out, sizeof out),
                      "'\\xc2\\x9bA\\xff\\xe2\\x82'");
  assert_string_equal(nomem__quote("12345678901234", out, 17), "'12345678901234'");
  assert_string_equal(nomem__quote("123456789012345", out, 17), "'12345678901...'");
  for (size_t bytes = 16; bytes < sizeof out; bytes++) {
    memset(out, '#', sizeof out);
    nomem__quote("x\xc3\xa4\n\xf0\x9f\x98\x80\x01z\xc3\xa4\n\xf0\x9f\x98\x80\x01z\xc3\xa4\n\n\n", out, bytes);
    assert_true(strlen(out) < bytes);
    assert_true(bytes + 1 >= sizeof out || out[bytes] == '#');
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_defaults),     cmocka_unit_test(test_spellings), cmocka_unit_test(test_plan),
      cmocka_unit_test(test_bad_plan),     cmocka_unit_test(test_numbers),   cmocka_unit_test(test_image),
      cmocka_unit_test(test_usage_errors), cmocka_unit_test(test_nothing),   cmocka_unit_test(test_help_is_whole),
      cmocka_unit_test(test_help_fits),    cmocka_unit_test(test_quote),     cmocka_unit_test(test_hostile),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
