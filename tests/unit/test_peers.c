/* SPDX-License-Identifier: MIT */
/* Which processes of the baselines a process is compared with, and what it leaves behind that none of them does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../faults/explore/residue/peers.h"

#define CHILDREN_MAX 4

/* The program "child", the second process of a run, which its first one started; it exited with 0. */
static struct nomem__process_residue child(void) {
  struct nomem__process_residue residue = {.has_ended = true, .has_block_table = true};
  residue.identity = (struct nomem__process){.id = 2, .parent_id = 1, .has_exited = true};
  strcpy(residue.identity.name, "child");
  return residue;
}

static struct nomem__process_residue here, there[2][CHILDREN_MAX];
static struct nomem__child_residue runs[2];
static struct nomem__peers peers;

/* Two baselines, each of which has this child once, as the run has. */
static int set_up(void **state) {
  (void)state;
  here = child();
  for (unsigned i = 0; i < 2; i++) {
    there[i][0] = child();
    runs[i] = (struct nomem__child_residue){.list = there[i], .count = 1};
  }
  return 0;
}

/* One more child of a baseline, which ran at the same time. */
static struct nomem__process_residue *add(unsigned run, uint64_t id) {
  struct nomem__process_residue *residue = &there[run][runs[run].count++];
  *residue = child();
  residue->identity.id = id;
  residue->identity.is_order_uncertain = true;
  return residue;
}

/* How many peers it has; 0 where nothing can be said. */
static unsigned find(bool any_status) {
  return nomem__peers_find(runs, 2, &here, any_status, &peers) ? peers.count : 0;
}

/* The same process is one with the same number that ended as the same program with the same status, in each run. */
static void the_same_process(void **state) {
  (void)state;
  assert_int_equal(find(false), 2);
  assert_true(peers.list[0] == &there[0][0] && peers.list[1] == &there[1][0]);
  there[1][0].identity.id = 3;
  assert_int_equal(find(false), 0);
  set_up(NULL);
  strcpy(there[1][0].identity.name, "other");
  assert_int_equal(find(false), 0);
  set_up(NULL);
  there[0][0].identity.has_exited = false;
  assert_int_equal(find(true), 0);
  set_up(NULL);
  there[0][0].identity.status = 256;
  assert_int_equal(find(false), 0);
  assert_int_equal(find(true), 2);
  assert_false(nomem__peers_find(runs, 0, &here, true, &peers)); /* there are no baselines */
}

/* A process that is not known, or that was killed, is like no other. */
static void an_unknown_process(void **state) {
  (void)state;
  here.identity.has_exited = there[0][0].identity.has_exited = there[1][0].identity.has_exited = false;
  assert_int_equal(find(true), 0);
  set_up(NULL);
  here.identity.id = there[0][0].identity.id = there[1][0].identity.id = 0;
  assert_int_equal(find(false), 0);
}

/* Of children that ran at the same time any may be the same one, if it is of the same program and parent. */
static void children_at_the_same_time(void **state) {
  (void)state;
  struct nomem__process_residue *second = add(0, 3);
  assert_int_equal(find(false), 3);
  second->identity.is_order_uncertain = false;
  assert_int_equal(find(false), 2);
  here.identity.is_order_uncertain = true; /* the order may be chance in either run */
  assert_int_equal(find(false), 3);
  second->identity.parent_id = 9;
  assert_int_equal(find(false), 2);
  second->identity.parent_id = 1;
  strcpy(second->identity.name, "other");
  assert_int_equal(find(false), 2);
}

/* More children than there is room for are left out. */
static void children_without_number(void **state) {
  struct nomem__child_residue many[2];
  (void)state;
  for (unsigned i = 0; i < 2; i++) {
    many[i] = (struct nomem__child_residue){.count = NOMEM__PEERS_MAX};
    many[i].list = calloc(NOMEM__PEERS_MAX, sizeof *many[i].list);
    assert_non_null(many[i].list);
    for (unsigned j = 0; j < NOMEM__PEERS_MAX; j++) many[i].list[j] = child();
  }
  assert_true(nomem__peers_find(many, 2, &here, false, &peers));
  assert_int_equal(peers.count, NOMEM__PEERS_MAX);
  assert_ptr_equal(peers.list[NOMEM__PEERS_MAX - 1], &many[0].list[NOMEM__PEERS_MAX - 1]);
  for (unsigned i = 0; i < 2; i++) free(many[i].list);
}

static bool exceeds(void) {
  return nomem__peers_are_exceeded(&peers, &here);
}

