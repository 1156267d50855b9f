/* SPDX-License-Identifier: MIT */
/* Which sites --sites means: those with a function, a module or a "file:line" in their stack that matches. */
#include "fixtures/recorded_run.h"

#include <errno.h>

#include "../../faults/explore/campaign/site_filter.h"

#define DEMO "/lib/libdemo.so.1"
#define APP "/w/build/app"

const struct recorded_function recorded_functions[] = {
    {.name = "parse", .module = DEMO, .file = "src/reader.c", .inlined = "parse_part"},
    {.name = "uv_run", .module = DEMO, .file = "src/core.c"},
    {.name = "main", .module = APP, .file = "src/main.c"},
    {.written = "/lib/libstripped.so.2", .module = "/lib/libstripped.so.2"},
    {0},
};

static struct recorded_run *run;
static struct nomem__campaign_site *sites;
static char **modules;
static size_t site_count, module_count;

/* Four sites, in this order. */
static int set_up(void **state) {
  (void)state;
  run = record_run();
  record_site(run, STACK("parse:7", "main:3"));
  record_site(run, STACK("uv_run:9", "main:4"));
  record_site(run, STACK("parse:107", "main:5"));
  record_site(run, STACK("/lib/libstripped.so.2", "main:6"));
  site_count = nomem__site_list_read(run->channel, &sites);
  module_count = nomem__site_list_read_modules(run->channel, &modules);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  free(sites);
  free(modules);
  discard_run(run);
  return 0;
}

/* Which sites are left in: a letter each. */
static const char *left_in(const char *pattern) {
  static char text[8];
  size_t at = 0;
  int64_t count = nomem__site_filter_apply(pattern, NULL, sites, site_count, modules, module_count);
  for (size_t i = 0; i < site_count; i++)
    if (!sites[i].is_left_out) text[at++] = (char)('a' + i);
  text[at] = '\0';
  assert_int_equal(count, at);
  return text;
}

static void functions(void **state) {
  (void)state;
  assert_string_equal(left_in("^uv_"), "b");
  assert_string_equal(left_in("^parse$"), "ac");
  assert_string_equal(left_in("^parse_part$"), "c"); /* inlined there */
  assert_string_equal(left_in("^main$"), "abcd");    /* anywhere in the stack */
}

/* By the name of the file alone, not by its folder. */
static void module_names(void **state) {
  (void)state;
  assert_string_equal(left_in("^libdemo"), "abc");
  assert_string_equal(left_in("stripped"), "d");
  assert_string_equal(left_in("^/lib/"), "");
}

static void lines(void **state) {
  (void)state;
  assert_string_equal(left_in("reader\\.c:7$"), "a");
  assert_string_equal(left_in("core\\.c:"), "b");
  assert_string_equal(left_in("main\\.c:(3|6)$"), "ad");
}

static void bad_pattern(void **state) {
  (void)state;
  assert_int_equal(nomem__site_filter_apply("(", NULL, sites, site_count, modules, module_count), -EINVAL);
  assert_false(nomem__site_filter_check("("));
  assert_true(nomem__site_filter_check("^uv_"));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(functions),
      TEST(module_names),
      TEST(lines),
      TEST(bad_pattern),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
