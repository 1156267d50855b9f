/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "results.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "../judge/internal_error.h"
#include "../judge/lost_block.h"
#include "../run/failure_words.h"
#include "../text/complain.h"
#include "../text/varying_names.h"
#include "file_check.h"
#include "guarded_runs.h"
#include "journal.h"

/* By which Automake, Meson, CTest's users and others let a test say that it was skipped. */
#define SKIP_CODE 77

/* A sanitizer ended the process, and its report went elsewhere. */
#define UNSEEN_REPORT "a sanitizer's abort, whose report is not in the standard error of the run"

/* A run that may hang where others do is looked at after this part of its time: twice as long as the baseline took. */
#define EARLY_PART 5

static bool has_code(const uint64_t codes[4], int status) {
  return (codes[status / 64] >> status % 64 & 1) != 0;
}

static bool is_skip_code(const struct nomem__options *options, int status) {
  return status == SKIP_CODE || has_code(options->skip_codes, status);
}

/* Whether the test has said by its exit status that a result is wrong. */
static bool has_bad_code(const struct nomem__campaign *campaign, int status) {
  return WIFEXITED(status) && has_code(campaign->session->options->bad_codes, WEXITSTATUS(status));
}

/* Whether it has said so by a call, which it does not make without a fault. */
static bool is_called_wrong(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome) {
  return outcome->channel->wrong.count > 0 && !campaign->is_baseline_wrong;
}

static bool has_died(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome) {
  return outcome->end.timed_out || outcome->is_flooded || outcome->was_caught ||
         outcome->end.fatal_deaths > campaign->baseline_fatal_deaths;
}

/* Where two calls are to fail, both must have failed, unless the first alone ended the run this time. */
static bool is_reached(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome, bool has_second) {
  uint32_t faults = outcome->channel->fault_count;
  return faults > 1 || (faults == 1 && (!has_second || has_died(campaign, outcome)));
}

/* Blocks lie elsewhere with a block table, and a program may show where they lie. */
static bool has_swallowed(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome) {
  const struct nomem__baseline_output *baseline = &campaign->baseline_output;
  bool is_comparable = outcome->channel->watch != NOMEM_WATCH_BLOCK_TABLE || !campaign->residue_check.writes_otherwise;
  if (!is_comparable || outcome->end.root_status != campaign->baseline_status) return false;
  return (nomem__output_differs(baseline, &outcome->output) || nomem__file_check_differs(campaign, outcome)) &&
         !nomem__output_mentions_failure(baseline, &outcome->output, &outcome->error) &&
         !nomem__file_check_mentions_failure(campaign, outcome);
}

/* Whether nothing is left of what the program writes: its standard output, or where it has none, the files that it is
 * told to write. */
static bool is_mute(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome) {
  const struct nomem__baseline_output *baseline = &campaign->baseline_output;
  if (!nomem__output_is_never_there(baseline)) return nomem__output_is_gone(baseline, &outcome->output);
  return outcome->output.bytes == 0 && nomem__file_check_is_gone(campaign, outcome);
}

/* Whether test code had no memory either, as when all later calls fail: what it did not write tells nothing of the code
 * under test. */
static bool has_failed_in_test(const struct nomem__code_owners *code_owners, const struct nomem_channel *channel) {
  for (uint32_t i = 0; (i = nomem__find_fault(channel, 0, i)) < NOMEM_KNOWN_FAULTS; i++) {
    struct nomem__trace fault;
    nomem__fault_trace(channel, i, &fault);
    if (nomem__is_test_call(code_owners, &fault)) return true;
  }
  return false;
}

/* In a line that is no sanitizer's. */
static bool says_failure(const char *line, size_t bytes) {
  static const char name[] = "Sanitizer";
  return nomem__line_reports_failure(line, bytes) && memmem(line, bytes, name, sizeof name - 1) == NULL;
}

/* Whether a test that says that it failed, and whose exit status does not, was cut short, and so did not free what it
 * had. */
static bool is_leak_of_test(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome) {
  return outcome->report.is_leak && nomem__lost_block_is_reported_of_test(&campaign->code_owners, outcome) &&
         nomem__output_says(&campaign->baseline_output, &outcome->output, &outcome->error, says_failure, NULL, 0);
}

