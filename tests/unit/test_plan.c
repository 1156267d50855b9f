/* SPDX-License-Identifier: MIT */
/* The plan language as text: what is a plan, what is not and where, and the canonical text. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plan.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
/* Rules to fill a plan with. */
#define SIXTEEN "max=1;max=2;max=3;max=4;max=5;max=6;max=7;max=8;max=9;max=1;max=1;max=1;max=1;max=1;max=1;max=1;"

static void assert_canonical(const char *text, const char *expected) {
  struct nomem_plan plan, again;
  struct nomem_plan_error error;
  char out[NOMEM_PLAN_BYTES];
  if (nomem_plan_parse(text, &plan, &error)) fail_msg("'%s': column %zu: %s", text, error.column, error.reason);
  int length = nomem_plan_print(&plan, out, sizeof out);
  assert_true(length >= 0);
  assert_int_equal(length, strlen(out));
  assert_true(strlen(out) <= strlen(text));
  if (expected) assert_string_equal(out, expected);
  memset(&again, 0xa5, sizeof again);
  assert_int_equal(nomem_plan_parse(out, &again, NULL), 0);
  if (memcmp(&plan, &again, sizeof plan)) fail_msg("'%s' and its canonical text '%s' are different plans", text, out);
}

/* Every way to write a plan is read, and printed in its one canonical form. */
static void test_good_texts(void **state) {
  (void)state;
  static const char *const texts[][2] = {
      {"", ""},
      {" \t\r\n", ""},
      {"nth=3", "nth=3"},
      {"nth=3..", "nth=3.."},
      {"nth=3..5", "nth=3..5"},
      {"nth=3..3", "nth=3"},
      {"nth=007", "nth=7"},
      {"nth=18446744073709551615", "nth=18446744073709551615"},
      {"nth=18446744073709551615..", "nth=18446744073709551615"},
      {"nth=2..18446744073709551615", "nth=2.."},
      {"every=7", "every=7"},
      {"p=0.01 seed=42", "p=0.01 seed=42"},
      {"seed=42 p=0.01", "p=0.01 seed=42"},
      {"p=0.010", "p=0.01"},
      {"p=0.000000001", "p=0.000000001"},
      {"p=0.999999999", "p=0.999999999"},
      {"p=1.000000000", "p=1"},
      {"p=0", "p=0"},
      {"budget=64K", "budget=64K"},
      {"budget=65536", "budget=64K"},
      {"budget=2048M", "budget=2G"},
      {"budget=1000", "budget=1000"},
      {"budget=0", "budget=0"},
      {"budget=17179869183G", "budget=17179869183G"},
      {"size=4096..", "size=4K.."},
      {"size=16", "size=16"},
      {"size=0..64", "size=0..64"},
      {"size=1K..1M", "size=1K..1M"},
      {"fn=realloc,calloc", "fn=calloc,realloc"},
      {"fn=pvalloc,valloc,memalign,posix_memalign,aligned_alloc,reallocarray,realloc,calloc,malloc",
       "fn=malloc,calloc,realloc,reallocarray,aligned_alloc,posix_memalign,memalign,valloc,pvalloc"},
      {"site=9f3a", "site=9f3a"},
      {"site=9F3A2C11", "site=9f3a2c11"},
      {"site=0000000000000001", "site=0000000000000001"},
      {"site=9f3a2c11@2", "site=9f3a2c11@2"},
      {"site=9f3a2c11@2..", "site=9f3a2c11@2.."},
      {"site=9f3a2c11@2..4", "site=9f3a2c11@2..4"},
      {"site=9f3a2c11@1..", "site=9f3a2c11"},
      {"from=9f3a2c11", "from=9f3a2c11"},
      {"from=9f3a2c11@1", "from=9f3a2c11"},
      {"from=9f3a2c11@2", "from=9f3a2c11@2"},
      {"in=uv_loop_init", "in=uv_loop_init"},
      {"in=uv__*_in?t", "in=uv__*_in?t"},
      {"in=operator==", "in=operator=="},
      {"module=libuv.so*", "module=libuv.so*"},
      {"module=\xc3\xa9t\xc3\xa9", "module=\xc3\xa9t\xc3\xa9"},
      {"thread=main", "thread=main"},
      {"thread=other", "thread=other"},
      {"thread=2", "thread=2"},
      {"max=3", "max=3"},
      {"hostile=moves", "hostile=moves"},
      {"hostile=align,moves", "hostile=moves,align"},
      {"hostile=all", "hostile=all"},
      {"hostile=errno,align,moves,fresh,freed,zero", "hostile=all"},
      {"hostile=errno nth=3", "nth=3 hostile=errno"},
      {"  max=3\tin=f \n nth=2  ", "nth=2 in=f max=3"},
      {"nth=3;", "nth=3"},
      {"nth=3 ; ", "nth=3"},
      {"nth=3; fn=malloc every=2", "nth=3;every=2 fn=malloc"},
      {"max=1;max=1", "max=1;max=1"},
      {"max=1;max=2;max=3;max=4;max=5;max=6;max=7;max=8;max=9;max=10;max=11;max=12;max=13;max=14;max=15;max=16;",
       "max=1;max=2;max=3;max=4;max=5;max=6;max=7;max=8;max=9;max=10;max=11;max=12;max=13;max=14;max=15;max=16"},
  };
  for (size_t i = 0; i < COUNT(texts); i++) assert_canonical(texts[i][0], texts[i][1]);
}

