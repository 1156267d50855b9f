/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../stack/json_stack.h"
#include "../text/json_values.h"
#include "../text/memory.h"
#include "../text/memory_stream.h"
#include "document.h"
#include "explanations.h"
#include "report.h"

#define SCHEMA "https://json.schemastore.org/sarif-2.1.0.json"
#define SOURCE_ROOT "SRCROOT"
/* How a fingerprint is made: a name and a version. */
#define FINGERPRINT "nomem/v1"
#define RULE_PREFIX "nomem/"

/* Escapes a text for SARIF, where braces hold the number of an argument and [text](place) is a link. The caller's.
 */
static char *escape_message(const char *text) {
  struct nomem__memory_stream stream;
  FILE *out = nomem__memory_stream_open(&stream);
  bool may_be_link = strstr(text, "](") != NULL;
  for (const char *c = text; *c != '\0'; c++) {
    if (*c == '{' || *c == '}') fputc(*c, out);
    if (may_be_link && (*c == '[' || *c == ']' || *c == '\\')) fputc('\\', out);
    fputc(*c, out);
  }
  return nomem__memory_stream_close(&stream);
}

/* Puts a formatted text as SARIF's message. */
__attribute__((format(printf, 4, 5))) static void put_message(struct nomem__json *json, json_t *object, const char *key,
                                                              const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char *text = nomem__vformat(format, arguments);
  va_end(arguments);
  char *escaped = escape_message(text);
  json_t *message = json_object();
  nomem__json_put(json, message, "text", json_string(escaped));
  nomem__json_put(json, object, key, message);
  free(escaped);
  free(text);
}

/* Prints a path as a URI, or as part of one: everything that is not plain is percent-encoded. */
static void print_uri(FILE *out, const char *prefix, const char *path, const char *suffix) {
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
  fputs(prefix, out);
  for (const char *c = path; *c != '\0'; c++) {
    if (strchr(plain, *c) != NULL)
      fputc(*c, out);
    else
      fprintf(out, "%%%02X", (unsigned char)*c);
  }
  fputs(suffix, out);
}

static void put_uri(struct nomem__json *json, json_t *object, const char *prefix, const char *path,
                    const char *suffix) {
  struct nomem__memory_stream stream;
  FILE *out = nomem__memory_stream_open(&stream);
  print_uri(out, prefix, path, suffix);
  char *uri = nomem__memory_stream_close(&stream);
  nomem__json_put(json, object, "uri", json_string(uri));
  free(uri);
}

/* Returns the part of an absolute path that is below the source root; NULL: the path is elsewhere. */
static const char *find_below_root(const json_t *document, const char *path) {
  const char *root = nomem__json_string(document, "source_root");
  size_t length = strlen(root);
  if (length > 1 && root[length - 1] == '/') length--;
  if (length <= 1 || strncmp(path, root, length) != 0 || path[length] != '/') return NULL;
  return path + length + 1;
}

static json_t *make_artifact(struct nomem__json *json, const json_t *document, const json_t *frame) {
  json_t *artifact = json_object();
  const char *file = nomem__json_string(frame, "file");
  if (*file == '\0') {
    put_uri(json, artifact, "file://", nomem__json_string(frame, "module"), "");
    return artifact;
  }
  char *path = NULL;
  bool is_here = json_object_get(frame, "source") != NULL;
  /* A relative path to a file that is not here is relative to where some library was built. */
  if (*file != '/') path = nomem__format("%s/%s", is_here ? nomem__json_string(document, "directory") : "", file);
  const char *absolute = path != NULL ? path : file;
  const char *below = find_below_root(document, absolute);
  if (below != NULL) {
    put_uri(json, artifact, "", below, "");
    nomem__json_text(json, artifact, "uriBaseId", SOURCE_ROOT);
  } else if (*file != '/' && !is_here) {
    put_uri(json, artifact, "", file, "");
  } else {
    put_uri(json, artifact, "file://", absolute, "");
  }
  free(path);
  return artifact;
}

static json_t *make_snippet(struct nomem__json *json, const json_t *source, uint64_t line) {
  json_t *snippet = json_object();
  uint64_t first = nomem__json_count(source, "first");
  const json_t *text = json_array_get(json_object_get(source, "lines"), line >= first ? line - first : SIZE_MAX);
  nomem__json_put(json, snippet, "text", json_string(json_is_string(text) ? json_string_value(text) : ""));
  return snippet;
}

