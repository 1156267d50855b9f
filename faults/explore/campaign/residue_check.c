/* SPDX-License-Identifier: MIT */
#include "residue_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "../text/complain.h"
#include "../text/quote.h"

void nomem__residue_check_baseline(struct nomem__residue_check *residue_check, const struct nomem__outcome *outcome) {
  struct nomem__process_residue *residue = outcome->residue;
  unsigned number =
      residue_check->baselines < NOMEM__RESIDUE_BASELINES ? residue_check->baselines++ : NOMEM__RESIDUE_BASELINES - 1;
  residue_check->is_known = residue->is_known && (number == 0 || residue_check->is_known);
  residue_check->has_leak_check = residue->has_leak_check;
  residue_check->live[number] = residue->live;
  if (residue->descriptors > residue_check->descriptors) residue_check->descriptors = residue->descriptors;
  if (residue->threads > residue_check->threads) residue_check->threads = residue->threads;
  if (residue->children > residue_check->children) residue_check->children = residue->children;
  residue_check->first = residue->who;
  nomem__child_residue_free(&residue_check->child_residue[number]);
  residue_check->child_residue[number] = *outcome->child_residue;
  *outcome->child_residue = (struct nomem__child_residue){0};
  nomem__created_files_free(&residue_check->made[number]);
  residue_check->made[number] = residue->made;
  residue->made = (struct nomem__created_files){0};
}

static const struct nomem__created_file *more_made(const struct nomem__residue_check *residue_check,
                                                   const struct nomem__outcome *outcome) {
  return nomem__created_files_more(&outcome->residue->made, &residue_check->made[0], &residue_check->made[1]);
}

const struct nomem__created_file *nomem__residue_check_file(const struct nomem__campaign *campaign,
                                                            const struct nomem__outcome *outcome) {
  bool is_looked_at =
      outcome->channel->watch == NOMEM_WATCH_BLOCK_TABLE && nomem__residue_check_is_looked_at(campaign, outcome);
  return is_looked_at ? more_made(&campaign->residue_check, outcome) : NULL;
}

void nomem__residue_check_note(struct nomem__campaign *campaign, const struct nomem__outcome *outcome, size_t rank) {
  struct nomem__residue_check *residue_check = &campaign->residue_check;
  const struct nomem__created_file *file = more_made(residue_check, outcome);
  if (file == NULL) return;
  if (rank >= residue_check->made_room) {
    size_t room = campaign->point_count;
    char **grown = realloc(residue_check->made_paths, room * sizeof *grown);
    if (grown == NULL) return;
    memset(grown + residue_check->made_room, 0, (room - residue_check->made_room) * sizeof *grown);
    residue_check->made_paths = grown;
    residue_check->made_room = room;
  }
  free(residue_check->made_paths[rank]);
  residue_check->made_paths[rank] = strdup(file->path);
}

const char *nomem__residue_check_first_path(const struct nomem__campaign *campaign, size_t rank) {
  return rank < campaign->residue_check.made_room ? campaign->residue_check.made_paths[rank] : NULL;
}

/* Says which process it was, where it is not the first. */
static void add_process(const struct nomem__outcome *outcome, pid_t pid, char *detail, size_t detail_bytes) {
  const struct nomem__process_residue *other = nomem__child_residue_find(outcome->child_residue, pid);
  size_t length = strlen(detail);
  char quoted[NOMEM_QUOTE_BYTES];
  if (other == NULL) return;
  snprintf(detail + length, detail_bytes - length, ", in another process of the run: %s",
           nomem__quote(other->who.name, quoted, sizeof quoted));
}

static bool has_more(const struct nomem__residue_check *residue_check, const struct nomem__process_residue *residue) {
  return residue->has_ended &&
         (residue->descriptors > residue_check->descriptors || residue->threads > residue_check->threads ||
          residue->children > residue_check->children);
}

/* What the process left in which the first call was failed, where it is not the run's first; NULL: it is, or nothing is
 * known of it. */
static const struct nomem__process_residue *injected(const struct nomem__outcome *outcome) {
  const struct nomem_fault *fault = &outcome->channel->faults[0];
  return outcome->channel->fault_count > 0 && fault->ready
             ? nomem__child_residue_find(outcome->child_residue, fault->pid)
             : NULL;
}

static bool is_any_status_good(const struct nomem__campaign *campaign) {
  return campaign->session->options->leaks == NOMEM_LEAKS_ALL;
}

/* Whether the run's first process came to its end as in the baseline; of the root, the run's status says so. */
static bool first_ended_alike(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome) {
  const struct nomem__process *here = &outcome->residue->who, *there = &campaign->residue_check.first;
  if (here->id == 0 || there->id == 0 || is_any_status_good(campaign)) return true;
  return here->has_exited == there->has_exited && here->status == there->status;
}