static void assert_refused(const char *text, size_t column, const char *reason) {
  struct nomem_plan plan, empty;
  struct nomem_plan_error error;
  memset(&plan, 0xa5, sizeof plan);
  memset(&empty, 0, sizeof empty);
  memset(&error, 'x', sizeof error);
  if (nomem_plan_parse(text, &plan, &error) != -EINVAL) fail_msg("'%s' was taken for a plan", text);
  assert_memory_equal(&plan, &empty, sizeof plan);
  assert_non_null(memchr(error.reason, '\0', sizeof error.reason));
  for (const char *byte = error.reason; *byte; byte++) assert_true(*byte >= ' ' && *byte <= '~');
  if (error.column != column || strncmp(error.reason, reason, strlen(reason)) != 0) {
    fail_msg("'%s': column %zu: %s\nexpected column %zu: %s", text, error.column, error.reason, column, reason);
  }
  assert_int_equal(nomem_plan_parse(text, &plan, NULL), -EINVAL);
}

/* Every text that is not a plan is refused at the offending byte, with what is wrong and how to mend it. */
static void test_bad_texts(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t column;
    const char *reason;
  } texts[] = {
      {"nht=3", 1,
       "unknown condition 'nht': one of nth every p seed budget size fn site from in module thread max hostile"},
      {"=3", 1, "unknown condition ''"},
      {"nth=1 NTH=3", 7, "unknown condition 'NTH'"},
      {"nth", 1, "nth: no value: write it like nth=3"},
      {"hostile=", 9, "hostile: no value: write it like hostile=moves,fresh or hostile=all"},
      {"hostile=mvoes", 9, "hostile: unknown way 'mvoes': one of moves fresh freed zero errno align all"},
      {"hostile=moves,", 15, "hostile: a name is missing: write it like hostile=moves,fresh or hostile=all"},
      {"hostile=all,zero", 13, "hostile: 'zero' is named twice"},
      {"hostile=zero,all", 14, "hostile: 'all' is named twice"},
      {"nth = 3", 1, "nth: no value"},
      {"every=2 nth=", 13, "nth: no value"},
      {"in=", 4, "in: no value: write it like in=uv_loop_init"},
      {"in=;", 4, "in: no value"},
      {"nth=0", 5, "nth: counts from 1"},
      {"nth=0..", 5, "nth: counts from 1"},
      {"nth=x", 5, "nth: 'x' is not a number: write it like nth=3"},
      {"nth=-1", 5, "nth: '-1' is not a number"},
      {"nth==3", 5, "nth: '=3' is not a number"},
      {"nth=..3", 5, "nth: '..3' is not a number"},
      {"nth=5..3", 8, "nth: the range ends before it starts"},
      {"nth=5..0", 8, "nth: counts from 1"},
      {"nth=5...7", 8, "nth: '.7' is not a number"},
      {"nth=5.7", 6, "nth: '.7' does not belong here"},
      {"nth=5..7..9", 9, "nth: '..9' does not belong here"},
      {"nth=3,every=2", 6, "nth: ',every=2' does not belong here"},
      {"nth=3K", 6, "nth: 'K' does not belong here"},
      {"nth=18446744073709551616", 5, "nth: '18446744073709551616' is too large"},
      {"nth=1..99999999999999999999999", 8, "nth: '99999999999999999999999' is too large"},
      {"every=0", 7, "every: counts from 1"},
      {"max=0", 5, "max: counts from 1"},
      {"thread=0", 8, "thread: counts from 1"},
      {"p=", 3, "p: no value"},
      {"p=.5", 3, "p: '.5' is not a number"},
      {"p=1.", 4, "p: '.' has no decimals"},
      {"p=1.5", 3, "p: '1.5' is not from 0 to 1"},
      {"p=1.000000001", 3, "p: '1.000000001' is not from 0 to 1"},
      {"p=2", 3, "p: '2' is not from 0 to 1"},
      {"p=0.0000000001", 14, "p: more than 9 decimals"},
      {"p=50%", 3, "p: '50%' is not from 0 to 1"},
      {"p=1e-3", 4, "p: 'e-3' does not belong here"},
      {"nth=1 seed=42", 7, "seed: the rule has no p"},
      {"p=0.5; seed=42", 8, "seed: the rule has no p"},
      {"p=0.5 seed=x", 12, "seed: 'x' is not a number"},
      {"budget=K", 8, "budget: 'K' is not a number"},
      {"budget=64KB", 11, "budget: 'B' does not belong here"},
      {"budget=1.5M", 9, "budget: '.5M' does not belong here"},
      {"budget=17179869184G", 8, "budget: '17179869184G' is more than 64 bits can count"},
      {"size=..64", 6, "size: '..64' is not a number: write it like size=4096.. or size=1..64"},
      {"size=64..16", 10, "size: the range ends before it starts"},
      {"size=1K..1000", 10, "size: the range ends before it starts"},
      {"fn=mallok", 4,
       "fn: unknown function 'mallok': one of malloc calloc realloc reallocarray aligned_alloc "
       "posix_memalign memalign valloc pvalloc"},
      {"fn=mall", 4, "fn: unknown function 'mall'"},
      {"fn=malloc,free", 11, "fn: unknown function 'free'"},
      {"fn=malloc,", 11, "fn: a name is missing"},
      {"fn=,malloc", 4, "fn: a name is missing"},
      {"fn=malloc,malloc", 11, "fn: 'malloc' is named twice"},
      {"site=9f3", 6, "site: '9f3' does not start with 4 to 16 hexadecimal digits"},
      {"site=00000000000000000", 6, "site: '00000000000000000' does not start with 4 to 16 hexadecimal digits"},
      {"site=0x9f3a2c11", 6, "site: '0x9f3a2c11' does not start with"},
      {"site=9f3a2c11z", 14, "site: 'z' does not belong here"},
      {"site=9f3a2c11@", 15, "site: '' is not a number"},
      {"site=9f3a2c11@0", 15, "site: counts from 1"},
      {"site=9f3a2c11@3..2", 18, "site: the range ends before it starts"},
      {"from=9f3a2c11@2..", 16, "from: '..' does not belong here"},
      {"from=9f3a2c11@0", 15, "from: counts from 1"},
      {"from=uv_loop_init", 6, "from: 'uv_loop_init' does not start with"},
      {"in=a\x01z", 5, "in: '\\x01z' starts with a control character"},
      {"in=a\x7f", 5, "in: '\\x7f' starts with a control character"},
      {"module=\x1b[2J", 8, "module: '\\x1b[2J' starts with a control character"},
      {"\xff\xfe=1", 1, "unknown condition '\\xff\\xfe'"},
      {"aaaaaaaaaaaaaaaaaaaaaa\x01=1", 1, "unknown condition 'aaaaaaaaaaaaaaaaaaaaaa...': one of"},
      {"thread=mainly", 8, "thread: 'mainly' is not a number: write it like thread=main, thread=other or thread=2"},
      {"nth=1 nth=2", 7, "nth: given twice in one rule: a ';' starts another rule"},
      {";", 1, "an empty rule"},
      {"nth=3;;", 7, "an empty rule"},
      {"nth=3; ;nth=4", 8, "an empty rule"},
      {" ;nth=4", 2, "an empty rule"},
      {SIXTEEN SIXTEEN SIXTEEN SIXTEEN " max=17", 386, "more than 64 rules"},
      {"fn=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 4,
       "fn: unknown function 'aaaaaaaaaaaaaaaaaaaaaaaa...': one of "
       "malloc calloc realloc reallocarray aligned_alloc posix_memalign memalign valloc pvalloc"},
  };
  for (size_t i = 0; i < COUNT(texts); i++) assert_refused(texts[i].text, texts[i].column, texts[i].reason);
}

