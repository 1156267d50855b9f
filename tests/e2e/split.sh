#!/bin/sh
# SPDX-License-Identifier: MIT
# nomem suite --split: each test of a program that holds many is a test of its own, by whatever framework; the planted bug
# is shown by the one that has it, and by no other, and the line to paste runs that one.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
needs_ptrace
cxx=${CXX:-g++}

# What is tested: keep checks what it allocates, lose does not.
cat >box.h <<'END'
#ifdef __cplusplus
extern "C" {
#endif
int box_keep(void);
int box_lose(void);
#ifdef __cplusplus
}
#endif
END
cat >box.c <<'END'
#include <stdlib.h>
#include "box.h"
int box_keep(void) {
  char *box = malloc(10);
  if (box == NULL) return -1;
  free(box);
  return 0;
}
int box_lose(void) {
  char *box = malloc(20);
  box[0] = 'x';
  free(box);
  return 0;
}
END
"$cc" -g -c box.c

# splits FRAMEWORK KEEPS LOSES: the names of the two tests of ./NAME.
splits() {
  status=0
  timeout 300 nomem suite --split --json seen.json -- "./$1" >seen 2>&1 </dev/null || status=$?
  sed -n '/^crash in box_lose (box.c:/,/reproduce:/p' seen >lost
  if [ "$status" = 1 ] && grep -qF '2 tests explored' seen && grep -qxF "  shown by: $3" lost &&
    grep -qF "\"name\": \"$2\"" seen.json; then
    pass "$1"
  else
    echo "(status $status)" >>seen
    fail "$1" seen
    return 0
  fi
  line=$(sed -n 's/^  reproduce: //p' lost)
  (eval "$line") >seen 2>&1 || :
  if grep -q 'SIGSEGV' seen; then pass "$1: the line to paste"; else fail "$1: the line to paste" seen; fi
}

# builds FRAMEWORK COMPILER [LIBRARY...]: of NAME.c, which is there; or skips its tests.
builds() {
  framework=$1
  compiler=$2
  shift 2
  case $compiler in *++*) language=c++ ;; *) language=c ;; esac
  "$compiler" -g -x $language "$framework.c" -x none box.o "$@" -o "$framework" >seen 2>&1 && return
  skip "$framework" "it is not installed"
  return 1
}

# A runner such as libuv's.
cat >runner.c <<'END'
#include <stdio.h>
#include <string.h>
#include "box.h"
int main(int count, char **words) {
  if (count == 2 && strcmp(words[1], "--list") == 0) return puts("keeps\nloses") < 0;
  if (count == 3 && strcmp(words[1], words[2]) == 0)
    return strcmp(words[1], "keeps") == 0 ? box_keep() != 0 : box_lose() != 0;
  if (count != 1) printf("Output from process `%s`:\n", words[1]);
  return count != 1;
}
END
builds runner "$cc" && splits runner 'runner keeps keeps' 'runner loses loses'

cat >gtest.c <<'END'
#include <gtest/gtest.h>
#include "box.h"
TEST(Box, Keeps) { EXPECT_EQ(box_keep(), 0); }
TEST(Box, Loses) { EXPECT_EQ(box_lose(), 0); }
TEST(Box, DISABLED_Never) { FAIL(); }
END
builds gtest "$cxx" -lgtest -lgtest_main -lpthread &&
  splits gtest 'gtest --gtest_filter=Box.Keeps' 'gtest --gtest_filter=Box.Loses'

