/* SPDX-License-Identifier: MIT */
#include "completion.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "options_table.h"

/* An explanation beside a choice is one line of a terminal: so much of an option's help. */
#define SUMMARY_BYTES 60

/* A folder is completed as a file is. */
static bool takes_file(const struct nomem__option *option) {
  const char *argument = option->argument != NULL ? option->argument : "";
  return strcmp(argument, "FILE") == 0 || strcmp(argument, "DIR") == 0;
}

/* Prints the names of the commands, and help, each behind a blank. */
static void print_command_names(FILE *out) {
  for (unsigned i = 0; i < NOMEM_COMMAND_COUNT; i++) fprintf(out, " %s", nomem__commands[i].name);
  fputs(" help", out);
}

/* Prints the beginning of a help text, with a backslash before each of these characters. */
static void print_summary(FILE *out, const char *text, const char *escaped) {
  size_t length = strlen(text);
  bool is_whole = length <= SUMMARY_BYTES;
  if (!is_whole)
    for (length = SUMMARY_BYTES; text[length] != ' '; length--) continue;
  for (size_t i = 0; i < length; i++) {
    if (text[i] == '\'') {
      fputs("'\\''", out);
      continue;
    }
    if (strchr(escaped, text[i]) != NULL) fputc('\\', out);
    fputc(text[i], out);
  }
  if (!is_whole) fputs(" ...", out);
}

static void print_spellings(FILE *out, const struct nomem__option *option, const char *between) {
  if (option->letter) fprintf(out, "-%c%s", option->letter, between);
  fprintf(out, "--%s", option->name);
}

/* bash */

/* Prints the options of a scope, or those that take a value only. */
static void print_bash_options(FILE *out, const char *variable, unsigned scope, bool valued) {
  fprintf(out, " %s='", variable);
  for (const struct nomem__option *option = nomem__option_table; option->name; option++) {
    bool takes_word = option->argument && !nomem__option_may_be_alone(option);
    if (!(option->commands & scope) || (valued && !takes_word)) continue;
    fputc(' ', out);
    print_spellings(out, option, " ");
  }
  fputs(" '", out);
}

static void print_bash_scope(FILE *out, const char *pattern, unsigned scope) {
  fprintf(out, "    %s)", pattern);
  print_bash_options(out, "options", scope, false);
  print_bash_options(out, "valued", scope, true);
  fputs(" ;;\n", out);
}

static void print_bash_values(FILE *out) {
  for (const struct nomem__option *option = nomem__option_table; option->name; option++) {
    const char *values = nomem__option_values(option);
    if (!values && !takes_file(option)) continue;
    fputs("    ", out);
    print_spellings(out, option, "|");
    if (values)
      fprintf(out, ") values='%s' ;;\n", values);
    else
      fputs(") files=yes ;;\n", out);
  }
}

static void print_bash(FILE *out) {
  fputs(
      "# Completes the command line of nomem in bash; printed by 'nomem --completion bash'.\n"
      "_nomem_options() {\n"
      "  case $1 in\n",
      out);
  print_bash_scope(out, "''", NOMEM_SCOPE_TOP);
  for (unsigned i = 0; i < NOMEM_COMMAND_COUNT; i++) print_bash_scope(out, nomem__commands[i].name, NOMEM_SCOPE(i));
  fputs(
      "  esac\n"
      "}\n"
      "_nomem_values() {\n"
      "  case $1 in\n",
      out);
  print_bash_values(out);
  fputs(
      "  esac\n"
      "}\n"
      "_nomem() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} command= options= valued= values= files= wants= word i\n"
      "  [ \"$current\" != = ] || current=\n"
      "  COMPREPLY=()\n"
      "  _nomem_options ''\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    word=${COMP_WORDS[i]}\n"
      "    if [ \"$word\" = = ]; then continue; fi\n"
      "    if [ -n \"$wants\" ]; then wants=; continue; fi\n"
      "    case $word in\n"
      "      --) COMPREPLY=($(compgen -c -- \"$current\")); return ;;\n"
      "      -*) case $valued in *\" $word \"*) wants=$word ;; esac ;;\n"
      "      *)\n"
      "        [ -z \"$command\" ] || return\n"
      "        command=$word\n"
      "        options= valued=\n"
      "        _nomem_options \"$command\" ;;\n"
      "    esac\n"
      "  done\n"
      "  if [ -n \"$wants\" ]; then\n"
      "    _nomem_values \"$wants\"\n"
      "    [ -n \"$files\" ] || compopt +o default 2>/dev/null\n"
      "    COMPREPLY=($(compgen -W \"$values\" -- \"$current\"))\n"
      "  elif [ -z \"${current%%-*}\" ] && [ -n \"$current\" ]; then\n"
      "    COMPREPLY=($(compgen -W \"$options\" -- \"$current\"))\n"
      "  elif [ -z \"$command\" ] || [ \"$command\" = help ]; then\n"
      "    COMPREPLY=($(compgen -W '",
      out);
  print_command_names(out);
  fputs(
      "' -- \"$current\"))\n"
      "  else\n"
      "    COMPREPLY=($(compgen -c -- \"$current\"))\n"
      "  fi\n"
      "}\n"
      "complete -o default -F _nomem nomem\n",
      out);
}

/* zsh */

