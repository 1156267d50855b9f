// SPDX-License-Identifier: MIT

// Package basket calls the library in C. A file of tests may not do that itself.
package basket

// #include <stdlib.h>
// #include <string.h>
// #include "basket.h"
//
// static struct basket *make(int items) {
//   struct basket *basket = basket_new();
//   for (int i = 0; i < items && basket != NULL; i++)
//     if (basket_put(basket, 7 + i, 10) != 0) {
//       basket_free(basket);
//       return NULL;
//     }
//   return basket;
// }
//
// static int total(void) {
//   struct basket *basket = make(2);
//   int passed = basket == NULL || basket_total(basket) == 20;
//   basket_free(basket);
//   return passed;
// }
//
// static int label(void) {
//   struct basket *basket = make(0);
//   if (basket != NULL) basket_set_label(basket, "fruit");
//   basket_free(basket);
//   return 1;
// }
//
// static int describe(void) {
//   struct basket *basket = make(1);
//   char *text = basket != NULL ? basket_describe(basket) : NULL;
//   int passed = text == NULL || strcmp(text, " 7") == 0;
//   free(text);
//   basket_free(basket);
//   return passed;
// }
//
// static int copy(void) {
//   struct basket *basket = make(1), *second = basket != NULL ? basket_copy(basket) : NULL;
//   int passed = second == NULL || basket_total(second) == 10;
//   basket_free(second);
//   basket_free(basket);
//   return passed;
// }
import "C"

func total() bool    { return C.total() != 0 }
func label() bool    { return C.label() != 0 }
func describe() bool { return C.describe() != 0 }
func copies() bool   { return C.copy() != 0 }
