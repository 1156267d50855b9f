/* SPDX-License-Identifier: MIT */
/* Which names of errors say that there was no memory, and which error is a wrong one; which functions clean up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../faults/explore/judge/error_names.h"

static void names(void **state) {
  (void)state;
  static const struct {
    const char *name;
    bool is_memory;
  } cases[] = {
      {"URL_NO_MEMORY", true},
      {"XML_ERR_NO_MEMORY", true},
      {"CURLE_OUT_OF_MEMORY", true},
      {"SQLITE_NOMEM", true},
      {"UV_ENOMEM", true},
      {"enomem", true},
      {"kOutOfMemory", true},
      {"NoMem", true},
      {"PARSER_OOM", true},
      {"Z_MEM_ERROR", true},
      {"ERR_MEM", true},
      {"JSON_ALLOC_FAILED", true},
      {"STATUS_ALLOC", true},
      {"BAD_ALLOC", true},
      {"MEMORY_EXHAUSTED", true},
      {"", false},
      {"_", false},
      {"URL_BAD_HOST", false},
      {"BLOCK_ALLOCATED", false},
      {"IN_MEMORY", false},
      {"MEMORY", false},
      {"ZOOM", false},
      {"ROOM_FULL", false},
      {"NOMEMBER", false},
      {"NO_MEMBER", false},
      {"OUT_OF_RANGE", false},
      {"MEMBER_ERROR", false},
      {"A_VERY_LONG_NAME_OF_VERYVERYVERYVERYVERYVERYLONGWORDS_A_B_C_D_E_F_G_H_I_J_K_L_M_N_OOM", false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    if (nomem__names_want_of_memory(cases[i].name) == cases[i].is_memory) continue;
    fail_msg("'%s' is taken for the other", cases[i].name);
  }
}

static void functions_that_clean_up(void **state) {
  static const char *const some[] = {"jobs_close",     "pool_shutdown", "closeLoop(Loop*)", "Pool::~Pool()",
                                     "thing_clean_up", "tear_down_db",  "LIST_FREE",        "uv::stop(int)"};
  static const char *const none[] = {"", "pool_wait", "closest", "freeze", "run(close*)"};
  (void)state;
  for (size_t i = 0; i < sizeof some / sizeof *some; i++)
    if (!nomem__names_clean_up(some[i])) fail_msg("'%s' cleans up", some[i]);
  for (size_t i = 0; i < sizeof none / sizeof *none; i++)
    if (nomem__names_clean_up(none[i])) fail_msg("'%s' does not clean up", none[i]);
}

static struct nomem__returned_enum returned(int64_t value, bool has_memory_name) {
  struct nomem__returned_enum type = {.value = value};
  nomem__returned_enum_note(&type, "OK", 0);
  nomem__returned_enum_note(&type, "BAD_HOST", 1);
  nomem__returned_enum_note(&type, "BAD_NAME", 1);
  if (has_memory_name) nomem__returned_enum_note(&type, "NO_MEMORY", 2);
  if (has_memory_name) nomem__returned_enum_note(&type, "ALLOC_FAILED", 3);
  return type;
}

/* An error is wrong where the type has a name for the right one; each of several right ones will do. */
static void enumerations(void **state) {
  (void)state;
  struct nomem__returned_enum type = returned(1, true);
  assert_string_equal(type.name, "BAD_HOST");
  assert_string_equal(type.memory_name, "NO_MEMORY");
  assert_true(nomem__returned_enum_is_wrong(&type, 0));
  assert_false(nomem__returned_enum_is_wrong(&type, 1)); /* what it always returns */
  for (int64_t value = 2; value <= 3; value++) {
    type = returned(value, true);
    assert_false(nomem__returned_enum_is_wrong(&type, 0));
  }
  type = returned(1, false);
  assert_false(nomem__returned_enum_is_wrong(&type, 0));
  type = returned(9, true);
  assert_string_equal(type.name, "");
  assert_true(nomem__returned_enum_is_wrong(&type, 0));
}

/* A negative errno, as long as the library is known to return such; -1 says no more than that it failed. */
static void numbers(void **state) {
  (void)state;
  assert_true(nomem__returned_errno_is_wrong(-22, 0, true));
  assert_true(nomem__returned_errno_is_wrong(-4095, 7, true));
  assert_false(nomem__returned_errno_is_wrong(-22, 0, false));
  assert_false(nomem__returned_errno_is_wrong(-12, 0, true));
  assert_false(nomem__returned_errno_is_wrong(-1, 0, true));
  assert_false(nomem__returned_errno_is_wrong(-4096, 0, true));
  assert_false(nomem__returned_errno_is_wrong(3, 0, true));
  assert_false(nomem__returned_errno_is_wrong(-22, -22, true));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names),
      cmocka_unit_test(functions_that_clean_up),
      cmocka_unit_test(enumerations),
      cmocka_unit_test(numbers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
