/* SPDX-License-Identifier: MIT */
/* The program as it is: without nomem in it, with the standard streams of this command, for whoever wants to see it run
 * as if nomem were not there. */
#ifndef NOMEM_PLAIN_RUN_H
#define NOMEM_PLAIN_RUN_H

#include <stdbool.h>
#include <stdio.h>

enum { NOMEM_KEPT_STREAMS = 2 };

/* All zero: none was made. */
struct nomem__plain_run {
  int status;                     /* as waitpid says */
  FILE *kept[NOMEM_KEPT_STREAMS]; /* what it wrote to standard output and standard error; NULL: it was not kept, or the
                                     other one has both */
};

/* Runs the program to its end. stdin_path: NULL for the command's own standard input. keeps: what it writes is held
 * back until nomem__plain_run_pass_on. It is gone when this command is. Returns 0; or a negative error code when it
 * could not be started, and then nothing was kept. */
int nomem__plain_run_make(struct nomem__plain_run *run, char **program, const char *stdin_path, bool keeps);

/* Writes what was kept to where the program meant it to go, once. */
void nomem__plain_run_pass_on(struct nomem__plain_run *run);

/* Forgets what is still kept. */
void nomem__plain_run_free(struct nomem__plain_run *run);

/* Ends this command as the run ended: by the same signal, which does not return, or with the exit status that this
 * returns. */
int nomem__plain_run_end_alike(const struct nomem__plain_run *run);

#endif
