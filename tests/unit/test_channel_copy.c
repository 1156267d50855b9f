/* SPDX-License-Identifier: MIT */
/* What is taken over of the pages that a run shares with the command, whatever the program has written there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../faults/explore/run/channel_copy.h"
#include "fixtures/empty_channel.h"

static struct nomem_channel *pages, *copy;

static void enter_module(uint32_t number, const char *path) {
  struct nomem_module *module = &pages->modules[number];
  module->path_hash = number + 1;
  strcpy(module->path, path);
  module->ready = 1;
  pages->module_count++;
}

static void enter_fault(uint32_t number) {
  bool is_late = number >= NOMEM_FAULTS;
  struct nomem_fault *fault =
      is_late ? &pages->last_faults[(number - NOMEM_FAULTS) % NOMEM_LAST_FAULTS] : &pages->faults[number];
  *fault = (struct nomem_fault){
      .fn = NOMEM_FN_CALLOC, .pid = 7, .tid = 8, .size_bytes = 10, .nth = 3, .site = 11, .occurrence = 1, .depth = 2};
  fault->frame[0] = NOMEM_FRAME(2, 0x10);
  fault->frame[1] = NOMEM_FRAME(1, 0x20);
  fault->ready = 1;
  pages->fault_count++;
}

/* A run with two modules, one program, two faults, and one of everything else. */
static int set_up(void **state) {
  (void)state;
  pages = make_channel();
  copy = nomem__channel_copy_new();
  if (pages == NULL || copy == NULL) return -1;
  copy->magic = NOMEM_CHANNEL_MAGIC;
  copy->watch = NOMEM_WATCH_BLOCK_TABLE;
  copy->fork.engine = NOMEM_ENGINE_EXEC;
  strcpy(copy->plan, "site=1111111111111111@1");
  nomem__channel_copy_tell(copy, pages);
  nomem__channel_copy_begin(copy, pages);
  enter_module(0, "/bin/program");
  enter_module(1, "/lib/library.so");
  pages->images[0] = (struct nomem_image){.pid = 7, .injected = 1, .path = "/bin/program"};
  pages->images[0].ready = 1;
  pages->image_count = 1;
  enter_fault(0);
  enter_fault(1);
  pages->misuses[0] = (struct nomem_misuse){.kind = NOMEM_MISUSE_OVERRUN, .pid = 7, .call_depth = 1};
  pages->misuses[0].call[0] = NOMEM_FRAME(1, 0x30);
  pages->misuses[0].ready = 1;
  pages->misuse_count = 1;
  pages->recoveries[0] = (struct nomem_recovery){.depth = 1, .frame = {NOMEM_FRAME(2, 0x40)}};
  pages->recoveries[0].key = 12;
  pages->recovery_count = 1;
  pages->screening.first.pid = 7;
  pages->child_reports[0].pid = 9;
  pages->child_report_count = 1;
  pages->counts[0].calls[NOMEM_FN_CALLOC] = 5;
  pages->counts_used = 1;
  pages->sites[0] = (struct nomem_site){.fn = NOMEM_FN_CALLOC, .depth = 1, .frame = {NOMEM_FRAME(1, 0x50)}};
  pages->sites[0].key = 13;
  pages->site_count = 1;
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  free_channel(pages);
  nomem__channel_copy_free(copy);
  return 0;
}

static bool copy_all(void) {
  bool is_whole = nomem__channel_copy_report(copy, pages);
  return nomem__channel_copy_sites(copy, pages) && is_whole;
}

/* What the injector writes is copied as it is, also when it is read twice. */
static void whole(void **state) {
  (void)state;
  assert_true(copy_all());
  assert_true(copy_all());
  assert_int_equal(copy->fault_count, 2);
  assert_memory_equal(&copy->faults[1], &pages->faults[1], sizeof copy->faults[1]);
  assert_string_equal(copy->modules[1].path, "/lib/library.so");
  assert_string_equal(copy->images[0].path, "/bin/program");
  assert_int_equal(copy->misuses[0].kind, NOMEM_MISUSE_OVERRUN);
  assert_int_equal(copy->recoveries[0].key, 12);
  assert_int_equal(copy->screening.first.pid, 7);
  assert_int_equal(copy->child_reports[0].pid, 9);
  assert_int_equal(nomem__channel_calls(copy), 5);
  assert_int_equal(copy->sites[0].key, 13);
}

