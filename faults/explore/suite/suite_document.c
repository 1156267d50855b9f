/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "suite_document.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../judge/verdict.h"
#include "../report/document.h"
#include "../report/next_step.h"
#include "../run/surroundings.h"
#include "../store/database.h"
#include "../text/json_values.h"
#include "../text/memory.h"
#include "in_place.h"
#include "runner_kinds.h"
#include "suite_findings.h"
#include "variables.h"

/* Sentences that several cases have to say stand there once, and so many of them. */
#define WARNINGS_MAX 50

/* A folder as seen from the suite's. */
static const char *shorten_folder(const struct nomem__suite *suite, const char *folder) {
  size_t length = strlen(suite->folder);
  if (strcmp(folder, suite->folder) == 0) return ".";
  return strncmp(folder, suite->folder, length) == 0 && folder[length] == '/' ? folder + length + 1 : folder;
}

/* Puts the variables that the runner has set: of what may be a secret the name alone. */
static void put_set_variables(struct nomem__json *json, json_t *object, const struct nomem__recorded_image *image) {
  json_t *set = json_object(), *hidden = json_array();
  char **now = nomem__variables_apply(environ, image->variables, image->variable_bytes);
  char **difference = nomem__environment_difference(now, environ);
  for (size_t i = 0; difference[i] != NULL; i++) {
    char *equals = strchr(difference[i], '=');
    if (equals == NULL) {
      nomem__json_add(json, hidden, nomem__json_safe(difference[i]));
      continue;
    }
    *equals = '\0';
    json_t *name = nomem__json_safe(difference[i]);
    nomem__json_text(json, set, json_string_value(name), equals + 1);
    json_decref(name);
  }
  nomem__environment_free_list(difference);
  free(now);
  nomem__json_put(json, object, "environment", set);
  nomem__json_put(json, object, "environment_hidden", hidden);
}

static void put_removed_variables(struct nomem__json *json, json_t *object, const struct nomem__recorded_image *image) {
  json_t *removed = json_array();
  const char *end = image->variables + image->variable_bytes;
  for (const char *entry = image->variables; entry < end; entry += strlen(entry) + 1)
    if (strchr(entry, '=') == NULL) nomem__json_add(json, removed, nomem__json_safe(entry));
  nomem__json_put(json, object, "environment_removed", removed);
}

static void put_command(struct nomem__json *json, json_t *object, const struct nomem__recorded_image *image) {
  json_t *command = json_array();
  const char *end = image->words + image->word_bytes;
  for (const char *word = image->words; word < end; word += strlen(word) + 1)
    nomem__json_add(json, command, nomem__json_safe(word));
  nomem__json_put(json, object, "command", command);
}

static void put_recorded(struct nomem__json *json, json_t *object, const struct nomem__suite *suite,
                         const struct nomem__recorded_image *image) {
  static const char *const inputs[] = {[NOMEM_INPUT_EMPTY] = "empty",
                                       [NOMEM_INPUT_FILE] = "file",
                                       [NOMEM_INPUT_COPIED] = "copied",
                                       [NOMEM_INPUT_OTHER] = "other"};
  nomem__json_text(json, object, "file", image->path);
  if (!image->is_whole) return;
  put_command(json, object, image);
  nomem__json_text(json, object, "folder", shorten_folder(suite, image->folder));
  put_set_variables(json, object, image);
  put_removed_variables(json, object, image);
  nomem__json_text(json, object, "input", inputs[image->input]);
  if (image->input_path != NULL) nomem__json_text(json, object, "input_file", image->input_path);
  if (image->has_ended) nomem__json_put(json, object, "seconds", json_real((double)image->wall_us / 1e6));
}

