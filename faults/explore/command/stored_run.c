/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "stored_run.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../campaign/fingerprint.h"
#include "../options/options_table.h"
#include "../run/session.h"
#include "../run/surroundings.h"
#include "../store/stored_findings.h"
#include "../store/stored_reports.h"
#include "../text/complain.h"
#include "../text/grow.h"
#include "../text/json_values.h"
#include "../text/memory.h"
#include "../text/printable.h"
#include "../text/quote.h"
#include "../text/words.h"

/* So many digits of an id name a finding; fewer are its number in the report. */
#define ID_HASH_LEAST 4

/* The report that was made last, if it is a suite's: then numbers are those of its findings, of whichever test. NULL:
 * it is a program's, or there is none. */
static json_t *load_suite(struct nomem__store *store) {
  static const char suite[] = "suite-";
  struct nomem__stored_reports reports = {0};
  json_t *document = NULL;
  if (nomem__stored_reports_read(&reports, store) == 0 && reports.count > 0 &&
      strncmp(reports.list[0].identity, suite, strlen(suite)) == 0)
    document = nomem__stored_report_load(store, &reports.list[0]);
  nomem__stored_reports_free(&reports);
  return document;
}

/* What names the finding of a suite's report: the word in the line that debugs it. The caller's; NULL: there is no
 * such finding. */
static char *name_in_suite(const json_t *suite, uint64_t number) {
  static const char debugger[] = "nomem replay --gdb ";
  const json_t *finding = json_array_get(json_object_get(suite, "findings"), (size_t)number - 1);
  const char *name = strstr(nomem__json_string(finding, "debug"), debugger);
  return name != NULL ? nomem__strndup(name + strlen(debugger), strcspn(name + strlen(debugger), " ")) : NULL;
}

static void print_suite(const json_t *suite) {
  const json_t *findings = json_object_get(suite, "findings"), *words = json_object_get(suite, "command");
  for (size_t i = 0; i < json_array_size(words); i++)
    printf("%s%s", i > 0 ? " " : "", json_string_value(json_array_get(words, i)));
  puts(":");
  for (size_t i = 0; i < json_array_size(findings); i++) {
    const json_t *finding = json_array_get(findings, i);
    char *name = name_in_suite(suite, i + 1);
    printf("%4zu  %s  %s%s\n", i + 1, name != NULL ? name : "", nomem__json_string(finding, "message"),
           json_is_true(json_object_get(finding, "flaky")) ? " (flaky)" : "");
    free(name);
  }
  puts("\nof each test:");
}

/* Where a suite's report was made last, its findings have the numbers. */
static void print_list(const struct nomem__stored_findings *findings, const json_t *suite) {
  if (suite != NULL) print_suite(suite);
  for (size_t i = 0; i < findings->count; i++) {
    const struct nomem__stored_finding *finding = &findings->list[i];
    if (i == 0 || finding->campaign != finding[-1].campaign) {
      nomem__print_safe(stdout, finding->command_text);
      puts(":");
    }
    if (suite == NULL)
      printf("%4zu  ", (size_t)finding->number);
    else
      fputs("      ", stdout);
    nomem__print_safe(stdout, finding->id);
    fputs("  ", stdout);
    nomem__print_safe(stdout, finding->message);
    if (finding->is_flaky) fputs(" (flaky)", stdout);
    if (finding->excluded[0] != '\0') {
      fputs(" (", stdout);
      nomem__print_safe(stdout, finding->excluded);
      putchar(')');
    }
    putchar('\n');
  }
  if (findings->count == 0) puts("no findings");
}

/* Whether the word is the finding's id, and an @ and the key of the site where its call failed behind it: as the report
 * of a suite says it, of whose tests several may have a finding of one id. */
static bool is_named_with_site(const struct nomem__stored_finding *finding, const char *word) {
  const char *at = strchr(word, '@');
  size_t length = at != NULL ? (size_t)(at - word) : 0;
  if (at == NULL || strlen(finding->id) != length || strncmp(finding->id, word, length) != 0) return false;
  char *site = nomem__format("site=%s@", at + 1);
  bool is_it = strncmp(finding->plan, site, strlen(site)) == 0;
  free(site);
  return is_it;
}

static bool is_whole_name(const struct nomem__stored_finding *finding, const char *word) {
  return strcmp(finding->id, word) == 0 || is_named_with_site(finding, word);
}

/* Whether the word is the finding's id, the beginning of it, or the beginning of the digits in it. */
static bool is_named(const struct nomem__stored_finding *finding, const char *word) {
  const char *digits = strchr(finding->id, '-');
  size_t length = strlen(word);
  if (is_whole_name(finding, word)) return true;
  return length >= ID_HASH_LEAST &&
         (strncmp(finding->id, word, length) == 0 || (digits != NULL && strncmp(digits + 1, word, length) == 0));
}