static bool find_peers(const struct nomem__campaign *campaign, const struct nomem__child_residue *runs,
                       unsigned run_count, const struct nomem__process_residue *other, struct nomem__peers *peers) {
  peers->count = 0;
  return other != NULL && run_count > 0 &&
         nomem__child_residue_peers(runs, run_count, other, is_any_status_good(campaign), peers);
}

/* The one that was injected, and what it is compared with. NULL: nothing can be said. */
static const struct nomem__process_residue *injected_and_peers(const struct nomem__campaign *campaign,
                                                               const struct nomem__outcome *outcome,
                                                               struct nomem__peers *peers) {
  const struct nomem__residue_check *residue_check = &campaign->residue_check;
  const struct nomem__process_residue *other = injected(outcome);
  if (residue_check->block_table_count < NOMEM__RESIDUE_BASELINES) return NULL;
  return find_peers(campaign, residue_check->block_tables, residue_check->block_table_count, other, peers) ? other
                                                                                                           : NULL;
}

bool nomem__residue_check_leftover(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome,
                                   char *what, size_t what_bytes) {
  struct nomem__peers peers;
  const struct nomem__process_residue *other = injected_and_peers(campaign, outcome, &peers);
  if (other != NULL && nomem__peers_open_less(&peers, other, what, what_bytes)) {
    add_process(outcome, other->pid, what, what_bytes);
    return true;
  }
  return has_more(&campaign->residue_check, outcome->residue) && first_ended_alike(campaign, outcome) &&
         nomem__process_residue_more(outcome->residue, &campaign->residue_check.residue, what, what_bytes);
}

bool nomem__residue_check_is_looked_at(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome) {
  enum nomem__leaks leaks = campaign->session->options->leaks;
  bool ended_alike = outcome->end.root_status == campaign->baseline_status;
  return leaks != NOMEM_LEAKS_OFF && (ended_alike || (leaks == NOMEM_LEAKS_ALL && WIFEXITED(outcome->end.root_status)));
}

bool nomem__residue_check_is_due(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome,
                                 enum nomem__verdict verdict) {
  const struct nomem__residue_check *residue_check = &campaign->residue_check;
  const struct nomem__process_residue *residue = outcome->residue;
  bool is_first = outcome->channel->watch == NOMEM_WATCH_LIVE && !outcome->channel->check_leaks;
  if (!residue_check->is_known || !residue->is_known || !is_first) return false;
  if (verdict < NOMEM_VERDICT_LEAK || verdict == NOMEM_VERDICT_UNREACHED) return false;
  if (!nomem__residue_check_is_looked_at(campaign, outcome)) return false;
  struct nomem__peers peers;
  const struct nomem__process_residue *other = injected(outcome);
  bool has_peers = find_peers(campaign, residue_check->child_residue, residue_check->baselines, other, &peers);
  bool is_first_good = first_ended_alike(campaign, outcome);
  if (more_made(residue_check, outcome) != NULL) return true;
  /* LeakSanitizer alone has none. */
  bool has_count = !residue_check->has_leak_check || !residue->has_ended || residue->live != 0;
  if (is_first_good && !has_count) return true;
  if (!is_first_good && !has_peers) return false;
  if (is_first_good && has_more(residue_check, residue)) return true;
  if (has_peers && nomem__peers_have_less(&peers, other)) return true;
  for (unsigned i = 0; i < residue_check->baselines; i++)
    if (residue->live == residue_check->live[i]) return false;
  return true;
}

bool nomem__residue_check_leaked(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome,
                                 struct nomem__leak_site *left) {
  struct nomem__peers peers;
  const struct nomem__process_residue *other = injected_and_peers(campaign, outcome, &peers);
  if (other != NULL && nomem__peers_left_less(&peers, other, left)) {
    left->pid = other->pid;
    return true;
  }
  peers = (struct nomem__peers){.list = {&campaign->residue_check.residue}, .count = 1};
  return first_ended_alike(campaign, outcome) && nomem__peers_left_less(&peers, outcome->residue, left);
}

const struct nomem_misuse *nomem__residue_check_misuse(const struct nomem__campaign *campaign,
                                                       const struct nomem__outcome *outcome) {
  const struct nomem_channel *channel = outcome->channel;
  uint32_t first = campaign->residue_check.misuses;
  if (channel->watch != NOMEM_WATCH_BLOCK_TABLE || first >= channel->misuse_count || first >= NOMEM_MISUSES)
    return NULL;
  return channel->misuses[first].ready ? &channel->misuses[first] : NULL;
}

