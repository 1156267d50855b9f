/* SPDX-License-Identifier: MIT */
/* What a run has made of the files that it wrote is read from the upper layer, whatever lies there, and within bounds.
 */
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
#include "skip_because.h"

#define TERABYTE ((off_t)1 << 40)

/* A folder that runs see, and the upper layer over it. */
static char lower[64], scratch[64];
static int lower_fd, upper_fd, scratch_fd;
static struct nomem__view view;
static struct nomem__written_files files;

static int set_up(void **state) {
  (void)state;
  strcpy(lower, "/tmp/test_written_files-XXXXXX");
  strcpy(scratch, "/tmp/test_written_files-XXXXXX");
  if (mkdtemp(lower) == NULL || mkdtemp(scratch) == NULL) return -1;
  view = (struct nomem__view){.root_count = 1, .roots = {{.path = lower}}};
  lower_fd = open(lower, O_RDONLY | O_DIRECTORY);
  scratch_fd = open(scratch, O_RDONLY | O_DIRECTORY);
  if (lower_fd < 0 || scratch_fd < 0 || mkdirat(scratch_fd, "u00", 0700) != 0) return -1;
  upper_fd = openat(scratch_fd, "u00", O_RDONLY | O_DIRECTORY);
  return upper_fd < 0 ? -1 : 0;
}

static int tear_down(void **state) {
  char command[160];
  (void)state;
  nomem__written_files_free(&files);
  close(lower_fd);
  close(upper_fd);
  close(scratch_fd);
  snprintf(command, sizeof command, "rm -rf %s %s", lower, scratch);
  return system(command);
}

/* Writes text at a place of a file, which is as long as that needs. */
static void put_at(int folder, const char *name, const void *text, size_t bytes, off_t at) {
  int fd = openat(folder, name, O_CREAT | O_WRONLY, 0600);
  assert_true(fd >= 0);
  assert_int_equal(pwrite(fd, text, bytes, at), bytes);
  close(fd);
}

static void put(int folder, const char *name, const char *text) {
  put_at(folder, name, text, strlen(text), 0);
}

static void lengthen(int folder, const char *name, off_t bytes) {
  int fd = openat(folder, name, O_CREAT | O_WRONLY, 0600);
  assert_true(fd >= 0);
  assert_int_equal(ftruncate(fd, bytes), 0);
  close(fd);
}

static void read_view(void) {
  struct nomem__created_files made;
  nomem__written_files_free(&files);
  assert_int_equal(nomem__created_files_read(&made, &files, &view, scratch_fd), 0);
  nomem__created_files_free(&made);
}

/* What was written at this name; NULL: nothing. */
static const struct nomem__written_file *find(const char *name) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", lower, name);
  return nomem__written_files_find(&files, path);
}

static uint64_t hash_of(const char *name) {
  assert_non_null(find(name));
  return find(name)->hash;
}

static void new_files(void **state) {
  (void)state;
  put(upper_fd, "b", "one\ntwo\n");
  put(upper_fd, "a", "");
  put(upper_fd, "core.7", "dump");
  assert_int_equal(mkdirat(upper_fd, "folder", 0700), 0);
  assert_int_equal(symlinkat("target", upper_fd, "link"), 0);
  assert_int_equal(mkfifoat(upper_fd, "fifo", 0600), 0);
  read_view();
  assert_true(files.is_known);
  assert_int_equal(files.count, 6);
  for (size_t i = 1; i < files.count; i++) assert_true(strcmp(files.list[i - 1].path, files.list[i].path) < 0);
  assert_true(S_ISREG(find("b")->type) && !find("b")->was_there && find("b")->extent == NOMEM_READ_ALL);
  assert_string_equal(find("b")->text, "one\ntwo\n");
  assert_int_equal(find("b")->bytes, 8);
  assert_int_equal(find("a")->bytes, 0);
  assert_string_equal(find("link")->text, "target");
  assert_true(S_ISLNK(find("link")->type) && S_ISFIFO(find("fifo")->type) && S_ISDIR(find("folder")->type));
  assert_null(find("fifo")->text);
  assert_true(find("core.7")->extent == NOMEM_READ_NOTHING && find("core.7")->text == NULL);
}

/* What is as it was before is no change: not even where the layer has a copy of it. */
static void earlier_files(void **state) {
  (void)state;
  static const char *const names[] = {"same", "grown", "cut", "other", "emptied"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) put(lower_fd, names[i], "one\ntwo\n");
  put(upper_fd, "same", "one\ntwo\n");
  put(upper_fd, "grown", "one\ntwo\nthree\n");
  put(upper_fd, "cut", "one\nt");
  put(upper_fd, "other", "one\n2wo\n");
  put(upper_fd, "emptied", "");
  assert_int_equal(symlinkat("old", lower_fd, "link") | symlinkat("old", upper_fd, "link"), 0);
  assert_int_equal(symlinkat("old", lower_fd, "moved") | symlinkat("new", upper_fd, "moved"), 0);
  assert_int_equal(mkfifoat(lower_fd, "fifo", 0600) | mkfifoat(upper_fd, "fifo", 0600), 0);
  put(lower_fd, "replaced", "a");
  assert_int_equal(mkfifoat(upper_fd, "replaced", 0600), 0);
  assert_int_equal(mkfifoat(lower_fd, "filled", 0600), 0);
  put(upper_fd, "filled", "a");
  read_view();
  assert_null(find("same"));
  assert_null(find("link"));
  assert_null(find("fifo"));
  assert_true(find("grown")->was_there && find("grown")->old_bytes == 8);
  assert_int_equal(find("cut")->old_bytes, 4);
  assert_int_equal(find("other")->old_bytes, 4);
  assert_true(find("emptied")->was_there && find("emptied")->bytes == 0);
  assert_string_equal(find("moved")->text, "new");
  assert_true(S_ISFIFO(find("replaced")->type) && find("replaced")->was_there);
  assert_string_equal(find("filled")->text, "a");
  assert_int_equal(files.count, 7);
}

