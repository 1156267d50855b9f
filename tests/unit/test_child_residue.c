/* SPDX-License-Identifier: MIT */
/* Which process of a run is compared with which of the baselines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "../../faults/explore/residue/peers.h"

/* Numbers of processes that nobody has, so that no name is found for them. */
#define PID(number) (0x7ff00000 + (number))

static const int exit_0 = 0, exit_1 = 1 << 8, killed = 15;

/* A run of a root that starts two children, one after the other or at once, in either order. */
struct made {
  struct nomem__child_residue child_residue;
  struct nomem__processes *processes;
};

static void end(struct made *run, pid_t pid, int status) {
  nomem__processes_ended(run->processes, pid, status);
}

static struct made make(int base, bool at_once, int first_status, unsigned first_open, unsigned second_open) {
  struct made run = {0};
  nomem__processes_forked(&run.processes, PID(base), PID(base), PID(base + 1));
  if (!at_once) end(&run, PID(base + 1), first_status);
  nomem__processes_forked(&run.processes, PID(base), PID(base), PID(base + 2));
  if (at_once) end(&run, PID(base + 1), first_status);
  end(&run, PID(base + 2), exit_0);
  for (int i = 1; i <= 2; i++) {
    struct nomem__process_residue *residue = nomem__child_residue_add(&run.child_residue, PID(base + i));
    assert_non_null(residue);
    residue->identity = nomem__processes_get(run.processes, PID(base + i));
    residue->has_ended = true;
    residue->descriptors = i == 1 ? first_open : second_open;
  }
  return run;
}

static void clear(struct made *run) {
  nomem__child_residue_free(&run->child_residue);
  nomem__processes_free(run->processes);
}

/* The first child of a run, which ended in this way with so much open, against two baselines: whether it has peers, how
 * many, and whether they have less. */
static void try(bool at_once, int baseline_status, int status, unsigned open, bool any_status, bool has_peers,
                unsigned count, bool is_more) {
  struct made baselines[] = {make(10, at_once, baseline_status, 3, 5), make(20, at_once, baseline_status, 3, 5)};
  struct made run = make(30, at_once, status, open, 5);
  const struct nomem__child_residue child_residue[] = {baselines[0].child_residue, baselines[1].child_residue};
  struct nomem__peers peers;
  const struct nomem__process_residue *here = nomem__child_residue_find(&run.child_residue, PID(31));
  assert_int_equal(nomem__peers_find(child_residue, 2, here, any_status, &peers), has_peers);
  if (has_peers) assert_int_equal(peers.count, count);
  if (has_peers) assert_int_equal(nomem__peers_are_exceeded(&peers, here), is_more);
  clear(&baselines[0]);
  clear(&baselines[1]);
  clear(&run);
}

static void in_turn_it_is_the_same_child(void **state) {
  (void)state;
  try(false, exit_0, exit_0, 4, false, true, 2, true);
  try(false, exit_0, exit_0, 3, false, true, 2, false);
}

static void at_once_it_may_be_any(void **state) {
  (void)state;
  try(true, exit_0, exit_0, 4, false, true, 4, false);
  try(true, exit_0, exit_0, 6, false, true, 4, true);
}

static void another_end_tells_nothing(void **state) {
  (void)state;
  try(false, exit_0, exit_1, 4, false, false, 0, false);
  try(false, exit_0, exit_1, 4, true, true, 2, true);
  try(false, exit_0, killed, 4, true, false, 0, false);
  try(false, killed, exit_0, 4, true, false, 0, false);
  try(false, killed, killed, 4, false, false, 0, false);
}

/* One that the baselines have not, as one of another program. */
static void a_stranger_tells_nothing(void **state) {
  (void)state;
  struct made baseline = make(10, false, exit_0, 3, 5), run = make(30, false, exit_0, 4, 5);
  struct nomem__peers peers;
  struct nomem__process_residue *here = nomem__child_residue_find(&run.child_residue, PID(31));
  assert_true(nomem__peers_find(&baseline.child_residue, 1, here, false, &peers));
  strcpy(here->identity.name, "other");
  assert_false(nomem__peers_find(&baseline.child_residue, 1, here, false, &peers));
  here->identity = (struct nomem__process){0};
  assert_false(nomem__peers_find(&baseline.child_residue, 1, here, false, &peers));
  clear(&baseline);
  clear(&run);
}

/* The number of a process that is over may be given again. */
static void of_two_with_one_number_the_later_one_counts(void **state) {
  (void)state;
  struct nomem__processes *processes = NULL;
  nomem__processes_forked(&processes, PID(0), PID(0), PID(1));
  uint64_t first = nomem__processes_get(processes, PID(1)).id;
  nomem__processes_ended(processes, PID(1), exit_0);
  nomem__processes_forked(&processes, PID(0), PID(0), PID(1));
  struct nomem__process second = nomem__processes_get(processes, PID(1));
  assert_true(second.id != first && first != 0 && second.id != 0);
  assert_false(second.has_exited);
  assert_int_equal(nomem__processes_get(processes, PID(9)).id, 0);
  assert_int_equal(nomem__processes_get(NULL, PID(1)).id, 0);
  nomem__processes_free(processes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(in_turn_it_is_the_same_child),
      cmocka_unit_test(at_once_it_may_be_any),
      cmocka_unit_test(another_end_tells_nothing),
      cmocka_unit_test(a_stranger_tells_nothing),
      cmocka_unit_test(of_two_with_one_number_the_later_one_counts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