/* Puts what came of a case that was explored. */
static void put_explored(struct nomem__json *json, json_t *object, const json_t *document, uint64_t explored_us) {
  const json_t *coverage = json_object_get(document, "coverage");
  size_t flaky = 0, count = json_array_size(json_object_get(document, "findings"));
  for (size_t i = 0; i < count; i++)
    flaky += json_is_true(json_object_get(json_array_get(json_object_get(document, "findings"), i), "flaky"));
  nomem__json_text(json, object, "result", count > flaky ? "findings" : "clean");
  nomem__json_number(json, object, "findings", count - flaky);
  nomem__json_number(json, object, "runs", nomem__json_count(coverage, "points_tried"));
  nomem__json_number(json, object, "points", nomem__json_count(coverage, "points"));
  nomem__json_number(json, object, "sites", nomem__json_count(coverage, "sites"));
  nomem__json_number(json, object, "sites_exercised", nomem__json_count(coverage, "sites_exercised"));
  nomem__json_put(json, object, "explored_seconds", json_real((double)explored_us / 1e6));
  nomem__json_put(json, object, "complete", json_boolean(json_is_true(json_object_get(document, "complete"))));
}

static bool is_explored_in_place(const struct nomem__suite *suite, size_t number) {
  return suite->cases.list[number].is_in_place && suite->results[number].document != NULL;
}

static json_t *make_case(struct nomem__json *json, const struct nomem__suite *suite, size_t number) {
  const struct nomem__suite_case *suite_case = &suite->cases.list[number];
  json_t *object = json_object();
  nomem__json_text(json, object, "name", suite_case->name);
  nomem__json_text(json, object, "program", suite_case->program);
  if (suite_case->reason != NULL) {
    nomem__json_text(json, object, "result", nomem__left_out_names[suite_case->left_out]);
    nomem__json_text(json, object, "reason", suite_case->reason);
  } else if (suite->results[number].document != NULL) {
    put_explored(json, object, suite->results[number].document, suite->explored_us[number]);
  }
  if (is_explored_in_place(suite, number)) nomem__json_put(json, object, "in_place", json_true());
  nomem__json_number(json, object, "times", suite_case->times);
  put_recorded(json, object, suite, suite_case->image);
  return object;
}

/* Adds the numbers of one object to those of another, by name, in whatever depth. Of what is true or false, it is
 * enough that one says so for "partial"; all must for the others. */
static void add_numbers(struct nomem__json *json, json_t *sum, json_t *object) {
  const char *key;
  json_t *value;
  json_object_foreach(object, key, value) {
    json_t *former = json_object_get(sum, key);
    if (json_is_object(value) && strcmp(key, "test_code") != 0) {
      if (former == NULL) nomem__json_put(json, sum, key, former = json_object());
      add_numbers(json, former, value);
    } else if (json_is_integer(value)) {
      nomem__json_number(json, sum, key, nomem__json_count(sum, key) + (uint64_t)json_integer_value(value));
    } else if (json_is_boolean(value)) {
      bool is_partial = strcmp(key, "partial") == 0, is_true = json_is_true(value);
      bool was_true = former == NULL ? !is_partial : json_is_true(former);
      nomem__json_put(json, sum, key, json_boolean(is_partial ? was_true || is_true : was_true && is_true));
    }
  }
}

/* Whether a test passed in the suite, and yet nothing is known of what it does without memory. */
static bool is_unexplored(const struct nomem__suite_case *suite_case) {
  static const enum nomem__left_out reasons[] = {NOMEM_LEFT_OUT_UNFIT, NOMEM_LEFT_OUT_NOT_ALONE, NOMEM_LEFT_OUT_GONE,
                                                 NOMEM_LEFT_OUT_UNKNOWN};
  for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
    if (suite_case->reason != NULL && suite_case->left_out == reasons[i]) return true;
  return false;
}

static size_t count_unexplored(const struct nomem__suite *suite) {
  size_t count = 0;
  for (size_t i = 0; i < suite->cases.count; i++) count += is_unexplored(&suite->cases.list[i]);
  return count;
}

static void put_coverage(struct nomem__json *json, json_t *document, const struct nomem__suite *suite) {
  json_t *coverage = json_object();
  size_t explored = 0, in_place = 0;
  for (size_t i = 0; i < suite->cases.count; i++) {
    if (suite->results[i].document == NULL) continue;
    explored++;
    in_place += is_explored_in_place(suite, i);
    add_numbers(json, coverage, json_object_get(suite->results[i].document, "coverage"));
  }
  nomem__json_number(json, coverage, "cases", suite->cases.count);
  nomem__json_number(json, coverage, "cases_explored", explored);
  nomem__json_number(json, coverage, "cases_in_place", in_place);
  nomem__json_number(json, coverage, "cases_unexplored", count_unexplored(suite));
  nomem__json_put(json, document, "coverage", coverage);
}