static void enter_hostile(enum nomem_fn fn, uint32_t ways) {
  pages->fault_count = 0;
  memset(pages->faults, 0, sizeof pages->faults);
  pages->hostile_calls = 3;
  pages->hostile_call = (struct nomem_fault){.fn = fn, .pid = 7, .tid = 8, .nth = 4, .hostile = ways, .depth = 1};
  pages->hostile_call.frame[0] = NOMEM_FRAME(1, 0x20);
  pages->hostile_call.ready = 1;
}

/* Where no call was failed, the first that was served in a hostile way stands for a fault, however often it is read. */
static void hostile(void **state) {
  (void)state;
  enter_hostile((enum nomem_fn)NOMEM_FN_COUNT, NOMEM_HOSTILE_FREED);
  for (int i = 0; i < 2; i++) {
    assert_true(copy_all());
    assert_int_equal(copy->fault_count, 1);
    assert_int_equal(copy->hostile_calls, 3);
    assert_int_equal(copy->faults[0].nth, 4);
    assert_int_equal(copy->faults[0].hostile, NOMEM_HOSTILE_FREED);
  }
  enter_fault(0);
  assert_true(copy_all());
  assert_int_equal(copy->faults[0].nth, 3);
  assert_int_equal(copy->faults[0].hostile, 0);
}

/* No way at all, one that there is not, no such function, and a fault that was served. */
static void damaged_hostile(void **state) {
  (void)state;
  enter_hostile(NOMEM_FN_MALLOC, 0);
  assert_false(copy_all());
  assert_int_equal(copy->fault_count, 0);
  enter_hostile(NOMEM_FN_MALLOC, NOMEM_HOSTILE_ALL + 1);
  assert_false(copy_all());
  enter_hostile((enum nomem_fn)(NOMEM_FN_COUNT + 1), NOMEM_HOSTILE_FRESH);
  assert_false(copy_all());
  assert_int_equal(copy->fault_count, 0);
  enter_hostile(NOMEM_FN_MALLOC, NOMEM_HOSTILE_FRESH);
  enter_fault(0);
  pages->faults[0].hostile = NOMEM_HOSTILE_FRESH;
  assert_false(copy_all());
  assert_int_equal(copy->faults[0].ready, 0);
}

/* What a thread was killed at is no damage: a fault, a module, a program and a site that are not complete yet. */
static void incomplete(void **state) {
  (void)state;
  pages->faults[1].ready = 0;
  pages->modules[1].ready = 2;
  memset(pages->modules[1].path, 'x', sizeof pages->modules[1].path);
  pages->images[0].ready = 0;
  pages->sites[1].fn = NOMEM_FN_COUNT;
  pages->site_count = 2;
  assert_true(copy_all());
  assert_int_equal(copy->fault_count, 2);
  assert_int_equal(copy->faults[0].ready, 1);
  assert_int_equal(copy->faults[1].depth, 0);
  assert_string_equal(copy->modules[1].path, "");
  assert_string_equal(copy->images[0].path, "");
  assert_int_equal(copy->sites[1].fn, 0);
}

/* A text of the program's ends, whatever it wrote there; one that is not complete yet is none. */
static void said_wrong(void **state) {
  (void)state;
  pages->wrong.count = 2;
  memset(pages->wrong.text, 'x', sizeof pages->wrong.text);
  assert_true(copy_all());
  assert_int_equal(copy->wrong.count, 2);
  assert_string_equal(copy->wrong.text, "");
  pages->wrong.ready = 1;
  assert_true(copy_all());
  assert_int_equal(strlen(copy->wrong.text), NOMEM_WRONG_BYTES - 1);
}

