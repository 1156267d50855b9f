/* SPDX-License-Identifier: MIT */
#include "options_help.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "options_table.h"

/* The columns where the explanations of --help start and where its lines end. */
#define HELP_INDENT 28
#define HELP_WIDTH 79

/* With as many options or more, they are printed in groups. */
#define GROUPED_MIN 10

/* The table has the options of a group one after the other: from this one on, whichever of them a command has. */
static const struct {
  const char *first, *title;
} groups[] = {{"fail", "what fails"},
              {"tests", "which tests"},
              {"jobs", "how runs are made"},
              {"leaks", "what is a finding"},
              {"report", "reports and other output"},
              {"store", "what is kept"},
              {"gdb", "other tools"},
              {"help", "information"}};

/* The title of the group that begins with the option; NULL: none does. */
static const char *find_title(const struct nomem__option *option) {
  for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
    if (strcmp(option->name, groups[i].first) == 0) return groups[i].title;
  return NULL;
}

/* Prints text from a column on, in lines that are indented. */
static void print_wrapped(FILE *out, size_t column, size_t indent, const char *text) {
  fprintf(out, "%*s", column < indent ? (int)(indent - column) : 0, "");
  if (column < indent) column = indent;
  for (bool first = true; *text; first = false) {
    size_t length = strcspn(text, " ");
    if (!first && column + 1 + length > HELP_WIDTH) {
      fprintf(out, "\n%*s", (int)indent, "");
      column = indent;
    } else if (!first) {
      fputc(' ', out);
      column++;
    }
    fprintf(out, "%.*s", (int)length, text);
    column += length;
    text += length;
    text += strspn(text, " ");
  }
  fputc('\n', out);
}

static void print_option(FILE *out, const struct nomem__option *option) {
  char left[HELP_WIDTH];
  const char letter[] = {'-', option->letter, ',', '\0'};
  int length = snprintf(left, sizeof left, "  %-3s --%s%s%s", option->letter ? letter : "", option->name,
                        option->argument && !nomem__option_may_be_alone(option) ? " " : "",
                        option->argument ? option->argument : "");
  assert(length > 0 && (size_t)length < sizeof left);
  if (length >= HELP_INDENT) {
    fprintf(out, "%s\n", left);
    length = 0;
  } else {
    fputs(left, out);
  }
  print_wrapped(out, (size_t)length, HELP_INDENT, option->help);
}

static void print_options(FILE *out, unsigned scope) {
  size_t count = 0;
  for (const struct nomem__option *option = nomem__option_table; option->name; option++)
    count += (option->commands & scope) != 0;
  const char *title = "options";
  for (const struct nomem__option *option = nomem__option_table; option->name; option++) {
    const char *begun = count >= GROUPED_MIN ? find_title(option) : NULL;
    if (begun != NULL) title = begun;
    if (!(option->commands & scope)) continue;
    if (title != NULL) fprintf(out, "\n%s:\n", title);
    title = NULL;
    print_option(out, option);
  }
}

void nomem__print_usage(FILE *out) {
  fputs("usage: nomem COMMAND [options] -- PROGRAM [ARG...]\n", out);
}

static void print_top_help(FILE *out) {
  nomem__print_usage(out);
  fputs("\nMakes memory allocations of PROGRAM fail, on purpose, and reports what breaks.\n\ncommands:\n", out);
  for (unsigned i = 0; i < NOMEM_COMMAND_COUNT; i++)
    fprintf(out, "  %-9s%s\n", nomem__commands[i].name, nomem__commands[i].summary);
  fprintf(out, "  %-9s%s\n", "help", "explain a command and its options: nomem help COMMAND");
  fputs(
      "\nto begin with:\n"
      "  nomem explore -- ./test       what breaks in a test when malloc returns NULL\n"
      "  nomem suite -- make check     the same for every test that a command starts\n"
      "  nomem explain crash           what a verdict means, and how to mend it\n",
      out);
  print_options(out, NOMEM_SCOPE_TOP);
}

static void print_command_help(FILE *out, enum nomem__command command) {
  const char *operands = nomem__commands[command].operands;
  fprintf(out, "usage: nomem %s [options] %s\n\n", nomem__commands[command].name,
          operands ? operands : "-- PROGRAM [ARG...]");
  print_wrapped(out, 0, 0, nomem__commands[command].about);
  if (!operands) fputs("'--' may be left out when PROGRAM does not begin with '-'.\n", out);
  print_options(out, NOMEM_SCOPE(command));
}

void nomem__print_help(FILE *out, unsigned scope) {
  for (unsigned i = 0; i < NOMEM_COMMAND_COUNT; i++) {
    if (scope != NOMEM_SCOPE(i)) continue;
    print_command_help(out, (enum nomem__command)i);
    return;
  }
  print_top_help(out);
}

/* Prints text for man(7), with hyphens that can be pasted. A line that began with a dot or a quote would be a request,
 * but no text of the table does. */
static void print_roff(FILE *out, const char *text) {
  for (; *text; text++) {
    if (*text == '-')
      fputs("\\-", out);
    else if (*text == '\\')
      fputs("\\e", out);
    else if (*text == '\'')
      fputs("\\(aq", out);
    else
      fputc(*text, out);
  }
}

void nomem__print_manual(FILE *out) {
  for (const struct nomem__option *option = nomem__option_table; option->name; option++) {
    const char *title = find_title(option);
    if (title != NULL) fprintf(out, ".SS %c%s\n", toupper(title[0]), title + 1);
    fputs(".TP\n", out);
    if (option->letter) fprintf(out, "\\fB\\-%c\\fR, ", option->letter);
    fputs("\\fB\\-\\-", out);
    print_roff(out, option->name);
    fputs("\\fR", out);
    if (nomem__option_may_be_alone(option))
      fprintf(out, "[=\\fI%.*s\\fR]", (int)strcspn(option->argument + 2, "]"), option->argument + 2);
    else if (option->argument)
      fprintf(out, " \\fI%s\\fR", option->argument);
    fputc('\n', out);
    print_roff(out, option->help);
    const char *before = ".\nFor ";
    for (unsigned i = 0; i < NOMEM_COMMAND_COUNT && !(option->commands & NOMEM_SCOPE_TOP); i++) {
      if (!(option->commands & NOMEM_SCOPE(i))) continue;
      fprintf(out, "%s\\fB%s\\fR", before, nomem__commands[i].name);
      before = ", ";
    }
    fputs(".\n", out);
  }
}