/* The longest names and the longest text are taken, and one byte more is refused. */
static void test_lengths(void **state) {
  (void)state;
  char text[NOMEM_PLAN_BYTES + 1];
  const char *const conditions[] = {"in=", "module="};
  for (size_t i = 0; i < COUNT(conditions); i++) {
    size_t prefix = strlen(conditions[i]);
    memset(text, 'a', sizeof text);
    memcpy(text, conditions[i], prefix);
    text[prefix + 95] = '\0';
    assert_canonical(text, text);
    text[prefix + 95] = 'a';
    text[prefix + 96] = '\0';
    assert_refused(text, prefix + 1,
                   i ? "module: 'aaaaaaaaaaaaaaaaaaaaaaaa...' is longer than 95 bytes"
                     : "in: 'aaaaaaaaaaaaaaaaaaaaaaaa...' is longer than 95 bytes");
  }
  memset(text, ' ', sizeof text);
  memcpy(text, "nth=3", 5);
  text[4095] = '\0';
  assert_canonical(text, "nth=3");
  text[4095] = ' ';
  text[4096] = '\0';
  assert_refused(text, 4096, "the plan is longer than 4095 bytes");
}

/* A text too long for its place is cut off inside it, with a NUL, and said to be. */
static void test_print_bounds(void **state) {
  (void)state;
  const char text[] = "nth=3..5 in=uv_loop_init;p=0.25 seed=9";
  struct nomem_plan plan;
  char out[64];
  assert_int_equal(nomem_plan_parse(text, &plan, NULL), 0);
  for (size_t bytes = 0; bytes < sizeof text; bytes++) {
    memset(out, '!', sizeof out);
    assert_int_equal(nomem_plan_print(&plan, out, bytes), -ENOSPC);
    for (size_t i = bytes; i < sizeof out; i++) assert_int_equal(out[i], '!');
    if (!bytes) continue;
    assert_memory_equal(out, text, bytes - 1);
    assert_int_equal(out[bytes - 1], '\0');
  }
  assert_int_equal(nomem_plan_print(&plan, out, sizeof text), (int)sizeof text - 1);
}

