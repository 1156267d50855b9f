/* SPDX-License-Identifier: MIT */
/* What a run wrote to files counts as what it writes to standard output does: what differs without a fault is left out,
 * and a failure that it mentions is none that it hides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../faults/explore/run/file_compare.h"

#define FILES_MAX 4

struct file {
  const char *path; /* NULL: there is none */
  const char *text; /* NULL: it is no text, or too long; then the next two count */
  uint64_t bytes, hash;
  mode_t type;    /* 0: a regular file */
  bool was_there; /* before the run */
  bool is_removed, is_unread, is_read_in_part;
  size_t old_bytes;
};

/* What a run wrote, in the order of the paths. */
#define RUN(...) ((const struct file[FILES_MAX + 1]){__VA_ARGS__})
#define NOTHING RUN({0})
#define OUT(content) RUN({.path = "/t/out", .text = content})

static uint64_t hash_of(const char *text) {
  uint64_t hash = 7;
  for (; *text != '\0'; text++) hash = hash * 31 + (unsigned char)*text;
  return hash;
}

static struct nomem__written_files written(const struct file *files) {
  struct nomem__written_files made = {.is_known = true, .list = calloc(FILES_MAX + 1, sizeof *made.list)};
  for (; files[made.count].path != NULL; made.count++) {
    const struct file *file = &files[made.count];
    bool has_text = file->text != NULL;
    made.list[made.count] = (struct nomem__written_file){.path = strdup(file->path),
                                                         .type = file->is_removed  ? 0
                                                                 : file->type != 0 ? file->type
                                                                                   : S_IFREG,
                                                         .was_there = file->was_there || file->is_removed,
                                                         .bytes = has_text ? strlen(file->text) : file->bytes,
                                                         .hash = has_text ? hash_of(file->text) : file->hash,
                                                         .extent = file->is_unread         ? NOMEM_READ_NOTHING
                                                                   : file->is_read_in_part ? NOMEM_READ_ENDS
                                                                                           : NOMEM_READ_ALL,
                                                         .text = has_text ? strdup(file->text) : NULL,
                                                         .old_bytes = file->old_bytes};
  }
  return made;
}

static struct nomem__baseline_files baseline;
static struct nomem__written_files run;
static struct nomem__file_difference difference;

static int tear_down(void **state) {
  (void)state;
  nomem__baseline_files_free(&baseline);
  nomem__written_files_free(&run);
  return 0;
}

static void learn(const struct file *files) {
  struct nomem__written_files one = written(files);
  nomem__baseline_files_add(&baseline, &one);
  assert_int_equal(one.count, 0);
}

static void begin(const struct file *one, const struct file *two) {
  tear_down(NULL);
  learn(one);
  learn(two);
}

static enum nomem__file_change change_of(const struct file *files) {
  nomem__written_files_free(&run);
  run = written(files);
  difference = nomem__baseline_files_compare(&baseline, &run);
  return difference.change;
}

/* How a run differs from two without a fault. */
static enum nomem__file_change change(const struct file *one, const struct file *two, const struct file *files) {
  begin(one, two);
  return change_of(files);
}

static void shows(const char *wanted) {
  char text[1024];
  nomem__file_difference_describe(&difference, text, sizeof text);
  assert_string_equal(text, wanted);
}

static void missing_and_empty(void **state) {
  (void)state;
  const struct file *out = OUT("one\ntwo\n");
  assert_int_equal(change(out, out, out), NOMEM_FILE_SAME);
  assert_int_equal(change(out, out, NOTHING), NOMEM_FILE_MISSING);
  shows("a file is missing, which is there without the fault: '/t/out'");
  assert_int_equal(change(out, out, OUT("")), NOMEM_FILE_EMPTY);
  shows("file '/t/out' is empty, without the fault it has 8 bytes");
  assert_int_equal(change(OUT(""), out, OUT("")), NOMEM_FILE_SAME);
  assert_int_equal(change(NOTHING, out, NOTHING), NOMEM_FILE_SAME);
  assert_int_equal(change(out, NOTHING, NOTHING), NOMEM_FILE_SAME);
  assert_int_equal(change(NOTHING, NOTHING, out), NOMEM_FILE_SAME); /* a leftover */
}

