/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../judge/verdict.h"
#include "../report/explanations.h"
#include "../report/reproduction.h"
#include "../text/complain.h"
#include "../text/memory.h"
#include "../text/printable.h"
#include "../text/quote.h"
#include "commands.h"
#include "stored_run.h"

static void print_list(void) {
  static const char *const weights[] = {[NOMEM_WEIGHT_NONE] = "",
                                        [NOMEM_WEIGHT_ADVISORY] = " (advisory: a finding with --strict)",
                                        [NOMEM_WEIGHT_FINDING] = " (a finding)"};
  for (unsigned i = 0; i < NOMEM_VERDICT_COUNT; i++)
    printf("%-10s %s%s\n", nomem__verdicts[i].name, nomem__verdicts[i].meaning, weights[nomem__verdicts[i].weight]);
}

static int explain(const char *name) {
  const struct nomem__explanation *explanation = nomem__explanation_of(name);
  char quoted[NOMEM_QUOTE_BYTES];
  if (explanation == NULL) {
    nomem__complain("explain: no verdict %s: 'nomem explain' lists them", nomem__quote(name, quoted, sizeof quoted));
    return NOMEM_EXIT_FAILED;
  }
  fputs(name, stdout);
  for (unsigned i = 0; i < NOMEM_VERDICT_COUNT; i++)
    if (strcmp(nomem__verdicts[i].name, name) == 0) printf(": %s", nomem__verdicts[i].meaning);
  putchar('\n');
  nomem__explanation_print(stdout, explanation);
  return NOMEM_EXIT_CLEAN;
}

/* Whether the word may name a finding: by its number, the digits of its id, or its id, which begins with the verdict.
 */
static bool may_name_finding(const char *word) {
  if (word[strspn(word, "0123456789abcdef-")] == '\0') return true;
  for (unsigned i = 0; i < NOMEM_VERDICT_COUNT; i++) {
    size_t length = strlen(nomem__verdicts[i].name);
    if (strncmp(word, nomem__verdicts[i].name, length) == 0 && word[length] == '-') return true;
  }
  return false;
}

/* The frames below main, which start every process, are left out. */
static void print_stack(const char *what, const char *stack) {
  bool is_main = false;
  if (*stack == '\0') return;
  printf("%s:\n", what);
  for (const char *line = stack; *line != '\0' && !is_main; line += strcspn(line, "\n"), line += *line == '\n') {
    char *text = nomem__strndup(line, strcspn(line, "\n"));
    fputs("    ", stdout);
    nomem__print_safe(stdout, text);
    putchar('\n');
    is_main = strstr(text, "  main (") != NULL;
    free(text);
  }
}

static void print_finding(struct nomem__stored_run *stored) {
  char *verdict = nomem__strndup(stored->id, strcspn(stored->id, "-"));
  const struct nomem__explanation *explanation = nomem__explanation_of(verdict);
  bool leaks = stored->options.leaks == NOMEM_LEAKS_ALL;
  nomem__print_safe(stdout, stored->id);
  fputs(": ", stdout);
  nomem__print_safe(stdout, stored->message);
  putchar('\n');
  print_stack("the call that failed", stored->fault_stack);
  print_stack("what came of it", stored->blow_up_stack);
  if (explanation != NULL) nomem__explanation_print(stdout, explanation);
  free(verdict);
  nomem__stored_run_set_surroundings(stored);
  fputs("\nreproduce: ", stdout);
  nomem__print_reproduction(stdout, &stored->options, stored->plan, stored->options.timeout_ms, leaks,
                            stored->options.guarded_from);
}

static int explain_finding(const struct nomem__options *options) {
  static struct nomem__stored_run stored;
  int result = nomem__stored_run_load(options, &stored);
  if (result == 0) print_finding(&stored);
  nomem__stored_run_free(&stored);
  return result == 0 ? NOMEM_EXIT_CLEAN : NOMEM_EXIT_FAILED;
}

int nomem__explain(const struct nomem__options *options) {
  if (options->operand_count > 0 && may_name_finding(options->operands[0])) return explain_finding(options);
  if (options->operand_count > 0) return explain(options->operands[0]);
  print_list();
  return NOMEM_EXIT_CLEAN;
}
