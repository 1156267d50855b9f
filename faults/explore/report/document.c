/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "document.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../nomem_version.h"
#include "../campaign/coverage.h"
#include "../judge/cause.h"
#include "../judge/hostile_words.h"
#include "../text/json_values.h"
#include "../text/memory.h"
#include "../text/memory_stream.h"
#include "../text/words.h"
#include "document_sites.h"
#include "explanations.h"
#include "finding_id.h"
#include "frames.h"
#include "next_step.h"
#include "notes.h"
#include "reproduction.h"

/* Closes a stream and puts what was printed, without its line end. */
static void put_printed(struct nomem__json *json, json_t *object, const char *key,
                        struct nomem__memory_stream *stream) {
  char *text = nomem__memory_stream_close(stream);
  for (size_t bytes = strlen(text); bytes > 0 && text[bytes - 1] == '\n';) text[--bytes] = '\0';
  nomem__json_text(json, object, key, text);
  free(text);
}

const char *nomem__document_find_exclusion(const json_t *finding) {
  if (json_object_get(finding, "exclusion") != NULL) return nomem__json_string(finding, "exclusion");
  return json_is_true(json_object_get(finding, "flaky")) ? "flaky: not when it was tried again" : NULL;
}

bool nomem__document_has_findings(const json_t *document) {
  const json_t *findings = json_object_get(document, "findings");
  for (size_t i = 0; i < json_array_size(findings); i++)
    if (!json_is_true(json_object_get(json_array_get(findings, i), "flaky"))) return true;
  return false;
}

/* Puts where a trace points to, for people. */
static void put_culprit(struct nomem__document_builder *builder, json_t *object, const char *key,
                        const struct nomem__trace *trace) {
  struct nomem__memory_stream stream;
  FILE *out = nomem__memory_stream_open(&stream);
  nomem__trace_print_culprit(out, trace, builder->campaign->session->symbols);
  put_printed(&builder->json, object, key, &stream);
}

/* Returns the stack by which a finding is named: that of its end, or where there is none, that of the call that failed.
 */
static const struct nomem__trace *naming_trace(const struct nomem__finding *finding) {
  return finding->blow_up.depth > 0 ? &finding->blow_up : &finding->fault;
}

/* Puts whose code a frame is that is not the program's own, unless its place says so already. */
static void put_place_owner(struct nomem__document_builder *builder, json_t *object, const char *key,
                            const struct nomem__trace_frame *frame) {
  char buffer[NOMEM_OWNER_NAME_BYTES];
  struct nomem__source_frame source = {0};
  const struct nomem__campaign *campaign = builder->campaign;
  const char *owner = frame != NULL ? nomem__name_owner(&campaign->code_owners, frame, buffer) : "";
  if (*owner == '\0') return;
  nomem__symbols_resolve(campaign->session->symbols, frame->path, frame->offset, frame->is_return_address, &source, 1);
  if (owner != buffer || source.file != NULL) nomem__json_text(&builder->json, object, key, owner);
}

static void put_end(struct nomem__json *json, json_t *object, const struct nomem__finding *finding) {
  struct nomem__memory_stream stream;
  FILE *out = nomem__memory_stream_open(&stream);
  nomem__print_end(out, finding);
  put_printed(json, object, "end", &stream);
}

static void put_reproduction(struct nomem__document_builder *builder, json_t *object,
                             const struct nomem__finding *finding) {
  struct nomem__memory_stream stream;
  FILE *out = nomem__memory_stream_open(&stream);
  nomem__print_reproduction(out, builder->campaign->session->options, finding->plan,
                            finding->needs_timeout ? builder->campaign->timeout_ms : 0, finding->needs_block_table,
                            finding->guarded_from);
  put_printed(&builder->json, object, "reproduce", &stream);
}