static void print_zsh_option(FILE *out, const struct nomem__option *option) {
  const char *equals = nomem__option_may_be_alone(option) ? "=-" : option->argument ? "=" : "";
  fputs("        ", out);
  if (option->letter)
    fprintf(out, "'(-%c --%s)'{-%c%s,--%s%s}'[", option->letter, option->name, option->letter,
            option->argument ? "+" : "", option->name, equals);
  else
    fprintf(out, "'%s--%s%s[", option->argument ? "*" : "", option->name, equals);
  print_summary(out, option->help, "[]:\\");
  fputc(']', out);
  if (nomem__option_may_be_alone(option))
    fprintf(out, "::%.*s:", (int)strcspn(option->argument + 2, "]"), option->argument + 2);
  else if (option->argument)
    fprintf(out, ":%s:", option->argument);
  const char *values = nomem__option_values(option);
  if (values)
    fprintf(out, "(%s)", values);
  else if (takes_file(option))
    fputs("_files", out);
  fputs("' \\\n", out);
}

static void print_zsh_scope(FILE *out, const char *pattern, unsigned scope, const char *operands) {
  fprintf(out, "    %s)\n      _arguments -s -S \\\n", pattern);
  for (const struct nomem__option *option = nomem__option_table; option->name; option++)
    if (option->commands & scope) print_zsh_option(out, option);
  fprintf(out, "        '*::%s' ;;\n", operands);
}

static void print_zsh(FILE *out) {
  fputs(
      "#compdef nomem\n"
      "# Completes the command line of nomem in zsh; printed by 'nomem --completion zsh'.\n"
      "_nomem_commands() {\n"
      "  local -a commands=(\n",
      out);
  for (unsigned i = 0; i < NOMEM_COMMAND_COUNT; i++) {
    fprintf(out, "    '%s:", nomem__commands[i].name);
    print_summary(out, nomem__commands[i].summary, "\\");
    fputs("'\n", out);
  }
  fputs(
      "    'help:explain a command and its options'\n"
      "  )\n"
      "  _describe command commands\n"
      "}\n"
      "_nomem() {\n"
      "  local command=${words[2]}\n"
      "  if ((CURRENT == 2)) && [[ $command != -* ]]; then\n"
      "    _nomem_commands\n"
      "    return\n"
      "  fi\n"
      "  [[ $command == -* ]] || { shift words; ((CURRENT--)) }\n"
      "  case $command in\n"
      "    help) _nomem_commands ;;\n",
      out);
  for (unsigned i = 0; i < NOMEM_COMMAND_COUNT; i++)
    print_zsh_scope(out, nomem__commands[i].name, NOMEM_SCOPE(i),
                    nomem__commands[i].operands ? "operand:_files" : "program: _normal");
  print_zsh_scope(out, "-*", NOMEM_SCOPE_TOP, "command: _nomem_commands");
  fputs(
      "  esac\n"
      "}\n"
      "_nomem \"$@\"\n",
      out);
}

/* fish */

/* Begins the line of an option, or of a program: it is offered after one of the commands that have it. */
static void print_fish_condition(FILE *out, unsigned scope) {
  if (scope & NOMEM_SCOPE_TOP) {
    fprintf(out, "complete -c nomem%s", scope == NOMEM_SCOPE_TOP ? " -n __fish_use_subcommand" : "");
    return;
  }
  fputs("complete -c nomem -n '__fish_seen_subcommand_from", out);
  for (unsigned i = 0; i < NOMEM_COMMAND_COUNT; i++)
    if (scope & NOMEM_SCOPE(i)) fprintf(out, " %s", nomem__commands[i].name);
  fputc('\'', out);
}

static void print_fish_option(FILE *out, const struct nomem__option *option) {
  print_fish_condition(out, option->commands);
  if (option->letter) fprintf(out, " -s %c", option->letter);
  fprintf(out, " -l %s", option->name);
  if (takes_file(option))
    fputs(" -r -F", out);
  else if (option->argument && !nomem__option_may_be_alone(option))
    fputs(" -x", out);
  const char *values = nomem__option_values(option);
  if (values) fprintf(out, " -a '%s'", values);
  fputs(" -d '", out);
  print_summary(out, option->help, "\\");
  fputs("'\n", out);
}

static void print_fish(FILE *out) {
  fputs("# Completes the command line of nomem in fish; printed by 'nomem --completion fish'.\n", out);
  for (unsigned i = 0; i < NOMEM_COMMAND_COUNT; i++) {
    fprintf(out, "complete -c nomem -n __fish_use_subcommand -f -a %s -d '", nomem__commands[i].name);
    print_summary(out, nomem__commands[i].summary, "\\");
    fputs("'\n", out);
  }
  fputs(
      "complete -c nomem -n __fish_use_subcommand -f -a help -d 'explain a command and its options'\n"
      "complete -c nomem -n '__fish_seen_subcommand_from help' -f -a '",
      out);
  print_command_names(out);
  fputs("'\n", out);
  unsigned programs = 0;
  for (unsigned i = 0; i < NOMEM_COMMAND_COUNT; i++)
    if (!nomem__commands[i].operands) programs |= NOMEM_SCOPE(i);
  print_fish_condition(out, programs);
  fputs(" -a '(__fish_complete_command)'\n", out);
  for (const struct nomem__option *option = nomem__option_table; option->name; option++) print_fish_option(out, option);
}

int nomem__print_completion(FILE *out, const char *shell) {
  if (strcmp(shell, "bash") == 0)
    print_bash(out);
  else if (strcmp(shell, "zsh") == 0)
    print_zsh(out);
  else if (strcmp(shell, "fish") == 0)
    print_fish(out);
  else
    return -EINVAL;
  return 0;
}
