/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../faults/explore/store/database.h"
#include "../../faults/explore/store/evidence.h"

/* The last byte of the version in SQLite's header. */
#define VERSION_AT 63

static char folder[] = "/tmp/nomem-store-XXXXXX";
static char path[64];

static void write_file(const char *bytes, size_t count) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, count, file), count);
  assert_int_equal(fclose(file), 0);
}

static int open_to_read(void) {
  struct nomem__store store;
  int result = nomem__store_open(&store, path, NOMEM_STORE_READ, false);
  nomem__store_close(&store);
  return result;
}

static int64_t count_campaigns(struct nomem__store *store) {
  sqlite3_stmt *row = nomem__store_prepare(store, "SELECT count(*) FROM campaigns", "");
  assert_true(nomem__store_step(store, row, NULL));
  int64_t count = sqlite3_column_int64(row, 0);
  sqlite3_finalize(row);
  return count;
}

static int add_campaign(struct nomem__store *store, const char *identity) {
  return nomem__store_do(
      store,
      "INSERT INTO campaigns(identity,directory,command,command_text,image,nomem_version,faults,"
      "image_globs,aslr,no_trace,timeout_ms,allocations,baseline_us,last_used) VALUES(?,'/',?,'','','',0,"
      "'',0,0,?,0,0,0)",
      "tbi", identity, "a\0b", (size_t)4, (int64_t)7);
}

/* What is written is there when the file is opened again, as one file. */
static void test_keeps(void **state) {
  struct nomem__store store;
  (void)state;
  assert_int_equal(open_to_read(), -ENOENT);
  assert_int_equal(nomem__store_open(&store, path, NOMEM_STORE_WRITE, false), 0);
  assert_int_equal(add_campaign(&store, "one"), 0);
  nomem__store_close(&store);
  char log[80];
  snprintf(log, sizeof log, "%s-wal", path);
  assert_int_equal(access(log, F_OK), -1);
  assert_int_equal(nomem__store_open(&store, path, NOMEM_STORE_READ, false), 0);
  assert_int_equal(count_campaigns(&store), 1);
  assert_int_equal(add_campaign(&store, "two"), -EIO);
  nomem__store_close(&store);
}

/* A change that fails half way leaves nothing. */
static void test_whole_or_not(void **state) {
  struct nomem__store store;
  (void)state;
  assert_int_equal(nomem__store_open(&store, path, NOMEM_STORE_WRITE, false), 0);
  assert_int_equal(nomem__store_begin(&store), 0);
  int result = add_campaign(&store, "one");
  if (result == 0) result = add_campaign(&store, "one");
  assert_int_equal(result, -EIO);
  assert_int_equal(nomem__store_end(&store, result), -EIO);
  assert_int_equal(count_campaigns(&store), 0);
  assert_int_equal(nomem__store_begin(&store), 0);
  assert_int_equal(nomem__store_end(&store, add_campaign(&store, "one")), 0);
  assert_int_equal(count_campaigns(&store), 1);
  nomem__store_close(&store);
}

/* A file cut anywhere in its header, or of another kind, is refused and not changed. */
static void test_refuses(void **state) {
  struct nomem__store store;
  static char whole[4096], seen[4096];
  (void)state;
  assert_int_equal(nomem__store_open(&store, path, NOMEM_STORE_WRITE, false), 0);
  nomem__store_close(&store);
  FILE *file = fopen(path, "r");
  assert_int_equal(fread(whole, 1, sizeof whole, file), sizeof whole);
  fclose(file);
  for (size_t bytes = 1; bytes <= sizeof whole; bytes = bytes * 2 + 1) {
    write_file(whole, bytes);
    assert_int_equal(nomem__store_open(&store, path, NOMEM_STORE_WRITE, false), -EINVAL);
    assert_int_equal(open_to_read(), -EINVAL);
    file = fopen(path, "r");
    assert_int_equal(fread(seen, 1, sizeof seen, file), bytes);
    fclose(file);
    assert_memory_equal(seen, whole, bytes);
  }
}

static void change_version(int change) {
  FILE *file = fopen(path, "r+");
  assert_non_null(file);
  assert_int_equal(fseek(file, VERSION_AT, SEEK_SET), 0);
  int version = fgetc(file);
  assert_int_equal(fseek(file, VERSION_AT, SEEK_SET), 0);
  fputc(version + change, file);
  assert_int_equal(fclose(file), 0);
}

