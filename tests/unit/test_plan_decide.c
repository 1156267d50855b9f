/* SPDX-License-Identifier: MIT */
/* The decision: which calls a plan fails. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plan.h"

#define KEY UINT64_C(0x9f3a2c1100000042)
#define OTHER_KEY UINT64_C(0x9f3a2c1200000042)

static const struct nomem_call plain = {
    .fn = NOMEM_FN_MALLOC, .size_bytes = 16, .site = KEY, .occurrence = 1, .thread = 1, .main_thread = true};

static void parse(const char *text, struct nomem_plan *plan) {
  struct nomem_plan_error error;
  if (nomem_plan_parse(text, plan, &error)) fail_msg("'%s': column %zu: %s", text, error.column, error.reason);
}

/* Runs count calls through a fresh state; outcome gets a byte for each: '.' or the digit of the rule that failed it. */
static void decide_all(const char *text, const struct nomem_call *calls, size_t count, char *outcome) {
  struct nomem_plan plan;
  struct nomem_plan_state state;
  memset(&state, 0, sizeof state);
  parse(text, &plan);
  for (size_t i = 0; i < count; i++) {
    int rule = nomem__plan_decide(&plan, &state, &calls[i]);
    outcome[i] = rule < 0 ? '.' : (char)('0' + rule);
  }
  outcome[count] = '\0';
}

/* Twelve calls alike, the occurrences of one site. */
static void assert_pattern(const char *text, const char *expected) {
  struct nomem_call calls[12];
  char outcome[13];
  for (unsigned i = 0; i < 12; i++) {
    calls[i] = plain;
    calls[i].occurrence = i + 1;
  }
  decide_all(text, calls, 12, outcome);
  if (strcmp(outcome, expected)) fail_msg("'%s' gave %s, expected %s", text, outcome, expected);
}

/* nth, every, p and max fail just the calls they name. */
static void test_counting(void **state) {
  (void)state;
  assert_pattern("", "............");
  assert_pattern("nth=1", "0...........");
  assert_pattern("nth=3", "..0.........");
  assert_pattern("nth=3..", "..0000000000");
  assert_pattern("nth=3..5", "..000.......");
  assert_pattern("nth=13", "............");
  assert_pattern("nth=18446744073709551615", "............");
  assert_pattern("every=1", "000000000000");
  assert_pattern("every=4", "...0...0...0");
  assert_pattern("p=1", "000000000000");
  assert_pattern("p=0", "............");
  assert_pattern("max=2", "00..........");
  assert_pattern("every=4 max=2", "...0...0....");
  assert_pattern("every=4 nth=5..", ".......0...0");
  assert_pattern("every=2 nth=3..6 max=1", "...0........");
  assert_pattern("p=1 nth=2..4 every=3", "..0.........");
}

/* A seed draws the calls it always drew: a reproduction outlives the version that printed it. The numbers come from
 * another implementation of the same formula; 0.343291922 is seed 42's first draw. */
static void test_draws(void **state) {
  (void)state;
  assert_pattern("p=0.5 seed=42", "0.00.00.0..0");
  assert_pattern("p=0.25", ".....0.....0");
  assert_pattern("p=0.343291922 seed=42 nth=1", "............");
  assert_pattern("p=0.343291923 seed=42 nth=1", "0...........");
}

/* A call that a rule's other conditions do not match is not counted by its nth; a later rule sees every call. */
static void test_what_is_counted(void **state) {
  (void)state;
  struct nomem_call calls[8];
  char outcome[9];
  for (unsigned i = 0; i < 8; i++) {
    calls[i] = plain;
    calls[i].fn = i % 2 ? NOMEM_FN_CALLOC : NOMEM_FN_MALLOC;
  }
  decide_all("nth=2 fn=calloc", calls, 8, outcome);
  assert_string_equal(outcome, "...0....");
  decide_all("nth=2 fn=calloc;nth=3 fn=malloc", calls, 8, outcome);
  assert_string_equal(outcome, "...01...");
  decide_all("nth=1..4;nth=5 max=1", calls, 8, outcome);
  assert_string_equal(outcome, "00001...");
  decide_all("every=2;every=3", calls, 8, outcome);
  assert_string_equal(outcome, ".010.0.0");
  decide_all("fn=calloc max=1;fn=calloc max=2", calls, 8, outcome);
  assert_string_equal(outcome, ".0.1....");
}

