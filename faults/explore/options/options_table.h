/* SPDX-License-Identifier: MIT */
/* The tables behind the command line, shared by its parser, --help and the manual page; options.h is the interface. */
#ifndef NOMEM_OPTIONS_TABLE_H
#define NOMEM_OPTIONS_TABLE_H

#include <stddef.h>
#include <stdio.h>

#include "options.h"

/* Room for what a reader says against a value. */
#define NOMEM_OPTION_REASON_BYTES 512
/* No option or command has a longer name. */
#define NOMEM_OPTION_NAME_BYTES 24
/* The bit of a command among those of nomem__option.commands, and the one that stands for nomem without a command. */
#define NOMEM_SCOPE(command) (1u << (command))
#define NOMEM_SCOPE_TOP NOMEM_SCOPE(NOMEM_COMMAND_COUNT)

struct nomem__command_text {
  const char *name;
  const char *summary;  /* one line of nomem --help */
  const char *about;    /* nomem help COMMAND */
  const char *operands; /* of a command that is given no program; NULL: it is given one */
  size_t operands_min, operands_max;
};

struct nomem__parser {
  int argc;
  char **argv;
  int next;       /* the word of argv to look at */
  unsigned scope; /* the bit of the command whose options are being read */
  struct nomem__options *options;
  FILE *out, *err;
};

struct nomem__option {
  const char *name;     /* without its dashes */
  const char *argument; /* what --help calls its value; NULL: it takes none */
  char letter;          /* 0: none */
  unsigned commands;    /* the bits of those that have it */
  /* Stores value. Returns 0, 1 when there is nothing left to do, or -EINVAL with the way to mend it in reason. */
  int (*read)(struct nomem__parser *parser, size_t offset, const char *value, char *reason);
  size_t offset; /* of the member of struct nomem__options that read sets */
  const char *help;
};

extern const struct nomem__command_text nomem__commands[NOMEM_COMMAND_COUNT];

/* Ended by an option without a name. */
extern const struct nomem__option nomem__option_table[];

/* The usage line, the whole help of nomem or of one command (scope is its bit), and the options for man(7). */
void nomem__print_usage(FILE *out);
void nomem__print_help(FILE *out, unsigned scope);
void nomem__print_manual(FILE *out);

#endif