/* Puts the line that debugs it, which the store makes possible. */
static void put_debugging(struct nomem__document_builder *builder, json_t *object) {
  const struct nomem__campaign *campaign = builder->campaign;
  struct nomem__memory_stream stream;
  if (campaign->journal == NULL) return;
  FILE *out = nomem__memory_stream_open(&stream);
  nomem__print_change_of_folder(out, campaign->session->options);
  fprintf(out, "nomem replay --gdb %s", nomem__json_string(object, "id"));
  if (campaign->session->options->store != NULL) {
    fputs(" --store ", out);
    nomem__print_word(out, campaign->session->options->store);
  }
  put_printed(&builder->json, object, "debug", &stream);
}

/* Of a call that was served in a hostile way: what it did, and how many calls were served so. */
static void put_effect(struct nomem__json *json, json_t *fault, const struct nomem__finding *finding) {
  nomem__json_text(json, fault, "effect", nomem__call_effect(finding->fn, finding->hostile));
  nomem__json_number(json, fault, "calls", finding->hostile_calls);
}

const char *nomem__document_effect(const json_t *call) {
  const char *effect = nomem__json_string(call, "effect"), *function = nomem__json_string(call, "function");
  bool is_new = strcmp(function, nomem_fn_name(NOMEM_FN_NEW)) == 0;
  return *effect != '\0' ? effect : nomem_fn_failed(is_new ? NOMEM_FN_NEW : NOMEM_FN_MALLOC);
}

static json_t *make_fault(struct nomem__document_builder *builder, const struct nomem__finding *finding) {
  struct nomem__json *json = &builder->json;
  json_t *fault = json_object();
  nomem__json_text(json, fault, "plan", finding->plan);
  nomem__json_text(json, fault, "function", nomem__call_name(finding->fn));
  nomem__json_number(json, fault, "bytes", finding->size_bytes);
  nomem__json_number(json, fault, "allocation", finding->nth);
  if (finding->hostile != 0) put_effect(json, fault, finding);
  if (finding->point.site != NOMEM__NO_SITE) nomem__json_number(json, fault, "site", finding->point.site);
  nomem__json_number(json, fault, "occurrence", finding->point.occurrence);
  nomem__json_put(json, fault, "persistent", json_boolean(finding->point.persistent));
  put_culprit(builder, fault, "location", &finding->fault);
  nomem__put_trace(builder, fault, &finding->fault);
  return fault;
}

static json_t *make_second_fault(struct nomem__document_builder *builder, const struct nomem__second_call *second) {
  struct nomem__json *json = &builder->json;
  json_t *fault = json_object();
  nomem__json_text(json, fault, "function", nomem_fn_name(second->fn));
  nomem__json_number(json, fault, "bytes", second->size_bytes);
  nomem__json_number(json, fault, "allocation", second->nth);
  put_culprit(builder, fault, "location", &second->stack);
  nomem__put_trace(builder, fault, &second->stack);
  return fault;
}

/* Says who did not check. Where that is where the call failed, its place is in the message already. */
static void print_unchecked(FILE *out, const struct nomem__finding *finding, struct nomem__symbols *symbols) {
  const struct nomem__trace_frame *failed = nomem__trace_culprit(&finding->fault);
  const struct nomem__trace_frame *frame = &finding->unchecked.where.frame[0];
  struct nomem__source_frame source;
  if (!nomem__unchecked_source(&finding->unchecked, symbols, &source)) return;
  static const char *const words[NOMEM_CAUSES] = {[NOMEM_CAUSE_UNCHECKED] = ", unchecked",
                                                  [NOMEM_CAUSE_LEFT] = ", left NULL",
                                                  [NOMEM_CAUSE_IGNORED] = ", unchecked",
                                                  [NOMEM_CAUSE_UNSET] = ", what is not set yet was used"};
  fputs(words[finding->unchecked.cause], out);
  if (failed != NULL && failed->offset == frame->offset) return;
  fputs(" in ", out);
  nomem__trace_print_source(out, frame, &source);
}

