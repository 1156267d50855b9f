/* SPDX-License-Identifier: MIT */
/* The sites and modules that later runs begin with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../faults/explore/run/site_tables.h"
#include "fixtures/empty_channel.h"

static struct nomem_channel *reached, *empty;

static void enter_site(uint64_t key, uint64_t count) {
  struct nomem_site *site = &reached->sites[reached->site_count++];
  *site = (struct nomem_site){.key = key};
  site->count = count;
  site->next_point = 3;
  site->end_point = 5;
}

/* Sixteen keys that are alike in their low half, so that they share slots of the hash table. */
static int set_up(void **state) {
  (void)state;
  reached = make_channel();
  empty = make_channel();
  if (reached == NULL || empty == NULL) return -1;
  for (uint64_t i = 1; i <= 16; i++) enter_site(i << 32 | 7, i);
  reached->module_count = 2;
  reached->modules[0].path_hash = 11;
  reached->modules[1].path_hash = 12;
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  free_channel(reached);
  free_channel(empty);
  return 0;
}

/* The injector finds a site by the slots of the hash table. */
static uint32_t find_slot(struct nomem_channel *channel, uint64_t key) {
  for (uint64_t probe = 0; probe < 64; probe++) {
    uint32_t number = *nomem__site_slot(channel, key, probe);
    if (number == 0) return 0;
    if (channel->sites[number - 1].key == key) return number;
  }
  return 0;
}

/* A copy enters the same sites and modules under the same numbers, and without what a run has counted. */
static void copy_and_enter(void **state) {
  (void)state;
  struct nomem__site_tables *tables = nomem__site_tables_copy(reached);
  assert_non_null(tables);
  assert_false(nomem__site_tables_are_in(tables, empty));
  nomem__site_tables_enter(tables, empty);
  assert_true(nomem__site_tables_are_in(tables, empty));
  for (uint32_t i = 0; i < reached->site_count; i++) {
    assert_int_equal(empty->sites[i].key, reached->sites[i].key);
    assert_int_equal(empty->sites[i].count, 0);
    assert_int_equal(empty->sites[i].next_point, 0);
    assert_int_equal(empty->sites[i].end_point, 0);
    assert_int_equal(find_slot(empty, reached->sites[i].key), i + 1);
  }
  assert_int_equal(empty->modules[1].path_hash, 12);
  free(tables);
}

/* One site more, another key or another module, and the tables are not those of the channel. */
static void differences(void **state) {
  (void)state;
  struct nomem__site_tables *tables = nomem__site_tables_copy(reached);
  assert_true(nomem__site_tables_are_in(tables, reached));
  reached->site_count--;
  assert_false(nomem__site_tables_are_in(tables, reached));
  reached->site_count++;
  reached->sites[9].key++;
  assert_false(nomem__site_tables_are_in(tables, reached));
  reached->sites[9].key--;
  reached->modules[1].path_hash++;
  assert_false(nomem__site_tables_are_in(tables, reached));
  free(tables);
}

/* What the program writes to the channel may claim more sites and modules than there are. */
static void too_many(void **state) {
  (void)state;
  reached->site_count = UINT32_MAX;
  reached->module_count = UINT32_MAX;
  struct nomem__site_tables *tables = nomem__site_tables_copy(reached);
  assert_int_equal(tables->site_count, NOMEM_SITES);
  assert_int_equal(tables->module_count, NOMEM_MODULES);
  free(tables);
}

/* Counts are zeroed, and sites stay. */
static void zero(void **state) {
  (void)state;
  reached->counts_used = 1;
  reached->counts[0].calls[0] = 4;
  reached->live_bytes = 5;
  nomem__site_tables_zero(reached);
  assert_int_equal(nomem__channel_calls(reached), 0);
  assert_int_equal(reached->live_bytes, 0);
  assert_int_equal(reached->sites[2].key, UINT64_C(3) << 32 | 7);
  assert_int_equal(reached->sites[2].count, 0);
}

