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
     .meaning = "A block was freed twice, a pointer was freed that is no block, or memory was written outside a block "
                "or after the block was freed. On error paths it is most often a double free: a function frees what "
                "it was given before it reports the failure, and its caller, which still has the pointer, frees it "
                "again.",
     .reason = "The C library, or nomem's own table of all blocks, found the damage in a run with the failure, and "
               "none in a run without it. If the line that reproduces the finding contains --leaks all, it needs "
               "that option: without the table of blocks the damage may go unnoticed.",
     .mending = "Give each block one owner, set pointers to NULL once their block is freed, and raise a capacity only "
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
                "that was leaked although the program went on to its end.",
     .reason = "The run with the failure has a sanitizer's report that the run without it does not have.",
     .mending = "Read the sanitizer's own report: the line that reproduces the finding prints all of it."},
    {.verdict = "crash",
     .meaning = "A process received SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP or SIGSYS after an allocation had "
                "failed. Most often nobody checked whether the result was NULL, and the address is near 0. An address "
                "far from 0 means that the program used something half made, or something that it had freed on its "
                "way out.",
     .reason = "The signal was raised in code under test, whether it killed the process or was caught by a test "
               "framework or a crash reporter. The run without the failure raises none there. If the line that "
               "reproduces the finding contains --guard, each block has pages of its own: without them a use after "
               "free, or a read past the end of a block, may go unnoticed.",
     .mending = "Check the result at the line of the failed call, undo what was done until then, and report the "
                "failure. If the C library is to blame, suppress the finding (--suppress).",
     .before = "store->name = strdup(name);\n"
               "store->length = strlen(store->name);",
     .after = "store->name = strdup(name);\n"
              "if (store->name == NULL) {\n"
              "  free(store);\n"
              "  return NULL;\n"
              "}\n"
              "store->length = strlen(store->name);"},
    {.verdict = "abort",
     .meaning = "A process received SIGABRT, which the code under test raised itself: by an assertion about a value "
                "that may be missing, by a C++ exception that nobody caught, or because it was decided not to go on "
                "without memory. The report shows the last words of the process.",
     .reason = "The code under test called abort, and it does not do so in the run without the failure. An assertion "
               "of the test's own does not count.",
     .mending = "Return an error instead: the caller may have another way to go on. If the abort is a documented "
                "decision, suppress the finding, with that reason.",
     .before = "char *copy = strdup(text);\n"
               "assert(copy != NULL);",
     .after = "char *copy = strdup(text);\n"
              "if (copy == NULL) return -ENOMEM;"},
    {.verdict = "hang",
     .meaning = "The run did not end by itself. Look for a loop that tries again for ever, a lock that the path of "
                "the failure did not release, or a wait for something that was never started. The stacks show where "
                "the threads were when the time was up, and what each of them waited for: 'a lock that thread 1 "
                "holds' is one that will never be released.",
     .reason = "The run was still going on after ten times as long as the run without the failure takes (but at "
               "least a second), or after --timeout. If the program is merely slow then, give it more time.",
     .mending = "On the path of the failure, release the lock or leave the loop.",
     .before = "pthread_mutex_lock(&queue->lock);\n"
               "job = malloc(sizeof *job);\n"
               "if (job == NULL) return -1;",
     .after = "job = malloc(sizeof *job);\n"
              "if (job == NULL) return -1;\n"
              "pthread_mutex_lock(&queue->lock);"},
    {.verdict = "flood",
     .meaning = "The run wrote more than 64 MiB to standard output and standard error together. nomem ended it there, "
                "so it is not known how it would have gone on. Most often it is a loop that tries again for ever and "
                "complains each time. Where the output goes to a file, that fills a disk. The report shows what was "
                "written last.",
     .reason = "The run without the failure writes less. If the program means to write that much, make it write "
               "less, or send its output to /dev/null.",
     .mending = "Give up after the first failure, or after a number of attempts."},
    {.verdict = "internal",
     .meaning = "The interpreter that runs the script complained that a module in C has broken the rules of its "
                "interface: a SystemError of Python's, such as 'returned NULL without setting an exception', a "
                "'panic:' of Perl's, a '[BUG]' of Ruby's. The script cannot handle that: at best it gets an error "
                "that does not mention memory.",
     .reason = "The interpreter wrote a line with such a complaint, which it does not write in the run without the "
               "failure.",
     .mending = "At the line that is shown, set the interpreter's error for a lack of memory before NULL is returned. "
                "Where one of the interpreter's own functions returns NULL, the exception is set already; "
                "PyMem_Malloc, PyObject_Malloc and malloc set none.",
     .before = "copy = PyMem_Malloc(size);\n"
               "if (copy == NULL) return NULL;",
     .after = "copy = PyMem_Malloc(size);\n"
              "if (copy == NULL) return PyErr_NoMemory();"},
    {.verdict = "wrong",
     .meaning = "The test said that a result is wrong: the code under test did not report the failure, or reported it "
                "too late, and gave a result that is not the right one.",
     .reason = "The test ended with an exit status that --bad-code names, or called nomem_wrong (nomem.h).",
     .mending = "Report the failure all the way from the failed call to the test, or undo what was done until then."},
    {.verdict = "silent",
     .meaning = "The code under test gave a result that is not what it was asked for, and reported success. This time "
                "the test noticed. A caller that does not compare the result does not notice.",
     .reason = "The call by which the test entered the code under test, and in which the allocation failed, returned "
               "the same as in the run without the failure. No later call and no callback reported a failure. Then "
               "the test failed.",
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
     .meaning = "Memory was lost that the run without the failure frees: nothing points to it any more, so nobody can "
                "free it. A program that copes with the failure and goes on loses it each time.",
     .reason = "At its end the program, or the process in which the allocation failed, had more such blocks than "
               "without the failure. Or it gave up with an error, and a function below main had lost them before.",
     .mending = "On the path of the failure, free what was allocated before the allocation that failed.",
     .before = "store->name = strdup(name);\n"
               "if (store->name == NULL) return NULL;",
     .after = "store->name = strdup(name);\n"
              "if (store->name == NULL) {\n"
              "  free(store);\n"
              "  return NULL;\n"
              "}"},
    {.verdict = "mute",
     .meaning = "The run ended with success and wrote nothing, although it always writes something. Whoever started "
                "the program believes that it succeeded and found nothing.",
     .reason = "Its exit status is 0, and it mentioned no failure. But it wrote nothing of what every run without a "
               "failure writes to standard output, or to the files that its arguments name.",
     .mending = "Report the failure on standard error, and end with another exit status.",
     .before = "if (buffer == NULL) return 0;",
     .after = "if (buffer == NULL) {\n"
              "  perror(\"report\");\n"
              "  return 1;\n"
              "}"},
    {.verdict = "leftover",
     .meaning = "The run left something behind: an open descriptor, a running thread, a child process that nobody "
                "waited for, a locked mutex, or a file, a folder or shared memory that it had created. Only --strict "
                "counts it: the kernel closes what a process has open, the test itself may have left it, and a file "
                "may be what the program falls back on.",
     .reason = "The program, or the process in which the allocation failed, ended as it does without the failure, "
               "and left more behind than then.",
     .mending = "On the path of the failure, close what was opened and remove what was created before the allocation "
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
     .meaning = "The run ended as always, but wrote something else to standard output or to a file. A reader of that "
                "output, or a script that looks only at the exit status, takes it for complete.",
     .reason = "Its exit status is that of the run without the failure, and it mentioned no failure. But its output, "
               "or what it wrote to files, differs by more than what varies from run to run.",
     .mending = "Report the failure to the caller, and end with another exit status. A program that may leave "
                "something out (a cache, a hint) should say so on standard error, or in its log."},
    {.verdict = "misreported",
     .meaning = "The run gave up, but gave a false reason. Whoever reads it looks for the failure in the wrong place.",
     .reason = "Either standard error gives 'Success' as the reason: the code that cleaned up, or logged, changed "
               "errno before it was printed. Or the call returned to the test another error than a lack of memory, "
               "although its type, or its library, has one for that.",
     .mending = "Save errno in a variable before anything else is called. Distinguish a NULL for lack of memory from "
                "other NULLs.",
     .before = "close(fd);\n"
               "fprintf(stderr, \"%s: %s\\n\", path, strerror(errno));",
     .after = "int error = errno;\n"
              "close(fd);\n"
              "fprintf(stderr, \"%s: %s\\n\", path, strerror(error));"},
    {.verdict = "untold",
     .meaning = "The test failed, and nomem saw nothing that had reported the failure to it. The test may have "
                "learned of it in a way that nomem does not see: from a member of a structure, from another thread, "
                "or from a function without debug information. If it did not, this is a silent failure.",
     .reason = "The call by which the test entered the code under test, and in which the allocation failed, returned "
               "the same as in the run without the failure. Not all that came later could be compared.",
     .mending = "Read what the test compares. If the test first asks the code under test for its status, the question "
                "is settled."},
    {.verdict = "hostile",
     .meaning = "No allocation failed, and yet the program broke: it relies on something that its allocator happens "
                "to do, and that no allocator has to do. The report says what that is, and names the one call whose "
                "lawful behaviour breaks the program: realloc moved a block, and the program went on using the old "
                "address; fresh memory was not zero; a freed block was read; a block of 0 bytes was NULL, and was "
                "taken for a failure; errno was read after a call that had succeeded; or a block was aligned to 16 "
                "bytes and no more.",
     .reason = "--hostile was given, and the run ended otherwise than those without it: twice when all such calls "
               "were served so, and then when that one alone was. Different output alone is enough where blocks lie "
               "where they always do.",
     .mending = "Use what realloc returned, and nothing that pointed into the old block. Set the memory that malloc "
                "returns, or call calloc. Read errno only after a failure.",
     .before = "item = &list->items[0];\n"
               "list->items = grow(list->items, list->count + 1);\n"
               "item->next = list->count;",
     .after = "list->items = grow(list->items, list->count + 1);\n"
              "item = &list->items[0];\n"
              "item->next = list->count;"},
    {.verdict = "varied",
     .meaning = "With a hostile allocator the program ended as always, but wrote something else, or left something "
                "else behind. That need not be a bug: a program that prints an address, or sorts by one, writes "
                "something else where its blocks lie elsewhere.",
     .reason = "--hostile was given, and the way in which calls were served moves blocks.",
     .mending = "Look at the line that differs. If it does not depend on addresses, it is a bug of the same kind as "
                "'hostile'."},
    {.verdict = "reported",
     .meaning = "The run reported the failure and gave up, as a program should. An assertion of the test, about a "
                "library that rightly reported the failure, counts as this, too. There is nothing to mend.",
     .reason = "It ended with another exit status than without the failure."},
    {.verdict = "handled",
     .meaning = "The run did without the memory: it wrote what it always writes, or mentioned the failure. There is "
                "nothing to mend.",
     .reason = "It ended with the same exit status as without the failure."},
    {.verdict = "unreached",
     .meaning = "The call that was to fail was never made, so the run shows nothing. Threads, time and random numbers "
                "cause that. If there are many such runs, make the program deterministic.",
     .reason = "This run took another way than the one without the failure."},
    {.verdict = "flaky",
     .meaning = "Not a verdict of its own: the run that showed the finding ended well when it was made once more. The "
                "finding is listed apart and does not count.",
     .reason = "The two runs differ, although the same call failed in both."},
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
  print_part(out, "Why nomem says so", explanation->reason, columns);
  print_part(out, "How to mend it", explanation->mending, columns);
  if (explanation->before == NULL) return;
  print_code(out, "Before:", explanation->before);
  print_code(out, "After:", explanation->after);
}