/* Makes the location of a frame: the function, and its file and line or else its module. text is a message for it;
 * NULL: none. */
static json_t *make_location(struct nomem__json *json, const json_t *document, const json_t *frame, const char *text) {
  json_t *location = json_object();
  const char *function = nomem__json_string(frame, "function");
  uint64_t line = nomem__json_count(frame, "line");
  if (*nomem__json_string(frame, "file") != '\0' || *nomem__json_string(frame, "module") != '\0') {
    json_t *physical = json_object();
    nomem__json_put(json, physical, "artifactLocation", make_artifact(json, document, frame));
    if (line > 0) {
      json_t *region = json_object(), *source = json_object_get(frame, "source");
      nomem__json_number(json, region, "startLine", line);
      if (source != NULL) nomem__json_put(json, region, "snippet", make_snippet(json, source, line));
      nomem__json_put(json, physical, "region", region);
    }
    nomem__json_put(json, location, "physicalLocation", physical);
  }
  if (*function != '\0')
    nomem__json_put(json, location, "logicalLocations",
                    json_pack("[{s:s, s:s}]", "fullyQualifiedName", function, "kind", "function"));
  if (text != NULL) put_message(json, location, "message", "%s", text);
  return location;
}

/* Returns the frame to annotate: the culprit or, when its source is not here, the first caller whose source is. */
static const json_t *find_annotated(const json_t *trace) {
  const json_t *culprit = nomem__json_stack_culprit(trace), *stack = json_object_get(trace, "stack");
  for (size_t i = nomem__json_count(trace, "culprit"); i < json_array_size(stack); i++)
    if (json_object_get(json_array_get(stack, i), "source") != NULL) return json_array_get(stack, i);
  return culprit;
}

/* Makes the location of a result. Code hosts ignore a result without a line, so a frame without one gets line 1. */
static json_t *make_result_location(struct nomem__json *json, const json_t *document, const json_t *frame) {
  json_t *location = make_location(json, document, frame, NULL);
  json_t *physical = json_object_get(location, "physicalLocation");
  if (physical != NULL && json_object_get(physical, "region") == NULL)
    nomem__json_put(json, physical, "region", json_pack("{s:i}", "startLine", 1));
  return location;
}

static json_t *make_stack(struct nomem__json *json, const json_t *document, const json_t *trace, const char *text) {
  json_t *stack = json_object(), *frames = json_array(), *frame;
  size_t i;
  json_array_foreach(json_object_get(trace, "stack"), i, frame) {
    json_t *one = json_object();
    nomem__json_put(json, one, "location", make_location(json, document, frame, NULL));
    if (json_object_get(frame, "module") != NULL)
      nomem__json_put(json, one, "module", json_incref(json_object_get(frame, "module")));
    nomem__json_add(json, frames, one);
  }
  put_message(json, stack, "message", "%s", text);
  nomem__json_put(json, stack, "frames", frames);
  return stack;
}

/* Adds the stacks of the threads of a hang, but for the one that is shown. */
static void add_threads(struct nomem__json *json, const json_t *document, json_t *stacks, const json_t *finding) {
  json_t *thread;
  size_t i;
  json_array_foreach(json_object_get(finding, "threads"), i, thread) {
    if (json_is_true(json_object_get(thread, "is_shown"))) continue;
    char *text = nomem__format("thread %" PRIu64 " (%s) %s", nomem__json_count(thread, "number"),
                               nomem__json_string(thread, "name"), nomem__json_string(thread, "state"));
    nomem__json_add(json, stacks, make_stack(json, document, thread, text));
    free(text);
  }
}

/* Adds the steps of a stack, from the outermost call inwards. The last one has a message. */
static void add_steps(struct nomem__json *json, const json_t *document, json_t *steps, const json_t *trace,
                      const char *message) {
  const json_t *stack = json_object_get(trace, "stack");
  size_t culprit = nomem__json_count(trace, "culprit");
  for (size_t i = json_array_size(stack); i-- > culprit;) {
    const json_t *frame = json_array_get(stack, i);
    json_t *step = json_object();
    const char *function = nomem__json_string(frame, "function");
    nomem__json_put(json, step, "location", make_location(json, document, frame, i == culprit ? message : function));
    nomem__json_number(json, step, "nestingLevel", json_array_size(stack) - 1 - i);
    if (i == culprit) nomem__json_text(json, step, "importance", "essential");
    nomem__json_add(json, steps, step);
  }
}