static void print_message(FILE *out, const struct nomem__finding *finding, struct nomem__symbols *symbols) {
  const struct nomem__second_call *second = &finding->second;
  fprintf(out, "%s in ", nomem__verdicts[finding->verdict].name);
  nomem__trace_print_culprit(out, naming_trace(finding), symbols);
  fputs(": ", out);
  nomem__print_end(out, finding);
  fprintf(out, ", when %s of %" PRIu64 " bytes%s%s %s in ", nomem__call_name(finding->fn), finding->size_bytes,
          finding->point.persistent ? " and all later calls" : "", finding->hostile_calls > 1 ? " and later calls" : "",
          finding->hostile != 0 ? nomem__call_effect(finding->fn, finding->hostile) : "failed");
  nomem__trace_print_culprit(out, &finding->fault, symbols);
  if (second->stack.depth > 0) {
    fprintf(out, ", and then %s of %" PRIu64 " bytes in ", nomem_fn_name(second->fn), second->size_bytes);
    nomem__trace_print_culprit(out, &second->stack, symbols);
  }
  print_unchecked(out, finding, symbols);
}

static void put_message(struct nomem__document_builder *builder, json_t *object, const struct nomem__finding *finding) {
  struct nomem__memory_stream stream;
  FILE *out = nomem__memory_stream_open(&stream);
  print_message(out, finding, builder->campaign->session->symbols);
  put_printed(&builder->json, object, "message", &stream);
}

static void put_unchecked(struct nomem__document_builder *builder, json_t *object,
                          const struct nomem__finding *finding) {
  const struct nomem__trace_frame *frame = &finding->unchecked.where.frame[0];
  struct nomem__source_frame source;
  if (!nomem__unchecked_source(&finding->unchecked, builder->campaign->session->symbols, &source)) return;
  json_t *unchecked = nomem__make_frame_with_source(builder, frame, &source);
  if (finding->unchecked.cause == NOMEM_CAUSE_LEFT)
    nomem__json_put(&builder->json, unchecked, "was_checked", json_true());
  if (finding->unchecked.cause == NOMEM_CAUSE_UNSET)
    nomem__json_put(&builder->json, unchecked, "is_unset", json_true());
  const struct nomem__trace_frame *culprit = nomem__trace_culprit(&finding->blow_up);
  if (culprit == NULL || !nomem__trace_is_same_file(culprit->path, frame->path))
    put_place_owner(builder, unchecked, "owner", frame);
  nomem__json_put(&builder->json, object, "unchecked", unchecked);
}

static void put_code_owner(struct nomem__document_builder *builder, json_t *object,
                           const struct nomem__finding *finding) {
  char buffer[NOMEM_OWNER_NAME_BYTES];
  const struct nomem__trace_frame *frame = finding->unchecked.where.depth > 0
                                               ? &finding->unchecked.where.frame[0]
                                               : nomem__trace_culprit(naming_trace(finding));
  const char *owner = frame != NULL ? nomem__name_owner(&builder->campaign->code_owners, frame, buffer) : "";
  nomem__json_text(&builder->json, object, "code_owner", *owner != '\0' ? owner : "the program");
}

static json_t *make_threads(struct nomem__document_builder *builder, const struct nomem__finding *finding) {
  struct nomem__json *json = &builder->json;
  json_t *threads = json_array();
  for (size_t i = 0; i < finding->thread_count; i++) {
    const struct nomem__waiter *thread = &finding->threads[i];
    json_t *object = json_object();
    nomem__json_number(json, object, "number", thread->number);
    nomem__json_number(json, object, "process", thread->process);
    nomem__json_text(json, object, "name", thread->name);
    nomem__json_text(json, object, "state", thread->what);
    if (i == finding->shown_thread) nomem__json_put(json, object, "is_shown", json_true());
    if (thread->trace.depth > 0) put_culprit(builder, object, "location", &thread->trace);
    nomem__put_trace(builder, object, &thread->trace);
    nomem__json_add(json, threads, object);
  }
  return threads;
}

