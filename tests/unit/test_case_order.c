/* SPDX-License-Identifier: MIT */
/* The order of a suite: every site of every case once; each common site first in cases that are unlike one another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../faults/explore/suite/case_order.h"

#define CASES_MAX 8
#define SITES_MAX 16

/* A suite as text: cases with blanks between them, each its cost, a colon and a letter for the common site of each of
 * its sites; '-' for a site that has none, and a letter in upper case for one that is left out. */
struct suite {
  struct nomem__order_case cases[CASES_MAX];
  struct nomem__order_site sites[CASES_MAX][SITES_MAX];
  size_t count;
};

static void read_suite(struct suite *suite, const char *text) {
  memset(suite, 0, sizeof *suite);
  while (*text != '\0') {
    struct nomem__order_case *one = &suite->cases[suite->count];
    struct nomem__order_site *sites = suite->sites[suite->count++];
    *one = (struct nomem__order_case){.cost = strtoull(text, (char **)&text, 10), .sites = sites};
    for (text++; *text != ' ' && *text != '\0'; text++)
      sites[one->site_count++] =
          (struct nomem__order_site){*text == '-' ? 0 : (uint64_t)(*text | 32) << 40, *text < 'A' || *text > 'Z'};
    text += *text == ' ';
  }
}

/* The order as text: of each round the sites by case and number. */
static void check(const char *text, const char *wanted) {
  struct suite suite;
  struct nomem__order_step *steps = NULL;
  char got[4096] = "";
  uint32_t round = 1;
  read_suite(&suite, text);
  size_t count = nomem__case_order_make(suite.cases, suite.count, &steps);
  for (size_t i = 0; i < count; i++) {
    for (; round < steps[i].round; round++) strcat(got, "|");
    sprintf(got + strlen(got), " %u.%u ", steps[i].case_number, steps[i].site);
  }
  for (; round < NOMEM_ORDER_LAST_ROUND; round++) strcat(got, "|");
  assert_string_equal(got, wanted);
  free(steps);
}

/* A suite of nothing, of one case, of a case without sites, and of sites that are left out. */
static void little(void **state) {
  (void)state;
  check("", "|||");
  check("5:", "|||");
  check("5:abc", " 0.0  0.1  0.2 |||");
  check("5:aba", " 0.0  0.1 ||| 0.2 ");
  check("5:aBc", " 0.0  0.2 |||");
  check("5:A", "|||");
  check("5: 5:a", " 1.0 |||");
}

/* Cases that are the same in all but what they cost: the cheapest first; of those, the first. */
static void the_same_cases(void **state) {
  (void)state;
  check("5:ab 3:ab 4:ab 3:ab", " 1.0  1.1 | 3.0  3.1 | 2.0  2.1 | 0.0  0.1 ");
  check("5:a 5:a", " 0.0 | 1.0 ||");
}

/* A site of test code alone is not common to anything: it comes last, though it be the only one. */
static void without_a_common_site(void **state) {
  (void)state;
  check("5:- 4:-", "||| 1.0  0.0 ");
  check("5:-a", " 0.1 ||| 0.0 ");
}

/* First the case that reaches the rarest others, whatever it costs: for a the one with c, which no other case has. */
static void rarest_first(void **state) {
  (void)state;
  check("9:ac 1:ab 1:b", " 1.1  0.0  0.1 | 1.0  2.0 ||");
}

/* Then the one that reaches the most that the first does not: 2 has d, which is less rare than what 1 has, but 1 has
 * nothing that 0 does not have, too. */
static void unlike_next(void **state) {
  (void)state;
  check("1:abcxyz 1:abc 1:ad 1:d", " 0.0  0.1  0.2  0.3  0.4  0.5  2.1 | 1.1  1.2  2.0  3.0 | 1.0 |");
}

/* A case that is like one that was chosen first or second comes after one that is like neither. */
static void unlike_both(void **state) {
  (void)state;
  check("1:apqr 1:asxt 1:asx 1:ay 1:y", " 0.0  0.1  0.2  0.3  1.1  1.2  1.3  3.1 | 1.0  2.1  2.2  4.0 | 3.0 | 2.0 ");
}

