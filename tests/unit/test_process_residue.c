/* SPDX-License-Identifier: MIT */
/* What one process leaves open: how it is read, what is more than another one has, and when it is the same in two runs.
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
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../faults/explore/residue/process_residue.h"
#include "fixtures/empty_channel.h"
#include "skip_because.h"

#define OPEN_MAX_HERE 4
#define OPEN(...) ((const char *[OPEN_MAX_HERE]){__VA_ARGS__})

/* A process that came to its end with these descriptors open, from number 3 on. */
static struct nomem__process_residue ended(const char *const open[OPEN_MAX_HERE],
                                           struct nomem__descriptor list[OPEN_MAX_HERE]) {
  struct nomem__process_residue residue = {.has_ended = true, .threads = 1, .open = list};
  for (unsigned i = 0; i < OPEN_MAX_HERE && open[i] != NULL; i++) {
    list[i].fd = (int)i + 3;
    strcpy(list[i].what, open[i]);
    residue.open_count = residue.descriptors = i + 1;
  }
  return residue;
}

static const char *describe(const struct nomem__process_residue *here, const struct nomem__process_residue *there) {
  static char what[512];
  return nomem__process_residue_describe_new(here, there, what, sizeof what) ? what : "";
}

static const char *more_open(const char *const here[OPEN_MAX_HERE], const char *const there[OPEN_MAX_HERE]) {
  struct nomem__descriptor lists[2][OPEN_MAX_HERE];
  struct nomem__process_residue one = ended(here, lists[0]), two = ended(there, lists[1]);
  return describe(&one, &two);
}

/* The first one that is open more often than there; of names that differ from run to run, those like it are counted. */
static void descriptors(void **state) {
  (void)state;
  assert_string_equal(more_open(OPEN("/etc/passwd"), OPEN(NULL)), "descriptor 3 is open: '/etc/passwd'");
  assert_string_equal(more_open(OPEN("/etc/passwd"), OPEN("/etc/passwd")), "");
  assert_string_equal(more_open(OPEN("pipe", "socket", "pipe"), OPEN("pipe", "socket")),
                      "descriptor 3 is open: 'pipe'");
  assert_string_equal(more_open(OPEN("pipe", "socket"), OPEN("pipe")), "descriptor 4 is open: 'socket'");
  assert_string_equal(more_open(OPEN("/tmp/xAbCdEf", "pipe"), OPEN("/tmp/xQrStUv")), "descriptor 4 is open: 'pipe'");
  assert_string_equal(more_open(OPEN("/tmp/xAbCdEf", "/tmp/xGhIjKl"), OPEN("/tmp/xQrStUv")),
                      "descriptor 3 is open: '/tmp/xAbCdEf'");
  assert_string_equal(more_open(OPEN("/tmp/x1", "/tmp/x2"), OPEN("/tmp/x1")), "descriptor 4 is open: '/tmp/x2'");
  assert_string_equal(more_open(OPEN("pipe"), OPEN("socket")), ""); /* as many as there */
}

/* Threads are counted, of children it is known whether there are any. */
static void threads_and_children(void **state) {
  struct nomem__process_residue here = {.has_ended = true, .threads = 2}, there = {.has_ended = true, .threads = 1};
  (void)state;
  assert_string_equal(describe(&here, &there), "1 thread more than without a failure runs");
  here.threads = 4;
  assert_string_equal(describe(&here, &there), "3 threads more than without a failure run");
  here.threads = 1;
  assert_string_equal(describe(&here, &there), "");
  here.children = 1;
  assert_string_equal(describe(&here, &there), "a child process that was not waited for");
  there.children = 1;
  assert_string_equal(describe(&here, &there), "");
  here.threads = there.threads + 1;
  there.children = 0;
  assert_string_equal(describe(&here, &there), "1 thread more than without a failure runs"); /* the first of both */
}

/* Nothing is known of a process that did not come to its end. */
static void an_end_that_was_not_seen(void **state) {
  struct nomem__process_residue here = {.has_ended = true, .threads = 2}, there = {.has_ended = true, .threads = 1};
  (void)state;
  here.has_ended = false;
  assert_string_equal(describe(&here, &there), "");
  here.has_ended = true;
  there.has_ended = false;
  assert_string_equal(describe(&here, &there), "");
}

static void same(const char *one, const char *two) {
  assert_int_equal(nomem__process_residue_hash(one), nomem__process_residue_hash(two));
}

static void differ(const char *one, const char *two) {
  assert_int_not_equal(nomem__process_residue_hash(one), nomem__process_residue_hash(two));
}

/* What is said of the same thing in two runs is one, though numbers and the names of temporary files differ. */
static void hashes(void **state) {
  (void)state;
  same("descriptor 3 is open: 'pipe'", "descriptor 14 is open: 'pipe'");
  differ("descriptor 3 is open: 'pipe'", "descriptor 3 is open: 'socket'");
  same("descriptor 3 is open: '/tmp/aXyZ'", "descriptor 4 is open: '/tmp/aQrS'");
  same("descriptor 3 is open: '/var/tmp/aXyZ'", "descriptor 3 is open: '/var/tmp/aQrS'");
  same("descriptor 3 is open: '/dev/shm/aXyZ'", "descriptor 3 is open: '/dev/shm/aQrS'");
  same("descriptor 3 is open: '/home/aXyZ (deleted)'", "descriptor 3 is open: '/home/aQrS (deleted)'");
  differ("descriptor 3 is open: '/tmp/aXyZ'", "descriptor 3 is open: '/tmp/aXyZw'");
  differ("descriptor 3 is open: '/tmp/aXyZ'", "descriptor 3 is open: '/tmp/b/aXyZ'");
  differ("descriptor 3 is open: '/home/aXyZ'", "descriptor 3 is open: '/home/aQrS'");
}

