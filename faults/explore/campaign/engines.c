/* SPDX-License-Identifier: MIT */
#include "engines.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../process/syscall_effects.h"
#include "../text/complain.h"
#include "../text/memory.h"
#include "engine_choice.h"
#include "journal.h"
#include "results.h"

/* The program is run once for so many points, to take snapshots, in the order of its calls: that run takes little
 * beside the forks. Where there is a time limit, the order of the schedule matters: the first batches are small. */
#define BATCH_POINTS 65536
#define FIRST_BATCH_POINTS 256
#define BATCH_GROWTH 4
/* Where threads or processes race and runs missed their calls, so many points at most are tried again, so often. */
#define RETRIES 2
#define RETRIED_MAX 256

/* The effects that keep the program from an engine. */
static unsigned find_obstacles(const struct nomem__campaign *campaign, enum nomem_engine engine) {
  return nomem__engine_obstacles(engine, campaign->effects, campaign->session->setup.isolation != NULL);
}

static bool is_safe(const struct nomem__campaign *campaign, enum nomem_engine engine) {
  bool is_traced = campaign->session->setup.trace || engine == NOMEM_ENGINE_EXEC;
  return is_traced && find_obstacles(campaign, engine) == 0;
}

int nomem__engines_check(struct nomem__campaign *campaign) {
  static const enum nomem_engine engines[] = {[NOMEM_CHOICE_AUTO] = NOMEM_ENGINE_EXEC,
                                              [NOMEM_CHOICE_SNAPSHOT] = NOMEM_ENGINE_SNAPSHOT,
                                              [NOMEM_CHOICE_FORK] = NOMEM_ENGINE_SERVER,
                                              [NOMEM_CHOICE_EXEC] = NOMEM_ENGINE_EXEC};
  enum nomem__engine_choice choice = campaign->session->options->engine;
  enum nomem_engine engine = engines[choice];
  if (choice == NOMEM_CHOICE_EXEC)
    campaign->engine_reason = "";
  else if (!campaign->session->setup.trace)
    campaign->engine_reason = "ptrace is not used";
  else
    campaign->engine_reason =
        nomem__effect_text(choice == NOMEM_CHOICE_AUTO ? campaign->effects : find_obstacles(campaign, engine));
  if (is_safe(campaign, engine)) return 0;
  nomem__complain("--engine %s is not safe for this program: %s: use auto, or exec", nomem__engine_names[engine],
                  campaign->engine_reason);
  return -EINVAL;
}

static void run_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user);

/* A process that stands before main() has made its first calls already: its forks cannot fail them. */
static bool is_due(const struct nomem__campaign *campaign, size_t point) {
  if (campaign->states[point].result != 0) return false;
  return campaign->engine != NOMEM_ENGINE_SERVER || !campaign->sites[campaign->points[point].site].before_main;
}

static void start_run(struct nomem__worker_slot *slot, uint64_t early_ms) {
  struct nomem__campaign *campaign = slot->campaign;
  char plan[NOMEM_POINT_PLAN_BYTES];
  nomem__campaign_plan(campaign, &campaign->points[slot->rank], NOMEM_KEY_DIGITS_ALL, plan);
  struct nomem__run_request request = nomem__campaign_request(campaign, plan, run_done, slot);
  request.early_ms = early_ms;
  request.use_server = campaign->engine == NOMEM_ENGINE_SERVER;
  int result = nomem__worker_start(slot->worker, &request);
  if (result != 0) nomem__campaign_give_up(campaign, result);
}

/* Gives the worker the next point without a result, or leaves it idle when there is none. */
static void start_next(struct nomem__worker_slot *slot) {
  struct nomem__campaign *campaign = slot->campaign;
  while (campaign->next_point < campaign->point_count && !is_due(campaign, campaign->next_point))
    campaign->next_point++;
  if (nomem__campaign_is_over(campaign) || campaign->next_point == campaign->point_count) return;
  slot->rank = campaign->next_point++;
  start_run(slot, nomem__results_early_ms(slot));
}

static void run_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct nomem__worker_slot *slot = user;
  (void)worker;
  if (outcome->end.was_cancelled) return;
  if (!nomem__results_enter(slot, outcome, slot->rank) && outcome->is_early)
    start_run(slot, 0);
  else
    start_next(slot);
}

