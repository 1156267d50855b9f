/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "../../nomem_version.h"
#include "../text/quote.h"
#include "completion.h"
#include "options_help.h"
#include "options_table.h"

/* Two words that differ in more letters than this are two words, and no misspelling. */
#define TYPO_DISTANCE 2

struct parser {
  int argc;
  char **argv;
  int next;       /* the word of argv to read */
  unsigned scope; /* the bit of the command whose options are being read */
  struct nomem__options *options;
  FILE *out, *err;
  /* Where the words stand; NULL: on the command line. There, options of other commands are passed over. */
  const char *source;
  const unsigned *lines; /* of each of its words; NULL: it has no lines */
};

/* Prints the one line of a usage error, which says what is wrong and how to correct it. Returns -EINVAL. */
__attribute__((format(printf, 2, 3))) static int report_usage(const struct parser *parser, const char *format, ...) {
  const char *command = parser->scope == NOMEM_SCOPE_TOP ? NULL : nomem__commands[parser->options->command].name;
  va_list arguments;
  if (parser->source == NULL)
    fprintf(parser->err, "nomem: %s%s", command ? command : "", command ? ": " : "");
  else if (parser->lines == NULL)
    fprintf(parser->err, "nomem: %s: ", parser->source);
  else
    fprintf(parser->err, "nomem: %s:%u: ", parser->source, parser->lines[parser->next > 0 ? parser->next - 1 : 0]);
  va_start(arguments, format);
  vfprintf(parser->err, format, arguments);
  va_end(arguments);
  fprintf(parser->err, " (try 'nomem %s%s--help')\n", command ? command : "", command ? " " : "");
  return -EINVAL;
}

/* Returns how many bytes have to be inserted, removed or changed to turn a into b, which is no longer than
 * NOMEM_OPTION_NAME_BYTES. */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length) {
  size_t row[NOMEM_OPTION_NAME_BYTES + 1];
  for (size_t j = 0; j <= b_length; j++) row[j] = j;
  for (size_t i = 1; i <= a_length; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b_length; j++) {
      size_t least = diagonal + (a[i - 1] != b[j - 1]);
      if (least > row[j] + 1) least = row[j] + 1;
      if (least > row[j - 1] + 1) least = row[j - 1] + 1;
      diagonal = row[j];
      row[j] = least;
    }
  }
  return row[b_length];
}

/* Whether the word is a misspelling of name, or its beginning. */
static bool is_like(const char *word, size_t length, const char *name) {
  size_t name_length = strlen(name);
  assert(name_length <= NOMEM_OPTION_NAME_BYTES);
  if (length < 2 || length > NOMEM_OPTION_NAME_BYTES) return false;
  if (strncmp(word, name, length) == 0) return true;
  size_t distance = edit_distance(word, length, name, name_length);
  return distance <= TYPO_DISTANCE && distance * 2 <= length;
}

/* Returns the option with that name, or with that letter when name is NULL, in any of the scopes; NULL: there is none.
 */
static const struct nomem__option *find_option(unsigned scopes, const char *name, size_t length, char letter) {
  for (const struct nomem__option *option = nomem__option_table; option->name; option++) {
    if (!(option->commands & scopes)) continue;
    if (name ? strlen(option->name) == length && memcmp(option->name, name, length) == 0 : option->letter == letter)
      return option;
  }
  return NULL;
}

/* The commands of which an option may be where the parser is: in a source, any. */
static unsigned known_scopes(const struct parser *parser) {
  return parser->source != NULL ? NOMEM_SCOPE_TOP | (NOMEM_SCOPE_TOP - 1) : parser->scope;
}

/* As find_option, of the command, or else of another one that may have it where the parser is. */
static const struct nomem__option *find_known(const struct parser *parser, const char *name, size_t length,
                                              char letter) {
  const struct nomem__option *option = find_option(parser->scope, name, length, letter);
  return option != NULL ? option : find_option(known_scopes(parser), name, length, letter);
}

