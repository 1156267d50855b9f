/* SPDX-License-Identifier: MIT */
/* Which findings do not count, and why: docs/suppressions.md, and the weights in docs/verdicts.md. */
#include "fixtures/recorded_run.h"

#include "../../faults/explore/campaign/exclusions.h"

#define DEMO "/lib/libdemo.so.1"

const struct recorded_function recorded_functions[] = {
    {.name = "parse", .module = DEMO, .file = "src/parse.c"},
    {.name = "test_parse", .module = "/w/build/app", .file = "tests/parse.c"},
    {0},
};

static char *program[] = {"app", "-x", NULL};
static struct nomem__options options;
static struct nomem__session session;
static struct nomem__campaign *campaign;
static struct nomem__exclusions rules;
static json_t *documents;

/* Three findings: a crash of the library's, a crash of the test's, and a leftover. */
static int set_up(void **state) {
  (void)state;
  options = (struct nomem__options){.program = program};
  session = (struct nomem__session){.options = &options};
  campaign = nomem__campaign_new(&session, NOMEM_WATCH_NONE);
  campaign->code_owners.is_divided = true;
  campaign->findings.list = calloc(3, sizeof *campaign->findings.list);
  campaign->findings.count = campaign->findings.room = 3;
  struct nomem__finding *list = campaign->findings.list;
  list[0] = (struct nomem__finding){.verdict = NOMEM_VERDICT_CRASH, .blow_up = recorded_trace(STACK("parse:1"))};
  list[1] = (struct nomem__finding){.verdict = NOMEM_VERDICT_CRASH, .blow_up = recorded_trace(STACK("test_parse:1"))};
  list[2] = (struct nomem__finding){.verdict = NOMEM_VERDICT_LEFTOVER, .blow_up = recorded_trace(STACK("parse:2"))};
  documents = json_pack("[{s:s,s:s},{s:s,s:s},{s:s,s:s}]", "id", "crash-1", "verdict", "crash", "id", "crash-2",
                        "verdict", "crash", "id", "leftover-3", "verdict", "leftover");
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  nomem__campaign_free(campaign);
  json_decref(documents);
  nomem__strings_free(&rules.reasons);
  rules = (struct nomem__exclusions){0};
  return 0;
}

static enum nomem__exclusion exclusion(size_t number) {
  nomem__exclusions_mark(&rules, campaign, documents);
  const struct nomem__finding *finding = &campaign->findings.list[number];
  assert_int_equal(finding->exclusion == NOMEM_EXCLUSION_NO, finding->exclusion_reason == NULL);
  return finding->exclusion;
}

/* A crash in the library counts, one in the test's own code does not. */
static void of_the_test(void **state) {
  (void)state;
  assert_int_equal(exclusion(0), NOMEM_EXCLUSION_NO);
  assert_int_equal(exclusion(1), NOMEM_EXCLUSION_TEST);
  tear_down(state);
  set_up(state);
  campaign->code_owners.is_divided = false; /* --under-test '*' */
  assert_int_equal(exclusion(1), NOMEM_EXCLUSION_NO);
}

/* What is advisory counts with --strict only. */
static void advisory(void **state) {
  (void)state;
  assert_int_equal(exclusion(2), NOMEM_EXCLUSION_ADVISORY);
  tear_down(state);
  set_up(state);
  options.strict = true;
  assert_int_equal(exclusion(2), NOMEM_EXCLUSION_NO);
}

/* A rule takes precedence over all else, and its reason is the user's. */
static void suppressed(void **state) {
  struct nomem__suppression rule = {.verdict = "crash", .reason = "known", .path = "rules", .line = 3};
  (void)state;
  rules.suppressions = (struct nomem__suppressions){.rules = &rule, .count = 1};
  assert_int_equal(exclusion(0), NOMEM_EXCLUSION_SUPPRESSED);
  assert_string_equal(campaign->findings.list[0].exclusion_reason, "suppressed by rules:3: 'known'");
  assert_int_equal(exclusion(1), NOMEM_EXCLUSION_SUPPRESSED);
  assert_int_equal(exclusion(2), NOMEM_EXCLUSION_ADVISORY);
  assert_true(rule.is_used);
}

/* The baseline's finding is the same one only with the same id of the same command. */
static void known(void **state) {
  struct nomem__stored_finding stored = {.id = (char *)"crash-1", .command = (char *)"app\0-x", .command_bytes = 7};
  (void)state;
  rules.baseline = (struct nomem__stored_findings){.list = &stored, .count = 1};
  assert_int_equal(exclusion(0), NOMEM_EXCLUSION_KNOWN);
  assert_int_equal(exclusion(2), NOMEM_EXCLUSION_ADVISORY);
  tear_down(state);
  set_up(state);
  stored.command = (char *)"app\0-y";
  rules.baseline = (struct nomem__stored_findings){.list = &stored, .count = 1};
  assert_int_equal(exclusion(0), NOMEM_EXCLUSION_NO);
}

/* The rest is what counts; both keep their order. */
static void split(void **state) {
  (void)state;
  nomem__exclusions_mark(&rules, campaign, documents);
  nomem__exclusions_split(campaign);
  assert_int_equal(campaign->findings.count, 1);
  assert_int_equal(campaign->findings.list[0].exclusion, NOMEM_EXCLUSION_NO);
  assert_int_equal(campaign->excluded.count, 2);
  assert_int_equal(campaign->excluded.list[0].exclusion, NOMEM_EXCLUSION_TEST);
  assert_int_equal(campaign->excluded.list[1].exclusion, NOMEM_EXCLUSION_ADVISORY);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(of_the_test), TEST(advisory), TEST(suppressed), TEST(known), TEST(split),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
