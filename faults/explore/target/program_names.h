/* SPDX-License-Identifier: MIT */
/* Which programs of a run are meant, when a script starts several. Pure. */
#ifndef NOMEM_PROGRAM_NAMES_H
#define NOMEM_PROGRAM_NAMES_H

#include "../../channel.h"

/* Base names, with commas, as far as they fit. */
struct nomem__programs {
  char first[NOMEM_PATH_BYTES];         /* the path of the first that was injected; "": none */
  char child_residue[NOMEM_GLOB_BYTES]; /* of the others that were */
  char own[NOMEM_GLOB_BYTES];           /* those of them, the first included, that are not part of the system */
  char helpers[NOMEM_GLOB_BYTES];       /* and those that are */
};

/* Those of a run. The system's programs are those below /bin, /sbin and /usr, but not /usr/local and /usr/src. */
void nomem__programs_of(const struct nomem_channel *channel, struct nomem__programs *programs);

#endif