/* The finding that the word names: by its number in the report that was made last, which is a suite's if suite is not
 * NULL, or by its id. NULL, after one line on standard error: there is none, or more than one. */
static const struct nomem__stored_finding *choose(const struct nomem__stored_findings *findings, const json_t *suite,
                                                  const char *command, const char *word) {
  const struct nomem__stored_finding *chosen = NULL;
  char *end, quoted[NOMEM_QUOTE_BYTES];
  uint64_t number = strtoull(word, &end, 10);
  bool is_number = *word >= '0' && *word <= '9' && *end == '\0' && strlen(word) < ID_HASH_LEAST;
  char *in_suite = is_number && suite != NULL ? name_in_suite(suite, number) : NULL;
  const char *name = in_suite != NULL ? in_suite : word;
  bool is_of_last = is_number && suite == NULL, is_ambiguous = false;
  for (size_t i = 0; i < findings->count && !is_ambiguous; i++) {
    const struct nomem__stored_finding *finding = &findings->list[i];
    bool is_it = is_of_last ? finding->number == number && finding->campaign == findings->list[0].campaign
                            : is_named(finding, name);
    if (!is_it) continue;
    is_ambiguous = chosen != NULL && !is_whole_name(finding, name) && !is_whole_name(chosen, name);
    if (chosen == NULL || (is_whole_name(finding, name) && !is_whole_name(chosen, name))) chosen = finding;
  }
  free(in_suite);
  nomem__quote(word, quoted, sizeof quoted);
  if (is_ambiguous)
    nomem__complain("%s: %s is more than one finding: give more of the id ('nomem replay' lists them)", command,
                    quoted);
  else if (chosen == NULL)
    nomem__complain("%s: no finding %s: give its number in the report, or its id ('nomem replay' lists them)", command,
                    quoted);
  return is_ambiguous ? NULL : chosen;
}

static int read_campaign(struct nomem__store *store, int64_t campaign, struct nomem__stored_run *stored) {
  struct nomem__options *options = &stored->options;
  sqlite3_stmt *row = nomem__store_prepare(
      store, "SELECT directory,stdin_path,image_globs,timeout_ms,aslr,no_trace,isolated FROM campaigns WHERE id=?", "i",
      campaign);
  int result = nomem__store_step(store, row, NULL) ? 0 : -EIO;
  if (result == 0) {
    stored->directory = nomem__strdup(nomem__store_column_text(row, 0));
    bool has_input = sqlite3_column_type(row, 1) != SQLITE_NULL;
    if (has_input) stored->stdin_path = nomem__strdup(nomem__store_column_text(row, 1));
    stored->image = nomem__strdup(nomem__store_column_text(row, 2));
    stored->timeout_ms = (uint64_t)sqlite3_column_int64(row, 3);
    options->aslr = sqlite3_column_int(row, 4) != 0;
    options->no_trace = sqlite3_column_int(row, 5) != 0;
    /* Where isolation was possible then and is not now, the run is made without it. */
    options->isolate = sqlite3_column_int(row, 6) != 0 ? NOMEM_ISOLATE_AUTO : NOMEM_ISOLATE_OFF;
  }
  sqlite3_finalize(row);
  return result;
}

static int read_variables(struct nomem__store *store, int64_t campaign, struct nomem__stored_run *stored) {
  size_t count = 0, room = 0;
  bool failed = false;
  if (!nomem__store_has_table(store, "main", "variables")) return 0;
  sqlite3_stmt *row =
      nomem__store_prepare(store, "SELECT entry FROM variables WHERE campaign=? ORDER BY position", "i", campaign);
  while (nomem__store_step(store, row, &failed)) {
    stored->variables = nomem__grow(stored->variables, count + 1, &room, sizeof *stored->variables);
    stored->variables[count++] = nomem__strdup(nomem__store_column_text(row, 0));
    stored->variables[count] = NULL;
  }
  sqlite3_finalize(row);
  return failed ? -EIO : 0;
}

static int read_stacks(struct nomem__store *store, const struct nomem__stored_finding *finding,
                       struct nomem__stored_run *stored) {
  sqlite3_stmt *row =
      nomem__store_prepare(store, "SELECT fault_stack,blow_up_stack FROM findings WHERE campaign=? AND id=?", "it",
                           finding->campaign, finding->id);
  int result = nomem__store_step(store, row, NULL) ? 0 : -EIO;
  if (result == 0) {
    stored->fault_stack = nomem__strdup(nomem__store_column_text(row, 0));
    stored->blow_up_stack = nomem__strdup(nomem__store_column_text(row, 1));
  }
  sqlite3_finalize(row);
  return result;
}

