/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "case_process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../program_kinds.h"
#include "../campaign/coverage.h"
#include "../campaign/journal.h"
#include "../report/document.h"
#include "../run/surroundings.h"
#include "../text/complain.h"
#include "../text/error_text.h"
#include "../text/json_text.h"
#include "../text/memory.h"
#include "../text/quote.h"
#include "../text/words.h"
#include "case_orders.h"
#include "exploration.h"
#include "inherited.h"
#include "recorded_input.h"
#include "shared_symbols.h"
#include "variables.h"

/* By its exit status the process says why the case was not explored: this and a number of enum nomem__left_out. */
#define EXIT_LEFT_OUT 64
/* By which a test says that it was skipped. */
#define SKIP_CODE 77
/* So much of what the process has to say is read. */
#define MESSAGE_BYTES 65536

static void interrupt(void *user) {
  nomem__campaign_cancel_runs(user);
}

static enum nomem__left_out find_obstacle(const struct nomem__campaign *campaign) {
  int status = campaign->baseline_status;
  if (campaign->session->interrupted_by != 0) return NOMEM_LEFT_OUT_INTERRUPTED;
  if (campaign->allocates_nothing) return NOMEM_LEFT_OUT_NOTHING_ALLOCATED;
  bool is_skipped = WIFEXITED(status) && WEXITSTATUS(status) == SKIP_CODE;
  if (is_skipped) return NOMEM_LEFT_OUT_SKIPPED;
  return status != 0 || campaign->baseline_has_timed_out ? NOMEM_LEFT_OUT_NOT_ALONE : NOMEM_LEFT_OUT_UNFIT;
}

/* What it was found to do before that is no less true. */
static void put_loss(json_t *document) {
  json_object_set_new(document, "complete", json_false());
  json_array_append_new(json_object_get(document, "warnings"),
                        json_string("what it needs was gone before all its runs were made, so only crashes count"));
}

/* What a case's process shares with the command. */
struct files {
  int document, orders; /* the latter -1: it takes no turns */
  const char *called;   /* NULL, or what the runner calls the case, by which its file is not found */
};

/* Some programs decide by their name what to do. */
static void put_called(json_t *document, const char *called, const char *path) {
  char quoted[NOMEM_QUOTE_BYTES], file[NOMEM_QUOTE_BYTES];
  char *warning = nomem__format("the runner calls it %s, by which its file is not found: it was explored as %s",
                                nomem__quote(called, quoted, sizeof quoted),
                                nomem__quote(nomem__base_name(path), file, sizeof file));
  json_array_append_new(json_object_get(document, "warnings"), json_string(warning));
  free(warning);
}

static int write_document(const struct nomem__campaign *campaign, const struct files *files) {
  json_t *document = nomem__document_make(campaign, true);
  if (document == NULL) return -EILSEQ;
  if (campaign->has_lost_surroundings) put_loss(document);
  if (files->called != NULL) put_called(document, files->called, campaign->session->options->program[0]);
  nomem__shared_symbols_put(document, campaign);
  int result = nomem__json_write(document, files->document);
  json_decref(document);
  return result;
}

/* Whether nothing is left to report of a case whose surroundings were lost: what was seen then may be due to that. */
static bool is_lost(const struct nomem__campaign *campaign) {
  for (size_t i = 0; i < campaign->findings.count; i++)
    if (!campaign->findings.list[i].is_flaky) return false;
  if (campaign->has_lost_surroundings)
    nomem__complain("after the runs with a fault it does not pass without one any more, so they show nothing");
  return campaign->has_lost_surroundings;
}

/* What names a place in the sources begins in the suite's folder. */
static enum nomem__left_out explore(struct nomem__campaign *campaign, struct nomem__exclusions *rules,
                                    const struct nomem__case_setup *setup, const struct files *files) {
  campaign->started_ns = files->orders >= 0 ? uv_hrtime() : 0; /* of the budget, the runs without a fault are part */
  if (nomem__exploration_prepare(campaign) != 0) return find_obstacle(campaign);
  int result =
      files->orders >= 0 ? nomem__case_follow_orders(campaign, files->orders) : nomem__exploration_make_runs(campaign);
  if (chdir(setup->folder) != 0) return NOMEM_LEFT_OUT_UNFIT;
  if (nomem__exploration_conclude(campaign, rules) != 0) result = -EILSEQ;
  if (is_lost(campaign))
    return campaign->session->interrupted_by != 0 ? NOMEM_LEFT_OUT_INTERRUPTED : NOMEM_LEFT_OUT_NOT_ALONE;
  bool has_findings = campaign->findings.count > 0;
  /* Of one that takes turns, others may have had all that it could show. */
  bool is_alone = files->orders < 0 || nomem__coverage_of(campaign).untried[NOMEM_UNTRIED_UNREACHED] > 0;
  if (!has_findings && is_alone && nomem__exploration_was_in_vain(campaign)) return find_obstacle(campaign);
  if (write_document(campaign, files) != 0) return NOMEM_LEFT_OUT_UNFIT;
  return result == 0 || has_findings ? NOMEM_LEFT_OUT_NO : NOMEM_LEFT_OUT_UNFIT;
}

