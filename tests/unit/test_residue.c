/* SPDX-License-Identifier: MIT */
/* What a run left that the runs without a fault do not, for every rule about it in docs/evidence.md: one record that it
 * takes, and one beside it that it must not. */
#include "fixtures/recorded_residue.h"

static bool counts_always(const void *user, pid_t pid, int fd) {
  (void)pid;
  return user == NULL && fd == 7;
}

/* Other blocks in use than in either baseline: as many as in one of them are none. */
static void other_blocks(void **state) {
  (void)state;
  assert_false(needs_closer_look());
  run->residue.live = 101;
  assert_true(needs_closer_look());
  baseline.live[1] = 101;
  assert_false(needs_closer_look());
  run->residue.live = 99;
  assert_true(needs_closer_look());
}

/* Nothing is said where the run's end does not count, or was not seen, or the baseline's was not. */
static void unknown_ends(void **state) {
  (void)state;
  run->residue.live = 101;
  ended.counts = false;
  assert_false(needs_closer_look());
  ended.counts = true;
  run->residue.is_known = false;
  assert_false(needs_closer_look());
  run->residue.is_known = true;
  baseline.is_known = false;
  assert_false(needs_closer_look());
  baseline.is_known = true;
  assert_true(needs_closer_look());
}

/* One baseline whose end was not seen is enough to know nothing. */
static void unknown_baseline(void **state) {
  (void)state;
  nomem__baseline_residue_free(&baseline);
  for (unsigned unseen = 0; unseen < 3; unseen++) {
    for (unsigned i = 0; i < NOMEM__BASELINE_RUNS; i++) {
      struct nomem__child_residue none = {0};
      struct nomem__process_residue first = {.is_known = i + 1 != unseen, .live = 1};
      nomem__baseline_residue_add(&baseline, &first, &none);
    }
    assert_int_equal(baseline.is_known, unseen == 0);
    assert_int_equal(baseline.run_count, 2);
    nomem__baseline_residue_free(&baseline);
  }
}

/* A run that was looked at closely is not made once more. */
static void only_once(void **state) {
  (void)state;
  run->residue.live = 101;
  run->channel->check_leaks = 1;
  assert_false(needs_closer_look());
  run->channel->check_leaks = 0;
  run->channel->watch = NOMEM_WATCH_BLOCK_TABLE;
  assert_false(needs_closer_look());
  run->channel->watch = NOMEM_WATCH_LIVE;
  assert_true(needs_closer_look());
}

/* The first process exited otherwise than in the baseline: it gave up, and its blocks are no leak, unless all count. */
static void first_gave_up(void **state) {
  (void)state;
  run->residue.live = 101;
  run->residue.identity.status = 1;
  assert_false(needs_closer_look());
  ended.takes_any_status = true;
  assert_true(needs_closer_look());
  ended.takes_any_status = false;
  run->residue.identity.status = 0;
  run->residue.identity.has_exited = false;
  assert_false(needs_closer_look());
  run->residue.identity.id = 0; /* which process it is, is not known */
  assert_true(needs_closer_look());
}

/* A run that gave up: a descriptor counts that a function below main() lost, if main() has returned. */
static void descriptors_of_one_that_gave_up(void **state) {
  (void)state;
  record_first(NOMEM_WATCH_LIVE, 0, 1);
  ended.counts = false;
  compute();
  assert_false(residue.has_left_open || residue.has_leftover);
  ended.gave_up = true;
  compute();
  assert_true(residue.has_left_open && !residue.has_leftover && !residue.needs_closer_look);
  for (int in_child = 0; in_child < 2; in_child++) {
    if (in_child)
      record_child(NOMEM_WATCH_BLOCK_TABLE, 0, 1);
    else
      record_first(NOMEM_WATCH_BLOCK_TABLE, 0, 1);
    ended.counts = false;
    ended.gave_up = true;
    ended.descriptor_filter.counts = counts_always;
    struct nomem__process_residue *process = in_child ? &run->child_residue.list[0] : &run->residue;
    assert_false(has_leftover());
    process->has_main_frame = true;
    assert_true(has_leftover());
    assert_int_equal(residue.lost_descriptor, 7);
    assert_int_equal(residue.lost_by, in_child ? CHILD_PID : RECORDED_PID);
    process->heap.held_numbers = 1 << 7;
    assert_false(has_leftover());
    assert_int_equal(residue.lost_descriptor, 0);
  }
}