/* A site that a case reaches twice by the same path counts once. */
static void twice_in_a_case(void **state) {
  (void)state;
  check("1:abbbb 1:abc 1:c 1:c 1:c", " 1.0  1.1  1.2 | 0.0  0.1  2.0 | 3.0 | 0.2  0.3  0.4  4.0 ");
}

/* Numbers that are the same in every process. */
static uint32_t draw(uint32_t *state) {
  *state = *state * 1664525 + 1013904223;
  return *state >> 8;
}

#define MANY_CASES 80
#define MANY_COMMON 120
#define PLACES 25

/* A made-up suite: families of cases, each with common sites of its own beside those that all share. */
struct large {
  struct nomem__order_case cases[MANY_CASES];
  struct nomem__order_site sites[MANY_CASES][MANY_COMMON];
  bool reaches[MANY_CASES][MANY_COMMON];
};

static void make_large(struct large *large, uint32_t seed) {
  memset(large, 0, sizeof *large);
  for (unsigned i = 0; i < MANY_CASES; i++) {
    unsigned family = draw(&seed) % 10, count = 0;
    for (unsigned c = 0; c < MANY_COMMON; c++) {
      unsigned percent = c < 40 ? 90 : c % 10 == family ? 60 : 2;
      if (draw(&seed) % 100 >= percent) continue;
      large->reaches[i][c] = true;
      large->sites[i][count++] = (struct nomem__order_site){c + 1, 1};
    }
    large->cases[i] = (struct nomem__order_case){1 + draw(&seed) % 50, large->sites[i], count};
  }
}

/* Each site of each case is in the order once; the same suite has the same order. */
static void complete_and_the_same(void **state) {
  (void)state;
  static struct large large;
  static unsigned seen[MANY_CASES][MANY_COMMON];
  struct nomem__order_step *steps, *again;
  size_t sites = 0;
  make_large(&large, 7);
  memset(seen, 0, sizeof seen);
  size_t count = nomem__case_order_make(large.cases, MANY_CASES, &steps);
  assert_int_equal(nomem__case_order_make(large.cases, MANY_CASES, &again), count);
  for (size_t i = 0; i < count; i++) {
    assert_memory_equal(&steps[i], &again[i], sizeof *steps);
    assert_int_equal(seen[steps[i].case_number][steps[i].site]++, 0);
    assert_true(i == 0 || steps[i].round >= steps[i - 1].round);
  }
  for (unsigned i = 0; i < MANY_CASES; i++) sites += large.cases[i].site_count;
  assert_int_equal(count, sites);
  free(steps);
  free(again);
}

/* No round has a common site twice, and the first has each. */
static void once_a_round(void **state) {
  (void)state;
  static struct large large;
  unsigned seen[NOMEM_ORDER_LAST_ROUND][MANY_COMMON + 1] = {{0}};
  struct nomem__order_step *steps;
  make_large(&large, 8);
  size_t count = nomem__case_order_make(large.cases, MANY_CASES, &steps);
  for (size_t i = 0; i < count; i++)
    seen[steps[i].round - 1][large.sites[steps[i].case_number][steps[i].site].common]++;
  for (unsigned c = 1; c <= MANY_COMMON; c++) {
    unsigned cases = 0;
    for (unsigned i = 0; i < MANY_CASES; i++) cases += large.reaches[i][c - 1];
    for (unsigned r = 0; r < NOMEM_ORDER_UNLIKE_CASES; r++) assert_int_equal(seen[r][c], cases > r);
  }
  free(steps);
}

/* A place that breaks after a failure of one common site where the case goes on to another one. */
struct place {
  unsigned fails, then;
};

