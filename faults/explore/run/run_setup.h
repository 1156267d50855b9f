/* SPDX-License-Identifier: MIT */
/* How the program under test is run: what all runs of a session have in common. */
#ifndef NOMEM_RUN_SETUP_H
#define NOMEM_RUN_SETUP_H

#include <stdbool.h>

/* Strings and arrays stay the caller's, and outlive the workers. */
struct nomem__run_setup {
  const char *program; /* path of the file to execute */
  char **argv;
  const char *preload;                /* path of libnomem-preload.so; NULL: the program is linked with nomem-link.o */
  const char *image;                  /* as in nomem_channel.image */
  const char *stdin_path;             /* NULL: none, the input is empty; "-" with inherit: that of the command */
  bool inherit;                       /* it has the output and the terminal of the command, and nothing is captured */
  bool same_addresses;                /* as in nomem__spawn_request */
  struct nomem__isolation *isolation; /* NULL: runs are not isolated */
  bool trace;
  const char *coverage; /* the folder for what programs measure of their own coverage, absolute; NULL: none */
  bool verify;          /* as in nomem_channel */
  struct nomem__sanitizer_memory *sanitizer; /* NULL: reports are not searched for */
};

#endif