/* The counters say what was matched and failed, for each rule by itself. */
static void test_counters(void **state) {
  (void)state;
  struct nomem_plan plan;
  struct nomem_plan_state counters;
  struct nomem_call call = plain;
  memset(&counters, 0, sizeof counters);
  parse("nth=2..3;fn=calloc;max=1", &plan);
  for (unsigned i = 0; i < 5; i++) {
    call.fn = i == 4 ? NOMEM_FN_CALLOC : NOMEM_FN_MALLOC;
    nomem__plan_decide(&plan, &counters, &call);
  }
  const uint64_t matched[] = {5, 1, 5}, faults[] = {2, 1, 1};
  for (unsigned r = 0; r < 3; r++) {
    assert_int_equal(atomic_load(&counters.matched[r]), matched[r]);
    assert_int_equal(atomic_load(&counters.faults[r]), faults[r]);
  }
}

static void assert_decision(const char *text, struct nomem_call call, bool fails) {
  char outcome[2];
  decide_all(text, &call, 1, outcome);
  if ((outcome[0] == '0') != fails) fail_msg("'%s' %s a call it should not", text, fails ? "lets through" : "fails");
}

/* Every condition about a call is true at its edges and false just beyond them. */
static void test_conditions(void **state) {
  (void)state;
  struct nomem_call call = plain;
#define WITH(member, value) (call = plain, call.member = (value), call)
  assert_decision("fn=calloc,realloc", plain, false);
  assert_decision("fn=calloc,realloc", WITH(fn, NOMEM_FN_REALLOC), true);
  assert_decision("fn=pvalloc", WITH(fn, NOMEM_FN_PVALLOC), true);
  assert_decision("size=16", plain, true);
  assert_decision("size=16", WITH(size_bytes, 17), false);
  assert_decision("size=17..", plain, false);
  assert_decision("size=16..", WITH(size_bytes, UINT64_MAX), true);
  assert_decision("size=8..16", plain, true);
  assert_decision("size=8..16", WITH(size_bytes, 8), true);
  assert_decision("size=8..16", WITH(size_bytes, 7), false);
  assert_decision("size=8..16", WITH(size_bytes, 17), false);
  assert_decision("size=0", WITH(size_bytes, 0), true);
  assert_decision("budget=1K", WITH(live_bytes, 1008), false);
  assert_decision("budget=1K", WITH(live_bytes, 1009), true);
  assert_decision("budget=1K", WITH(live_bytes, UINT64_MAX), true);
  assert_decision("budget=1K", WITH(size_bytes, UINT64_MAX), true);
  assert_decision("budget=0", WITH(size_bytes, 0), false);
  assert_decision("budget=0", WITH(size_bytes, 1), true);
  assert_decision("site=9f3a2c11", plain, true);
  assert_decision("site=9f3a2c11", WITH(site, OTHER_KEY), false);
  assert_decision("site=9f3a", WITH(site, OTHER_KEY), true);
  assert_decision("site=9f3a2c1100000042", plain, true);
  assert_decision("site=9f3a2c1100000043", plain, false);
  assert_decision("site=9f3a2c11@2", plain, false);
  assert_decision("site=9f3a2c11@2", WITH(occurrence, 2), true);
  assert_decision("site=9f3a2c11@2", WITH(occurrence, 3), false);
  assert_decision("site=9f3a2c11@2..", WITH(occurrence, 3), true);
  assert_decision("in=f", plain, false);
  assert_decision("in=f", WITH(in_mask, 1), true);
  assert_decision("in=f", WITH(in_mask, ~UINT64_C(1)), false);
  assert_decision("in=f", WITH(module_mask, 1), false);
  assert_decision("module=m", WITH(module_mask, 1), true);
  assert_decision("module=m", WITH(module_mask, ~UINT64_C(1)), false);
  assert_decision("thread=main", plain, true);
  assert_decision("thread=main", WITH(main_thread, false), false);
  assert_decision("thread=other", plain, false);
  assert_decision("thread=other", WITH(main_thread, false), true);
  assert_decision("thread=2", plain, false);
  assert_decision("thread=2", WITH(thread, 2), true);
  assert_decision("thread=main size=16 fn=malloc site=9f3a in=f", WITH(in_mask, 1), true);
#undef WITH
}

