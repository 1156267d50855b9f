/* SPDX-License-Identifier: MIT */
/* What the command and a keeper say to each other, over a stream socket: for keeper.c and keeper_process.c only. */
#ifndef NOMEM_KEEPER_PROTOCOL_H
#define NOMEM_KEEPER_PROTOCOL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum nomem__keeper_order_kind { NOMEM_KEEPER_START, NOMEM_KEEPER_SWEEP };

/* The descriptors that come with the order to start, those that there are, in this order. */
enum {
  NOMEM_KEEPER_GO,
  NOMEM_KEEPER_ERROR,
  NOMEM_KEEPER_STDIN,
  NOMEM_KEEPER_STDOUT,
  NOMEM_KEEPER_STDERR,
  NOMEM_KEEPER_SCRATCH,
  NOMEM_KEEPER_DESCRIPTORS
};

struct nomem__keeper_order {
  enum nomem__keeper_order_kind kind;
  pid_t spared; /* to sweep: this child stays; 0: none does */

  /* To start: the rest of nomem__spawn_request. After the order comes the text: the path, the arguments and the
   * environment, each with its final zero. */
  bool own_session, same_addresses, uses_sandbox, is_fresh, watch_effects, watch_openings, is_forked;
  bool has_descriptor[NOMEM_KEEPER_DESCRIPTORS];
  uint64_t output_max_bytes;
  pid_t group; /* the process group of the command */
  sigset_t blocked;
  size_t text_bytes, argument_count, entry_count;
};

#endif