/* How many of the places are found by these steps. */
static unsigned count_found(const struct large *large, const struct nomem__order_step *steps, size_t count,
                            const struct place places[PLACES]) {
  unsigned found = 0;
  for (unsigned p = 0; p < PLACES; p++) {
    bool is_found = false;
    for (size_t i = 0; i < count && !is_found; i++) {
      uint32_t number = steps[i].case_number;
      is_found =
          large->sites[number][steps[i].site].common == places[p].fails + 1 && large->reaches[number][places[p].then];
    }
    found += is_found;
  }
  return found;
}

/* Case by case, as separate explorations do it. */
static size_t order_by_case(const struct large *large, struct nomem__order_step *steps) {
  size_t count = 0;
  for (uint32_t i = 0; i < MANY_CASES; i++)
    for (uint32_t s = 0; s < large->cases[i].site_count; s++) steps[count++] = (struct nomem__order_step){i, s, 1};
  return count;
}

/* Each common site in the cheapest cases that reach it, as many as there are rounds of unlike ones. */
static size_t order_by_cost(const struct large *large, struct nomem__order_step *steps) {
  bool is_taken[MANY_CASES][MANY_COMMON] = {{false}};
  size_t count = 0;
  for (unsigned round = 1; round <= NOMEM_ORDER_UNLIKE_CASES; round++)
    for (unsigned c = 0; c < MANY_COMMON; c++) {
      uint32_t best = MANY_CASES, site = 0;
      for (uint32_t i = 0; i < MANY_CASES; i++)
        if (large->reaches[i][c] && !is_taken[i][c] &&
            (best == MANY_CASES || large->cases[i].cost < large->cases[best].cost))
          best = i;
      if (best == MANY_CASES) continue;
      while (large->sites[best][site].common != c + 1) site++;
      is_taken[best][c] = true;
      steps[count++] = (struct nomem__order_step){best, site, round};
    }
  return count;
}

static size_t steps_of_round(const struct nomem__order_step *steps, size_t count, uint32_t last) {
  size_t i = 0;
  while (i < count && steps[i].round <= last) i++;
  return i;
}

/* Of what breaks further on after a failure, the first rounds find most, where as many runs case by case find little.
 */
static void finds_sooner(void **state) {
  (void)state;
  static struct large large;
  static struct nomem__order_step by_case[MANY_CASES * MANY_COMMON], by_cost[MANY_CASES * MANY_COMMON];
  unsigned all = 0, unlike = 0, naive = 0, cheap = 0;
  for (uint32_t seed = 1; seed <= 20; seed++) {
    struct place places[PLACES];
    struct nomem__order_step *steps;
    uint32_t drawn = seed * 77;
    make_large(&large, seed);
    for (unsigned p = 0; p < PLACES; p++)
      places[p] = (struct place){draw(&drawn) % MANY_COMMON, draw(&drawn) % MANY_COMMON};
    size_t count = nomem__case_order_make(large.cases, MANY_CASES, &steps);
    assert_int_equal(order_by_case(&large, by_case), count);
    size_t rounds = steps_of_round(steps, count, NOMEM_ORDER_UNLIKE_CASES);
    assert_true(rounds * 8 < count);
    assert_int_equal(order_by_cost(&large, by_cost), rounds);
    all += count_found(&large, steps, count, places);
    unlike += count_found(&large, steps, rounds, places);
    naive += count_found(&large, by_case, rounds, places);
    cheap += count_found(&large, by_cost, rounds, places);
    free(steps);
  }
  print_message("# of %u places: %u by unlike cases, %u by the cheapest, %u case by case\n", all, unlike, cheap, naive);
  assert_true(unlike * 3 > naive * 4 && unlike * 20 > cheap * 21);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(little),
      cmocka_unit_test(the_same_cases),
      cmocka_unit_test(without_a_common_site),
      cmocka_unit_test(rarest_first),
      cmocka_unit_test(unlike_next),
      cmocka_unit_test(unlike_both),
      cmocka_unit_test(twice_in_a_case),
      cmocka_unit_test(complete_and_the_same),
      cmocka_unit_test(once_a_round),
      cmocka_unit_test(finds_sooner),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
