/* SPDX-License-Identifier: MIT */
#include "hostile_runs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "../judge/hostile_words.h"
#include "../text/complain.h"
#include "residue_runs.h"
#include "results.h"

/* A call that is served in a hostile way takes longer, by what is copied and filled (../../inject/hostile.h bounds it):
 * so much more time a run has. */
#define MORE_MS 5000

/* One way, or several together, and what its last run has shown. */
struct trial {
  struct nomem__campaign *campaign;
  uint32_t ways;
  char plan[NOMEM_POINT_PLAN_BYTES]; /* of the run */
  bool looks_closely;                /* at what the run leaves */
  bool is_added;                     /* what the run shows is added to the findings */
  bool is_again;                     /* and was seen in a run before */

  bool has_ended;
  enum nomem__verdict verdict;
  uint64_t calls;         /* so many were served in this way */
  bool only_wrote_other;  /* that is all that the run shows */
  bool needs_closer_look; /* it left more blocks than the baseline */
  bool takes_long;        /* it is not to be made again and again */
};

static uint32_t find_site(const struct nomem__campaign *campaign, uint64_t key) {
  for (size_t i = 0; i < campaign->site_count; i++)
    if (campaign->sites[i].key == key) return (uint32_t)i;
  return NOMEM__NO_SITE;
}

/* How it ended, where no signal says so, and nothing that is known of failures. */
static void describe_end(const struct trial *trial, const struct nomem__outcome *outcome,
                         char detail[NOMEM_DETAIL_BYTES]) {
  const struct nomem__campaign *campaign = trial->campaign;
  int status = outcome->end.root_status;
  if (outcome->end.timed_out)
    snprintf(detail, NOMEM_DETAIL_BYTES, "still running when its time was up");
  else if (WIFEXITED(status) && status != campaign->baseline_status)
    snprintf(detail, NOMEM_DETAIL_BYTES, "exit status %d", WEXITSTATUS(status));
  else if (outcome->end.fatal_signal == 0)
    nomem__output_difference(&campaign->baseline_output, &outcome->output, detail, NOMEM_DETAIL_BYTES);
  if (*detail == '\0' && outcome->end.fatal_signal == 0)
    snprintf(detail, NOMEM_DETAIL_BYTES, "other text on standard error");
}

static void describe_leak(const struct nomem__residue *residue, char detail[NOMEM_DETAIL_BYTES]) {
  static const char lost[] = "leaked ";
  memcpy(detail, lost, sizeof lost);
  nomem__residue_describe_leak(residue, detail + sizeof lost - 1, NOMEM_DETAIL_BYTES - (sizeof lost - 1));
}

static void add_finding(struct trial *trial, const struct nomem__outcome *outcome, const struct nomem__result *result) {
  struct nomem__campaign *campaign = trial->campaign;
  char detail[NOMEM_DETAIL_BYTES];
  struct nomem__judged_run found = {
      .verdict = result->verdict, .outcome = outcome, .rank = SIZE_MAX, .plan = trial->plan};
  found.point.site = find_site(campaign, outcome->channel->faults[0].site);
  nomem__results_describe(campaign, &result->residue, &found, detail);
  if (result->verdict == NOMEM_VERDICT_LEAK && result->residue.has_leak)
    describe_leak(&result->residue, detail);
  else if (*detail == '\0')
    describe_end(trial, outcome, detail);
  found.verdict = trial->verdict;
  const struct nomem__finding *added = NULL;
  int error = nomem__findings_add(&campaign->findings, &found, &campaign->code_owners, &added);
  if (error != 0) {
    nomem__campaign_give_up(campaign, error);
    return;
  }
  struct nomem__finding *finding = &campaign->findings.list[added - campaign->findings.list];
  finding->is_flaky = finding->runs == 1 && !trial->is_again;
  finding->is_confirmed = true;
}

static void say_run(const struct trial *trial, const struct nomem__outcome *outcome) {
  struct nomem__campaign *campaign = trial->campaign;
  if (!campaign->session->options->verbose) return;
  nomem__progress_clear(&campaign->progress);
  nomem__complain("%s: %s (%" PRIu64 " calls, %" PRIu64 " us)", trial->plan, nomem__verdicts[trial->verdict].name,
                  trial->calls, outcome->duration_us);
}

static void run_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct trial *trial = user;
  struct nomem__campaign *campaign = trial->campaign;
  struct nomem__result result;
  (void)worker;
  if (outcome->end.was_cancelled || !nomem__campaign_was_started(campaign, outcome)) return;
  nomem__results_judge(campaign, outcome, false, &result);
  bool is_comparable = outcome->channel->watch != NOMEM_WATCH_BLOCK_TABLE;
  bool ends_alike = result.verdict == NOMEM_VERDICT_HANDLED || result.verdict == NOMEM_VERDICT_SWALLOWED;
  const struct nomem__hostile_evidence evidence = {
      .verdict = result.verdict,
      .has_other_output = is_comparable && outcome->end.root_status == campaign->baseline_status &&
                          !nomem__output_is_same(&campaign->baseline_output, &outcome->output, &outcome->error),
      .ways = trial->ways};
  trial->verdict = nomem__judge_hostile(&evidence);
  trial->has_ended = true;
  trial->calls = outcome->channel->hostile_calls;
  trial->only_wrote_other = ends_alike && trial->verdict != NOMEM_VERDICT_HANDLED;
  trial->needs_closer_look = result.residue.needs_closer_look;
  trial->takes_long = outcome->end.timed_out || outcome->is_flooded;
  campaign->hostile.runs++;
  say_run(trial, outcome);
  if (trial->is_added && nomem__verdict_is_shown(trial->verdict)) add_finding(trial, outcome, &result);
}

