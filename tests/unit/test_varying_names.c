/* SPDX-License-Identifier: MIT */
/* Two names are recognised as one program's for the same file, though it makes the name up anew in each run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../faults/explore/text/varying_names.h"

/* Numbers of any length, hashes and the six letters of mkstemp may differ; nothing else, and no folder. */
static void similar(void **state) {
  (void)state;
  assert_true(nomem__names_are_similar("/tmp/a", "/tmp/a"));
  assert_true(nomem__names_are_similar("/tmp/a99", "/tmp/a100"));
  assert_true(nomem__names_are_similar("/tmp/aAbCdEf.c", "/tmp/aZyXwVu.c"));
  assert_true(nomem__names_are_similar("/tmp/aAbCdEf", "/tmp/aAxCyEz"));
  assert_true(nomem__names_are_similar("/o/3f/0123abcd", "/o/a1/f00dbeef"));
  assert_true(nomem__names_are_similar("/tmp/a1b23", "/tmp/a456b7"));
  assert_true(nomem__names_are_similar("/tmp/aXbCdY", "/tmp/aEfGhY")); /* a letter or two may be the same by chance */
  assert_true(nomem__names_are_similar("/tmp/aA_CdEf", "/tmp/aZyXw-u"));
  assert_false(nomem__names_are_similar("/tmp/a", "/tmp/b"));
  assert_false(nomem__names_are_similar("/tmp/x.tmp", "/tmp/x.txt"));
  assert_false(nomem__names_are_similar("/tmp/aAbCdEf", "/tmp/aAbCdEfg"));
  assert_false(nomem__names_are_similar("/tmp/aAb.dEf", "/tmp/aZyX.wV"));
  assert_false(nomem__names_are_similar("/o/3f", "/o/g1"));
  assert_false(nomem__names_are_similar("/tmp/a99", "/var/a99"));
  assert_false(nomem__names_are_similar("/tmp/a", "/tmp/a/b"));
  assert_false(nomem__names_are_similar("/tmp/aAbC", "/tmp/aXyZ")); /* three letters are a name */
  for (unsigned i = 0; i < 2; i++) {                                /* whichever of them comes first */
    const char *const pairs[][2] = {
        {"/tmp/x1", "/tmp/xb"}, {"/tmp/ab", "/tmp/abc"}, {"/tmp/aAbxdEf", "/tmp/aZyX.wV"}, {"/o/3f0", "/o/a1"},
        {"/o/3", "/o/a"},       {"/tmp/a1", "/tmp/a1b"}, {"/tmp/a/b1", "/tmp/a.b2"},       {"/o/3f", "/o/xy"}};
    for (size_t pair = 0; pair < sizeof pairs / sizeof *pairs; pair++)
      assert_false(nomem__names_are_similar(pairs[pair][i], pairs[pair][1 - i]));
  }
}

static const char *pattern_of(const char *path, const char *other, size_t bytes) {
  static char pattern[NOMEM__CREATED_PATH_BYTES];
  nomem__names_pattern(path, other, pattern, bytes);
  return pattern;
}

/* One asterisk stands for all of what differs, also for the letters beside it that are the same by chance. */
static void pattern(void **state) {
  (void)state;
  assert_string_equal(pattern_of("/tmp/aAbCdEf.c", "/tmp/aZyXwVf.c", 64), "/tmp/a*.c");
  assert_string_equal(pattern_of("/tmp/x17/pipe", "/tmp/x18/pipe", 64), "/tmp/x*/pipe");
  assert_string_equal(pattern_of("/tmp/x99", "/tmp/x100", 64), "/tmp/x*");
  assert_string_equal(pattern_of("/tmp/a", "/tmp/a", 64), "/tmp/a");
  assert_string_equal(pattern_of("/tmp/a", NULL, 64), "/tmp/a");
  assert_string_equal(pattern_of("/tmp/a", "/tmp/something/else", 64), "/tmp/a");
  assert_string_equal(pattern_of("/tmp/x17/pipe", "/tmp/x18/pipe", 8), "/tmp/x1");
  assert_string_equal(pattern_of("/tmp/x17/pipe", "/tmp/x18/pipe", sizeof "/tmp/x17/pipe"), "/tmp/x*/pipe");
  assert_string_equal(pattern_of("/tmp/x17/pipe", "/tmp/x18/pipe", sizeof "/tmp/x17/pip"), "/tmp/x17/pip");
  assert_string_equal(pattern_of("/tmp/a1", "/tmp/a11", sizeof "/tmp/a1"), "/tmp/a*");
  assert_string_equal(pattern_of("/tmp/a1111.c", "/tmp/a11.c", 64), "/tmp/a*.c");
  assert_string_equal(pattern_of("/tmp/xx1-2.c", "/tmp/xx13-2.c", 64), "/tmp/xx*-2.c");
  assert_string_equal(pattern_of("/tmp/prefixAbCdEf", "/tmp/prefixAxCyFf", 64), "/tmp/prefix*"); /* six letters */
}

/* The same hash for any two runs of one file; another one for another file or folder. */
static void hashes(void **state) {
  (void)state;
  assert_int_equal(nomem__names_hash("/tmp/aAbCdEf", "/tmp/aAxCyEz"),
                   nomem__names_hash("/tmp/aQrStUv", "/tmp/aGhIjKl"));
  assert_int_equal(nomem__names_hash("/tmp/a99", "/tmp/a100"), nomem__names_hash("/tmp/a101", "/tmp/a102"));
  assert_int_not_equal(nomem__names_hash("/tmp/aAbCdEf", "/tmp/aAxCyEz"),
                       nomem__names_hash("/var/aAbCdEf", "/var/aAxCyEz"));
  assert_int_not_equal(nomem__names_hash("/tmp/a", "/tmp/a"), nomem__names_hash("/tmp/b", "/tmp/b"));
  assert_int_not_equal(nomem__names_hash("/tmp/AbCdEf", "/tmp/QrStUv"),
                       nomem__names_hash("/tmp/AbCdEfg", "/tmp/QrStUvw"));
  assert_int_not_equal(nomem__names_hash("/tmp/ab/c", NULL), nomem__names_hash("/tmp/a/bc", NULL));
  assert_int_equal(nomem__names_hash("/tmp/a", "/var/b"), nomem__names_hash("/tmp/a", NULL)); /* another file's name */
  static const char *const names[] = {"/tmp/a", "/tmp/b", "/tmp/c", "/tmp/d", "/"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    assert_int_equal(nomem__names_hash(names[i], NULL) & 1, 1); /* which keeps it from being 0 */
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(similar), cmocka_unit_test(pattern), cmocka_unit_test(hashes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
