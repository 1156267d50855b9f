// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "../src/basket.h"

TEST(Basket, Copy) {
  struct basket *basket = basket_new();
  ASSERT_NE(basket, nullptr);
  ASSERT_EQ(basket_put(basket, 7, 10), 0);
  struct basket *copy = basket_copy(basket);
  ASSERT_NE(copy, nullptr);
  EXPECT_EQ(basket_total(copy), 10);
  basket_free(copy);
  basket_free(basket);
}
