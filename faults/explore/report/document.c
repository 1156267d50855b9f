/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "document.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "../campaign/coverage.h"
#include "../stack/json_stack.h"
#include "../text/hash.h"
#include "../text/memory_stream.h"
#include "frames.h"
#include "report.h"

#ifndef NOMEM_VERSION
#define NOMEM_VERSION "unversioned"
#endif

/* What print writes, as a string of the object's. */
static void put_printed(struct nomem__json *json, json_t *object, const char *key,
                        void (*print)(FILE *out, const void *arg), const void *arg) {
  struct nomem__memory_stream stream;
  FILE *out = nomem__memory_stream_open(&stream);
  if (out != NULL) print(out, arg);
  char *text = nomem__memory_stream_close(&stream);
  if (text != NULL) {
    for (size_t bytes = strlen(text); bytes > 0 && text[bytes - 1] == '\n';) text[--bytes] = '\0';
    nomem__json_text(json, object, key, text);
  } else {
    json->failed = true;
  }
  free(text);
}

const char *nomem__document_exclusion(const json_t *finding) {
  if (json_object_get(finding, "set_aside") != NULL) return nomem__json_string(finding, "set_aside");
  return json_is_true(json_object_get(finding, "flaky")) ? "flaky: not when it was tried again" : NULL;
}

struct printed_finding {
  const struct nomem__campaign *campaign;
  const struct nomem__finding *finding;
};

static void print_reproduction(FILE *out, const void *arg) {
  const struct printed_finding *printed = arg;
  nomem__print_reproduction(out, printed->campaign->session->options, printed->finding->plan,
                            printed->finding->needs_timeout ? printed->campaign->timeout_ms : 0,
                            printed->finding->takes_block_table);
}

static void print_end(FILE *out, const void *arg) {
  nomem__print_end(((const struct printed_finding *)arg)->finding, out);
}

static void print_where(FILE *out, const void *arg) {
  const struct printed_finding *printed = arg;
  const struct nomem__finding *finding = printed->finding;
  nomem__trace_print_culprit(out, finding->blow_up.depth > 0 ? &finding->blow_up : &finding->fault,
                             printed->campaign->session->symbols);
}

static void print_fault_where(FILE *out, const void *arg) {
  const struct printed_finding *printed = arg;
  nomem__trace_print_culprit(out, &printed->finding->fault, printed->campaign->session->symbols);
}

static json_t *fault_of(struct nomem__builder *builder, const struct printed_finding *printed) {
  struct nomem__json *json = &builder->json;
  const struct nomem__finding *finding = printed->finding;
  json_t *fault = json_object();
  nomem__json_text(json, fault, "plan", finding->plan);
  nomem__json_text(json, fault, "function", nomem_fn_name(finding->fn));
  nomem__json_number(json, fault, "bytes", finding->size_bytes);
  nomem__json_number(json, fault, "allocation", finding->nth);
  nomem__json_number(json, fault, "site", finding->point.site);
  nomem__json_number(json, fault, "occurrence", finding->point.occurrence);
  nomem__json_put(json, fault, "persistent", json_boolean(finding->point.persistent));
  put_printed(json, fault, "where", print_fault_where, printed);
  nomem__put_trace(builder, fault, &finding->fault);
  return fault;
}

static void print_second_where(FILE *out, const void *arg) {
  const struct printed_finding *printed = arg;
  nomem__trace_print_culprit(out, &printed->finding->second.stack, printed->campaign->session->symbols);
}

static json_t *second_of(struct nomem__builder *builder, const struct printed_finding *printed) {
  struct nomem__json *json = &builder->json;
  const struct nomem__second *second = &printed->finding->second;
  json_t *fault = json_object();
  nomem__json_text(json, fault, "function", nomem_fn_name(second->fn));
  nomem__json_number(json, fault, "bytes", second->size_bytes);
  nomem__json_number(json, fault, "allocation", second->nth);
  put_printed(json, fault, "where", print_second_where, printed);
  nomem__put_trace(builder, fault, &second->stack);
  return fault;
}

