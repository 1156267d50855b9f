/* SPDX-License-Identifier: MIT */
#include "../src/basket.h"
#include "one_test.h"

int main(void) {
  struct basket *basket = basket_new();
  bool passed = basket != NULL && basket_set_label(basket, "fruit") == 0;
  basket_free(basket);
  return end_test("label", passed);
}