static void put_signal(struct nomem__json *json, json_t *object, const struct nomem__finding *finding) {
  if (finding->signal > 0 && sigabbrev_np(finding->signal) != NULL)
    nomem__json_format(json, object, "signal", "SIG%s", sigabbrev_np(finding->signal));
  if (finding->was_caught) nomem__json_put(json, object, "was_caught", json_true());
  if (finding->address_kind != NOMEM_ADDRESS_NONE)
    nomem__json_text(json, object, "address_kind", nomem__address_kind_names[finding->address_kind]);
  if (nomem__address_kind_has_address(finding->address_kind))
    nomem__json_format(json, object, "address", "0x%" PRIx64, finding->fault_address);
}

static json_t *make_finding(struct nomem__document_builder *builder, const struct nomem__finding *finding,
                            const json_t *before) {
  struct nomem__json *json = &builder->json;
  json_t *object = json_object();
  char hostile[NOMEM_HOSTILE_LIST_BYTES];
  nomem__json_text(json, object, "verdict", nomem__verdicts[finding->verdict].name);
  nomem__json_text(json, object, "meaning", nomem__finding_meaning(finding));
  if (finding->hostile != 0) nomem__json_text(json, object, "hostile", nomem__hostile_list(finding->hostile, hostile));
  nomem__json_put(json, object, "flaky", json_boolean(finding->is_flaky));
  nomem__json_number(json, object, "runs", finding->runs);
  nomem__json_text(json, object, "exclusion", finding->exclusion_reason);
  if (finding->exclusion == NOMEM_EXCLUSION_ADVISORY) nomem__json_put(json, object, "advisory", json_true());
  put_culprit(builder, object, "location", naming_trace(finding));
  put_place_owner(builder, object, "location_owner", nomem__trace_culprit(naming_trace(finding)));
  put_end(json, object, finding);
  put_signal(json, object, finding);
  nomem__json_put(json, object, "fault", make_fault(builder, finding));
  if (finding->second.stack.depth > 0)
    nomem__json_put(json, object, "second_fault", make_second_fault(builder, &finding->second));
  nomem__put_stack(builder, object, "blow_up", &finding->blow_up);
  nomem__put_stack(builder, object, "origin", &finding->block);
  if (finding->is_handed_over) nomem__json_put(json, object, "handed_over", json_true());
  nomem__put_stack(builder, object, "freed", &finding->freed);
  if (nomem__trace_culprit(&finding->freed) != NULL)
    put_culprit(builder, json_object_get(object, "freed"), "location", &finding->freed);
  put_unchecked(builder, object, finding);
  put_code_owner(builder, object, finding);
  if (finding->thread_count > 0) nomem__json_put(json, object, "threads", make_threads(builder, finding));
  if (finding->threads_left_out > 0) nomem__json_number(json, object, "threads_left_out", finding->threads_left_out);
  put_reproduction(builder, object, finding);
  put_message(builder, object, finding);
  nomem__json_format(json, object, "cause", "%016" PRIx64,
                     nomem__finding_cause(finding, builder->campaign->session->symbols));
  nomem__put_finding_id(json, object, before);
  put_debugging(builder, object);
  return object;
}

void nomem__document_put_verdicts(struct nomem__json *json, json_t *document, bool is_strict,
                                  const uint64_t runs[NOMEM_VERDICT_COUNT]) {
  json_t *verdicts = json_array();
  for (unsigned v = 0; v < NOMEM_VERDICT_COUNT; v++) {
    const struct nomem__explanation *explanation = nomem__explanation_of(nomem__verdicts[v].name);
    json_t *verdict = json_object();
    nomem__json_text(json, verdict, "name", nomem__verdicts[v].name);
    nomem__json_text(json, verdict, "meaning", nomem__verdicts[v].meaning);
    if (explanation != NULL && explanation->mending != NULL)
      nomem__json_text(json, verdict, "mending", explanation->mending);
    nomem__json_put(json, verdict, "is_finding", json_boolean(nomem__verdict_counts(v, is_strict)));
    nomem__json_number(json, verdict, "runs", runs[v]);
    nomem__json_add(json, verdicts, verdict);
  }
  nomem__json_put(json, document, "verdicts", verdicts);
}