/* Whether a test says so in its protocol, whatever its exit status is: a test runner reads that. */
static bool says_not_ok(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome) {
  return campaign->code_owners.is_divided && nomem__output_differs(&campaign->baseline_output, &outcome->output) &&
         nomem__output_says(&campaign->baseline_output, &outcome->output, &outcome->error, nomem__line_is_not_ok, NULL,
                            0);
}

static bool has_failed_below(const struct nomem__tested_modules *tested, const struct nomem_channel *channel) {
  for (uint32_t i = 0; (i = nomem__find_fault(channel, 0, i)) < NOMEM_KNOWN_FAULTS; i++) {
    struct nomem__trace fault;
    nomem__fault_trace(channel, i, &fault);
    if (nomem__tested_frame(tested, &fault) < fault.depth) return true;
  }
  return false;
}

/* Whether an interpreter says so of a module below which a call was failed: other programs may use such words for
 * anything, and it may say so of itself. detail may be NULL. */
static bool has_internal_error(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome,
                               char *detail) {
  const struct nomem__tested_modules *tested = campaign->code_owners.tested;
  if (tested == NULL || tested->count == 0 || !has_failed_below(tested, outcome->channel)) return false;
  return nomem__output_says(&campaign->baseline_output, &outcome->output, &outcome->error, nomem__is_internal_error,
                            detail, NOMEM_DETAIL_BYTES);
}

static void add_residue(struct nomem__evidence *evidence, const struct nomem__residue *residue) {
  evidence->was_misused = residue->misuse != NULL || residue->late_misuse != NULL || residue->guarded_use.is_write;
  evidence->has_leaked = residue->has_leak;
  evidence->has_left_file = residue->created_file != NULL;
  evidence->has_leftover = evidence->has_left_file || residue->has_leftover;
}

void nomem__results_judge(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome, bool has_second,
                          struct nomem__result *result) {
  const struct nomem__options *options = campaign->session->options;
  int status = outcome->end.root_status;
  struct nomem__evidence evidence = {.fault_reached = is_reached(campaign, outcome, has_second),
                                     .timed_out = outcome->end.timed_out,
                                     .is_flooded = outcome->is_flooded,
                                     .root_status = status,
                                     .baseline_status = campaign->baseline_status,
                                     .fatal_deaths = outcome->end.fatal_deaths,
                                     .baseline_fatal_deaths = campaign->baseline_fatal_deaths,
                                     .was_caught = outcome->was_caught,
                                     .fatal_signal = outcome->end.fatal_signal,
                                     .is_corrupt = nomem__is_corruption_text(outcome->tail) ||
                                                   nomem__is_abort_of_allocator(outcome, campaign->session->symbols)};
  evidence.has_swallowed = has_swallowed(campaign, outcome);
  evidence.says_success = nomem__output_says_success(&campaign->baseline_output, &outcome->error, NULL, 0);
  evidence.is_mute = evidence.has_swallowed && is_mute(campaign, outcome) &&
                     !has_failed_in_test(&campaign->code_owners, outcome->channel);
  evidence.is_wrong = has_bad_code(campaign, status) || is_called_wrong(campaign, outcome);
  evidence.has_internal_error = has_internal_error(campaign, outcome, NULL);
  evidence.is_skipped = WIFEXITED(status) && is_skip_code(options, WEXITSTATUS(status));
  evidence.has_report = nomem__has_report(outcome, campaign->session->symbols);
  bool any_exit_counts = options->leaks == NOMEM_LEAKS_ALL && WIFEXITED(status);
  evidence.is_leak = outcome->report.is_leak && !any_exit_counts;
  evidence.is_leak_of_test = is_leak_of_test(campaign, outcome);
  nomem__residue_check_compute(&campaign->residue_check, options->leaks, campaign->baseline_status, outcome,
                               &campaign->code_owners, &result->residue);
  add_residue(&evidence, &result->residue);
  if (evidence.fault_reached) evidence.raised_by_test = nomem__is_abort_of_test(outcome, &campaign->code_owners);
  result->verdict = nomem__judge(&evidence);
  result->was_asserted = result->verdict == NOMEM_VERDICT_REPORTED && evidence.raised_by_test &&
                         outcome->end.fatal_signal == SIGABRT && !outcome->was_caught;
  result->said_not_ok = result->verdict == NOMEM_VERDICT_HANDLED && says_not_ok(campaign, outcome);
}