static void lines(void **state) {
  (void)state;
  const struct file *out = OUT("one\ntwo\nthree\n");
  assert_int_equal(change(out, out, OUT("one\nthree\n")), NOMEM_FILE_LACKS);
  shows("file '/t/out' lacks line 2 of what it is without the fault, 'two'");
  assert_int_equal(change(out, out, OUT("one\ntwo\nthree\nfour\n")), NOMEM_FILE_ADDS);
  shows("line 4 of file '/t/out' is 'four', which is not there without the fault");
  assert_int_equal(change(out, out, OUT("two\none\nthree\n")), NOMEM_FILE_REORDERED);
  assert_int_equal(change(out, out, OUT("one\ntwo\nthree")), NOMEM_FILE_LENGTH);
  shows("file '/t/out' has 13 bytes, without the fault 14");
}

/* Beside a line that varies, all else is compared; a time may vary though it did not. */
static void varying_lines(void **state) {
  (void)state;
  const struct file *one = OUT("pid 17\nname: one\n"), *two = OUT("pid 1031\nname: one\n");
  assert_int_equal(change(one, two, OUT("pid 5\nname: one\n")), NOMEM_FILE_SAME);
  assert_int_equal(change(one, two, OUT("pid 5\n")), NOMEM_FILE_LACKS);
  shows("file '/t/out' lacks line 2 of what it is without the fault, 'name: one'");
  assert_int_equal(change(one, two, OUT("pid 5\nname: \n")), NOMEM_FILE_LACKS);
  const struct file *at = OUT("at 14:50:01\n");
  assert_int_equal(change(at, at, OUT("at 14:50:02\n")), NOMEM_FILE_SAME);
  assert_int_equal(change(at, at, OUT("in 14:50:02\n")), NOMEM_FILE_LACKS);
}

/* A later run without a fault may show that a line varies. */
static void more_baselines(void **state) {
  (void)state;
  const struct file *out = OUT("a\nday: Monday\n");
  assert_int_equal(change(out, out, OUT("a\nday: Tuesday\n")), NOMEM_FILE_LACKS);
  learn(OUT("a\nday: Sunday\n"));
  assert_int_equal(change_of(OUT("a\nday: Tuesday\n")), NOMEM_FILE_SAME);
  assert_int_equal(change_of(OUT("day: Tuesday\n")), NOMEM_FILE_LACKS);
  learn(NOTHING);
  assert_int_equal(change_of(NOTHING), NOMEM_FILE_SAME);
  learn(out); /* one too many */
  assert_int_equal(change_of(NOTHING), NOMEM_FILE_SAME);
}

#define DATA(size, number) RUN({.path = "/t/out", .bytes = size, .hash = number})

/* What is no text is compared as a whole; where it varies, by its length, if that does not. */
static void binary_files(void **state) {
  (void)state;
  assert_int_equal(change(DATA(10, 1), DATA(10, 1), DATA(10, 1)), NOMEM_FILE_SAME);
  assert_int_equal(change(DATA(10, 1), DATA(10, 1), DATA(10, 2)), NOMEM_FILE_CONTENT);
  shows("a file has other content than without the fault: '/t/out'");
  assert_int_equal(change(DATA(10, 1), DATA(10, 1), DATA(9, 2)), NOMEM_FILE_LENGTH);
  assert_int_equal(change(DATA(10, 1), DATA(10, 2), DATA(10, 3)), NOMEM_FILE_SAME);
  assert_int_equal(change(DATA(10, 1), DATA(10, 2), DATA(9, 3)), NOMEM_FILE_LENGTH);
  assert_int_equal(change(DATA(10, 1), DATA(11, 2), DATA(9, 3)), NOMEM_FILE_SAME);
  assert_int_equal(change(DATA(10, 1), DATA(11, 2), DATA(0, 0)), NOMEM_FILE_EMPTY);
  assert_int_equal(change(DATA(10, 1), DATA(11, 2), NOTHING), NOMEM_FILE_MISSING);
}

