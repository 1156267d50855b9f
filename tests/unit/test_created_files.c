/* SPDX-License-Identifier: MIT */
/* What a run made and left is told from what the baselines leave, whatever names it got. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../faults/explore/residue/created_files.h"

#define FILES_MAX 8

/* What a run made. */
#define RUN(...) ((const char *[FILES_MAX]){__VA_ARGS__})

static struct nomem__created_files run_of(const char *const paths[FILES_MAX],
                                          struct nomem__created_file list[FILES_MAX]) {
  struct nomem__created_files made = {.is_known = true, .list = list};
  for (; made.count < FILES_MAX && paths[made.count] != NULL; made.count++)
    list[made.count] = (struct nomem__created_file){(char *)paths[made.count], S_IFREG};
  return made;
}

/* The first file that is left; "" for none. */
static const char *more(const char *const here[FILES_MAX], const char *const one[FILES_MAX],
                        const char *const two[FILES_MAX]) {
  struct nomem__created_file lists[3][FILES_MAX];
  struct nomem__created_files runs[] = {run_of(here, lists[0]), run_of(one, lists[1]), run_of(two, lists[2])};
  const struct nomem__created_file *file = nomem__created_files_find_new(&runs[0], &runs[1], &runs[2]);
  return file == NULL ? "" : file->path;
}

/* What the baselines leave, too, is no matter; what only one of them leaves, neither. */
static void the_same(void **state) {
  (void)state;
  assert_string_equal(more(RUN("/tmp/a"), RUN("/tmp/a"), RUN("/tmp/a")), "");
  assert_string_equal(more(RUN("/tmp/a"), RUN(NULL), RUN("/tmp/a")), "");
  assert_string_equal(more(RUN(NULL), RUN("/tmp/a"), RUN("/tmp/a")), "");
  assert_string_equal(more(RUN("/tmp/a", "/tmp/b"), RUN("/tmp/a"), RUN("/tmp/a")), "/tmp/b");
  assert_string_equal(more(RUN("/tmp/x.tmp"), RUN("/tmp/x.txt"), RUN("/tmp/x.txt")), "/tmp/x.tmp");
}

/* Names that are others in each run are counted. */
static void varying_names(void **state) {
  (void)state;
  assert_string_equal(more(RUN("/tmp/xAbCdEf"), RUN("/tmp/x3fGhIj"), RUN("/tmp/xKlMnOp")), "");
  assert_string_equal(more(RUN("/tmp/x99"), RUN("/tmp/x1000"), RUN("/tmp/x1001")), "");
  assert_string_equal(more(RUN("/tmp/xAbCdEf", "/tmp/xQrStUv"), RUN("/tmp/x3fGhIj"), RUN("/tmp/xKlMnOp")),
                      "/tmp/xAbCdEf");
  assert_string_equal(more(RUN("/tmp/x1", "/tmp/x2"), RUN("/tmp/x1"), RUN("/tmp/x1")), "/tmp/x2");
  assert_string_equal(
      more(RUN("/o/3f", "/o/3f/0123abcd"), RUN("/o/a1", "/o/a1/f00dbeef"), RUN("/o/a2", "/o/a2/deadc0de")), "");
}

/* Where two baselines have names that have nothing to do with each other, only how many there are counts. */
static void names_without_a_pattern(void **state) {
  (void)state;
  assert_string_equal(more(RUN("/t/abc"), RUN("/t/defghi"), RUN("/t/x")), "");
  assert_string_equal(more(RUN("/t/abc", "/t/e"), RUN("/t/defghi"), RUN("/t/x")), "/t/abc");
}

/* What is left on purpose is no matter, and a folder is shown rather than what is in it. */
static void what_is_shown(void **state) {
  (void)state;
  assert_string_equal(
      more(RUN("/t/a.gcda", "/t/a.profraw", "/t/core", "/t/core.12", "/t/error.log", "/home/.cache/a", "/home/.cache"),
           RUN(NULL), RUN(NULL)),
      "");
  assert_string_equal(more(RUN("/t/a", "/t/a/b"), RUN(NULL), RUN(NULL)), "/t/a");
  assert_string_equal(more(RUN("/t/a", "/t/a/b"), RUN("/t/a"), RUN("/t/a")), "/t/a/b");
}

