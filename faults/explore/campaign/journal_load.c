/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "journal_load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../text/memory.h"
#include "confirm_rules.h"
#include "guarded_runs.h"

/* What is read: one campaign of a store. */
struct source {
  struct nomem__store *store;
  int64_t id;
  struct nomem__strings *strings;
};

/* What names a point in the store. */
struct name {
  uint64_t key, occurrence, second;
  bool persistent;
};

static struct name name_of(const struct nomem__campaign *campaign, size_t rank) {
  const struct nomem__point *point = &campaign->points[rank];
  return (struct name){campaign->sites[point->site].key, point->occurrence, nomem__campaign_second(campaign, point),
                       point->persistent};
}

static int compare_names(const struct name *a, const struct name *b) {
  if (a->key != b->key) return a->key < b->key ? -1 : 1;
  if (a->occurrence != b->occurrence) return a->occurrence < b->occurrence ? -1 : 1;
  if (a->second != b->second) return a->second < b->second ? -1 : 1;
  return (int)a->persistent - (int)b->persistent;
}

static int by_name(const void *left, const void *right, void *campaign) {
  const struct name a = name_of(campaign, *(const uint32_t *)left), b = name_of(campaign, *(const uint32_t *)right);
  return compare_names(&a, &b);
}

/* The points' ranks in the order of their names. There may be millions. */
static uint32_t *make_index(struct nomem__campaign *campaign) {
  uint32_t *ranks = nomem__calloc(campaign->point_count + 1, sizeof *ranks);
  for (size_t i = 0; i < campaign->point_count; i++) ranks[i] = (uint32_t)i;
  qsort_r(ranks, campaign->point_count, sizeof *ranks, by_name, campaign);
  return ranks;
}

/* The rank of the point with that name; point_count: there is none. */
static size_t find_point(const struct nomem__campaign *campaign, const uint32_t *index, const struct name *sought) {
  size_t from = 0, to = campaign->point_count;
  while (from < to) {
    size_t middle = from + (to - from) / 2;
    const struct name name = name_of(campaign, index[middle]);
    int order = compare_names(sought, &name);
    if (order == 0) return index[middle];
    if (order < 0)
      to = middle;
    else
      from = middle + 1;
  }
  return campaign->point_count;
}

static int verdict_of(const char *name) {
  for (int i = 0; i < NOMEM_VERDICT_COUNT; i++)
    if (strcmp(name, nomem__verdicts[i].name) == 0) return i;
  return -1;
}

/* Enters a run that led to a finding. Returns 1; 0 when its evidence cannot be used any more, so that it has to be made
 * again; or a negative error code. */
static int load_finding(struct nomem__campaign *campaign, const struct source *from, size_t rank, int verdict,
                        const char *hash, const char *evidence) {
  struct nomem__finding finding = {.verdict = (enum nomem__verdict)verdict,
                                   .hash = strtoull(hash, NULL, 16),
                                   .runs = 1,
                                   .rank = rank,
                                   .point = campaign->points[rank]};
  if (*evidence == '\0') {
    for (size_t i = 0; i < campaign->findings.count; i++) {
      struct nomem__finding *other = &campaign->findings.list[i];
      if (other->verdict != finding.verdict || other->hash != finding.hash) continue;
      other->runs++;
      return 1;
    }
    return 0;
  }
  int result = nomem__evidence_read(evidence, &finding, from->strings);
  if (result != 0) return result == -EINVAL ? 0 : result;
  if (finding.location_hash == 0) finding.location_hash = finding.hash;
  nomem__campaign_plan(campaign, &finding.point, campaign->key_digits, finding.plan);
  struct nomem__findings one = {.list = nomem__malloc(sizeof *one.list), .count = 1, .room = 1};
  one.list[0] = finding;
  nomem__findings_merge(&campaign->findings, &one);
  return 1;
}

static void enter_block_table(struct nomem__point_state *state, int stored) {
  state->had_block_table = stored == NOMEM_STORED_BLOCK_TABLE || stored == NOMEM_STORED_HEAP_CHECK;
  state->was_heap_checked = stored == NOMEM_STORED_HEAP_CHECK;
  state->may_have_lost = stored == NOMEM_STORED_MAY_HAVE_LOST || stored == NOMEM_STORED_LEFT_OPEN_AND_LOST;
  state->has_left_open = stored == NOMEM_STORED_LEFT_OPEN || stored == NOMEM_STORED_LEFT_OPEN_AND_LOST;
}