/* Reports an option that the command does not have. word is what to show of it; name and letter are as for find_option.
 */
static int report_unknown_option(const struct parser *parser, const char *word, const char *name, size_t length,
                                 char letter) {
  char quoted[NOMEM_QUOTE_BYTES];
  nomem__quote(word, quoted, sizeof quoted);
  const struct nomem__option *elsewhere = find_option(NOMEM_SCOPE_TOP - 1, name, length, letter);
  for (unsigned i = 0; elsewhere && i < NOMEM_COMMAND_COUNT; i++) {
    if (!(elsewhere->commands & NOMEM_SCOPE(i))) continue;
    if (parser->scope == NOMEM_SCOPE_TOP)
      return report_usage(parser, "option %s comes after the command, as in 'nomem %s --%s'", quoted,
                          nomem__commands[i].name, elsewhere->name);
    return report_usage(parser, "%s is not an option of this command but of 'nomem %s': leave it out", quoted,
                        nomem__commands[i].name);
  }
  for (const struct nomem__option *option = nomem__option_table; option->name && name; option++)
    if (option->commands & known_scopes(parser) && is_like(name, length, option->name))
      return report_usage(parser, "unknown option %s: did you mean '--%s'?", quoted, option->name);
  if (parser->source != NULL) return report_usage(parser, "unknown option %s: leave it out", quoted);
  if (parser->scope == NOMEM_SCOPE_TOP) return report_usage(parser, "unknown option %s: name a command first", quoted);
  return report_usage(parser, "unknown option %s: if it is PROGRAM's, put it after PROGRAM", quoted);
}

/* Options that are for one command line only. */
static bool is_for_command_line(const struct nomem__option *option) {
  return option->action != NOMEM_OPTION_SET || strcmp(option->name, "fail") == 0;
}

/* Does what the option is for. spelt is the option as the user wrote it. Returns as nomem__options_parse. */
static int act(struct parser *parser, const struct nomem__option *option, const char *spelt, const char *value) {
  char reason[NOMEM_OPTION_REASON_BYTES], quoted[NOMEM_QUOTE_BYTES];
  if (parser->source != NULL && is_for_command_line(option))
    return report_usage(parser, "%s is for the command line only: leave it out", spelt);
  if (!(option->commands & parser->scope)) return 0; /* a source's, for other commands */
  switch (option->action) {
    case NOMEM_OPTION_HELP:
      nomem__print_help(parser->out, parser->scope);
      return 1;
    case NOMEM_OPTION_MANUAL:
      nomem__print_manual(parser->out);
      return 1;
    case NOMEM_OPTION_COMPLETION:
      if (nomem__print_completion(parser->out, value) == 0) return 1;
      return report_usage(parser, "%s %s: give bash, zsh or fish", spelt, nomem__quote(value, quoted, sizeof quoted));
    case NOMEM_OPTION_VERSION:
      fputs("nomem " NOMEM_VERSION "\n", parser->out);
      return 1;
    case NOMEM_OPTION_SET:
      break;
  }
  if (option->read(parser->options, option->offset, value, reason) == 0) return 0;
  return report_usage(parser, "%s %s: %s", spelt, nomem__quote(value, quoted, sizeof quoted), reason);
}

/* Does so with the next word as its value. */
static int act_on_next(struct parser *parser, const struct nomem__option *option, const char *spelt) {
  if (parser->next >= parser->argc)
    return report_usage(parser, "%s needs a value: %s %s", spelt, spelt, option->argument);
  return act(parser, option, spelt, parser->argv[parser->next++]);
}