/* Every one of a rule's conditions is needed: with any one of them false it does not match. */
static void test_all_conditions_must_match(void **state) {
  (void)state;
  const char text[] = "nth=1 every=1 p=1 budget=8 size=16 fn=malloc site=9f3a@1 from=9f3a in=f module=m thread=1 max=1";
  struct nomem_call good = plain, bad[7];
  good.in_mask = good.module_mask = 1;
  assert_decision(text, good, true);
  for (unsigned i = 0; i < 7; i++) bad[i] = good;
  bad[0].fn = NOMEM_FN_CALLOC;
  bad[1].size_bytes = 15;
  bad[2].site = 1;
  bad[3].occurrence = 2;
  bad[4].in_mask = 0;
  bad[5].module_mask = 0;
  bad[6].thread = 2;
  for (unsigned i = 0; i < 7; i++) assert_decision(text, bad[i], false);
}

/* A rule is asked about its own in= and module=, whichever its number. */
static void test_masks_by_rule(void **state) {
  (void)state;
  struct nomem_call call = plain;
  char outcome[2];
  call.in_mask = 1u << 1;
  call.module_mask = 1u << 2;
  decide_all("in=f;in=g;module=m", &call, 1, outcome);
  assert_string_equal(outcome, "1");
  decide_all("in=f;module=m;module=n", &call, 1, outcome);
  assert_string_equal(outcome, "2");
}

/* from= opens at its site's occurrence, for every call after it, whatever else the rule asks of that call. */
static void test_from(void **state) {
  (void)state;
  struct nomem_call calls[6];
  char outcome[7];
  for (unsigned i = 0; i < 6; i++) {
    calls[i] = plain;
    calls[i].site = i % 2 ? KEY : OTHER_KEY;
    calls[i].occurrence = i / 2 + 1;
  }
  decide_all("from=9f3a2c11@2", calls, 6, outcome);
  assert_string_equal(outcome, "...000");
  decide_all("from=9f3a2c11", calls, 6, outcome);
  assert_string_equal(outcome, ".00000");
  decide_all("from=9f3a2c11@4", calls, 6, outcome);
  assert_string_equal(outcome, "......");
  decide_all("from=9f3a2c11@2 nth=2", calls, 6, outcome);
  assert_string_equal(outcome, "....0.");
  calls[3].fn = NOMEM_FN_CALLOC;
  decide_all("from=9f3a2c11@2 fn=malloc", calls, 6, outcome);
  assert_string_equal(outcome, "....00");
  calls[3].site = OTHER_KEY; /* the second occurrence is never seen: the third stands in for it */
  decide_all("from=9f3a2c11@2", calls, 6, outcome);
  assert_string_equal(outcome, ".....0");
}

static unsigned failures(const char *text, unsigned calls, char *outcome) {
  struct nomem_plan plan;
  struct nomem_plan_state counters;
  unsigned count = 0;
  memset(&counters, 0, sizeof counters);
  parse(text, &plan);
  for (unsigned i = 0; i < calls; i++) {
    outcome[i] = nomem__plan_decide(&plan, &counters, &plain) == 0;
    count += (unsigned)outcome[i];
  }
  return count;
}

