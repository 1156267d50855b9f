/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "case_orders.h"

#include <errno.h>
#include <stdlib.h>
#include <uv.h>

#include "../judge/common_site.h"
#include "../text/memory.h"
#include "exploration.h"
#include "whole_messages.h"

/* No program has more sites that are told apart. */
#define SITES_MAX (UINT64_C(1) << 24)

struct header {
  uint64_t has_sites, count, cost;
};

static uint64_t find_common_site(const struct nomem__campaign *campaign, const struct nomem__campaign_site *site) {
  struct nomem__trace trace = {.depth = site->depth < NOMEM_TRACE_DEPTH ? site->depth : NOMEM_TRACE_DEPTH};
  for (unsigned i = 0; i < trace.depth; i++) {
    unsigned module = NOMEM_FRAME_MODULE(site->frames[i]);
    const char *path = module >= 1 && module <= campaign->module_count ? campaign->modules[module - 1] : "";
    trace.frame[i] = (struct nomem__trace_frame){path, NOMEM_FRAME_OFFSET(site->frames[i]), true};
  }
  return nomem__common_site_of(&campaign->code_owners, &trace);
}

/* A site of which nothing is due has no calls here. */
static int send_sites(const struct nomem__campaign *campaign, int socket) {
  struct nomem__order_site *sites = nomem__calloc(campaign->site_count + 1, sizeof *sites);
  for (size_t i = 0; i < campaign->point_count; i++)
    if (campaign->states[i].result == 0) sites[campaign->points[i].site].calls++;
  for (size_t i = 0; i < campaign->site_count; i++)
    if (sites[i].calls > 0) sites[i].common = find_common_site(campaign, &campaign->sites[i]);
  const struct header header = {.has_sites = 1, .count = campaign->site_count, .cost = campaign->baseline_us};
  int result = nomem__send_whole(socket, &header, sizeof header);
  if (result == 0) result = nomem__send_whole(socket, sites, campaign->site_count * sizeof *sites);
  free(sites);
  return result;
}

/* Returns whether there is another order to come. */
static bool follow_order(struct nomem__campaign *campaign, int socket) {
  const struct header done = {0};
  struct header header;
  if (nomem__receive_whole(socket, &header, sizeof header) != 0 || header.count == 0 || header.count > SITES_MAX)
    return false;
  uint32_t *sites = nomem__calloc(header.count, sizeof *sites);
  int result = nomem__receive_whole(socket, sites, header.count * sizeof *sites);
  uv_run(&campaign->session->loop, UV_RUN_NOWAIT); /* a signal may have come meanwhile */
  if (result == 0) nomem__exploration_try_sites(campaign, sites, header.count);
  free(sites);
  nomem__exploration_pause(campaign);
  return result == 0 && !campaign->failed && nomem__send_whole(socket, &done, sizeof done) == 0;
}

int nomem__case_follow_orders(struct nomem__campaign *campaign, int socket) {
  nomem__exploration_begin(campaign);
  nomem__exploration_pause(campaign);
  if (send_sites(campaign, socket) == 0)
    while (follow_order(campaign, socket)) continue;
  uv_run(&campaign->session->loop, UV_RUN_NOWAIT);
  return nomem__exploration_finish(campaign);
}

int nomem__case_read_message(int socket, struct nomem__case_message *message) {
  struct header header;
  *message = (struct nomem__case_message){0};
  if (nomem__receive_whole(socket, &header, sizeof header) != 0 || header.count > SITES_MAX) return -EPIPE;
  message->has_sites = header.has_sites != 0;
  message->cost = header.cost;
  message->site_count = header.count;
  message->sites = nomem__calloc(header.count + 1, sizeof *message->sites);
  if (nomem__receive_whole(socket, message->sites, header.count * sizeof *message->sites) == 0) return 0;
  free(message->sites);
  *message = (struct nomem__case_message){0};
  return -EPIPE;
}

int nomem__case_send_order(int socket, const uint32_t *sites, size_t count) {
  const struct header header = {.count = count};
  int result = nomem__send_whole(socket, &header, sizeof header);
  return result == 0 && count > 0 ? nomem__send_whole(socket, sites, count * sizeof *sites) : result;
}