/* A site is found by its key. */
static void find(void **state) {
  (void)state;
  struct nomem__site_tables *tables = nomem__site_tables_copy(reached);
  assert_ptr_equal(nomem__site_tables_find(tables, UINT64_C(3) << 32 | 7, 16), &tables->sites[2]);
  assert_ptr_equal(nomem__site_tables_find(tables, UINT64_C(3) << 32, 8), &tables->sites[2]);
  assert_null(nomem__site_tables_find(tables, UINT64_C(3) << 32, 16));
  assert_null(nomem__site_tables_find(tables, UINT64_C(3) << 32 | 7, 0));
  assert_null(nomem__site_tables_find(NULL, 1, 16));
  free(tables);
}

/* A run adds to the tables, and changes nothing in them but its counts. */
static void whole(void **state) {
  (void)state;
  struct nomem__site_tables *tables = nomem__site_tables_copy(reached);
  enter_site(99, 1);
  reached->modules[reached->module_count++].path_hash = 13;
  reached->sites[3].count = 1000;
  assert_true(nomem__site_tables_are_whole(tables, reached));
  assert_false(nomem__site_tables_are_in(tables, reached));
  reached->sites[3].frame[NOMEM_DEPTH - 1]++;
  assert_false(nomem__site_tables_are_whole(tables, reached));
  reached->sites[3].frame[NOMEM_DEPTH - 1]--;
  reached->sites[15].fn++;
  assert_false(nomem__site_tables_are_whole(tables, reached));
  reached->sites[15].fn--;
  reached->site_count = 15;
  assert_false(nomem__site_tables_are_whole(tables, reached));
  free(tables);
}

/* A run's report is cleared; how many entries there are may have been overwritten. */
static void clear_report(void **state) {
  (void)state;
  reached->fault_count = reached->misuse_count = reached->child_report_count = reached->recovery_count = UINT32_MAX;
  reached->faults[NOMEM_FAULTS - 1].ready = reached->last_faults[NOMEM_LAST_FAULTS - 1].ready = 1;
  reached->misuses[NOMEM_MISUSES - 1].ready = 1;
  reached->child_reports[NOMEM_CHILD_REPORTS - 1].pid = 1;
  reached->recoveries[NOMEM_RECOVERIES - 1].key = 1;
  nomem__site_tables_clear_report(reached);
  assert_int_equal(reached->fault_count | reached->misuse_count | reached->child_report_count | reached->recovery_count,
                   0);
  assert_int_equal(reached->faults[NOMEM_FAULTS - 1].ready, 0);
  assert_int_equal(reached->last_faults[NOMEM_LAST_FAULTS - 1].ready, 0);
  assert_int_equal(reached->misuses[NOMEM_MISUSES - 1].ready, 0);
  assert_int_equal(reached->child_reports[NOMEM_CHILD_REPORTS - 1].pid, 0);
  assert_int_equal(reached->recoveries[NOMEM_RECOVERIES - 1].key, 0);
}

/* Calls that failed after the last one that counts are not noted any more; how many there are stays. */
static void forget_faults(void **state) {
  (void)state;
  assert_int_equal(nomem__site_tables_last_fault(reached), 0);
  reached->fault_count = 3;
  const uint64_t nth[] = {4, 9, 7};
  for (size_t i = 0; i < 3; i++) {
    reached->faults[i].nth = nth[i];
    reached->faults[i].ready = i != 1; /* one is still being written */
  }
  assert_int_equal(nomem__site_tables_last_fault(reached), 7);
  nomem__site_tables_forget_faults(reached, 7);
  assert_int_equal(reached->faults[2].ready, 1);
  nomem__site_tables_forget_faults(reached, 4);
  assert_int_equal(reached->faults[0].ready, 1);
  assert_int_equal(reached->faults[2].ready, 0);
  assert_int_equal(reached->fault_count, 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(copy_and_enter, set_up, tear_down),
      cmocka_unit_test_setup_teardown(differences, set_up, tear_down),
      cmocka_unit_test_setup_teardown(too_many, set_up, tear_down),
      cmocka_unit_test_setup_teardown(zero, set_up, tear_down),
      cmocka_unit_test_setup_teardown(find, set_up, tear_down),
      cmocka_unit_test_setup_teardown(whole, set_up, tear_down),
      cmocka_unit_test_setup_teardown(clear_report, set_up, tear_down),
      cmocka_unit_test_setup_teardown(forget_faults, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
