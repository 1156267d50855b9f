/* SPDX-License-Identifier: MIT */
/* What is in a log or a cache may be another thing after a fault; what is in anything else may not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../faults/explore/residue/by_products.h"

static void by_products(void **state) {
  (void)state;
  static const char *const list[] = {"/t/a.log",       "/t/a.log.1",       "/t/log/a",    "/t/logs/x/a",
                                     "/t/a.gcda",      "/t/a.profraw",     "/t/core.12",  "/t/fonts.cache-7",
                                     "/t/cache/a",     "/t/.cache/a",      "/t/Cache.db", "/t/__pycache__/a.x",
                                     "/t/a.pyc",       "/t/.psql_history", "/t/gmon.out", "/t/perf.data",
                                     "/t/.ccache/1/2", "/t/a.profdata",    "/t/.coverage"};
  for (size_t i = 0; i < sizeof list / sizeof *list; i++)
    if (!nomem__is_by_product(list[i])) fail_msg("%s", list[i]);
}

static void results(void **state) {
  (void)state;
  static const char *const list[] = {"/t/out",    "/t/a.logic",         "/t/catalog", "/t/logs",         "/t/log",
                                     "/t/a.xlog", "/t/memcached-1/out", "/t/history", "/t/perf.data.txt"};
  for (size_t i = 0; i < sizeof list / sizeof *list; i++)
    if (nomem__is_by_product(list[i])) fail_msg("%s", list[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(by_products), cmocka_unit_test(results)};
  return cmocka_run_group_tests_name("by-products", tests, NULL, NULL);
}
