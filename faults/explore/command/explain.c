/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../judge/verdict.h"
#include "../report/reproduction.h"
#include "../text/complain.h"
#include "../text/memory.h"
#include "../text/printable.h"
#include "../text/quote.h"
#include "commands.h"
#include "stored_run.h"

/* What to make of a verdict; docs/verdicts.md has the definitions. */
static const struct {
  const char *name, *text;
} explanations[] = {
    {"corruption",
     "A block was freed twice, something was freed that is no block, or memory was written outside a block or after\n"
     "it was freed. On error paths it is most often a double free: a function frees what it was given before it\n"
     "reports the failure, and its caller, which still has the pointer, frees it again or writes there. A write past\n"
     "the end of a block is often one of size: a capacity is raised to what a realloc was asked for, and the realloc\n"
     "failed.\n"
     "To mend: have one owner for each block, set pointers to NULL once their block is freed, and raise sizes only\n"
     "once the memory is there. A line to reproduce it that contains --leaks all records every block; without that\n"
     "the error may go unnoticed."},
    {"crash",
     "A process got SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP or SIGSYS after an allocation failed, and was killed\n"
     "by it, or caught it: a test framework or a crash reporter may do that.\n"
     "Most often the caller did not check whether it got NULL, and the address is near 0. An address that is far\n"
     "from 0 means that something incomplete was used, or freed on the way out. After 'a pointer that was read\n"
     "from a block after it was freed' the report shows where that block was allocated and where it was freed.\n"
     "A use after free, and a read past the end of a block, may go unnoticed without nomem: the line to reproduce\n"
     "it contains --guard, which gives each block pages of its own.\n"
     "To mend: check the result at the line under 'the fault', and undo what was done until then.\n"
     "If the C library is to blame, see --suppress."},
    {"sanitizer",
     "A sanitizer that the program was built with reported an error after an allocation failed. The report names\n"
     "it: memory used after it was freed, freed twice, accessed past its end, or used before it was set; undefined\n"
     "behaviour; a data race; or memory leaked, though the program went on to its end. What the sanitizer reports\n"
     "of the baseline, too, does not count.\n"
     "To mend: read the sanitizer's own report; the line that reproduces the finding prints all of it."},
    {"abort",
     "A process got SIGABRT, which the code under test raised itself: an assertion about a value that\n"
     "may be missing, a C++ exception that nobody caught, or a decision not to go on without memory. Its last words\n"
     "are shown.\n"
     "A library should return an error instead: the program may have another way to go on. If the abort is a\n"
     "documented decision, suppress it, with that reason."},
    {"hang",
     "The run did not end by itself. It was stopped after ten times the baseline's time, but at least a second, or\n"
     "after --timeout. Look for a loop that tries again for ever, a lock that the failing path did not release, or a\n"
     "wait for something that was never started. The stacks show where its threads were when its time was up, and\n"
     "what each of them waited for: 'a lock that thread 1 holds' is one that will never be released.\n"
     "If the program is merely slow then, give it more time."},
    {"flood",
     "The run wrote more than 64 MiB to standard output and standard error together. It was ended there, if it had "
     "not\n"
     "ended by itself, and what would have come of it later is not known. Most often it is a loop that tries again "
     "for\n"
     "ever and complains each time, which fills a disk where the output goes to a file. The report shows what it "
     "wrote\n"
     "last.\n"
     "If the program means to write that much then, give it less to say, or send what it writes to /dev/null."},
    {"internal",
     "The run's interpreter says that a module in C has broken the rules of its interface after an allocation failed:\n"
     "'returned NULL without setting an exception', 'returned a result with an exception set' and other errors of\n"
     "Python's called SystemError, a 'panic:' of Perl's, a '[BUG]' of Ruby's. The script cannot handle that: it gets "
     "an\n"
     "error that says nothing of memory, at best.\n"
     "To mend: at the line that is shown, call PyErr_NoMemory() before NULL is returned, or what the interpreter has\n"
     "in its place. What its own functions return as NULL has an exception already; PyMem_RawMalloc, PyMem_Malloc,\n"
     "PyObject_Malloc and malloc set none."},
    {"wrong",
     "The test ended with an exit status that --bad-code names, or called nomem_wrong (nomem.h): the code under test\n"
     "did not report the failure, or said so too late, and gave a result that is not the right one.\n"
     "To mend: report the failure on the way from the fault to the test, or undo what was done so far."},
    {"mute",
     "The run ended with the baseline's exit status, but nothing is left of what the baseline writes to standard\n"
     "output, and it reported no failure. Whoever started the program takes it for a success that found nothing.\n"
     "To mend: report the failure on standard error, and end with another exit status."},
    {"swallowed",
     "The run ended with the baseline's exit status, but wrote something else to standard output than the baseline\n"
     "does, and reported no failure. Whoever reads the output, or a script that looks at the exit status, takes it\n"
     "for complete.\n"
     "To mend: report the failure to the caller, and end with another exit status. A program that may leave\n"
     "something out (a cache, a hint) should say so on standard error."},
    {"handled",
     "The run ended as the baseline did, with the same exit status: it got by without the memory, and wrote what it\n"
     "always writes, or said why not.\n"
     "Nothing to mend."},
    {"misreported",
     "The run gave up, but what it says is not what was the matter. Either standard error has 'Success' as the "
     "reason:\n"
     "the call that cleaned up, or logged, changed errno before it was printed. Or the call of test code returned\n"
     "another error than that there was no memory, though its type, or its library, has one for that. Whoever reads\n"
     "that looks for the failure elsewhere.\n"
     "To mend: keep errno in a variable before anything else is called; tell NULL for want of memory from other "
     "NULLs."},
    {"silent",
     "The call of test code in which the allocation failed returned what it returns without the failure, no later "
     "call\n"
     "and no callback said that anything had failed, and then the test failed: something else was given than what was\n"
     "asked for. Where nobody compares the result, nobody notices.\n"
     "To mend: report the failure, by what that call returns, or by something that its caller can ask for."},
    {"untold",
     "The call of test code in which the allocation failed returned what it returns without the failure, and then the\n"
     "test failed. It may have been told in a way that was not seen: by a member of a structure, by another thread, "
     "or\n"
     "by a function without debug information. If it was not, this is a silent failure.\n"
     "To find out: read what the test compares. A test that asks for the status first settles it."},
    {"reported",
     "The run ended with another exit status than the baseline: it reported the failure and gave up. An assertion\n"
     "of a test program about a library that rightly reported the failure counts as this, too. Nothing to mend."},
    {"unreached",
     "The call to fail was never made: this run took another way than the baseline. Threads, time and random\n"
     "numbers do that. The run shows nothing; if there are many of them, make the program deterministic."},
    {"leak",
     "Memory that the baseline frees was leaked, though the program went on to its end after the failure: by the\n"
     "program itself, or by that process of the run in which the allocation failed.\n"
     "To mend: free on the error path what was allocated before the allocation that failed."},
    {"leftover",
     "A descriptor was still open, a thread still running, or a child process not waited for when the program, or\n"
     "that process of the run in which the allocation failed, came to its end as in the baseline; or a file, a\n"
     "folder or shared memory that it had created was still there. It counts with --strict only: the kernel closes\n"
     "what a process has open, it may have been the test that left it, and a file may be what the program falls\n"
     "back on.\n"
     "To mend: close on the error path what was opened, and remove what was created, before the allocation that\n"
     "failed."},
    {"flaky",
     "Not a verdict of its own: the run that showed the finding ended otherwise when it was made once more.\n"
     "It is listed apart and does not count."},
};

