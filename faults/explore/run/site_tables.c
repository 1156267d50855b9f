/* SPDX-License-Identifier: MIT */
#include "site_tables.h"

#include <stdlib.h>
#include <string.h>

#include "../text/memory.h"

/* One block of memory, in which both arrays lie behind the struct. */
struct nomem__site_tables *nomem__site_tables_copy(const struct nomem_channel *channel) {
  uint32_t sites = channel->site_count < NOMEM_SITES ? channel->site_count : NOMEM_SITES;
  uint32_t modules = channel->module_count < NOMEM_MODULES ? channel->module_count : NOMEM_MODULES;
  struct nomem__site_tables *tables =
      nomem__calloc(1, sizeof *tables + sites * sizeof *tables->sites + modules * sizeof *tables->modules);
  *tables = (struct nomem__site_tables){
      .sites = (struct nomem_site *)(tables + 1), .site_count = sites, .module_count = modules};
  tables->modules = (struct nomem_module *)(tables->sites + sites);
  memcpy(tables->sites, channel->sites, sites * sizeof *tables->sites);
  memcpy(tables->modules, channel->modules, modules * sizeof *tables->modules);
  for (uint32_t i = 0; i < sites; i++)
    tables->sites[i].count = tables->sites[i].next_point = tables->sites[i].end_point = 0;
  return tables;
}

void nomem__site_tables_enter(const struct nomem__site_tables *tables, struct nomem_channel *channel) {
  memcpy(channel->modules, tables->modules, tables->module_count * sizeof *tables->modules);
  memcpy(channel->sites, tables->sites, tables->site_count * sizeof *tables->sites);
  channel->module_count = tables->module_count;
  channel->site_count = tables->site_count;
  for (uint32_t i = 0; i < tables->site_count; i++) {
    uint64_t key = tables->sites[i].key, probe = 0;
    while (*nomem__site_slot(channel, key, probe) != 0 && probe < NOMEM_SITE_SLOTS) probe++;
    if (key != 0) *nomem__site_slot(channel, key, probe) = i + 1;
  }
}

static bool is_same_site(const struct nomem_site *a, const struct nomem_site *b) {
  return a->key == b->key && a->fn == b->fn && a->first_size == b->first_size && a->depth == b->depth &&
         memcmp(a->frame, b->frame, sizeof a->frame) == 0;
}

bool nomem__site_tables_are_whole(const struct nomem__site_tables *tables, const struct nomem_channel *channel) {
  if (channel->site_count < tables->site_count || channel->module_count < tables->module_count) return false;
  for (uint32_t i = 0; i < tables->site_count; i++)
    if (!is_same_site(&channel->sites[i], &tables->sites[i])) return false;
  for (uint32_t i = 0; i < tables->module_count; i++)
    if (channel->modules[i].path_hash != tables->modules[i].path_hash) return false;
  return true;
}

bool nomem__site_tables_are_in(const struct nomem__site_tables *tables, const struct nomem_channel *channel) {
  return channel->site_count == tables->site_count && channel->module_count == tables->module_count &&
         nomem__site_tables_are_whole(tables, channel);
}

void nomem__site_tables_zero(struct nomem_channel *channel) {
  uint32_t used = channel->counts_used, sites = channel->site_count;
  memset(channel->counts, 0, sizeof channel->counts[0] * (used < NOMEM_COUNTS ? used : NOMEM_COUNTS));
  memset(&channel->state, 0, sizeof channel->state);
  for (uint32_t i = 0; i < sites && i < NOMEM_SITES; i++) {
    channel->sites[i].count = 0;
    channel->sites[i].next_point = channel->sites[i].end_point = 0;
  }
  channel->counts_used = 0;
  channel->live_bytes = 0;
  channel->main_reached = channel->sites_lost = 0;
  channel->stack_hits = channel->stack_misses = channel->stack_mismatches = 0;
}

const struct nomem_site *nomem__site_tables_find(const struct nomem__site_tables *tables, uint64_t key,
                                                 unsigned digits) {
  if (digits == 0) return NULL;
  for (uint32_t i = 0; tables != NULL && i < tables->site_count; i++)
    if ((tables->sites[i].key ^ key) >> (64 - 4 * digits) == 0) return &tables->sites[i];
  return NULL;
}

uint64_t nomem__site_tables_last_fault(const struct nomem_channel *channel) {
  uint64_t last = 0;
  for (size_t i = 0; i < NOMEM_FAULTS; i++)
    if (channel->faults[i].ready && channel->faults[i].nth > last) last = channel->faults[i].nth;
  bool is_hostile = channel->fault_count == 0 && channel->hostile_call.ready; /* which stands for a fault then */
  return is_hostile ? channel->hostile_call.nth : last;
}

void nomem__site_tables_forget_faults(struct nomem_channel *channel, uint64_t last_nth) {
  for (size_t i = 0; i < NOMEM_FAULTS; i++)
    if (channel->faults[i].nth > last_nth) channel->faults[i].ready = 0;
}

void nomem__site_tables_clear_report(struct nomem_channel *channel) {
  uint32_t misuses = channel->misuse_count;
  memset(channel->misuses, 0, sizeof channel->misuses[0] * (misuses < NOMEM_MISUSES ? misuses : NOMEM_MISUSES));
  channel->misuse_count = 0;
  if (channel->wrong.count > 0 || channel->wrong.ready != 0) memset(&channel->wrong, 0, sizeof channel->wrong);
  uint32_t faults = channel->fault_count;
  if (faults > NOMEM_FAULTS) memset(channel->last_faults, 0, sizeof channel->last_faults);
  memset(channel->faults, 0, sizeof channel->faults[0] * (faults < NOMEM_FAULTS ? faults : NOMEM_FAULTS));
  channel->fault_count = 0;
  channel->hostile_calls = 0;
  channel->hostile_call.ready = 0;
  uint32_t reports = channel->child_report_count;
  reports = reports < NOMEM_CHILD_REPORTS ? reports : NOMEM_CHILD_REPORTS;
  memset(channel->child_reports, 0, sizeof channel->child_reports[0] * reports);
  channel->child_report_count = 0;
  uint32_t recoveries = channel->recovery_count;
  for (uint32_t i = 0; i < recoveries && i < NOMEM_RECOVERIES; i++) channel->recoveries[i].key = 0;
  channel->recovery_count = 0;
}
