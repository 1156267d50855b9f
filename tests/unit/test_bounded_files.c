/* SPDX-License-Identifier: MIT */
/* Files that cannot take more memory than they were given, and are otherwise as memfd_create makes them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../faults/explore/isolation/bounded_files.h"
#include "skip_because.h"

#define FILES 2
#define MIB (1 << 20)
#define ROOM_MIB 4
#define NOBODY 65534

static int open_files(int *fds) {
  return nomem__bounded_files_open("memfd:probe", (uint64_t)ROOM_MIB * MIB, FILES, fds);
}

static bool can_mount(void) {
  return syscall(SYS_fsopen, "tmpfs", 0) >= 0;
}

/* Asked in a process of its own, which leaves its namespaces. */
static bool can_be_had(void) {
  int status = 0;
  pid_t pid = fork();
  if (pid == 0) _exit(can_mount() || (unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && can_mount()) ? 0 : 1);
  return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void close_files(const int *fds) {
  for (int i = 0; i < FILES; i++) close(fds[i]);
}

/* Writes up to so many, and returns how many fitted. */
static int pour(int fd, int megabytes) {
  static char text[MIB];
  int count = 0;
  memset(text, 'x', sizeof text);
  while (count < megabytes && write(fd, text, sizeof text) == (ssize_t)sizeof text) count++;
  return count;
}

static off_t bytes_in(const int *fds) {
  off_t bytes = 0;
  struct stat status;
  for (int i = 0; i < FILES; i++)
    if (fstat(fds[i], &status) == 0) bytes += status.st_blocks * 512;
  return bytes;
}

/* Returns what is wrong, or NULL. */
static const char *find_fault_in_bound(const int *fds) {
  if (pour(fds[0], 1) != 1) return "what fits cannot be written";
  int more = pour(fds[1], 2 * ROOM_MIB);
  if (more >= ROOM_MIB || errno != ENOSPC) return "more can be written than there is room for";
  if (bytes_in(fds) > (off_t)ROOM_MIB * MIB) return "they take more memory than there is room for";
  for (int i = 0; i < FILES; i++)
    if (ftruncate(fds[i], 0) != 0 || lseek(fds[i], 0, SEEK_SET) != 0) return "they cannot be emptied";
  return pour(fds[0], 2) == 2 && pour(fds[1], 1) == 1 ? NULL : "there is no room any more when they were emptied";
}

static void bound(void **state) {
  int fds[FILES];
  (void)state;
  if (!can_be_had()) skip_because("files of limited size cannot be made here");
  assert_int_equal(open_files(fds), 0);
  const char *fault = find_fault_in_bound(fds);
  close_files(fds);
  if (fault != NULL) fail_msg("%s", fault);
}

/* Returns 0 when all is well, 1 when the bound does not hold, or 2 when it cannot be tried. */
static int try_as_nobody(void) {
  int fds[FILES];
  bool is_nobody = setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
                   setresuid(NOBODY, NOBODY, NOBODY) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0;
  if (!is_nobody || !can_be_had()) return 2;
  return open_files(fds) == 0 && find_fault_in_bound(fds) == NULL ? 0 : 1;
}

/* Without the right to mount, in a user namespace. */
static void ordinary_user(void **state) {
  int status;
  (void)state;
  if (geteuid() != 0) skip_because("it takes root to be another user");
  pid_t pid = fork();
  if (pid == 0) _exit(try_as_nobody());
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  if (WEXITSTATUS(status) == 2) skip_because("ordinary users cannot make files of limited size here");
  assert_int_equal(WEXITSTATUS(status), 0);
}

static void name_of(int fd, char *name, size_t name_bytes) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(path, name, name_bytes - 1);
  name[length > 0 ? length : 0] = '\0';
}

static int open_again(int fd) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return open(path, O_RDWR | O_CLOEXEC);
}

/* The program under test sees no difference. */
static void like_memory_file(void **state) {
  int fds[FILES];
  char name[64], expected[64];
  struct stat status, memory_status;
  (void)state;
  if (!can_be_had()) skip_because("files of limited size cannot be made here");
  assert_int_equal(open_files(fds), 0);
  int memory = memfd_create("probe", MFD_CLOEXEC);
  assert_true(memory >= 0);
  name_of(memory, expected, sizeof expected);
  for (int i = 0; i < FILES; i++) {
    name_of(fds[i], name, sizeof name);
    assert_string_equal(name, expected);
    assert_int_equal(fstat(fds[i], &status) | fstat(memory, &memory_status), 0);
    assert_int_equal(status.st_mode, memory_status.st_mode);
    assert_int_equal(status.st_nlink, memory_status.st_nlink);
    assert_int_equal(status.st_uid, memory_status.st_uid);
    assert_int_equal(fcntl(fds[i], F_GETFL), fcntl(memory, F_GETFL));
    assert_int_equal(fcntl(fds[i], F_GETFD), FD_CLOEXEC);
    assert_int_equal(ftruncate(fds[i], (off_t)1 << 40), 0);
    int again = open_again(fds[i]);
    assert_true(again >= 0);
    assert_int_equal(pwrite(again, "text", 4, (off_t)1 << 39), 4);
    close(again);
  }
  close(memory);
  close_files(fds);
}

/* Nothing is left open where a part of it fails. */
static void out_of_descriptors(void **state) {
  int fds[FILES], lowest = fcntl(0, F_DUPFD, 3);
  struct rlimit before, few;
  (void)state;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
  close(lowest);
  for (int more = 0; more <= FILES; more++) {
    few = (struct rlimit){.rlim_cur = (rlim_t)(lowest + more), .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    int result = open_files(fds), left = fcntl(0, F_DUPFD, 3);
    if (left >= 0) close(left);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_true(result < 0);
    assert_true(fds[0] == -1 && fds[1] == -1);
    assert_int_equal(left, more > 0 ? lowest : -1);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(bound), cmocka_unit_test(ordinary_user),
                                     cmocka_unit_test(like_memory_file), cmocka_unit_test(out_of_descriptors)};
  return cmocka_run_group_tests_name("files of limited size", tests, NULL, NULL);
}
