/* SPDX-License-Identifier: MIT */
/* Where options stand that hold for every command, beside the command line: .nomemrc in the home directory, the
 * variable NOMEM_OPTIONS, and .nomemrc in the working directory. What comes later overrides what came earlier. */
#ifndef NOMEM_OPTION_SOURCES_H
#define NOMEM_OPTION_SOURCES_H

#include <stdio.h>

#include "option_words.h"

#define NOMEM_OPTIONS_ENV "NOMEM_OPTIONS"
#define NOMEM_OPTIONS_FILE ".nomemrc"

enum { NOMEM_OPTION_SOURCES = 3 };

/* All zero: none. */
struct nomem__option_sources {
  struct {
    char *name; /* as messages name it */
    bool is_file;
    struct nomem__option_words words;
  } list[NOMEM_OPTION_SOURCES];
  size_t count;
};

/* Reads them. A file that belongs to somebody else, or that everybody may write to, is left alone, and one line on err
 * says so: whoever wrote it could make the command write anywhere. Returns 0, or -EINVAL when one cannot be read or
 * understood, which one line on err says. In either case they are to be freed, once the options are no longer used:
 * those point into them. */
int nomem__option_sources_read(struct nomem__option_sources *sources, FILE *err);

void nomem__option_sources_free(struct nomem__option_sources *sources);

#endif