static int load_runs(struct nomem__campaign *campaign, const struct source *from, const uint32_t *index) {
  bool failed = false;
  int result = 0;
  sqlite3_stmt *row = nomem__store_prepare(
      from->store,
      "SELECT site,occurrence,persistent,second,verdict,finding,evidence,block_table FROM runs WHERE "
      "campaign=? AND unconfirmed=0 ORDER BY evidence IS NULL",
      "i", from->id);
  while (result >= 0 && nomem__store_step(from->store, row, &failed)) {
    const struct name sought = {.key = strtoull(nomem__store_column_text(row, 0), NULL, 16),
                                .occurrence = (uint64_t)sqlite3_column_int64(row, 1),
                                .second = strtoull(nomem__store_column_text(row, 3), NULL, 16),
                                .persistent = sqlite3_column_int(row, 2) != 0};
    size_t found = find_point(campaign, index, &sought);
    int verdict = verdict_of(nomem__store_column_text(row, 4));
    if (found == campaign->point_count || verdict < 0 || campaign->states[found].result != 0) continue;
    result = 1;
    if (nomem__verdict_is_shown((enum nomem__verdict)verdict))
      result = load_finding(campaign, from, found, verdict, nomem__store_column_text(row, 5),
                            nomem__store_column_text(row, 6));
    if (result != 1) continue;
    campaign->states[found].result = (uint8_t)(verdict + 1);
    campaign->states[found].is_known = true;
    enter_block_table(&campaign->states[found], sqlite3_column_int(row, 7));
    campaign->known_count++;
  }
  sqlite3_finalize(row);
  return failed ? -EIO : result < 0 ? result : 0;
}

/* Only what sites led to that are in the schedule. */
static int load_second_faults(struct nomem__campaign *campaign, const struct source *from, const uint32_t *index) {
  bool failed = false;
  sqlite3_stmt *row = nomem__store_prepare(
      from->store,
      "SELECT site,second,similar,EXISTS(SELECT 1 FROM runs WHERE runs.campaign=second_faults.campaign AND "
      "runs.site=second_faults.site AND runs.second=second_faults.second AND unconfirmed=0) FROM second_faults WHERE "
      "campaign=? "
      "ORDER BY position",
      "i", from->id);
  while (nomem__store_step(from->store, row, &failed)) {
    const struct name first = {.key = strtoull(nomem__store_column_text(row, 0), NULL, 16), .occurrence = 1};
    struct nomem__second_fault fault = {.key = strtoull(nomem__store_column_text(row, 1), NULL, 16),
                                        .similar = strtoull(nomem__store_column_text(row, 2), NULL, 16),
                                        .has_run = sqlite3_column_int(row, 3) != 0};
    size_t rank = find_point(campaign, index, &first);
    if (fault.key == 0 || rank == campaign->point_count) continue;
    fault.site = campaign->points[rank].site;
    nomem__second_faults_add(&campaign->second_faults, &fault);
  }
  sqlite3_finalize(row);
  return failed ? -EIO : 0;
}

/* A finding that was confirmed need not be confirmed again, as long as it still shows the same run. */
static int load_confirmed(struct nomem__campaign *campaign, const struct source *from) {
  bool failed = false;
  sqlite3_stmt *row = nomem__store_prepare(
      from->store,
      "SELECT verdict,finding,site,occurrence,persistent,second,flaky FROM findings WHERE campaign=? "
      "AND confirmed",
      "i", from->id);
  while (nomem__store_step(from->store, row, &failed)) {
    int verdict = verdict_of(nomem__store_column_text(row, 0));
    uint64_t hash = strtoull(nomem__store_column_text(row, 1), NULL, 16);
    for (size_t i = 0; i < campaign->findings.count; i++) {
      struct nomem__finding *finding = &campaign->findings.list[i];
      if ((int)finding->verdict != verdict || finding->hash != hash ||
          nomem__campaign_key(campaign, &finding->point) != strtoull(nomem__store_column_text(row, 2), NULL, 16) ||
          finding->point.occurrence != (uint64_t)sqlite3_column_int64(row, 3) ||
          finding->point.persistent != (sqlite3_column_int(row, 4) != 0) ||
          nomem__campaign_second(campaign, &finding->point) != strtoull(nomem__store_column_text(row, 5), NULL, 16))
        continue;
      if (finding->hostile != 0) continue;
      /* What was returned, where a block was freed, and what runs without a fault show is not kept. */
      finding->is_confirmed = !finding->needs_return_watch &&
                              !nomem__confirm_may_learn(finding, &campaign->residue_check.baseline) &&
                              !nomem__guarded_runs_are_needed(finding, campaign->allocations);
      finding->is_flaky = sqlite3_column_int(row, 6) != 0;
    }
  }
  sqlite3_finalize(row);
  return failed ? -EIO : 0;
}

int nomem__journal_load(struct nomem__campaign *campaign, struct nomem__store *store, int64_t id,
                        struct nomem__strings *strings, bool with_second_faults) {
  const struct source from = {store, id, strings};
  uint32_t *index = make_index(campaign);
  int result = load_runs(campaign, &from, index);
  if (result == 0 && with_second_faults) result = load_second_faults(campaign, &from, index);
  free(index);
  return result == 0 ? load_confirmed(campaign, &from) : result;
}