static enum nomem__left_out explore_case(const struct nomem__case_setup *setup, const struct nomem__options *options,
                                         const struct nomem__case_request *request, const struct files *files) {
  struct nomem__session *session = nomem__calloc(1, sizeof *session);
  const struct nomem__session_shared shared = {
      .symbols = setup->symbols, .board = request->board, .lone_lock = setup->lone_lock, .processors = request->share};
  struct nomem__exclusions rules = {0};
  if (nomem__session_open_shared(session, options, &shared) != 0) return NOMEM_LEFT_OUT_UNFIT;
  bool is_watched = options->leaks != NOMEM_LEAKS_OFF && session->setup.trace;
  struct nomem__campaign *campaign = nomem__campaign_new(session, is_watched ? NOMEM_WATCH_LIVE : NOMEM_WATCH_NONE);
  session->on_interrupt = interrupt;
  session->user = campaign;
  enum nomem__left_out left_out = NOMEM_LEFT_OUT_UNFIT;
  if (nomem__exclusions_open(&rules, options) == 0) left_out = explore(campaign, &rules, setup, files);
  nomem__journal_close(campaign);
  nomem__campaign_free(campaign);
  nomem__exclusions_close(&rules);
  nomem__session_close(session);
  free(session);
  return left_out;
}

static bool is_same_file(const char *one, const char *other) {
  struct stat status, its;
  return stat(one, &status) == 0 && stat(other, &its) == 0 && status.st_dev == its.st_dev &&
         status.st_ino == its.st_ino;
}

/* Whether the first program of this name in the folders of PATH is the file. */
static bool leads_to(const char *name, char *const *variables, const char *path) {
  static const char prefix[] = "PATH=";
  while (*variables != NULL && strncmp(*variables, prefix, strlen(prefix)) != 0) variables++;
  if (*variables == NULL || name[0] == '\0') return false;
  for (const char *folder = *variables + strlen(prefix);; folder++) {
    size_t length = strcspn(folder, ":");
    char *called = length > 0 ? nomem__format("%.*s/%s", (int)length, folder, name) : nomem__strdup(name);
    bool is_first = access(called, X_OK) == 0, is_it = is_first && is_same_file(called, path);
    free(called);
    folder += length;
    if (is_first || *folder == '\0') return is_it;
  }
}

/* The name by which the program was called, where that leads to its file: it may depend on it. */
static void choose_path(char **words, const char *path, char *const *variables) {
  bool has_folder = strchr(words[0], '/') != NULL;
  if (has_folder ? is_same_file(words[0], path) : leads_to(words[0], variables, path)) return;
  words[0] = nomem__strdup(path);
}

/* Files that the command line names lie where the suite is. NULL stays NULL. */
static const char *make_absolute(const char *path, const char *folder) {
  return path == NULL || *path == '/' ? path : nomem__format("%s/%s", folder, path);
}

/* NULL: the last part of the name is that of the file. */
static const char *find_lost_name(const struct nomem__recorded_image *image, const char *path) {
  const char *called = nomem__base_name(image->words);
  return strcmp(called, nomem__base_name(path)) == 0 ? NULL : called;
}

/* In memory of its own: a stack is no place for it. input: the file with a copy of what the case reads; NULL: none. */
static const struct nomem__options *make_options(const struct nomem__case_setup *setup,
                                                 const struct nomem__case_request *request, char *const *now,
                                                 const char *input) {
  const struct nomem__recorded_image *image = request->suite_case->image;
  struct nomem__options *options = nomem__malloc(sizeof *options);
  *options = *setup->options;
  options->command = NOMEM_COMMAND_EXPLORE;
  options->program = nomem__split_words(image->words, image->word_bytes);
  choose_path(options->program, image->path, now);
  options->stdin_path = image->input == NOMEM_INPUT_FILE ? image->input_path : input;
  options->is_stdin_copied = input != NULL;
  options->folder = strcmp(image->folder, setup->folder) == 0 ? NULL : image->folder;
  options->variables = nomem__environment_difference(now, environ);
  options->variant = request->suite_case->variant;
  options->jobs = setup->options->jobs != 0 ? request->share : 0;
  options->budget_ms = request->budget_ms;
  options->timeout_ms = 0; /* it is the runner's */
  options->is_in_place = request->is_in_place;
  options->store = setup->store;
  options->is_suites = true;
  options->no_store = setup->store == NULL;
  options->baseline = make_absolute(options->baseline, setup->folder);
  for (size_t i = 0; i < options->suppress_count; i++)
    options->suppress[i] = make_absolute(options->suppress[i], setup->folder);
  options->verbose = false;
  options->quiet = true;
  memset(options->reports, 0, sizeof options->reports);
  return options;
}