static const char *what_of(const struct nomem__process_residue *residue, int fd) {
  for (unsigned i = 0; i < residue->open_count; i++)
    if (residue->open[i].fd == fd) return residue->open[i].what;
  return "";
}

/* The standard streams are left out, and numbers that differ from run to run; a file's name keeps what it has. */
static void reading(void **state) {
  const struct nomem_exit_report report = {0};
  char folder[] = "/tmp/test_process_residue-XXXXXX", path[64];
  struct nomem__process_residue residue = {0};
  struct nomem_channel *channel = make_channel();
  int ends[2] = {-1, -1}, sockets[2] = {-1, -1};
  (void)state;
  if (access("/proc/self/fd", X_OK) != 0) skip_because("there is no /proc here");
  assert_non_null(channel);
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/a:[1]", folder);
  int file = open(path, O_CREAT | O_WRONLY, 0600);
  assert_true(file > STDERR_FILENO && pipe(ends) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
  nomem__process_residue_read(&residue, getpid(), getpid(), channel, &report);
  assert_false(residue.has_block_table);
  assert_int_equal(residue.pid, getpid());
  assert_string_equal(what_of(&residue, file), path);
  assert_string_equal(what_of(&residue, ends[0]), "pipe");
  assert_string_equal(what_of(&residue, sockets[1]), "socket");
  for (int fd = 0; fd <= STDERR_FILENO; fd++) assert_string_equal(what_of(&residue, fd), "");
  int copies[NOMEM__DESCRIPTORS_MAX];
  for (int i = 0; i < NOMEM__DESCRIPTORS_MAX; i++) copies[i] = dup(file);
  nomem__process_residue_read(&residue, getpid(), getpid(), channel, &report);
  assert_int_equal(residue.open_count, NOMEM__DESCRIPTORS_MAX);
  for (int i = 0; i < NOMEM__DESCRIPTORS_MAX; i++) close(copies[i]);
  nomem__process_residue_clear(&residue);
  assert_true(residue.open == NULL && residue.open_count == 0);
  for (int i = 0; i < 2; i++) close(ends[i]), close(sockets[i]);
  close(file);
  assert_int_equal(unlink(path) | rmdir(folder), 0);
  free_channel(channel);
}

/* When the run is over, what its first process has counted is copied, if anything was to be counted at all. */
static void the_first_process(void **state) {
  struct nomem__process_residue residue = {0};
  struct nomem__processes *processes = NULL;
  struct nomem_channel *channel = make_channel();
  (void)state;
  assert_non_null(channel);
  nomem__processes_forked(&processes, 1, 1, 0x7ff00001);
  channel->screening.first =
      (struct nomem_exit_report){.pid = 0x7ff00001, .has_ended = 1, .descriptors = 2, .threads = 3, .children = 1};
  channel->screening.live = 77;
  channel->screening.has_leak_check = 1;
  nomem__process_residue_finish(&residue, channel, processes);
  assert_false(residue.is_known);
  channel->watch = NOMEM_WATCH_LIVE;
  nomem__process_residue_finish(&residue, channel, processes);
  assert_true(residue.is_known && residue.has_leak_check && residue.has_ended);
  assert_true(residue.live == 77 && residue.pid == 0x7ff00001);
  assert_true(residue.descriptors == 2 && residue.threads == 3 && residue.children == 1);
  assert_true(residue.identity.id != 0);
  channel->screening.first.has_ended = 0;
  nomem__process_residue_finish(&residue, channel, processes);
  assert_false(residue.has_ended);
  channel->screening.first.pid = 0;
  nomem__process_residue_finish(&residue, channel, processes);
  assert_false(residue.is_known);
  nomem__processes_free(processes);
  free_channel(channel);
}

static bool is_wanted(const void *user, pid_t pid, int fd) {
  (void)pid;
  return fd == *(const int *)user;
}

static const char *lost(const struct nomem__process_residue *here, const struct nomem__process_residue *there, int fd) {
  static char what[512];
  int found = 0;
  const struct nomem__descriptor_filter filter = {is_wanted, &fd};
  bool is_lost = nomem__process_residue_describe_lost(here, &there, 1, &filter, what, sizeof what, &found);
  assert_int_equal(found, is_lost ? fd : 0);
  return is_lost ? what : "";
}

/* A descriptor that is open in none of the others, that main() did not hold, and that counts. */
static void lost_descriptors(void **state) {
  (void)state;
  struct nomem__descriptor lists[2][OPEN_MAX_HERE];
  struct nomem__process_residue here = ended(OPEN("/etc/passwd", "pipe"), lists[0]);
  struct nomem__process_residue there = ended(OPEN("/etc/passwd"), lists[1]), none = ended(OPEN(NULL), lists[1]);
  here.has_main_frame = true;
  assert_string_equal(lost(&here, &there, 4), "descriptor 4 is open: 'pipe'");
  assert_string_equal(lost(&here, &none, 3), "descriptor 3 is open: '/etc/passwd'");
  assert_string_equal(lost(&here, &there, 3), "");
  assert_string_equal(lost(&here, &there, 5), "");
  here.heap.held_numbers = 1 << 4;
  assert_string_equal(lost(&here, &none, 4), "");
  assert_string_equal(lost(&here, &none, 3), "descriptor 3 is open: '/etc/passwd'");
  here.has_main_frame = false;
  assert_string_equal(lost(&here, &none, 3), "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(descriptors),
      cmocka_unit_test(lost_descriptors),
      cmocka_unit_test(threads_and_children),
      cmocka_unit_test(an_end_that_was_not_seen),
      cmocka_unit_test(hashes),
      cmocka_unit_test(reading),
      cmocka_unit_test(the_first_process),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