/* p fails about that share of the calls, the same ones in each run, and other ones with another seed. */
static void test_probability(void **state) {
  (void)state;
  enum { CALLS = 100000 };
  static char first[CALLS], again[CALLS], shifted[CALLS], half[CALLS];
  unsigned count = failures("p=0.01 seed=42", CALLS, first);
  assert_in_range(count, 850, 1150); /* the standard deviation is 31 */
  assert_int_equal(failures("p=0.01 seed=42", CALLS, again), count);
  assert_memory_equal(first, again, CALLS);
  assert_in_range(failures("p=0.5", CALLS, half), 49200, 50800);
  failures("p=0.5 seed=0", CALLS, again);
  assert_memory_equal(half, again, CALLS);
  for (unsigned seed = 1; seed < 4; seed++) {
    char text[] = "p=0.5 seed=?";
    text[sizeof text - 2] = (char)('0' + seed);
    failures(text, CALLS, shifted);
    for (unsigned shift = 0; shift < 3; shift++) { /* nor are the others the same sequence a few calls later */
      unsigned same = 0;
      for (unsigned i = shift; i < CALLS; i++) same += half[i] == shifted[i - shift];
      assert_in_range(same, 49200, 50800);
    }
  }
}

enum { THREADS = 4, CALLS_EACH = 20000 };

struct racer {
  const struct nomem_plan *plan;
  struct nomem_plan_state *state;
  pthread_barrier_t *start;
  unsigned faults;
};

static void *race(void *arg) {
  struct racer *racer = arg;
  pthread_barrier_wait(racer->start);
  for (unsigned i = 0; i < CALLS_EACH; i++) {
    racer->faults += nomem__plan_decide(racer->plan, racer->state, &plain) >= 0;
  }
  return NULL;
}

static unsigned race_faults(const char *text) {
  struct nomem_plan plan;
  struct nomem_plan_state counters;
  struct racer racers[THREADS];
  pthread_t threads[THREADS];
  pthread_barrier_t start;
  unsigned faults = 0;
  memset(&counters, 0, sizeof counters);
  parse(text, &plan);
  assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
  for (unsigned t = 0; t < THREADS; t++) {
    racers[t] = (struct racer){&plan, &counters, &start, 0};
    assert_int_equal(pthread_create(&threads[t], NULL, race, &racers[t]), 0);
  }
  for (unsigned t = 0; t < THREADS; t++) {
    pthread_join(threads[t], NULL);
    faults += racers[t].faults;
  }
  pthread_barrier_destroy(&start);
  assert_int_equal(atomic_load(&counters.matched[0]), THREADS * CALLS_EACH);
  assert_int_equal(atomic_load(&counters.faults[0]), faults);
  return faults;
}

/* Racing threads together see each number once and never claim more faults than max. */
static void test_races(void **state) {
  (void)state;
  for (unsigned round = 0; round < 10; round++) {
    assert_int_equal(race_faults("nth=40000"), 1);
    assert_int_equal(race_faults("nth=79901.."), 100);
    assert_int_equal(race_faults("every=7"), THREADS * CALLS_EACH / 7);
    assert_int_equal(race_faults("max=30000"), 30000);
    assert_int_equal(race_faults("every=2 max=30000"), 30000);
  }
}

/* The decision leaves errno alone. */
static void test_errno(void **state) {
  (void)state;
  errno = 77;
  assert_decision("nth=1 p=1 fn=malloc max=1", plain, true);
  assert_int_equal(errno, 77);
}

/* A rule with hostile= fails nothing, and serves what it can in the ways it names; it counts those calls alone, and no
 * rule that fails calls counts for it, or the other way round. */
