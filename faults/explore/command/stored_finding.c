/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "stored_finding.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../campaign/fingerprint.h"
#include "../options/options_table.h"
#include "../run/session.h"
#include "../store/stored_findings.h"
#include "../text/complain.h"
#include "../text/printable.h"
#include "../text/quote.h"
#include "../text/words.h"

#define ID_HASH_LEAST 4

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

/* Whether word is the beginning of an id, or of the digits in it. */
static bool is_named(const struct nomem__stored_finding *finding, const char *word) {
  const char *digits = strchr(finding->id, '-');
  size_t length = strlen(word);
  if (strcmp(finding->id, word) == 0) return true;
  return length >= ID_HASH_LEAST &&
         (strncmp(finding->id, word, length) == 0 || (digits != NULL && strncmp(digits + 1, word, length) == 0));
}

/* The finding that word names: a number in the report that was made last, or an id. NULL, after a line: not one. */
static const struct nomem__stored_finding *choose(const struct nomem__stored_findings *findings, const char *command,
                                                  const char *word) {
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
      nomem__complain("%s: %s is more than one finding: give more of the id ('nomem replay' lists them)", command,
                      quoted);
      return NULL;
    }
    if (is_it && (chosen == NULL || (strcmp(finding->id, word) == 0 && strcmp(chosen->id, word) != 0)))
      chosen = finding;
  }
  if (chosen == NULL)
    nomem__complain("%s: no finding %s: give its number in the report, or its id ('nomem replay' lists them)", command,
                    quoted);
  return chosen;
}

static int read_campaign(struct nomem__store *store, int64_t campaign, struct nomem__recalled *recalled) {
  struct nomem__options *options = &recalled->options;
  sqlite3_stmt *row = nomem__store_prepare(
      store, "SELECT directory,stdin_path,image_globs,timeout_ms,aslr,no_trace,isolated FROM campaigns WHERE id=?", "i",
      campaign);
  int result = nomem__store_step(store, row, NULL) ? 0 : -EIO;
  if (result == 0) {
    recalled->directory = strdup(nomem__store_text(row, 0));
    bool has_input = sqlite3_column_type(row, 1) != SQLITE_NULL;
    if (has_input) recalled->stdin_path = strdup(nomem__store_text(row, 1));
    recalled->image = strdup(nomem__store_text(row, 2));
    recalled->timeout_ms = (uint64_t)sqlite3_column_int64(row, 3);
    options->aslr = sqlite3_column_int(row, 4) != 0;
    options->no_trace = sqlite3_column_int(row, 5) != 0;
    /* Where it was possible then and is not now, the run is made without. */
    options->isolate = sqlite3_column_int(row, 6) != 0 ? NOMEM_ISOLATE_AUTO : NOMEM_ISOLATE_OFF;
    if (recalled->directory == NULL || recalled->image == NULL || (has_input && recalled->stdin_path == NULL))
      result = -ENOMEM;
  }
  sqlite3_finalize(row);
  return result;
}

static int take(struct nomem__recalled *recalled, const struct nomem__stored_finding *finding) {
  struct nomem__options *options = &recalled->options;
  recalled->id = strdup(finding->id);
  recalled->plan = strdup(finding->plan);
  recalled->command = malloc(finding->command_bytes + 1);
  if (recalled->id == NULL || recalled->plan == NULL || recalled->command == NULL) return -ENOMEM;
  memcpy(recalled->command, finding->command, finding->command_bytes + 1);
  recalled->words = nomem__split_words(recalled->command, finding->command_bytes);
  if (recalled->words == NULL) return -ENOMEM;
  if (recalled->words[0] == NULL || nomem_plan_parse(recalled->plan, &options->plan, NULL) != 0) return -EILSEQ;
  options->plan_text = recalled->plan;
  options->program = recalled->words;
  options->stdin_path = recalled->stdin_path;
  options->image = recalled->image;
  if (finding->takes_block_table) options->leaks = NOMEM_LEAKS_ALL;
  options->timeout_ms = finding->needs_timeout ? recalled->timeout_ms : 0;
  return 0;
}

static int recall(struct nomem__store *store, const struct nomem__stored_findings *findings, const char *command,
                  const char *word, struct nomem__recalled *recalled) {
  const struct nomem__stored_finding *finding = choose(findings, command, word);
  if (finding == NULL) return -ENOENT;
  int result = read_campaign(store, finding->campaign, recalled);
  if (result == 0) result = take(recalled, finding);
  if (result == -ENOMEM || result == -EILSEQ) nomem__complain("cannot read the store: %s", strerror(-result));
  return result;
}

int nomem__recall(const struct nomem__options *given, struct nomem__recalled *recalled) {
  struct nomem__store store;
  struct nomem__stored_findings findings = {0};
  *recalled = (struct nomem__recalled){.options = *given};
  int result = nomem__store_open(&store, store_path(given), NOMEM_STORE_READ, false);
  if (result != 0) return result;
  result = nomem__stored_findings_read(&findings, &store);
  if (result == 0 && given->operand_count == 0) {
    list(&findings);
    result = 1;
  } else if (result == 0) {
    const char *command = nomem__commands[given->command].name;
    result = recall(&store, &findings, command, given->operands[0], recalled);
  }
  nomem__store_close(&store);
  nomem__stored_findings_free(&findings);
  return result;
}

void nomem__recalled_free(struct nomem__recalled *recalled) {
  free(recalled->id);
  free(recalled->command);
  free(recalled->plan);
  free(recalled->directory);
  free(recalled->stdin_path);
  free(recalled->image);
  free(recalled->words);
  *recalled = (struct nomem__recalled){0};
}

void nomem__recalled_enter(const struct nomem__recalled *recalled) {
  char here[PATH_MAX], quoted[NOMEM_QUOTE_BYTES];
  if (getcwd(here, sizeof here) != NULL && strcmp(here, recalled->directory) == 0) return;
  nomem__quote(recalled->directory, quoted, sizeof quoted);
  if (chdir(recalled->directory) == 0)
    nomem__complain("in %s, where it was explored", quoted);
  else
    nomem__complain("in this folder: that of the exploration, %s, is not here", quoted);
}
