// SPDX-License-Identifier: MIT
#include "../src/basket.h"

#include <CppUTest/CommandLineTestRunner.h>
#include <CppUTest/TestHarness.h>

#include <cstdlib>
#include <cstring>

TEST_GROUP(basket){};

TEST(basket, put) {
  struct basket *basket = basket_new();
  CHECK(basket != nullptr);
  LONGS_EQUAL(0, basket_put(basket, 7, 10));
  LONGS_EQUAL(1u, basket->count);
  basket_free(basket);
}

TEST(basket, total) {
  struct basket *basket = basket_new();
  CHECK(basket != nullptr);
  LONGS_EQUAL(0, basket_put(basket, 7, 10));
  LONGS_EQUAL(10, basket_total(basket));
  basket_free(basket);
}

TEST(basket, label) {
  struct basket *basket = basket_new();
  CHECK(basket != nullptr);
  LONGS_EQUAL(0, basket_put(basket, 7, 10));
  LONGS_EQUAL(0, basket_set_label(basket, "fruit"));
  basket_free(basket);
}

TEST(basket, describe) {
  struct basket *basket = basket_new();
  CHECK(basket != nullptr);
  LONGS_EQUAL(0, basket_put(basket, 7, 10));
  char *text = basket_describe(basket);
  CHECK(text == nullptr || strcmp(text, " 7") == 0);
  free(text);
  basket_free(basket);
}

TEST(basket, copy) {
  struct basket *basket = basket_new();
  CHECK(basket != nullptr);
  LONGS_EQUAL(0, basket_put(basket, 7, 10));
  struct basket *copy = basket_copy(basket);
  CHECK(copy != nullptr);
  LONGS_EQUAL(10, basket_total(copy));
  basket_free(copy);
  basket_free(basket);
}

int main(int count, char **words) {
  return CommandLineTestRunner::RunAllTests(count, words);
}
