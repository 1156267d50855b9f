/* SPDX-License-Identifier: MIT */
/* Whether test code was told of a failure, decided from what came to it with the fault and without. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../faults/explore/judge/told_verdict.h"

#define POINTER \
  { NOMEM_RESULT_POINTER, 8 }
#define INT \
  { NOMEM_RESULT_SIGNED, 4 }
#define UNSIGNED \
  { NOMEM_RESULT_UNSIGNED, 4 }
#define NOTHING \
  { NOMEM_RESULT_NONE, 0 }
#define UNKNOWN \
  { NOMEM_RESULT_UNKNOWN, 0 }
#define HERE UINT64_C(0x7f0000001000)
#define THERE UINT64_C(0x7f0000002000)

/* At a place, of the function with the same number. */
#define RESULT(number, its_type, returned)                                                                   \
  {                                                                                                          \
    .place = (number), .callee = (number), .kind = NOMEM_TOLD_RESULT, .type = its_type, .value = (returned), \
    .is_used = true                                                                                          \
  }
#define FAILED(its_type, returned) \
  { .place = 1, .callee = 1, .kind = NOMEM_TOLD_RESULT, .type = its_type, .value = (returned), .is_failed_call = true }
#define DATA(number, returned) \
  { .place = (number), .callee = (number), .kind = NOMEM_TOLD_DATA, .type = INT, .value = (returned), .is_used = true }
#define UNUSED(number, returned) \
  { .place = (number), .callee = (number), .kind = NOMEM_TOLD_DATA, .type = INT, .value = (returned) }
#define STATUS(number, returned) \
  { .place = (number), .callee = (number), .kind = NOMEM_TOLD_STATUS, .value = (returned), .is_used = true }
#define CALLBACK(number, first, second)                                               \
  {                                                                                   \
    .place = (number), .kind = NOMEM_TOLD_CALLBACK, .arguments = {(first), (second) } \
  }
#define METHOD(number, returned, looked_at) \
  { .place = (number), .kind = NOMEM_TOLD_RESULT, .value = (returned), .is_used = (looked_at) }
#define CLEAN_UP(number, its_type, returned, looked_at)                                                      \
  {                                                                                                          \
    .place = (number), .callee = (number), .kind = NOMEM_TOLD_RESULT, .type = its_type, .value = (returned), \
    .is_used = (looked_at), .is_clean_up = true                                                              \
  }
#define COMPARISON(number) \
  { .place = (number), .callee = (number), .kind = NOMEM_TOLD_DATA, .is_comparison = true }

#define EVENTS 6

struct told_case {
  const char *what;
  struct nomem__told_event with[EVENTS], without[EVENTS];
  enum nomem__told told;
  bool is_cut;
};

static size_t count(const struct nomem__told_event *list) {
  size_t events = 0;
  while (events < EVENTS && list[events].place != 0) events++;
  return events;
}

static void decide(const struct told_case *cases, size_t case_count) {
  for (size_t i = 0; i < case_count; i++) {
    const struct nomem__told_events with = {cases[i].with, count(cases[i].with), !cases[i].is_cut};
    const struct nomem__told_events without = {cases[i].without, count(cases[i].without), true};
    enum nomem__told told = nomem__told_decide(&with, &without);
    if (told != cases[i].told) fail_msg("%s: %d in place of %d", cases[i].what, (int)told, (int)cases[i].told);
  }
}

#define DECIDE(cases) decide(cases, sizeof(cases) / sizeof *(cases))

