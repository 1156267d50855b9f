#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "identity.h"
#include "quote.h"
#include "session.h"
#include "store_findings.h"

/* Room for a gdb command with paths in it. */
#define COMMAND_BYTES ((size_t)2 * PATH_MAX)
#define ID_HASH_LEAST 4

/* What the campaign was explored with; strings are owned. */
struct circumstances {
  char *directory, *stdin_path, *image;
  uint64_t timeout_ms;
  bool aslr, no_trace;
};

static const char *store_path(const struct nomem__options *options) {
  const char *environment = getenv(NOMEM_STORE_ENV);
  if (options->store != NULL) return options->store;
  return environment != NULL && *environment != '\0' ? environment : NOMEM_STORE_PATH;
}

static void list(const struct nomem__stored_findings *findings) {
  for (size_t i = 0; i < findings->count; i++) {
    const struct nomem__stored_finding *finding = &findings->list[i];
    if (i == 0 || finding->campaign != finding[-1].campaign) {
      nomem__print_safe(stdout, finding->command_text);
      puts(":");
    }
    printf("%4zu  %s  ", (size_t)finding->number, finding->id);
    nomem__print_safe(stdout, finding->message);
    puts(finding->is_flaky ? " (flaky)" : "");
  }
  if (findings->count == 0) puts("no findings");
}

/* Whether word is the beginning of an id, or of the digits in it. */
static bool is_named(const struct nomem__stored_finding *finding, const char *word) {
  const char *digits = strchr(finding->id, '-');
  size_t length = strlen(word);
  if (strcmp(finding->id, word) == 0) return true;
  return length >= ID_HASH_LEAST && (strncmp(finding->id, word, length) == 0 ||
                                     (digits != NULL && strncmp(digits + 1, word, length) == 0));
}

/* The finding that word names: a number in the report that was made last, or an id. NULL, after a line: not one. */
static const struct nomem__stored_finding *choose(const struct nomem__stored_findings *findings, const char *word) {
  const struct nomem__stored_finding *chosen = NULL;
  char *end, quoted[NOMEM_QUOTE_BYTES];
  unsigned long long number = strtoull(word, &end, 10);
  bool is_number = *word >= '0' && *word <= '9' && *end == '\0' && strlen(word) < ID_HASH_LEAST;
  nomem__quote(word, quoted, sizeof quoted);
  for (size_t i = 0; i < findings->count; i++) {
    const struct nomem__stored_finding *finding = &findings->list[i];
    bool is_it = is_number ? finding->number == number && finding->campaign == findings->list[0].campaign
                           : is_named(finding, word);
    if (is_it && chosen != NULL && strcmp(finding->id, word) != 0 && strcmp(chosen->id, word) != 0) {
      nomem__complain("replay: %s is more than one finding: give more of the id ('nomem replay' lists them)", quoted);
      return NULL;
    }
    if (is_it && (chosen == NULL || (strcmp(finding->id, word) == 0 && strcmp(chosen->id, word) != 0)))
      chosen = finding;
  }
  if (chosen == NULL)
    nomem__complain("replay: no finding %s: give its number in the report, or its id ('nomem replay' lists them)",
                    quoted);
  return chosen;
}

static int read_circumstances(struct nomem__store *store, int64_t campaign, struct circumstances *found) {
  sqlite3_stmt *row = nomem__store_prepare(
      store, "SELECT directory,stdin_path,image_globs,timeout_ms,aslr,no_trace FROM campaigns WHERE id=?", "i",
      campaign);
  int result = nomem__store_step(store, row, NULL) ? 0 : -EIO;
  if (result == 0) {
    found->directory = strdup(nomem__store_text(row, 0));
    found->stdin_path = sqlite3_column_type(row, 1) == SQLITE_NULL ? NULL : strdup(nomem__store_text(row, 1));
    found->image = strdup(nomem__store_text(row, 2));
    found->timeout_ms = (uint64_t)sqlite3_column_int64(row, 3);
    found->aslr = sqlite3_column_int(row, 4) != 0;
    found->no_trace = sqlite3_column_int(row, 5) != 0;
    if (found->directory == NULL || found->image == NULL) result = -ENOMEM;
  }
  sqlite3_finalize(row);
  return result;
}

/* A command of gdb's with the texts in it quoted as gdb and the shell under it want them. */
__attribute__((format(printf, 2, 3)))
static int print_gdb(char command[COMMAND_BYTES], const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(command, COMMAND_BYTES, format, arguments);
  va_end(arguments);
  return length >= 0 && (size_t)length < COMMAND_BYTES ? 0 : -ENAMETOOLONG;
}