static void print_list(void) {
  static const char *const weights[] = {[NOMEM_WEIGHT_NONE] = "",
                                        [NOMEM_WEIGHT_ADVISORY] = " (advisory: a finding with --strict)",
                                        [NOMEM_WEIGHT_FINDING] = " (a finding)"};
  for (unsigned i = 0; i < NOMEM_VERDICT_COUNT; i++)
    printf("%-10s %s%s\n", nomem__verdicts[i].name, nomem__verdicts[i].meaning, weights[nomem__verdicts[i].weight]);
}

static void print_explanation(const char *name) {
  for (size_t i = 0; i < sizeof explanations / sizeof *explanations; i++)
    if (strcmp(explanations[i].name, name) == 0) puts(explanations[i].text);
}

static int explain(const char *name) {
  bool is_verdict = strcmp(name, "flaky") == 0;
  char quoted[NOMEM_QUOTE_BYTES];
  for (unsigned i = 0; i < NOMEM_VERDICT_COUNT; i++) {
    if (strcmp(nomem__verdicts[i].name, name) != 0) continue;
    printf("%s: %s\n", name, nomem__verdicts[i].meaning);
    is_verdict = true;
  }
  if (!is_verdict) {
    nomem__complain("explain: no verdict %s: 'nomem explain' lists them", nomem__quote(name, quoted, sizeof quoted));
    return NOMEM_EXIT_FAILED;
  }
  print_explanation(name);
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
  bool leaks = stored->options.leaks == NOMEM_LEAKS_ALL;
  nomem__print_safe(stdout, stored->id);
  fputs(": ", stdout);
  nomem__print_safe(stdout, stored->message);
  putchar('\n');
  print_stack("the call that failed", stored->fault_stack);
  print_stack("what came of it", stored->blow_up_stack);
  putchar('\n');
  print_explanation(verdict);
  free(verdict);
  nomem__stored_run_set_surroundings(stored);
  fputs("reproduce: ", stdout);
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