/* Nobody said no, and the test looked at another value than usual. */
static void silent(void **state) {
  (void)state;
  static const struct told_case cases[] = {
      {"another text",
       {FAILED(POINTER, HERE), DATA(2, 1), DATA(3, 0)},
       {FAILED(POINTER, THERE), DATA(2, 0), DATA(4, 0)},
       NOMEM_TOLD_NOTHING,
       false},
      {"asked, and said yes",
       {FAILED(INT, 0), RESULT(2, INT, 0), DATA(3, 5), DATA(4, 0)},
       {FAILED(INT, 0), RESULT(2, INT, 0), DATA(3, 0), DATA(5, 0)},
       NOMEM_TOLD_NOTHING,
       false},
      {"another number",
       {FAILED(NOTHING, 7), RESULT(2, UNSIGNED, 2), DATA(4, 0)},
       {FAILED(NOTHING, 9), RESULT(2, UNSIGNED, 3), DATA(5, 0)},
       NOMEM_TOLD_NOTHING,
       false},
      {"the same way to the end",
       {FAILED(INT, 0), DATA(2, 1), RESULT(3, NOTHING, 0)},
       {FAILED(INT, 0), DATA(2, 0), RESULT(3, NOTHING, 0)},
       NOMEM_TOLD_NOTHING,
       false},
      {"ended at that value",
       {FAILED(INT, 0), DATA(2, 1)},
       {FAILED(INT, 0), DATA(2, 0), RESULT(3, INT, 0)},
       NOMEM_TOLD_NOTHING,
       false},
      {"a comparison that did not return",
       {FAILED(INT, 0)},
       {FAILED(INT, 0), COMPARISON(2)},
       NOMEM_TOLD_NOTHING,
       false},
      {"and the framework went on",
       {FAILED(INT, 0), DATA(9, 1)},
       {FAILED(INT, 0), COMPARISON(2)},
       NOMEM_TOLD_NOTHING,
       false},
      {"a callback as usual",
       {CALLBACK(7, 1, HERE), FAILED(INT, 0), DATA(2, 1), DATA(3, 0)},
       {CALLBACK(7, 1, THERE), FAILED(INT, 0), DATA(2, 0), DATA(4, 0)},
       NOMEM_TOLD_NOTHING,
       false},
      {"a callback that does not come",
       {CALLBACK(7, 1, HERE), FAILED(INT, 0), DATA(2, 1)},
       {CALLBACK(7, 1, THERE), CALLBACK(7, 1, THERE), FAILED(INT, 0), DATA(2, 0)},
       NOMEM_TOLD_NOTHING,
       false},
      {"the first one, and what it does",
       {CALLBACK(7, 2, 0), UNUSED(5, 1), FAILED(INT, 0), DATA(2, 1)},
       {CALLBACK(7, 1, 0), UNUSED(5, 1), CALLBACK(7, 2, 0), UNUSED(5, 1), FAILED(INT, 0), DATA(2, 0)},
       NOMEM_TOLD_NOTHING,
       false},
      {"another one after it, where other calls came before",
       {FAILED(INT, 0), DATA(2, 1), CALLBACK(7, 1, 0), DATA(9, 0)},
       {FAILED(INT, 0), DATA(2, 0), DATA(4, 0), CALLBACK(7, 1, 0), DATA(9, 0)},
       NOMEM_TOLD_NOTHING,
       false},
      {"and that ends otherwise",
       {FAILED(INT, 0), DATA(2, 1), CALLBACK(7, 1, 0), UNUSED(6, 0), DATA(9, 0)},
       {FAILED(INT, 0), DATA(2, 0), DATA(4, 0), DATA(5, 0), CALLBACK(7, 1, 0), DATA(9, 0)},
       NOMEM_TOLD_NOTHING,
       false},
      {"and where more calls come after it",
       {FAILED(INT, 0), DATA(2, 1), CALLBACK(7, 1, 0), DATA(9, 0), DATA(9, 0)},
       {FAILED(INT, 0), DATA(2, 0), DATA(4, 0), DATA(9, 0), CALLBACK(7, 1, 0), DATA(9, 0)},
       NOMEM_TOLD_NOTHING,
       false},
      {"the only one",
       {FAILED(INT, 0), DATA(2, 1)},
       {CALLBACK(7, 1, 0), UNUSED(5, 1), FAILED(INT, 0), DATA(2, 0)},
       NOMEM_TOLD_NOTHING,
       false},
      {"cleaned up as usual",
       {FAILED(INT, 0), DATA(2, 1), RESULT(8, INT, 0)},
       {FAILED(INT, 0), DATA(2, 0), DATA(4, 0), RESULT(8, INT, 0)},
       NOMEM_TOLD_NOTHING,
       false},
  };
  DECIDE(cases);
}