static uint64_t next_random(uint64_t *random) {
  *random ^= *random << 13;
  *random ^= *random >> 7;
  *random ^= *random << 17;
  return *random;
}

/* Numbers of all lengths, the edges included. */
static unsigned long long random_number(uint64_t *random) {
  uint64_t kind = next_random(random) % 8, value = next_random(random) >> next_random(random) % 64;
  if (kind == 0) return UINT64_MAX;
  if (kind == 1) return 1;
  if (kind == 2) return UINT64_C(1) << next_random(random) % 64;
  return value ? value : 1;
}

static void random_range(uint64_t *random, char *out, size_t bytes) {
  unsigned long long first = random_number(random), last = random_number(random);
  switch (next_random(random) % 3) {
    case 0:
      snprintf(out, bytes, "%llu", first);
      break;
    case 1:
      snprintf(out, bytes, "%llu..", first);
      break;
    default:
      snprintf(out, bytes, "%llu..%llu", first < last ? first : last, first < last ? last : first);
      break;
  }
}

static void random_key(uint64_t *random, char *out, size_t bytes) {
  int digits = 4 + (int)(next_random(random) % 13);
  snprintf(out, bytes, "%016llX", (unsigned long long)next_random(random));
  out[digits] = '\0';
}

static void random_fns(uint64_t *random, char *out, size_t bytes) {
  size_t at = 0;
  unsigned start = (unsigned)(next_random(random) % NOMEM_FN_COUNT);
  for (unsigned i = 0; i < NOMEM_FN_COUNT; i++) {
    if (i && next_random(random) % 2) continue;
    at += (size_t)snprintf(out + at, bytes - at, "%s%s", i ? "," : "", nomem_fn_name((start + i) % NOMEM_FN_COUNT));
  }
}