static bool is_gone(const struct nomem__recorded_image *image) {
  if (chdir(image->folder) != 0) {
    nomem__complain("its folder is not there any more");
    return true;
  }
  if (access(image->path, X_OK) == 0) return false;
  nomem__complain("its file is not there any more");
  return true;
}

/* Returns false when the case could not have the input that it had in the suite. */
static bool write_input(const struct nomem__recorded_image *image, const struct nomem__case_setup *setup,
                        char **input) {
  if (image->input != NOMEM_INPUT_COPIED) return true;
  *input = nomem__input_write(image->input_text, setup->inputs);
  if (*input == NULL) nomem__complain("cannot write a copy of its standard input: %s", nomem__error_text(errno));
  return *input != NULL;
}

static void become_quiet(const struct nomem__case_process *process) {
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null >= 0) dup2(null, STDIN_FILENO);
  if (null >= 0) dup2(null, STDOUT_FILENO);
  dup2(process->message_fd, STDERR_FILENO);
}

/* The symbols that are shared may have files open under the same numbers, so they are read anew, still in the suite's
 * folder: source paths begin there. */
static bool take_inherited(const struct nomem__case_request *request, struct nomem__case_setup *setup,
                           struct files *files) {
  int *own[] = {&files->document, &files->orders, &setup->lone_lock};
  if (request->inherited == 0) return true;
  int result =
      nomem__inherited_place(request->inherited, request->numbers, request->copies, own, sizeof own / sizeof *own);
  if (result != 0) nomem__complain("cannot give it the descriptors of its runner: %s", nomem__error_text(-result));
  setup->symbols = nomem__symbols_open();
  return result == 0;
}

static _Noreturn void become_case(const struct nomem__case_process *process, const struct nomem__case_setup *setup,
                                  const struct nomem__case_request *request, pid_t parent, int orders) {
  const struct nomem__recorded_image *image = request->suite_case->image;
  struct nomem__case_setup own = *setup;
  struct files files = {.document = process->document_fd, .orders = orders};
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid() != parent) _exit(EXIT_LEFT_OUT + NOMEM_LEFT_OUT_INTERRUPTED);
  become_quiet(process);
  sigprocmask(SIG_SETMASK, &setup->signals, NULL);
  setrlimit(RLIMIT_NOFILE, &setup->descriptors);
  if (!take_inherited(request, &own, &files)) _exit(EXIT_LEFT_OUT + NOMEM_LEFT_OUT_UNFIT);
  if (is_gone(image)) _exit(EXIT_LEFT_OUT + NOMEM_LEFT_OUT_GONE);
  char **now = nomem__variables_apply(environ, image->variables, image->variable_bytes);
  char *input = NULL;
  if (!write_input(image, &own, &input)) _exit(EXIT_LEFT_OUT + NOMEM_LEFT_OUT_UNFIT);
  const struct nomem__options *options = make_options(&own, request, now, input);
  files.called = find_lost_name(image, options->program[0]);
  environ = now;
  enum nomem__left_out left_out = explore_case(&own, options, request, &files);
  _exit(left_out == NOMEM_LEFT_OUT_NO ? 0 : EXIT_LEFT_OUT + (int)left_out);
}

static void close_files(struct nomem__case_process *process) {
  if (process->document_fd >= 0) close(process->document_fd);
  if (process->message_fd >= 0) close(process->message_fd);
  if (process->order_fd >= 0) close(process->order_fd);
  *process = (struct nomem__case_process){.document_fd = -1, .message_fd = -1, .order_fd = -1};
}

