/* SPDX-License-Identifier: MIT */
#include "../src/basket.h"
#include "one_test.h"

int main(void) {
  struct basket *basket = basket_new();
  bool passed = basket != NULL && basket_put(basket, 7, 10) == 0;
  struct basket *copy = passed ? basket_copy(basket) : NULL;
  passed = copy != NULL && basket_total(copy) == 10;
  basket_free(copy);
  basket_free(basket);
  return end_test("copy", passed);
}