static void make_runs(struct nomem__campaign *campaign, enum nomem_engine engine) {
  unsigned count = engine == NOMEM_ENGINE_SERVER ? campaign->forkers : campaign->worker_count;
  campaign->engine = engine;
  campaign->next_point = 0;
  for (unsigned i = 0; i < count; i++) start_next(&campaign->workers[i]);
  nomem__session_run(campaign->session);
  for (unsigned i = 0; i < campaign->worker_count; i++)
    nomem__findings_merge(&campaign->findings, &campaign->workers[i].findings);
}

struct rehearsal {
  bool ends_alike, is_same;
  const struct nomem__campaign *campaign;
};

static bool ends_as_baseline(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome) {
  return !outcome->end.timed_out && !outcome->is_flooded && !outcome->end.was_cancelled && !outcome->is_damaged &&
         outcome->end.root_status == campaign->baseline_status &&
         nomem__output_is_same(&campaign->baseline_output, &outcome->output, &outcome->error);
}

static bool goes_as_far(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome) {
  const struct nomem__run_extent extent = nomem__run_extent_of(outcome->channel);
  return nomem__run_extent_is_same(&campaign->baseline_extent, &extent);
}

static void rehearsal_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct rehearsal *rehearsal = user;
  (void)worker;
  rehearsal->ends_alike = ends_as_baseline(rehearsal->campaign, outcome);
  rehearsal->is_same = rehearsal->ends_alike && goes_as_far(rehearsal->campaign, outcome);
}

/* The program that is forked takes as long as a run of its own, so it is to be forked twice at least. */
static unsigned count_forkers(const struct nomem__campaign *campaign, size_t due) {
  return due < 2 * (size_t)campaign->worker_count ? (unsigned)(due + 1) / 2 : campaign->worker_count;
}

/* Forks are trusted once a fork without a fault ends as the baseline did, and has allocated as much. */
static void start_rehearsal(struct nomem__campaign *campaign, unsigned number, struct rehearsal *rehearsal) {
  *rehearsal = (struct rehearsal){.campaign = campaign};
  struct nomem__run_request request = nomem__campaign_request(campaign, "", rehearsal_done, rehearsal);
  request.use_server = true;
  nomem__worker_start(campaign->workers[number].worker, &request); /* one that does not start ends otherwise */
}

static bool judge_rehearsal(struct nomem__campaign *campaign, unsigned number, const struct rehearsal *rehearsal) {
  enum nomem_obstacle obstacle = nomem__worker_obstacle(campaign->workers[number].worker);
  static const char *const texts[] = {
#define X(upper, text) [NOMEM_OBSTACLE_##upper] = text,
      NOMEM_OBSTACLE_MAP(X)
#undef X
  };
  if (obstacle != NOMEM_OBSTACLE_NONE && obstacle < sizeof texts / sizeof *texts)
    campaign->engine_reason = texts[obstacle];
  else if (!rehearsal->ends_alike)
    campaign->engine_reason = "a fork before main() ends in another way";
  else if (!rehearsal->is_same)
    campaign->engine_reason = "a fork before main() makes other allocations";
  return rehearsal->is_same && obstacle == NOMEM_OBSTACLE_NONE;
}

/* Rehearses with these workers, side by side. */
static bool rehearse(struct nomem__campaign *campaign, unsigned first, unsigned end) {
  struct rehearsal *rehearsals = nomem__calloc(end + 1, sizeof *rehearsals);
  bool can_fork = true;
  for (unsigned i = first; i < end; i++) start_rehearsal(campaign, i, &rehearsals[i]);
  for (unsigned i = first; i < end; i++) {
    nomem__session_run_until(campaign->session, campaign->workers[i].worker);
    if (can_fork) can_fork = judge_rehearsal(campaign, i, &rehearsals[i]);
  }
  free(rehearsals);
  return can_fork;
}

/* Mostly one rehearsal tells all. */
static void fork_runs(struct nomem__campaign *campaign) {
  campaign->forkers = count_forkers(campaign, nomem__campaign_count_due(campaign));
  if (rehearse(campaign, 0, 1) && rehearse(campaign, 1, campaign->forkers)) make_runs(campaign, NOMEM_ENGINE_SERVER);
  for (unsigned i = 0; i < campaign->worker_count; i++) nomem__worker_stop_server(campaign->workers[i].worker);
  nomem__session_run(campaign->session);
}