/* By the call itself, by a later one, by errno and its like, or by a callback. */
static void told(void **state) {
  (void)state;
  static const struct told_case cases[] = {
      {"NULL", {FAILED(POINTER, 0), DATA(2, 1)}, {FAILED(POINTER, HERE), DATA(2, 0)}, NOMEM_TOLD, false},
      {"a number", {FAILED(INT, UINT32_MAX), DATA(2, 1)}, {FAILED(INT, 0), DATA(2, 0)}, NOMEM_TOLD, false},
      {"an error's text",
       {FAILED(NOTHING, 0), RESULT(2, POINTER, HERE), DATA(3, 1)},
       {FAILED(NOTHING, 0), RESULT(2, POINTER, 0), DATA(3, 0)},
       NOMEM_TOLD,
       false},
      {"did not return", {DATA(2, 1)}, {FAILED(INT, 0), DATA(2, 0)}, NOMEM_TOLD, false},
      {"not there without", {FAILED(INT, 0), DATA(2, 1)}, {DATA(2, 0)}, NOMEM_TOLD, false},
      {"later",
       {FAILED(INT, 0), RESULT(2, INT, 1), DATA(3, 0)},
       {FAILED(INT, 0), RESULT(2, INT, 0), DATA(4, 0)},
       NOMEM_TOLD,
       false},
      {"later, by NULL",
       {FAILED(INT, 0), RESULT(2, POINTER, 0)},
       {FAILED(INT, 0), RESULT(2, POINTER, HERE)},
       NOMEM_TOLD,
       false},
      {"later, elsewhere",
       {FAILED(INT, 0), DATA(2, 1), RESULT(8, INT, 1)},
       {FAILED(INT, 0), DATA(2, 0), RESULT(8, INT, 0)},
       NOMEM_TOLD,
       false},
      {"errno",
       {FAILED(INT, 0), STATUS(2, 12), DATA(3, 0)},
       {FAILED(INT, 0), STATUS(2, 0), DATA(4, 0)},
       NOMEM_TOLD,
       false},
      {"a callback",
       {CALLBACK(7, UINT32_MAX, HERE), FAILED(INT, 0), DATA(2, 1)},
       {CALLBACK(7, 0, HERE), FAILED(INT, 0), DATA(2, 0)},
       NOMEM_TOLD,
       false},
      {"a callback that does not come, and the call says so",
       {CALLBACK(7, 1, HERE), FAILED(INT, UINT32_MAX), DATA(2, 1)},
       {CALLBACK(7, 1, HERE), CALLBACK(7, 1, HERE), FAILED(INT, 0), DATA(2, 0)},
       NOMEM_TOLD,
       false},
      {"one that says so in place of another",
       {CALLBACK(7, UINT32_MAX, 0), FAILED(INT, 0), DATA(2, 1)},
       {CALLBACK(7, 1, 0), CALLBACK(7, 2, 0), FAILED(INT, 0), DATA(2, 0)},
       NOMEM_TOLD,
       false},
      {"one that is not called otherwise",
       {CALLBACK(7, 0, HERE), FAILED(INT, 0), DATA(2, 1)},
       {FAILED(INT, 0), DATA(2, 0)},
       NOMEM_TOLD,
       false},
      {"nothing is left, and the test looks at that",
       {FAILED(INT, 0), CLEAN_UP(3, POINTER, 0, true), DATA(4, 0)},
       {FAILED(INT, 0), CLEAN_UP(3, POINTER, HERE, true), DATA(5, 0)},
       NOMEM_TOLD,
       false},
      {"giving back fails",
       {FAILED(INT, 0), CLEAN_UP(3, INT, UINT32_MAX, false), DATA(4, 0)},
       {FAILED(INT, 0), CLEAN_UP(3, INT, 0, false), DATA(5, 0)},
       NOMEM_TOLD,
       false},
      {"one that comes later",
       {FAILED(INT, 0), CALLBACK(7, 0, HERE), DATA(2, 1)},
       {FAILED(INT, 0), DATA(2, 0)},
       NOMEM_TOLD,
       false},
      {"ended within a call, as far as was noted",
       {FAILED(INT, 0), DATA(2, 0)},
       {FAILED(INT, 0), DATA(2, 0), RESULT(3, INT, 0)},
       NOMEM_TOLD,
       true},
      {"nothing was noted", {{0}}, {{0}}, NOMEM_TOLD, false},
  };
  DECIDE(cases);
}

