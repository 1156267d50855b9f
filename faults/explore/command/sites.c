/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../campaign/site_filter.h"
#include "../run/session.h"
#include "../text/complain.h"
#include "../text/error_text.h"
#include "commands.h"

struct listing {
  struct nomem__session *session;
  struct nomem__worker *worker;
  int status;
};

static const struct nomem_site *find_site(const struct nomem_channel *channel, uint64_t key) {
  for (size_t i = 0; i < channel->site_count; i++) {
    const struct nomem_site *site = &channel->sites[i];
    if (site->key == key) return site;
  }
  return NULL;
}

static void print_site(const struct listing *listing, const struct nomem_channel *channel,
                       const struct nomem__campaign_site *entry, unsigned digits) {
  const struct nomem_site *site = find_site(channel, entry->key);
  if (site == NULL) return;
  struct nomem__trace trace;
  nomem__trace_of_frames(channel, site->frame, site->depth, &trace);
  const char *fn = nomem_fn_name(site->fn);
  printf("%10" PRIu64 "  %0*" PRIx64 "  %-14s %10" PRIu64 "  ", entry->count, (int)digits,
         entry->key >> (64 - 4 * digits), fn != NULL ? fn : "?", site->first_size);
  nomem__trace_print_culprit(stdout, &trace, listing->session->symbols);
  fputs(entry->before_main ? "  before main\n" : "\n", stdout);
  if (listing->session->options->stacks)
    nomem__trace_print(stdout, &trace, listing->session->symbols, 0, NOMEM_TRACE_DEPTH, 4);
}

/* Leaves out what --sites does not match. False, after one line on standard error: nothing is left. */
static bool apply_filter(struct listing *listing, const struct nomem_channel *channel,
                         struct nomem__campaign_site *sites, size_t count) {
  char **modules;
  const char *pattern = listing->session->options->sites;
  if (pattern == NULL) return true;
  size_t module_count = nomem__site_list_read_modules(channel, &modules);
  int64_t chosen = nomem__site_filter_apply(pattern, listing->session->symbols, sites, count, modules, module_count);
  free(modules);
  return chosen > 0;
}

static void run_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct listing *listing = user;
  (void)worker;
  if (outcome->end.was_cancelled || !nomem__session_was_injected(outcome)) return;
  if (outcome->end.root_status != 0)
    nomem__complain("the program failed%s: this is where it allocated until then",
                    outcome->end.timed_out ? " to end in time" : "");
  if (outcome->is_damaged)
    nomem__complain("the program wrote over the pages that it shares with nomem: this is what is left of its report");
  struct nomem__campaign_site *sites;
  size_t count = nomem__site_list_read(outcome->channel, &sites);
  if (!apply_filter(listing, outcome->channel, sites, count)) {
    free(sites);
    return;
  }
  unsigned digits = nomem__site_list_digits(sites, count);
  printf("%10s  %-*s  %-14s %10s  %s\n", "calls", (int)digits, "site", "function", "bytes", "called by");
  for (size_t i = 0; i < count; i++)
    if (!sites[i].is_left_out) print_site(listing, outcome->channel, &sites[i], digits);
  uint64_t calls = nomem__channel_calls(outcome->channel);
  printf("%" PRIu64 " allocation%s at %zu site%s; bytes are those of the first call\n", calls, calls == 1 ? "" : "s",
         count, count == 1 ? "" : "s");
  if (listing->session->options->verify)
    printf("stacks: %" PRIu64 " recognised, %" PRIu64 " unwound, %" PRIu64 " taken for another\n",
           outcome->channel->stack_hits, outcome->channel->stack_misses, outcome->channel->stack_mismatches);
  free(sites);
  listing->status = NOMEM_EXIT_CLEAN;
}

static void interrupt(void *user) {
  struct listing *listing = user;
  nomem__worker_cancel(listing->worker);
}

static int list_sites(struct listing *listing) {
  struct nomem__session *session = listing->session;
  int result = nomem__worker_open(session->trees, &session->loop, &session->setup, &listing->worker);
  if (result != 0) {
    nomem__complain("cannot make a worker: %s", nomem__error_text(-result));
    return NOMEM_EXIT_FAILED;
  }
  session->on_interrupt = interrupt;
  session->user = listing;
  const struct nomem__run_request request = {
      .plan = "", .timeout_ms = session->options->timeout_ms, .done = run_done, .user = listing};
  do result = nomem__worker_start(listing->worker, &request);
  while (result != 0 && nomem__session_can_retry(session, result));
  nomem__session_run(session);
  session->on_interrupt = NULL;
  nomem__worker_close(listing->worker);
  return listing->status;
}

int nomem__sites(const struct nomem__options *options) {
  static struct nomem__session session;
  if (options->sites != NULL && !nomem__site_filter_check(options->sites)) return NOMEM_EXIT_FAILED;
  if (nomem__session_open(&session, options, false) != 0) return NOMEM_EXIT_FAILED;
  struct listing listing = {.session = &session, .status = NOMEM_EXIT_FAILED};
  int status = list_sites(&listing);
  nomem__session_close(&session);
  return status;
}
