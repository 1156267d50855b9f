/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "../src/basket.h"
#include "one_test.h"

int main(void) {
  struct basket *basket = basket_new();
  bool passed = basket != NULL && basket_put(basket, 7, 10) == 0 && basket_put(basket, 8, 20) == 0;
  char *text = passed ? basket_describe(basket) : NULL;
  passed = text != NULL && strcmp(text, " 7 8") == 0;
  free(text);
  basket_free(basket);
  return end_test("describe", passed);
}
