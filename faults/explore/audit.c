#include "audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

void nomem__audit_baseline(struct nomem__audit *audit, const struct nomem__outcome *outcome) {
  struct nomem__remains *remains = outcome->remains;
  unsigned number = audit->baselines < NOMEM__AUDIT_BASELINES ? audit->baselines++ : NOMEM__AUDIT_BASELINES - 1;
  audit->is_known = remains->is_known && (number == 0 || audit->is_known);
  audit->live[number] = remains->live;
  if (remains->descriptors > audit->descriptors) audit->descriptors = remains->descriptors;
  if (remains->threads > audit->threads) audit->threads = remains->threads;
  if (remains->children > audit->children) audit->children = remains->children;
  nomem__made_free(&audit->made[number]);
  audit->made[number] = remains->made;
  remains->made = (struct nomem__made){0};
}

static const struct nomem__made_file *more_made(const struct nomem__audit *audit, const struct nomem__outcome *outcome) {
  return nomem__made_more(&outcome->remains->made, &audit->made[0], &audit->made[1]);
}

const struct nomem__made_file *nomem__audit_file(const struct nomem__campaign *campaign,
                                                 const struct nomem__outcome *outcome) {
  bool is_looked_at = outcome->channel->watch == NOMEM_WATCH_LEDGER && nomem__audit_is_looked_at(campaign, outcome);
  return is_looked_at ? more_made(&campaign->audit, outcome) : NULL;
}

void nomem__audit_note(struct nomem__campaign *campaign, const struct nomem__outcome *outcome, size_t rank) {
  struct nomem__audit *audit = &campaign->audit;
  const struct nomem__made_file *file = more_made(audit, outcome);
  if (file == NULL) return;
  if (rank >= audit->made_room) {
    size_t room = campaign->point_count;
    char **grown = realloc(audit->made_paths, room * sizeof *grown);
    if (grown == NULL) return;
    memset(grown + audit->made_room, 0, (room - audit->made_room) * sizeof *grown);
    audit->made_paths = grown;
    audit->made_room = room;
  }
  free(audit->made_paths[rank]);
  audit->made_paths[rank] = strdup(file->path);
}

const char *nomem__audit_first_path(const struct nomem__campaign *campaign, size_t rank) {
  return rank < campaign->audit.made_room ? campaign->audit.made_paths[rank] : NULL;
}

static bool has_more(const struct nomem__audit *audit, const struct nomem__remains *remains) {
  return remains->has_ended && (remains->descriptors > audit->descriptors || remains->threads > audit->threads ||
                                remains->children > audit->children);
}

bool nomem__audit_leftover(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome, char *what,
                           size_t what_bytes) {
  return has_more(&campaign->audit, outcome->remains) &&
         nomem__remains_more(outcome->remains, &campaign->audit.remains, what, what_bytes);
}

bool nomem__audit_is_looked_at(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome) {
  enum nomem__leaks leaks = campaign->session->options->leaks;
  bool ended_alike = outcome->end.root_status == campaign->baseline_status;
  return leaks != NOMEM_LEAKS_OFF && (ended_alike || (leaks == NOMEM_LEAKS_ALL && WIFEXITED(outcome->end.root_status)));
}

bool nomem__audit_is_due(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome,
                         enum nomem__verdict verdict) {
  const struct nomem__audit *audit = &campaign->audit;
  const struct nomem__remains *remains = outcome->remains;
  if (!audit->is_known || !remains->is_known || outcome->channel->watch != NOMEM_WATCH_LIVE) return false;
  if (verdict < NOMEM_VERDICT_LEAK || verdict == NOMEM_VERDICT_UNREACHED) return false;
  if (!nomem__audit_is_looked_at(campaign, outcome)) return false;
  if (has_more(audit, remains) || more_made(audit, outcome) != NULL) return true;
  for (unsigned i = 0; i < audit->baselines; i++)
    if (remains->live == audit->live[i]) return false;
  return true;
}