/* What was not seen whole, or what the test noticed was not seen. */
static void unseen(void **state) {
  (void)state;
  static const struct told_case cases[] = {
      {"cut",
       {FAILED(INT, 0), DATA(2, 1), DATA(3, 0)},
       {FAILED(INT, 0), DATA(2, 0), DATA(4, 0)},
       NOMEM_TOLD_UNSEEN,
       true},
      {"a member", {FAILED(POINTER, HERE), DATA(3, 0)}, {FAILED(POINTER, HERE), DATA(4, 0)}, NOMEM_TOLD_LOOKED, false},
      {"after another value",
       {FAILED(INT, 0), DATA(2, 1), DATA(5, 0), DATA(3, 0)},
       {FAILED(INT, 0), DATA(2, 0), DATA(5, 0), DATA(4, 0)},
       NOMEM_TOLD_LOOKED,
       false},
      {"ended within a call, or before it",
       {FAILED(INT, 0), DATA(2, 0)},
       {FAILED(INT, 0), DATA(2, 0), RESULT(3, INT, 0)},
       NOMEM_TOLD_STOPPED,
       false},
      {"nothing is left of what was given back",
       {FAILED(INT, 0), CLEAN_UP(3, POINTER, 0, false), DATA(4, 0)},
       {FAILED(INT, 0), CLEAN_UP(3, POINTER, HERE, false), DATA(5, 0)},
       NOMEM_TOLD_LOOKED,
       false},
      {"a value that nobody looks at",
       {FAILED(INT, 0), UNUSED(2, 1), DATA(3, 0)},
       {FAILED(INT, 0), UNUSED(2, 0), DATA(4, 0)},
       NOMEM_TOLD_LOOKED,
       false},
      {"of no known type",
       {FAILED(INT, 0), RESULT(2, UNKNOWN, 1), DATA(3, 0)},
       {FAILED(INT, 0), RESULT(2, UNKNOWN, 0), DATA(4, 0)},
       NOMEM_TOLD_UNSEEN,
       false},
      {"a call that is never made otherwise",
       {FAILED(INT, 0), DATA(2, 1), RESULT(8, INT, 0)},
       {FAILED(INT, 0), DATA(2, 0), DATA(4, 0)},
       NOMEM_TOLD_UNSEEN,
       false},
      {"fewer than usual were done",
       {FAILED(INT, 2), DATA(4, 0)},
       {{.place = 1, .callee = 1, .type = INT, .value = 3, .is_failed_call = true}, DATA(5, 0)},
       NOMEM_TOLD_UNSEEN,
       false},
      {"or a status is another one",
       {{.place = 1, .callee = 1, .type = INT, .value = 7, .is_failed_call = true, .is_status = true}, DATA(4, 0)},
       {{.place = 1, .callee = 1, .type = INT, .value = 101, .is_failed_call = true}, DATA(5, 0)},
       NOMEM_TOLD,
       false},
      {"more than usual", {FAILED(INT, 4), DATA(4, 0)}, {FAILED(INT, 3), DATA(5, 0)}, NOMEM_TOLD, false},
      {"a method whose result nobody looks at",
       {FAILED(INT, 0), METHOD(3, 1, false), DATA(4, 0)},
       {FAILED(INT, 0), DATA(5, 0)},
       NOMEM_TOLD_LOOKED,
       false},
      {"and one whose result somebody looks at",
       {FAILED(INT, 0), METHOD(3, 1, true), DATA(4, 0)},
       {FAILED(INT, 0), DATA(5, 0)},
       NOMEM_TOLD_UNSEEN,
       false},
      {"the same in all", {FAILED(INT, 0), DATA(2, 0)}, {FAILED(INT, 0), DATA(2, 0)}, NOMEM_TOLD_LOOKED, false},
  };
  DECIDE(cases);
}

/* A later call that reported an error, as long as both runs make the same calls; the one that failed, and what only
 * looks at data, is none. */
static void later_error(void **state) {
  const struct nomem__told_event usual[] = {FAILED(INT, 0), DATA(2, 5), RESULT(3, INT, 12), RESULT(4, INT, 0)};
  const struct nomem__told_event lost[] = {FAILED(INT, 0), DATA(2, UINT32_MAX), RESULT(3, INT, UINT32_MAX),
                                           RESULT(4, INT, 1)};
  const struct nomem__told_event well[] = {FAILED(INT, UINT32_MAX), DATA(2, UINT32_MAX), RESULT(3, INT, 12),
                                           RESULT(4, INT, 0)};
  const struct nomem__told_event turned[] = {FAILED(INT, 0), DATA(5, 5), RESULT(3, INT, UINT32_MAX)};
  const struct nomem__told_events without = {usual, 4, true};
  (void)state;
  assert_ptr_equal(nomem__told_later_error(&(struct nomem__told_events){lost, 4, true}, &without), &lost[2]);
  assert_null(nomem__told_later_error(&(struct nomem__told_events){well, 4, true}, &without));
  assert_null(nomem__told_later_error(&(struct nomem__told_events){turned, 3, true}, &without));
  assert_null(nomem__told_later_error(&(struct nomem__told_events){lost + 1, 3, true}, &without));
  assert_true(nomem__told_has_place(&without, 3));
  assert_false(nomem__told_has_place(&without, 5));
}

/* The same on whatever way, where the call that failed has reported nothing. */
static void late_report(void **state) {
  const struct nomem__told_event usual[] = {FAILED(INT, 0), RESULT(3, INT, 0)};
  const struct nomem__told_event lost[] = {FAILED(INT, 0), RESULT(3, INT, 2)};
  const struct nomem__told_event well[] = {FAILED(INT, UINT32_MAX), RESULT(3, INT, 2)};
  const struct nomem__told_event turned[] = {FAILED(INT, 0), {.place = 5, .callee = 3, .type = INT, .value = 2}};
  const struct nomem__told_events without = {usual, 2, true};
  (void)state;
  assert_ptr_equal(nomem__told_late_report(&(struct nomem__told_events){lost, 2, true}, &without), &lost[1]);
  assert_ptr_equal(nomem__told_late_report(&(struct nomem__told_events){turned, 2, true}, &without), &turned[1]);
  assert_null(nomem__told_late_report(&(struct nomem__told_events){well, 2, true}, &without));
  assert_null(nomem__told_late_report(&without, &without));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(silent),      cmocka_unit_test(told),        cmocka_unit_test(unseen),
      cmocka_unit_test(later_error), cmocka_unit_test(late_report),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