static int enter_finding(struct nomem__stored_run *stored, const struct nomem__stored_finding *finding) {
  struct nomem__options *options = &stored->options;
  stored->id = nomem__strdup(finding->id);
  stored->message = nomem__strdup(finding->message);
  stored->plan = nomem__strdup(finding->plan);
  stored->command = nomem__malloc(finding->command_bytes + 1);
  memcpy(stored->command, finding->command, finding->command_bytes + 1);
  stored->words = nomem__split_words(stored->command, finding->command_bytes);
  if (stored->words[0] == NULL || nomem_plan_parse(stored->plan, &options->plan, NULL) != 0) return -EILSEQ;
  options->plan_text = stored->plan;
  options->program = stored->words;
  options->stdin_path = stored->stdin_path;
  options->image = stored->image;
  if (finding->needs_block_table) options->leaks = NOMEM_LEAKS_ALL;
  options->guarded_from = finding->guarded_from;
  options->timeout_ms = finding->needs_timeout ? stored->timeout_ms : 0;
  return 0;
}

static int load_run(struct nomem__store *store, const struct nomem__stored_findings *findings, const char *command,
                    const char *word, const json_t *suite, struct nomem__stored_run *stored) {
  const struct nomem__stored_finding *finding = choose(findings, suite, command, word);
  if (finding == NULL) return -ENOENT;
  int result = read_campaign(store, finding->campaign, stored);
  if (result == 0) result = read_variables(store, finding->campaign, stored);
  if (result == 0) result = read_stacks(store, finding, stored);
  if (result == 0) result = enter_finding(stored, finding);
  if (result == -EILSEQ) nomem__complain("cannot read the store: %s", strerror(-result));
  return result;
}

int nomem__stored_run_load(const struct nomem__options *given, struct nomem__stored_run *stored) {
  struct nomem__store store;
  struct nomem__stored_findings findings = {0};
  *stored = (struct nomem__stored_run){.options = *given};
  int result = nomem__store_open(&store, nomem__store_path(given->store), NOMEM_STORE_READ, false);
  if (result != 0) return result;
  result = nomem__stored_findings_read(&findings, &store);
  json_t *suite = result == 0 ? load_suite(&store) : NULL;
  if (result == 0 && given->operand_count == 0) {
    print_list(&findings, suite);
    result = 1;
  } else if (result == 0) {
    const char *command = nomem__commands[given->command].name;
    result = load_run(&store, &findings, command, given->operands[0], suite, stored);
  }
  json_decref(suite);
  nomem__store_close(&store);
  nomem__stored_findings_free(&findings);
  return result;
}

void nomem__stored_run_free(struct nomem__stored_run *stored) {
  free(stored->id);
  free(stored->message);
  free(stored->fault_stack);
  free(stored->blow_up_stack);
  free(stored->command);
  free(stored->plan);
  free(stored->directory);
  free(stored->stdin_path);
  free(stored->image);
  free(stored->words);
  nomem__environment_free_list(stored->variables);
  *stored = (struct nomem__stored_run){0};
}

static bool is_here(const struct nomem__stored_run *stored) {
  char here[PATH_MAX];
  return getcwd(here, sizeof here) != NULL && strcmp(here, stored->directory) == 0;
}

void nomem__stored_run_set_surroundings(struct nomem__stored_run *stored) {
  stored->options.folder = is_here(stored) ? NULL : stored->directory;
  stored->options.variables = stored->variables;
}

void nomem__stored_run_enter_folder(const struct nomem__stored_run *stored) {
  char quoted[NOMEM_QUOTE_BYTES];
  if (is_here(stored)) return;
  nomem__quote(stored->directory, quoted, sizeof quoted);
  if (chdir(stored->directory) == 0)
    nomem__complain("in %s, where it was explored", quoted);
  else
    nomem__complain("in this folder, because that of the exploration, %s, is not there", quoted);
}

void nomem__stored_run_set_variables(const struct nomem__stored_run *stored) {
  for (char **entry = stored->variables; entry != NULL && *entry != NULL; entry++) {
    char *value = strchr(*entry, '='), quoted[NOMEM_QUOTE_BYTES];
    if (value != NULL) {
      *value = '\0';
      if (setenv(*entry, value + 1, 1) != 0) nomem__out_of_memory();
      *value = '=';
    } else if (getenv(*entry) == NULL) {
      nomem__complain("%s was set then, and its value was not kept: set it if the program needs it",
                      nomem__quote(*entry, quoted, sizeof quoted));
    }
  }
}