bool nomem__audit_left(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome,
                       struct nomem__left_site *left) {
  const struct nomem__audit *audit = &campaign->audit;
  return audit->remains.has_ledger && outcome->remains->has_ledger &&
         nomem__left_more(&outcome->remains->left, &audit->remains.left, left);
}

const struct nomem_misuse *nomem__audit_misuse(const struct nomem__campaign *campaign,
                                               const struct nomem__outcome *outcome) {
  const struct nomem_channel *channel = outcome->channel;
  uint32_t first = campaign->audit.misuses;
  if (channel->watch != NOMEM_WATCH_LEDGER || first >= channel->misuse_count || first >= NOMEM_MISUSES) return NULL;
  return channel->misuses[first].ready ? &channel->misuses[first] : NULL;
}

bool nomem__audit_late_misuse(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome) {
  return outcome->remains->left.has_misuse && !campaign->audit.remains.left.has_misuse;
}

void nomem__audit_describe(const struct nomem__found *found, char *detail, size_t detail_bytes) {
  const struct nomem_misuse *misuse = found->misuse;
  const struct nomem__left_misuse *late = &found->outcome->remains->left.misuse;
  const struct nomem__left_site *left = found->left;
  if (found->verdict == NOMEM_VERDICT_LEAK && left != NULL)
    snprintf(detail, detail_bytes, "%" PRIu64 " byte%s in %" PRIu64 " block%s", left->bytes,
             left->bytes == 1 ? "" : "s", left->blocks, left->blocks == 1 ? "" : "s");
  else if (misuse != NULL && misuse->kind < NOMEM_MISUSE_KINDS)
    snprintf(detail, detail_bytes, "%s%s", nomem__misuse_texts[misuse->kind],
             misuse->kind == NOMEM_MISUSE_WRITTEN ? ", which was here" : "");
  else if (found->outcome->remains->left.has_misuse)
    snprintf(detail, detail_bytes, "%s, which was seen when the run was over; it was %s here",
             nomem__misuse_texts[late->kind], late->kind == NOMEM_MISUSE_WRITTEN ? "freed" : "allocated");
}

static void audited(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user);

static void next_audit(struct nomem__campaign_worker *hand) {
  struct nomem__campaign *campaign = hand->campaign;
  struct nomem__audit *audit = &campaign->audit;
  while (audit->next < campaign->point_count && !audit->is_due[audit->next]) audit->next++;
  if (audit->next == campaign->point_count || nomem__campaign_is_over(campaign)) return;
  char plan[NOMEM_POINT_PLAN_BYTES];
  hand->rank = audit->next++;
  nomem__campaign_plan(campaign, &campaign->points[hand->rank], NOMEM_KEY_DIGITS_ALL, plan);
  nomem__worker_watch_making(hand->worker, nomem__audit_first_path(campaign, hand->rank));
  int result = nomem__worker_start(hand->worker, plan, campaign->timeout_ms, audited, hand);
  if (result != 0) nomem__campaign_give_up(campaign, result);
}

static void audited(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct nomem__campaign_worker *hand = user;
  (void)worker;
  if (outcome->end.was_cancelled) return;
  nomem__campaign_enter(hand, outcome, hand->rank);
  next_audit(hand);
}

static void baseline_audited(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct nomem__campaign *campaign = user;
  (void)worker;
  if (outcome->end.was_cancelled) return;
  campaign->audit.ends_otherwise = outcome->end.root_status != campaign->baseline_status;
  if (campaign->audit.ends_otherwise) return;
  campaign->audit.writes_otherwise =
      !nomem__output_is_same(&campaign->baseline_output, &outcome->output, &outcome->error);
  nomem__remains_clear(&campaign->audit.remains);
  campaign->audit.remains = *outcome->remains;
  *outcome->remains = (struct nomem__remains){0};
  campaign->audit.misuses = outcome->channel->misuse_count;
}

