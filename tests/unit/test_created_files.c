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
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../faults/explore/residue/created_files.h"
#include "../../faults/explore/text/varying_names.h"
#include "skip_because.h"

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
  assert_string_equal(more(RUN("/t/abc"), RUN("/t/defghi"), RUN(NULL)), ""); /* as many as one of them has */
  assert_string_equal(more(RUN("/t/abc"), RUN(NULL), RUN("/t/defghi")), "");
  /* What is counted is what lies in this folder: neither below it nor beside it. */
  assert_string_equal(more(RUN("/t/abc", "/txyz.log"), RUN("/t/defghi"), RUN("/t/x")), "");
  assert_string_equal(more(RUN("/t/abc", "/t/k/a.log"), RUN("/t/defghi"), RUN("/t/x")), "");
  assert_string_equal(more(RUN("/t/abc", "/t/a.log"), RUN("/t/defghi"), RUN("/t/x")), "/t/abc");
}

/* What one baseline leaves is no matter, however many files there are in its folder. */
static void what_one_baseline_leaves(void **state) {
  (void)state;
  assert_string_equal(more(RUN("/t/a", "/t/x.log"), RUN(NULL), RUN("/t/a")), "");
  assert_string_equal(more(RUN("/t/a", "/t/x.log"), RUN("/t/a"), RUN(NULL)), "");
}