static void unknown(void **state) {
  (void)state;
  struct nomem__created_file file = {(char *)"/tmp/a", S_IFREG};
  struct nomem__created_files here = {.is_known = true, .list = &file, .count = 1}, none = {0};
  assert_null(nomem__created_files_find_new(&here, &none, &none));
}

static void describes(const char *path, mode_t type, const char *other, const char *wanted) {
  char text[1024];
  nomem__created_files_describe(&(struct nomem__created_file){(char *)path, type}, other, text, sizeof text);
  assert_string_equal(text, wanted);
}

/* The part that differs is shown as one asterisk, whole though a letter of it be the same by chance. */
static void description(void **state) {
  (void)state;
  describes("/tmp/a", S_IFREG, NULL, "a file was left: '/tmp/a'");
  describes("/tmp/a", S_IFREG, "/tmp/a", "a file was left: '/tmp/a'");
  describes("/tmp/a-AbCdEf", S_IFDIR, "/tmp/a-QrStUv", "a folder was left: '/tmp/a-*'");
  describes("/tmp/aAbCdEf", S_IFSOCK, "/tmp/aAxCyEz", "a socket was left: '/tmp/a*'");
  describes("/tmp/aAbCdEf.c", S_IFREG, "/tmp/aZyXwVf.c", "a file was left: '/tmp/a*.c'");
  describes("/dev/shm/sem.99", S_IFREG, "/dev/shm/sem.100", "shared memory was left: '/dev/shm/sem.*'");
  describes("/tmp/x17/pipe", S_IFIFO, "/tmp/x18/pipe", "a FIFO was left: '/tmp/x*/pipe'");
  describes("/tmp/a", S_IFREG, "/tmp/something/else", "a file was left: '/tmp/a'");
}

static void make(int folder, const char *name) {
  int fd = openat(folder, name, O_CREAT | O_WRONLY, 0600);
  assert_true(fd >= 0);
  close(fd);
}

/* What is in the upper layer and was there before is not listed; what is in a folder is; and no more than there may be.
 */
static void reading(void **state) {
  (void)state;
  char lower[] = "/tmp/test_created_files-XXXXXX", scratch[] = "/tmp/test_created_files-XXXXXX", command[128], name[32];
  assert_non_null(mkdtemp(lower));
  assert_non_null(mkdtemp(scratch));
  struct nomem__view view = {.root_count = 1, .roots = {{.path = lower}}};
  struct nomem__created_files made;
  int fd = open(scratch, O_PATH | O_DIRECTORY), below = open(lower, O_PATH | O_DIRECTORY);
  assert_int_equal(mkdirat(fd, "u00", 0700) | mkdirat(fd, "u00/old", 0700) | mkdirat(below, "old", 0700), 0);
  assert_int_equal(symlinkat("/", fd, "u00/link"), 0);
  make(fd, "u00/old/new");
  make(below, "old/file");
  make(fd, "u00/old/file");
  assert_int_equal(nomem__created_files_read(&made, &view, fd), 0);
  assert_int_equal(made.count, 2);
  assert_string_equal(made.list[0].path + strlen(lower), "/link");
  assert_string_equal(made.list[1].path + strlen(lower), "/old/new");
  assert_true(S_ISLNK(made.list[0].type) && S_ISREG(made.list[1].type));
  nomem__created_files_free(&made);
  for (int i = 0; i < NOMEM__CREATED_FILES_MAX; i++) {
    snprintf(name, sizeof name, "u00/old/%d", i);
    make(fd, name);
  }
  assert_true(nomem__created_files_read(&made, &view, fd) < 0);
  assert_true(!made.is_known && made.count == 0);
  close(fd);
  close(below);
  snprintf(command, sizeof command, "rm -rf %s %s", lower, scratch);
  assert_int_equal(system(command), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_same),      cmocka_unit_test(varying_names), cmocka_unit_test(names_without_a_pattern),
      cmocka_unit_test(what_is_shown), cmocka_unit_test(unknown),       cmocka_unit_test(description),
      cmocka_unit_test(reading),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
