/* SPDX-License-Identifier: MIT */
#include "document_sites.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../campaign/campaign.h"
#include "../campaign/coverage.h"
#include "../campaign/file_check.h"
#include "../campaign/guarded_runs.h"
#include "../text/json_values.h"
#include "../text/memory.h"
#include "observed_calls.h"

static int by_value(const void *left, const void *right) {
  nomem_frame a = *(const nomem_frame *)left, b = *(const nomem_frame *)right;
  return a < b ? -1 : a > b;
}

/* The frames of all sites, each once, and where in the document's "frames" the functions of each begin: inlined
 * functions are several there. */
struct frame_table {
  nomem_frame *frames; /* sorted; owned */
  size_t *first;       /* count + 1 of them; owned */
  size_t count;
};

static void collect_frames(const struct nomem__campaign *campaign, struct frame_table *table) {
  size_t total = 0, filled = 0;
  for (size_t i = 0; i < campaign->site_count; i++) total += campaign->sites[i].depth;
  table->frames = nomem__malloc((total + 1) * sizeof *table->frames);
  table->first = nomem__malloc((total + 1) * sizeof *table->first);
  for (size_t i = 0; i < campaign->site_count; i++)
    for (unsigned f = 0; f < campaign->sites[i].depth; f++) table->frames[filled++] = campaign->sites[i].frames[f];
  qsort(table->frames, filled, sizeof *table->frames, by_value);
  for (size_t i = 0; i < filled; i++)
    if (i == 0 || table->frames[i] != table->frames[i - 1]) table->frames[table->count++] = table->frames[i];
}

static void put_frames(struct nomem__document_builder *builder, json_t *document, struct frame_table *table) {
  const struct nomem__campaign *campaign = builder->campaign;
  json_t *frames = json_array();
  for (size_t i = 0; i < table->count; i++) {
    struct nomem__source_frame sources[NOMEM__INLINED_SHOWN];
    unsigned module = NOMEM_FRAME_MODULE(table->frames[i]);
    const char *path = module >= 1 && module <= campaign->module_count ? campaign->modules[module - 1] : "";
    uint64_t offset = NOMEM_FRAME_OFFSET(table->frames[i]);
    size_t count =
        nomem__symbols_resolve(campaign->session->symbols, path, offset, true, sources, NOMEM__INLINED_SHOWN);
    table->first[i] = json_array_size(frames);
    for (size_t s = 0; s < count; s++)
      nomem__json_add(&builder->json, frames, nomem__make_frame(&builder->json, path, offset, &sources[s]));
  }
  table->first[table->count] = json_array_size(frames);
  nomem__json_put(&builder->json, document, "frames", frames);
}

static json_t *make_site(struct nomem__document_builder *builder, const struct nomem__campaign_site *site,
                         const struct frame_table *table) {
  struct nomem__json *json = &builder->json;
  json_t *object = json_object(), *frames = json_array();
  nomem__json_format(json, object, "key", "%016" PRIx64, site->key);
  nomem__json_number(json, object, "calls", site->count);
  nomem__json_number(json, object, "first_allocation", site->first_nth);
  nomem__json_number(json, object, "runs", site->tried);
  if (site->is_tests) nomem__json_put(json, object, "in_test_code", json_true());
  if (site->worst < NOMEM_VERDICT_COUNT)
    nomem__json_text(json, object, "worst_verdict", nomem__verdicts[site->worst].name);
  if (site->before_main) nomem__json_put(json, object, "before_main", json_true());
  for (unsigned f = 0; f < site->depth; f++) {
    const nomem_frame *found = bsearch(&site->frames[f], table->frames, table->count, sizeof *table->frames, by_value);
    if (found == NULL) continue;
    for (size_t i = table->first[found - table->frames]; i < table->first[found - table->frames + 1]; i++)
      nomem__json_add(json, frames, json_integer((json_int_t)i));
  }
  nomem__json_put(json, object, "frames", frames);
  return object;
}

void nomem__put_sites(struct nomem__document_builder *builder, json_t *document) {
  struct frame_table table = {0};
  json_t *sites = json_array();
  collect_frames(builder->campaign, &table);
  put_frames(builder, document, &table);
  for (size_t i = 0; i < builder->campaign->site_count; i++)
    nomem__json_add(&builder->json, sites, make_site(builder, &builder->campaign->sites[i], &table));
  nomem__json_put(&builder->json, document, "sites", sites);
  free(table.frames);
  free(table.first);
}

