/* SPDX-License-Identifier: MIT */
#include "explanations.h"

#include <stdbool.h>
#include <string.h>

#include "terminal.h"

/* No line of text is longer, and none breaks earlier where the terminal is not known. */
#define COLUMNS 100
#define INDENT 4

static const struct nomem__explanation explanations[] = {
    {.verdict = "corruption",
     .meaning =
         "A block was freed twice, something was freed that is no block, or memory was written outside a block or "
         "after it was freed. On error paths it is most often a double free: a function frees what it was given "
         "before it reports the failure, and its caller, which still has the pointer, frees it again.",
     .reason =
         "The C library, or the block table that nomem keeps, found the damage in a run with the failure, and none "
         "in the run without it. A line to reproduce it that contains --leaks all needs that: without the block "
         "table the damage may go unnoticed.",
     .mending =
         "Have one owner for each block, set pointers to NULL once their block is freed, and raise a capacity only "
         "once the memory is there.",
     .before = "list->room = 2 * list->room;\n"
               "items = realloc(list->items, list->room * sizeof *items);\n"
               "if (items == NULL) return -1;",
     .after = "items = realloc(list->items, 2 * list->room * sizeof *items);\n"
              "if (items == NULL) return -1;\n"
              "list->room = 2 * list->room;"},
    {.verdict = "sanitizer",
     .meaning = "A sanitizer that the program was built with reported an error: memory used after it was freed, freed "
                "twice, accessed past its end, or used before it was set; undefined behaviour; a data race; or memory "
                "leaked, though the program went on to its end.",
     .reason = "The run with the failure has a report that the run without it has not.",
     .mending = "Read the sanitizer's own report: the line that reproduces the finding prints all of it."},
    {.verdict = "crash",
     .meaning =
         "A process got SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP or SIGSYS after an allocation had failed. Most "
         "often nobody looked whether the result was NULL, and the address is near 0. An address that is far from "
         "0 means that something incomplete was used, or something that was freed on the way out.",
     .reason =
         "The signal was raised in code under test, whether it killed the process or was caught by a test framework "
         "or a crash reporter; the run without the failure raises none there. A line to reproduce it that contains "
         "--guard gives each block pages of its own: without them a use after free, or a read past the end of a "
         "block, may go unnoticed.",
     .mending =
         "Check the result at the line of the fault, undo what was done until then, and report the failure. If the "
         "C library is to blame, suppress it (--suppress).",
     .before = "store->name = strdup(name);\n"
               "store->length = strlen(store->name);",
     .after = "store->name = strdup(name);\n"
              "if (store->name == NULL) {\n"
              "  free(store);\n"
              "  return NULL;\n"
              "}\n"
              "store->length = strlen(store->name);"},
    {.verdict = "abort",
     .meaning =
         "A process got SIGABRT, which the code under test raised itself: an assertion about a value that may be "
         "missing, a C++ exception that nobody caught, or a decision not to go on without memory. Its last words "
         "are shown.",
     .reason = "The code under test called abort, and the run without the failure does not. An abort that a test's own "
               "assertion raises does not count.",
     .mending = "Return an error instead: the program may have another way to go on. If the abort is a documented "
                "decision, suppress it, with that reason.",
     .before = "char *copy = strdup(text);\n"
               "assert(copy != NULL);",
     .after = "char *copy = strdup(text);\n"
              "if (copy == NULL) return -ENOMEM;"},
    {.verdict = "hang",
     .meaning =
         "The run did not end by itself. Look for a loop that tries again for ever, a lock that the failing path "
         "did not release, or a wait for something that was never started. The stacks show where its threads were "
         "when its time was up, and what each of them waited for: 'a lock that thread 1 holds' is one that will "
         "never be released.",
     .reason = "It was still running after ten times what the run without the failure takes, but at least a second, or "
               "after --timeout. If the program is merely slow then, give it more time.",
     .mending = "Release the lock, or leave the loop, on the path of the failure.",
     .before = "pthread_mutex_lock(&queue->lock);\n"
               "job = malloc(sizeof *job);\n"
               "if (job == NULL) return -1;",
     .after = "job = malloc(sizeof *job);\n"
              "if (job == NULL) return -1;\n"
              "pthread_mutex_lock(&queue->lock);"},
    {.verdict = "flood",
     .meaning =
         "The run wrote more than 64 MiB to standard output and standard error together. It was ended there, if it "
         "had not ended by itself, and what would have come of it later is not known. Most often it is a loop that "
         "tries again for ever and complains each time, which fills a disk where the output goes to a file. The "
         "report shows what it wrote last.",
     .reason =
         "The run without the failure writes less. If the program means to write that much, give it less to say, or "
         "send what it writes to /dev/null.",
     .mending = "Give up after the first failure, or after a number of attempts."},
    {.verdict = "internal",
     .meaning =
         "The run's interpreter says that a module in C has broken the rules of its interface: 'returned NULL "
         "without setting an exception' and other errors of Python's called SystemError, a 'panic:' of Perl's, a "
         "'[BUG]' of Ruby's. The script cannot handle that: at best it gets an error that says nothing of memory.",
     .reason = "The interpreter said so in a line that the run without the failure does not write.",
     .mending =
         "At the line that is shown, set the interpreter's error for want of memory before NULL is returned. What "
         "the interpreter's own functions return as NULL has an exception already; PyMem_Malloc, PyObject_Malloc "
         "and malloc set none.",
     .before = "copy = PyMem_Malloc(size);\n"
               "if (copy == NULL) return NULL;",
     .after = "copy = PyMem_Malloc(size);\n"
              "if (copy == NULL) return PyErr_NoMemory();"},
    {.verdict = "wrong",
     .meaning =
         "The test says that a result is wrong: the code under test did not report the failure, or did so too late, "
         "and gave a result that is not the right one.",
     .reason = "The test ended with an exit status that --bad-code names, or called nomem_wrong (nomem.h).",
     .mending = "Report the failure on the way from the fault to the test, or undo what was done so far."},
    {.verdict = "silent",
     .meaning =
         "The code under test gave something else than what it was asked for, and said that all was well. This time "
         "the test noticed; where nobody compares the result, nobody does.",
     .reason = "The call of test code in which the allocation failed returned what it returns without the failure, no "
               "later call and no callback said that anything had failed, and then the test failed.",
     .mending = "Report the failure, by what that call returns, or by something that its caller can ask for.",
     .before = "while ((item = next(source)) != NULL)\n"
               "  if (add(list, item) != 0) break;\n"
               "return list;",
     .after = "while ((item = next(source)) != NULL)\n"
              "  if (add(list, item) != 0) {\n"
              "    list_free(list);\n"
              "    return NULL;\n"
              "  }\n"
              "return list;"},
    {.verdict = "leak",
     .meaning =
         "Memory was lost that the run without the failure frees: nothing points to it any more, so nobody can free "
         "it. A program that copes with the failure and goes on loses it each time.",
     .reason =
         "At its end the program, or that process of the run in which the allocation failed, had more such blocks "
         "than without the failure; or it gave up, and a function below main had lost them before.",
     .mending = "On the path of the failure, free what was allocated before the allocation that failed.",
     .before = "store->name = strdup(name);\n"
               "if (store->name == NULL) return NULL;",
     .after = "store->name = strdup(name);\n"
              "if (store->name == NULL) {\n"
              "  free(store);\n"
              "  return NULL;\n"
              "}"},
    {.verdict = "mute",
     .meaning =
         "The run ended well and wrote nothing, where it always writes something. Whoever started the program takes "
         "it for a success that found nothing.",
     .reason =
         "Its exit status is 0, nothing is left of what every run without a failure writes to standard output, or to "
         "the files that its arguments name, and it did not mention a failure.",
     .mending = "Report the failure on standard error, and end with another exit status.",
     .before = "if (buffer == NULL) return 0;",
     .after = "if (buffer == NULL) {\n"
              "  perror(\"report\");\n"
              "  return 1;\n"
              "}"},
    {.verdict = "leftover",
     .meaning =
         "The run left something behind: an open descriptor, a running thread, a child process that nobody waited "
         "for, a locked mutex, a file, a folder or shared memory that it had created. It counts with --strict only: "
         "the kernel closes what a process has open, it may have been the test that left it, and a file may be "
         "what the program falls back on.",
     .reason = "The program, or that process of the run in which the allocation failed, came to its end as without the "
               "failure, and left more behind than then.",
     .mending = "On the path of the failure, close what was opened, and remove what was created, before the allocation "
                "that failed.",
     .before = "fd = open(path, O_RDONLY);\n"
               "buffer = malloc(size);\n"
               "if (buffer == NULL) return -1;",
     .after = "fd = open(path, O_RDONLY);\n"
              "buffer = malloc(size);\n"
              "if (buffer == NULL) {\n"
              "  close(fd);\n"
              "  return -1;\n"
              "}"},
    {.verdict = "swallowed",
     .meaning =
         "The run ended as always, but wrote something else to standard output or to a file. Whoever reads that, "
         "or a script that looks at the exit status, takes it for complete.",
     .reason =
         "Its exit status is that of the run without the failure, its output, or what it wrote to files, differs by "
         "more than what differs from run to run, and it did not mention a failure.",
     .mending =
         "Report the failure to the caller, and end with another exit status. A program that may leave something "
         "out (a cache, a hint) should say so on standard error, or in its log."},
    {.verdict = "misreported",
     .meaning =
         "The run gave up, but what it says is not what was the matter. Whoever reads that looks for the failure "
         "elsewhere.",
     .reason = "Either standard error has 'Success' as the reason: the call that cleaned up, or logged, changed errno "
               "before it was printed. Or the call of test code returned another error than that there was no memory, "
               "though its type, or its library, has one for that.",
     .mending = "Keep errno in a variable before anything else is called, and tell NULL for want of memory from other "
                "NULLs.",
     .before = "close(fd);\n"
               "fprintf(stderr, \"%s: %s\\n\", path, strerror(errno));",
     .after = "int error = errno;\n"
              "close(fd);\n"
              "fprintf(stderr, \"%s: %s\\n\", path, strerror(error));"},
    {.verdict = "untold",
     .meaning =
         "The test failed, and nothing was seen that had told it of the failure. It may have been told in a way that "
         "nomem does not see: by a member of a structure, by another thread, or by a function without debug "
         "information. If it was not, this is a silent failure.",
     .reason =
         "The call of test code in which the allocation failed returned what it returns without the failure, and not "
         "all that came later could be compared.",
     .mending = "Read what the test compares. A test that asks for the status first settles it."},
    {.verdict = "hostile",
     .meaning =
         "No allocation failed, and yet the program broke: it counts on something that its allocator does, and no "
         "allocator has to do. The report says what that is, and names the one call whose lawful behaviour breaks the "
         "program: realloc moved a block, and somebody went on using the old address; fresh memory was not zero; a "
         "freed block was read; a block of 0 bytes was NULL, and was taken for a failure; errno was looked at after a "
         "call that had succeeded; a block was aligned to 16 bytes and no more.",
     .reason = "--hostile was given, and the run ended otherwise than those without it: twice under all such calls, "
               "and then under that one alone. Output alone is enough where blocks lie where they always do.",
     .mending = "Use what realloc returned, and nothing that pointed into the old block. Set what malloc gives, or ask "
                "calloc. Look at errno only after a failure.",
     .before = "item = &list->items[0];\n"
               "list->items = grow(list->items, list->count + 1);\n"
               "item->next = list->count;",
     .after = "list->items = grow(list->items, list->count + 1);\n"
              "item = &list->items[0];\n"
              "item->next = list->count;"},
    {.verdict = "varied",
     .meaning =
         "Under a hostile allocator the program ended as always, but wrote something else, or left something else "
         "behind. What moves blocks may change that and be no bug: a program that prints an address, or sorts by one, "
         "writes something else where its blocks lie elsewhere.",
     .reason = "--hostile was given, and the way in which calls were served moves blocks.",
     .mending = "Look at the line that differs. If it does not depend on addresses, it is a bug as 'hostile' is."},
    {.verdict = "reported",
     .meaning =
         "The run reported the failure and gave up, as a program should. An assertion of a test about a library that "
         "rightly reported the failure counts as this, too. Nothing to mend.",
     .reason = "It ended with another exit status than without the failure."},
    {.verdict = "handled",
     .meaning = "The run got by without the memory, and wrote what it always writes, or said why not. Nothing to mend.",
     .reason = "It ended as the run without the failure did, with the same exit status."},
    {.verdict = "unreached",
     .meaning =
         "The call that was to fail was never made, so the run shows nothing. Threads, time and random numbers do "
         "that; if there are many of them, make the program deterministic.",
     .reason = "This run took another way than the one without the failure."},
    {.verdict = "flaky",
     .meaning =
         "Not a verdict of its own: the run that showed the finding ended well when it was made once more. It is "
         "listed apart and does not count.",
     .reason = "The two runs differ, though the same call failed in both."},
};