static void removed_files(void **state) {
  (void)state;
  put(lower_fd, "removed", "a");
  if (mknodat(upper_fd, "removed", S_IFCHR, makedev(0, 0)) != 0)
    skip_because("the marks of an overlay cannot be made here");
  assert_int_equal(mknodat(upper_fd, "never-there", S_IFCHR, makedev(0, 0)), 0);
  read_view();
  assert_int_equal(files.count, 1);
  assert_true(find("removed")->type == 0 && find("removed")->was_there);
}

/* A hole costs nothing, however long it is, and is the same as zeros that were written. */
static void sparse_files(void **state) {
  static const char zeros[8192];
  (void)state;
  lengthen(upper_fd, "hole", 8192);
  put_at(upper_fd, "zeros", zeros, sizeof zeros, 0);
  lengthen(upper_fd, "sparse", TERABYTE);
  lengthen(upper_fd, "also", TERABYTE);
  put_at(upper_fd, "also", "x", 1, TERABYTE / 2);
  lengthen(upper_fd, "elsewhere", TERABYTE);
  put_at(upper_fd, "elsewhere", "x", 1, TERABYTE / 2 + 4096);
  read_view();
  assert_true(hash_of("hole") == hash_of("zeros"));
  assert_int_equal(find("sparse")->bytes, TERABYTE);
  assert_true(find("sparse")->extent == NOMEM_READ_ALL && find("sparse")->text == NULL);
  assert_true(find("also")->extent == NOMEM_READ_ALL && hash_of("also") != hash_of("sparse"));
  assert_true(hash_of("elsewhere") != hash_of("also"));
}

/* Fills a file with letters. */
static void fill(int folder, const char *name, size_t bytes) {
  char *text = malloc(bytes);
  memset(text, 'x', bytes);
  put_at(folder, name, text, bytes, 0);
  free(text);
}

/* Of a long file the beginning and the end count. */
static void long_files(void **state) {
  const size_t bytes = NOMEM__WRITTEN_HEAD_BYTES + NOMEM__WRITTEN_TAIL_BYTES + (3 << 20);
  (void)state;
  uint64_t hashes[4];
  for (int i = 0; i < 4; i++) {
    fill(upper_fd, "long", bytes);
    const size_t at[] = {0, 1, bytes / 2 + (1 << 20), bytes - 1};
    if (i > 0) put_at(upper_fd, "long", "y", 1, (off_t)at[i]);
    read_view();
    assert_true(find("long")->extent == NOMEM_READ_ENDS && find("long")->text == NULL);
    hashes[i] = hash_of("long");
  }
  assert_true(hashes[1] != hashes[0] && hashes[3] != hashes[0]);
  assert_true(hashes[2] == hashes[0]);
}

/* When as much was read of a run as may be, only the lengths of the others are known. */
static void much_to_read(void **state) {
  const size_t bytes = NOMEM__WRITTEN_HEAD_BYTES;
  size_t read_count = 0;
  (void)state;
  static const char *const names[] = {"a", "b", "c", "d", "e"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) fill(upper_fd, names[i], bytes);
  read_view();
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    assert_int_equal(find(names[i])->bytes, bytes);
    read_count += find(names[i])->extent != NOMEM_READ_NOTHING;
  }
  assert_int_equal(read_count, NOMEM__WRITTEN_READ_BYTES / bytes);
  assert_true(files.read_bytes <= NOMEM__WRITTEN_READ_BYTES + (64 << 10));
}

/* As many texts are kept as there is room for. */
static void much_to_keep(void **state) {
  char name[16];
  size_t kept = 0;
  const int count = (int)(NOMEM__WRITTEN_KEPT_BYTES / NOMEM__WRITTEN_TEXT_BYTES) + 2;
  (void)state;
  for (int i = 0; i < count; i++) {
    snprintf(name, sizeof name, "%d", i);
    fill(upper_fd, name, NOMEM__WRITTEN_TEXT_BYTES);
  }
  fill(upper_fd, "longer", NOMEM__WRITTEN_TEXT_BYTES + 1);
  read_view();
  for (size_t i = 0; i < files.count; i++) kept += files.list[i].text != NULL;
  assert_int_equal(kept, count - 2);
  assert_null(find("longer")->text);
  assert_true(find("longer")->extent == NOMEM_READ_ALL);
}

/* With one too many, none is known; what was created is listed all the same. */
static void many_files(void **state) {
  char name[16];
  struct nomem__created_files made;
  (void)state;
  for (int i = 0; i <= NOMEM__WRITTEN_FILES_MAX; i++) {
    snprintf(name, sizeof name, "%d", i);
    put(upper_fd, name, "a");
    if (i > 0) put(lower_fd, name, "b");
  }
  assert_int_equal(nomem__created_files_read(&made, &files, &view, scratch_fd), 0);
  assert_int_equal(made.count, 1);
  assert_false(files.is_known);
  assert_int_equal(files.count, 0);
  nomem__created_files_free(&made);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {TEST(new_files),  TEST(earlier_files), TEST(removed_files), TEST(sparse_files),
                                     TEST(long_files), TEST(much_to_read),  TEST(much_to_keep),  TEST(many_files)};
  return cmocka_run_group_tests_name("written files", tests, NULL, NULL);
}