static int parse_long(struct parser *parser, const char *word) {
  char spelt[sizeof "--" + NOMEM_OPTION_NAME_BYTES];
  const char *name = word + strlen("--");
  size_t length = strcspn(name, "=");
  const char *value = name[length] ? name + length + 1 : NULL;
  const struct nomem__option *option = find_known(parser, name, length, 0);
  if (!option) return report_unknown_option(parser, word, name, length, 0);
  snprintf(spelt, sizeof spelt, "--%s", option->name);
  if (nomem__option_may_be_alone(option)) return act(parser, option, spelt, value ? value : NOMEM_OPTION_ALL);
  if (option->argument) return value ? act(parser, option, spelt, value) : act_on_next(parser, option, spelt);
  if (value) return report_usage(parser, "%s takes no value: leave out what follows it", spelt);
  return act(parser, option, spelt, "");
}

/* Reads a word of letters. The first that takes a value takes the rest of the word, or the next word. */
static int parse_letters(struct parser *parser, const char *word) {
  for (const char *letter = word + 1; *letter; letter++) {
    const char spelt[] = {'-', *letter, '\0'};
    const struct nomem__option *option = find_known(parser, NULL, 0, *letter);
    if (!option) return report_unknown_option(parser, letter == word + 1 ? word : spelt, NULL, 0, *letter);
    if (option->argument && letter[1]) return act(parser, option, spelt, letter + 1);
    int result = option->argument ? act_on_next(parser, option, spelt) : act(parser, option, spelt, "");
    if (result || option->argument) return result;
  }
  return 0;
}

/* Reads options up to the first word that is not one, or up to "--", which it passes. */
static int parse_options(struct parser *parser) {
  while (parser->next < parser->argc) {
    const char *word = parser->argv[parser->next];
    if (word[0] != '-') return 0;
    parser->next++;
    if (strcmp(word, "--") == 0) return 0;
    if (word[1] == '\0') return report_unknown_option(parser, word, "", 0, 0);
    int result = word[1] == '-' ? parse_long(parser, word) : parse_letters(parser, word);
    if (result) return result;
  }
  return 0;
}

static int find_command(const struct parser *parser, const char *word, enum nomem__command *found) {
  char quoted[NOMEM_QUOTE_BYTES];
  nomem__quote(word, quoted, sizeof quoted);
  for (unsigned i = 0; i < NOMEM_COMMAND_COUNT; i++) {
    if (strcmp(word, nomem__commands[i].name) != 0) continue;
    *found = (enum nomem__command)i;
    return 0;
  }
  for (unsigned i = 0; i < NOMEM_COMMAND_COUNT; i++)
    if (is_like(word, strlen(word), nomem__commands[i].name))
      return report_usage(parser, "unknown command %s: did you mean '%s'?", quoted, nomem__commands[i].name);
  return report_usage(parser, "unknown command %s: name a command first, as in 'nomem explore -- PROGRAM'", quoted);
}

static int print_help_of(struct parser *parser) {
  const char *word = parser->argv[parser->next];
  if (parser->next == parser->argc) {
    nomem__print_help(parser->out, NOMEM_SCOPE_TOP);
    return 1;
  }
  if (parser->next + 1 < parser->argc) return report_usage(parser, "help: one command at a time");
  int result = find_command(parser, word, &parser->options->command);
  if (result) return result;
  nomem__print_help(parser->out, NOMEM_SCOPE(parser->options->command));
  return 1;
}

const char *const nomem__report_options[NOMEM_REPORT_COUNT] = {
#define X(constant, function, option) [NOMEM_REPORT_##constant] = (option),
    NOMEM_REPORT_MAP(X)
#undef X
};