static void random_ways(uint64_t *random, char *out, size_t bytes) {
  size_t at = 0;
  unsigned start = (unsigned)(next_random(random) % NOMEM_HOSTILE_COUNT);
  for (unsigned i = 0; i < NOMEM_HOSTILE_COUNT; i++) {
    if (i && next_random(random) % 2) continue;
    at += (size_t)snprintf(out + at, bytes - at, "%s%s", i ? "," : "",
                           nomem_hostile_name((start + i) % NOMEM_HOSTILE_COUNT));
  }
}

static void random_condition(uint64_t *random, unsigned condition, char *out, size_t bytes) {
  char value[160];
  static const char *const threads[] = {"main", "other"};
  random_range(random, value, sizeof value);
  switch (condition) {
    case 0:
      snprintf(out, bytes, "nth=%s", value);
      break;
    case 1:
      snprintf(out, bytes, "every=%llu", random_number(random));
      break;
    case 2:
      snprintf(out, bytes, "p=0.%0*llu", 9, random_number(random) % 1000000000);
      break;
    case 3:
      snprintf(out, bytes, "p=%u.0 seed=%llu", (unsigned)(next_random(random) % 2), random_number(random));
      break;
    case 4:
      snprintf(out, bytes, "budget=%llu", random_number(random));
      break;
    case 5:
      snprintf(out, bytes, "size=%s", value);
      break;
    case 6:
      random_fns(random, value, sizeof value);
      snprintf(out, bytes, "fn=%s", value);
      break;
    case 7:
      random_key(random, value, sizeof value);
      snprintf(out, bytes, "site=%s", value);
      break;
    case 8:
      random_key(random, value, sizeof value);
      snprintf(out, bytes, "from=%s@%llu", value, random_number(random));
      break;
    case 9:
      snprintf(out, bytes, "in=f%llx*", random_number(random));
      break;
    case 10:
      snprintf(out, bytes, "module=lib%llx.so?", random_number(random));
      break;
    case 11:
      snprintf(out, bytes, "thread=%s", threads[next_random(random) % 2]);
      break;
    case 12:
      snprintf(out, bytes, "thread=%llu", random_number(random));
      break;
    case 13:
      snprintf(out, bytes, "max=%llu", random_number(random));
      break;
    case 15:
      random_ways(random, value, sizeof value);
      snprintf(out, bytes, "hostile=%s", value);
      break;
    default:
      random_key(random, value, 17);
      snprintf(out, bytes, "site=%s@", value);
      random_range(random, value, sizeof value);
      strncat(out, value, bytes - strlen(out) - 1);
      break;
  }
}

