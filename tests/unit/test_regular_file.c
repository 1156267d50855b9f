/* SPDX-License-Identifier: MIT */
/* What is opened of the files that somebody names. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../faults/explore/text/regular_file.h"
#include "skip_because.h"

static char folder[] = "/tmp/nomem-regular-XXXXXX";
static int watch = -1;

static void path_of(const char *name, char path[PATH_MAX]) {
  snprintf(path, PATH_MAX, "%s/%s", folder, name);
}

/* One of each kind; where files cannot be watched, nothing is. */
static int set_up(void **state) {
  char path[PATH_MAX];
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  (void)state;
  if (mkdtemp(folder) == NULL) return -1;
  path_of("file", path);
  FILE *file = fopen(path, "w");
  if (file == NULL || fputs("text", file) < 0 || fclose(file) != 0) return -1;
  path_of("fifo", path);
  if (mkfifo(path, 0600) != 0) return -1;
  path_of("folder", path);
  if (mkdir(path, 0700) != 0) return -1;
  snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", folder);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) != 0) return -1;
  close(fd);
  path_of("link", path);
  if (symlink("fifo", path) != 0) return -1;
  watch = inotify_init1(IN_NONBLOCK);
  if (watch >= 0 && inotify_add_watch(watch, folder, IN_OPEN) < 0) {
    close(watch);
    watch = -1;
  }
  return 0;
}

static int tear_down(void **state) {
  static const char *const names[] = {"file", "fifo", "socket", "link"};
  char path[PATH_MAX];
  (void)state;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    path_of(names[i], path);
    unlink(path);
  }
  path_of("folder", path);
  rmdir(path);
  if (watch >= 0) close(watch);
  return rmdir(folder);
}

/* Whether something in the folder was opened since this was asked last. */
static bool was_opened(void) {
  char events[4096];
  ssize_t bytes = read(watch, events, sizeof events);
  return bytes > 0;
}

/* A regular file is opened, with what the caller wants to know of it. */
static void regular(void **state) {
  struct stat status;
  char path[PATH_MAX], text[8] = "";
  (void)state;
  path_of("file", path);
  int fd = nomem__regular_file_open(path, &status);
  assert_true(fd >= 0);
  assert_int_equal(status.st_size, 4);
  assert_int_equal(read(fd, text, sizeof text), 4);
  close(fd);
  fd = nomem__regular_file_open(path, NULL);
  assert_true(fd >= 0);
  close(fd);
  if (watch < 0) skip_because("inotify is not possible here");
  assert_true(was_opened());
}

/* Nothing else is, and not even for a moment. */
static void others(void **state) {
  static const char *const names[] = {"fifo", "socket", "folder", "link"};
  char path[PATH_MAX];
  (void)state;
  if (watch >= 0) was_opened();
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    path_of(names[i], path);
    assert_int_equal(nomem__regular_file_open(path, NULL), -EINVAL);
  }
  assert_int_equal(nomem__regular_file_open("/dev/zero", NULL), -EINVAL);
  path_of("nothing", path);
  assert_int_equal(nomem__regular_file_open(path, NULL), -ENOENT);
  if (watch < 0) skip_because("inotify is not possible here");
  assert_false(was_opened());
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(regular), cmocka_unit_test(others)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
