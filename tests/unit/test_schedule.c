/* SPDX-License-Identifier: MIT */
/* The schedule: every point that is due, once, in the order of the ladder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../faults/explore/campaign/schedule.h"

/* A list as text: "site@occurrence", with a + behind a persistent one. */
static void check(const uint64_t *counts, size_t sites, bool transient, bool persistent, bool all, const char *wanted) {
  const struct nomem__schedule schedule = {
      .counts = counts, .site_count = sites, .transient = transient, .persistent = persistent, .all = all};
  struct nomem__point *points = NULL;
  uint64_t calls;
  char text[4096] = "";
  size_t count = nomem__schedule_make(&schedule, &points, &calls);
  for (size_t i = 0; i < count; i++) {
    char word[64];
    snprintf(word, sizeof word, "%s%u@%lu%s", i == 0 ? "" : " ", points[i].site, (unsigned long)points[i].occurrence,
             points[i].persistent ? "+" : "");
    strcat(text, word);
  }
  assert_string_equal(text, wanted);
  free(points);
}

/* First, second and last calls of all sites, then powers of two: no call twice, whichever rungs it is on. */
static void occurrence_classes(void **state) {
  (void)state;
  check((const uint64_t[]){1}, 1, true, false, false, "0@1");
  check((const uint64_t[]){2}, 1, true, false, false, "0@1 0@2");
  check((const uint64_t[]){3}, 1, true, false, false, "0@1 0@2 0@3");
  check((const uint64_t[]){4}, 1, true, false, false, "0@1 0@2 0@4");
  check((const uint64_t[]){5}, 1, true, false, false, "0@1 0@2 0@5 0@4");
  check((const uint64_t[]){16, 1, 9}, 3, true, false, false, "0@1 1@1 2@1 0@2 2@2 0@16 2@9 0@4 0@8 2@4 2@8");
}

/* The order of the sites is that of each class of calls. */
static void order(void **state) {
  (void)state;
  const uint64_t counts[] = {2, 1, 3};
  const uint32_t sites[] = {2, 0, 1};
  const struct nomem__schedule schedule = {.counts = counts, .order = sites, .site_count = 3, .transient = true};
  const uint32_t wanted[] = {2, 0, 1, 2, 0, 2};
  struct nomem__point *points = NULL;
  uint64_t calls;
  assert_int_equal(nomem__schedule_make(&schedule, &points, &calls), 6);
  for (size_t i = 0; i < 6; i++) assert_int_equal(points[i].site, wanted[i]);
  free(points);
}

/* With all, the rest follows in its order. */
static void everything(void **state) {
  (void)state;
  check((const uint64_t[]){7}, 1, true, false, true, "0@1 0@2 0@7 0@4 0@3 0@5 0@6");
}

/* Whether everything is tried depends on how much that is, and on nothing else. */
static void complete(void **state) {
  (void)state;
  uint64_t counts[] = {900, 100};
  struct nomem__schedule schedule = {.counts = counts, .site_count = 2, .transient = true, .persistent = true};
  assert_true(nomem__schedule_is_complete(&schedule));
  counts[1]++;
  assert_false(nomem__schedule_is_complete(&schedule));
  schedule.persistent = false;
  assert_true(nomem__schedule_is_complete(&schedule));
  counts[0] = UINT32_MAX;
  assert_false(nomem__schedule_is_complete(&schedule));
  schedule.all = true;
  assert_true(nomem__schedule_is_complete(&schedule));
}

/* Each point transient before persistent, or only one of them. */
static void kinds(void **state) {
  (void)state;
  check((const uint64_t[]){2, 1}, 2, true, true, false, "0@1 0@1+ 1@1 1@1+ 0@2 0@2+");
  check((const uint64_t[]){2, 1}, 2, false, true, false, "0@1+ 1@1+ 0@2+");
  check((const uint64_t[]){2}, 1, false, false, true, "");
}