/* Of what was not read only the length is known. */
static void unread_files(void **state) {
  (void)state;
  const struct file *unread = RUN({.path = "/t/out", .bytes = 10, .is_unread = true});
  const struct file *in_part = RUN({.path = "/t/out", .bytes = 10, .hash = 1, .is_read_in_part = true});
  assert_int_equal(change(unread, unread, unread), NOMEM_FILE_SAME);
  assert_int_equal(change(DATA(10, 1), DATA(10, 1), unread), NOMEM_FILE_SAME);
  assert_int_equal(change(unread, unread, DATA(10, 2)), NOMEM_FILE_SAME);
  assert_int_equal(change(unread, unread, DATA(9, 2)), NOMEM_FILE_LENGTH);
  assert_int_equal(change(in_part, in_part, in_part), NOMEM_FILE_SAME);
  assert_int_equal(change(in_part, in_part, RUN({.path = "/t/out", .bytes = 10, .hash = 2, .is_read_in_part = true})),
                   NOMEM_FILE_CONTENT);
  assert_int_equal(change(in_part, in_part, DATA(10, 2)), NOMEM_FILE_SAME);
}

static void other_kinds(void **state) {
  (void)state;
  const struct file *out = OUT("a\n"), *folder = RUN({.path = "/t/out", .type = S_IFDIR});
  const struct file *link = RUN({.path = "/t/out", .text = "v2", .type = S_IFLNK}),
                    *fifo = RUN({.path = "/t/out", .type = S_IFIFO});
  assert_int_equal(change(out, out, folder), NOMEM_FILE_KIND);
  shows("'/t/out' is a folder, without the fault it is a file");
  assert_int_equal(change(fifo, fifo, fifo), NOMEM_FILE_SAME);
  assert_int_equal(change(fifo, fifo, NOTHING), NOMEM_FILE_MISSING);
  shows("a FIFO is missing, which is there without the fault: '/t/out'");
  assert_int_equal(change(link, link, RUN({.path = "/t/out", .text = "v1", .type = S_IFLNK})), NOMEM_FILE_CONTENT);
  assert_int_equal(change(link, RUN({.path = "/t/out", .text = "v1", .type = S_IFLNK}),
                          RUN({.path = "/t/out", .text = "v3", .type = S_IFLNK})),
                   NOMEM_FILE_SAME);
  assert_int_equal(change(out, fifo, NOTHING), NOMEM_FILE_SAME);
  /* A file is shown rather than the folder that it should be in. */
  const struct file *both = RUN({.path = "/t/a", .type = S_IFDIR}, {.path = "/t/a/out", .text = "a\n"});
  assert_int_equal(change(both, both, NOTHING), NOMEM_FILE_MISSING);
  shows("a file is missing, which is there without the fault: '/t/a/out'");
}

/* Files that were there before the run. */
static void earlier_files(void **state) {
  (void)state;
  const struct file *changed = RUN({.path = "/t/out", .text = "old\nnew\n", .was_there = true});
  const struct file *removed = RUN({.path = "/t/out", .is_removed = true});
  assert_int_equal(change(changed, changed, NOTHING), NOMEM_FILE_UNCHANGED);
  shows("'/t/out' is as it was before, which is changed without the fault");
  assert_int_equal(change(changed, changed, RUN({.path = "/t/out", .text = "old\n", .was_there = true})),
                   NOMEM_FILE_LACKS);
  assert_int_equal(change(changed, changed, removed), NOMEM_FILE_MISSING);
  assert_int_equal(change(removed, removed, removed), NOMEM_FILE_SAME);
  assert_int_equal(change(removed, removed, NOTHING), NOMEM_FILE_LEFT);
  shows("'/t/out' is still there, which is removed without the fault");
  assert_int_equal(change(NOTHING, NOTHING, changed), NOMEM_FILE_CHANGED);
  shows("'/t/out' is changed, which is as it was before without the fault");
  assert_int_equal(change(NOTHING, NOTHING, removed), NOMEM_FILE_REMOVED);
  assert_int_equal(change(NOTHING, changed, removed), NOMEM_FILE_SAME);
}