/* More than the peer with the most, of descriptors, threads or children. */
static void more_than_all_peers(void **state) {
  (void)state;
  unsigned *counts[] = {&here.descriptors, &here.threads, &here.children};
  unsigned *most[] = {&there[0][0].descriptors, &there[0][0].threads, &there[0][0].children};
  find(false);
  assert_false(exceeds());
  for (unsigned i = 0; i < 3; i++) {
    *counts[i] = 2;
    assert_true(exceeds());
    *most[i] = 2; /* of the first peer: the second has none */
    assert_false(exceeds());
    *counts[i] = 3;
    assert_true(exceeds());
    *counts[i] = *most[i];
  }
}

/* Where one of them did not come to its end, its counts are not known. */
static void counts_that_are_not_known(void **state) {
  (void)state;
  find(false);
  here.threads = 1;
  assert_true(exceeds());
  there[1][0].has_ended = false;
  assert_false(exceeds());
  there[1][0].has_ended = true;
  here.has_ended = false;
  assert_false(exceeds());
}

static const char *describe(void) {
  static char text[512];
  return nomem__peers_describe_excess(&peers, &here, text, sizeof text) ? text : "";
}

/* What is described is left by the process and by no peer. */
static void description(void **state) {
  static struct nomem__descriptor pipe = {.fd = 4, .what = "pipe"}, copy = {.fd = 5, .what = "pipe"};
  (void)state;
  find(false);
  assert_string_equal(describe(), "");
  here.descriptors = here.open_count = 1;
  here.open = &pipe;
  assert_string_equal(describe(), "descriptor 4 is open: 'pipe'");
  there[1][0].open = &copy; /* the second peer has it, though it has counted none */
  there[1][0].open_count = 1;
  assert_string_equal(describe(), "");
  there[1][0].open_count = 0;
  there[1][0].threads = 1;
  here.threads = 1;
  assert_string_equal(describe(), "descriptor 4 is open: 'pipe'");
  there[1][0].descriptors = 1; /* no more than this peer, whatever is open */
  assert_string_equal(describe(), "");
}

/* Where one peer has as many of these and the other as many of those, nothing is too much. */
static void description_against_several(void **state) {
  static struct nomem__descriptor pipe = {.fd = 4, .what = "pipe"};
  (void)state;
  find(false);
  here.descriptors = here.threads = here.open_count = 1;
  here.open = &pipe;
  assert_string_equal(describe(), "descriptor 4 is open: 'pipe'");
  there[0][0].descriptors = 1;
  there[1][0].threads = 1;
  assert_string_equal(describe(), "");
}

/* One peer with a misused block is enough. */
static void misuse_in_a_baseline(void **state) {
  (void)state;
  find(false);
  assert_false(nomem__peers_have_misuse(&peers));
  there[0][0].heap.has_misuse = true;
  assert_true(nomem__peers_have_misuse(&peers));
  there[0][0].heap.has_misuse = false;
  there[1][0].heap.has_misuse = true;
  assert_true(nomem__peers_have_misuse(&peers));
}

/* A leak that no peer has, where each of them and the process itself have a block table. */
static void leaks(void **state) {
  static struct nomem__leak_site leak = {.key = 1, .culprit = 1, .blocks = 2, .bytes = 20},
                                 same = {.key = 1, .culprit = 1, .blocks = 2, .bytes = 20};
  struct nomem__leak_site found;
  (void)state;
  find(false);
  assert_false(nomem__peers_find_new_leak(&peers, &here, NULL, &found));
  here.heap.leaks = &leak;
  here.heap.leak_count = 1;
  assert_true(nomem__peers_find_new_leak(&peers, &here, NULL, &found));
  assert_int_equal(found.blocks, 2);
  here.has_block_table = false;
  assert_false(nomem__peers_find_new_leak(&peers, &here, NULL, &found));
  here.has_block_table = true;
  there[1][0].has_block_table = false;
  assert_false(nomem__peers_find_new_leak(&peers, &here, NULL, &found));
  there[1][0].has_block_table = true;
  there[1][0].heap.leaks = &same;
  there[1][0].heap.leak_count = 1;
  assert_false(nomem__peers_find_new_leak(&peers, &here, NULL, &found));
}

#define CASE(function) cmocka_unit_test_setup(function, set_up)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(the_same_process),
      CASE(an_unknown_process),
      CASE(children_at_the_same_time),
      CASE(children_without_number),
      CASE(more_than_all_peers),
      CASE(counts_that_are_not_known),
      CASE(description),
      CASE(description_against_several),
      CASE(misuse_in_a_baseline),
      CASE(leaks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
