/* SPDX-License-Identifier: MIT */
/* The names of the programs that a run started, when a script starts several. Pure. */
#ifndef NOMEM_PROGRAM_NAMES_H
#define NOMEM_PROGRAM_NAMES_H

#include "../../channel.h"

/* The programs that were injected. A list has base names with commas between them, as many as fit. */
struct nomem__programs {
  char first_path[NOMEM_PATH_BYTES];    /* of the first; "": there was none */
  char other_names[NOMEM_GLOB_BYTES];   /* of all but the first */
  char project_names[NOMEM_GLOB_BYTES]; /* of those, the first included, that are not the system's */
  char system_names[NOMEM_GLOB_BYTES];  /* of those that are */
};

/* Lists the programs of a run. The system's are those below /bin, /sbin and /usr, but not /usr/local and /usr/src. */
void nomem__programs_list(const struct nomem_channel *channel, struct nomem__programs *programs);

#endif
