/* SPDX-License-Identifier: MIT */
/* Names of call stacks: one for each, the same each time, in memory that is bounded. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "../../faults/inject/call_site.h"
#include "../../faults/inject/unwind_rules.h"
#include "skip_because.h"

#define NOINLINE __attribute__((noinline))

static struct nomem_channel *channel;

static int set_up(void **state) {
  (void)state;
  void *pages = mmap(NULL, sizeof *channel, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED) return -1;
  channel = pages;
  channel->verify = 1;
  return nomem__site_init();
}

static int tear_down(void **state) {
  (void)state;
  return munmap(channel, sizeof *channel);
}

static void *volatile frame_pointer;

/* Stands for an allocation function: the site is that of its caller. It keeps a frame pointer, as those do. */
static NOINLINE struct nomem_site *allocate(void) {
  frame_pointer = __builtin_frame_address(0);
  return nomem__site_find(channel, NOMEM_FN_MALLOC, 10, __builtin_return_address(0), __builtin_dwarf_cfa());
}

static NOINLINE struct nomem_site *wrapper(void) {
  struct nomem_site *site = allocate();
  __asm__ volatile("" ::: "memory");
  return site;
}

static NOINLINE struct nomem_site *one(void) {
  struct nomem_site *site = wrapper();
  __asm__ volatile("" ::: "memory");
  return site;
}

static NOINLINE struct nomem_site *other(void) {
  frame_pointer = NULL; /* lest the compiler find that the two are one */
  struct nomem_site *site = wrapper();
  __asm__ volatile("" ::: "memory");
  return site;
}

/* Calls one for each '1' and other for each '2', all from one place. */
static NOINLINE void call(const char *sequence, struct nomem_site **sites) {
  for (size_t i = 0; sequence[i] != '\0'; i++) {
    if (sequence[i] == 'f') nomem__site_forget();
    if (sequence[i] == 'x') channel->site_count = NOMEM_SITES;
    struct nomem_site *(*function)(void) = sequence[i] == '1' ? one : other;
    sites[i] = sequence[i] < 'a' ? function() : NULL;
  }
}

/* A stack that comes again is the same site, found without an unwind. */
static void the_same_again(void **state) {
  (void)state;
  struct nomem_site *site[8];
  call("11111111", site);
  assert_non_null(site[0]);
  for (int i = 1; i < 8; i++) assert_ptr_equal(site[i], site[0]);
  assert_int_equal(channel->site_count, 1);
  assert_int_equal(channel->stack_hits, 7);
  assert_int_equal(channel->stack_misses, 1);
  assert_int_equal(channel->stack_mismatches, 0);
}

/* Two callers of one wrapper are two sites with different keys, in turn and at the same depth. */
static void callers_differ(void **state) {
  (void)state;
  struct nomem_site *site[8];
  call("12121212", site);
  assert_ptr_not_equal(site[0], site[1]);
  assert_int_not_equal(site[0]->key, site[1]->key);
  for (int i = 2; i < 8; i++) assert_ptr_equal(site[i], site[i % 2]);
  assert_int_equal(channel->stack_hits, 6);
  assert_int_equal(channel->stack_mismatches, 0);
}

static NOINLINE struct nomem_site *deep(int depth) {
  struct nomem_site *site = depth == 0 ? wrapper() : deep(depth - 1);
  __asm__ volatile("" ::: "memory");
  return site;
}

/* Recursion makes sites only as deep as a site is: beyond that, all are one. */
static void recursion_is_cut_off(void **state) {
  (void)state;
  struct nomem_site *bottom = deep(100);
  for (int depth = 101; depth < 400; depth += 7) assert_ptr_equal(deep(depth), bottom);
  assert_int_equal(bottom->depth, NOMEM_DEPTH);
  assert_int_equal(channel->site_count, 1);
  for (int depth = 0; depth < 100; depth++) deep(depth);
  assert_in_range(channel->site_count, 2, NOMEM_DEPTH + 1);
}

/* A channel without room for a new site says so by NULL, and still finds those it has, remembered or not. */
static void a_full_table(void **state) {
  (void)state;
  struct nomem_site *site[7];
  call("1x211f1", site);
  assert_null(site[2]);
  assert_non_null(site[0]);
  assert_ptr_equal(site[3], site[0]);
  assert_ptr_equal(site[6], site[0]);
}

