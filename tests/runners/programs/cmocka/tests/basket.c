/* SPDX-License-Identifier: MIT */
#include "../src/basket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* Needs those above. */
#include <cmocka.h>

static struct basket *make(int price) {
  struct basket *basket = basket_new();
  assert_non_null(basket);
  assert_int_equal(basket_put(basket, 7, price), 0);
  return basket;
}

static void put(void **state) {
  (void)state;
  struct basket *basket = make(10);
  assert_int_equal(basket->count, 1);
  basket_free(basket);
}

static void total(void **state) {
  (void)state;
  struct basket *basket = make(10);
  assert_int_equal(basket_total(basket), 10);
  basket_free(basket);
}

static void label(void **state) {
  (void)state;
  struct basket *basket = make(10);
  assert_int_equal(basket_set_label(basket, "fruit"), 0);
  basket_free(basket);
}

static void describe(void **state) {
  (void)state;
  struct basket *basket = make(10);
  char *text = basket_describe(basket);
  assert_true(text == NULL || strcmp(text, " 7") == 0);
  free(text);
  basket_free(basket);
}

static void copy(void **state) {
  (void)state;
  struct basket *basket = make(10), *other = basket_copy(basket);
  assert_non_null(other);
  assert_int_equal(basket_total(other), 10);
  basket_free(other);
  basket_free(basket);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(put), cmocka_unit_test(total), cmocka_unit_test(label),
                                     cmocka_unit_test(describe), cmocka_unit_test(copy)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