/* What was taken for test code, and why. */
static json_t *make_test_code(struct nomem__document_builder *builder) {
  const struct nomem__code_owners *code_owners = &builder->campaign->code_owners;
  struct nomem__json *json = &builder->json;
  json_t *object = json_object(), *places = json_array();
  nomem__json_text(json, object, "under_test", code_owners->globs);
  for (size_t i = 0; i < code_owners->place_count; i++)
    nomem__json_add(json, places, nomem__json_safe(code_owners->places[i]));
  nomem__json_put(json, object, "guessed", places);
  nomem__json_put(json, object, "coarse", json_boolean(code_owners->is_coarse));
  return object;
}

static uint64_t count_elsewhere(const struct nomem__campaign *campaign) {
  uint64_t elsewhere = 0;
  for (size_t i = 0; i < campaign->point_count; i++) elsewhere += campaign->states[i].result == NOMEM__ELSEWHERE;
  return elsewhere;
}

static void put_site_counts(struct nomem__json *json, json_t *coverage, const struct nomem__campaign *campaign,
                            const struct nomem__coverage *counts) {
  uint64_t tried = 0;
  for (size_t i = 0; i < campaign->site_count; i++) tried += campaign->sites[i].tried > 0;
  nomem__json_number(json, coverage, "sites", counts->sites);
  nomem__json_number(json, coverage, "sites_tried", tried);
  nomem__json_number(json, coverage, "sites_exercised", counts->sites_exercised);
  nomem__json_number(json, coverage, "interpreter_sites", campaign->interpreter.sites);
  nomem__json_number(json, coverage, "sites_unstable", campaign->unstable_sites);
  nomem__json_number(json, coverage, "allocations_without_site", campaign->sites_lost);
}

static void put_point_counts(struct nomem__json *json, json_t *coverage, const struct nomem__campaign *campaign) {
  uint64_t runs = 0;
  for (unsigned v = 0; v < NOMEM_VERDICT_COUNT; v++) runs += campaign->verdicts[v];
  nomem__json_number(json, coverage, "points", campaign->point_count);
  nomem__json_number(json, coverage, "points_tried", runs);
  nomem__json_number(json, coverage, "points_in_other_shards", count_elsewhere(campaign));
}

static void put_call_counts(struct nomem__json *json, json_t *coverage, const struct nomem__campaign *campaign,
                            const struct nomem__coverage *counts) {
  const uint64_t *untried = counts->untried;
  uint64_t skipped =
      untried[NOMEM_UNTRIED_OCCURRENCE_CLASSES] + untried[NOMEM_UNTRIED_NOT_CHOSEN] + untried[NOMEM_UNTRIED_MAX_POINTS];
  json_t *reasons = json_object();
  nomem__json_put(json, coverage, "every_call", json_boolean(skipped == 0));
  nomem__json_number(json, coverage, "calls", counts->calls);
  nomem__json_number(json, coverage, "calls_due", counts->calls_due);
  nomem__json_number(json, coverage, "calls_exercised", counts->calls_exercised);
  for (unsigned i = 0; i < NOMEM_UNTRIED_COUNT; i++)
    nomem__json_number(json, reasons, nomem__untried_texts[i].name, untried[i]);
  nomem__json_put(json, coverage, "calls_not_exercised", reasons);
  nomem__json_number(json, coverage, "second_faults", counts->second_faults);
  nomem__json_number(json, coverage, "second_faults_exercised", counts->second_faults_exercised);
  nomem__json_number(json, coverage, "second_faults_skipped", campaign->second_faults.left_out);
  nomem__json_number(json, coverage, "second_faults_not_recorded", campaign->second_faults.not_noted);
}

static json_t *make_not_injected(struct nomem__json *json, const struct nomem__executed_programs *programs) {
  json_t *list = json_array();
  for (size_t i = 0; i < programs->count; i++) {
    json_t *object = json_object();
    nomem__json_text(json, object, "path", programs->list[i].path);
    nomem__json_text(json, object, "reason", programs->list[i].reason);
    nomem__json_add(json, list, object);
  }
  return list;
}

