/* SPDX-License-Identifier: MIT */
/* The sites of a run: read from its channel, compared with those of another run, and which of them are test code's:
 * docs/verdicts.md, "Whose fault?". */
#include "fixtures/recorded_run.h"

#include "../../faults/explore/campaign/baseline.h"
#include "../../faults/explore/campaign/site_list.h"

#define DEMO "/lib/libdemo.so.1"

const struct recorded_function recorded_functions[] = {
    {.name = "malloc", .module = "/lib/libc.so.6"},
    {.name = "parse", .module = DEMO, .file = "src/parse.c"},
    {.name = "test_parse", .module = "/w/build/app", .file = "tests/parse.c"},
    {0},
};

static struct recorded_run *run;

static int set_up(void **state) {
  (void)state;
  run = record_run();
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  discard_run(run);
  return 0;
}

/* In the order they first came; without those that have no call, and without what a sanitizer allocates for itself. */
static void reading(void **state) {
  (void)state;
  for (unsigned i = 0; i < 4; i++) {
    struct nomem_site *site = &run->channel->sites[record_site(run, STACK("parse:1", "test_parse:2"))];
    site->first_nth = 10 - i;
    if (i == 1) site->count = 0;
    if (i == 2) site->caller = NOMEM_CALLER_ALLOCATOR;
  }
  struct nomem__campaign_site *sites;
  assert_int_equal(nomem__site_list_read(run->channel, &sites), 2);
  assert_int_equal(sites[0].key, 4);
  assert_int_equal(sites[1].key, 1);
  assert_int_equal(sites[1].depth, 2);
  assert_int_equal(sites[1].frames[0], run->channel->sites[0].frame[0]);
  assert_int_equal(sites[0].worst, NOMEM_VERDICT_COUNT);
  free(sites);
}

/* A depth that the program wrote over is cut, also where another site has left room for more frames. */
static void hostile_depth(void **state) {
  (void)state;
  run->channel->sites[record_site(run, STACK("parse:1"))].depth = UINT32_MAX;
  record_site(run, STACK("parse:2"));
  struct nomem__campaign_site *sites;
  assert_int_equal(nomem__site_list_read(run->channel, &sites), 2);
  assert_int_equal(sites[0].depth, NOMEM_DEPTH);
  assert_int_equal(sites[1].depth, 1);
  free(sites);
}

static void modules(void **state) {
  (void)state;
  char **paths;
  assert_int_equal(nomem__site_list_read_modules(run->channel, &paths), 3);
  assert_string_equal(paths[1], DEMO);
  assert_string_equal(paths[2], "/w/build/app");
  free(paths);
}

/* What test code calls itself is marked, whether or not a run-time lies between; what it has called is not. */
static void test_calls(void **state) {
  (void)state;
  record_site(run, STACK("parse:1", "test_parse:2"));
  record_site(run, STACK("test_parse:3"));
  record_site(run, STACK("malloc:1", "test_parse:4"));
  struct nomem__campaign_site *sites;
  char **paths;
  size_t count = nomem__site_list_read(run->channel, &sites);
  size_t module_count = nomem__site_list_read_modules(run->channel, &paths);
  const struct nomem__code_owners divided = {.is_divided = true}, undivided = {0};
  nomem__site_list_mark_test_calls(sites, count, paths, module_count, &undivided);
  for (size_t i = 0; i < count; i++) assert_false(sites[i].is_tests);
  nomem__site_list_mark_test_calls(sites, count, paths, module_count, &divided);
  assert_false(sites[0].is_tests);
  assert_true(sites[1].is_tests);
  assert_true(sites[2].is_tests);
  free(sites);
  free(paths);
}

/* Eight digits, or as many as tell the keys apart. */
static void digits(void **state) {
  uint64_t apart[] = {UINT64_C(0x2000000000000000), UINT64_C(0x1000000000000000)};
  uint64_t close[] = {UINT64_C(0x1234567890000000), UINT64_C(0x1234567891000000)};
  uint64_t next[] = {UINT64_C(0x1234567890000000), UINT64_C(0x1234567890000001)};
  uint64_t same[] = {7, 7};
  (void)state;
  assert_int_equal(nomem__key_digits(apart, 2), 8);
  assert_int_equal(nomem__key_digits(close, 2), 10);
  assert_int_equal(nomem__key_digits(next, 2), 16);
  assert_int_equal(nomem__key_digits(same, 2), 8);
  const struct nomem__campaign_site sites[] = {{.key = close[1]}, {.key = close[0]}};
  assert_int_equal(nomem__site_list_digits(sites, 2), 10);
}

/* Each site that is in one list only counts once; both lists keep their order. */
static void unshared(void **state) {
  struct nomem__campaign_site one[] = {
      {.key = 5, .first_nth = 1}, {.key = 1, .first_nth = 2}, {.key = 3, .first_nth = 3}};
  struct nomem__campaign_site two[] = {{.key = 9, .first_nth = 1}, {.key = 3, .first_nth = 2}};
  (void)state;
  assert_int_equal(nomem__site_list_count_unshared(one, 3, two, 2), 3);
  assert_int_equal(one[0].key, 5);
  assert_int_equal(two[0].key, 9);
  assert_int_equal(nomem__site_list_count_unshared(one, 3, one, 3), 0);
  assert_int_equal(nomem__site_list_count_unshared(one, 3, two, 0), 3);
}

/* What an interpreter allocates for itself is dropped, and counted. */
static void untested(void **state) {
  (void)state;
  static char modules[2][NOMEM_PATH_BYTES] = {DEMO};
  const struct nomem__tested_modules tested = {
      .interpreter = "/usr/bin/python3", .paths = modules, .count = 1, .are_limit = true};
  record_site(run, STACK("malloc:1", "test_parse:2"));
  record_site(run, STACK("malloc:1", "parse:1", "test_parse:2"));
  run->channel->sites[record_site(run, STACK("malloc:1", "test_parse:3"))].count = 4;
  struct nomem__campaign_site *sites;
  char **paths;
  uint64_t calls;
  size_t count = nomem__site_list_read(run->channel, &sites);
  size_t path_count = nomem__site_list_read_modules(run->channel, &paths);
  assert_int_equal(count, 3);
  assert_int_equal(nomem__site_list_drop_untested(sites, count, paths, path_count, &tested, &calls), 1);
  assert_int_equal(calls, 5);
  assert_int_equal(sites[0].key, 2);
  free(sites);
  free(paths);
}

/* A run is a hang after ten times the baseline's time, at least a second, or after --timeout. */
static void timeouts(void **state) {
  (void)state;
  assert_int_equal(nomem__baseline_timeout_ms(0, 1000), 1000);
  assert_int_equal(nomem__baseline_timeout_ms(0, 100000), 1000);
  assert_int_equal(nomem__baseline_timeout_ms(0, 200000), 2000);
  assert_int_equal(nomem__baseline_timeout_ms(300, 200000), 300);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(reading), TEST(hostile_depth), TEST(modules),  TEST(test_calls),
      TEST(digits),  TEST(unshared),      TEST(untested), TEST(timeouts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