/* Naming keeps errno, on the first way and on the short one. */
static void errno_is_kept(void **state) {
  (void)state;
  for (int i = 0; i < 3; i++) {
    errno = EDOM;
    one();
    assert_int_equal(errno, EDOM);
  }
}

/* Forgotten stacks are unwound again, and get the same site. */
static void forgetting(void **state) {
  (void)state;
  struct nomem_site *site[3];
  call("1f1", site);
  assert_ptr_equal(site[2], site[0]);
  assert_int_equal(channel->stack_misses, 2);
}

static struct nomem_site *in_handler;
static void handle(int number) {
  (void)number;
  in_handler = one();
}

/* On a signal handler's stack a site is named, but not remembered: what was interrupted may lie anywhere. */
static void signal_handler(void **state) {
  (void)state;
  signal(SIGUSR1, handle);
  struct nomem_site *outside = one();
  for (int i = 0; i < 3; i++) {
    raise(SIGUSR1);
    assert_non_null(in_handler);
    assert_ptr_not_equal(in_handler, outside);
  }
  signal(SIGUSR1, SIG_DFL);
  assert_int_equal(channel->stack_hits, 0);
}

#define THREADS 4

static void *from_thread(void *found) {
  for (int i = 0; i < 2000; i++) *(struct nomem_site **)found = i % 2 == 0 ? one() : other();
  return NULL;
}

/* Threads that meet in new sites agree on them. */
static void threads(void **state) {
  (void)state;
  pthread_t thread[THREADS];
  struct nomem_site *found[THREADS];
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&thread[i], NULL, from_thread, &found[i]), 0);
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_join(thread[i], NULL), 0);
  for (int i = 1; i < THREADS; i++) assert_ptr_equal(found[i], found[0]);
  assert_int_equal(channel->stack_mismatches, 0);
}

/* in= and module= look at the functions and modules of the stack. */
static void matching(void **state) {
  (void)state;
  static const char text[] = "in=wrapper; in=other; in=wr?pp*; module=test_call_site; module=libc.so.*";
  struct nomem_plan plan;
  assert_int_equal(nomem_plan_parse(text, &plan, NULL), 0);
  struct nomem_site *site = one();
  assert_int_equal(nomem__site_match(channel, site, &plan, NOMEM_HAS_IN), 1 << 0 | 1 << 2);
  assert_int_equal(nomem__site_match(channel, site, &plan, NOMEM_HAS_MODULE), 1 << 3);
}

/* The words of a stack are all in it, and an address that no table knows has none. */
static void trail(void **state) {
  (void)state;
  uintptr_t address[NOMEM_DEPTH], slot[NOMEM_DEPTH];
  const uintptr_t *words[NOMEM_TRAIL_WORDS];
  uintptr_t cfa = (uintptr_t)__builtin_dwarf_cfa();
  unsigned depth = nomem__site_unwind((void *)cfa, address, slot);
  assert_in_range(depth, 2, NOMEM_DEPTH);
  int count = nomem__unwind_trail(cfa, address, slot, depth, 1, words);
  if (count < 0) skip_because("the test's own frame was built without a frame pointer");
  assert_in_range(count, depth - 1, NOMEM_TRAIL_WORDS);
  for (int i = 0; i < count; i++) assert_in_range((uintptr_t)words[i], cfa - 2 * sizeof(uintptr_t), slot[depth - 1]);
  uintptr_t nowhere[2] = {address[0], 0x1000}, fake[2] = {address[0], 0x1000};
  uintptr_t places[2] = {(uintptr_t)&fake[0], (uintptr_t)&fake[1]};
  nowhere[0] = fake[0] = 0x2000;
  assert_int_equal(nomem__unwind_trail(places[0] + sizeof(uintptr_t), nowhere, places, 2, 1, words), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(the_same_again), TEST(callers_differ), TEST(recursion_is_cut_off), TEST(a_full_table),
      TEST(errno_is_kept),  TEST(forgetting),     TEST(signal_handler),       TEST(threads),
      TEST(matching),       TEST(trail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