static int open_files(struct nomem__case_process *process, bool takes_turns, int *orders) {
  int ends[2] = {-1, -1};
  *process = (struct nomem__case_process){.document_fd = memfd_create("nomem-document", MFD_CLOEXEC),
                                          .message_fd = memfd_create("nomem-messages", MFD_CLOEXEC),
                                          .order_fd = -1};
  if (process->document_fd < 0 || process->message_fd < 0) return -errno;
  if (takes_turns && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return -errno;
  process->order_fd = ends[0];
  *orders = ends[1];
  return 0;
}

int nomem__case_start(struct nomem__case_process *process, const struct nomem__case_setup *setup,
                      const struct nomem__case_request *request) {
  int orders = -1, result = open_files(process, request->takes_turns, &orders);
  pid_t parent = getpid();
  fflush(NULL); /* what is not written yet would be written twice */
  pid_t pid = result == 0 ? fork() : -1;
  if (pid == 0) become_case(process, setup, request, parent, orders);
  if (result == 0 && pid < 0) result = -errno;
  if (orders >= 0) close(orders);
  process->pid = result == 0 ? pid : 0;
  process->has_passed = request->suite_case->image->status == 0;
  process->was_seen = request->suite_case->image->has_ended;
  process->is_in_place = request->is_in_place;
  if (result != 0) close_files(process);
  return result;
}

/* The caller's; "": it has said nothing. */
static char *read_messages(int fd) {
  char *text = nomem__calloc(MESSAGE_BYTES + 1, 1);
  ssize_t got = pread(fd, text, MESSAGE_BYTES, 0);
  text[got > 0 ? got : 0] = '\0';
  return text;
}

/* The last message without its "nomem: ": the one that ended it. */
static char *find_reason(char *messages) {
  static const char prefix[] = "nomem: ";
  size_t length = strlen(messages);
  while (length > 0 && messages[length - 1] == '\n') messages[--length] = '\0';
  char *line = strrchr(messages, '\n');
  line = line != NULL ? line + 1 : messages;
  if (strncmp(line, prefix, sizeof prefix - 1) == 0) line += sizeof prefix - 1;
  return nomem__strdup(*line != '\0' ? line : "it could not be explored");
}

/* What ends without a fault otherwise than it did in the suite is for nobody to mend. */
static void cut_advice(char *reason) {
  static const char *const advice[] = {": mend that first", ": give it less to do, or more time with --timeout"};
  for (size_t i = 0; i < sizeof advice / sizeof *advice; i++) {
    char *found = strstr(reason, advice[i]);
    size_t length = strlen(advice[i]);
    if (found != NULL) memmove(found, found + length, strlen(found + length) + 1);
  }
}

/* A test of a program that failed may be the one that fails. */
static void describe_alone(struct nomem__case_result *result, const struct nomem__case_process *process) {
  char *reason = result->reason;
  cut_advice(reason);
  if (!process->has_passed) {
    result->left_out = NOMEM_LEFT_OUT_FAILED;
    return;
  }
  result->reason =
      nomem__format(process->is_in_place
                        ? "it passed where the runner started it, but neither alone nor when it was run there again: %s"
                        : "it passed where the runner started it, but not alone: %s",
                    reason);
  free(reason);
}

void nomem__case_finish(struct nomem__case_process *process, int status, struct nomem__case_result *result) {
  char *messages = read_messages(process->message_fd);
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  *result = (struct nomem__case_result){.left_out = NOMEM_LEFT_OUT_NO};
  if (code == 0) result->document = nomem__json_read(process->document_fd);
  bool is_left_out = code > EXIT_LEFT_OUT && code < EXIT_LEFT_OUT + NOMEM_LEFT_OUT_COUNT;
  result->has_broken = !is_left_out && result->document == NULL;
  if (is_left_out)
    result->left_out = (enum nomem__left_out)(code - EXIT_LEFT_OUT);
  else if (result->document == NULL)
    result->left_out = NOMEM_LEFT_OUT_UNFIT;
  if (result->left_out == NOMEM_LEFT_OUT_NOTHING_ALLOCATED)
    result->reason = nomem__strdup("it allocates nothing that is under test");
  else if (result->left_out == NOMEM_LEFT_OUT_INTERRUPTED)
    result->reason = nomem__strdup("it was interrupted");
  else if (WIFSIGNALED(status))
    result->reason = nomem__format("the process that explored it was killed by signal %d", WTERMSIG(status));
  else if (result->left_out != NOMEM_LEFT_OUT_NO)
    result->reason = find_reason(messages);
  /* One that says only when it is alone that it was skipped misses something. */
  if (result->left_out == NOMEM_LEFT_OUT_SKIPPED && process->has_passed && process->was_seen)
    result->left_out = NOMEM_LEFT_OUT_NOT_ALONE;
  if (result->left_out == NOMEM_LEFT_OUT_NOT_ALONE) describe_alone(result, process);
  free(messages);
  close_files(process);
}