/* Puts the working directory, and as the root of the sources the nearest folder from there up that is under version
 * control. Where there is none, it is the working directory. */
static void put_directories(struct nomem__json *json, json_t *document) {
  char *directory = nomem__checked(getcwd(NULL, 0));
  if (directory == NULL) return;
  nomem__json_text(json, document, "directory", directory);
  char *root = nomem__strdup(directory);
  for (;;) {
    char *marker = nomem__format("%s/.git", root);
    bool is_root = access(marker, F_OK) == 0;
    free(marker);
    char *slash = strrchr(root, '/');
    if (is_root || slash == NULL || slash == root) {
      nomem__json_text(json, document, "source_root", is_root ? root : directory);
      break;
    }
    *slash = '\0';
  }
  free(root);
  free(directory);
}

void nomem__document_put_origin(struct nomem__json *json, json_t *document) {
  json_t *tool = json_object();
  nomem__json_text(json, document, "format", "nomem-report");
  nomem__json_number(json, document, "version", NOMEM_DOCUMENT_VERSION);
  nomem__json_text(json, tool, "name", "nomem");
  nomem__json_text(json, tool, "version", NOMEM_VERSION);
  nomem__json_put(json, document, "tool", tool);
  put_directories(json, document);
  char date[sizeof "2000-01-01T00:00:00Z" + 8];
  time_t now = time(NULL);
  struct tm utc;
  if (gmtime_r(&now, &utc) != NULL && strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc) > 0)
    nomem__json_text(json, document, "date", date);
}

static void put_engines(struct nomem__json *json, json_t *document, const struct nomem__campaign *campaign) {
  json_t *engines = json_object();
  for (unsigned i = NOMEM__ENGINES; i-- > 0;)
    if (campaign->engines[i] > 0) nomem__json_number(json, engines, nomem__engine_names[i], campaign->engines[i]);
  nomem__json_put(json, document, "engines", engines);
  bool all_by_snapshot = campaign->engines[NOMEM_ENGINE_EXEC] + campaign->engines[NOMEM_ENGINE_SERVER] == 0;
  if (!all_by_snapshot && *campaign->engine_reason != '\0')
    nomem__json_text(json, document, "engine_reason", campaign->engine_reason);
}

json_t *nomem__document_make_pass(struct nomem__json *json, enum nomem__pass pass, uint64_t runs, double seconds) {
  json_t *object = json_object();
  nomem__json_text(json, object, "pass", nomem__pass_names[pass]);
  nomem__json_number(json, object, "runs", runs);
  nomem__json_put(json, object, "seconds", json_real(seconds));
  return object;
}

static void put_passes(struct nomem__json *json, json_t *document, const struct nomem__passes *passes) {
  json_t *list = json_array();
  for (unsigned i = 0; i < NOMEM__PASSES; i++) {
    const struct nomem__pass_cost cost = nomem__passes_cost(passes, (enum nomem__pass)i);
    if (cost.runs == 0) continue;
    nomem__json_add(json, list, nomem__document_make_pass(json, (enum nomem__pass)i, cost.runs, (double)cost.ns / 1e9));
  }
  nomem__json_put(json, document, "passes", list);
}

