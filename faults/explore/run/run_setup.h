/* SPDX-License-Identifier: MIT */
/* How the program under test is run: what all runs of a worker have in common. */
#ifndef NOMEM_RUN_SETUP_H
#define NOMEM_RUN_SETUP_H

#include <stdbool.h>

/* Strings and arrays stay the caller's and outlive the worker. */
struct nomem__run_setup {
  const char *program; /* path of the file to execute */
  char **argv;
  const char *preload;                /* path of libnomem-preload.so; NULL: the program has nomem-link.o in it */
  const char *image;                  /* as in nomem_channel.image */
  const char *stdin_path;             /* NULL: empty; "-" with inherit: the command's own */
  bool inherit;                       /* the command's own output and terminal, nothing captured */
  bool same_addresses;                /* as in nomem__spawn_request */
  struct nomem__isolation *isolation; /* NULL: runs are not kept apart */
  bool trace;
  bool verify;                               /* as in nomem_channel */
  struct nomem__sanitizer_memory *sanitizer; /* NULL: reports are not looked for */
};

#endif
