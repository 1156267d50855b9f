/* SPDX-License-Identifier: MIT */
#include "notes.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "../campaign/coverage.h"
#include "../campaign/file_check.h"
#include "../campaign/guarded_runs.h"
#include "../campaign/hostile_runs.h"
#include "../text/memory.h"
#include "../text/memory_stream.h"

/* So many programs that were not injected have a line each. */
#define PROGRAMS_SHOWN 8

/* The notes that are being made. */
struct notes {
  struct nomem__json *json;
  json_t *list;
};

__attribute__((format(printf, 2, 3))) static void add(struct notes *notes, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char *text = nomem__vformat(format, arguments);
  va_end(arguments);
  nomem__json_add(notes->json, notes->list, nomem__json_safe(text));
  free(text);
}

static void add_untried(struct notes *notes, const struct nomem__campaign *campaign) {
  size_t untried = 0, unconfirmed = 0;
  bool is_interrupted = campaign->session->interrupted_by != 0;
  for (size_t i = 0; i < campaign->point_count; i++) untried += campaign->states[i].result == 0;
  for (size_t i = 0; i < campaign->findings.count; i++) unconfirmed += !campaign->findings.list[i].is_confirmed;
  if (is_interrupted || untried > 0)
    add(notes, "%s: %zu of %zu points were not tried",
        is_interrupted     ? "interrupted"
        : campaign->failed ? "could not go on"
                           : "the time was up",
        untried, campaign->point_count);
  if (unconfirmed > 0)
    add(notes, "%s%zu of %zu findings were not seen a second time%s", is_interrupted ? "interrupted: " : "",
        unconfirmed, campaign->findings.count, is_interrupted ? "" : ": the test did not come so far any more");
}

/* Says what was taken for test code: a wrong guess would hide findings. */
static void add_test_code(struct notes *notes, const struct nomem__campaign *campaign) {
  const struct nomem__code_owners *owners = &campaign->code_owners;
  struct nomem__memory_stream stream;
  if (!owners->is_divided || owners->globs != NULL) return;
  FILE *out = nomem__memory_stream_open(&stream);
  for (size_t i = 0; i < owners->place_count; i++) fprintf(out, "%s%s", i > 0 ? ", " : "", owners->places[i]);
  char *places = nomem__memory_stream_close(&stream);
  add(notes, "taken as test code: %s%s (a guess%s; --under-test corrects it)", places,
      owners->place_count == NOMEM_TEST_CODE_PLACES ? ", ..." : "",
      !owners->is_coarse                             ? ""
      : owners->has_framework || owners->has_harness ? " from names alone, without debug information"
                                                     : " from the program's name alone, without debug information");
  free(places);
}

/* Where a test ends at its first assertion, half of what it could show is not tried. */
static void add_cut_short(struct notes *notes, const struct nomem__campaign *campaign) {
  const struct nomem__coverage coverage = nomem__coverage_of(campaign);
  char text[NOMEM_CUT_SHORT_BYTES];
  if (!nomem__coverage_is_cut_short(&coverage)) return;
  nomem__coverage_say_cut_short(&coverage, text);
  add(notes, "%s", text);
}

/* What these do without memory was not tried. */
static void add_not_injected(struct notes *notes, const struct nomem__campaign *campaign) {
  const struct nomem__executed_programs *programs = &campaign->not_injected;
  for (size_t i = 0; i < programs->count && i < PROGRAMS_SHOWN; i++)
    add(notes, "not injected: %s", programs->list[i].reason);
  if (programs->count > PROGRAMS_SHOWN)
    add(notes, "not injected: %zu more programs (--json has all)", programs->count - PROGRAMS_SHOWN);
}

static void add_output(struct notes *notes, const struct nomem__campaign *campaign) {
  char note[NOMEM__OUTPUT_NOTE_BYTES];
  nomem__output_note(&campaign->baseline_output, note, sizeof note);
  if (*note != '\0') add(notes, "%s", note);
  char of_files[NOMEM__FILES_NOTE_BYTES];
  nomem__file_check_note(campaign, of_files, sizeof of_files);
  if (*of_files != '\0') add(notes, "%s", of_files);
}

static void add_unguarded(struct notes *notes, const struct nomem__campaign *campaign) {
  char text[NOMEM__GUARDS_NOTE_BYTES + 128];
  nomem__guarded_runs_describe(campaign, text, sizeof text);
  if (*text != '\0') add(notes, "%s", text);
}

/* What the time was not enough for. */
static void add_cut_looks(struct notes *notes, const struct nomem__campaign *campaign) {
  size_t count = campaign->looks_cut_short;
  if (count == 0) return;
  add(notes,
      "%s: %zu run%s not made once more, to look for heap errors or to examine whether the test learned of a failure",
      campaign->session->interrupted_by != 0 ? "interrupted" : "the time was up", count,
      count == 1 ? " was" : "s were");
}

/* What was left out because there is a bound to it. */
static void add_bounds(struct notes *notes, const struct nomem__campaign *campaign) {
  if (campaign->unstable_sites > 0)
    add(notes, "%zu sites were reached in only one of the two baselines", campaign->unstable_sites);
  if (campaign->second_faults.not_noted > 0)
    add(notes, "%" PRIu64 " sites of recovery were not tried: a run records %d", campaign->second_faults.not_noted,
        NOMEM_RECOVERIES);
  if (campaign->handed_left_out > 0)
    add(notes, "of %zu leaks it was not examined whether the test had handed over what was lost (--all examines each)",
        campaign->handed_left_out);
  if (campaign->told.left_out > 0)
    add(notes,
        "of %zu of %zu reported failures it was not examined whether the test learned of them (--all examines each)",
        campaign->told.left_out, campaign->told.left_out + campaign->told.looked_at);
  if (campaign->heap.left_out > 0)
    add(notes, "%zu of %zu runs that ended well were not checked for heap errors%s", campaign->heap.left_out,
        campaign->heap.left_out + campaign->heap.checked,
        campaign->session->options->all ? "" : " (--all checks each)");
}

static void add_hostile(struct notes *notes, const struct nomem__campaign *campaign) {
  char text[512];
  nomem__hostile_runs_describe(campaign, text, sizeof text);
  if (*text != '\0') add(notes, "%s", text);
}

json_t *nomem__notes_make(struct nomem__json *json, const struct nomem__campaign *campaign) {
  struct notes notes = {.json = json, .list = json_array()};
  add_untried(&notes, campaign);
  add_test_code(&notes, campaign);
  add_cut_short(&notes, campaign);
  add_not_injected(&notes, campaign);
  add_output(&notes, campaign);
  add_cut_looks(&notes, campaign);
  add_bounds(&notes, campaign);
  add_unguarded(&notes, campaign);
  add_hostile(&notes, campaign);
  if (campaign->early_count > 0)
    add(&notes, "%" PRIu64 " run%s that hung where others had hung to the end of their time %s ended early",
        campaign->early_count, campaign->early_count == 1 ? "" : "s", campaign->early_count == 1 ? "was" : "were");
  if (!campaign->session->setup.trace)
    add(&notes,
        "without ptrace a crash in a child process, or one that the program catches, is not seen, and no stack of any "
        "crash; nor are programs that were executed, but not injected, nor leaks and heap errors");
  return notes.list;
}