void nomem__results_judge_held(struct nomem__campaign *campaign, const struct nomem__held_watch *held,
                               const struct nomem__outcome *outcome, bool has_second, struct nomem__result *result) {
  campaign->residue_check.held = held;
  nomem__results_judge(campaign, outcome, has_second, result);
  campaign->residue_check.held = NULL;
}

enum nomem__verdict nomem__results_settle(enum nomem__verdict verdict, enum nomem__verdict previous, bool is_heap_check,
                                          bool checks_leaks) {
  /* The run before had ended well. This one was made for what it does to the heap, and for nothing else; and where the
   * program gave up, for what it lost. */
  bool has_lost = verdict == NOMEM_VERDICT_LEAK && previous == NOMEM_VERDICT_REPORTED;
  bool is_no_worse = is_heap_check && verdict > NOMEM_VERDICT_ABORT && !has_lost;
  /* The run before did not hang: what takes so long is the search for leaks. */
  bool is_slow = checks_leaks && verdict == NOMEM_VERDICT_HANG;
  return is_no_worse || is_slow ? previous : verdict;
}

static void describe_wrong(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome,
                           char detail[NOMEM_DETAIL_BYTES]) {
  char text[NOMEM_QUOTE_BYTES];
  if (is_called_wrong(campaign, outcome))
    snprintf(detail, NOMEM_DETAIL_BYTES, "the test says: %s",
             nomem__quote(outcome->channel->wrong.text, text, sizeof text));
  else
    snprintf(detail, NOMEM_DETAIL_BYTES, "exit status %d, by --bad-code", WEXITSTATUS(outcome->end.root_status));
}

static void describe_swallowed(const struct nomem__campaign *campaign, const struct nomem__outcome *outcome,
                               char detail[NOMEM_DETAIL_BYTES]) {
  if (nomem__output_differs(&campaign->baseline_output, &outcome->output))
    nomem__output_difference(&campaign->baseline_output, &outcome->output, detail, NOMEM_DETAIL_BYTES);
  else
    nomem__file_check_describe(campaign, outcome, detail, NOMEM_DETAIL_BYTES);
}

static void describe_flood(const struct nomem__outcome *outcome, char detail[NOMEM_DETAIL_BYTES]) {
  char line[NOMEM_QUOTE_BYTES];
  nomem__quote_last_line(outcome->tail, line);
  bool has_text = strcmp(line, "''") != 0;
  snprintf(detail, NOMEM_DETAIL_BYTES, "more than %d MiB%s%s", (int)(NOMEM_OUTPUT_MAX_BYTES >> 20),
           has_text ? ", the last of it " : "", has_text ? line : "");
}

void nomem__results_describe(const struct nomem__campaign *campaign, const struct nomem__residue *residue,
                             struct nomem__judged_run *found, char *detail) {
  const size_t detail_bytes = NOMEM_DETAIL_BYTES;
  const struct nomem__outcome *outcome = found->outcome;
  const struct nomem__created_file *file = residue->created_file;
  const char *first_path = nomem__residue_check_first_path(&campaign->residue_check, found->rank);
  detail[0] = '\0';
  found->detail = detail;
  found->residue = residue;
  found->file_hash = file != NULL ? nomem__names_hash(file->path, first_path) : 0;
  switch (found->verdict) {
    case NOMEM_VERDICT_WRONG:
      describe_wrong(campaign, outcome, detail);
      break;
    case NOMEM_VERDICT_INTERNAL:
    case NOMEM_VERDICT_ABORT:
      has_internal_error(campaign, outcome, detail);
      break;
    case NOMEM_VERDICT_MISREPORTED:
      nomem__output_says_success(&campaign->baseline_output, &outcome->error, detail, detail_bytes);
      break;
    case NOMEM_VERDICT_MUTE:
    case NOMEM_VERDICT_SWALLOWED:
      describe_swallowed(campaign, outcome, detail);
      break;
    case NOMEM_VERDICT_SANITIZER:
      snprintf(detail, detail_bytes, "%s", outcome->report.kind[0] != '\0' ? outcome->report.kind : UNSEEN_REPORT);
      break;
    case NOMEM_VERDICT_FLOOD:
      describe_flood(outcome, detail);
      break;
    case NOMEM_VERDICT_CRASH:
      if (residue->guarded_use.place == NOMEM_GUARDED_NONE) break;
      nomem__residue_describe_misuse(residue, detail, detail_bytes);
      break;
    case NOMEM_VERDICT_CORRUPTION:
      nomem__residue_describe_misuse(residue, detail, detail_bytes);
      break;
    case NOMEM_VERDICT_LEAK:
      nomem__residue_describe_leak(residue, detail, detail_bytes);
      if (file == NULL) break;
      size_t used = strlen(detail);
      used += (size_t)snprintf(detail + used, detail_bytes - used, "; and ");
      nomem__created_files_describe(file, first_path, detail + used, detail_bytes - used);
      break;
    case NOMEM_VERDICT_LEFTOVER:
      if (file != NULL)
        nomem__created_files_describe(file, first_path, detail, detail_bytes);
      else
        snprintf(detail, detail_bytes, "%s", residue->leftover);
      break;
    default:
      break;
  }
}