/* Checks that no two reports have the same file, which would hold neither, and that none takes the place of rules. */
static int check_reports(const struct parser *parser) {
  const char *const *names = nomem__report_options;
  const char *const *reports = parser->options->reports;
  char quoted[NOMEM_QUOTE_BYTES];
  for (unsigned i = 0; i < NOMEM_REPORT_COUNT; i++)
    for (unsigned j = 0; j < i && reports[i]; j++)
      if (reports[j] && strcmp(reports[i], reports[j]) == 0)
        return report_usage(parser, "--%s and --%s both name %s: give each a file of its own", names[j], names[i],
                            nomem__quote(reports[i], quoted, sizeof quoted));
  const char *text = parser->options->text_path;
  for (unsigned i = 0; i < NOMEM_REPORT_COUNT && text; i++)
    if (reports[i] && strcmp(reports[i], text) == 0)
      return report_usage(parser, "--report and --%s both name %s: give each a file of its own", names[i],
                          nomem__quote(text, quoted, sizeof quoted));
  const char *rules = reports[NOMEM_REPORT_SUPPRESSIONS];
  for (size_t i = 0; i < parser->options->suppress_count && rules; i++)
    if (strcmp(parser->options->suppress[i], rules) == 0)
      return report_usage(parser,
                          "--write-suppressions would replace the rules in %s: name another file, and append it",
                          nomem__quote(rules, quoted, sizeof quoted));
  return 0;
}

/* Reads the words of a command that runs no program. Options may stand between them and behind them; the words are
 * moved together in argv. */
static int parse_operands(struct parser *parser) {
  struct nomem__options *options = parser->options;
  const struct nomem__command_text *command = &nomem__commands[options->command];
  options->operands = parser->argv + parser->next;
  while (parser->next < parser->argc) {
    options->operands[options->operand_count++] = parser->argv[parser->next++];
    int result = parse_options(parser);
    if (result) return result;
  }
  if (options->operand_count < command->operands_min || options->operand_count > command->operands_max)
    return report_usage(parser, "too %s words: give %s",
                        options->operand_count < command->operands_min ? "few" : "many", command->operands);
  return 0;
}

/* Checks that no two options contradict each other. */
static int check_together(const struct parser *parser) {
  const struct nomem__options *options = parser->options;
  bool wants_leaks = options->leaks == NOMEM_LEAKS_HANDLED || options->leaks == NOMEM_LEAKS_ALL;
  bool wants_heap = options->heap == NOMEM_HEAP_SITES || options->heap == NOMEM_HEAP_ALL;
  if (options->verbose && options->quiet) return report_usage(parser, "--verbose and --quiet: leave one of them out");
  if (options->no_trace && wants_leaks)
    return report_usage(parser, "--leaks needs ptrace, and --no-trace does without: leave one of them out");
  if (options->no_trace && wants_heap)
    return report_usage(parser, "--heap needs ptrace, and --no-trace does without: leave one of them out");
  if (options->leaks == NOMEM_LEAKS_OFF && wants_heap)
    return report_usage(parser,
                        "--heap needs the record of blocks, and --leaks off does without: leave one of them out");
  if (options->coverage && options->engine != NOMEM_CHOICE_AUTO && options->engine != NOMEM_CHOICE_EXEC)
    return report_usage(parser,
                        "--coverage needs --engine exec, because data is written when a program ends: leave "
                        "one of them out");
  for (size_t i = 0; i < sizeof options->bad_codes / sizeof *options->bad_codes; i++)
    if (options->skip_codes[i] & options->bad_codes[i])
      return report_usage(parser, "--skip-code and --bad-code name the same exit status: leave one of them out");
  if (options->command == NOMEM_COMMAND_RUN && !options->plan_text && !options->hostile)
    return report_usage(parser, "no plan: say which allocations fail, such as --fail nth=3");
  if (options->command == NOMEM_COMMAND_RUN && options->plan_text && options->hostile)
    return report_usage(parser, "--fail and --hostile: write hostile= in the plan, as in --fail 'nth=3; hostile=all'");
  return check_reports(parser);
}

