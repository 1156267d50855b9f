/* SPDX-License-Identifier: MIT */
/* Which sites that only a failed call leads to are failed as well: docs/evidence.md, "Second faults". */
#include "fixtures/recorded_run.h"

#include <errno.h>

#include "../../faults/explore/campaign/second_faults.h"

#define DEMO "/lib/libdemo.so.1"

const struct recorded_function recorded_functions[] = {
    {.name = "make_message", .module = DEMO, .file = "src/message.c"},
    {.name = "format", .module = DEMO, .file = "src/message.c"},
    {.name = "report", .module = DEMO, .file = "src/message.c"},
    {.name = "parse", .module = DEMO, .file = "src/parse.c"},
    {.name = "load", .module = DEMO, .file = "src/load.c"},
    {.name = "test_parse", .module = "/w/build/app", .file = "tests/parse.c"},
    {0},
};

static struct nomem__second_faults faults;
static struct recorded_run *run;
/* Of four sites, all but number 3 had their first call failed. */
static const bool was_tried[] = {true, true, true, false};
static struct nomem__second_choice choice;

static int set_up(void **state) {
  (void)state;
  run = record_run();
  choice = (struct nomem__second_choice){.was_tried = was_tried, .point_count = 100, .quick_runs = 1000};
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  discard_run(run);
  nomem__second_faults_free(&faults);
  return 0;
}

static void come_to(uint64_t key, const char *const *stack) {
  struct nomem_recovery *recovery = &run->channel->recoveries[run->channel->recovery_count++];
  recovery->key = key;
  recovery->depth = record_frames(run, stack, recovery->frame);
}

static void note(uint32_t site) {
  const struct nomem__code_owners owners = {.is_divided = true};
  nomem__second_faults_note(&faults, &owners, site, run->channel);
  run->channel->recovery_count = 0;
}

static void add(uint32_t site, uint64_t key, uint64_t similar) {
  const struct nomem__second_fault fault = {.key = key, .similar = similar, .site = site};
  nomem__second_faults_add(&faults, &fault);
}

/* What is chosen, as text: "site:key ..." */
static const char *chosen(void) {
  static char text[4096];
  struct nomem__second_fault *list = NULL;
  size_t count = nomem__second_faults_choose(&faults, &choice, &list);
  assert_int_equal(count, faults.second_count);
  text[0] = '\0';
  for (size_t i = 0; i < count; i++) {
    assert_int_equal(faults.seconds[i], list[i].key);
    sprintf(text + strlen(text), "%s%u:%lu", i > 0 ? " " : "", list[i].site, (unsigned long)list[i].key);
  }
  free(list);
  return text;
}

/* A site that no run without a fault has; and none of test code's own calls. */
static void noted(void **state) {
  (void)state;
  const struct nomem__campaign_site sites[] = {{.key = 30}, {.key = 10}};
  nomem__second_faults_know(&faults, sites, 2);
  nomem__second_faults_know(&faults, &(struct nomem__campaign_site){.key = 20}, 1);
  come_to(10, STACK("report:1"));
  come_to(20, STACK("report:2"));
  come_to(30, STACK("report:3"));
  come_to(40, STACK("test_parse:4"));
  come_to(0, STACK("report:4")); /* it is being written */
  come_to(50, STACK("report:5", "test_parse:6"));
  note(2);
  assert_int_equal(faults.count, 1);
  assert_int_equal(faults.list[0].key, 50);
  assert_int_equal(faults.list[0].site, 2);
}

/* Sites are similar whose four innermost frames are the same. */
static void similar(void **state) {
  (void)state;
  come_to(1, STACK("make_message:1", "format:2", "report:3", "parse:4", "load:5"));
  come_to(2, STACK("make_message:1", "format:2", "report:3", "parse:4", "load:6"));
  come_to(3, STACK("make_message:1", "format:2", "report:3", "parse:5", "load:5"));
  note(0);
  assert_int_equal(faults.count, 3);
  assert_int_equal(faults.list[0].similar, faults.list[1].similar);
  assert_int_not_equal(faults.list[0].similar, faults.list[2].similar);
}

/* More than a run notes are counted. */
static void too_many_in_a_run(void **state) {
  (void)state;
  come_to(1, STACK("report:1"));
  run->channel->recovery_count = NOMEM_RECOVERIES + 5;
  note(0);
  assert_int_equal(faults.not_noted, 5);
  assert_int_equal(faults.count, 1);
}

/* Each key once, after the first site in the schedule that led to it, in the order of the schedule. */
static void after_the_first(void **state) {
  (void)state;
  add(2, 10, 1);
  add(1, 20, 2);
  add(1, 10, 1);
  add(0, 30, 3);
  assert_string_equal(chosen(), "0:30 1:20 1:10");
  assert_int_equal(faults.left_out, 0);
}

/* What led from a site that another shard has is that shard's. */
static void of_another_shard(void **state) {
  (void)state;
  add(3, 10, 1);
  assert_string_equal(chosen(), "");
  add(2, 10, 1);
  assert_string_equal(chosen(), "2:10");
}

/* Of those that are similar one is enough, when all are more than the quick ones. */
static void would_take_long(void **state) {
  (void)state;
  add(0, 10, 1);
  add(1, 20, 1);
  add(2, 30, 2);
  choice.quick_runs = 3;
  assert_string_equal(chosen(), "0:10 1:20 2:30");
  choice.quick_runs = 2;
  assert_string_equal(chosen(), "0:10 2:30");
  assert_int_equal(faults.left_out, 1);
  choice.all = true;
  assert_string_equal(chosen(), "0:10 1:20 2:30");
  assert_int_equal(faults.left_out, 0);
}

/* Or when they are more than half as many as the first faults, a few in any case. */
static void many_beside_the_first(void **state) {
  (void)state;
  for (uint64_t i = 1; i <= 82; i++) add(0, i, 1);
  chosen();
  assert_int_equal(faults.second_count, 82);
  add(0, 83, 1);
  chosen();
  assert_int_equal(faults.second_count, 1);
  assert_int_equal(faults.left_out, 82);
}

/* What the store has a run of is chosen in any case: it costs nothing. */
static void with_a_run(void **state) {
  (void)state;
  choice.quick_runs = 1;
  add(0, 10, 1);
  add(1, 20, 1);
  add(2, 30, 1);
  faults.list[2].has_run = true;
  assert_string_equal(chosen(), "0:10 2:30");
}

/* Never more than 4096, nor than --max-points leaves. */
static void limits(void **state) {
  (void)state;
  choice.point_count = choice.quick_runs = 100000;
  for (uint64_t i = 1; i <= 5000; i++) add(0, i, i);
  struct nomem__second_fault *list = NULL;
  assert_int_equal(nomem__second_faults_choose(&faults, &choice, &list), 4096);
  assert_int_equal(faults.left_out, 904);
  free(list);
  choice.all = true;
  assert_int_equal(nomem__second_faults_choose(&faults, &choice, &list), 5000);
  free(list);
  choice.max_points = 100003;
  assert_int_equal(nomem__second_faults_choose(&faults, &choice, &list), 3);
  assert_int_equal(faults.left_out, 4997);
  free(list);
  choice.max_points = 100000;
  assert_int_equal(nomem__second_faults_choose(&faults, &choice, &list), 0);
  free(list);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(noted),
      TEST(similar),
      TEST(too_many_in_a_run),
      TEST(after_the_first),
      TEST(of_another_shard),
      TEST(would_take_long),
      TEST(many_beside_the_first),
      TEST(with_a_run),
      TEST(limits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