static void say_run(struct nomem__campaign *campaign, const char *plan, enum nomem__verdict verdict,
                    const struct nomem__outcome *outcome) {
  if (!campaign->session->options->verbose) return;
  nomem__progress_clear(&campaign->progress);
  int status = outcome->end.root_status;
  uint64_t written = outcome->output.bytes + outcome->error.bytes;
  fprintf(stderr,
          "nomem: %s: %s (%s %d, %" PRIu64 " bytes written, hash %016" PRIx64 "-%016" PRIx64 ", by %s, %" PRIu64
          " us)\n",
          plan, nomem__verdicts[verdict].name, WIFSIGNALED(status) ? "signal" : "exit",
          WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), written, outcome->output.hash,
          outcome->error.hash, nomem__engine_names[campaign->engine], outcome->duration_us);
}

/* Once: a program that does so may do it in thousands of runs. */
static void say_damage(struct nomem__campaign *campaign, const char *plan, const struct nomem__outcome *outcome) {
  if (!outcome->is_damaged || campaign->has_said_damage || campaign->session->options->quiet) return;
  campaign->has_said_damage = true;
  nomem__progress_clear(&campaign->progress);
  nomem__complain(
      "'%s': the program wrote over the pages that it shares with nomem: of such a run, only how it ended "
      "is certain",
      plan);
}

/* Once: that worker's runs do not share a view any more, and the others' would do the same. */
static void say_marked_view(struct nomem__campaign *campaign, const char *plan, const struct nomem__outcome *outcome) {
  if (!outcome->has_marked_view || campaign->has_said_marked_view || campaign->session->options->quiet) return;
  campaign->has_said_marked_view = true;
  nomem__progress_clear(&campaign->progress);
  nomem__complain(
      "'%s': the program changed files that cannot be put back as they were, which it does not do without a "
      "fault: runs are made that see nothing of it, and take longer",
      plan);
}

static size_t count_findings(const struct nomem__findings *findings, bool strict) {
  size_t count = 0;
  for (size_t i = 0; i < findings->count; i++) count += nomem__verdict_counts(findings->list[i].verdict, strict);
  return count;
}

/* Where a program went on after its first fault, it may have made calls that it never makes otherwise. */
static void note_second_faults(struct nomem__campaign *campaign, const struct nomem__point *point,
                               const struct nomem__outcome *outcome) {
  if (point->occurrence != 1 || point->persistent || point->second != 0 || has_died(campaign, outcome)) return;
  nomem__second_faults_note(&campaign->second_faults, &campaign->code_owners, point->site, outcome->channel);
}

uint64_t nomem__results_early_ms(const struct nomem__worker_slot *slot) {
  const struct nomem__findings *lists[] = {&slot->findings, &slot->campaign->findings};
  for (size_t list = 0; list < 2; list++)
    for (size_t i = 0; i < lists[list]->count; i++)
      if (lists[list]->list[i].verdict == NOMEM_VERDICT_HANG) return slot->campaign->timeout_ms / EARLY_PART;
  return 0;
}

/* Adds a run to the findings. said: how it ended, where only the caller knows; NULL: it is found out. Returns 0, or
 * what nomem__findings_add returns. */
