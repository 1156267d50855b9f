/* SPDX-License-Identifier: MIT */
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

#include "../../faults/explore/judge/suppressions.h"

static char path[] = "/tmp/nomem-suppress-XXXXXX";
static char complaint[4096];
static struct nomem__suppressions rules;

/* Reads text as a file of rules, in place of those of before. */
static int read_rules_as(const char *text, size_t bytes, bool is_default) {
  FILE *file = fopen(path, "w"), *err = fmemopen(complaint, sizeof complaint, "w");
  assert_non_null(file);
  assert_non_null(err);
  assert_int_equal(fwrite(text, 1, bytes, file), bytes);
  fclose(file);
  memset(complaint, 0, sizeof complaint);
  nomem__suppressions_free(&rules);
  int result = nomem__suppressions_read(&rules, path, is_default, err);
  fclose(err);
  return result;
}

static int read_rules(const char *text, size_t bytes) {
  return read_rules_as(text, bytes, false);
}

static int read_text(const char *text) {
  return read_rules(text, strlen(text));
}

/* A crash in "use", called by "work", after the malloc in "make" under "work" failed; libx.so.2 is to blame. */
static const char crash[] =
    "{\"verdict\":\"crash\",\"fault\":{\"culprit\":0,\"stack\":[{\"function\":\"make\",\"module\":\"/lib/libx.so.2\"},"
    "{\"function\":\"work\",\"module\":\"/lib/libx.so.2\"},{\"function\":\"main\",\"module\":\"/bin/p\"}]},"
    "\"blow_up\":{\"culprit\":1,\"stack\":[{\"function\":\"strlen\",\"module\":\"/lib/libc.so.6\"},"
    "{\"function\":\"use\",\"module\":\"/lib/libx.so.2\",\"file\":\"src/use.c\"},"
    "{\"function\":\"main\",\"module\":\"/bin/p\",\"file\":\"src/main.c\"}]}}";

static bool suppresses(const char *rule, const char *document) {
  json_t *finding = json_loads(document, 0, NULL);
  assert_non_null(finding);
  assert_int_equal(read_text(rule), 0);
  bool is_matched = nomem__suppressions_match(&rules, finding) != NULL;
  json_decref(finding);
  return is_matched;
}

static bool is_suppressed_by(const char *rule) {
  return suppresses(rule, crash);
}

/* The one to blame is known by what it is inlined into, too: that is the function that was called. */
static void test_inlined(void **state) {
  (void)state;
  static const char document[] =
      "{\"verdict\":\"hang\",\"blow_up\":{\"culprit\":0,\"stack\":["
      "{\"function\":\"inner\",\"module\":\"/lib/libc.so.6\",\"inlined\":true},"
      "{\"function\":\"getaddrinfo\",\"module\":\"/lib/libc.so.6\"},"
      "{\"function\":\"main\",\"module\":\"/bin/p\"}]}}";
  assert_true(suppresses("hang function=getaddrinfo # r", document));
  assert_true(suppresses("hang function=inner # r", document));
  assert_false(suppresses("hang function=main # r", document));
}

/* Each condition matches what it names and nothing else, and all of a rule must. */
static void test_conditions(void **state) {
  (void)state;
  assert_true(is_suppressed_by("crash function=use # r"));
  assert_true(is_suppressed_by("* function=str* # r"));
  assert_false(is_suppressed_by("abort function=use # r"));
  assert_false(is_suppressed_by("crash function=main # behind the one to blame"));
  assert_false(is_suppressed_by("crash function=us # a whole name"));
  assert_true(is_suppressed_by("crash module=libx.so.* # r"));
  assert_false(is_suppressed_by("crash module=libc.so.* # not to blame"));
  assert_true(is_suppressed_by("crash file=src/* # r"));
  assert_false(is_suppressed_by("crash file=src/main.c # r"));
  assert_true(is_suppressed_by("crash function=use module=libx* file=*use.c site=make # r"));
  assert_false(is_suppressed_by("crash function=use module=liby* # r"));
}

/* What is not known of a finding matches no pattern, whatever it says: a module without a stack, a file without debug
 * information. */
static void test_unknown(void **state) {
  (void)state;
  static const char stripped[] =
      "{\"verdict\":\"crash\",\"fault\":{\"stack\":[]},\"blow_up\":{\"culprit\":0,"
      "\"stack\":[{\"function\":\"use\",\"module\":\"/lib/libx.so.2\"}]}}";
  static const char bare[] = "{\"verdict\":\"crash\",\"fault\":{\"stack\":[]}}";
  assert_true(suppresses("crash module=* # r", stripped));
  assert_false(suppresses("crash file=* # r", stripped));
  assert_false(suppresses("crash module=* # r", bare));
  assert_false(suppresses("crash function=* # r", bare));
  assert_false(suppresses("crash site=* # r", bare));
}

/* A name longer than any function's matches none, and harms nothing. */
static void test_long_pattern(void **state) {
  (void)state;
  static char rule[8192];
  int length = snprintf(rule, sizeof rule, "crash site=");
  memset(rule + length, '*', 6000);
  snprintf(rule + length + 6000, sizeof rule - (size_t)length - 6000, "<-work # r");
  assert_false(is_suppressed_by(rule));
}

