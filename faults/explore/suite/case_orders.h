/* SPDX-License-Identifier: MIT */
/* What the command and the process of a case say to each other where cases take turns: the process sends the sites of
 * the case once its runs without a fault are made, and is ordered which of them to try, until it is to conclude. */
#ifndef NOMEM_CASE_ORDERS_H
#define NOMEM_CASE_ORDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../campaign/campaign.h"
#include "case_order.h"

/* In the process: sends the sites over the socket, then follows orders until the last one, or until the command is
 * gone. The campaign is prepared, and begun by this. Returns as nomem__exploration_finish. */
int nomem__case_follow_orders(struct nomem__campaign *campaign, int socket);

/* In the command: what a process has said. */
struct nomem__case_message {
  bool has_sites;                  /* the first message; all that follow say that an order was carried out */
  struct nomem__order_site *sites; /* owned */
  size_t site_count;
  uint64_t cost; /* of a run, in microseconds */
};

/* Reads a message that has begun to come. Returns 0, or -EPIPE: the process is gone, or says what nobody understands.
 */
int nomem__case_read_message(int socket, struct nomem__case_message *message);

/* Orders to try these sites; or to conclude, when there are none. Returns 0 or -EPIPE. */
int nomem__case_send_order(int socket, const uint32_t *sites, size_t count);

#endif