/* Of a program that has written over the pages nothing is taken for what its test says. */
static void said_nothing(void **state) {
  (void)state;
  pages->wrong.count = pages->wrong.ready = 1;
  pages->misuse_count = 1;
  pages->misuses[0].ready = 1;
  pages->misuses[0].kind = NOMEM_MISUSE_KINDS;
  assert_false(copy_all());
  assert_int_equal(copy->wrong.count, 0);
}

/* More than there is room for has been counted. */
static void full(void **state) {
  (void)state;
  for (uint32_t i = 2; i < NOMEM_KNOWN_FAULTS; i++) enter_fault(i);
  pages->last_faults[1].size_bytes = 99;
  pages->fault_count = NOMEM_KNOWN_FAULTS + 2; /* the last but one and the last took the place of others */
  assert_true(copy_all());
  assert_int_equal(nomem__channel_fault(copy, NOMEM_KNOWN_FAULTS - 1)->size_bytes, 99);
  assert_memory_equal(copy->last_faults, pages->last_faults, sizeof copy->last_faults);
  pages->fault_count = 1000000;
  pages->image_count = 1;
  pages->recovery_count = NOMEM_RECOVERIES + 5;
  pages->misuse_count = 100;
  pages->child_report_count = 100000;
  pages->counts_used = 100000;
  assert_true(copy_all());
  assert_int_equal(copy->fault_count, 1000000);
  assert_int_equal(copy->faults[NOMEM_FAULTS - 1].ready, 1);
  assert_int_equal(copy->last_faults[NOMEM_LAST_FAULTS - 1].ready, 1);
  assert_int_equal(copy->recovery_count, NOMEM_RECOVERIES + 5);
  assert_int_equal(copy->misuse_count, NOMEM_MISUSES);
  assert_int_equal(copy->child_report_count, NOMEM_CHILD_REPORTS);
}

/* What a program may write, and what must be left of it. */
static void damage_function(void) {
  pages->faults[0].fn = NOMEM_FN_COUNT;
}
static void damage_depth(void) {
  pages->faults[0].depth = NOMEM_DEPTH + 1;
}
static void damage_frame(void) {
  pages->faults[0].frame[1] = NOMEM_FRAME(3, 0x20);
}
static void damage_ready(void) {
  pages->faults[0].ready = 2;
}
static void damage_process(void) {
  pages->faults[0].pid = -1;
}
static bool lacks_first_fault(void) {
  return copy->faults[0].ready == 0 && copy->faults[0].depth == 0 && copy->faults[1].ready == 1;
}

/* The second of two that came after all that have room in the first place is damaged, and so is one that never came. */
static void damage_last_faults(void) {
  for (uint32_t i = 2; i < NOMEM_FAULTS + 2; i++) enter_fault(i);
  pages->last_faults[1].depth = NOMEM_DEPTH + 1;
  pages->last_faults[2].ready = 1;
}
static bool lacks_last_faults(void) {
  return copy->last_faults[0].ready == 1 && copy->last_faults[1].depth == 0 && copy->last_faults[2].ready == 0;
}

static void damage_function_and_count(void) {
  pages->faults[0].fn = UINT32_MAX;
  pages->fault_count = UINT32_MAX;
}

static void damage_fault_count(void) {
  pages->fault_count = 0;
}
static bool has_no_fault(void) {
  return copy->fault_count == 0 && copy->faults[0].ready == 0;
}

static void damage_all_counts(void) {
  pages->fault_count = pages->recovery_count = pages->site_count = UINT32_MAX;
}
static bool has_possible_counts(void) {
  return copy->fault_count <= INT32_MAX + 1u && copy->recovery_count == NOMEM_RECOVERIES &&
         copy->site_count == NOMEM_SITES;
}

static void damage_module_path(void) {
  memset(pages->modules[1].path, 'x', sizeof pages->modules[1].path);
}
static bool has_one_module(void) {
  return copy->module_count == 1 && copy->faults[0].ready == 0; /* whose frame is in the other one */
}