static int add_finding(struct nomem__worker_slot *slot, const struct nomem__outcome *outcome, size_t rank,
                       const struct nomem__result *result, const char *plan, const char *said) {
  struct nomem__campaign *campaign = slot->campaign;
  char detail[NOMEM_DETAIL_BYTES];
  struct nomem__judged_run found = {.verdict = result->verdict,
                                    .outcome = outcome,
                                    .point = campaign->points[rank],
                                    .rank = rank,
                                    .plan = plan,
                                    .is_early = outcome->is_early && result->verdict == NOMEM_VERDICT_HANG};
  const struct nomem__finding *finding = NULL;
  nomem__results_describe(campaign, &result->residue, &found, detail);
  if (said != NULL) found.detail = said;
  int error = nomem__findings_add(&slot->findings, &found, &campaign->code_owners, &finding);
  if (error == -ENOENT) error = nomem__findings_add(&campaign->findings, &found, &campaign->code_owners, &finding);
  if (error != 0) return error;
  campaign->early_count += found.is_early;
  bool is_shown = finding->rank == rank;
  nomem__journal_add_run(slot, outcome, rank, &finding->hash, is_shown ? finding : NULL);
  bool strict = campaign->session->options->strict;
  campaign->progress.findings = count_findings(&campaign->findings, strict) + count_findings(&slot->findings, strict);
  return 0;
}

/* Only the heap check shows it: a mutex that is locked, or who left a descriptor open. */
static bool has_found_leftover(const struct nomem__result *result, enum nomem__verdict previous) {
  const struct nomem__residue *residue = &result->residue;
  return result->verdict == NOMEM_VERDICT_LEFTOVER && (residue->has_locked_mutex || residue->lost_descriptor != 0) &&
         (previous == NOMEM_VERDICT_REPORTED || previous == NOMEM_VERDICT_HANDLED);
}

/* Whether a later failure of a site may show more of what is done to blocks than the first, by which there were none.
 */
static bool may_have_lost(const struct nomem__outcome *outcome, const struct nomem__result *result) {
  const struct nomem_fault *fault = &outcome->channel->faults[0];
  bool is_realloc = fault->ready && (fault->fn == NOMEM_FN_REALLOC || fault->fn == NOMEM_FN_REALLOCARRAY);
  return result->residue.has_left_more || is_realloc;
}

/* Coverage data is written by exit(), which the injector notes. */
static bool has_come_to_exit(const struct nomem__outcome *outcome) {
  const struct nomem__end *end = &outcome->end;
  return outcome->channel->screening.allocations > 0 && end->fatal_deaths == 0 && !end->timed_out &&
         !end->was_cancelled && !outcome->is_flooded;
}

/* Enters the verdict for the point, and whether its run is to be made once more for what it left. */
static void enter_verdict(struct nomem__campaign *campaign, const struct nomem__outcome *outcome, size_t rank,
                          struct nomem__result *result) {
  struct nomem__residue_check *check = &campaign->residue_check;
  struct nomem__point_state *state = &campaign->states[rank];
  enum nomem__verdict previous = state->result == 0 ? result->verdict : (enum nomem__verdict)(state->result - 1);
  if (state->result != 0 && !has_found_leftover(result, previous))
    result->verdict =
        nomem__results_settle(result->verdict, previous, campaign->heap.is_looking, outcome->channel->check_leaks != 0);
  state->result = (uint8_t)(result->verdict + 1);
  state->is_due = nomem__residue_check_is_due(&result->residue, result->verdict);
  if (state->is_due) nomem__residue_check_note_path(check, &result->residue, rank, campaign->point_count);
  state->was_asserted = result->was_asserted;
  state->said_not_ok = result->said_not_ok;
  state->has_coverage_data |= has_come_to_exit(outcome);
  state->may_have_lost_handed_over = result->residue.may_have_lost_handed_over;
  if (!campaign->heap.is_looking) {
    state->may_have_lost = may_have_lost(outcome, result);
    state->has_left_open = result->residue.has_left_open;
  }
  state->is_unconfirmed = campaign->engine == NOMEM_ENGINE_SNAPSHOT;
  state->was_heap_checked = campaign->heap.is_looking;
  state->had_block_table = outcome->channel->watch == NOMEM_WATCH_BLOCK_TABLE;
}

