/* SPDX-License-Identifier: MIT */
/* The names of the programs that a run started, when a script starts several. Pure. */
#ifndef NOMEM_PROGRAM_NAMES_H
#define NOMEM_PROGRAM_NAMES_H

#include <stdbool.h>

#include "../../channel.h"

/* The programs that were injected. A list has base names with commas between them, as many as fit. */
struct nomem__programs {
  char first_path[NOMEM_PATH_BYTES];    /* of the first; "": there was none */
  char other_names[NOMEM_GLOB_BYTES];   /* of all but the first */
  char project_names[NOMEM_GLOB_BYTES]; /* of those, the first included, that are not the system's */
  char system_names[NOMEM_GLOB_BYTES];  /* of those that are */

  /* Interpreters that are installed, whether or not they were injected. */
  char interpreter_names[NOMEM_GLOB_BYTES];
  char interpreter_path[NOMEM_PATH_BYTES]; /* of the first; "": there was none */
  bool has_project;     /* a program was injected that is neither the system's nor such an interpreter */
  bool has_interpreter; /* such an interpreter was injected */
};

/* Whether a file is the system's: below /bin, /sbin, /lib and /usr, but not /usr/local and /usr/src; or in the store of
 * a package manager. */
bool nomem__is_part_of_system(const char *path);

/* Lists the programs of a run. */
void nomem__programs_list(const struct nomem_channel *channel, struct nomem__programs *programs);

#endif
