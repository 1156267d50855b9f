/* SPDX-License-Identifier: MIT */
/* What a run writes to files counts in its campaign: docs/evidence.md, "Files". */
#include "fixtures/recorded_run.h"

#include <sys/wait.h>
#include <unistd.h>

#include "../../faults/explore/campaign/file_check.h"
#include "../../faults/explore/campaign/results.h"
#include "../../faults/explore/process/syscall_effects.h"

#define EXITED(status) W_EXITCODE(status, 0)

const struct recorded_function recorded_functions[] = {
    {.name = "parse", .module = "/lib/libdemo.so.1", .file = "src/parse.c"}, {0}};

static struct nomem__options options;
static struct nomem__session session;
static struct nomem__campaign *campaign;
static struct recorded_run *run;
static struct nomem__output_capture capture;

/* A run in which a call was failed and that ended as its baseline. */
static int set_up(void **state) {
  (void)state;
  options = (struct nomem__options){.leaks = NOMEM_LEAKS_HANDLED};
  session = (struct nomem__session){.options = &options};
  campaign = nomem__campaign_new(&session, NOMEM_WATCH_LIVE);
  run = record_run();
  run->channel->watch = NOMEM_WATCH_LIVE;
  record_fault(run, STACK("parse:7"));
  if (nomem__output_capture_open(&capture) != 0) return -1;
  run->outcome.output = nomem__output_capture_read(&capture, NOMEM_OUTPUT);
  run->outcome.error = nomem__output_capture_read(&capture, NOMEM_ERROR);
  nomem__baseline_output_set(&campaign->baseline_output, &run->outcome.output, &run->outcome.error);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  nomem__campaign_free(campaign);
  discard_run(run);
  nomem__output_capture_close(&capture);
  return 0;
}

static enum nomem__verdict judge(void) {
  struct nomem__result result;
  nomem__results_judge(campaign, &run->outcome, false, &result);
  return result.verdict;
}

/* What the run has in a file called out; NULL: it has none. */
static struct nomem__written_files written(const char *text) {
  struct nomem__written_files files = {.is_known = true, .list = calloc(1, sizeof *files.list), .count = text != NULL};
  if (text != NULL)
    files.list[0] = (struct nomem__written_file){.path = strdup("/t/out"),
                                                 .type = S_IFREG,
                                                 .bytes = strlen(text),
                                                 .hash = (unsigned char)text[0],
                                                 .extent = NOMEM_READ_ALL,
                                                 .text = strdup(text)};
  return files;
}

static enum nomem__verdict judge_with_file(const char *text) {
  struct nomem__written_files files = written(text);
  run->outcome.files = &files;
  enum nomem__verdict verdict = judge();
  run->outcome.files = NULL;
  nomem__written_files_free(&files);
  return verdict;
}

/* What was written to a file counts as output does; and as nothing at all where nothing else is written, and the
 * arguments name the file. */
static void swallowed_files(void **state) {
  (void)state;
  static char *argv[] = {(char *)"program", (char *)"out", NULL};
  for (int i = 0; i < 2; i++) {
    struct nomem__written_files files = written("a\n");
    nomem__baseline_files_add(&campaign->baseline_files, &files);
  }
  assert_int_equal(judge_with_file("a\n"), NOMEM_VERDICT_HANDLED);
  assert_int_equal(judge_with_file("b\n"), NOMEM_VERDICT_SWALLOWED);
  assert_int_equal(judge_with_file("error\n"), NOMEM_VERDICT_HANDLED);
  assert_int_equal(judge_with_file(NULL), NOMEM_VERDICT_SWALLOWED);
  session.setup.argv = argv;
  assert_int_equal(judge_with_file(NULL), NOMEM_VERDICT_MUTE);
  assert_int_equal(judge_with_file("b\n"), NOMEM_VERDICT_SWALLOWED);
  run->outcome.end.root_status = EXITED(1);
  assert_int_equal(judge_with_file(NULL), NOMEM_VERDICT_REPORTED);
  run->outcome.end.root_status = EXITED(0);
  assert_int_equal(write(capture.fd[NOMEM_ERROR], "a\n", 2), 2);
  run->outcome.error = nomem__output_capture_read(&capture, NOMEM_ERROR);
  assert_int_equal(judge_with_file(NULL), NOMEM_VERDICT_HANDLED);
}

/* Only of a program that writes files it is said that they are not compared. */
static void note(void **state) {
  char text[NOMEM__FILES_NOTE_BYTES];
  (void)state;
  nomem__file_check_note(campaign, text, sizeof text);
  assert_string_equal(text, "");
  campaign->effects = NOMEM_EFFECT_UNKNOWN;
  nomem__file_check_note(campaign, text, sizeof text);
  assert_string_equal(text, "what the program may write to files is not compared: its runs are not isolated");
  campaign->effects |= NOMEM_EFFECT_FILES;
  nomem__file_check_note(campaign, text, sizeof text);
  assert_string_equal(text, "what the program writes to files is not compared: its runs are not isolated");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {TEST(swallowed_files), TEST(note)};
  return cmocka_run_group_tests_name("file check", tests, NULL, NULL);
}