/* Reads the words of one source, which are options and nothing else. */
static int parse_source(const struct parser *command_line, const char *name, const struct nomem__option_words *words,
                        bool is_file) {
  struct parser parser = *command_line;
  char quoted[NOMEM_QUOTE_BYTES];
  parser.argc = (int)words->count;
  parser.argv = words->list;
  parser.next = 0;
  parser.source = name;
  parser.lines = is_file ? words->lines : NULL;
  int result = 0;
  while (result == 0 && parser.next < parser.argc) {
    const char *word = parser.argv[parser.next];
    if (word[0] == '-' && word[1] != '\0' && strcmp(word, "--") != 0) {
      parser.next++;
      result = word[1] == '-' ? parse_long(&parser, word) : parse_letters(&parser, word);
      continue;
    }
    parser.next++;
    result =
        report_usage(&parser, "%s is no option: write only options here", nomem__quote(word, quoted, sizeof quoted));
  }
  return result;
}

/* Of options that exclude each other, those of the command line count. earlier: what the sources say. */
static void override_earlier(struct nomem__options *options, const struct nomem__options *earlier) {
  bool wants_blocks = options->leaks != NOMEM_LEAKS_DEFAULT || options->heap != NOMEM_HEAP_DEFAULT;
  if (!options->quiet && !options->verbose) {
    options->quiet = earlier->quiet;
    options->verbose = earlier->verbose;
  }
  if (!options->no_trace && options->leaks == NOMEM_LEAKS_DEFAULT) options->leaks = earlier->leaks;
  if (!options->no_trace && options->leaks != NOMEM_LEAKS_OFF && options->heap == NOMEM_HEAP_DEFAULT)
    options->heap = earlier->heap;
  if (!wants_blocks) options->no_trace |= earlier->no_trace;
  if (options->store == NULL) {
    options->store = earlier->store;
    options->no_store |= earlier->no_store;
  }
}

/* Reads the options of the command, wherever they stand. */
static int parse_all_options(struct parser *parser, const struct nomem__option_sources *sources) {
  struct nomem__options *options = parser->options;
  int result = 0;
  for (size_t i = 0; sources != NULL && i < sources->count && result == 0; i++)
    result = parse_source(parser, sources->list[i].name, &sources->list[i].words, sources->list[i].is_file);
  if (result != 0) return result;
  const struct nomem__options earlier = *options;
  options->quiet = options->verbose = options->no_trace = options->no_store = false;
  options->leaks = NOMEM_LEAKS_DEFAULT;
  options->heap = NOMEM_HEAP_DEFAULT;
  options->store = NULL;
  result = parse_options(parser);
  override_earlier(options, &earlier);
  return result;
}

int nomem__options_parse(int argc, char **argv, struct nomem__options *options, FILE *out, FILE *err) {
  return nomem__options_parse_after(NULL, argc, argv, options, out, err);
}

int nomem__options_parse_after(const struct nomem__option_sources *sources, int argc, char **argv,
                               struct nomem__options *options, FILE *out, FILE *err) {
  struct parser parser = {
      .argc = argc, .argv = argv, .next = 1, .scope = NOMEM_SCOPE_TOP, .options = options, .out = out, .err = err};
  assert(argv != NULL && options != NULL && out != NULL && err != NULL);
  memset(options, 0, sizeof *options);
  options->faults = NOMEM_FAULT_ALL;
  options->image = "";

  int result = parse_options(&parser);
  if (result) return result;
  if (parser.next >= argc) {
    nomem__print_usage(err);
    fputs("nomem: no command: 'nomem help' lists them\n", err);
    return -EINVAL;
  }
  const char *word = argv[parser.next++];
  if (strcmp(word, "help") == 0) return print_help_of(&parser);
  result = find_command(&parser, word, &options->command);
  if (result) return result;

  parser.scope = NOMEM_SCOPE(options->command);
  result = parse_all_options(&parser, sources);
  if (result == 0) result = check_together(&parser);
  if (result) return result;
  if (nomem__commands[options->command].operands && !options->plan_text) return parse_operands(&parser);
  if (parser.next >= argc) return report_usage(&parser, "no program: add '-- PROGRAM [ARG...]'");
  options->program = argv + parser.next;
  return 0;
}