static void put_verdicts(struct nomem__json *json, json_t *document, const struct nomem__suite *suite) {
  uint64_t runs[NOMEM_VERDICT_COUNT] = {0};
  for (size_t i = 0; i < suite->cases.count; i++) {
    const json_t *verdicts = json_object_get(suite->results[i].document, "verdicts");
    for (unsigned v = 0; v < NOMEM_VERDICT_COUNT; v++)
      runs[v] += nomem__json_count(json_array_get(verdicts, v), "runs");
  }
  nomem__document_put_verdicts(json, document, suite->options->strict, runs);
}

static void warn(struct nomem__json *json, json_t *warnings, char *sentence) {
  json_t *safe = nomem__json_safe(sentence);
  if (json_array_size(warnings) < WARNINGS_MAX && !nomem__json_has_text(warnings, json_string_value(safe)))
    nomem__json_add(json, warnings, safe);
  else
    json_decref(safe);
  free(sentence);
}

static void warn_of_runner(struct nomem__json *json, json_t *warnings, const struct nomem__suite *suite) {
  const struct nomem__recording *recording = &suite->recording;
  int status = recording->status;
  if (recording->has_timed_out)
    warn(json, warnings,
         nomem__format("the runner was ended when its time was up: tests that it had not come to are "
                       "not known"));
  else if (recording->interrupted_by != 0)
    warn(json, warnings, nomem__format("the runner was interrupted: tests that it had not come to are not known"));
  else if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
    warn(json, warnings, nomem__format("the runner itself failed: exit status %d", WEXITSTATUS(status)));
  else if (WIFSIGNALED(status))
    warn(json, warnings, nomem__format("the runner itself was killed by signal %d", WTERMSIG(status)));
  if (suite->in_place != NULL && suite->in_place->has_timed_out)
    warn(json, warnings, nomem__format("the runner was ended when its time was up as it ran once more"));
  if (recording->left_out > 0)
    warn(json, warnings, nomem__format("%zu programs more were started than are recorded", recording->left_out));
  bool is_certain;
  char *unseen = nomem__runner_kind_describe_unseen(recording, &is_certain);
  if (unseen != NULL) warn(json, warnings, unseen);
}

/* Whether two sentences say the same but for their numbers. */
static bool is_alike(const char *one, const char *other) {
  static const char digits[] = "0123456789";
  for (;; one++, other++) {
    size_t length = strspn(one, digits), other_length = strspn(other, digits);
    if ((length > 0) != (other_length > 0)) return false;
    one += length;
    other += other_length;
    if (*one != *other) return false;
    if (*one == '\0') return true;
  }
}

/* What a test's own report warns of. */
struct own_warning {
  const struct nomem__suite_case *suite_case; /* the first that has it */
  const char *sentence;
  size_t count; /* of tests that say the like */
};

static void note_warning(struct own_warning *list, size_t *count, const struct nomem__suite_case *suite_case,
                         const char *sentence) {
  size_t i = 0;
  while (i < *count && !is_alike(list[i].sentence, sentence)) i++;
  if (i == *count && *count == WARNINGS_MAX) return;
  if (i == *count) list[(*count)++] = (struct own_warning){.suite_case = suite_case, .sentence = sentence};
  list[i].count++;
}

/* Each once, however many tests have to say it, each with numbers of its own. */
static void warn_of_cases(struct nomem__json *json, json_t *warnings, const struct nomem__suite *suite) {
  struct own_warning list[WARNINGS_MAX];
  size_t count = 0;
  for (size_t i = 0; i < suite->cases.count; i++) {
    const json_t *own = json_object_get(suite->results[i].document, "warnings");
    for (size_t w = 0; w < json_array_size(own); w++)
      note_warning(list, &count, &suite->cases.list[i], json_string_value(json_array_get(own, w)));
  }
  for (size_t i = 0; i < count; i++) {
    char *more = list[i].count > 1 ? nomem__format(" (and the like in %zu more tests)", list[i].count - 1) : NULL;
    warn(json, warnings,
         nomem__format("%s: %s%s", list[i].suite_case->name, list[i].sentence, more != NULL ? more : ""));
    free(more);
  }
}

