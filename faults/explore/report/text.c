/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../campaign/coverage.h"
#include "../campaign/guarded_runs.h"
#include "../text/json_values.h"
#include "../text/printable.h"
#include "../text/words.h"
#include "finding_text.h"
#include "report.h"
#include "reproduction.h"

/* So many programs that were not injected have a line each. */
#define PROGRAMS_SHOWN 8

/* In which part of the text a finding stands. Those that count come first and in full, the others in short. */
enum listing { COUNTED, FLAKY, ADVISORY, EXCLUDED, LISTINGS };

static enum listing listing_of(const struct nomem__finding *finding) {
  if (finding->exclusion != NOMEM_EXCLUSION_NO && finding->exclusion != NOMEM_EXCLUSION_ADVISORY) return EXCLUDED;
  if (finding->is_flaky) return FLAKY;
  return finding->exclusion == NOMEM_EXCLUSION_ADVISORY ? ADVISORY : COUNTED;
}

/* So many of each part are shown in short. */
#define SHORT_MAX 10

static const char *const listing_names[] = {[FLAKY] = "flaky", [ADVISORY] = "advisory", [EXCLUDED] = "not counted"};

/* Whether two findings that were set aside would have the same line, but for their runs. */
static bool has_same_line(const struct nomem__campaign *campaign, const struct nomem__finding *finding,
                          const struct nomem__finding *other) {
  struct nomem__symbols *symbols = campaign->session->symbols;
  return listing_of(finding) == EXCLUDED && listing_of(other) == EXCLUDED && finding->verdict == other->verdict &&
         strcmp(finding->exclusion_reason, other->exclusion_reason) == 0 &&
         nomem__trace_hash(nomem__naming_trace(finding), symbols, NOMEM_SAME_LINE) ==
             nomem__trace_hash(nomem__naming_trace(other), symbols, NOMEM_SAME_LINE);
}

/* The finding in the list, from a number on, that has the same line as this one; count: there is none. */
static size_t find_same_line(const struct nomem__campaign *campaign, const struct nomem__findings *findings,
                             const struct nomem__finding *finding, size_t from) {
  while (from < findings->count && !has_same_line(campaign, finding, &findings->list[from])) from++;
  return from;
}

/* Prints one of the list in a line; of those that were set aside, with all that have the same line. */
static void print_short(const struct nomem__campaign *campaign, const struct nomem__findings *findings, size_t number,
                        FILE *out) {
  const struct nomem__finding *finding = &findings->list[number];
  enum listing listing = listing_of(finding);
  uint64_t runs = finding->runs;
  unsigned alike = 1;
  for (size_t i = number; (i = find_same_line(campaign, findings, finding, i + 1)) < findings->count; alike++)
    runs += findings->list[i].runs;
  fprintf(out, "%s: %s in ", listing_names[listing], nomem__verdicts[finding->verdict].name);
  nomem__trace_print_culprit(out, nomem__naming_trace(finding), campaign->session->symbols);
  fprintf(out, ", %" PRIu64 " run%s", runs, runs == 1 ? "" : "s");
  if (alike > 1) fprintf(out, " in %u findings", alike);
  fputs(": ", out);
  nomem__print_safe(out, listing == FLAKY      ? "not when it was tried again"
                         : listing == ADVISORY ? nomem__verdicts[finding->verdict].meaning
                                               : finding->exclusion_reason);
  fputc('\n', out);
  if (listing == EXCLUDED) return;
  fputs("  what came of it: ", out);
  nomem__print_end(out, finding);
  fputc('\n', out);
  nomem__print_ways_back(campaign, finding, out);
}

/* Prints the findings of a list that stand in this part, and counts them, and the lines of those in short. */
static void print_listed(const struct nomem__campaign *campaign, const struct nomem__findings *findings,
                         enum listing listing, size_t counts[LISTINGS], size_t *lines, FILE *out) {
  bool is_quiet = campaign->session->options->quiet;
  for (size_t i = 0; i < findings->count; i++) {
    const struct nomem__finding *finding = &findings->list[i];
    if (listing_of(finding) != listing) continue;
    if (listing == COUNTED && (counts[COUNTED] > 0 || !is_quiet)) fputc('\n', out);
    counts[listing]++;
    if (listing == COUNTED)
      nomem__print_finding(campaign, finding, out);
    else if (!is_quiet && find_same_line(campaign, findings, finding, 0) >= i && (*lines)++ < SHORT_MAX)
      print_short(campaign, findings, i, out);
  }
}

/* Ends the line with the number of findings, which says little where much was not reached. */
static void print_time(const struct nomem__campaign *campaign, FILE *out) {
  const struct nomem__coverage coverage = nomem__coverage_of(campaign);
  fprintf(out, " (%.1f s", (double)(campaign->ended_ns - campaign->started_ns) / 1e9);
  if (nomem__coverage_is_partial(&coverage))
    fprintf(out, "; but %" PRIu64 " of the %" PRIu64 " calls that were to fail were not reached again",
            coverage.untried[NOMEM_UNTRIED_UNREACHED], coverage.calls_due);
  fputs(")\n", out);
}

