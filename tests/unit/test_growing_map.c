/* SPDX-License-Identifier: MIT */
/* Memory of the injector's that takes no more address space than it needs. */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../faults/inject/growing_map.h"

#define PAGE ((size_t)4096)
#define MOST (256 * PAGE)
#define THREADS 4

/* The address space of this process, in bytes. */
static size_t address_space(void) {
  FILE *file = fopen("/proc/self/statm", "re");
  size_t pages = 0;
  assert_non_null(file);
  assert_int_equal(fscanf(file, "%zu", &pages), 1);
  fclose(file);
  return pages * PAGE;
}

/* It takes what is asked for, not what it may become, and keeps its place and what is in it. */
static void grows(void **state) {
  (void)state;
  struct nomem__growing_map map = {0};
  size_t before = address_space();
  char *memory = nomem__growing_map_make(&map, -1, 100, MOST);
  assert_non_null(memory);
  assert_true(address_space() - before < MOST / 2);
  memory[99] = 'a';
  assert_true(nomem__growing_map_reach(&map, PAGE));
  assert_true(nomem__growing_map_reach(&map, PAGE + 1));
  memory[PAGE] = 'b';
  assert_true(nomem__growing_map_reach(&map, MOST));
  memory[MOST - 1] = 'c';
  assert_int_equal(memory[99], 'a');
  assert_int_equal(memory[PAGE], 'b');
  assert_false(nomem__growing_map_reach(&map, MOST + 1));
  munmap(memory, MOST);
}

/* Of a file, it shows what others write there. */
static void shares(void **state) {
  (void)state;
  struct nomem__growing_map map = {0};
  int fd = memfd_create("nomem-test", MFD_CLOEXEC);
  assert_int_equal(ftruncate(fd, (off_t)MOST), 0);
  char *memory = nomem__growing_map_make(&map, fd, PAGE, MOST), byte = 0;
  assert_non_null(memory);
  assert_int_equal(pwrite(fd, "x", 1, (off_t)(5 * PAGE)), 1);
  assert_true(nomem__growing_map_reach(&map, 6 * PAGE));
  assert_int_equal(memory[5 * PAGE], 'x');
  memory[0] = 'y';
  assert_int_equal(pread(fd, &byte, 1, 0), 1);
  assert_int_equal(byte, 'y');
  munmap(memory, MOST);
  close(fd);
}

/* Where the address space is at its limit, there is no room, and what is there stays. */
static void is_at_the_limit(void **state) {
  (void)state;
  struct nomem__growing_map map = {0};
  struct rlimit limit, tight;
  char *memory = nomem__growing_map_make(&map, -1, PAGE, MOST);
  assert_non_null(memory);
  memory[0] = 'a';
  assert_int_equal(getrlimit(RLIMIT_AS, &limit), 0);
  tight = (struct rlimit){address_space() + 2 * PAGE, limit.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_AS, &tight), 0);
  bool has_all = nomem__growing_map_reach(&map, MOST), has_little = nomem__growing_map_reach(&map, 2 * PAGE);
  setrlimit(RLIMIT_AS, &limit);
  assert_false(has_all);
  assert_true(has_little);
  memory[2 * PAGE - 1] = 'b';
  assert_int_equal(memory[0], 'a');
  munmap(memory, MOST);
}

static struct nomem__growing_map shared_map;
static char *shared_memory;

static void *reach_all(void *argument) {
  uintptr_t failures = 0;
  (void)argument;
  for (size_t bytes = 1; bytes <= MOST; bytes += PAGE / 2) {
    if (nomem__growing_map_reach(&shared_map, bytes))
      __atomic_store_n(&shared_memory[bytes - 1], 1, __ATOMIC_RELAXED);
    else
      failures++;
  }
  return (void *)failures;
}

/* Threads that need more at the same time all get it. */
static void many_at_once(void **state) {
  (void)state;
  for (int round = 0; round < 20; round++) {
    pthread_t threads[THREADS];
    void *failures;
    shared_map = (struct nomem__growing_map){0};
    shared_memory = nomem__growing_map_make(&shared_map, -1, PAGE, MOST);
    assert_non_null(shared_memory);
    for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, reach_all, NULL), 0);
    for (int i = 0; i < THREADS; i++) {
      pthread_join(threads[i], &failures);
      assert_null(failures);
    }
    munmap(shared_memory, MOST);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(grows), cmocka_unit_test(shares),
                                     cmocka_unit_test(is_at_the_limit), cmocka_unit_test(many_at_once)};
  return cmocka_run_group_tests_name("growing map", tests, NULL, NULL);
}