static void put_warnings(struct nomem__json *json, json_t *document, const struct nomem__suite *suite) {
  json_t *warnings = json_array();
  size_t without_input = 0, lost_inputs = 0;
  const char *first = "";
  warn_of_runner(json, warnings, suite);
  warn_of_cases(json, warnings, suite);
  for (size_t i = 0; i < suite->cases.count; i++) {
    const struct nomem__recorded_image *image = suite->cases.list[i].image;
    bool is_explored = suite->results[i].document != NULL;
    without_input += is_explored && image->input == NOMEM_INPUT_OTHER;
    if (is_explored && image->is_input_lost && lost_inputs++ == 0) first = suite->cases.list[i].name;
  }
  if (without_input > 0 && suite->options->verbose)
    warn(json, warnings,
         nomem__format("%zu tests read a terminal or a pipe in the suite, and have no input here", without_input));
  if (lost_inputs > 0)
    warn(json, warnings,
         nomem__format("%s%s: what the runner gave to standard input was too much to copy, or came while the test ran: "
                       "%s explored without it",
                       first, lost_inputs > 1 ? " and others" : "", lost_inputs > 1 ? "they were" : "it was"));
  nomem__json_put(json, document, "warnings", warnings);
}

/* Says how to debug a finding of a suite. Whoever reads the report stands in the suite's folder, where its store is
 * found unless it was put elsewhere; the run changes to the test's by itself. Of several tests that have a finding of
 * this id, the site says which. */
static void put_debugging(struct nomem__json *json, json_t *finding, const struct nomem__suite *suite) {
  static const char site[] = "site=", named[] = " --store ";
  const char *plan = nomem__json_string(json_object_get(finding, "fault"), "plan");
  const char *debug = nomem__json_string(finding, "debug"), *store = strstr(debug, named);
  if (store == NULL || store[strlen(named)] != '/') return;
  bool has_site = strncmp(plan, site, strlen(site)) == 0;
  const char *key = has_site ? plan + strlen(site) : "";
  char *usual = nomem__format("%s%s/%s", named, suite->folder, NOMEM_STORE_PATH);
  char *line = nomem__format("nomem replay --gdb %s%s%.*s%s", nomem__json_string(finding, "replay"),
                             has_site ? "@" : "", (int)strcspn(key, "@"), key, strcmp(store, usual) == 0 ? "" : store);
  nomem__json_text(json, finding, "debug", line);
  free(line);
  free(usual);
}

/* A pass of a document; NULL: it made no run. */
static const json_t *find_pass(const json_t *document, enum nomem__pass pass) {
  const json_t *passes = json_object_get(document, "passes");
  for (size_t i = 0; i < json_array_size(passes); i++)
    if (strcmp(nomem__json_string(json_array_get(passes, i), "pass"), nomem__pass_names[pass]) == 0)
      return json_array_get(passes, i);
  return NULL;
}

/* The sums of all cases, whose passes go on side by side. */
static void put_passes(struct nomem__json *json, json_t *document, const struct nomem__suite *suite) {
  json_t *list = json_array();
  for (enum nomem__pass pass = 0; pass < NOMEM__PASSES; pass++) {
    uint64_t runs = 0;
    double seconds = 0;
    for (size_t i = 0; i < suite->cases.count; i++) {
      const json_t *own = find_pass(suite->results[i].document, pass);
      runs += nomem__json_count(own, "runs");
      seconds += json_real_value(json_object_get(own, "seconds"));
    }
    if (runs > 0) nomem__json_add(json, list, nomem__document_make_pass(json, pass, runs, seconds));
  }
  nomem__json_put(json, document, "passes", list);
}