static void print_verdicts(const struct nomem__campaign *campaign, const size_t counts[LISTINGS], FILE *out) {
  uint64_t runs = 0;
  for (unsigned v = 0; v < NOMEM_VERDICT_COUNT; v++) runs += campaign->verdicts[v];
  fprintf(out, "%" PRIu64 " run%s%s", runs, runs == 1 ? "" : "s", runs > 0 ? ":" : "");
  const char *separator = " ";
  for (unsigned v = 0; v < NOMEM_VERDICT_COUNT; v++) {
    if (campaign->verdicts[v] == 0) continue;
    fprintf(out, "%s%" PRIu64 " %s", separator, campaign->verdicts[v], nomem__verdicts[v].name);
    separator = ", ";
  }
  fprintf(out, "; %zu finding%s", counts[COUNTED], counts[COUNTED] == 1 ? "" : "s");
  if (counts[FLAKY] > 0) fprintf(out, ", %zu flaky", counts[FLAKY]);
  if (counts[ADVISORY] > 0) fprintf(out, ", %zu advisory", counts[ADVISORY]);
  if (counts[EXCLUDED] > 0) fprintf(out, ", %zu not counted", counts[EXCLUDED]);
  print_time(campaign, out);
}

static void print_engines(const struct nomem__campaign *campaign, FILE *out) {
  fputs("engines:", out);
  const char *separator = " ";
  for (unsigned i = NOMEM__ENGINES; i-- > 0;) {
    if (campaign->engines[i] == 0) continue;
    fprintf(out, "%s%" PRIu64 " runs by %s", separator, campaign->engines[i], nomem__engine_names[i]);
    separator = ", ";
  }
  if (campaign->heap.looked_at > 0) fprintf(out, "%s%zu more for heap errors", separator, campaign->heap.looked_at);
  bool all_by_snapshot = campaign->engines[NOMEM_ENGINE_EXEC] + campaign->engines[NOMEM_ENGINE_SERVER] == 0;
  if (*campaign->engine_reason != '\0' && !all_by_snapshot) fprintf(out, " (none faster: %s)", campaign->engine_reason);
  fputc('\n', out);
}

/* Says what was taken for test code: a wrong guess would hide findings. */
static void print_test_code(const struct nomem__campaign *campaign, FILE *out) {
  const struct nomem__code_owners *code_owners = &campaign->code_owners;
  if (!code_owners->is_divided || code_owners->globs != NULL) return;
  fputs("taken as test code: ", out);
  for (size_t i = 0; i < code_owners->place_count; i++) {
    if (i > 0) fputs(", ", out);
    nomem__print_safe(out, code_owners->places[i]);
  }
  fprintf(out, "%s (a guess%s; --under-test corrects it)\n",
          code_owners->place_count == NOMEM_TEST_CODE_PLACES ? ", ..." : "",
          !code_owners->is_coarse                                  ? ""
          : code_owners->has_framework || code_owners->has_harness ? " from names alone, without debug information"
                                                                   : " from the program's name alone, without debug "
                                                                     "information");
}

static void print_coverage(const struct nomem__campaign *campaign, FILE *out) {
  const struct nomem__coverage coverage = nomem__coverage_of(campaign);
  fprintf(out, "exercised %" PRIu64 " of %" PRIu64 " site%s, %" PRIu64 " of %" PRIu64 " allocation point%s",
          coverage.sites_exercised, coverage.sites, coverage.sites == 1 ? "" : "s", coverage.calls_exercised,
          coverage.calls, coverage.calls == 1 ? "" : "s");
  if (coverage.second_faults > 0)
    fprintf(out, ", %" PRIu64 " of %" PRIu64 " second fault%s in recovery", coverage.second_faults_exercised,
            coverage.second_faults, coverage.second_faults == 1 ? "" : "s");
  if (campaign->second_faults.left_out > 0)
    fprintf(out, " (%zu more than are tried without --all)", campaign->second_faults.left_out);
  fputc('\n', out);
  const char *separator = "not exercised: ";
  for (unsigned i = 0; i < NOMEM_UNTRIED_COUNT; i++) {
    if (coverage.untried[i] == 0) continue;
    fprintf(out, "%s%" PRIu64 " %s", separator, coverage.untried[i], nomem__untried_texts[i].text);
    separator = ", ";
  }
  if (coverage.calls_exercised < coverage.calls) fputc('\n', out);
}

/* What these do without memory was not tried. */
static void print_not_injected(const struct nomem__campaign *campaign, FILE *out) {
  const struct nomem__executed_programs *programs = &campaign->not_injected;
  for (size_t i = 0; i < programs->count && i < PROGRAMS_SHOWN; i++) {
    fputs("not injected: ", out);
    nomem__print_safe(out, programs->list[i].reason);
    fputc('\n', out);
  }
  if (programs->count > PROGRAMS_SHOWN)
    fprintf(out, "not injected: %zu more programs (--json has all)\n", programs->count - PROGRAMS_SHOWN);
}

