// SPDX-License-Identifier: MIT
#define BOOST_TEST_MODULE basket checks
#include <boost/test/included/unit_test.hpp>

#include <cstdlib>
#include <cstring>

#include "src/basket.h"

BOOST_AUTO_TEST_CASE(put) {
  struct basket *basket = basket_new();
  BOOST_REQUIRE(basket != nullptr);
  BOOST_REQUIRE(basket_put(basket, 7, 10) == 0);
  BOOST_REQUIRE(basket->count == 1u);
  basket_free(basket);
}

BOOST_AUTO_TEST_CASE(total) {
  struct basket *basket = basket_new();
  BOOST_REQUIRE(basket != nullptr);
  BOOST_REQUIRE(basket_put(basket, 7, 10) == 0);
  BOOST_REQUIRE(basket_total(basket) == 10);
  basket_free(basket);
}

BOOST_AUTO_TEST_CASE(label) {
  struct basket *basket = basket_new();
  BOOST_REQUIRE(basket != nullptr);
  BOOST_REQUIRE(basket_put(basket, 7, 10) == 0);
  BOOST_REQUIRE(basket_set_label(basket, "fruit") == 0);
  basket_free(basket);
}

BOOST_AUTO_TEST_CASE(describe) {
  struct basket *basket = basket_new();
  BOOST_REQUIRE(basket != nullptr);
  BOOST_REQUIRE(basket_put(basket, 7, 10) == 0);
  char *text = basket_describe(basket);
  BOOST_CHECK((text == nullptr || strcmp(text, " 7") == 0));
  free(text);
  basket_free(basket);
}

BOOST_AUTO_TEST_CASE(copy) {
  struct basket *basket = basket_new();
  BOOST_REQUIRE(basket != nullptr);
  BOOST_REQUIRE(basket_put(basket, 7, 10) == 0);
  struct basket *copy = basket_copy(basket);
  BOOST_REQUIRE(copy != nullptr);
  BOOST_REQUIRE(basket_total(copy) == 10);
  basket_free(copy);
  basket_free(basket);
}
