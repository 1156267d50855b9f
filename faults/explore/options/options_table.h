/* SPDX-License-Identifier: MIT */
/* The tables behind the command line: its parser, --help, the manual page and completion are all made from them. They
 * hold no function but those that know values; options.h is the interface. */
#ifndef NOMEM_OPTIONS_TABLE_H
#define NOMEM_OPTIONS_TABLE_H

#include <stddef.h>

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

/* What the parser does with an option. */
enum nomem__option_action {
  NOMEM_OPTION_SET,  /* has its value read, and goes on */
  NOMEM_OPTION_HELP, /* prints help and ends; so do those below */
  NOMEM_OPTION_VERSION,
  NOMEM_OPTION_MANUAL,
  NOMEM_OPTION_COMPLETION
};

struct nomem__option {
  const char *name;     /* without its dashes */
  const char *argument; /* what --help calls its value; "[=...]": it may be left out; NULL: it takes none */
  char letter;          /* 0: none */
  unsigned commands;    /* the bits of those that have it */
  enum nomem__option_action action;
  /* Stores value in the member of options at offset. Returns 0, or -EINVAL with the way to correct it in reason, which
   * has NOMEM_OPTION_REASON_BYTES. NULL, unless the action is to set. */
  int (*read)(struct nomem__options *options, size_t offset, const char *value, char *reason);
  size_t offset;
  const char *help;
};

extern const struct nomem__command_text nomem__commands[NOMEM_COMMAND_COUNT];

/* The value of an option whose value may be left out, and is. Such a value is never a word of its own. */
#define NOMEM_OPTION_ALL "all"

static inline bool nomem__option_may_be_alone(const struct nomem__option *option) {
  return option->argument != NULL && option->argument[0] == '[';
}

/* Ended by an option without a name. */
extern const struct nomem__option nomem__option_table[];

/* Returns all that the option's value can be, joined by blanks; NULL: it can be anything, or there is none. */
const char *nomem__option_values(const struct nomem__option *option);

#endif