/* What the cases know of their runs; the rest is found in the folder. */
static void put_code_coverage(struct nomem__json *json, json_t *document, const struct nomem__suite *suite) {
  json_t *object = json_object(), *modules = json_array(), *calls = json_array();
  nomem__json_number(json, object, "runs", 0);
  nomem__json_number(json, object, "runs_without_data", 0);
  for (size_t i = 0; i < suite->cases.count; i++) {
    json_t *own = json_object_get(suite->results[i].document, "code_coverage");
    if (own == NULL) continue;
    add_numbers(json, object, own);
    json_array_extend(modules, json_object_get(own, "modules"));
    json_array_extend(calls, json_object_get(own, "calls"));
  }
  nomem__json_put(json, object, "calls", calls);
  nomem__json_put(json, object, "modules", modules);
  nomem__json_put(json, document, "code_coverage", object);
}

static void put_findings(struct nomem__json *json, json_t *document, const struct nomem__suite *suite) {
  struct nomem__case_findings *list = nomem__calloc(suite->cases.count + 1, sizeof *list);
  for (size_t i = 0; i < suite->cases.count; i++) {
    const struct nomem__suite_case *suite_case = &suite->cases.list[i];
    list[i] = (struct nomem__case_findings){.name = suite_case->name,
                                            .document = suite->results[i].document,
                                            .wall_us = suite_case->image->wall_us,
                                            .is_in_place = suite_case->is_in_place};
  }
  json_t *excluded = NULL, *findings = nomem__suite_findings_join(list, suite->cases.count, &excluded);
  for (size_t i = 0; i < json_array_size(findings); i++) put_debugging(json, json_array_get(findings, i), suite);
  for (size_t i = 0; i < json_array_size(excluded); i++) put_debugging(json, json_array_get(excluded, i), suite);
  nomem__json_put(json, document, "findings", findings);
  nomem__json_put(json, document, "excluded", excluded);
  free(list);
}

static bool is_complete(const struct nomem__suite *suite) {
  size_t explored = 0;
  bool is_whole = suite->interrupted_by == 0 && !suite->recording.has_timed_out && suite->recording.left_out == 0;
  bool is_certain;
  char *unseen = nomem__runner_kind_describe_unseen(&suite->recording, &is_certain);
  is_whole = is_whole && unseen == NULL;
  free(unseen);
  for (size_t i = 0; i < suite->cases.count && is_whole; i++) {
    const json_t *document = suite->results[i].document;
    explored += document != NULL;
    if (document != NULL) is_whole = json_is_true(json_object_get(document, "complete"));
  }
  return is_whole && explored > 0 && count_unexplored(suite) == 0;
}

json_t *nomem__suite_document_make(const struct nomem__suite *suite) {
  struct nomem__json json = {0};
  json_t *document = json_object(), *command = json_array(), *cases = json_array();
  nomem__document_put_origin(&json, document);
  for (char **word = suite->options->program; *word != NULL; word++)
    nomem__json_add(&json, command, nomem__json_safe(*word));
  nomem__json_put(&json, document, "command", command);
  nomem__json_put(&json, document, "seconds", json_real((double)(suite->ended_ns - suite->began_ns) / 1e9));
  nomem__json_put(&json, document, "recording_seconds", json_real((double)suite->recording.wall_us / 1e6));
  put_passes(&json, document, suite);
  nomem__json_put(&json, document, "complete", json_boolean(is_complete(suite)));
  for (size_t i = 0; i < suite->cases.count; i++) nomem__json_add(&json, cases, make_case(&json, suite, i));
  nomem__json_put(&json, document, "cases", cases);
  nomem__json_number(&json, document, "other_programs", suite->cases.other_count);
  put_coverage(&json, document, suite);
  if (suite->options->coverage != NULL) put_code_coverage(&json, document, suite);
  put_verdicts(&json, document, suite);
  put_findings(&json, document, suite);
  put_warnings(&json, document, suite);
  nomem__document_put_next(&json, document, !suite->options->no_store);
  if (!json.failed) return document;
  json_decref(document);
  return NULL;
}
