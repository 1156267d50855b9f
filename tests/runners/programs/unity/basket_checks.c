/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "src/basket.h"
#include "unity/unity.h"

void setUp(void) {
}

void tearDown(void) {
}

static void put(void) {
  struct basket *basket = basket_new();
  TEST_ASSERT_NOT_NULL(basket);
  TEST_ASSERT_EQUAL(0, basket_put(basket, 7, 10));
  TEST_ASSERT_EQUAL(1u, basket->count);
  basket_free(basket);
}

static void total(void) {
  struct basket *basket = basket_new();
  TEST_ASSERT_NOT_NULL(basket);
  TEST_ASSERT_EQUAL(0, basket_put(basket, 7, 10));
  TEST_ASSERT_EQUAL(10, basket_total(basket));
  basket_free(basket);
}

static void label(void) {
  struct basket *basket = basket_new();
  TEST_ASSERT_NOT_NULL(basket);
  TEST_ASSERT_EQUAL(0, basket_put(basket, 7, 10));
  TEST_ASSERT_EQUAL(0, basket_set_label(basket, "fruit"));
  basket_free(basket);
}

static void describe(void) {
  struct basket *basket = basket_new();
  TEST_ASSERT_NOT_NULL(basket);
  TEST_ASSERT_EQUAL(0, basket_put(basket, 7, 10));
  char *text = basket_describe(basket);
  TEST_ASSERT_TRUE(text == NULL || strcmp(text, " 7") == 0);
  free(text);
  basket_free(basket);
}

static void copy(void) {
  struct basket *basket = basket_new();
  TEST_ASSERT_NOT_NULL(basket);
  TEST_ASSERT_EQUAL(0, basket_put(basket, 7, 10));
  struct basket *copy = basket_copy(basket);
  TEST_ASSERT_NOT_NULL(copy);
  TEST_ASSERT_EQUAL(10, basket_total(copy));
  basket_free(copy);
  basket_free(basket);
}

int main(void) {
  UNITY_BEGIN();
  RUN_TEST(put);
  RUN_TEST(total);
  RUN_TEST(label);
  RUN_TEST(describe);
  RUN_TEST(copy);
  return UNITY_END();
}