const struct nomem__explanation *nomem__explanation_of(const char *verdict) {
  for (size_t i = 0; i < sizeof explanations / sizeof *explanations; i++)
    if (strcmp(explanations[i].verdict, verdict) == 0) return &explanations[i];
  return NULL;
}

/* Prints a paragraph, broken between words. */
static void print_paragraph(FILE *out, const char *text, size_t columns) {
  size_t column = 0;
  while (*text != '\0') {
    size_t word = strcspn(text, " ");
    bool is_first = column == 0, breaks = !is_first && column + 1 + word > columns;
    if (breaks) fputc('\n', out);
    if (!is_first && !breaks) fputc(' ', out);
    if (is_first || breaks) fprintf(out, "%*s", INDENT, "");
    fprintf(out, "%.*s", (int)word, text);
    column = is_first || breaks ? INDENT + word : column + 1 + word;
    text += word + strspn(text + word, " ");
  }
  fputc('\n', out);
}

static void print_part(FILE *out, const char *title, const char *text, size_t columns) {
  if (text == NULL) return;
  fprintf(out, "\n%s\n", title);
  print_paragraph(out, text, columns);
}

static void print_code(FILE *out, const char *title, const char *code) {
  fprintf(out, "\n%*s%s\n", INDENT, "", title);
  while (*code != '\0') {
    size_t length = strcspn(code, "\n");
    fprintf(out, "%*s%.*s\n", 2 * INDENT, "", (int)length, code);
    code += length + (code[length] == '\n');
  }
}

void nomem__explanation_print(FILE *out, const struct nomem__explanation *explanation) {
  unsigned width = nomem__terminal_columns(out);
  size_t columns = width > 2 * INDENT && width < COLUMNS ? width : COLUMNS;
  print_part(out, "What it means", explanation->meaning, columns);
  print_part(out, "Why it is judged so", explanation->reason, columns);
  print_part(out, "How it is mended", explanation->mending, columns);
  if (explanation->before == NULL) return;
  print_code(out, "Before:", explanation->before);
  print_code(out, "After:", explanation->after);
}
