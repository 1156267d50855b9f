/* SPDX-License-Identifier: MIT */
#include "case_order.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../text/memory.h"

#define NO_CASE UINT32_MAX
/* The weight of a common site that only one case reaches. Weights are whole numbers, so that sums are the same in
 * whichever order they are added; the sum of as many as there can be sites stays below 2^64. */
#define WEIGHT_MAX (UINT64_C(1) << 40)

/* A case reaches a common site. */
struct visit {
  uint64_t key;
  uint32_t case_number, site; /* the first of the case's sites there */
  uint32_t common;            /* number of the common site */
};

struct common_site {
  const struct visit *visits; /* by case */
  size_t visit_count;
  uint64_t weight;
  uint32_t chosen[NOMEM_ORDER_UNLIKE_CASES]; /* cases, or NO_CASE */
};

struct order {
  const struct nomem__order_case *cases;
  size_t case_count;
  size_t *first_site;   /* of each case, where the sites of all cases are numbered through; one more for the end */
  uint32_t *round_of;   /* of each of these sites; 0: none yet */
  struct visit *visits; /* by common site, then by case */
  size_t visit_count;
  struct common_site *commons;
  size_t common_count;
  uint32_t *reached;     /* the common sites that a case reaches; those of all cases one after the other */
  size_t *first_reached; /* of each case; one more for the end */
  uint64_t *total;       /* of each case, the weight of all common sites that it reaches */
  uint64_t *gain;        /* the same without those that the chosen cases reach */
  uint32_t *gained_at;   /* of each common site, the number of the group that it was last taken off for */
  uint32_t group;
};

static int by_key_and_case(const void *left, const void *right) {
  const struct visit *a = left, *b = right;
  if (a->key != b->key) return a->key < b->key ? -1 : 1;
  if (a->case_number != b->case_number) return a->case_number < b->case_number ? -1 : 1;
  return a->site < b->site ? -1 : a->site > b->site;
}

/* Numbers the sites of all cases through. Returns how many there are. */
static size_t number_sites(struct order *order) {
  order->first_site = nomem__calloc(order->case_count + 1, sizeof *order->first_site);
  for (size_t i = 0; i < order->case_count; i++)
    order->first_site[i + 1] = order->first_site[i] + order->cases[i].site_count;
  return order->first_site[order->case_count];
}

/* Collects which case reaches which common site, each once. */
static void collect_visits(struct order *order, size_t site_count) {
  order->visits = nomem__calloc(site_count + 1, sizeof *order->visits);
  size_t found = 0;
  for (uint32_t i = 0; i < order->case_count; i++)
    for (uint32_t s = 0; s < order->cases[i].site_count; s++) {
      const struct nomem__order_site *site = &order->cases[i].sites[s];
      if (site->common == 0 || site->calls == 0) continue;
      order->visits[found++] = (struct visit){.key = site->common, .case_number = i, .site = s};
    }
  qsort(order->visits, found, sizeof *order->visits, by_key_and_case);
  for (size_t i = 0; i < found; i++) {
    const struct visit *last = order->visit_count > 0 ? &order->visits[order->visit_count - 1] : NULL;
    if (last != NULL && last->key == order->visits[i].key && last->case_number == order->visits[i].case_number)
      continue;
    order->visits[order->visit_count++] = order->visits[i];
  }
}

/* Makes the list of common sites, each with its visits and its weight. */
static void list_commons(struct order *order) {
  order->commons = nomem__calloc(order->visit_count + 1, sizeof *order->commons);
  for (size_t i = 0; i < order->visit_count; i++) {
    if (i == 0 || order->visits[i].key != order->visits[i - 1].key)
      order->commons[order->common_count++].visits = &order->visits[i];
    struct common_site *common = &order->commons[order->common_count - 1];
    order->visits[i].common = (uint32_t)(order->common_count - 1);
    common->visit_count++;
  }
  for (size_t i = 0; i < order->common_count; i++) {
    order->commons[i].weight = WEIGHT_MAX / order->commons[i].visit_count;
    for (size_t k = 0; k < NOMEM_ORDER_UNLIKE_CASES; k++) order->commons[i].chosen[k] = NO_CASE;
  }
}

/* Makes the list of common sites of each case, and their weight together. */
static void list_reached(struct order *order) {
  order->reached = nomem__calloc(order->visit_count + 1, sizeof *order->reached);
  order->first_reached = nomem__calloc(order->case_count + 2, sizeof *order->first_reached);
  order->total = nomem__calloc(order->case_count + 1, sizeof *order->total);
  order->gain = nomem__calloc(order->case_count + 1, sizeof *order->gain);
  order->gained_at = nomem__calloc(order->common_count + 1, sizeof *order->gained_at);
  size_t *next = order->first_reached + 1; /* it moves on to where the next case begins */
  for (size_t i = 0; i < order->visit_count; i++) next[order->visits[i].case_number + 1]++;
  for (size_t i = 1; i <= order->case_count; i++) next[i] += next[i - 1];
  for (size_t i = 0; i < order->visit_count; i++) {
    const struct visit *visit = &order->visits[i];
    order->reached[next[visit->case_number]++] = visit->common;
    order->total[visit->case_number] += order->commons[visit->common].weight;
  }
}

/* Takes a common site off the gain of all cases that reach it. */
static void take_off(struct order *order, uint32_t number) {
  const struct common_site *common = &order->commons[number];
  if (order->gained_at[number] == order->group) return;
  order->gained_at[number] = order->group;
  for (size_t i = 0; i < common->visit_count; i++) order->gain[common->visits[i].case_number] -= common->weight;
}

