/* SPDX-License-Identifier: MIT */
/* The descriptors that a program was started with: which of them it still has, and under which numbers others get them.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../faults/explore/suite/inherited.h"

static size_t find(const struct nomem__inherited *inherited, int number) {
  size_t i = 0;
  while (i < inherited->count && inherited->number[i] != number) i++;
  return i;
}

/* What was closed meanwhile, or has become something else, is not copied. */
static void what_is_left(void **state) {
  static struct nomem__inherited inherited;
  int copies[NOMEM_INHERITED_MAX], kept = memfd_create("kept", 0), other = memfd_create("other", 0), ends[2];
  (void)state;
  assert_int_equal(pipe(ends), 0);
  nomem__inherited_note(&inherited, getpid());
  assert_true(find(&inherited, kept) < inherited.count && find(&inherited, other) < inherited.count);
  assert_true(find(&inherited, ends[0]) < inherited.count);
  assert_int_equal(find(&inherited, STDERR_FILENO), inherited.count);
  close(ends[0]);
  dup2(ends[1], other);
  nomem__inherited_copy(&inherited, getpid(), copies);
  size_t place = find(&inherited, kept);
  assert_true(place < inherited.count);
  assert_int_equal(find(&inherited, other), inherited.count);
  assert_int_equal(find(&inherited, ends[0]), inherited.count);
  assert_int_equal(write(copies[place], "x", 1), 1);
  assert_int_equal(lseek(kept, 0, SEEK_CUR), 1);
  for (size_t i = 0; i < inherited.count; i++) close(copies[i]);
  close(kept);
  close(other);
  close(ends[1]);
}

/* They change places, and what this process needs itself is moved out of their way. */
static void places(void **state) {
  (void)state;
  int status = -1;
  pid_t pid = fork();
  if (pid == 0) {
    int one = memfd_create("one", MFD_CLOEXEC), two = memfd_create("two", MFD_CLOEXEC), mine = dup2(1, 50), none = -1;
    char text[4] = "";
    int numbers[] = {two, one, 50}, copies[] = {one, two, dup(two)}, *own[] = {&mine, &none};
    if (pwrite(one, "one", 3, 0) != 3 || pwrite(two, "two", 3, 0) != 3) _exit(1);
    if (nomem__inherited_place(3, numbers, copies, own, 2) != 0) _exit(2);
    if (pread(numbers[0], text, 3, 0) != 3 || strcmp(text, "one") != 0) _exit(3);
    if (pread(numbers[1], text, 3, 0) != 3 || strcmp(text, "two") != 0) _exit(4);
    if (pread(50, text, 3, 0) != 3 || strcmp(text, "two") != 0) _exit(5);
    if (mine < NOMEM_INHERITED_END || none != -1 || fcntl(mine, F_GETFD) != FD_CLOEXEC) _exit(6);
    _exit(fcntl(numbers[0], F_GETFD) != 0 ? 7 : 0);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_left), cmocka_unit_test(places)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
