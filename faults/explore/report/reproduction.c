/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "reproduction.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "../text/printable.h"
#include "../text/words.h"

void nomem__print_change_of_folder(FILE *out, const struct nomem__options *options) {
  if (options->folder == NULL) return;
  fputs("cd ", out);
  nomem__print_word(out, options->folder);
  fputs(" && ", out);
}

/* Of a secret the value is not known; whoever pastes the line has it, or has none. */
static void print_variables(FILE *out, char *const *variables) {
  const char *before = "env";
  for (; variables != NULL && *variables != NULL; variables++) {
    if (strchr(*variables, '=') == NULL) continue;
    fprintf(out, "%s ", before);
    nomem__print_word(out, *variables);
    before = "";
  }
  if (*before == '\0') fputc(' ', out);
}

/* Whether the plan is one that an option says, too. */
static bool is_hostile_alone(const char *plan) {
  return strncmp(plan, "hostile=", strlen("hostile=")) == 0 && strpbrk(plan, " ;") == NULL;
}

void nomem__print_reproduction(FILE *out, const struct nomem__options *options, const char *plan, uint64_t timeout_ms,
                               bool leaks, uint64_t guarded_from) {
  nomem__print_change_of_folder(out, options);
  print_variables(out, options->variables);
  fputs("nomem run --", out);
  if (!is_hostile_alone(plan)) fputs("fail ", out);
  nomem__print_word(out, plan);
  if (timeout_ms != 0) fprintf(out, " -t %.10g", (double)timeout_ms / 1e3);
  if (options->no_trace) fputs(" --no-trace", out);
  if (leaks && !options->no_trace) fputs(" --leaks all", out);
  if (guarded_from != 0 && !options->no_trace) fprintf(out, " --guard %" PRIu64, guarded_from);
  if (options->aslr) fputs(" --aslr", out);
  if (options->isolate == NOMEM_ISOLATE_OFF) fputs(" --isolate off", out);
  if (options->stdin_path != NULL) {
    fputs(" --stdin ", out);
    nomem__print_word(out, options->stdin_path);
  }
  if (options->image[0] != '\0') {
    fputs(" --image ", out);
    nomem__print_word(out, options->image);
  }
  fputs(" -- ", out);
  nomem__print_command(out, options->program);
  fputc('\n', out);
}

static void print_after(FILE *out, const char *before, const char *text) {
  if (*text == '\0') return;
  fputs(before, out);
  nomem__print_safe(out, text);
}

/* Not every signal has a name, and one that comes from a store may be none. */
static void print_signal(FILE *out, int signal) {
  const char *name = sigabbrev_np(signal);
  if (name != NULL)
    fprintf(out, "SIG%s", name);
  else
    fprintf(out, "signal %d", signal);
}

void nomem__print_end(FILE *out, const struct nomem__finding *finding) {
  bool is_hang = finding->verdict == NOMEM_VERDICT_HANG;
  if (is_hang) fputs("still running", out);
  if (is_hang || finding->verdict == NOMEM_VERDICT_SANITIZER || finding->signal == 0) {
    print_after(out, is_hang ? ", " : "", finding->detail);
    return;
  }
  print_signal(out, finding->signal);
  nomem__address_kind_print(out, finding->address_kind, finding->fault_address);
  if (finding->was_caught) fputs(", which the program caught", out);
  print_after(out, ", ", finding->detail);
  bool is_said = finding->address_kind == NOMEM_ADDRESS_FREED || finding->address_kind == NOMEM_ADDRESS_FREED_BLOCK;
  if (nomem__finding_is_use_after_free(finding) && !is_said) fputs(", a use after free", out);
  /* A program that aborts on purpose says why: out of memory, a failed assertion, a double free. */
  if (finding->signal == SIGABRT && strcmp(finding->last_words, "''") != 0)
    print_after(out, ", its last words: ", finding->last_words);
}