/* A whole store of an older or a newer version is refused, to be read or to be written, and what is in it stays. */
static void test_other_versions(void **state) {
  struct nomem__store store;
  (void)state;
  assert_int_equal(nomem__store_open(&store, path, NOMEM_STORE_WRITE, false), 0);
  assert_int_equal(add_campaign(&store, "one"), 0);
  nomem__store_close(&store);
  for (int change = -1; change <= 1; change += 2) {
    change_version(change);
    assert_int_equal(open_to_read(), -EINVAL);
    assert_int_equal(nomem__store_open(&store, path, NOMEM_STORE_WRITE, false), -EINVAL);
    assert_null(store.db);
    change_version(-change);
    assert_int_equal(nomem__store_open(&store, path, NOMEM_STORE_READ, false), 0);
    assert_int_equal(count_campaigns(&store), 1);
    nomem__store_close(&store);
  }
}

/* An empty file is no harm: it becomes a store, but is not read as one. */
static void test_empty(void **state) {
  struct nomem__store store;
  (void)state;
  write_file("", 0);
  assert_int_equal(open_to_read(), -ENOENT);
  assert_int_equal(nomem__store_open(&store, path, NOMEM_STORE_WRITE, false), 0);
  nomem__store_close(&store);
  assert_int_equal(open_to_read(), 0);
}

/* What a finding shows is the same after it was written and read, whatever its numbers are. */
static void test_evidence(void **state) {
  struct nomem__waiter threads[] = {
      {.process = 1, .number = 1, .name = "main", .what = "waits for thread 2 to end"},
      {.process = 1, .number = 2, .what = "busy", .trace = {.depth = 1, .frame = {{"/lib/b", 9, true}}}}};
  struct nomem__finding finding = {
      .signal = 11,
      .was_caught = true,
      .address_kind = NOMEM_ADDRESS_WILD,
      .detail = "how",
      .fault_address = UINT64_MAX,
      .fn = NOMEM_FN_REALLOC,
      .size_bytes = UINT64_MAX - 1,
      .nth = 3,
      .last_words = "'\"\\n'",
      .is_ignored_by_test = true,
      .needs_return_watch = true,
      .needs_block_table = true,
      .location_hash = UINT64_MAX - 2,
      .fault = {.depth = 2, .frame = {{"/lib/a", 0xffffffffffff, true}, {"", 1, true}}},
      .blow_up = {.depth = 1, .library_frames = 1, .skipped_frames = 1, .frame = {{"/lib/a", 5, false}}},
      .block = {.depth = 1, .frame = {{"/lib/a", 6, true}}},
      .freed = {.depth = 1, .frame = {{"/lib/a", 7, true}}},
      .unchecked = {.where = {.depth = 1, .frame = {{"/lib/a", 8, true}}, .shown_function = 2}},
      .second = {.nth = 4, .stack = {.depth = 1, .frame = {{"/lib/c", 9, true}}}},
      .threads = threads,
      .thread_count = 2,
      .threads_left_out = 7,
      .shown_thread = 1};
  struct nomem__finding read = {0};
  struct nomem__strings strings = {0};
  (void)state;
  char *text = nomem__evidence_write(&finding);
  assert_non_null(text);
  assert_int_equal(nomem__evidence_read(text, &read, &strings), 0);
  assert_int_equal(read.signal, 11);
  assert_true(read.was_caught);
  assert_true(read.address_kind == NOMEM_ADDRESS_WILD && !read.needs_timeout);
  assert_string_equal(read.detail, "how");
  assert_true(read.fault_address == UINT64_MAX && read.size_bytes == UINT64_MAX - 1 && read.nth == 3);
  assert_int_equal(read.fn, NOMEM_FN_REALLOC);
  assert_string_equal(read.last_words, finding.last_words);
  assert_int_equal(read.fault.depth, 2);
  assert_string_equal(read.fault.frame[0].path, "/lib/a");
  assert_true(read.fault.frame[0].offset == 0xffffffffffff && read.fault.frame[0].is_return_address);
  assert_true(read.is_ignored_by_test && read.needs_return_watch && read.needs_block_table &&
              read.location_hash == UINT64_MAX - 2);
  assert_true(read.block.frame[0].offset == 6 && read.freed.frame[0].offset == 7);
  assert_true(read.unchecked.where.depth == 1 && read.unchecked.where.frame[0].offset == 8);
  assert_true(read.unchecked.where.shown_function == 2 && read.second.nth == 4 && read.second.stack.depth == 1);
  assert_true(read.blow_up.skipped_frames == 1);
  assert_true(read.blow_up.depth == 1 && read.blow_up.library_frames == 1 && !read.blow_up.frame[0].is_return_address);
  assert_true(read.thread_count == 2 && read.threads_left_out == 7 && read.shown_thread == 1);
  assert_string_equal(read.threads[0].name, "main");
  assert_string_equal(read.threads[0].what, "waits for thread 2 to end");
  assert_true(read.threads[1].number == 2 && read.threads[1].trace.depth == 1);
  assert_string_equal(read.threads[1].trace.frame[0].path, "/lib/b");
  free(read.threads);
  nomem__trace_free(&read.fault);
  nomem__trace_free(&read.second.stack);
  nomem__trace_free(&read.unchecked.where);
  nomem__strings_free(&strings);
  free(text);
}