static void test_hostile(void **state) {
  (void)state;
  struct nomem_plan plan;
  struct nomem_plan_state counts;
  struct nomem_call call = plain, grows = plain, freed = plain;
  call.hostile = NOMEM_HOSTILE_FRESH | NOMEM_HOSTILE_ERRNO;
  grows.fn = NOMEM_FN_REALLOC;
  grows.hostile = NOMEM_HOSTILE_MOVES | NOMEM_HOSTILE_FRESH;
  freed.fn = NOMEM_FN_COUNT;
  freed.hostile = NOMEM_HOSTILE_FREED;
  assert_pattern("hostile=all", "............");
  assert_pattern("nth=3 hostile=all;nth=2", ".1..........");
  memset(&counts, 0, sizeof counts);
  parse("nth=2 hostile=moves,fresh;nth=1;fn=malloc hostile=errno;hostile=freed", &plan);
  assert_int_equal(nomem__plan_serve(&plan, &counts, &freed), NOMEM_HOSTILE_FREED);
  assert_int_equal(nomem__plan_serve(&plan, &counts, &call), NOMEM_HOSTILE_ERRNO);
  assert_int_equal(nomem__plan_serve(&plan, &counts, &grows), NOMEM_HOSTILE_MOVES | NOMEM_HOSTILE_FRESH);
  assert_int_equal(nomem__plan_serve(&plan, &counts, &grows), 0);
  assert_int_equal(counts.matched[0], 3);
  assert_int_equal(counts.matched[1], 0);
  assert_int_equal(nomem__plan_decide(&plan, &counts, &call), 1);
  assert_int_equal(counts.matched[2], 1);
  call.hostile = 0;
  assert_int_equal(nomem__plan_serve(&plan, &counts, &call), 0);
  assert_int_equal(counts.matched[2], 1);
  memset(&counts, 0, sizeof counts);
  parse("from=9f3a2c11@2 hostile=freed", &plan);
  assert_int_equal(nomem__plan_serve(&plan, &counts, &freed), 0);
  call.occurrence = 2;
  assert_int_equal(nomem__plan_serve(&plan, &counts, &call), 0); /* it opens, whatever it can be served as */
  assert_int_equal(nomem__plan_serve(&plan, &counts, &freed), NOMEM_HOSTILE_FREED);
}

/* A glob matches whole names only, with any number of stars anywhere. */
static void test_glob(void **state) {
  (void)state;
  static const struct {
    const char *pattern, *name;
    bool matches;
  } globs[] = {
      {"", "", true},          {"", "a", false},          {"*", "", true},
      {"*", "abc", true},      {"?", "", false},          {"?", "a", true},
      {"?", "ab", false},      {"abc", "abc", true},      {"abc", "ab", false},
      {"ab", "abc", false},    {"a*", "abc", true},       {"*c", "abc", true},
      {"*b", "abc", false},    {"a*c", "ac", true},       {"a*c", "abcbc", true},
      {"a*c", "abcb", false},  {"*a*b*", "xxaxxb", true}, {"*a*b*", "xxbxxa", false},
      {"**", "a", true},       {"a**b", "ab", true},      {"*?", "", false},
      {"*?", "ab", true},      {"?*?", "a", false},       {"?*?", "ab", true},
      {"[a]", "a", false},     {"[a]", "[a]", true},      {"libuv.so*", "libuv.so.1.0.0", true},
      {"*aab", "aaaab", true}, {"*ab*ab", "abab", true},  {"*ab*ab", "aab", false},
      {"\\*", "*", false},
  };
  for (size_t i = 0; i < sizeof globs / sizeof globs[0]; i++) {
    if (nomem__glob(globs[i].pattern, globs[i].name) != globs[i].matches) {
      fail_msg("'%s' and '%s'", globs[i].pattern, globs[i].name);
    }
  }
}

/* The worst pattern that fits in a plan comes to an end on a name of 100,000 bytes. */
static void test_glob_ends(void **state) {
  (void)state;
  static char name[100001];
  char pattern[NOMEM_PLAN_NAME_BYTES];
  memset(name, 'a', sizeof name - 1);
  for (size_t i = 0; i + 1 < sizeof pattern; i++) pattern[i] = i % 2 ? 'a' : '*';
  pattern[sizeof pattern - 2] = 'b';
  pattern[sizeof pattern - 1] = '\0';
  assert_false(nomem__glob(pattern, name));
  name[sizeof name - 2] = 'b';
  assert_true(nomem__glob(pattern, name));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_counting),        cmocka_unit_test(test_draws),
      cmocka_unit_test(test_what_is_counted), cmocka_unit_test(test_counters),
      cmocka_unit_test(test_conditions),      cmocka_unit_test(test_all_conditions_must_match),
      cmocka_unit_test(test_masks_by_rule),   cmocka_unit_test(test_from),
      cmocka_unit_test(test_probability),     cmocka_unit_test(test_races),
      cmocka_unit_test(test_errno),           cmocka_unit_test(test_glob),
      cmocka_unit_test(test_glob_ends),       cmocka_unit_test(test_hostile),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
