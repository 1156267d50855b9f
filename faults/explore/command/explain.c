/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "../judge/verdict.h"
#include "../run/session.h"
#include "../text/complain.h"
#include "../text/quote.h"
#include "commands.h"

/* What to make of a verdict; docs/verdicts.md has the definitions. */
static const struct {
  const char *name, *text;
} explanations[] = {
    {"corruption",
     "A block was freed twice, a pointer freed that no allocation had returned, or memory written where none had been\n"
     "given, or no longer. On error paths it is most often a double free: a function frees what it was given before\n"
     "it reports the failure, and its caller, which still has the pointer, does so again, or writes there. What is\n"
     "written past the end of a block was often counted before there was room: a capacity is set to what a realloc\n"
     "that failed was asked for.\n"
     "To mend: have one owner for each block, set pointers to NULL once what they point to is gone, and sizes only\n"
     "once the memory is there. A line to reproduce it that says --leaks all keeps a record of each block, without\n"
     "which nobody may notice."},
    {"crash",
     "A process was killed by SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP or SIGSYS after an allocation failed.\n"
     "Most often the caller did not look whether it got NULL: an address near 0 says so. An address that is\n"
     "far from 0 says that something half made was used or freed on the way out. 'A pointer that was read\n"
     "from a block after it was freed' says what it says: the block's two stacks are shown.\n"
     "To mend: check the result at the line under 'the fault', and undo what was done until then.\n"
     "If the C library is to blame, see --suppress."},
    {"sanitizer",
     "A sanitizer that the program was built with reported an error after an allocation failed. Which\n"
     "one is said where it blew up: memory used after it was freed, freed twice, touched past its end,\n"
     "or used before it was set; undefined behaviour; a data race; or memory left, though the program\n"
     "went on to its end. What the baseline reports, too, does not count.\n"
     "To mend: read the report itself: the line to reproduce it prints it whole."},
    {"abort",
     "A process was killed by SIGABRT, which the code under test raised itself.\n"
     "An assertion about a value that is not sure to be there, a C++ exception that nobody caught, or a\n"
     "decision not to go on without memory; its last words are shown.\n"
     "A library should return an error instead: the program may have another way. If it is a decision, and\n"
     "documented, suppress it with that reason."},
    {"hang",
     "The run did not end by itself: it was stopped after ten times the baseline's time, at least a second,\n"
     "or --timeout. A loop that tries again for ever, a lock that the failing path left held, or a wait for\n"
     "something that was never started. The stacks are where its threads were when its time\n"
     "was up, each with what it waited for: 'a lock that thread 1 holds' is one that nobody will release.\n"
     "If the program is only slow then, give it more time."},
    {"swallowed",
     "The run ended with the baseline's exit status, but what it wrote to standard output is not what the\n"
     "baseline writes there, and it said nothing of a failure. Somebody who reads the output, or a script\n"
     "that looks at the exit status, takes it for the whole.\n"
     "To mend: report the failure to the caller, and end with another exit status. A program that may leave\n"
     "something out (a cache, a hint) should say so on standard error."},
    {"handled",
     "The run ended as the baseline did, with the same exit status: it got by without the memory,\n"
     "and wrote what it always writes or said why not.\n"
     "Nothing to mend."},
    {"reported",
     "The run ended with another exit status than the baseline: it reported the failure and gave up. Also\n"
     "an assertion of a test program about a library that rightly reported it. Nothing to mend."},
    {"unreached",
     "The call to fail was never made: this run took another way than the baseline. Threads, time and\n"
     "random numbers do that. The run says nothing; with many of them, make the program deterministic."},
    {"leak",
     "Memory was left that the baseline frees, though the program went on to its end after the failure: the\n"
     "one that was started, or that process of the run in which the allocation failed.\n"
     "To mend: free on the error path what was taken before the allocation that failed."},
    {"leftover",
     "A descriptor was still open, a thread still running, or a child process not waited for when the program, or\n"
     "that process of the run in which the allocation failed, came to its end as in the baseline; or a file, a folder\n"
     "or shared memory that it had made was still there. It counts with --strict: the kernel closes what a process\n"
     "has open, it may have been the test that left it, and a file may be what the program falls back on.\n"
     "To mend: close on the error path what was opened, and remove what was made, before the allocation that failed."},
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
  for (size_t i = 0; i < sizeof explanations / sizeof *explanations; i++)
    if (strcmp(explanations[i].name, name) == 0) puts(explanations[i].text);
  return NOMEM_EXIT_CLEAN;
}

int nomem__explain(const struct nomem__options *options) {
  if (options->operand_count > 0) return explain(options->operands[0]);
  print_list();
  return NOMEM_EXIT_CLEAN;
}
