/* SPDX-License-Identifier: MIT */
/* A library, with -DLIB, that says yes and leaves something else in memory, and a test, which looks at it there without
 * a call: a count, or with -DOUT a number, with -DFRACTION one with a fraction, with -DLETTER a letter, with -DELEMENT
 * an element, with -DSUM the outcome of a comparison, with -DCMOCKA by a framework's function. Or a
 * call returns another number: with -DCOUNTED how many it has added, with -DRETURNED one with a fraction, with -DRC
 * what the test calls a status, with -DCODE what is one. With -DMENDED the library says no; with -DFLAG, -DSTATE or
 * -DPOINTER it says so in memory. -DEARLIER: at the test's first assertion another one jumps behind the call that never
 * returns. -DTAP: the test ends with 0 in any case, and says "not ok". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct items {
  int count, overflow, state;
  int *last;
  double mean;
  int all[3];
  char text[8];
};

int add(struct items *items, int value);

/* Returns how many there were memory for; or with CODE 101, or an error. */
int add_three(struct items *items);
double add_mean(struct items *items);
#define ADDED_ALL 101

#ifdef LIB
#ifdef MENDED
#define NO_MEMORY -1
#else
#define NO_MEMORY 0
#endif

int add(struct items *items, int value) {
  int *copy = malloc(sizeof *copy);
  items->state = copy ? 3 : 4;
  items->last = items->all;
  if (!copy) {
#ifdef FLAG
    items->overflow = 1;
#elif defined POINTER
    items->last = NULL;
#endif
    return NO_MEMORY;
  }
  *copy = value;
  items->all[items->count++] = *copy;
  items->mean = items->mean * 0.5 + *copy;
  strcpy(items->text, "full");
  free(copy);
  return 0;
}

int add_three(struct items *items) {
  for (int i = 0; i < 3; i++) {
    int *copy = malloc(sizeof *copy);
#ifdef CODE
    if (!copy) return 7;
#elif defined MENDED
    if (!copy) return -1;
#endif
    if (copy) items->count++;
    free(copy);
  }
#ifdef CODE
  return ADDED_ALL;
#else
  return items->count;
#endif
}

double add_mean(struct items *items) {
  add_three(items);
  return items->count / 2.0;
}

#elif defined CMOCKA
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_items(void **unused) {
  struct items items = {0};
  (void)unused;
  for (int i = 0; i < 3; i++) assert_int_equal(add(&items, i + 5), 0);
  assert_int_equal(items.count, 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_items)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

#else
#ifdef EARLIER
#include <assert.h>
#define CHECK(holds) assert(holds)
#elif defined TAP
#define CHECK(holds) puts(holds ? "ok" : "not ok")
#else
#define CHECK(holds) \
  if (!(holds)) return 1
#endif

int main(void) {
  struct items items = {.text = "none"};
#ifdef LETTER
  CHECK(add(&items, 7) == 0);
  CHECK(items.text[0] == 'f');
#elif defined COUNTED
  CHECK(add_three(&items) == 3);
#elif defined CODE
  CHECK(add_three(&items) == ADDED_ALL);
#elif defined RC
  int rc = add_three(&items);
  CHECK(rc == 3);
#elif defined RETURNED
  CHECK(add_mean(&items) == 1.5);
#elif defined EARLIER
  CHECK(add(&items, 7) == 0);
  CHECK(add(&items, 8) == 0);
  CHECK(strcmp(items.text, "full") == 0);
  CHECK(items.all[0] == 7);
#else
  for (int i = 0; i < 3; i++) CHECK(add(&items, i + 5) == 0);
#endif
#ifdef FLAG
  if (items.overflow) return 2;
  CHECK(items.count == 3);
#elif defined STATE
  CHECK(items.state == 3);
#elif defined POINTER
  CHECK(items.last != NULL);
#elif defined FRACTION
  CHECK(items.mean > 11.2 && items.mean < 11.3);
#elif defined ELEMENT
  for (int i = 0; i < 3; i++) CHECK(items.all[i] == i + 5);
#elif defined SUM
  int sum = items.all[0] + items.all[1] + items.all[2];
  return sum != 18;
#elif !(defined LETTER || defined EARLIER || defined COUNTED || defined CODE || defined RC || defined RETURNED)
  CHECK(items.count == 3);
#endif
  return 0;
}
#endif
