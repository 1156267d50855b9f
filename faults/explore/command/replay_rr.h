/* SPDX-License-Identifier: MIT */
/* A finding recorded by rr, in which gdb steps backwards, too. */
#ifndef NOMEM_REPLAY_RR_H
#define NOMEM_REPLAY_RR_H

#include <stdbool.h>

#include "../../channel.h"

/* How the program is recorded. */
struct nomem__rr_request {
  const char *path; /* of the program's file */
  char **argv;
  const char *stdin_path;
  const char *preload, *channel_path; /* "": nothing is preloaded */
  const struct nomem_channel *channel;
  const char *gdb_commands; /* path of what gdb runs first */
  bool is_elsewhere;        /* the call may be made by another program than the first */
};

/* Records the program by rr, and becomes the debugger of the recording, at its end. Returns only if that cannot be
 * done, with the exit status, after one line on standard error. */
int nomem__replay_rr(const struct nomem__rr_request *request);

#endif