cat >check.c <<'END'
#include <check.h>
#include "box.h"
START_TEST(keeps) { ck_assert_int_eq(box_keep(), 0); } END_TEST
START_TEST(loses) { ck_assert_int_eq(box_lose(), 0); } END_TEST
int main(void) {
  Suite *suite = suite_create("box");
  TCase *one = tcase_create("keeping"), *other = tcase_create("losing");
  tcase_add_test(one, keeps);
  tcase_add_test(other, loses);
  suite_add_tcase(suite, one);
  suite_add_tcase(suite, other);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
END
builds check "$cc" -lcheck -lsubunit -lm -lrt -lpthread && splits check 'check (keeping)' 'check (losing)'

cat >criterion.c <<'END'
#include <criterion/criterion.h>
#include "box.h"
Test(box, keeps) { cr_assert_eq(box_keep(), 0); }
Test(box, loses) { cr_assert_eq(box_lose(), 0); }
END
builds criterion "$cc" -lcriterion && splits criterion 'criterion --filter=box/keeps' 'criterion --filter=box/loses'

cat >doctest.c <<'END'
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include "box.h"
TEST_CASE("it keeps, always") { CHECK(box_keep() == 0); }
TEST_CASE("loses") { CHECK(box_lose() == 0); }
END
builds doctest "$cxx" && splits doctest "doctest '--test-case=it keeps\\\\, always'" 'doctest --test-case=loses'

# Two frameworks that projects copy into their sources, as far as is seen of them: what they print to list their tests,
# and what a test is chosen by. They fork for a test unless they are told not to.
copied() { # NAME MARK LIST
  cat >"$1.c" <<END
#include <stdio.h>
#include <string.h>
#include "box.h"
int main(int count, char **words) {
  int forks = 1, is_chosen = 0, has_failed = 0;
  for (int i = 1; i < count; i++) {
    if (strcmp(words[i], "--help") == 0) return puts("$2") < 0;
    if (strcmp(words[i], "$3") == 0) return fputs($4, stdout) < 0;
    if (strcmp(words[i], "--no-fork") == 0) forks = 0;
    if (words[i][0] == '-') continue;
    is_chosen = 1;
    words[i] += words[i][0] == '/';
    if (strcmp(words[i], "box/keeps") == 0) has_failed |= box_keep() != 0;
    if (strcmp(words[i], "box/loses") == 0) has_failed |= box_lose() != 0;
  }
  return has_failed || (is_chosen && forks);
}
END
}
copied like_tiny "  Specify tests by name, or using a prefix ending with '..'" --list-tests \
  '"Known tests are:\n    box/keeps\n    box/loses\n    box/slow   (Off by default)\n    box/gone  (DISABLED)\n"'
builds like_tiny "$cc" && splits like_tiny 'like_tiny --no-fork box/keeps' 'like_tiny --no-fork box/loses'
copied like_mu ' --no-fork Do not execute tests in a child process.  If this option is ' --list '"/box/keeps\n/box/loses\n"'
builds like_mu "$cc" && splits like_mu 'like_mu --no-fork /box/keeps' 'like_mu --no-fork /box/loses'
if timeout 100 nomem suite --split -- ./like_mu --no-fork /box/keeps >seen 2>&1 </dev/null &&
  grep -q '^1 test explored, 0 findings' seen; then
  pass 'what the runner starts for one test is not split into all'
else
  fail 'what the runner starts for one test is not split into all' seen
fi

# One of whose tests fails is split all the same, and what the runner starts for each is no test beside it.
sed 's/return count != 1;/if (count == 1) return system(".\/fails keeps keeps") != 2; return 1;/; s/nloses"/nbreaks"/; s/box_lose() != 0/7/'   runner.c >fails.c
sed -i '1i #include <stdlib.h>' fails.c
"$cc" -g fails.c box.o -o fails
if timeout 100 nomem suite --split -- ./fails >seen 2>&1 </dev/null && grep -q '^1 test explored.*1 failed without a fault' seen &&
  grep -q '^not explored: fails breaks breaks: .* exits with 7' seen && ! grep -q 'starts it' seen; then
  pass 'a program of which a test fails'
else
  fail 'a program of which a test fails' seen
fi

# What is no such program.
cat >two.c <<'END'
#include "box.h"
int main(void) { return box_keep(); }
END
"$cc" -g two.c box.o -o two
if timeout 60 nomem suite --split --list -- ./two >seen 2>&1 </dev/null && grep -qx 'two' seen &&
  grep -q '^1 test, 0 left out' seen; then
  pass 'what holds no tests stays one'
else
  fail 'what holds no tests stays one' seen
fi
finish