/* Sites without calls, and no sites, are no points. */
static void nothing(void **state) {
  (void)state;
  check((const uint64_t[]){0, 1}, 2, true, false, true, "1@1");
  check(NULL, 0, true, true, true, "");
}

/* All is what it says: each occurrence of each site exactly once, as many as were announced. */
static void all_is_complete(void **state) {
  (void)state;
  for (uint64_t a = 0; a < 70; a++) {
    const uint64_t counts[] = {a, 70 - a, 1};
    struct nomem__point *points = NULL;
    unsigned char seen[3][71][2] = {0};
    const struct nomem__schedule schedule = {counts, NULL, 3, true, true, true, 0};
    uint64_t calls;
    size_t count = nomem__schedule_make(&schedule, &points, &calls);
    assert_int_equal(count, nomem__schedule_everything(&schedule));
    assert_int_equal(calls, 71);
    assert_int_equal(count, 2 * 71);
    for (size_t i = 0; i < count; i++) {
      assert_true(points[i].site < 3 && points[i].occurrence >= 1 && points[i].occurrence <= counts[points[i].site]);
      assert_int_equal(seen[points[i].site][points[i].occurrence][points[i].persistent]++, 0);
    }
    free(points);
  }
}

/* A site with billions of calls has a short list, and the making ends. */
static void huge_counts(void **state) {
  (void)state;
  struct nomem__point *points = NULL;
  const uint64_t counts[] = {UINT64_C(1) << 40, (UINT64_C(1) << 62) + 1};
  struct nomem__schedule schedule = {counts, NULL, 2, true, false, false, 0};
  uint64_t calls;
  size_t count = nomem__schedule_make(&schedule, &points, &calls);
  assert_in_range(count, 80, 110);
  assert_int_equal(calls, count);
  free(points);
  schedule.all = true;
  schedule.max_points = 1000;
  assert_int_equal(nomem__schedule_make(&schedule, &points, &calls), 1000);
  assert_int_equal(calls, counts[0] + counts[1]);
  free(points);
}

/* What is cut off is counted all the same. */
static void cut(void **state) {
  (void)state;
  const uint64_t counts[] = {16, 1, 9};
  struct nomem__schedule schedule = {counts, NULL, 3, true, true, false, 3};
  struct nomem__point *points = NULL;
  uint64_t calls;
  assert_int_equal(nomem__schedule_make(&schedule, &points, &calls), 3);
  assert_true(points[2].site == 1 && points[2].occurrence == 1 && !points[2].persistent);
  assert_int_equal(calls, 11);
  free(points);
}

/* Every point is in exactly one shard, and no shard is much larger than another. */
static void shards(void **state) {
  unsigned sizes[3] = {0};
  (void)state;
  for (uint64_t i = 0; i < 3000; i++) {
    struct nomem__point point = {.occurrence = i / 2 + 1, .persistent = i % 2 != 0};
    unsigned in = 0;
    for (unsigned shard = 1; shard <= 3; shard++) {
      if (!nomem__is_in_shard(UINT64_C(0x1fb43feae2861b3a), &point, shard, 3)) continue;
      in++;
      sizes[shard - 1]++;
    }
    assert_int_equal(in, 1);
  }
  for (unsigned i = 0; i < 3; i++) assert_in_range(sizes[i], 850, 1150);
  /* On every machine and in every version the same ones, or merged shards would not be the whole. */
  const struct nomem__point first = {.occurrence = 1};
  for (unsigned shard = 1; shard <= 3; shard++)
    assert_int_equal(nomem__is_in_shard(UINT64_C(0x1fb43feae2861b3a), &first, shard, 3), shard == 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(occurrence_classes),
      cmocka_unit_test(order),
      cmocka_unit_test(everything),
      cmocka_unit_test(complete),
      cmocka_unit_test(kinds),
      cmocka_unit_test(nothing),
      cmocka_unit_test(all_is_complete),
      cmocka_unit_test(huge_counts),
      cmocka_unit_test(cut),
      cmocka_unit_test(shards),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