bool nomem__audit_prepare(struct nomem__campaign *campaign) {
  struct nomem__audit *audit = &campaign->audit;
  if (audit->is_prepared) return audit->remains.has_ledger;
  audit->is_prepared = true;
  struct nomem__worker *worker = campaign->workers[0].worker;
  nomem__worker_watch_blocks(worker, NOMEM_WATCH_LEDGER);
  int result = nomem__worker_start(worker, "", campaign->timeout_ms, baseline_audited, campaign);
  if (result != 0) nomem__campaign_give_up(campaign, result);
  nomem__session_run(campaign->session);
  nomem__worker_watch_blocks(worker, audit->watch);
  if (!audit->remains.has_ledger && !nomem__campaign_is_over(campaign))
    nomem__complain("what runs leave, and do to the heap, cannot be looked at: the program %s",
                    audit->ends_otherwise ? "ends otherwise when each block is kept a record of"
                                          : "has more memory than that takes");
  return audit->remains.has_ledger;
}

void nomem__audit_make_runs(struct nomem__campaign *campaign, bool are_fresh,
                            void (*start)(struct nomem__campaign_worker *hand)) {
  campaign->engine = NOMEM_ENGINE_EXEC;
  for (unsigned i = 0; i < campaign->worker_count; i++) {
    nomem__worker_watch_blocks(campaign->workers[i].worker, NOMEM_WATCH_LEDGER);
    nomem__worker_refresh_files(campaign->workers[i].worker, are_fresh);
    start(&campaign->workers[i]);
  }
  nomem__session_run(campaign->session);
  for (unsigned i = 0; i < campaign->worker_count; i++) {
    nomem__worker_watch_blocks(campaign->workers[i].worker, campaign->audit.watch);
    nomem__worker_watch_making(campaign->workers[i].worker, NULL);
    int result = nomem__findings_merge(&campaign->findings, &campaign->workers[i].findings);
    if (result != 0) nomem__campaign_give_up(campaign, result);
  }
}

/* Whoever asks for all that is left is told what is not looked at. */
static void say_unseen(const struct nomem__campaign *campaign) {
  const struct nomem__session *session = campaign->session;
  const struct nomem__audit *audit = &campaign->audit;
  bool is_wanted = (session->options->strict || session->options->leaks == NOMEM_LEAKS_ALL) && !session->options->quiet;
  if (!is_wanted || session->options->leaks == NOMEM_LEAKS_OFF) return;
  const char *reason = !audit->is_known                  ? "the ends of its runs cannot be watched"
                       : session->setup.isolation == NULL ? "runs are not isolated"
                       : !audit->made[0].is_known || !audit->made[1].is_known
                           ? "there are too many, or runs have no view of files of their own"
                           : NULL;
  if (reason != NULL) nomem__complain("files that the program makes and leaves are not looked at: %s", reason);
}

void nomem__audit_run(struct nomem__campaign *campaign) {
  struct nomem__audit *audit = &campaign->audit;
  say_unseen(campaign);
  size_t due = 0;
  for (size_t i = 0; i < campaign->point_count; i++) due += audit->is_due[i];
  if (due == 0) return;
  if (!nomem__campaign_is_over(campaign)) {
    if (!nomem__audit_prepare(campaign)) return;
    nomem__audit_make_runs(campaign, true, next_audit);
  }
  for (size_t i = 0; i < campaign->point_count; i++)
    if (audit->is_due[i]) campaign->results[i] = 0; /* half done is not done */
}

void nomem__audit_free(struct nomem__audit *audit) {
  free(audit->is_due);
  free(audit->had_ledger);
  nomem__remains_clear(&audit->remains);
  for (unsigned i = 0; i < NOMEM__AUDIT_BASELINES; i++) nomem__made_free(&audit->made[i]);
  for (size_t i = 0; i < audit->made_room; i++) free(audit->made_paths[i]);
  free(audit->made_paths);
  *audit = (struct nomem__audit){0};
}
