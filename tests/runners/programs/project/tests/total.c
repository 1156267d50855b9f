/* SPDX-License-Identifier: MIT */
#include "../src/basket.h"
#include "one_test.h"

int main(void) {
  struct basket *basket = basket_new();
  bool passed = basket != NULL && basket_put(basket, 7, 10) == 0 && basket_total(basket) == 10;
  basket_free(basket);
  return end_test("total", passed);
}
