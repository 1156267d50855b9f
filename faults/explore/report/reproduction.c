/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "reproduction.h"

#include <signal.h>
#include <string.h>

#include "../text/words.h"

void nomem__print_reproduction(FILE *out, const struct nomem__options *options, const char *plan, uint64_t timeout_ms,
                               bool leaks) {
  fputs("nomem run --fail ", out);
  nomem__print_word(out, plan);
  if (timeout_ms != 0) fprintf(out, " -t %g", (double)timeout_ms / 1e3);
  if (options->no_trace) fputs(" --no-trace", out);
  if (leaks && !options->no_trace) fputs(" --leaks all", out);
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

void nomem__print_end(FILE *out, const struct nomem__finding *finding) {
  if (finding->verdict == NOMEM_VERDICT_SANITIZER) {
    fputs(finding->detail, out);
    return;
  }
  if (finding->verdict == NOMEM_VERDICT_HANG || finding->signal == 0) {
    bool is_hang = finding->verdict == NOMEM_VERDICT_HANG;
    fprintf(out, "%s%s%s", is_hang ? "still running" : "", is_hang && *finding->detail != '\0' ? ", " : "",
            finding->detail);
    return;
  }
  fprintf(out, "SIG%s", sigabbrev_np(finding->signal));
  nomem__address_kind_print(out, finding->address_kind, finding->fault_address);
  if (*finding->detail != '\0') fprintf(out, ", %s", finding->detail);
  if (nomem__finding_is_use_after_free(finding) && finding->address_kind != NOMEM_ADDRESS_FREED)
    fputs(", a use after free", out);
  /* A program that aborts on purpose says why: out of memory, a failed assertion, a double free. */
  if (finding->signal == SIGABRT && strcmp(finding->last_words, "''") != 0)
    fprintf(out, ", its last words: %s", finding->last_words);
}