static json_t *make_code_flow(struct nomem__json *json, const json_t *document, const json_t *finding,
                              const char *failed) {
  json_t *flow = json_object(), *thread = json_object(), *steps = json_array();
  add_steps(json, document, steps, json_object_get(finding, "fault"), failed);
  add_steps(json, document, steps, json_object_get(finding, "second_fault"), "a second call failed here");
  add_steps(json, document, steps, json_object_get(finding, "blow_up"), nomem__json_string(finding, "end"));
  nomem__json_put(json, thread, "locations", steps);
  nomem__json_put(json, flow, "threadFlows", json_pack("[o]", thread));
  return flow;
}

static json_t *make_rule(struct nomem__json *json, const json_t *verdict) {
  const struct nomem__explanation *explanation = nomem__explanation_of(nomem__json_string(verdict, "name"));
  json_t *rule = json_object();
  nomem__json_format(json, rule, "id", RULE_PREFIX "%s", nomem__json_string(verdict, "name"));
  nomem__json_put(json, rule, "name", json_incref(json_object_get(verdict, "name")));
  put_message(json, rule, "shortDescription", "%s", nomem__json_string(verdict, "meaning"));
  bool is_hostile = nomem__verdict_is_of_hostile(nomem__json_string(verdict, "name"));
  put_message(json, rule, "fullDescription", "%s, the program was found to be: %s.",
              is_hostile ? "Under an allocator that does all that the C standard allows"
                         : "After a memory allocation was made to fail",
              nomem__json_string(verdict, "meaning"));
  if (explanation != NULL && explanation->mending != NULL)
    put_message(json, rule, "help", "%s %s", explanation->meaning, explanation->mending);
  nomem__json_put(json, rule, "defaultConfiguration", json_pack("{s:s}", "level", "error"));
  nomem__json_put(json, rule, "properties",
                  json_pack("{s:[s,s], s:s}", "tags", "reliability", is_hostile ? "memory" : "out-of-memory",
                            "precision", "very-high"));
  return rule;
}

/* Returns the index of a verdict's rule; -1: it is not a finding, so it has none. */
static int64_t find_rule(const json_t *rules, const char *verdict) {
  for (size_t i = 0; i < json_array_size(rules); i++)
    if (strcmp(nomem__json_string(json_array_get(rules, i), "name"), verdict) == 0) return (int64_t)i;
  return -1;
}

static json_t *make_result(struct nomem__json *json, const json_t *document, const json_t *rules,
                           const json_t *finding) {
  json_t *result = json_object(), *stacks = json_array();
  const json_t *fault = json_object_get(finding, "fault"), *blow_up = json_object_get(finding, "blow_up");
  const json_t *end = find_annotated(blow_up != NULL ? blow_up : fault), *there = find_annotated(fault);
  const json_t *unchecked = json_object_get(finding, "unchecked");
  const json_t *here = json_object_get(unchecked, "source") != NULL ? unchecked : end;
  const json_t *second = json_object_get(finding, "second_fault");
  const char *verdict = nomem__json_string(finding, "verdict");
  bool flaky = json_is_true(json_object_get(finding, "flaky"));
  bool is_hostile = json_object_get(finding, "hostile") != NULL;
  char *failed =
      nomem__format("%s of %" PRIu64 " bytes %s here", nomem__json_string(fault, "function"),
                    nomem__json_count(fault, "bytes"), is_hostile ? nomem__document_effect(fault) : "failed");
  nomem__json_format(json, result, "ruleId", RULE_PREFIX "%s", verdict);
  int64_t index = find_rule(rules, verdict);
  if (index >= 0) nomem__json_number(json, result, "ruleIndex", (uint64_t)index);
  nomem__json_text(json, result, "level", flaky ? "note" : "error");
  put_message(json, result, "message", "%s", nomem__json_string(finding, "message"));
  nomem__json_put(json, result, "locations",
                  here != NULL ? json_pack("[o]", make_result_location(json, document, here)) : json_array());
  json_t *related = json_array();
  if (there != NULL) nomem__json_add(json, related, make_location(json, document, there, failed));
  if (here != end && end != NULL)
    nomem__json_add(json, related, make_location(json, document, end, nomem__json_string(finding, "end")));
  nomem__json_put(json, result, "relatedLocations", related);
  nomem__json_put(json, result, "codeFlows", json_pack("[o]", make_code_flow(json, document, finding, failed)));
  nomem__json_add(json, stacks,
                  make_stack(json, document, fault,
                             is_hostile ? "the call of the hostile allocator" : "where the call was failed"));
  if (second != NULL)
    nomem__json_add(json, stacks, make_stack(json, document, second, "where a second call was failed"));
  if (blow_up != NULL) nomem__json_add(json, stacks, make_stack(json, document, blow_up, "where it ended"));
  add_threads(json, document, stacks, finding);
  nomem__json_put(json, result, "stacks", stacks);
  nomem__json_put(json, result, "partialFingerprints", json_pack("{s:O}", FINGERPRINT, json_object_get(finding, "id")));
  nomem__json_number(json, result, "occurrenceCount", nomem__json_count(finding, "runs"));
  nomem__json_put(json, result, "properties",
                  json_pack("{s:O, s:b}", "reproduce", json_object_get(finding, "reproduce"), "flaky", (int)flaky));
  free(failed);
  return result;
}