/* A site is a run of callers anywhere in the stack of the failed call. */
static void test_site(void **state) {
  (void)state;
  assert_true(is_suppressed_by("crash site=make<-work # r"));
  assert_true(is_suppressed_by("crash site=w?rk<-* # r"));
  assert_true(is_suppressed_by("crash site=main # r"));
  assert_false(is_suppressed_by("crash site=make<-main # one is left out"));
  assert_false(is_suppressed_by("crash site=main<-* # nobody called it"));
  assert_false(is_suppressed_by("crash site=use # of the other stack"));
}

/* The first rule that matches is the one that is used, and no other. */
static void test_used(void **state) {
  (void)state;
  assert_true(is_suppressed_by(
      "# a comment\n\n  \t\ncrash function=no # a\r\ncrash function=use # b \ncrash function=use # c"));
  assert_int_equal(rules.count, 3);
  assert_false(rules.rules[0].is_used);
  assert_true(rules.rules[1].is_used);
  assert_false(rules.rules[2].is_used);
  assert_int_equal(rules.rules[1].line, 5);
  assert_string_equal(rules.rules[0].reason, "a");
  assert_string_equal(rules.rules[1].reason, "b");
}

/* Without ptrace there is only the failed call's stack, and function= means that one. */
static void test_no_blow_up(void **state) {
  (void)state;
  json_t *finding = json_loads(crash, 0, NULL);
  assert_int_equal(json_object_del(finding, "blow_up"), 0);
  assert_int_equal(read_text("crash function=make # r"), 0);
  assert_non_null(nomem__suppressions_match(&rules, finding));
  json_decref(finding);
}

static void assert_refused(const char *text, const char *ending) {
  char expected[512];
  snprintf(expected, sizeof expected, "nomem: '%s':%s\n", path, ending);
  assert_int_equal(read_text(text), -EINVAL);
  assert_string_equal(complaint, expected);
}

/* A mistake is told with its line and how to mend it; a rule without a reason, or for everything, is one. */
static void test_mistakes(void **state) {
  (void)state;
  assert_refused("\ncrash function=f", "2: no reason: say after # why this is no finding");
  assert_refused("crash function=f #  ", "1: no reason: say after # why this is no finding");
  assert_refused("crash # all", "1: this would suppress every such finding: add function=, module=, file= or site=");
  assert_refused("crush function=f # r",
                 "1: unknown verdict 'crush': give one such as crash, abort or hang, or * for any");
  assert_refused("*x function=f # r", "1: unknown verdict '*x': give one such as crash, abort or hang, or * for any");
  assert_refused("handled function=f # r", "1: 'handled' is no finding: nothing to suppress");
  assert_refused("crash name=f # r", "1: unknown condition 'name=f': give function=, module=, file= or site=");
  assert_refused("crash func=f # r", "1: unknown condition 'func=f': give function=, module=, file= or site=");
  assert_refused("crash =f # r", "1: unknown condition '=f': give function=, module=, file= or site=");
  assert_refused("crash function= # r", "1: function= needs a pattern, with * and ? as in a shell");
  assert_refused("crash function # r", "1: function= needs a pattern, with * and ? as in a shell");
  assert_refused("crash module=a module=b # r", "1: module= stands twice: write two rules");
  assert_refused("crash \033[31m=a # r", "1: unknown condition '\\x1b[31m=a': give function=, module=, file= or site=");
}

/* Every mistake of a file is told at once. */
static void test_all_mistakes(void **state) {
  (void)state;
  assert_int_equal(read_text("x\ncrash function=f # r\ny\n"), -EINVAL);
  assert_non_null(strstr(complaint, ":1: "));
  assert_non_null(strstr(complaint, ":3: "));
}

/* What is no text, or has no end, is refused. */
static void test_no_text(void **state) {
  (void)state;
  static const char text[] = "crash function=f # r\n\0";
  assert_int_equal(read_rules(text, sizeof text - 2), 0);
  assert_int_equal(read_rules(text, sizeof text - 1), -EINVAL);
  assert_non_null(strstr(complaint, "it is no text"));
  FILE *err = fmemopen(complaint, sizeof complaint, "w");
  assert_int_equal(nomem__suppressions_read(&rules, "/dev/zero", false, err), -EFBIG);
  assert_int_equal(nomem__suppressions_read(&rules, "/nonexistent", false, err), -ENOENT);
  fclose(err);
}

/* Where a rule is from: the user's file, or the one that came with nomem. */
static void test_origin(void **state) {
  (void)state;
  static const char text[] = "crash function=f # r";
  assert_int_equal(read_rules_as(text, strlen(text), false), 0);
  assert_false(rules.rules[0].is_default);
  assert_int_equal(read_rules_as(text, strlen(text), true), 0);
  assert_true(rules.rules[0].is_default);
  assert_string_equal(rules.rules[0].path, path);
}

static int set_up(void **state) {
  (void)state;
  int file = mkstemp(path);
  return file < 0 ? -1 : close(file);
}

static int tear_down(void **state) {
  (void)state;
  nomem__suppressions_free(&rules);
  return unlink(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_conditions),   cmocka_unit_test(test_site),       cmocka_unit_test(test_used),
      cmocka_unit_test(test_inlined),      cmocka_unit_test(test_no_blow_up), cmocka_unit_test(test_mistakes),
      cmocka_unit_test(test_all_mistakes), cmocka_unit_test(test_no_text),    cmocka_unit_test(test_unknown),
      cmocka_unit_test(test_long_pattern), cmocka_unit_test(test_origin),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