static uint64_t hash_frame(uint64_t hash, const json_t *frame) {
  if (frame == NULL) return nomem__hash_text(hash, "");
  const char *module = nomem__json_string(frame, "module"), *slash = strrchr(module, '/');
  const char *function = nomem__json_string(frame, "function");
  hash = nomem__hash_text(hash, slash != NULL ? slash + 1 : module);
  return nomem__hash_text(hash, *function != '\0' ? function : nomem__json_string(frame, "offset"));
}

/* Made of names rather than lines, so that it outlives a change elsewhere in the file; the findings that have all of
 * them in common are numbered. */
static void put_id(struct nomem__json *json, json_t *finding, const json_t *before) {
  const char *verdict = nomem__json_string(finding, "verdict");
  uint64_t hash = nomem__hash_text(NOMEM__HASH_START, verdict);
  const json_t *unchecked = json_object_get(finding, "unchecked");
  if (unchecked != NULL) { /* wherever it led to */
    hash = hash_frame(hash, unchecked);
  } else {
    hash = hash_frame(hash, nomem__json_stack_culprit(json_object_get(finding, "fault")));
    hash = hash_frame(hash, nomem__json_stack_culprit(json_object_get(finding, "blow_up")));
    const json_t *second = json_object_get(finding, "second_fault");
    if (second != NULL) hash = hash_frame(hash, nomem__json_stack_culprit(second));
  }
  unsigned same = 1;
  size_t i;
  json_t *other;
  nomem__json_format(json, finding, "group", "%016" PRIx64, hash);
  json_array_foreach(before, i, other) {
    same += strcmp(nomem__json_string(other, "group"), nomem__json_string(finding, "group")) == 0;
  }
  if (same == 1)
    nomem__json_format(json, finding, "id", "%s-%012" PRIx64, verdict, hash >> 16);
  else
    nomem__json_format(json, finding, "id", "%s-%012" PRIx64 "-%u", verdict, hash >> 16, same);
}

/* Says who did not check; where that is where the call failed itself, once is enough. */
static void print_unchecked(FILE *out, const void *arg) {
  const struct printed_finding *printed = arg;
  const struct nomem__unchecked *unchecked = &printed->finding->unchecked;
  const struct nomem__trace_frame *failed = nomem__trace_culprit(&printed->finding->fault);
  struct nomem__source_frame source;
  if (!nomem__unchecked_source(unchecked, printed->campaign->session->symbols, &source)) return;
  fputs(", unchecked", out);
  if (failed != NULL && failed->offset == unchecked->where.frame[0].offset) return;
  fputs(" in ", out);
  nomem__trace_print_source(out, &unchecked->where.frame[0], &source);
}

static void print_also(FILE *out, const void *arg) {
  const struct printed_finding *printed = arg;
  const struct nomem__second *second = &printed->finding->second;
  if (second->stack.depth == 0) return;
  fprintf(out, ", and then %s of %" PRIu64 " bytes in ", nomem_fn_name(second->fn), second->size_bytes);
  print_second_where(out, arg);
}

static void put_message(struct nomem__json *json, json_t *object, const struct printed_finding *printed) {
  const struct nomem__finding *finding = printed->finding;
  const json_t *fault = json_object_get(object, "fault");
  json_t *unchecked = json_object(), *also = json_object();
  put_printed(json, unchecked, "text", print_unchecked, printed);
  put_printed(json, also, "text", print_also, printed);
  nomem__json_format(json, object, "message", "%s in %s: %s, when %s of %" PRIu64 " bytes%s failed in %s%s%s",
                     nomem__json_string(object, "verdict"), nomem__json_string(object, "where"),
                     nomem__json_string(object, "end"), nomem__json_string(fault, "function"), finding->size_bytes,
                     finding->point.persistent ? " and all later calls" : "", nomem__json_string(fault, "where"),
                     nomem__json_string(also, "text"), nomem__json_string(unchecked, "text"));
  json_decref(unchecked);
  json_decref(also);
}