static void damage_image_path(void) {
  memset(pages->images[0].path, 'x', sizeof pages->images[0].path);
}
static bool has_no_image_path(void) {
  return copy->images[0].path[0] == '\0';
}

static void damage_misuse_kind(void) {
  pages->misuses[0].kind = NOMEM_MISUSE_KINDS;
}
static void damage_misuse_depth(void) {
  pages->misuses[0].freed_depth = UINT32_MAX;
}
static bool has_no_misuse(void) {
  return copy->misuses[0].ready == 0 && copy->misuses[0].kind == 0 && copy->misuses[0].freed_depth == 0;
}

static void damage_recovery(void) {
  pages->recoveries[0].depth = 33;
}
static bool has_no_recovery(void) {
  return copy->recoveries[0].key == 0;
}

static void damage_site_function(void) {
  pages->sites[0].fn = UINT32_MAX;
}
static void damage_site_frame(void) {
  pages->sites[0].frame[0] = UINT64_MAX;
}
static bool has_no_site(void) {
  return copy->sites[0].key == 0 && copy->sites[0].depth == 0;
}

static void damage_told(void) {
  pages->check_leaks = 1;
  pages->watch = UINT32_MAX;
  memset(pages->plan, 'x', sizeof pages->plan);
}
static void damage_engine(void) {
  pages->fork.engine = UINT32_MAX;
}
static void damage_turn(void) {
  pages->fork.turn++;
}
static bool is_told_the_same(void) {
  return copy->check_leaks == 0 && copy->watch == NOMEM_WATCH_BLOCK_TABLE && copy->fork.engine == NOMEM_ENGINE_EXEC &&
         strcmp(copy->plan, "site=1111111111111111@1") == 0;
}

static void damaged(void **state) {
  static const struct {
    const char *what;
    void (*damage)(void);
    bool (*is_left)(void);
  } cases[] = {
      {"a function that is none", damage_function, lacks_first_fault},
      {"a function that is none, and the number of faults", damage_function_and_count, lacks_first_fault},
      {"a stack that is too deep", damage_depth, lacks_first_fault},
      {"a frame in no module", damage_frame, lacks_first_fault},
      {"a state that is none", damage_ready, lacks_first_fault},
      {"a process that is none", damage_process, lacks_first_fault},
      {"one of the last faults", damage_last_faults, lacks_last_faults},
      {"fewer faults than there are", damage_fault_count, has_no_fault},
      {"impossible counts", damage_all_counts, has_possible_counts},
      {"the path of a module without an end", damage_module_path, has_one_module},
      {"the path of a program without an end", damage_image_path, has_no_image_path},
      {"a misuse that is none", damage_misuse_kind, has_no_misuse},
      {"a misuse with a stack that is too deep", damage_misuse_depth, has_no_misuse},
      {"a recovery with a stack that is too deep", damage_recovery, has_no_recovery},
      {"a site of a function that is none", damage_site_function, has_no_site},
      {"a site in no module", damage_site_frame, has_no_site},
      {"what the command has told the program", damage_told, is_told_the_same},
      {"how the command has started it", damage_engine, is_told_the_same},
      {"whose turn it is", damage_turn, is_told_the_same},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    cases[i].damage();
    bool is_whole = copy_all();
    if (is_whole || !cases[i].is_left()) fail_msg("%s: %s", cases[i].what, is_whole ? "not noticed" : "copied");
    tear_down(state);
    assert_int_equal(set_up(state), 0);
  }
}

/* What was whole once stays: modules and programs do not change while a process is forked for runs. */
static void changed(void **state) {
  (void)state;
  assert_true(copy_all());
  strcpy(pages->modules[0].path, "/bin/other");
  strcpy(pages->images[0].path, "/bin/other");
  assert_false(copy_all());
  assert_string_equal(copy->modules[0].path, "/bin/program");
  assert_string_equal(copy->images[0].path, "/bin/program");
  pages->modules[0].path_hash = 0;
  pages->image_count = 0;
  assert_false(copy_all());
  assert_int_equal(copy->module_count, 2);
  assert_int_equal(copy->image_count, 1);
}