static void snapshot_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct nomem__worker_slot *slot = user;
  if (outcome->end.was_cancelled) return;
  nomem__results_enter(slot, outcome, outcome->rank); /* one that tells nothing is left to another engine */
  if (nomem__campaign_is_over(slot->campaign)) nomem__worker_cancel(worker);
}

/* When the program itself did not end as the baseline did, or allocated otherwise, none of its snapshots counts, unless
 * it was ended because the campaign is over. */
static void snapshots_ended(struct nomem__worker *worker, const struct nomem__outcome *outcome, bool is_unsound,
                            void *user) {
  struct nomem__worker_slot *slot = user;
  struct nomem__campaign *campaign = slot->campaign;
  (void)worker;
  bool is_cut = outcome->end.was_cancelled && nomem__campaign_is_over(campaign);
  if (!is_unsound && (is_cut || (ends_as_baseline(campaign, outcome) && goes_as_far(campaign, outcome)))) {
    nomem__journal_confirm_snapshots(slot, true);
    nomem__results_settle_snapshots(slot, true);
    nomem__findings_merge(&slot->campaign->findings, &slot->findings);
    return;
  }
  nomem__journal_confirm_snapshots(slot, false);
  nomem__results_settle_snapshots(slot, false);
  campaign->is_unsound = true;
  nomem__findings_free(&slot->findings);
  campaign->engine_reason = "a program that is forked on its way ends, or allocates, in another way";
}