static int make_run(struct nomem__campaign *campaign, const struct nomem__run_request *request) {
  if (nomem__campaign_is_over(campaign)) return -ECANCELED;
  struct nomem__worker *worker = campaign->workers[0].worker;
  int result = nomem__worker_start(worker, request);
  if (result != 0)
    nomem__campaign_give_up(campaign, result);
  else
    nomem__session_run_until(campaign->session, worker);
  return result;
}

/* Runs the program with its plan. Returns whether it shows anything: 1 or 0; negative: it could not be run. */
static int try_plan(struct trial *trial) {
  struct nomem__campaign *campaign = trial->campaign;
  struct nomem__run_request request = nomem__campaign_request(campaign, trial->plan, run_done, trial);
  trial->has_ended = false;
  request.timeout_ms += MORE_MS;
  request.note_recoveries = false;
  if (trial->looks_closely) nomem__residue_runs_look_closely(campaign, &request);
  int result = make_run(campaign, &request);
  if (result != 0) return result;
  return trial->has_ended ? nomem__verdict_is_shown(trial->verdict) : -ECANCELED;
}

static void print_range(struct trial *trial, uint64_t from, uint64_t to) {
  char names[NOMEM_HOSTILE_LIST_BYTES], *plan = trial->plan;
  size_t used = 0;
  plan[0] = '\0';
  if (from > 1 || to != UINT64_MAX)
    used = (size_t)snprintf(plan, NOMEM_POINT_PLAN_BYTES, "nth=%" PRIu64 "%s", from, from != to ? ".." : "");
  if (used > 0 && from != to && to != UINT64_MAX)
    used += (size_t)snprintf(plan + used, NOMEM_POINT_PLAN_BYTES - used, "%" PRIu64, to);
  snprintf(plan + used, NOMEM_POINT_PLAN_BYTES - used, "%shostile=%s", used > 0 ? " " : "",
           nomem__hostile_list(trial->ways, names));
}

static int try_range(void *user, uint64_t from, uint64_t to) {
  print_range(user, from, to);
  return try_plan(user);
}

int nomem__hostile_narrow(uint64_t *from, uint64_t *to, int (*is_bad)(void *user, uint64_t from, uint64_t to),
                          void *user) {
  uint64_t good = *from - 1; /* the calls up to this one do not lead there */
  while (*to - good > 1) {
    uint64_t middle = good + (*to - good) / 2;
    int result = is_bad(user, *from, middle);
    if (result < 0) return result;
    *(result > 0 ? to : &good) = middle;
  }
  int alone = *from < *to ? is_bad(user, *to, *to) : 0;
  if (alone < 0) return alone;
  if (alone > 0) *from = *to;
  good = *to; /* it takes some call before this one, too */
  while (good - *from > 1) {
    uint64_t middle = *from + (good - *from) / 2;
    int result = is_bad(user, middle, *to);
    if (result < 0) return result;
    *(result > 0 ? from : &good) = middle;
  }
  return 0;
}

/* Lines that have changed since the baselines depend on the time. Once is enough: after that, they are known. */
static void output_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct nomem__campaign *campaign = user;
  (void)worker;
  if (outcome->end.was_cancelled || outcome->end.start_error != 0) return;
  nomem__baseline_output_compare(&campaign->baseline_output, &outcome->output, &outcome->error);
  campaign->hostile.is_output_checked = true;
}

static void check_output(struct nomem__campaign *campaign) {
  const struct nomem__run_request request = nomem__campaign_request(campaign, "", output_done, campaign);
  if (!campaign->hostile.is_output_checked) make_run(campaign, &request);
}

/* Makes the run of a range once more, whose finding it is. */
static int add_range(struct trial *trial, uint64_t from, uint64_t to, bool is_again) {
  trial->is_added = true;
  trial->is_again = is_again;
  int result = try_range(trial, from, to);
  trial->is_added = false;
  return result;
}

/* Of a way that has shown something twice: narrows that down, and goes on behind it. What is lost on the way is shown
 * as the whole range shows it. */