/* More descriptors, threads or children than any baseline had at its end. */
static void more_open(void **state) {
  (void)state;
  unsigned *counts[] = {&run->residue.descriptors, &run->residue.threads, &run->residue.children};
  unsigned *most[] = {&baseline.descriptors, &baseline.threads, &baseline.children};
  for (unsigned i = 0; i < 3; i++) {
    *counts[i] = 2;
    *most[i] = 1;
    assert_true(needs_closer_look());
    *most[i] = 2;
    assert_false(needs_closer_look());
    *counts[i] = 0;
  }
  run->residue.threads = 3;
  run->residue.has_ended = false; /* by _exit: they are not counted */
  assert_false(needs_closer_look());
}

/* The most of both baselines counts. */
static void most_of_baselines(void **state) {
  (void)state;
  nomem__baseline_residue_free(&baseline);
  for (unsigned i = 0; i < NOMEM__BASELINE_RUNS; i++) {
    struct nomem__child_residue none = {0};
    struct nomem__process_residue first = {
        .is_known = true, .descriptors = 3 - i, .threads = i + 1, .children = 5, .has_ended = true};
    nomem__baseline_residue_add(&baseline, &first, &none);
  }
  assert_int_equal(baseline.descriptors, 3);
  assert_int_equal(baseline.threads, 2);
  assert_int_equal(baseline.children, 5);
}

/* A process that LeakSanitizer alone looks at has no count: it is looked at in any case. */
static void sanitizer_without_count(void **state) {
  (void)state;
  run->residue.live = baseline.live[0] = baseline.live[1] = 0;
  assert_false(needs_closer_look());
  baseline.has_leak_check = true;
  assert_true(needs_closer_look());
  run->residue.has_ended = false; /* it has looked for itself */
  assert_false(needs_closer_look());
}

/* A child that was failed is compared with the same child of the baselines. */
static void child_has_more_open(void **state) {
  (void)state;
  record_child(NOMEM_WATCH_LIVE, 0, 1);
  assert_true(needs_closer_look());
  child_identity()->status = 1; /* it gave up */
  assert_false(needs_closer_look());
  child_identity()->status = 0;
  strcpy(child_identity()->name, "another");
  assert_false(needs_closer_look());
  record_child(NOMEM_WATCH_LIVE, 0, 0);
  assert_false(needs_closer_look());
}

/* Where the first process gave up, the child that was failed still has its blocks counted with the run's. */
static void child_of_one_that_gave_up(void **state) {
  (void)state;
  record_child(NOMEM_WATCH_LIVE, 0, 0);
  run->residue.identity.status = 1;
  run->residue.live = 101;
  assert_true(needs_closer_look());
  child_identity()->id = 77; /* no baseline has it */
  assert_false(needs_closer_look());
}

/* A file that no baseline leaves; numbers in its name may differ. */
static void files(void **state) {
  (void)state;
  add_file(&run->residue.created_files, "/tmp/left.7");
  assert_true(needs_closer_look());
  assert_string_equal(residue.suspected_file->path, "/tmp/left.7");
  assert_null(residue.created_file); /* it counts only once the run was made again */
  run->channel->watch = NOMEM_WATCH_BLOCK_TABLE;
  compute();
  assert_string_equal(residue.created_file->path, "/tmp/left.7");
  assert_null(residue.suspected_file);
  ended.counts = false;
  compute();
  assert_null(residue.created_file);
  ended.counts = true;
  add_file(&baseline.created_files[1], "/tmp/left.12");
  compute();
  assert_null(residue.created_file);
}

/* Memory that nothing points to: more blocks than the baseline loses at that call. */
static void leaks(void **state) {
  (void)state;
  record_first(NOMEM_WATCH_BLOCK_TABLE, 2, 0);
  assert_true(has_leak());
  assert_int_equal(residue.leak.blocks, 2);
  assert_int_equal(residue.leak.bytes, 20);
  ended.counts = false;
  assert_false(has_leak());
  ended.counts = true;
  nomem__process_residue_clear(&baseline.with_block_table);
  baseline.with_block_table = record_end(RECORDED_PID, 2, 0);
  assert_false(has_leak());
  baseline.with_block_table.heap.leaks[0].blocks = 1;
  assert_true(has_leak());
  assert_int_equal(residue.leak.blocks, 1);
}

/* What a process that gave up leaves goes back to the kernel, unless all counts. */
static void leaks_of_one_that_gave_up(void **state) {
  (void)state;
  record_first(NOMEM_WATCH_BLOCK_TABLE, 1, 1);
  run->residue.identity.status = 1;
  assert_false(has_leak());
  assert_false(has_leftover());
  ended.takes_any_status = true;
  assert_true(has_leak());
  assert_true(has_leftover());
}

static bool counts_all(const void *user, const struct nomem__leak_site *site) {
  (void)user;
  return site->blocks > 0;
}