static int by_key(const void *left, const void *right) {
  const struct nomem__snapshot *a = left, *b = right;
  if (a->key != b->key) return a->key < b->key ? -1 : 1;
  if (a->occurrence != b->occurrence) return a->occurrence < b->occurrence ? -1 : 1;
  return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static uint64_t early_ms(void *user) {
  return nomem__results_early_ms(user);
}

/* Each worker that forks takes as many points of the batch, one in turn. */
static int start_snapshots(struct nomem__worker_slot *slot, struct nomem__snapshot *snapshots) {
  struct nomem__campaign *campaign = slot->campaign;
  size_t count = 0, first = campaign->batch + (size_t)(slot - campaign->workers);
  for (size_t i = first; i < campaign->batch_end; i += campaign->forkers) {
    const struct nomem__point *point = &campaign->points[i];
    if (campaign->states[i].result != 0) continue;
    snapshots[count++] = (struct nomem__snapshot){.key = campaign->sites[point->site].key,
                                                  .occurrence = point->occurrence,
                                                  .second = nomem__campaign_second(campaign, point),
                                                  .rank = (uint32_t)i,
                                                  .persistent = point->persistent};
  }
  if (count == 0) return 0;
  qsort(snapshots, count, sizeof *snapshots, by_key);
  const struct nomem__snapshot_series series = {.list = snapshots,
                                                .count = count,
                                                .avoid_shared = (campaign->effects & NOMEM_EFFECTS_WHILE_OPEN) != 0,
                                                .early_ms = early_ms,
                                                .ended = snapshots_ended};
  const struct nomem__run_request request = nomem__campaign_request(campaign, "", snapshot_done, slot);
  return nomem__worker_take_snapshots(slot->worker, &request, &series);
}

/* Moves on to the next batch of so many points at most. Returns how many of them are due. */
static size_t next_batch(struct nomem__campaign *campaign, size_t most) {
  size_t due = 0, end = campaign->batch_end;
  for (campaign->batch = end; end < campaign->point_count && due < most; end++)
    due += campaign->states[end].result == 0;
  campaign->batch_end = end;
  return due;
}

static void take_snapshots(struct nomem__campaign *campaign) {
  size_t due = 0, most = campaign->session->options->budget_ms != 0 ? FIRST_BATCH_POINTS : BATCH_POINTS;
  for (size_t i = 0; i < campaign->point_count && due < BATCH_POINTS; i++) due += campaign->states[i].result == 0;
  struct nomem__snapshot *snapshots = nomem__calloc(due + 1, sizeof *snapshots);
  int result = 0;
  campaign->engine = NOMEM_ENGINE_SNAPSHOT;
  campaign->batch_end = 0;
  while (result == 0 && !campaign->is_unsound && !nomem__campaign_is_over(campaign) &&
         (due = next_batch(campaign, most)) > 0) {
    campaign->forkers = count_forkers(campaign, due);
    for (unsigned i = 0; i < campaign->forkers && result == 0; i++)
      result = start_snapshots(&campaign->workers[i], snapshots);
    if (result != 0) nomem__campaign_give_up(campaign, result);
    nomem__session_run(campaign->session);
    most = most < BATCH_POINTS / BATCH_GROWTH ? most * BATCH_GROWTH : BATCH_POINTS;
  }
  free(snapshots);
}

/* From this size on, huge pages make a fork at least twice as cheap (bench/fork: 40 pages written to, of 32 MB in
 * 2.0 ms without and 0.6 with, of 500 MB in 25 and 5). */
#define HUGE_FROM_KB UINT64_C(32768)

static void use_huge_pages(struct nomem__campaign *campaign) {
  if (campaign->baseline_peak_kb < HUGE_FROM_KB || campaign->uses_huge_pages) return;
  campaign->uses_huge_pages = true;
  if (campaign->session->options->verbose)
    nomem__complain("the program takes %" PRIu64 " MB: forked processes have it in huge pages",
                    campaign->baseline_peak_kb / 1024);
  for (unsigned i = 0; i < campaign->worker_count; i++) nomem__worker_use_huge_pages(campaign->workers[i].worker);
}

/* Where threads or processes race, a run may have missed its call only by chance: makes the runs that did once more.
 * Returns how many. */
static size_t retry_unreached(struct nomem__campaign *campaign) {
  size_t count = 0, *ranks = nomem__calloc(RETRIED_MAX, sizeof *ranks);
  for (size_t i = 0; i < campaign->point_count && count < RETRIED_MAX; i++)
    if (campaign->states[i].result == NOMEM_VERDICT_UNREACHED + 1 && !campaign->states[i].is_known) ranks[count++] = i;
  for (size_t i = 0; i < count; i++) campaign->states[ranks[i]].result = 0;
  campaign->progress.total += count;
  if (count > 0) make_runs(campaign, NOMEM_ENGINE_EXEC);
  for (size_t i = 0; i < count; i++)
    if (campaign->states[ranks[i]].result == 0) campaign->states[ranks[i]].result = NOMEM_VERDICT_UNREACHED + 1;
  free(ranks);
  return count;
}

static bool may_use(const struct nomem__campaign *campaign, enum nomem__engine_choice choice,
                    enum nomem_engine engine) {
  enum nomem__engine_choice wanted = campaign->session->options->engine;
  return (wanted == NOMEM_CHOICE_AUTO || wanted == choice) && is_safe(campaign, engine);
}

/* A program that waits, and is to be run a few times only, is run for all of them at once. That it waits is why it has
 * more runs at a time than processors, unless the user has said how many it has. */
static bool is_quicker_anew(const struct nomem__campaign *campaign) {
  const struct nomem__session *session = campaign->session;
  bool waits = session->options->jobs == 0 && session->jobs >= 2 * session->processors;
  return waits && nomem__campaign_count_due(campaign) <= 2 * (size_t)session->jobs;
}

static void make_forked_runs(struct nomem__campaign *campaign) {
  if (is_safe(campaign, NOMEM_ENGINE_SERVER)) use_huge_pages(campaign);
  if (may_use(campaign, NOMEM_CHOICE_SNAPSHOT, NOMEM_ENGINE_SNAPSHOT) && !campaign->is_unsound)
    take_snapshots(campaign);
  if (may_use(campaign, NOMEM_CHOICE_FORK, NOMEM_ENGINE_SERVER) && nomem__campaign_count_due(campaign) > 0 &&
      !nomem__campaign_is_over(campaign))
    fork_runs(campaign);
}

void nomem__engines_run(struct nomem__campaign *campaign) {
  enum nomem__engine_choice wanted = campaign->session->options->engine;
  if (wanted == NOMEM_CHOICE_AUTO && is_quicker_anew(campaign))
    campaign->engine_reason = "it waits, and is run a few times only";
  else if (wanted != NOMEM_CHOICE_EXEC)
    make_forked_runs(campaign);
  make_runs(campaign, NOMEM_ENGINE_EXEC);
  bool may_race = nomem__engine_may_race(campaign->effects, campaign->unstable_sites);
  for (unsigned i = 0; i < RETRIES && may_race && !nomem__campaign_is_over(campaign); i++)
    if (retry_unreached(campaign) == 0) break;
}