/* Where a test ends at its first assertion, half of what it could show is not tried. */
static void print_cut_short(const struct nomem__campaign *campaign, FILE *out) {
  const struct nomem__coverage coverage = nomem__coverage_of(campaign);
  char text[NOMEM_CUT_SHORT_BYTES];
  if (!nomem__coverage_is_cut_short(&coverage)) return;
  nomem__coverage_say_cut_short(&coverage, text);
  fprintf(out, "%s\n", text);
}

static void print_unguarded(const struct nomem__campaign *campaign, FILE *out) {
  char text[NOMEM__GUARDS_NOTE_BYTES + 128];
  nomem__guarded_runs_describe(campaign, text, sizeof text);
  if (text[0] == '\0') return;
  nomem__print_safe(out, text);
  fputc('\n', out);
}

static void print_limits(const struct nomem__campaign *campaign, FILE *out) {
  char note[NOMEM__OUTPUT_NOTE_BYTES];
  size_t untried = 0;
  for (size_t i = 0; i < campaign->point_count; i++) untried += campaign->states[i].result == 0;
  if (campaign->session->interrupted_by != 0 || untried > 0)
    fprintf(out, "%s: %zu of %zu points were not tried\n",
            campaign->session->interrupted_by != 0 ? "interrupted"
            : campaign->failed                     ? "could not go on"
                                                   : "the time was up",
            untried, campaign->point_count);
  print_test_code(campaign, out);
  print_cut_short(campaign, out);
  print_not_injected(campaign, out);
  nomem__output_note(&campaign->baseline_output, note, sizeof note);
  if (*note != '\0') fprintf(out, "%s\n", note);
  if (campaign->unstable_sites > 0)
    fprintf(out, "%zu sites were reached in only one of the two baselines\n", campaign->unstable_sites);
  if (campaign->second_faults.not_noted > 0)
    fprintf(out, "%" PRIu64 " sites of recovery were not tried: a run records %d\n", campaign->second_faults.not_noted,
            NOMEM_RECOVERIES);
  if (campaign->told.left_out > 0)
    fprintf(out, "%zu of %zu reported failures were not looked at for what the test was told (--all looks at each)\n",
            campaign->told.left_out, campaign->told.left_out + campaign->told.looked_at);
  if (campaign->heap.left_out > 0)
    fprintf(out, "%zu of %zu runs that ended well were not checked for heap errors%s\n", campaign->heap.left_out,
            campaign->heap.left_out + campaign->heap.checked,
            campaign->session->options->all ? "" : " (--all checks each)");
  print_unguarded(campaign, out);
  if (campaign->early_count > 0)
    fprintf(out, "%" PRIu64 " run%s that hung where others had hung to the end of their time %s ended early\n",
            campaign->early_count, campaign->early_count == 1 ? "" : "s", campaign->early_count == 1 ? "was" : "were");
  if (!campaign->session->setup.trace)
    fputs(
        "without ptrace a crash in a child process, or one that the program catches, is not seen, and no stack of any "
        "crash; nor are programs that were executed, but not injected, nor leaks and heap errors\n",
        out);
}

/* Returns a path below the working directory as seen from there, and any other as it is. */
static const char *shorten_path(const char *path) {
  char here[PATH_MAX];
  size_t length = getcwd(here, sizeof here) != NULL ? strlen(here) : 0;
  return length > 1 && strncmp(path, here, length) == 0 && path[length] == '/' ? path + length + 1 : path;
}

void nomem__report_text(const struct nomem__campaign *campaign, FILE *out) {
  size_t counts[LISTINGS] = {0};
  bool is_quiet = campaign->session->options->quiet;
  if (!is_quiet) {
    fputs("nomem: ", out);
    nomem__print_safe(out, shorten_path(campaign->programs.first_path));
    if (*campaign->programs.other_names != '\0') fputs(" and ", out);
    nomem__print_safe(out, campaign->programs.other_names);
    fprintf(out, ": %" PRIu64 " allocation%s at %zu site%s, %.1f ms a run\n", campaign->allocations,
            campaign->allocations == 1 ? "" : "s", campaign->site_count + campaign->interpreter.sites,
            campaign->site_count + campaign->interpreter.sites == 1 ? "" : "s", (double)campaign->baseline_us / 1e3);
  }
  for (enum listing listing = COUNTED; listing < LISTINGS; listing++) {
    size_t lines = 0;
    print_listed(campaign, &campaign->findings, listing, counts, &lines, out);
    print_listed(campaign, &campaign->excluded, listing, counts, &lines, out);
    if (listing == COUNTED && counts[COUNTED] > 0 && !is_quiet) fputc('\n', out);
    if (listing != COUNTED && lines > SHORT_MAX && !is_quiet)
      fprintf(out, "%s: %zu more (--html and --json have all)\n", listing_names[listing], lines - SHORT_MAX);
  }
  if (is_quiet) return;
  print_verdicts(campaign, counts, out);
  if (campaign->session->options->verbose) print_engines(campaign, out);
  print_coverage(campaign, out);
  print_limits(campaign, out);
}