/* Names that differ from run to run. */
static void varying_names(void **state) {
  (void)state;
  const struct file *one = RUN({.path = "/t/x-AbCdEf", .text = "a\nb\n"}),
                    *two = RUN({.path = "/t/x-GhIjKl", .text = "a\nb\n"});
  assert_int_equal(change(one, two, RUN({.path = "/t/x-MnOpQr", .text = "a\nb\n"})), NOMEM_FILE_SAME);
  assert_int_equal(change(one, two, RUN({.path = "/t/x-MnOpQr", .text = "b\n"})), NOMEM_FILE_LACKS);
  shows("file '/t/x-*' lacks line 1 of what it is without the fault, 'a'");
  assert_int_equal(change(one, two, NOTHING), NOMEM_FILE_MISSING);
  shows("a file is missing, which is there without the fault: '/t/x-*'");
  const struct file *pair = RUN({.path = "/t/r.1", .text = "a\n"}, {.path = "/t/r.2", .text = "b\n"});
  const struct file *other = RUN({.path = "/t/r.3", .text = "a\n"}, {.path = "/t/r.4", .text = "b\n"});
  assert_int_equal(change(pair, other, RUN({.path = "/t/r.5", .text = "c\n"}, {.path = "/t/r.6", .text = "d\n"})),
                   NOMEM_FILE_SAME);
  /* Where the names do not vary, they are two. */
  assert_int_equal(change(pair, pair, RUN({.path = "/t/r.1", .text = "a\n"})), NOMEM_FILE_MISSING);
}

static void by_products(void **state) {
  (void)state;
  const struct file *log = RUN({.path = "/t/a.log", .text = "begin\nend\n"});
  assert_int_equal(change(log, log, NOTHING), NOMEM_FILE_SAME);
  assert_int_equal(change(log, log, RUN({.path = "/t/a.log", .text = "begin\n"})), NOMEM_FILE_SAME);
  assert_int_equal(change(NOTHING, NOTHING, RUN({.path = "/t/a.log", .text = "x\n", .was_there = true})),
                   NOMEM_FILE_SAME);
}

static bool mentions(const struct file *one, const struct file *two, const struct file *files) {
  change(one, two, files);
  return nomem__baseline_files_mention_failure(&baseline, &run);
}

/* In a log, in the result itself, in a file of its own; but not in what was there before, nor in what is no text. */
static void mentioned(void **state) {
  (void)state;
  const struct file *log = RUN({.path = "/t/a.log", .text = "begin\nerror 3 times\n"}), *out = OUT("a\n");
  assert_true(mentions(log, log, RUN({.path = "/t/a.log", .text = "begin\nout of memory\nerror 3 times\n"})));
  assert_false(mentions(log, log, RUN({.path = "/t/a.log", .text = "begin\nerror 3 times\n"})));
  assert_false(mentions(log, log, RUN({.path = "/t/a.log", .text = "begin\n"})));
  assert_true(mentions(out, out, OUT("<error: cannot read>\n")));
  assert_false(mentions(out, out, OUT("b\n")));
  assert_true(mentions(out, out, RUN({.path = "/t/errors", .text = "no memory\n"})));
  assert_false(
      mentions(out, out, RUN({.path = "/t/errors", .text = "no memory\n", .was_there = true, .old_bytes = 10})));
  assert_true(mentions(out, out,
                       RUN({.path = "/t/errors", .text = "no memory\nfailed\n", .was_there = true, .old_bytes = 10})));
  assert_false(mentions(out, out, RUN({.path = "/t/errors", .bytes = 20, .hash = 1})));
  /* What one of the runs without a fault writes, too, is not new. */
  assert_false(mentions(out, RUN({.path = "/t/errors", .text = "no memory\n"}, {.path = "/t/out", .text = "a\n"}),
                        RUN({.path = "/t/errors", .text = "no memory\n"})));
}