bool nomem__results_enter(struct nomem__worker_slot *slot, const struct nomem__outcome *outcome, size_t rank) {
  struct nomem__campaign *campaign = slot->campaign;
  const struct nomem__point *point = &campaign->points[rank];
  const struct nomem__point_state *state = &campaign->states[rank];
  const uint8_t previous = state->result;
  bool is_repeated = state->is_due || campaign->heap.is_looking;
  if (!nomem__campaign_was_started(campaign, outcome)) return true;
  struct nomem__result result;
  nomem__results_judge(campaign, outcome, point->second != 0, &result);
  enter_verdict(campaign, outcome, rank, &result);
  note_second_faults(campaign, point, outcome);
  if (campaign->heap.is_looking) nomem__guarded_runs_note(campaign, outcome);
  char plan[NOMEM_POINT_PLAN_BYTES];
  nomem__campaign_plan(campaign, point, campaign->key_digits, plan);
  int error = 0;
  /* What a fork does not reach, the program may reach when it is started anew. */
  bool is_certain = !outcome->is_early && campaign->engine == NOMEM_ENGINE_EXEC;
  if (result.verdict == NOMEM_VERDICT_UNREACHED && !is_certain)
    error = -ENOENT;
  else if (state->is_due)
    campaign->progress.total++; /* it is made once more, and that run counts */
  else if (campaign->heap.is_looking && previous == result.verdict + 1 && nomem__verdict_is_shown(result.verdict))
    nomem__journal_mark_heap_checked(campaign, rank); /* its run is part of a finding already */
  else if (nomem__verdict_is_shown(result.verdict))
    error = add_finding(slot, outcome, rank, &result, plan, NULL);
  else
    nomem__journal_add_run(slot, outcome, rank, NULL, NULL);
  if (error == -ENOENT) {
    campaign->states[rank].result = 0;
    return false;
  }
  if (error != 0) nomem__campaign_give_up(campaign, error);
  campaign->engines[campaign->engine] += !is_repeated;
  if (campaign->engine == NOMEM_ENGINE_SNAPSHOT) nomem__passes_count(&campaign->passes, 1);
  say_damage(campaign, plan, outcome);
  say_marked_view(campaign, plan, outcome);
  say_run(campaign, plan, result.verdict, outcome);
  campaign->progress.done++;
  return true;
}

void nomem__results_enter_result(struct nomem__worker_slot *slot, const struct nomem__outcome *outcome, size_t rank,
                                 const struct nomem__result *result, const char *detail) {
  struct nomem__campaign *campaign = slot->campaign;
  char plan[NOMEM_POINT_PLAN_BYTES];
  nomem__campaign_plan(campaign, &campaign->points[rank], campaign->key_digits, plan);
  campaign->states[rank].result = (uint8_t)(result->verdict + 1);
  int error = add_finding(slot, outcome, rank, result, plan, detail);
  if (error != 0) nomem__campaign_give_up(campaign, error);
  say_run(campaign, plan, result->verdict, outcome);
}

void nomem__results_settle_snapshots(const struct nomem__worker_slot *slot, bool are_sound) {
  struct nomem__campaign *campaign = slot->campaign;
  for (size_t i = campaign->batch + (size_t)(slot - campaign->workers); i < campaign->batch_end;
       i += campaign->forkers) {
    struct nomem__point_state *state = &campaign->states[i];
    if (state->is_unconfirmed && !are_sound && state->result != 0) {
      state->result = state->is_due = 0;
      campaign->engines[NOMEM_ENGINE_SNAPSHOT]--;
    }
    state->is_unconfirmed = false;
  }
}

void nomem__results_drop_swallowed(struct nomem__campaign *campaign) {
  nomem__findings_drop(&campaign->findings, NOMEM_VERDICT_SWALLOWED);
  for (size_t i = 0; i < campaign->point_count; i++)
    if (campaign->states[i].result == NOMEM_VERDICT_SWALLOWED + 1)
      campaign->states[i].result = NOMEM_VERDICT_HANDLED + 1;
}

void nomem__results_count(struct nomem__campaign *campaign) {
  for (size_t i = 0; i < campaign->point_count; i++) {
    uint8_t result = campaign->states[i].result;
    if (result == 0 || result == NOMEM__ELSEWHERE) continue;
    enum nomem__verdict verdict = (enum nomem__verdict)(result - 1);
    struct nomem__campaign_site *site = &campaign->sites[campaign->points[i].site];
    campaign->verdicts[verdict]++;
    site->tried++;
    if (verdict < site->worst) site->worst = verdict;
  }
}