static void put_heading(struct nomem__document_builder *builder, json_t *document) {
  const struct nomem__campaign *campaign = builder->campaign;
  struct nomem__json *json = &builder->json;
  json_t *command = json_array();
  nomem__document_put_origin(json, document);
  for (char **word = campaign->session->options->program; *word != NULL; word++)
    nomem__json_add(json, command, nomem__json_safe(*word));
  nomem__json_put(json, document, "command", command);
  nomem__json_text(json, document, "image", campaign->programs.first_path);
  if (*campaign->programs.other_names != '\0')
    nomem__json_text(json, document, "other_images", campaign->programs.other_names);
  nomem__json_put(json, document, "seconds", json_real((double)(campaign->ended_ns - campaign->started_ns) / 1e9));
  put_passes(json, document, &campaign->passes);
  nomem__json_number(json, document, "timeout_ms", campaign->timeout_ms);
  const struct nomem__coverage coverage = nomem__coverage_of(campaign);
  bool was_cut_short = campaign->failed || campaign->session->interrupted_by != 0;
  nomem__json_put(json, document, "complete", json_boolean(!was_cut_short && !nomem__coverage_is_empty(&coverage)));
  put_engines(json, document, campaign);
  nomem__json_put(json, document, "notes", nomem__notes_make(json, campaign));
}

/* Returns the findings that count and the excluded ones as one list, in the order that they had before they were
 * divided: only so has each the same number in its id, whatever is excluded. The list is the caller's, what is in it is
 * not. */
static struct nomem__findings join_findings(struct nomem__document_builder *builder) {
  const struct nomem__findings *counted = &builder->campaign->findings, *excluded = &builder->campaign->excluded;
  struct nomem__findings all = {.count = counted->count + excluded->count};
  all.list = nomem__calloc(all.count + 1, sizeof *all.list);
  if (counted->count > 0) memcpy(all.list, counted->list, counted->count * sizeof *all.list);
  if (excluded->count > 0) memcpy(all.list + counted->count, excluded->list, excluded->count * sizeof *all.list);
  nomem__findings_sort(&all);
  return all;
}

static json_t *make_findings(struct nomem__document_builder *builder) {
  struct nomem__findings all = join_findings(builder);
  json_t *findings = json_array();
  for (size_t i = 0; i < all.count; i++)
    nomem__json_add(&builder->json, findings, make_finding(builder, &all.list[i], findings));
  free(all.list);
  return findings;
}

static void put_findings(struct nomem__document_builder *builder, json_t *document) {
  json_t *all = make_findings(builder), *counted = json_array(), *excluded = json_array(), *finding;
  size_t i;
  json_array_foreach(all, i, finding) {
    bool is_excluded = json_object_get(finding, "exclusion") != NULL;
    nomem__json_add(&builder->json, is_excluded ? excluded : counted, json_incref(finding));
  }
  json_decref(all);
  nomem__json_put(&builder->json, document, "findings", counted);
  nomem__json_put(&builder->json, document, "excluded", excluded);
}

/* Returns a document that could be built as a whole; frees any other. */
static json_t *finish(struct nomem__document_builder *builder, json_t *document) {
  json_decref(builder->sources);
  if (!builder->json.failed) return document;
  json_decref(document);
  return NULL;
}

json_t *nomem__document_make_findings(const struct nomem__campaign *campaign) {
  struct nomem__document_builder builder = {.campaign = campaign, .sources = json_object()};
  return finish(&builder, make_findings(&builder));
}

json_t *nomem__document_make(const struct nomem__campaign *campaign, bool has_sites) {
  struct nomem__document_builder builder = {.campaign = campaign, .sources = json_object()};
  json_t *document = json_object();
  put_heading(&builder, document);
  nomem__put_coverage(&builder, document);
  nomem__document_put_verdicts(&builder.json, document, campaign->session->options->strict, campaign->verdicts);
  put_findings(&builder, document);
  if (has_sites) nomem__put_sites(&builder, document);
  nomem__document_put_next(&builder.json, document, campaign->journal != NULL);
  return finish(&builder, document);
}
