/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "explore/judge/verdict.h"
#include "explore/report/explanations.h"

/* Every verdict is explained, every finding and advisory is mended, and an example has both its sides. */
static void all_verdicts(void **state) {
  (void)state;
  for (unsigned v = 0; v < NOMEM_VERDICT_COUNT; v++) {
    const struct nomem__explanation *explanation = nomem__explanation_of(nomem__verdicts[v].name);
    if (explanation == NULL) {
      fail_msg("no explanation of %s", nomem__verdicts[v].name);
      return;
    }
    assert_non_null(explanation->meaning);
    assert_non_null(explanation->reason);
    assert_int_equal(explanation->mending != NULL, nomem__verdicts[v].weight != NOMEM_WEIGHT_NONE);
    assert_int_equal(explanation->before != NULL, explanation->after != NULL);
  }
  assert_non_null(nomem__explanation_of("flaky"));
  assert_null(nomem__explanation_of("cras"));
}

/* Where there is no terminal, no line is longer than reads well, no word is lost, and code stays as it is. */
static void as_text(void **state) {
  static const struct nomem__explanation explanation = {
      .verdict = "crash",
      .meaning = "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 01234567 x y",
      .reason = "why",
      .before = "a;\n  b;",
      .after = "c;"};
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  (void)state;
  nomem__explanation_print(out, &explanation);
  fclose(out);
  assert_string_equal(
      text,
      "\nWhat it means\n"
      "    0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 01234567\n"
      "    x y\n"
      "\nWhy nomem says so\n    why\n"
      "\n    Before:\n        a;\n          b;\n"
      "\n    After:\n        c;\n");
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(all_verdicts), cmocka_unit_test(as_text)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
