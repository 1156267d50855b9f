/* SPDX-License-Identifier: MIT */
#include "../src/basket.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(put) {
  struct basket *basket = basket_new();
  ck_assert_ptr_nonnull(basket);
  ck_assert_int_eq(basket_put(basket, 7, 10), 0);
  ck_assert_int_eq(basket->count, 1u);
  basket_free(basket);
}
END_TEST

START_TEST(total) {
  struct basket *basket = basket_new();
  ck_assert_ptr_nonnull(basket);
  ck_assert_int_eq(basket_put(basket, 7, 10), 0);
  ck_assert_int_eq(basket_total(basket), 10);
  basket_free(basket);
}
END_TEST

START_TEST(label) {
  struct basket *basket = basket_new();
  ck_assert_ptr_nonnull(basket);
  ck_assert_int_eq(basket_put(basket, 7, 10), 0);
  ck_assert_int_eq(basket_set_label(basket, "fruit"), 0);
  basket_free(basket);
}
END_TEST

START_TEST(describe) {
  struct basket *basket = basket_new();
  ck_assert_ptr_nonnull(basket);
  ck_assert_int_eq(basket_put(basket, 7, 10), 0);
  char *text = basket_describe(basket);
  ck_assert(text == NULL || strcmp(text, " 7") == 0);
  free(text);
  basket_free(basket);
}
END_TEST

START_TEST(copy) {
  struct basket *basket = basket_new();
  ck_assert_ptr_nonnull(basket);
  ck_assert_int_eq(basket_put(basket, 7, 10), 0);
  struct basket *copy = basket_copy(basket);
  ck_assert_ptr_nonnull(copy);
  ck_assert_int_eq(basket_total(copy), 10);
  basket_free(copy);
  basket_free(basket);
}
END_TEST

static void add(Suite *suite, const char *name, const TTest *test) {
  TCase *tests = tcase_create(name);
  tcase_add_test(tests, test);
  suite_add_tcase(suite, tests);
}

int main(void) {
  Suite *suite = suite_create("basket");
  add(suite, "put", put);
  add(suite, "total", total);
  add(suite, "label", label);
  add(suite, "describe", describe);
  add(suite, "copy", copy);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_VERBOSE);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