static void put_unchecked(struct nomem__builder *builder, json_t *object, const struct nomem__finding *finding) {
  const struct nomem__trace_frame *frame = &finding->unchecked.where.frame[0];
  struct nomem__source_frame source;
  if (!nomem__unchecked_source(&finding->unchecked, builder->campaign->session->symbols, &source)) return;
  nomem__json_put(&builder->json, object, "unchecked", nomem__frame_entry_with_source(builder, frame, &source));
}

static void put_whose(struct nomem__builder *builder, json_t *object, const struct nomem__finding *finding) {
  char buffer[NOMEM_WHOSE_BYTES];
  const struct nomem__trace *place = finding->blow_up.depth > 0 ? &finding->blow_up : &finding->fault;
  const struct nomem__trace_frame *frame =
      finding->unchecked.where.depth > 0 ? &finding->unchecked.where.frame[0] : nomem__trace_culprit(place);
  const char *whose = frame != NULL ? nomem__whose(&builder->campaign->code_owners, frame, buffer) : "";
  nomem__json_text(&builder->json, object, "whose", *whose != '\0' ? whose : "the program");
}

static json_t *threads_of(struct nomem__builder *builder, const struct nomem__finding *finding) {
  struct nomem__json *json = &builder->json;
  json_t *threads = json_array();
  for (size_t i = 0; i < finding->thread_count; i++) {
    const struct nomem__waiter *thread = &finding->threads[i];
    json_t *object = json_object();
    nomem__json_number(json, object, "number", thread->number);
    nomem__json_number(json, object, "process", thread->process);
    nomem__json_text(json, object, "name", thread->name);
    nomem__json_text(json, object, "what", thread->what);
    if (i == finding->shown_thread) nomem__json_put(json, object, "is_shown", json_true());
    nomem__put_trace(builder, object, &thread->trace);
    nomem__json_add(json, threads, object);
  }
  return threads;
}

static json_t *finding_of(struct nomem__builder *builder, const struct nomem__finding *finding, const json_t *before) {
  struct nomem__json *json = &builder->json;
  const struct printed_finding printed = {builder->campaign, finding};
  json_t *object = json_object();
  nomem__json_text(json, object, "verdict", nomem__verdicts[finding->verdict].name);
  nomem__json_text(json, object, "meaning", nomem__verdicts[finding->verdict].meaning);
  nomem__json_put(json, object, "flaky", json_boolean(finding->is_flaky));
  nomem__json_number(json, object, "runs", finding->runs);
  nomem__json_text(json, object, "set_aside", finding->excluded);
  put_printed(json, object, "where", print_where, &printed);
  put_printed(json, object, "end", print_end, &printed);
  if (finding->signal > 0 && sigabbrev_np(finding->signal) != NULL)
    nomem__json_format(json, object, "signal", "SIG%s", sigabbrev_np(finding->signal));
  if (finding->address_kind != NOMEM_ADDRESS_NONE)
    nomem__json_text(json, object, "address_kind", nomem__address_kind_names[finding->address_kind]);
  if (nomem__address_kind_has_address(finding->address_kind))
    nomem__json_format(json, object, "address", "0x%" PRIx64, finding->fault_address);
  nomem__json_put(json, object, "fault", fault_of(builder, &printed));
  if (finding->second.stack.depth > 0) nomem__json_put(json, object, "second_fault", second_of(builder, &printed));
  nomem__put_stack(builder, object, "blow_up", &finding->blow_up);
  nomem__put_stack(builder, object, "block", &finding->block);
  nomem__put_stack(builder, object, "freed", &finding->freed);
  put_unchecked(builder, object, finding);
  put_whose(builder, object, finding);
  if (finding->thread_count > 0) nomem__json_put(json, object, "threads", threads_of(builder, finding));
  put_printed(json, object, "reproduce", print_reproduction, &printed);
  put_message(json, object, &printed);
  put_id(json, object, before);
  return object;
}

static int by_value(const void *left, const void *right) {
  nomem_frame a = *(const nomem_frame *)left, b = *(const nomem_frame *)right;
  return a < b ? -1 : a > b;
}

/* The frames of all sites, each once, and where in the document's "frames" the functions of each begin. */
struct frame_table {
  nomem_frame *frames; /* sorted; owned */
  size_t *first;       /* count + 1 of them; owned */
  size_t count;
};