const struct nomem__process_residue *nomem__residue_check_late_misuse(const struct nomem__campaign *campaign,
                                                                      const struct nomem__outcome *outcome) {
  struct nomem__peers peers;
  const struct nomem__process_residue *other = injected_and_peers(campaign, outcome, &peers);
  if (other != NULL && other->left.has_misuse && !nomem__peers_misused(&peers)) return other;
  return outcome->residue->left.has_misuse && !campaign->residue_check.residue.left.has_misuse ? outcome->residue
                                                                                               : NULL;
}

void nomem__residue_check_describe(const struct nomem__found *found, char *detail, size_t detail_bytes) {
  const struct nomem_misuse *misuse = found->misuse;
  const struct nomem__process_residue *late = found->late;
  const struct nomem__leak_site *left = found->left;
  pid_t pid = 0;
  if (found->verdict == NOMEM_VERDICT_LEAK && left != NULL) {
    snprintf(detail, detail_bytes, "%" PRIu64 " byte%s in %" PRIu64 " block%s", left->bytes,
             left->bytes == 1 ? "" : "s", left->blocks, left->blocks == 1 ? "" : "s");
    pid = left->pid;
  } else if (misuse != NULL && misuse->kind < NOMEM_MISUSE_KINDS) {
    snprintf(detail, detail_bytes, "%s%s", nomem__heap_misuse_texts[misuse->kind],
             misuse->kind == NOMEM_MISUSE_WRITTEN ? ", which was here" : "");
    pid = misuse->pid;
  } else if (late != NULL) {
    snprintf(detail, detail_bytes, "%s, which was seen when the run was over; it was %s here",
             nomem__heap_misuse_texts[late->left.misuse.kind],
             late->left.misuse.kind == NOMEM_MISUSE_WRITTEN ? "freed" : "allocated");
    pid = late->pid;
  }
  add_process(found->outcome, pid, detail, detail_bytes);
}

static void audited(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user);

static void next_audit(struct nomem__worker_slot *slot) {
  struct nomem__campaign *campaign = slot->campaign;
  struct nomem__residue_check *residue_check = &campaign->residue_check;
  while (residue_check->next < campaign->point_count && !residue_check->is_due[residue_check->next])
    residue_check->next++;
  if (residue_check->next == campaign->point_count || nomem__campaign_is_over(campaign)) return;
  char plan[NOMEM_POINT_PLAN_BYTES];
  slot->rank = residue_check->next++;
  nomem__campaign_plan(campaign, &campaign->points[slot->rank], NOMEM_KEY_DIGITS_ALL, plan);
  nomem__worker_watch_making(slot->worker, nomem__residue_check_first_path(campaign, slot->rank));
  int result = nomem__worker_start(slot->worker, plan, campaign->timeout_ms, audited, slot);
  if (result != 0) nomem__campaign_give_up(campaign, result);
}

static void audited(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct nomem__worker_slot *slot = user;
  (void)worker;
  if (outcome->end.was_cancelled) return;
  nomem__campaign_enter(slot, outcome, slot->rank);
  next_audit(slot);
}

static void baseline_audited(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct nomem__campaign *campaign = user;
  (void)worker;
  struct nomem__residue_check *residue_check = &campaign->residue_check;
  if (outcome->end.was_cancelled) return;
  /* A sanitizer that may not look for leaks says so, and ends its process. */
  bool has_died = residue_check->has_leak_check && outcome->end.fatal_deaths != campaign->baseline_fatal_deaths;
  residue_check->ends_otherwise = has_died || outcome->end.root_status != campaign->baseline_status;
  if (residue_check->ends_otherwise) return;
  residue_check->is_checked = outcome->channel->check_leaks;
  if (residue_check->block_table_count == 0) {
    residue_check->writes_otherwise =
        !nomem__output_is_same(&campaign->baseline_output, &outcome->output, &outcome->error);
    nomem__process_residue_clear(&residue_check->residue);
    residue_check->residue = *outcome->residue;
    *outcome->residue = (struct nomem__process_residue){0};
    residue_check->misuses = outcome->channel->misuse_count;
  }
  nomem__child_residue_free(&residue_check->block_tables[residue_check->block_table_count]);
  residue_check->block_tables[residue_check->block_table_count++] = *outcome->child_residue;
  *outcome->child_residue = (struct nomem__child_residue){0};
}

static void audit_baseline(struct nomem__campaign *campaign) {
  int result = nomem__worker_start(campaign->workers[0].worker, "", campaign->timeout_ms, baseline_audited, campaign);
  if (result != 0) nomem__campaign_give_up(campaign, result);
  nomem__session_run(campaign->session);
}

void nomem__residue_runs_look(const struct nomem__campaign *campaign, struct nomem__worker *worker, bool closely) {
  if (campaign->residue_check.has_leak_check)
    nomem__worker_check_leaks(worker, closely);
  else
    nomem__worker_watch_blocks(worker, closely ? NOMEM_WATCH_BLOCK_TABLE : campaign->residue_check.watch);
}

