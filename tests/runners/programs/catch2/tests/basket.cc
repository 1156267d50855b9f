// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>

#include "../src/basket.h"

TEST_CASE("put") {
  struct basket *basket = basket_new();
  REQUIRE(basket != nullptr);
  REQUIRE(basket_put(basket, 7, 10) == 0);
  REQUIRE(basket->count == 1u);
  basket_free(basket);
}

TEST_CASE("total") {
  struct basket *basket = basket_new();
  REQUIRE(basket != nullptr);
  REQUIRE(basket_put(basket, 7, 10) == 0);
  REQUIRE(basket_total(basket) == 10);
  basket_free(basket);
}

TEST_CASE("label") {
  struct basket *basket = basket_new();
  REQUIRE(basket != nullptr);
  REQUIRE(basket_put(basket, 7, 10) == 0);
  REQUIRE(basket_set_label(basket, "fruit") == 0);
  basket_free(basket);
}

TEST_CASE("describe") {
  struct basket *basket = basket_new();
  REQUIRE(basket != nullptr);
  REQUIRE(basket_put(basket, 7, 10) == 0);
  char *text = basket_describe(basket);
  CHECK((text == nullptr || strcmp(text, " 7") == 0));
  free(text);
  basket_free(basket);
}

TEST_CASE("copy") {
  struct basket *basket = basket_new();
  REQUIRE(basket != nullptr);
  REQUIRE(basket_put(basket, 7, 10) == 0);
  struct basket *copy = basket_copy(basket);
  REQUIRE(copy != nullptr);
  REQUIRE(basket_total(copy) == 10);
  basket_free(copy);
  basket_free(basket);
}
