/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "../run/session.h"
#include "../stack/symbols.h"
#include "../store/stored_findings.h"
#include "../text/complain.h"
#include "../text/printable.h"
#include "commands.h"

struct comparison {
  struct nomem__stored_findings old, new;
  bool by_command; /* a store has several commands: only findings of the same command are the same */
};

static bool is_counted(const struct nomem__stored_finding *finding) {
  return finding->excluded[0] == '\0';
}

static bool is_in(const struct comparison *comparison, const struct nomem__stored_finding *finding,
                  const struct nomem__stored_findings *others) {
  if (comparison->by_command)
    return nomem__stored_findings_find(others, finding->id, finding->command, finding->command_bytes) != NULL;
  for (size_t i = 0; i < others->count; i++)
    if (strcmp(others->list[i].id, finding->id) == 0) return true;
  return false;
}

static void print_finding(const struct comparison *comparison, const char *word,
                          const struct nomem__stored_finding *finding) {
  printf("%-6s ", word);
  nomem__print_safe(stdout, finding->id);
  putchar(' ');
  if (comparison->by_command) {
    nomem__print_safe(stdout, finding->command_text);
    fputs(": ", stdout);
  }
  nomem__print_safe(stdout, finding->message);
  puts(finding->is_flaky ? " (flaky)" : "");
}

/* Prints the findings of a list that are, or are not, among the others. Returns how many they are, and adds to *failing
 * how many of them are not flaky. */
static size_t print_those(const struct comparison *comparison, const char *word,
                          const struct nomem__stored_findings *list, const struct nomem__stored_findings *others,
                          bool are_in, size_t *failing) {
  size_t count = 0;
  for (size_t i = 0; i < list->count; i++) {
    const struct nomem__stored_finding *finding = &list->list[i];
    if (!is_counted(finding) || is_in(comparison, finding, others) != are_in) continue;
    print_finding(comparison, word, finding);
    *failing += !finding->is_flaky;
    count++;
  }
  return count;
}

static int print_comparison(struct comparison *comparison, const char *const *paths) {
  size_t failing = 0, unused = 0;
  comparison->by_command = comparison->old.campaigns > 1 || comparison->new.campaigns > 1;
  size_t new_count = print_those(comparison, "new", &comparison->new, &comparison->old, false, &failing);
  size_t gone = print_those(comparison, "gone", &comparison->old, &comparison->new, false, &unused);
  size_t still = print_those(comparison, "still", &comparison->new, &comparison->old, true, &unused);
  printf("%zu new, %zu gone, %zu still there\n", new_count, gone, still);
  if (gone > 0 && comparison->new.is_unfinished)
    nomem__complain("%s was not explored to the end: a finding that is gone may only not have been tried", paths[1]);
  if (new_count > 0 && comparison->old.is_unfinished)
    nomem__complain("%s was not explored to the end: a finding that is new may only not have been tried there",
                    paths[0]);
  return failing > 0 ? NOMEM_EXIT_FINDINGS : NOMEM_EXIT_CLEAN;
}

int nomem__diff(const struct nomem__options *options) {
  struct comparison comparison = {0};
  const char *const paths[] = {options->operands[0], options->operands[1]};
  int result = nomem__stored_findings_open(&comparison.old, paths[0]);
  if (result == 0) result = nomem__stored_findings_open(&comparison.new, paths[1]);
  int status = result == 0 ? print_comparison(&comparison, paths) : NOMEM_EXIT_FAILED;
  nomem__stored_findings_free(&comparison.old);
  nomem__stored_findings_free(&comparison.new);
  return status;
}
