/* SPDX-License-Identifier: MIT */
/* The kernel gives numbers of processes again. One that a tree knew is none of its own any more once its end was seen,
 * and a process of somebody else's under that number is never taken for one of the program under test, which would be
 * waited for, and killed. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../faults/explore/process/ptrace_events.h"
#include "../../faults/explore/process/tree_state.h"

/* No process has this number. */
#define NUMBER 0x7fff0000

static pid_t start_child(void) {
  pid_t pid = fork();
  if (pid == 0) {
    alarm(20);
    for (;;) pause();
  }
  return pid;
}

static void end_child(pid_t pid, int expected_signal) {
  int end = 0;
  kill(pid, SIGTERM);
  assert_int_equal(waitpid(pid, &end, 0), pid);
  assert_int_equal(WTERMSIG(end), expected_signal);
}

/* The root of one tree has ended, and that tree still waits for others. An older tree has started a process since which
 * got the number. */
static void root_that_is_gone(void **state) {
  struct nomem__trees trees = {.signal_fd = -1};
  struct nomem__tree older = {.trees = &trees, .root = NUMBER + 1}, newer = {.trees = &trees, .root = NUMBER};
  (void)state;
  nomem__tree_link(&trees, &older);
  nomem__tree_link(&trees, &newer);
  assert_ptr_equal(nomem__tree_find(&trees, NUMBER), &newer);
  newer.is_root_gone = true;
  assert_null(nomem__tree_find(&trees, NUMBER));
  nomem__tracees_add(&older.tracees, NUMBER);
  assert_ptr_equal(nomem__tree_find(&trees, NUMBER), &older);
  assert_ptr_equal(nomem__tree_find(&trees, NUMBER + 1), &older);
  free(older.tracees.list);
}

/* Starts a child, says its number, and ends it when it is told to. Exit status: the signal that ended it. */
static _Noreturn void be_parent(int ready, int go) {
  int end = 0;
  char byte;
  pid_t child = start_child();
  if (write(ready, &child, sizeof child) != sizeof child || read(go, &byte, 1) != 1) _exit(0);
  kill(child, SIGTERM);
  waitpid(child, &end, 0);
  _exit(WIFSIGNALED(end) ? WTERMSIG(end) : 0);
}

/* A process has been forked and was killed before its parent's stop was seen. */
static void claim(void **state) {
  struct nomem__trees trees = {.signal_fd = -1};
  struct nomem__tree other = {.trees = &trees}, tree = {.trees = &trees, .is_killed = true};
  (void)state;
  nomem__tree_link(&trees, &other);
  nomem__tree_link(&trees, &tree);
  nomem__ptrace_claim(&tree, NUMBER); /* nobody has its number */
  assert_int_equal(tree.tracees.count, 0);

  pid_t child = start_child(); /* another tree's has */
  nomem__tracees_add(&other.tracees, child);
  nomem__ptrace_claim(&tree, child);
  assert_int_equal(tree.tracees.count, 0);
  end_child(child, SIGTERM);

  int ready[2], go[2]; /* somebody else's has */
  assert_int_equal(pipe(ready) | pipe(go), 0);
  pid_t parent = fork(), grandchild;
  if (parent == 0) be_parent(ready[1], go[0]);
  assert_int_equal(read(ready[0], &grandchild, sizeof grandchild), sizeof grandchild);
  nomem__ptrace_claim(&tree, grandchild);
  assert_int_equal(tree.tracees.count, 0);
  assert_int_equal(write(go[1], "", 1), 1);
  int end = 0;
  assert_int_equal(waitpid(parent, &end, 0), parent);
  assert_int_equal(WEXITSTATUS(end), SIGTERM);

  pid_t own = start_child(); /* it is there: a tree that was killed kills it */
  nomem__ptrace_claim(&tree, own);
  assert_int_equal(tree.tracees.count, 1);
  end_child(own, SIGKILL);
  free(tree.tracees.list);
  free(other.tracees.list);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(root_that_is_gone),
      cmocka_unit_test(claim),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
