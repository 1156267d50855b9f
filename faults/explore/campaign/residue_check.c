#include "residue_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "../text/quote.h"

void nomem__audit_baseline(struct nomem__audit *audit, const struct nomem__outcome *outcome) {
  struct nomem__remains *remains = outcome->remains;
  unsigned number = audit->baselines < NOMEM__AUDIT_BASELINES ? audit->baselines++ : NOMEM__AUDIT_BASELINES - 1;
  audit->is_known = remains->is_known && (number == 0 || audit->is_known);
  audit->has_leak_check = remains->has_leak_check;
  audit->live[number] = remains->live;
  if (remains->descriptors > audit->descriptors) audit->descriptors = remains->descriptors;
  if (remains->threads > audit->threads) audit->threads = remains->threads;
  if (remains->children > audit->children) audit->children = remains->children;
  audit->first = remains->who;
  nomem__others_free(&audit->others[number]);
  audit->others[number] = *outcome->others;
  *outcome->others = (struct nomem__others){0};
  nomem__made_free(&audit->made[number]);
  audit->made[number] = remains->made;
  remains->made = (struct nomem__made){0};
}

static const struct nomem__made_file *more_made(const struct nomem__audit *audit,
                                                const struct nomem__outcome *outcome) {
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

/* Says which process it was, where it is not the first. */
static void add_process(const struct nomem__outcome *outcome, pid_t pid, char *detail, size_t detail_bytes) {
  const struct nomem__remains *other = nomem__others_find(outcome->others, pid);
  size_t length = strlen(detail);
  char quoted[NOMEM_QUOTE_BYTES];
  if (other == NULL) return;
  snprintf(detail + length, detail_bytes - length, ", in another process of the run: %s",
           nomem__quote(other->who.name, quoted, sizeof quoted));
}

static bool has_more(const struct nomem__audit *audit, const struct nomem__remains *remains) {
  return remains->has_ended && (remains->descriptors > audit->descriptors || remains->threads > audit->threads ||
                                remains->children > audit->children);
}

/* What the process left in which the first call was failed, where it is not the run's first; NULL: it is, or nothing is
 * known of it. */
static const struct nomem__remains *injected(const struct nomem__outcome *outcome) {
  const struct nomem_fault *fault = &outcome->channel->faults[0];
  return outcome->channel->fault_count > 0 && fault->ready ? nomem__others_find(outcome->others, fault->pid) : NULL;
}

static bool is_any_status_good(const struct nomem__campaign *campaign) {
  return campaign->session->options->leaks == NOMEM_LEAKS_ALL;
}

/* Whether the run's first process came to its end as in the baseline; of the root, the run's status says so. */
static bool first_ended_alike(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome) {
  const struct nomem__process *here = &outcome->remains->who, *there = &campaign->audit.first;
  if (here->id == 0 || there->id == 0 || is_any_status_good(campaign)) return true;
  return here->has_exited == there->has_exited && here->status == there->status;
}

static bool find_peers(const struct nomem__campaign *campaign, const struct nomem__others *runs, unsigned run_count,
                       const struct nomem__remains *other, struct nomem__peers *peers) {
  peers->count = 0;
  return other != NULL && run_count > 0 &&
         nomem__others_peers(runs, run_count, other, is_any_status_good(campaign), peers);
}

/* The one that was injected, and what it is compared with. NULL: nothing can be said. */
static const struct nomem__remains *injected_and_peers(const struct nomem__campaign *campaign,
                                                       const struct nomem__outcome *outcome,
                                                       struct nomem__peers *peers) {
  const struct nomem__audit *audit = &campaign->audit;
  const struct nomem__remains *other = injected(outcome);
  if (audit->ledger_count < NOMEM__AUDIT_BASELINES) return NULL;
  return find_peers(campaign, audit->ledgers, audit->ledger_count, other, peers) ? other : NULL;
}

bool nomem__audit_leftover(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome, char *what,
                           size_t what_bytes) {
  struct nomem__peers peers;
  const struct nomem__remains *other = injected_and_peers(campaign, outcome, &peers);
  if (other != NULL && nomem__peers_open_less(&peers, other, what, what_bytes)) {
    add_process(outcome, other->pid, what, what_bytes);
    return true;
  }
  return has_more(&campaign->audit, outcome->remains) && first_ended_alike(campaign, outcome) &&
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
  bool is_first = outcome->channel->watch == NOMEM_WATCH_LIVE && !outcome->channel->check_leaks;
  if (!audit->is_known || !remains->is_known || !is_first) return false;
  if (verdict < NOMEM_VERDICT_LEAK || verdict == NOMEM_VERDICT_UNREACHED) return false;
  if (!nomem__audit_is_looked_at(campaign, outcome)) return false;
  struct nomem__peers peers;
  const struct nomem__remains *other = injected(outcome);
  bool has_peers = find_peers(campaign, audit->others, audit->baselines, other, &peers);
  bool is_first_good = first_ended_alike(campaign, outcome);
  if (more_made(audit, outcome) != NULL) return true;
  /* LeakSanitizer alone has none. */
  bool has_count = !audit->has_leak_check || !remains->has_ended || remains->live != 0;
  if (is_first_good && !has_count) return true;
  if (!is_first_good && !has_peers) return false;
  if (is_first_good && has_more(audit, remains)) return true;
  if (has_peers && nomem__peers_have_less(&peers, other)) return true;
  for (unsigned i = 0; i < audit->baselines; i++)
    if (remains->live == audit->live[i]) return false;
  return true;
}

bool nomem__audit_left(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome,
                       struct nomem__left_site *left) {
  struct nomem__peers peers;
  const struct nomem__remains *other = injected_and_peers(campaign, outcome, &peers);
  if (other != NULL && nomem__peers_left_less(&peers, other, left)) {
    left->pid = other->pid;
    return true;
  }
  peers = (struct nomem__peers){.list = {&campaign->audit.remains}, .count = 1};
  return first_ended_alike(campaign, outcome) && nomem__peers_left_less(&peers, outcome->remains, left);
}

const struct nomem_misuse *nomem__audit_misuse(const struct nomem__campaign *campaign,
                                               const struct nomem__outcome *outcome) {
  const struct nomem_channel *channel = outcome->channel;
  uint32_t first = campaign->audit.misuses;
  if (channel->watch != NOMEM_WATCH_LEDGER || first >= channel->misuse_count || first >= NOMEM_MISUSES) return NULL;
  return channel->misuses[first].ready ? &channel->misuses[first] : NULL;
}

const struct nomem__remains *nomem__audit_late_misuse(const struct nomem__campaign *campaign,
                                                      const struct nomem__outcome *outcome) {
  struct nomem__peers peers;
  const struct nomem__remains *other = injected_and_peers(campaign, outcome, &peers);
  if (other != NULL && other->left.has_misuse && !nomem__peers_misused(&peers)) return other;
  return outcome->remains->left.has_misuse && !campaign->audit.remains.left.has_misuse ? outcome->remains : NULL;
}

void nomem__audit_describe(const struct nomem__found *found, char *detail, size_t detail_bytes) {
  const struct nomem_misuse *misuse = found->misuse;
  const struct nomem__remains *late = found->late;
  const struct nomem__left_site *left = found->left;
  pid_t pid = 0;
  if (found->verdict == NOMEM_VERDICT_LEAK && left != NULL) {
    snprintf(detail, detail_bytes, "%" PRIu64 " byte%s in %" PRIu64 " block%s", left->bytes,
             left->bytes == 1 ? "" : "s", left->blocks, left->blocks == 1 ? "" : "s");
    pid = left->pid;
  } else if (misuse != NULL && misuse->kind < NOMEM_MISUSE_KINDS) {
    snprintf(detail, detail_bytes, "%s%s", nomem__misuse_texts[misuse->kind],
             misuse->kind == NOMEM_MISUSE_WRITTEN ? ", which was here" : "");
    pid = misuse->pid;
  } else if (late != NULL) {
    snprintf(detail, detail_bytes, "%s, which was seen when the run was over; it was %s here",
             nomem__misuse_texts[late->left.misuse.kind],
             late->left.misuse.kind == NOMEM_MISUSE_WRITTEN ? "freed" : "allocated");
    pid = late->pid;
  }
  add_process(found->outcome, pid, detail, detail_bytes);
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
  struct nomem__audit *audit = &campaign->audit;
  if (outcome->end.was_cancelled) return;
  /* A sanitizer that may not look for leaks says so, and ends its process. */
  bool has_died = audit->has_leak_check && outcome->end.fatal_deaths != campaign->baseline_fatal_deaths;
  audit->ends_otherwise = has_died || outcome->end.root_status != campaign->baseline_status;
  if (audit->ends_otherwise) return;
  audit->is_checked = outcome->channel->check_leaks;
  if (audit->ledger_count == 0) {
    audit->writes_otherwise = !nomem__output_is_same(&campaign->baseline_output, &outcome->output, &outcome->error);
    nomem__remains_clear(&audit->remains);
    audit->remains = *outcome->remains;
    *outcome->remains = (struct nomem__remains){0};
    audit->misuses = outcome->channel->misuse_count;
  }
  nomem__others_free(&audit->ledgers[audit->ledger_count]);
  audit->ledgers[audit->ledger_count++] = *outcome->others;
  *outcome->others = (struct nomem__others){0};
}

static void audit_baseline(struct nomem__campaign *campaign) {
  int result = nomem__worker_start(campaign->workers[0].worker, "", campaign->timeout_ms, baseline_audited, campaign);
  if (result != 0) nomem__campaign_give_up(campaign, result);
  nomem__session_run(campaign->session);
}

void nomem__audit_look(const struct nomem__campaign *campaign, struct nomem__worker *worker, bool closely) {
  if (campaign->audit.has_leak_check)
    nomem__worker_check_leaks(worker, closely);
  else
    nomem__worker_watch_blocks(worker, closely ? NOMEM_WATCH_LEDGER : campaign->audit.watch);
}

static bool can_look(const struct nomem__audit *audit) {
  return audit->has_leak_check ? audit->is_checked : audit->remains.has_ledger;
}

/* What a sanitizer reports of the baseline is the program's own. */
bool nomem__audit_prepare(struct nomem__campaign *campaign) {
  struct nomem__audit *audit = &campaign->audit;
  if (audit->is_prepared) return can_look(audit);
  audit->is_prepared = true;
  struct nomem__worker *worker = campaign->workers[0].worker;
  nomem__audit_look(campaign, worker, true);
  campaign->session->sanitizer.is_learning = true;
  audit_baseline(campaign);
  if (audit->ledger_count > 0 && audit->ledgers[0].count > 0) audit_baseline(campaign);
  campaign->session->sanitizer.is_learning = false;
  nomem__audit_look(campaign, worker, false);
  if (!can_look(audit) && !nomem__campaign_is_over(campaign))
    nomem__complain("what runs leave%s cannot be looked at: the program %s",
                    audit->has_leak_check ? "" : ", and do to the heap,",
                    !audit->ends_otherwise  ? "has more memory than that takes"
                    : audit->has_leak_check ? "ends otherwise when its sanitizer looks for leaks"
                                            : "ends otherwise when each block is kept a record of");
  return can_look(audit);
}

void nomem__audit_make_runs(struct nomem__campaign *campaign, bool are_fresh,
                            void (*start)(struct nomem__campaign_worker *hand)) {
  campaign->engine = NOMEM_ENGINE_EXEC;
  for (unsigned i = 0; i < campaign->worker_count; i++) {
    nomem__audit_look(campaign, campaign->workers[i].worker, true);
    nomem__worker_refresh_files(campaign->workers[i].worker, are_fresh);
    start(&campaign->workers[i]);
  }
  nomem__session_run(campaign->session);
  for (unsigned i = 0; i < campaign->worker_count; i++) {
    nomem__audit_look(campaign, campaign->workers[i].worker, false);
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
  const char *reason = !audit->is_known                   ? "the ends of its runs cannot be watched"
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
  for (unsigned i = 0; i < NOMEM__AUDIT_BASELINES; i++) {
    nomem__made_free(&audit->made[i]);
    nomem__others_free(&audit->others[i]);
    nomem__others_free(&audit->ledgers[i]);
  }
  for (size_t i = 0; i < audit->made_room; i++) free(audit->made_paths[i]);
  free(audit->made_paths);
  *audit = (struct nomem__audit){0};
}