static bool counts_none(const void *user, const struct nomem__leak_site *site) {
  (void)user;
  (void)site;
  return false;
}

/* A mutex that is locked when main() has returned, however the run ended, and that the baseline does not leave so. */
static void locked_mutex(void **state) {
  (void)state;
  record_first(NOMEM_WATCH_BLOCK_TABLE, 0, 0);
  run->residue.heap.locked_mutexes = 1;
  assert_false(has_leftover()); /* main() has not returned */
  run->residue.has_returned = true;
  assert_true(has_leftover());
  assert_true(residue.has_locked_mutex);
  ended.counts = false;
  assert_false(has_leftover());
  ended.gave_up = true;
  run->residue.identity.status = 1;
  assert_true(has_leftover());
  baseline.with_block_table.heap.locked_mutexes = 1;
  assert_false(has_leftover());
  run->residue.heap.locked_mutexes = 2;
  assert_true(has_leftover());
}

/* What a function lost below a main() that returned is a leak; nothing else of such a run counts, and it is not made
 * once more for that. */
static void lost_below_main(void **state) {
  (void)state;
  record_first(NOMEM_WATCH_BLOCK_TABLE, 1, 1);
  run->residue.identity.status = 1;
  ended.counts = false;
  ended.gave_up = true;
  ended.leak_filter.counts = counts_all;
  assert_false(has_leak()); /* main() has not returned */
  run->residue.has_main_frame = true;
  assert_true(has_leak());
  assert_false(has_leftover());
  ended.leak_filter.counts = counts_none;
  assert_false(has_leak());
  ended.leak_filter.counts = counts_all;
  ended.gave_up = false;
  assert_false(has_leak());
  record_first(NOMEM_WATCH_LIVE, 1, 1);
  run->residue.live = 101;
  assert_true(needs_closer_look());
  ended.counts = false;
  ended.gave_up = true;
  assert_false(needs_closer_look());
}

/* A leak of a child counts against the same child of both baselines with a block table. */
static void leaks_of_a_child(void **state) {
  (void)state;
  record_child(NOMEM_WATCH_BLOCK_TABLE, 1, 0);
  assert_true(has_leak());
  assert_int_equal(residue.leak.pid, CHILD_PID);
  child_identity()->has_exited = false; /* it was killed, even if by its parent on purpose */
  assert_false(has_leak());
  child_identity()->has_exited = true;
  child_identity()->status = 1;
  assert_false(has_leak());
  child_identity()->status = 0;
  baseline.block_table_count = 1; /* the second baseline is not known */
  assert_false(has_leak());
  baseline.block_table_count = 2;
  baseline.block_tables[1].list[0].identity.id = 77; /* the second one has no such process */
  assert_false(has_leak());
}

/* What it inherited and its parent frees is no leak of the child's when the baseline's child has it, too. */
static void inherited_by_a_child(void **state) {
  (void)state;
  record_child(NOMEM_WATCH_BLOCK_TABLE, 1, 0);
  nomem__child_residue_free(&baseline.block_tables[1]);
  add_child(&baseline.block_tables[1], CHILD_PID, 1, 0);
  assert_false(has_leak());
}

/* A child in which nothing was failed is not looked at. */
static void child_without_a_fault(void **state) {
  (void)state;
  record_child(NOMEM_WATCH_BLOCK_TABLE, 1, 1);
  run->channel->fault_count = 0;
  assert_false(has_leak());
  assert_false(has_leftover());
  run->channel->fault_count = 1;
  run->channel->faults[0].ready = 0; /* it is being written */
  assert_false(has_leak());
}

/* Descriptors are compared by what they are open for. */
static void leftovers(void **state) {
  (void)state;
  record_first(NOMEM_WATCH_BLOCK_TABLE, 0, 1);
  assert_true(has_leftover());
  assert_string_equal(residue.leftover, "descriptor 7 is open: '/etc/passwd'");
  ended.counts = false;
  assert_false(has_leftover());
  ended.counts = true;
  baseline.descriptors = 1; /* a run without a block table had as many */
  assert_false(has_leftover());
  baseline.descriptors = 0;
  nomem__process_residue_clear(&baseline.with_block_table);
  baseline.with_block_table = record_end(RECORDED_PID, 0, 1);
  assert_false(has_leftover());
}

static void leftovers_of_a_child(void **state) {
  (void)state;
  record_child(NOMEM_WATCH_BLOCK_TABLE, 0, 1);
  assert_true(has_leftover());
  assert_string_equal(residue.leftover,
                      "descriptor 7 is open: '/etc/passwd', in another process of the run: 'program'");
  nomem__child_residue_free(&baseline.block_tables[0]);
  add_child(&baseline.block_tables[0], CHILD_PID, 0, 1);
  assert_false(has_leftover());
}

