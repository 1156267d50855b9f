// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

#include "src/basket.h"

TEST(Basket, Put) {
  struct basket *basket = basket_new();
  ASSERT_NE(basket, nullptr);
  ASSERT_EQ(basket_put(basket, 7, 10), 0);
  ASSERT_EQ(basket->count, 1u);
  basket_free(basket);
}

TEST(Basket, Total) {
  struct basket *basket = basket_new();
  ASSERT_NE(basket, nullptr);
  ASSERT_EQ(basket_put(basket, 7, 10), 0);
  ASSERT_EQ(basket_total(basket), 10);
  basket_free(basket);
}

TEST(Basket, Label) {
  struct basket *basket = basket_new();
  ASSERT_NE(basket, nullptr);
  ASSERT_EQ(basket_put(basket, 7, 10), 0);
  ASSERT_EQ(basket_set_label(basket, "fruit"), 0);
  basket_free(basket);
}

TEST(Basket, Describe) {
  struct basket *basket = basket_new();
  ASSERT_NE(basket, nullptr);
  ASSERT_EQ(basket_put(basket, 7, 10), 0);
  char *text = basket_describe(basket);
  EXPECT_TRUE(text == nullptr || strcmp(text, " 7") == 0);
  free(text);
  basket_free(basket);
}

TEST(Basket, Copy) {
  struct basket *basket = basket_new();
  ASSERT_NE(basket, nullptr);
  ASSERT_EQ(basket_put(basket, 7, 10), 0);
  struct basket *copy = basket_copy(basket);
  ASSERT_NE(copy, nullptr);
  ASSERT_EQ(basket_total(copy), 10);
  basket_free(copy);
  basket_free(basket);
}