static bool collect_frames(const struct nomem__campaign *campaign, struct frame_table *table) {
  size_t total = 0, filled = 0;
  for (size_t i = 0; i < campaign->site_count; i++) total += campaign->sites[i].depth;
  table->frames = malloc((total + 1) * sizeof *table->frames);
  table->first = malloc((total + 1) * sizeof *table->first);
  if (table->frames == NULL || table->first == NULL) return false;
  for (size_t i = 0; i < campaign->site_count; i++)
    for (unsigned f = 0; f < campaign->sites[i].depth; f++) table->frames[filled++] = campaign->sites[i].frames[f];
  qsort(table->frames, filled, sizeof *table->frames, by_value);
  for (size_t i = 0; i < filled; i++)
    if (i == 0 || table->frames[i] != table->frames[i - 1]) table->frames[table->count++] = table->frames[i];
  return true;
}

static void put_frames(struct nomem__builder *builder, json_t *document, struct frame_table *table) {
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
      nomem__json_add(&builder->json, frames, nomem__frame_entry(&builder->json, path, offset, &sources[s]));
  }
  table->first[table->count] = json_array_size(frames);
  nomem__json_put(&builder->json, document, "frames", frames);
}

static json_t *site_of(struct nomem__builder *builder, const struct nomem__campaign_site *site,
                       const struct frame_table *table) {
  struct nomem__json *json = &builder->json;
  json_t *object = json_object(), *frames = json_array();
  nomem__json_format(json, object, "key", "%016" PRIx64, site->key);
  nomem__json_number(json, object, "calls", site->count);
  nomem__json_number(json, object, "first", site->first_nth);
  nomem__json_number(json, object, "runs", site->tried);
  if (site->is_tests) nomem__json_put(json, object, "of_test", json_true());
  if (site->worst < NOMEM_VERDICT_COUNT) nomem__json_text(json, object, "worst", nomem__verdicts[site->worst].name);
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

static void put_sites(struct nomem__builder *builder, json_t *document) {
  struct frame_table table = {0};
  json_t *sites = json_array();
  if (collect_frames(builder->campaign, &table)) {
    put_frames(builder, document, &table);
    for (size_t i = 0; i < builder->campaign->site_count; i++)
      nomem__json_add(&builder->json, sites, site_of(builder, &builder->campaign->sites[i], &table));
  } else {
    builder->json.failed = true;
  }
  nomem__json_put(&builder->json, document, "sites", sites);
  free(table.frames);
  free(table.first);
}

static json_t *test_code_of(struct nomem__builder *builder) {
  const struct nomem__code_owners *code_owners = &builder->campaign->code_owners;
  struct nomem__json *json = &builder->json;
  json_t *object = json_object(), *places = json_array();
  nomem__json_text(json, object, "under_test", code_owners->globs);
  for (size_t i = 0; i < code_owners->place_count; i++) {
    json_t *one = json_object();
    nomem__json_text(json, one, "place", code_owners->places[i]);
    nomem__json_add(json, places, json_incref(json_object_get(one, "place")));
    json_decref(one);
  }
  nomem__json_put(json, object, "guessed", places);
  nomem__json_put(json, object, "coarse", json_boolean(code_owners->is_coarse));
  return object;
}

static void put_coverage(struct nomem__builder *builder, json_t *document) {
  const struct nomem__campaign *campaign = builder->campaign;
  struct nomem__json *json = &builder->json;
  const struct nomem__coverage counts = nomem__coverage_of(campaign);
  bool is_every_call = counts.left[NOMEM_LEFT_OCCURRENCE_CLASSES] + counts.left[NOMEM_LEFT_NOT_CHOSEN] +
                           counts.left[NOMEM_LEFT_MAX_POINTS] ==
                       0;
  json_t *coverage = json_object(), *baseline = json_object(), *left = json_object();
  uint64_t tried = 0, runs = 0;
  for (size_t i = 0; i < campaign->site_count; i++) tried += campaign->sites[i].tried > 0;
  for (unsigned v = 0; v < NOMEM_VERDICT_COUNT; v++) runs += campaign->verdicts[v];
  uint64_t elsewhere = 0;
  for (size_t i = 0; i < campaign->point_count; i++) elsewhere += campaign->states[i].result == NOMEM__ELSEWHERE;
  nomem__json_number(json, baseline, "allocations", campaign->allocations);
  nomem__json_number(json, baseline, "microseconds", campaign->baseline_us);
  nomem__json_put(json, document, "baseline", baseline);
  nomem__json_number(json, coverage, "sites", campaign->site_count);
  nomem__json_number(json, coverage, "sites_tried", tried);
  nomem__json_number(json, coverage, "sites_unstable", campaign->unstable_sites);
  nomem__json_number(json, coverage, "allocations_without_site", campaign->sites_lost);
  nomem__json_number(json, coverage, "points", campaign->point_count);
  nomem__json_number(json, coverage, "points_tried", runs);
  nomem__json_number(json, coverage, "points_of_other_shards", elsewhere);
  nomem__json_put(json, coverage, "every_call", json_boolean(is_every_call));
  nomem__json_number(json, coverage, "sites_exercised", counts.sites_exercised);
  nomem__json_number(json, coverage, "calls", counts.calls);
  nomem__json_number(json, coverage, "calls_exercised", counts.calls_exercised);
  nomem__json_number(json, coverage, "second_faults", counts.second_faults);
  nomem__json_number(json, coverage, "second_faults_exercised", counts.recoveries_exercised);
  nomem__json_number(json, coverage, "second_faults_left_out", campaign->second_faults.left_out);
  nomem__json_number(json, coverage, "second_faults_not_noted", campaign->second_faults.not_noted);
  for (unsigned i = 0; i < NOMEM_LEFT_COUNT; i++)
    nomem__json_number(json, left, nomem__leak_texts[i].name, counts.left[i]);
  nomem__json_put(json, coverage, "calls_left", left);
  if (campaign->code_owners.is_divided) nomem__json_put(json, coverage, "test_code", test_code_of(builder));
  nomem__json_number(json, coverage, "heap_looked_at", campaign->heap.looked_at);
  nomem__json_number(json, coverage, "heap_left_out", campaign->heap.left_out);
  nomem__json_number(json, coverage, "hangs_ended_early", campaign->early_count);
  nomem__json_put(json, coverage, "stacks", json_boolean(campaign->session->setup.trace));
  nomem__json_put(json, document, "coverage", coverage);
}

static void put_verdicts(struct nomem__builder *builder, json_t *document) {
  struct nomem__json *json = &builder->json;
  json_t *verdicts = json_array();
  for (unsigned v = 0; v < NOMEM_VERDICT_COUNT; v++) {
    json_t *verdict = json_object();
    nomem__json_text(json, verdict, "name", nomem__verdicts[v].name);
    nomem__json_text(json, verdict, "meaning", nomem__verdicts[v].meaning);
    nomem__json_put(json, verdict, "is_finding",
                    json_boolean(nomem__verdict_counts(v, builder->campaign->session->options->strict)));
    nomem__json_number(json, verdict, "runs", builder->campaign->verdicts[v]);
    nomem__json_add(json, verdicts, verdict);
  }
  nomem__json_put(json, document, "verdicts", verdicts);
}

/* The nearest folder from the working directory up that is under version control, or the working directory. */
static void put_directories(struct nomem__json *json, json_t *document) {
  char *directory = getcwd(NULL, 0);
  if (directory == NULL) return;
  nomem__json_text(json, document, "directory", directory);
  for (char *root = strdup(directory); root != NULL;) {
    char *marker = NULL;
    bool is_root = asprintf(&marker, "%s/.git", root) > 0 && access(marker, F_OK) == 0;
    free(marker);
    char *slash = strrchr(root, '/');
    if (is_root || slash == NULL || slash == root) {
      nomem__json_text(json, document, "source_root", is_root ? root : directory);
      free(root);
      break;
    }
    *slash = '\0';
  }
  free(directory);
}

static void put_heading(struct nomem__builder *builder, json_t *document) {
  const struct nomem__campaign *campaign = builder->campaign;
  struct nomem__json *json = &builder->json;
  json_t *tool = json_object(), *command = json_array();
  nomem__json_text(json, document, "format", "nomem-report");
  nomem__json_number(json, document, "version", NOMEM_DOCUMENT_VERSION);
  nomem__json_text(json, tool, "name", "nomem");
  nomem__json_text(json, tool, "version", NOMEM_VERSION);
  nomem__json_put(json, document, "tool", tool);
  for (char **word = campaign->session->options->program; *word != NULL; word++) {
    json_t *one = json_object();
    nomem__json_text(json, one, "word", *word);
    nomem__json_add(json, command, json_incref(json_object_get(one, "word")));
    json_decref(one);
  }
  nomem__json_put(json, document, "command", command);
  nomem__json_text(json, document, "image", campaign->programs.first);
  if (*campaign->programs.child_residue != '\0')
    nomem__json_text(json, document, "other_images", campaign->programs.child_residue);
  put_directories(json, document);
  char date[sizeof "2000-01-01T00:00:00Z" + 8];
  time_t now = time(NULL);
  struct tm utc;
  if (gmtime_r(&now, &utc) != NULL && strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc) > 0)
    nomem__json_text(json, document, "date", date);
  nomem__json_put(json, document, "seconds", json_real((double)(campaign->ended_ns - campaign->started_ns) / 1e9));
  nomem__json_number(json, document, "timeout_ms", campaign->timeout_ms);
  nomem__json_put(json, document, "complete",
                  json_boolean(!campaign->failed && campaign->session->interrupted_by == 0));
}