/* What the injector saw misused in a run with a block table, more often than in the baseline. */
static void misuse(void **state) {
  (void)state;
  record_first(NOMEM_WATCH_BLOCK_TABLE, 0, 0);
  compute();
  assert_null(residue.misuse);
  run->channel->misuse_count = 2;
  run->channel->misuses[0].ready = run->channel->misuses[1].ready = 1;
  compute();
  assert_ptr_equal(residue.misuse, &run->channel->misuses[0]);
  baseline.misuse_count = 1; /* the first one is the program's own */
  compute();
  assert_ptr_equal(residue.misuse, &run->channel->misuses[1]);
  run->channel->misuses[1].ready = 0; /* it is being written */
  compute();
  assert_null(residue.misuse);
  baseline.misuse_count = 2;
  compute();
  assert_null(residue.misuse);
  baseline.misuse_count = 0;
  run->channel->watch = NOMEM_WATCH_LIVE; /* no block table: what stands there is of another run */
  compute();
  assert_null(residue.misuse);
  run->channel->watch = NOMEM_WATCH_BLOCK_TABLE;
  baseline.misuse_count = NOMEM_MISUSES;
  run->channel->misuse_count = NOMEM_MISUSES + 1;
  compute();
  assert_null(residue.misuse);
}

/* What was found at a process's end counts however that process ended, unless the baseline has it. */
static void late_misuse(void **state) {
  (void)state;
  record_first(NOMEM_WATCH_BLOCK_TABLE, 0, 0);
  run->residue.heap.has_misuse = true;
  run->residue.identity.status = 1;
  ended.counts = false;
  compute();
  assert_ptr_equal(residue.late_misuse, &run->residue);
  baseline.with_block_table.heap.has_misuse = true;
  compute();
  assert_null(residue.late_misuse);
}

static void late_misuse_in_a_child(void **state) {
  (void)state;
  record_child(NOMEM_WATCH_BLOCK_TABLE, 0, 0);
  run->child_residue.list[0].heap.has_misuse = true;
  compute();
  assert_ptr_equal(residue.late_misuse, &run->child_residue.list[0]);
  baseline.block_tables[1].list[0].heap.has_misuse = true;
  compute();
  assert_null(residue.late_misuse);
}

static void descriptions(void **state) {
  char text[NOMEM__RESIDUE_TEXT_BYTES];
  (void)state;
  record_first(NOMEM_WATCH_BLOCK_TABLE, 1, 0);
  compute();
  nomem__residue_describe_leak(&residue, text, sizeof text);
  assert_string_equal(text, "10 bytes in 1 block");
  nomem__residue_describe_misuse(&residue, text, sizeof text);
  assert_string_equal(text, "");
  record_child(NOMEM_WATCH_BLOCK_TABLE, 2, 0);
  compute();
  nomem__residue_describe_leak(&residue, text, sizeof text);
  assert_string_equal(text, "20 bytes in 2 blocks, in another process of the run: 'program'");
  run->channel->misuse_count = 1;
  run->channel->misuses[0] = (struct nomem_misuse){.kind = NOMEM_MISUSE_WRITTEN, .pid = RECORDED_PID, .ready = 1};
  compute();
  nomem__residue_describe_misuse(&residue, text, sizeof text);
  assert_non_null(strstr(text, ", which was here"));
  run->channel->misuse_count = 0;
  run->child_residue.list[0].heap.has_misuse = true;
  run->child_residue.list[0].heap.misuse.kind = NOMEM_MISUSE_OVERRUN;
  compute();
  nomem__residue_describe_misuse(&residue, text, sizeof text);
  assert_non_null(strstr(text, "it was allocated here, in another process of the run: 'program'"));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(other_blocks),
      TEST(unknown_ends),
      TEST(unknown_baseline),
      TEST(only_once),
      TEST(first_gave_up),
      TEST(descriptors_of_one_that_gave_up),
      TEST(more_open),
      TEST(most_of_baselines),
      TEST(sanitizer_without_count),
      TEST(child_has_more_open),
      TEST(child_of_one_that_gave_up),
      TEST(files),
      TEST(leaks),
      TEST(leaks_of_one_that_gave_up),
      TEST(lost_below_main),
      TEST(locked_mutex),
      TEST(leaks_of_a_child),
      TEST(inherited_by_a_child),
      TEST(child_without_a_fault),
      TEST(leftovers),
      TEST(leftovers_of_a_child),
      TEST(misuse),
      TEST(late_misuse),
      TEST(late_misuse_in_a_child),
      TEST(descriptions),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