/* Names are bytes, and come back as they were: a path, a thread and an output need not be UTF-8. */
static void test_evidence_of_bytes(void **state) {
  struct nomem__waiter thread = {.number = 1, .name = "\xff"};
  const struct nomem__finding finding = {
      .detail = "cut \xe2\x82",
      .fault = {.depth = 2, .frame = {{"/a\xff\n\"/b", 1, true}, {"\xc3\xa9", 2, true}}},
      .blow_up = {.depth = 1, .frame = {{"\x80", 3, true}}},
      .threads = &thread,
      .thread_count = 1};
  struct nomem__finding read = {0};
  struct nomem__strings strings = {0};
  (void)state;
  char *text = nomem__evidence_write(&finding);
  assert_non_null(text);
  assert_int_equal(nomem__evidence_read(text, &read, &strings), 0);
  assert_string_equal(read.detail, finding.detail);
  assert_string_equal(read.fault.frame[0].path, finding.fault.frame[0].path);
  assert_string_equal(read.fault.frame[1].path, finding.fault.frame[1].path);
  assert_string_equal(read.blow_up.frame[0].path, finding.blow_up.frame[0].path);
  assert_string_equal(read.threads[0].name, thread.name);
  free(read.threads);
  nomem__trace_free(&read.fault);
  /* What stands in place of a text and is none is refused. */
  char *hex = strstr(text, "e282");
  assert_non_null(hex);
  *hex = 'x';
  read = (struct nomem__finding){0};
  assert_int_equal(nomem__evidence_read(text, &read, &strings), -EINVAL);
  nomem__strings_free(&strings);
  free(text);
}

/* What is not such a text is refused, wherever it is cut, and so are numbers that name nothing. */
static void test_bad_evidence(void **state) {
  struct nomem__waiter thread = {.number = 1};
  const struct nomem__finding good = {
      .fault = {.depth = 1, .frame = {{"a", 1, true}}}, .threads = &thread, .thread_count = 1};
  struct nomem__finding bad[] = {good, good, good, good}, read = {0};
  struct nomem__strings strings = {0};
  (void)state;
  char *text = nomem__evidence_write(&good);
  assert_int_equal(nomem__evidence_read(text, &read, &strings), 0);
  nomem__trace_free(&read.fault);
  free(read.threads);
  for (size_t bytes = strlen(text); bytes-- > 0;) {
    text[bytes] = '\0';
    read = (struct nomem__finding){0};
    assert_int_equal(nomem__evidence_read(text, &read, &strings), -EINVAL);
  }
  free(text);
  text = nomem__evidence_write(&good);
  char *name = strstr(text, "is_ignored_by_test");
  assert_non_null(name);
  name[0] = 'x';
  assert_int_equal(nomem__evidence_read(text, &read, &strings), -EINVAL);
  free(text);
  bad[0].fn = (enum nomem_fn)99;
  bad[1].address_kind = NOMEM_ADDRESS_COUNT;
  bad[2].shown_thread = 1;
  bad[3].blow_up.library_frames = 1;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    text = nomem__evidence_write(&bad[i]);
    read = (struct nomem__finding){0};
    assert_int_equal(nomem__evidence_read(text, &read, &strings), -EINVAL);
    assert_null(read.threads);
    free(text);
  }
  nomem__strings_free(&strings);
}

static int set_up(void **state) {
  (void)state;
  if (mkdtemp(folder) == NULL) return -1;
  snprintf(path, sizeof path, "%s/store.db", folder);
  return 0;
}

static int remove_store(void **state) {
  char log[80];
  (void)state;
  /* SQLite leaves those of a damaged file. */
  snprintf(log, sizeof log, "%s-wal", path);
  unlink(log);
  snprintf(log, sizeof log, "%s-shm", path);
  unlink(log);
  return unlink(path) == 0 || errno == ENOENT ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  return rmdir(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(test_keeps, remove_store),
      cmocka_unit_test_teardown(test_whole_or_not, remove_store),
      cmocka_unit_test_teardown(test_refuses, remove_store),
      cmocka_unit_test_teardown(test_other_versions, remove_store),
      cmocka_unit_test_teardown(test_empty, remove_store),
      cmocka_unit_test(test_evidence_of_bytes),
      cmocka_unit_test(test_evidence),
      cmocka_unit_test(test_bad_evidence),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