/* Becomes gdb. The injector is preloaded into the program only, by env, which gdb starts it with. */
static int debug(const struct nomem__options *options, const struct nomem__target *target, const char *preload) {
  char wrapper[COMMAND_BYTES], run[COMMAND_BYTES];
  const char *input = options->stdin_path != NULL ? options->stdin_path : "/dev/null";
  if (strchr(input, '\'') != NULL || strchr(preload, '\'') != NULL ||
      print_gdb(wrapper, "set exec-wrapper env 'LD_PRELOAD=%s' 'NOMEM_PLAN=%s'", preload, options->plan_text) != 0 ||
      print_gdb(run, "run < '%s'", input) != 0) {
    nomem__complain("replay: gdb cannot be given these paths: use names without quotes");
    return NOMEM_EXIT_FAILED;
  }
  char *head[] = {"gdb", "-q", "-ex", "set breakpoint pending on", "-ex", "break nomem_fault", "-ex", wrapper, "-ex",
                  run, "--args", (char *)target->path};
  size_t words = 0, head_count = sizeof head / sizeof *head;
  while (options->program[words] != NULL) words++;
  char **argv = calloc(head_count + words, sizeof *argv);
  if (argv == NULL) return NOMEM_EXIT_FAILED;
  memcpy(argv, head, sizeof head);
  memcpy(argv + head_count, options->program + 1, words * sizeof *argv); /* its NULL included */
  execvp("gdb", argv);
  nomem__complain("replay: cannot start gdb: %s", errno == ENOENT ? "install it first" : strerror(errno));
  free(argv);
  return NOMEM_EXIT_FAILED;
}

static int start_debugger(const struct nomem__options *options) {
  struct nomem__target target;
  char reason[NOMEM_TARGET_REASON_BYTES], preload[PATH_MAX];
  if (nomem__target_check(options->program[0], &target, reason, sizeof reason) != 0) {
    nomem__complain("%s", reason);
    return NOMEM_EXIT_FAILED;
  }
  if (target.is_script) {
    nomem__complain("replay: --gdb is for a program, and this is a script: explore the program that it starts");
    return NOMEM_EXIT_FAILED;
  }
  if (nomem__preload_find(preload, sizeof preload) != 0) {
    nomem__complain("libnomem-preload.so is not beside the command: run 'make' or 'make install' again");
    return NOMEM_EXIT_FAILED;
  }
  return debug(options, &target, preload);
}

static void enter_directory(const char *directory) {
  char here[PATH_MAX], quoted[NOMEM_QUOTE_BYTES];
  if (getcwd(here, sizeof here) != NULL && strcmp(here, directory) == 0) return;
  nomem__quote(directory, quoted, sizeof quoted);
  if (chdir(directory) == 0)
    nomem__complain("in %s, where it was explored", quoted);
  else
    nomem__complain("in this folder: that of the exploration, %s, is not here", quoted);
}

static int replay(const struct nomem__options *options, const struct nomem__stored_finding *finding,
                  const struct circumstances *found) {
  char **words = nomem__split_words(finding->command, finding->command_bytes);
  struct nomem__options run = *options;
  int status = NOMEM_EXIT_FAILED;
  run.command = NOMEM_COMMAND_RUN;
  run.plan_text = finding->plan;
  run.program = words;
  run.stdin_path = found->stdin_path;
  run.image = found->image;
  run.aslr = found->aslr;
  run.no_trace = found->no_trace;
  run.timeout_ms = finding->needs_timeout ? found->timeout_ms : 0;
  if (words != NULL && words[0] != NULL && nomem_plan_parse(finding->plan, &run.plan, NULL) == 0) {
    enter_directory(found->directory);
    if (!options->quiet) nomem__complain("%s: %s", finding->id, finding->plan);
    status = options->gdb ? start_debugger(&run) : nomem__run(&run);
  }
  free(words);
  return status;
}

int nomem__replay(const struct nomem__options *options) {
  struct nomem__store store;
  struct nomem__stored_findings findings = {0};
  struct circumstances found = {0};
  int status = NOMEM_EXIT_FAILED;
  if (nomem__store_open(&store, store_path(options), NOMEM_STORE_READ, false) != 0) return status;
  int result = nomem__stored_findings_read(&findings, &store);
  const struct nomem__stored_finding *finding =
      result == 0 && options->operand_count > 0 ? choose(&findings, options->operands[0]) : NULL;
  if (finding != NULL) result = read_circumstances(&store, finding->campaign, &found);
  nomem__store_close(&store);
  if (result == 0 && options->operand_count == 0) {
    list(&findings);
    status = NOMEM_EXIT_CLEAN;
  } else if (result == 0 && finding != NULL) {
    status = replay(options, finding, &found);
  }
  nomem__stored_findings_free(&findings);
  free(found.directory);
  free(found.stdin_path);
  free(found.image);
  return status;
}