/* What a reader has to know before taking no findings for good news, in sentences. */
static json_t *make_warnings(struct nomem__json *json, const struct nomem__campaign *campaign,
                             const struct nomem__coverage *counts) {
  json_t *list = json_array();
  char sentence[NOMEM__OUTPUT_NOTE_BYTES], cut_short[NOMEM_CUT_SHORT_BYTES];
  snprintf(sentence, sizeof sentence, "%" PRIu64 " of the %" PRIu64 " calls that were to fail were not reached again",
           counts->untried[NOMEM_UNTRIED_UNREACHED], counts->calls_due);
  if (nomem__coverage_is_partial(counts)) nomem__json_add(json, list, nomem__json_safe(sentence));
  nomem__coverage_say_cut_short(counts, cut_short);
  if (nomem__coverage_is_cut_short(counts)) nomem__json_add(json, list, nomem__json_safe(cut_short));
  for (size_t i = 0; i < campaign->not_injected.count; i++)
    nomem__json_add(json, list, nomem__json_safe(campaign->not_injected.list[i].reason));
  if (*campaign->allocator_note != '\0') nomem__json_add(json, list, nomem__json_safe(campaign->allocator_note));
  nomem__output_note(&campaign->baseline_output, sentence, sizeof sentence);
  if (*sentence != '\0') nomem__json_add(json, list, nomem__json_safe(sentence));
  char of_files[NOMEM__FILES_NOTE_BYTES];
  nomem__file_check_note(campaign, of_files, sizeof of_files);
  if (*of_files != '\0') nomem__json_add(json, list, nomem__json_safe(of_files));
  char unguarded[NOMEM__GUARDS_NOTE_BYTES + 128];
  nomem__guarded_runs_describe(campaign, unguarded, sizeof unguarded);
  if (*unguarded != '\0') nomem__json_add(json, list, nomem__json_safe(unguarded));
  return list;
}

/* What is told of a run that left no data can be told only here; the rest is found in the folder. */
static void put_code_coverage(struct nomem__document_builder *builder, json_t *document) {
  const struct nomem__campaign *campaign = builder->campaign;
  struct nomem__json *json = &builder->json;
  uint64_t runs = 0, lost = 0;
  json_t *object = json_object(), *modules = json_array();
  for (size_t i = 0; i < campaign->point_count; i++) {
    const struct nomem__point_state *state = &campaign->states[i];
    if (state->is_known || state->result == 0 || state->result == NOMEM__ELSEWHERE) continue;
    runs++;
    lost += !state->has_coverage_data;
  }
  nomem__json_number(json, object, "runs", runs);
  nomem__json_number(json, object, "runs_without_data", lost);
  for (size_t i = 0; i < campaign->module_count; i++) nomem__json_add(json, modules, json_string(campaign->modules[i]));
  nomem__json_put(json, object, "modules", modules);
  nomem__json_put(json, object, "calls", nomem__observed_calls_make(json, campaign));
  nomem__json_put(json, document, "code_coverage", object);
}

void nomem__put_coverage(struct nomem__document_builder *builder, json_t *document) {
  const struct nomem__campaign *campaign = builder->campaign;
  struct nomem__json *json = &builder->json;
  const struct nomem__coverage counts = nomem__coverage_of(campaign);
  json_t *coverage = json_object(), *baseline = json_object();
  nomem__json_number(json, baseline, "allocations", campaign->allocations);
  nomem__json_number(json, baseline, "microseconds", campaign->baseline_us);
  nomem__json_put(json, document, "baseline", baseline);
  put_site_counts(json, coverage, campaign, &counts);
  put_point_counts(json, coverage, campaign);
  put_call_counts(json, coverage, campaign, &counts);
  if (campaign->code_owners.is_divided) nomem__json_put(json, coverage, "test_code", make_test_code(builder));
  nomem__json_number(json, coverage, "heap_checks", campaign->heap.checked);
  nomem__json_number(json, coverage, "heap_check_runs", campaign->heap.looked_at);
  nomem__json_number(json, coverage, "heap_checks_skipped", campaign->heap.left_out);
  nomem__json_number(json, coverage, "told_checks", campaign->told.looked_at);
  nomem__json_number(json, coverage, "told_checks_skipped", campaign->told.left_out);
  nomem__json_number(json, coverage, "closer_looks_cut_short", campaign->looks_cut_short);
  nomem__json_number(json, coverage, "hangs_ended_early", campaign->early_count);
  nomem__json_number(json, coverage, "runs_ended_at_assertion", counts.asserted_runs);
  nomem__json_put(json, coverage, "stacks", json_boolean(campaign->session->setup.trace));
  if (campaign->session->setup.trace)
    nomem__json_put(json, coverage, "not_injected", make_not_injected(json, &campaign->not_injected));
  nomem__json_put(json, coverage, "partial", json_boolean(nomem__coverage_is_partial(&counts)));
  nomem__json_put(json, document, "coverage", coverage);
  if (campaign->session->options->coverage != NULL) put_code_coverage(builder, document);
  nomem__json_put(json, document, "warnings", make_warnings(json, campaign, &counts));
}