/* The next run begins with nothing of this one. */
static void begun_anew(void **state) {
  (void)state;
  assert_true(copy_all());
  free_channel(pages);
  pages = make_channel();
  assert_non_null(pages);
  nomem__channel_copy_tell(copy, pages);
  nomem__channel_copy_begin(copy, pages);
  assert_true(copy_all());
  assert_int_equal(copy->fault_count, 0);
  assert_int_equal(copy->faults[0].ready, 0);
  assert_int_equal(copy->faults[1].ready, 0);
  assert_int_equal(copy->module_count, 0);
  assert_int_equal(copy->site_count, 0);
  assert_int_equal(copy->sites[0].key, 0);
}

static void check_frames(const nomem_frame *frames, uint32_t depth) {
  assert_in_range(depth, 0, NOMEM_DEPTH);
  for (uint32_t i = 0; i < depth; i++) assert_in_range(NOMEM_FRAME_MODULE(frames[i]), 0, copy->module_count);
}

static void check_bounds(void) {
  assert_in_range(copy->module_count, 0, NOMEM_MODULES);
  assert_in_range(copy->image_count, 0, NOMEM_IMAGES);
  for (uint32_t i = 0; i < copy->module_count; i++)
    assert_non_null(memchr(copy->modules[i].path, '\0', NOMEM_PATH_BYTES));
  for (uint32_t i = 0; i < copy->image_count; i++)
    assert_non_null(memchr(copy->images[i].path, '\0', NOMEM_PATH_BYTES));
  for (uint32_t i = 0; i < NOMEM_FAULTS; i++) {
    assert_in_range(copy->faults[i].fn, 0, NOMEM_FN_COUNT - 1);
    check_frames(copy->faults[i].frame, copy->faults[i].depth);
  }
  for (uint32_t i = 0; i < copy->misuse_count; i++) {
    assert_in_range(copy->misuses[i].kind, 0, NOMEM_MISUSE_KINDS - 1);
    check_frames(copy->misuses[i].call, copy->misuses[i].call_depth);
    check_frames(copy->misuses[i].block, copy->misuses[i].block_depth);
    check_frames(copy->misuses[i].freed, copy->misuses[i].freed_depth);
  }
  for (uint32_t i = 0; i < copy->recovery_count && i < NOMEM_RECOVERIES; i++)
    check_frames(copy->recoveries[i].frame, copy->recoveries[i].depth);
  assert_in_range(copy->site_count, 0, NOMEM_SITES);
  for (uint32_t i = 0; i < copy->site_count; i++) check_frames(copy->sites[i].frame, copy->sites[i].depth);
}

/* Anything at all in the pages keeps within the bounds of the copy. */
static void scribbled(void **state) {
  uint64_t random = 1;
  for (int round = 0; round < 300; round++) {
    for (int i = 0; i < 40; i++) {
      random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
      size_t reach = i % 4 == 0 ? offsetof(struct nomem_channel, sites) + 4096 : offsetof(struct nomem_channel, images);
      size_t at = (size_t)(random >> 20) % reach / 4 * 4;
      uint32_t value = i % 3 == 0 ? (uint32_t)(random >> 60) : (uint32_t)(random >> 32);
      memcpy((char *)pages + at, &value, sizeof value);
    }
    pages->site_count = pages->site_count % 64u; /* so that it takes no longer than necessary */
    copy_all();
    check_bounds();
    tear_down(state);
    assert_int_equal(set_up(state), 0);
  }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(whole),     TEST(incomplete), TEST(said_wrong),      TEST(said_nothing),
      TEST(full),      TEST(damaged),    TEST(changed),         TEST(begun_anew),
      TEST(scribbled), TEST(hostile),    TEST(damaged_hostile),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