/* 20,000 random plans are printed as texts not longer than theirs, which are the same plans. */
static void test_round_trip(void **state) {
  (void)state;
  /* Kinds of condition that would be the same condition twice. */
  static const uint32_t groups[16] = {1,      1 << 1, 1 << 2,  1 << 2,  1 << 4,  1 << 5,  1 << 6, 1 << 7,
                                      1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 11, 1 << 13, 1 << 7, 1 << 15};
  uint64_t random = 20240229;
  for (int round = 0; round < 20000; round++) {
    char text[NOMEM_PLAN_BYTES] = "", condition[256];
    unsigned rules = (unsigned)(next_random(&random) % 5);
    for (unsigned r = 0; r < rules; r++) {
      uint32_t used = 0;
      for (unsigned c = 0, count = 1 + (unsigned)(next_random(&random) % 5); c < count; c++) {
        unsigned kind = (unsigned)(next_random(&random) % COUNT(groups));
        if (used & groups[kind]) continue;
        random_condition(&random, kind, condition, sizeof condition);
        if (used)
          strcat(text, next_random(&random) % 2 ? " " : "\t ");
        else if (r)
          strcat(text, next_random(&random) % 2 ? ";" : " ; ");
        used |= groups[kind];
        strcat(text, condition);
      }
    }
    assert_canonical(text, NULL);
  }
}

/* The plan as a whole has what any of its rules has. */
static void test_has(void **state) {
  (void)state;
  struct nomem_plan plan;
  assert_int_equal(nomem_plan_parse("", &plan, NULL), 0);
  assert_int_equal(plan.has, 0);
  assert_int_equal(nomem_plan_parse("nth=1 in=f;site=9f3a;in=g p=1 seed=1", &plan, NULL), 0);
  assert_int_equal(plan.rule_count, 3);
  assert_int_equal(plan.has, NOMEM_HAS_NTH | NOMEM_HAS_IN | NOMEM_HAS_SITE | NOMEM_HAS_P | NOMEM_HAS_SEED);
}

/* Each function has its own name, and a number that is none has NULL. */
static void test_fn_names(void **state) {
  (void)state;
  assert_string_equal(nomem_fn_name(NOMEM_FN_MALLOC), "malloc");
  assert_string_equal(nomem_fn_name(NOMEM_FN_PVALLOC), "pvalloc");
  assert_null(nomem_fn_name(NOMEM_FN_COUNT));
  assert_string_equal(nomem_hostile_name(0), "moves");
  assert_string_equal(nomem_hostile_name(NOMEM_HOSTILE_COUNT - 1), "align");
  assert_null(nomem_hostile_name(NOMEM_HOSTILE_COUNT));
}

/* Reading and printing leave errno alone, also when they fail. */
static void test_errno(void **state) {
  (void)state;
  struct nomem_plan plan;
  char out[8];
  errno = 77;
  assert_int_equal(nomem_plan_parse("nth=x", &plan, NULL), -EINVAL);
  assert_int_equal(nomem_plan_parse("nth=123456", &plan, NULL), 0);
  assert_int_equal(nomem_plan_print(&plan, out, sizeof out), -ENOSPC);
  assert_int_equal(errno, 77);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_good_texts),   cmocka_unit_test(test_bad_texts),  cmocka_unit_test(test_lengths),
      cmocka_unit_test(test_print_bounds), cmocka_unit_test(test_round_trip), cmocka_unit_test(test_fn_names),
      cmocka_unit_test(test_errno),        cmocka_unit_test(test_has),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