/* What is left on purpose is no matter, and a folder is shown rather than what is in it. */
static void what_is_shown(void **state) {
  (void)state;
  assert_string_equal(
      more(RUN("/t/a.gcda", "/t/a.profraw", "/t/core", "/t/core.12", "/t/error.log", "/home/.cache/a", "/home/.cache"),
           RUN(NULL), RUN(NULL)),
      "");
  static const char *const others[] = {"/t/corelib", "/t/xcore",     "/t/.log", "/t/a.logs",
                                       "/t/log",     "/t/x.cache/a", "/t/cache"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    assert_string_equal(more(RUN(others[i]), RUN(NULL), RUN(NULL)), others[i]);
  assert_string_equal(more(RUN("/t/a", "/t/a/b"), RUN(NULL), RUN(NULL)), "/t/a");
  assert_string_equal(more(RUN("/t/a", "/t/a/b"), RUN("/t/a"), RUN("/t/a")), "/t/a/b");
}

static void unknown(void **state) {
  (void)state;
  struct nomem__created_file file = {(char *)"/tmp/a", S_IFREG};
  struct nomem__created_files here = {.is_known = true, .list = &file, .count = 1}, none = {.is_known = true};
  assert_ptr_equal(nomem__created_files_find_new(&here, &none, &none), &file);
  struct nomem__created_files not_known = {0};
  assert_null(nomem__created_files_find_new(&here, &not_known, &none));
  assert_null(nomem__created_files_find_new(&here, &none, &not_known));
  here.is_known = false;
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
  describes("/tmp/a", S_IFLNK, NULL, "a symbolic link was left: '/tmp/a'");
}

static void make(int folder, const char *name) {
  int fd = openat(folder, name, O_CREAT | O_WRONLY, 0600);
  assert_true(fd >= 0);
  close(fd);
}

/* A folder that runs see, and the folder of the upper layers over it. */
static char lower[64], scratch[64];
static int lower_fd, scratch_fd;
static struct nomem__view view;

static int set_up_view(void **state) {
  (void)state;
  strcpy(lower, "/tmp/test_created_files-XXXXXX");
  strcpy(scratch, "/tmp/test_created_files-XXXXXX");
  if (mkdtemp(lower) == NULL || mkdtemp(scratch) == NULL) return -1;
  view = (struct nomem__view){.root_count = 1, .roots = {{.path = lower}}};
  lower_fd = open(lower, O_PATH | O_DIRECTORY);
  scratch_fd = open(scratch, O_PATH | O_DIRECTORY);
  return lower_fd < 0 || scratch_fd < 0 ? -1 : mkdirat(scratch_fd, "u00", 0700);
}

static int tear_down_view(void **state) {
  char command[160];
  (void)state;
  close(lower_fd);
  close(scratch_fd);
  snprintf(command, sizeof command, "rm -rf %s %s", lower, scratch);
  return system(command);
}

static struct nomem__created_files read_view(void) {
  struct nomem__created_files made;
  assert_int_equal(nomem__created_files_read(&made, NULL, &view, scratch_fd), 0);
  assert_true(made.is_known);
  for (size_t i = 1; i < made.count; i++) assert_true(strcmp(made.list[i - 1].path, made.list[i].path) < 0);
  return made;
}

/* What is in the upper layer and was there before is not listed; what is new is, in an old folder, too. */
static void reading(void **state) {
  (void)state;
  assert_int_equal(mkdirat(scratch_fd, "u00/old", 0700) | mkdirat(lower_fd, "old", 0700), 0);
  assert_int_equal(symlinkat("/", scratch_fd, "u00/link"), 0);
  make(scratch_fd, "u00/old/new");
  make(lower_fd, "old/file");
  struct nomem__created_files made = read_view();
  assert_false(made.has_changed_others);
  nomem__created_files_free(&made);
  make(scratch_fd, "u00/old/file");
  made = read_view();
  assert_int_equal(made.count, 2);
  assert_string_equal(made.list[0].path + strlen(lower), "/link");
  assert_string_equal(made.list[1].path + strlen(lower), "/old/new");
  assert_true(S_ISLNK(made.list[0].type) && S_ISREG(made.list[1].type));
  assert_true(made.has_changed_others);
  nomem__created_files_free(&made);
}

/* In a folder that took the place of a file all is new; where the kernel does not say what was there, nothing is. */
static void reading_over_other_things(void **state) {
  (void)state;
  make(lower_fd, "file");
  assert_int_equal(symlinkat("loop", lower_fd, "loop"), 0);
  assert_int_equal(mkdirat(scratch_fd, "u00/file", 0700) | mkdirat(scratch_fd, "u00/loop", 0700), 0);
  make(scratch_fd, "u00/file/new");
  make(scratch_fd, "u00/loop/unknown");
  struct nomem__created_files made = read_view();
  assert_int_equal(made.count, 1);
  assert_string_equal(made.list[0].path + strlen(lower), "/file/new");
  assert_true(made.has_changed_others);
  nomem__created_files_free(&made);
}

/* The mark of a file that was removed is none that was created. */
static void reading_what_was_removed(void **state) {
  (void)state;
  make(scratch_fd, "u00/created");
  if (mknodat(scratch_fd, "u00/removed", S_IFCHR, makedev(0, 0)) != 0)
    skip_because("the marks of an overlay cannot be made here");
  struct nomem__created_files made = read_view();
  assert_int_equal(made.count, 1);
  assert_string_equal(made.list[0].path + strlen(lower), "/created");
  assert_true(made.has_changed_others);
  nomem__created_files_free(&made);
}

/* No more than there may be are listed, in their order; with one more, none is. */
static void reading_many(void **state) {
  char name[32];
  (void)state;
  for (int i = 0; i < NOMEM__CREATED_FILES_MAX; i++) {
    snprintf(name, sizeof name, "u00/%d", i);
    make(scratch_fd, name);
  }
  struct nomem__created_files made = read_view();
  assert_int_equal(made.count, NOMEM__CREATED_FILES_MAX);
  nomem__created_files_free(&made);
  make(scratch_fd, "u00/one-more");
  assert_true(nomem__created_files_read(&made, NULL, &view, scratch_fd) < 0);
  assert_true(!made.is_known && made.count == 0);
}

/* Makes folders in one another, all with this name. */
static void make_deep(const char *name, unsigned depth) {
  int fd = openat(scratch_fd, "u00", O_RDONLY | O_DIRECTORY);
  for (unsigned i = 0; i < depth; i++) {
    assert_int_equal(mkdirat(fd, name, 0700), 0);
    int below = openat(fd, name, O_RDONLY | O_DIRECTORY);
    assert_true(below >= 0);
    close(fd);
    fd = below;
  }
  close(fd);
}

/* Folders are followed to a depth, and as long as there is room for the path. */
static void reading_deep_folders(void **state) {
  char name[201];
  (void)state;
  make_deep("d", 80);
  struct nomem__created_files made = read_view();
  const size_t deep = made.count;
  assert_true(deep >= 64 && deep < 70);
  nomem__created_files_free(&made);
  memset(name, 'l', sizeof name - 1);
  name[sizeof name - 1] = '\0';
  make_deep(name, 10);
  made = read_view();
  assert_int_equal(made.count, deep + (NOMEM__CREATED_PATH_BYTES - 1 - strlen(lower)) / sizeof name);
  nomem__created_files_free(&made);
}

#define IN_VIEW(function) cmocka_unit_test_setup_teardown(function, set_up_view, tear_down_view)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_same),
      cmocka_unit_test(varying_names),
      cmocka_unit_test(names_without_a_pattern),
      cmocka_unit_test(what_is_shown),
      cmocka_unit_test(unknown),
      cmocka_unit_test(description),
      cmocka_unit_test(what_one_baseline_leaves),
      IN_VIEW(reading),
      IN_VIEW(reading_over_other_things),
      IN_VIEW(reading_what_was_removed),
      IN_VIEW(reading_many),
      IN_VIEW(reading_deep_folders),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