static bool can_look(const struct nomem__residue_check *residue_check) {
  return residue_check->has_leak_check ? residue_check->is_checked : residue_check->residue.has_block_table;
}

/* What a sanitizer reports of the baseline is the program's own. */
bool nomem__residue_runs_prepare(struct nomem__campaign *campaign) {
  struct nomem__residue_check *residue_check = &campaign->residue_check;
  if (residue_check->is_prepared) return can_look(residue_check);
  residue_check->is_prepared = true;
  struct nomem__worker *worker = campaign->workers[0].worker;
  nomem__residue_runs_look(campaign, worker, true);
  campaign->session->sanitizer.is_learning = true;
  audit_baseline(campaign);
  if (residue_check->block_table_count > 0 && residue_check->block_tables[0].count > 0) audit_baseline(campaign);
  campaign->session->sanitizer.is_learning = false;
  nomem__residue_runs_look(campaign, worker, false);
  if (!can_look(residue_check) && !nomem__campaign_is_over(campaign))
    nomem__complain("what runs leave%s cannot be looked at: the program %s",
                    residue_check->has_leak_check ? "" : ", and do to the heap,",
                    !residue_check->ends_otherwise  ? "has more memory than that takes"
                    : residue_check->has_leak_check ? "ends otherwise when its sanitizer looks for leaks"
                                                    : "ends otherwise when each block is kept a record of");
  return can_look(residue_check);
}

void nomem__residue_runs_make(struct nomem__campaign *campaign, bool are_fresh,
                              void (*start)(struct nomem__worker_slot *slot)) {
  campaign->engine = NOMEM_ENGINE_EXEC;
  for (unsigned i = 0; i < campaign->worker_count; i++) {
    nomem__residue_runs_look(campaign, campaign->workers[i].worker, true);
    nomem__worker_refresh_files(campaign->workers[i].worker, are_fresh);
    start(&campaign->workers[i]);
  }
  nomem__session_run(campaign->session);
  for (unsigned i = 0; i < campaign->worker_count; i++) {
    nomem__residue_runs_look(campaign, campaign->workers[i].worker, false);
    nomem__worker_watch_making(campaign->workers[i].worker, NULL);
    int result = nomem__findings_merge(&campaign->findings, &campaign->workers[i].findings);
    if (result != 0) nomem__campaign_give_up(campaign, result);
  }
}

/* Whoever asks for all that is left is told what is not looked at. */
static void say_unseen(const struct nomem__campaign *campaign) {
  const struct nomem__session *session = campaign->session;
  const struct nomem__residue_check *residue_check = &campaign->residue_check;
  bool is_wanted = (session->options->strict || session->options->leaks == NOMEM_LEAKS_ALL) && !session->options->quiet;
  if (!is_wanted || session->options->leaks == NOMEM_LEAKS_OFF) return;
  const char *reason = !residue_check->is_known           ? "the ends of its runs cannot be watched"
                       : session->setup.isolation == NULL ? "runs are not isolated"
                       : !residue_check->made[0].is_known || !residue_check->made[1].is_known
                           ? "there are too many, or runs have no view of files of their own"
                           : NULL;
  if (reason != NULL) nomem__complain("files that the program makes and leaves are not looked at: %s", reason);
}

void nomem__residue_runs_run(struct nomem__campaign *campaign) {
  struct nomem__residue_check *residue_check = &campaign->residue_check;
  say_unseen(campaign);
  size_t due = 0;
  for (size_t i = 0; i < campaign->point_count; i++) due += residue_check->is_due[i];
  if (due == 0) return;
  if (!nomem__campaign_is_over(campaign)) {
    if (!nomem__residue_runs_prepare(campaign)) return;
    nomem__residue_runs_make(campaign, true, next_audit);
  }
  for (size_t i = 0; i < campaign->point_count; i++)
    if (residue_check->is_due[i]) campaign->results[i] = 0; /* half done is not done */
}

void nomem__residue_check_free(struct nomem__residue_check *residue_check) {
  free(residue_check->is_due);
  free(residue_check->had_block_table);
  nomem__process_residue_clear(&residue_check->residue);
  for (unsigned i = 0; i < NOMEM__RESIDUE_BASELINES; i++) {
    nomem__created_files_free(&residue_check->made[i]);
    nomem__child_residue_free(&residue_check->child_residue[i]);
    nomem__child_residue_free(&residue_check->block_tables[i]);
  }
  for (size_t i = 0; i < residue_check->made_room; i++) free(residue_check->made_paths[i]);
  free(residue_check->made_paths);
  *residue_check = (struct nomem__residue_check){0};
}
