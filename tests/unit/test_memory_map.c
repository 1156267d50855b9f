/* SPDX-License-Identifier: MIT */
/* The memory of a process, which here is this one. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../faults/explore/stack/memory_map.h"

static char folder[] = "/tmp/nomem-map-XXXXXX";
static struct nomem__memory_map map;

static int set_up(void **state) {
  (void)state;
  return mkdtemp(folder) != NULL ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  nomem__memory_map_free(&map);
  return rmdir(folder);
}

/* Maps a file of this name, and removes it before the map is read where is_removed says so. Checks what it is called
 * there. */
static void check_name(const char *name, bool is_removed, const char *wanted) {
  char path[256], whole[256];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  snprintf(whole, sizeof whole, "%s/%s", folder, wanted);
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
  assert_true(fd >= 0);
  assert_int_equal(ftruncate(fd, 4096), 0);
  char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
  assert_ptr_not_equal(page, MAP_FAILED);
  close(fd);
  if (is_removed) unlink(path);
  assert_int_equal(nomem__memory_map_read(&map, getpid()), 0);
  const struct nomem__area *area = nomem__memory_map_find_area(&map, (uintptr_t)page);
  assert_non_null(area);
  assert_string_equal(area->path, whole);
  munmap(page, 4096);
  if (!is_removed) unlink(path);
}

/* The kernel writes a newline as \012, and those four characters as they are. */
static void newlines(void **state) {
  (void)state;
  check_name("plain name", false, "plain name");
  check_name("a\nb\n", false, "a\nb\n");
  check_name("a\\012b", false, "a\\012b");
  check_name("\\01\n\\\n12", false, "\\01\n\\\n12");
  check_name("a\nb", true, "a\nb (deleted)");
}

/* The module that has this function. */
static const struct nomem__module *own_module(void) {
  assert_int_equal(nomem__memory_map_read(&map, getpid()), 0);
  const struct nomem__module *module = nomem__memory_map_find_module(&map, (uintptr_t)own_module);
  assert_non_null(module);
  return module;
}

static void whole_copy(void **state) {
  char magic[4] = "";
  (void)state;
  int fd = nomem__memory_map_copy_module(&map, own_module(), getpid());
  assert_true(fd >= 0);
  assert_int_equal(pread(fd, magic, sizeof magic, 0), sizeof magic);
  assert_memory_equal(magic, "\177ELF", sizeof magic);
  close(fd);
}

/* Where there is room for a part only, it says why, whatever errno was before. */
static void no_room(void **state) {
  struct rlimit before, limit;
  (void)state;
  const struct nomem__module *module = own_module();
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, SIG_IGN);
  limit = before;
  limit.rlim_cur = 5000;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  errno = 0;
  int result = nomem__memory_map_copy_module(&map, module, getpid());
  setrlimit(RLIMIT_FSIZE, &before);
  assert_int_equal(result, -EFBIG);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(newlines), cmocka_unit_test(whole_copy),
                                     cmocka_unit_test(no_room)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