static int find_calls(struct trial *trial, enum nomem__verdict *worst) {
  uint64_t from = 1, calls = trial->calls;
  int result = 1;
  *worst = trial->verdict;
  for (unsigned i = 0; i < NOMEM_HOSTILE_FOUND_MAX && result > 0; i++) {
    uint64_t first = from, last = from + calls - 1;
    if (trial->takes_long || calls == 0) return add_range(trial, from, UINT64_MAX, true);
    result = nomem__hostile_narrow(&first, &last, try_range, trial);
    if (result == 0) result = add_range(trial, first, last, true);
    if (result == 0) result = add_range(trial, from, UINT64_MAX, true);
    if (result <= 0) return result;
    from = last + 1;
    result = try_range(trial, from, UINT64_MAX);
    calls = trial->calls;
    if (result > 0 && trial->verdict < *worst) *worst = trial->verdict;
  }
  return result;
}

/* Whether what the first run has shown is worth a second look. */
static int look_again(struct trial *trial) {
  int result = nomem__verdict_is_shown(trial->verdict);
  if (result > 0 && trial->only_wrote_other) check_output(trial->campaign);
  if (result > 0) return try_range(trial, 1, UINT64_MAX);
  bool has_block_table = trial->ways != NOMEM_HOSTILE_ALIGN; /* with one, blocks lie where they must */
  if (!trial->needs_closer_look || trial->verdict != NOMEM_VERDICT_HANDLED || !has_block_table ||
      !nomem__residue_runs_prepare(trial->campaign))
    return result;
  trial->looks_closely = true;
  return try_range(trial, 1, UINT64_MAX);
}

static enum nomem__verdict try_ways(struct nomem__campaign *campaign, uint32_t ways) {
  struct trial trial = {.campaign = campaign, .ways = ways};
  enum nomem__verdict worst;
  if (try_range(&trial, 1, UINT64_MAX) < 0) return NOMEM_VERDICT_COUNT;
  worst = trial.verdict;
  int again = look_again(&trial);
  if (again > 0)
    find_calls(&trial, &worst);
  else if (again == 0 && nomem__verdict_is_shown(worst))
    add_range(&trial, 1, UINT64_MAX, false); /* perhaps it comes a second time, or else it is not worth a line */
  return worst;
}

void nomem__hostile_runs_make(struct nomem__campaign *campaign) {
  struct nomem__hostile_runs *hostile = &campaign->hostile;
  uint32_t ways = campaign->session->options->hostile, shown = 0, tried = 0;
  for (unsigned i = 0; i <= NOMEM_HOSTILE_COUNT; i++) hostile->came[i] = NOMEM_VERDICT_COUNT;
  if (ways == 0 || campaign->interpreter.is_chosen) return;
  for (unsigned i = 0; i < NOMEM_HOSTILE_COUNT; i++) {
    if (!(ways >> i & 1) || nomem__campaign_is_over(campaign)) continue;
    hostile->came[i] = try_ways(campaign, UINT32_C(1) << i);
    tried++;
    shown += hostile->came[i] < NOMEM_VERDICT_COUNT && nomem__verdict_is_shown(hostile->came[i]);
  }
  bool has_more = (ways & (ways - 1)) != 0;
  if (has_more && tried > 0 && shown == 0 && !nomem__campaign_is_over(campaign))
    hostile->came[NOMEM_HOSTILE_COUNT] = try_ways(campaign, ways);
}

/* Appends the names of the ways that came to a verdict. */
static size_t add_names(const struct nomem__hostile_runs *hostile, bool (*is_listed)(enum nomem__verdict verdict),
                        const char *before, char *text, size_t text_bytes, size_t used) {
  const char *separator = before;
  for (unsigned i = 0; i <= NOMEM_HOSTILE_COUNT && used < text_bytes; i++) {
    if (hostile->came[i] == NOMEM_VERDICT_COUNT || !is_listed(hostile->came[i])) continue;
    used += (size_t)snprintf(text + used, text_bytes - used, "%s%s", separator,
                             i < NOMEM_HOSTILE_COUNT ? nomem_hostile_name(i) : "all of them together");
    separator = ", ";
  }
  return used;
}

static bool is_same(enum nomem__verdict verdict) {
  return verdict == NOMEM_VERDICT_HANDLED;
}

static bool is_without(enum nomem__verdict verdict) {
  return verdict == NOMEM_VERDICT_UNREACHED;
}

void nomem__hostile_runs_describe(const struct nomem__campaign *campaign, char *text, size_t text_bytes) {
  const struct nomem__hostile_runs *hostile = &campaign->hostile;
  text[0] = '\0';
  if (campaign->session->options->hostile != 0 && campaign->interpreter.is_chosen)
    snprintf(text, text_bytes, "no run under a hostile allocator: it would be the interpreter's");
  if (hostile->runs == 0) return;
  size_t used = (size_t)snprintf(text, text_bytes, "%zu runs under a hostile allocator", hostile->runs);
  used = add_names(hostile, nomem__verdict_is_shown, "; otherwise than ever with ", text, text_bytes, used);
  used = add_names(hostile, is_same, "; as ever with ", text, text_bytes, used);
  add_names(hostile, is_without, "; no call to serve with ", text, text_bytes, used);
}