static bool is_gone(const struct file *was, const struct file *is, const char *argument) {
  char *argv[] = {(char *)"program", (char *)"-v", (char *)argument, NULL};
  change(was, was, is);
  return nomem__baseline_files_are_gone(&baseline, &run, argv);
}

static void gone(void **state) {
  (void)state;
  static const char *const named[] = {"out", "./out", "t/out", "/t/out", "-oout", "--output=out", "-o=./out"};
  static const char *const others[] = {"ut", "t", "/out", "", "-", "--out", "o=", "x/out", "out/"};
  const struct file *out = OUT("a\n");
  for (size_t i = 0; i < sizeof named / sizeof *named; i++) assert_true(is_gone(out, NOTHING, named[i]));
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) assert_false(is_gone(out, NOTHING, others[i]));
  assert_true(is_gone(out, OUT(""), "out"));
  assert_false(is_gone(out, OUT("b"), "out"));
  assert_false(is_gone(OUT(""), NOTHING, "out"));
  assert_false(
      is_gone(RUN({.path = "/t/out", .text = "a\n", .was_there = true}), NOTHING, "out")); /* it is as before */
  assert_false(is_gone(RUN({.path = "/t/a/out", .text = "a\n"}, {.path = "/t/out", .text = "a\n"}),
                       RUN({.path = "/t/a/out", .text = "a\n"}), "out"));
}

static void note_is(const char *wanted) {
  char note[NOMEM__FILES_NOTE_BYTES];
  nomem__baseline_files_note(&baseline, note, sizeof note);
  assert_string_equal(note, wanted);
}

/* What is not compared is said; where it is not known what was written, nothing is. */
static void not_compared(void **state) {
  (void)state;
  begin(OUT("a\n"), OUT("a\n"));
  note_is("");
  begin(OUT("pid 1\n"), OUT("pid 2\n"));
  note_is(
      "of the 1 file that the program writes, 0 are not compared, 1 in part: what is in them varies without any fault, "
      "or is too long");
  begin(RUN({.path = "/t/a", .bytes = 5, .hash = 1}, {.path = "/t/b", .bytes = 5, .hash = 1, .is_read_in_part = true},
            {.path = "/t/c.log", .text = "a"}, {.path = "/t/d", .text = "x"}),
        RUN({.path = "/t/a", .bytes = 6, .hash = 2}, {.path = "/t/b", .bytes = 5, .hash = 1, .is_read_in_part = true},
            {.path = "/t/d", .text = "x"}));
  note_is(
      "of the 3 files that the program writes, 1 is not compared, 1 in part: what is in them varies without any fault, "
      "or is too long");
  begin(OUT("a\n"), OUT("a\n"));
  struct nomem__written_files unknown = {0};
  nomem__baseline_files_add(&baseline, &unknown);
  assert_int_equal(change_of(NOTHING), NOMEM_FILE_SAME);
  note_is(
      "the program writes too many files, or has no view of them of its own: what it writes to them is not compared");
  begin(OUT("a\n"), OUT("a\n"));
  nomem__written_files_free(&run);
  assert_int_equal(nomem__baseline_files_compare(&baseline, &run).change, NOMEM_FILE_SAME);
}

#define TEST(function) cmocka_unit_test_teardown(function, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(missing_and_empty), TEST(lines),       TEST(varying_lines), TEST(more_baselines), TEST(binary_files),
      TEST(unread_files),      TEST(other_kinds), TEST(earlier_files), TEST(varying_names),  TEST(by_products),
      TEST(mentioned),         TEST(gone),        TEST(not_compared)};
  return cmocka_run_group_tests_name("file compare", tests, NULL, NULL);
}