/* Those that count and those that were set aside, in the order that they had as one list: only so has each the same
 * number in its id, whatever was set aside. The list is the caller's, what is in it is not. */
static struct nomem__findings all_findings(struct nomem__builder *builder) {
  const struct nomem__findings *counted = &builder->campaign->findings, *exclusion = &builder->campaign->excluded;
  struct nomem__findings all = {.count = counted->count + exclusion->count};
  all.list = calloc(all.count + 1, sizeof *all.list);
  if (all.list == NULL) {
    builder->json.failed = true;
    return (struct nomem__findings){0};
  }
  if (counted->count > 0) memcpy(all.list, counted->list, counted->count * sizeof *all.list);
  if (exclusion->count > 0) memcpy(all.list + counted->count, exclusion->list, exclusion->count * sizeof *all.list);
  nomem__findings_sort(&all);
  return all;
}

static json_t *findings_of(struct nomem__builder *builder) {
  struct nomem__findings all = all_findings(builder);
  json_t *findings = json_array();
  for (size_t i = 0; i < all.count; i++)
    nomem__json_add(&builder->json, findings, finding_of(builder, &all.list[i], findings));
  free(all.list);
  return findings;
}

static void put_findings(struct nomem__builder *builder, json_t *document) {
  json_t *all = findings_of(builder), *counted = json_array(), *exclusion = json_array(), *finding;
  size_t i;
  json_array_foreach(all, i, finding) {
    nomem__json_add(&builder->json, json_object_get(finding, "set_aside") != NULL ? exclusion : counted,
                    json_incref(finding));
  }
  json_decref(all);
  nomem__json_put(&builder->json, document, "findings", counted);
  nomem__json_put(&builder->json, document, "set_aside", exclusion);
}

/* Takes the document over, and returns it if all of it could be made. */
static json_t *finish(struct nomem__builder *builder, json_t *document) {
  json_decref(builder->sources);
  if (!builder->json.failed) return document;
  json_decref(document);
  return NULL;
}

json_t *nomem__document_findings(const struct nomem__campaign *campaign) {
  struct nomem__builder builder = {.campaign = campaign, .sources = json_object()};
  json_t *findings = findings_of(&builder);
  return finish(&builder, findings);
}

json_t *nomem__document(const struct nomem__campaign *campaign) {
  struct nomem__builder builder = {.campaign = campaign, .sources = json_object()};
  json_t *document = json_object();
  put_heading(&builder, document);
  put_coverage(&builder, document);
  put_verdicts(&builder, document);
  put_findings(&builder, document);
  put_sites(&builder, document);
  return finish(&builder, document);
}