/* What each case has to offer beside those that were chosen. */
static void compute_gains(struct order *order, const uint32_t chosen[NOMEM_ORDER_UNLIKE_CASES]) {
  order->group++;
  memcpy(order->gain, order->total, order->case_count * sizeof *order->gain);
  for (size_t k = 0; k < NOMEM_ORDER_UNLIKE_CASES && chosen[k] != NO_CASE; k++)
    for (size_t i = order->first_reached[chosen[k]]; i < order->first_reached[chosen[k] + 1]; i++)
      take_off(order, order->reached[i]);
}

static bool is_better(const struct order *order, uint32_t number, uint32_t than) {
  if (than == NO_CASE) return true;
  if (order->gain[number] != order->gain[than]) return order->gain[number] > order->gain[than];
  if (order->cases[number].cost != order->cases[than].cost) return order->cases[number].cost < order->cases[than].cost;
  return number < than;
}

static bool is_chosen(const struct common_site *common, uint32_t number) {
  for (size_t k = 0; k < NOMEM_ORDER_UNLIKE_CASES; k++)
    if (common->chosen[k] == number) return true;
  return false;
}

/* Chooses the next case of a common site, if there is another one. */
static void choose(struct order *order, struct common_site *common, uint32_t round) {
  const struct visit *best = NULL;
  for (size_t i = 0; i < common->visit_count; i++) {
    const struct visit *visit = &common->visits[i];
    if (is_chosen(common, visit->case_number)) continue;
    if (is_better(order, visit->case_number, best != NULL ? best->case_number : NO_CASE)) best = visit;
  }
  if (best == NULL) return;
  common->chosen[round - 1] = best->case_number;
  order->round_of[order->first_site[best->case_number] + best->site] = round;
}

static int by_chosen(const void *left, const void *right) {
  const struct common_site *const *a = left, *const *b = right;
  for (size_t k = 0; k < NOMEM_ORDER_UNLIKE_CASES; k++)
    if ((*a)->chosen[k] != (*b)->chosen[k]) return (*a)->chosen[k] < (*b)->chosen[k] ? -1 : 1;
  return *a < *b ? -1 : *a > *b;
}

/* Common sites for which the same cases were chosen are one group: what other cases have to offer is computed once. */
static void choose_in_groups(struct order *order) {
  struct common_site **sorted = nomem__calloc(order->common_count + 1, sizeof(struct common_site *));
  for (size_t i = 0; i < order->common_count; i++) sorted[i] = &order->commons[i];
  uint32_t chosen[NOMEM_ORDER_UNLIKE_CASES] = {0}; /* of the group that gains were computed for */
  for (uint32_t round = 1; round <= NOMEM_ORDER_UNLIKE_CASES; round++) {
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): of pointers */
    if (round > 1) qsort(sorted, order->common_count, sizeof *sorted, by_chosen);
    for (size_t i = 0; i < order->common_count; i++) {
      if (sorted[i]->visit_count < round) continue; /* all its cases were chosen already */
      if (order->group == 0 || memcmp(chosen, sorted[i]->chosen, sizeof chosen) != 0) {
        memcpy(chosen, sorted[i]->chosen, sizeof chosen);
        compute_gains(order, chosen);
      }
      choose(order, sorted[i], round);
    }
  }
  free(sorted);
}

struct cheap_case {
  uint64_t cost;
  uint32_t number;
};

static int by_cost(const void *left, const void *right) {
  const struct cheap_case *a = left, *b = right;
  if (a->cost != b->cost) return a->cost < b->cost ? -1 : 1;
  return a->number < b->number ? -1 : a->number > b->number;
}

/* Writes the steps round by round. Those without a round are of the last one. */
static size_t write_steps(const struct order *order, struct nomem__order_step *steps) {
  struct cheap_case *cheapest = nomem__calloc(order->case_count + 1, sizeof *cheapest);
  size_t count = 0;
  for (uint32_t i = 0; i < order->case_count; i++) cheapest[i] = (struct cheap_case){order->cases[i].cost, i};
  qsort(cheapest, order->case_count, sizeof *cheapest, by_cost);
  for (uint32_t round = 1; round <= NOMEM_ORDER_LAST_ROUND; round++)
    for (size_t i = 0; i < order->case_count; i++) {
      uint32_t number = cheapest[i].number;
      const struct nomem__order_case *one = &order->cases[number];
      for (uint32_t site = 0; site < one->site_count; site++) {
        uint32_t its_round = order->round_of[order->first_site[number] + site];
        if (its_round == 0) its_round = NOMEM_ORDER_LAST_ROUND;
        if (its_round == round && one->sites[site].calls > 0)
          steps[count++] = (struct nomem__order_step){number, site, round};
      }
    }
  free(cheapest);
  return count;
}

size_t nomem__case_order_make(const struct nomem__order_case *cases, size_t case_count,
                              struct nomem__order_step **steps) {
  struct order order = {.cases = cases, .case_count = case_count};
  size_t site_count = number_sites(&order);
  order.round_of = nomem__calloc(site_count + 1, sizeof *order.round_of);
  collect_visits(&order, site_count);
  list_commons(&order);
  list_reached(&order);
  choose_in_groups(&order);
  *steps = nomem__calloc(site_count + 1, sizeof **steps);
  size_t count = write_steps(&order, *steps);
  free(order.first_site);
  free(order.round_of);
  free(order.visits);
  free(order.commons);
  free(order.reached);
  free(order.first_reached);
  free(order.total);
  free(order.gain);
  free(order.gained_at);
  return count;
}
