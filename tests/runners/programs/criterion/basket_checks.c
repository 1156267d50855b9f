/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "src/basket.h"

Test(basket, put) {
  struct basket *basket = basket_new();
  cr_assert_not_null(basket);
  cr_assert_eq(basket_put(basket, 7, 10), 0);
  cr_assert_eq(basket->count, 1u);
  basket_free(basket);
}

Test(basket, total) {
  struct basket *basket = basket_new();
  cr_assert_not_null(basket);
  cr_assert_eq(basket_put(basket, 7, 10), 0);
  cr_assert_eq(basket_total(basket), 10);
  basket_free(basket);
}

Test(basket, label) {
  struct basket *basket = basket_new();
  cr_assert_not_null(basket);
  cr_assert_eq(basket_put(basket, 7, 10), 0);
  cr_assert_eq(basket_set_label(basket, "fruit"), 0);
  basket_free(basket);
}

Test(basket, describe) {
  struct basket *basket = basket_new();
  cr_assert_not_null(basket);
  cr_assert_eq(basket_put(basket, 7, 10), 0);
  char *text = basket_describe(basket);
  cr_assert(text == NULL || strcmp(text, " 7") == 0);
  free(text);
  basket_free(basket);
}

Test(basket, copy) {
  struct basket *basket = basket_new();
  cr_assert_not_null(basket);
  cr_assert_eq(basket_put(basket, 7, 10), 0);
  struct basket *copy = basket_copy(basket);
  cr_assert_not_null(copy);
  cr_assert_eq(basket_total(copy), 10);
  basket_free(copy);
  basket_free(basket);
}