static json_t *make_tool(struct nomem__json *json, const json_t *document, json_t *rules) {
  json_t *driver = json_object(), *verdict, *tool = json_object();
  size_t i;
  json_array_foreach(json_object_get(document, "verdicts"), i, verdict) {
    if (json_is_true(json_object_get(verdict, "is_finding"))) nomem__json_add(json, rules, make_rule(json, verdict));
  }
  nomem__json_text(json, driver, "name", "nomem");
  nomem__json_text(json, driver, "version", nomem__json_string(json_object_get(document, "tool"), "version"));
  nomem__json_put(json, driver, "rules", rules);
  nomem__json_put(json, tool, "driver", driver);
  return tool;
}

static json_t *make_invocation(struct nomem__json *json, const json_t *document) {
  json_t *invocation = json_object(), *directory = json_object();
  nomem__json_put(json, invocation, "executionSuccessful",
                  json_boolean(json_is_true(json_object_get(document, "complete"))));
  json_t *notifications = json_array(), *warning;
  size_t i;
  json_array_foreach(json_object_get(document, "warnings"), i, warning) {
    json_t *notification = json_object();
    nomem__json_text(json, notification, "level", "warning");
    put_message(json, notification, "message", "%s", json_string_value(warning));
    nomem__json_add(json, notifications, notification);
  }
  nomem__json_put(json, invocation, "toolExecutionNotifications", notifications);
  nomem__json_put(json, invocation, "arguments", json_incref(json_object_get(document, "command")));
  nomem__json_text(json, invocation, "endTimeUtc", nomem__json_string(document, "date"));
  put_uri(json, directory, "file://", nomem__json_string(document, "directory"), "/");
  nomem__json_put(json, invocation, "workingDirectory", directory);
  return invocation;
}

int nomem__report_sarif(const json_t *document, FILE *out) {
  struct nomem__json json = {0};
  json_t *log = json_object(), *run = json_object(), *rules = json_array(), *results = json_array(), *finding;
  json_t *root = json_object();
  size_t i;
  nomem__json_text(&json, log, "$schema", SCHEMA);
  nomem__json_text(&json, log, "version", "2.1.0");
  nomem__json_put(&json, run, "tool", make_tool(&json, document, rules));
  nomem__json_put(&json, run, "invocations", json_pack("[o]", make_invocation(&json, document)));
  if (json_object_get(document, "cases") != NULL)
    nomem__json_put(&json, run, "automationDetails", json_pack("{s:s}", "id", "nomem/suite/"));
  put_uri(&json, root, "file://", nomem__json_string(document, "source_root"), "/");
  nomem__json_put(&json, run, "originalUriBaseIds", json_pack("{s:o}", SOURCE_ROOT, root));
  json_array_foreach(json_object_get(document, "findings"), i, finding) {
    nomem__json_add(&json, results, make_result(&json, document, rules, finding));
  }
  nomem__json_put(&json, run, "results", results);
  nomem__json_put(&json, log, "runs", json_pack("[o]", run));
  int result = json.failed ? -EILSEQ : nomem__report_json(log, out);
  json_decref(log);
  return result;
}
