/* SPDX-License-Identifier: MIT */
/* The line to paste, and the words for how a run ended. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../faults/explore/report/reproduction.h"
#include "../../faults/explore/text/memory_stream.h"

static struct nomem__options plain_options(void) {
  static char program[] = "./a b", argument[] = "c", *words[] = {program, argument, NULL};
  return (struct nomem__options){.image = "", .program = words};
}

static void check_line(const struct nomem__options *options, uint64_t timeout_ms, bool leaks, const char *wanted) {
  struct nomem__memory_stream stream;
  nomem__print_reproduction(nomem__memory_stream_open(&stream), options, "site=1234@1;site=5678@1", timeout_ms, leaks,
                            options->guarded_from);
  char *line = nomem__memory_stream_close(&stream);
  assert_string_equal(line, wanted);
  free(line);
}

#define LINE(options) "nomem run --fail 'site=1234@1;site=5678@1'" options " -- './a b' c\n"

/* Each option that changes how the program runs is in the line, and no other. */
static void options_that_matter(void **state) {
  struct nomem__options options = plain_options();
  (void)state;
  options.jobs = 4;
  options.verbose = options.strict = options.all = true;
  check_line(&options, 0, false, LINE(""));
  check_line(&options, 1, false, LINE(" -t 0.001"));
  check_line(&options, 123456789, false, LINE(" -t 123456.789"));
  check_line(&options, 0, true, LINE(" --leaks all"));
  options.guarded_from = 7;
  check_line(&options, 0, true, LINE(" --leaks all --guard 7"));
  options.guarded_from = 0;
  options.aslr = true;
  check_line(&options, 0, false, LINE(" --aslr"));
  options = plain_options();
  options.no_trace = true;
  check_line(&options, 0, true, LINE(" --no-trace"));
  options = plain_options();
  options.isolate = NOMEM_ISOLATE_OFF;
  check_line(&options, 0, false, LINE(" --isolate off"));
  options = plain_options();
  options.stdin_path = "in\033put";
  options.image = "x*";
  check_line(&options, 0, false, LINE(" --stdin $'in\\x1bput' --image 'x*'"));
}

/* What must be set up first stands in front, for a shell; of a secret there is nothing. */
static void what_is_set_up(void **state) {
  static char plain[] = "A=1", quoted[] = "B=it's 2", secret[] = "TOKEN", *both[] = {plain, secret, quoted, NULL};
  static char *only_secret[] = {secret, NULL};
  struct nomem__options options = plain_options();
  (void)state;
  options.folder = "/a b";
  check_line(&options, 0, false, "cd '/a b' && " LINE(""));
  options.variables = both;
  check_line(&options, 0, false, "cd '/a b' && env A=1 'B=it'\\''s 2' " LINE(""));
  options.folder = NULL;
  check_line(&options, 0, false, "env A=1 'B=it'\\''s 2' " LINE(""));
  options.variables = only_secret;
  check_line(&options, 0, false, LINE(""));
}

static void check_end(const struct nomem__finding *finding, const char *wanted) {
  struct nomem__memory_stream stream;
  nomem__print_end(nomem__memory_stream_open(&stream), finding);
  char *text = nomem__memory_stream_close(&stream);
  assert_string_equal(text, wanted);
  free(text);
}

/* What a finding says may come from somebody else's store. */
static void ends(void **state) {
  (void)state;
  check_end(&(struct nomem__finding){.verdict = NOMEM_VERDICT_CRASH, .signal = SIGSEGV, .last_words = "''"}, "SIGSEGV");
  check_end(&(struct nomem__finding){.verdict = NOMEM_VERDICT_CRASH, .signal = 1000, .last_words = "''"},
            "signal 1000");
  check_end(&(struct nomem__finding){.verdict = NOMEM_VERDICT_CRASH, .signal = SIGSEGV, .detail = "\033x"},
            "SIGSEGV, \\x1bx");
  check_end(&(struct nomem__finding){.verdict = NOMEM_VERDICT_ABORT, .signal = SIGABRT, .last_words = "'\n'"},
            "SIGABRT, its last words: '\\x0a'");
  check_end(&(struct nomem__finding){.verdict = NOMEM_VERDICT_HANG}, "still running");
  check_end(&(struct nomem__finding){.verdict = NOMEM_VERDICT_HANG, .detail = "busy\xff"}, "still running, busy\\xff");
  check_end(&(struct nomem__finding){.verdict = NOMEM_VERDICT_SANITIZER, .detail = "x\r"}, "x\\x0d");
  check_end(&(struct nomem__finding){.verdict = NOMEM_VERDICT_LEAK, .detail = "1 byte"}, "1 byte");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(options_that_matter), cmocka_unit_test(what_is_set_up),
                                     cmocka_unit_test(ends)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
