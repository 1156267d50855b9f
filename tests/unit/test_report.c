/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "explore/report/document.h"
#include "explore/report/report.h"
#include "explore/stack/json_stack.h"
#include "explore/text/json_values.h"
#include "explore/text/memory.h"
#include "fixtures/short_memory.h"

typedef int writer(const json_t *document, FILE *out);

/* A document with one finding; name stands wherever a name can. */
static json_t *document_of(const char *name, bool flaky, bool complete) {
  json_t *frame = json_pack("{s:s, s:s, s:i, s:s, s:s}", "function", name, "file", name, "line", 7, "module", name,
                            "offset", "0x10");
  json_t *finding = json_pack(
      "{s:s, s:s, s:s, s:b, s:i, s:s, s:s, s:s, s:s, s:{s:s, s:i, s:i, s:s, s:i, s:[O]}, s:{s:i, s:[O, O]}}", "id",
      "crash-1", "verdict", "crash", "meaning", name, "flaky", (int)flaky, "runs", 3, "location", name, "end", name,
      "reproduce", name, "message", name, "fault", "function", "malloc", "bytes", 9, "allocation", 1, "location", name,
      "culprit", 0, "stack", frame, "blow_up", "culprit", 1, "stack", frame, frame);
  json_t *document =
      json_pack("{s:{s:s}, s:[s], s:s, s:s, s:f, s:b, s:{s:i, s:i}, s:[{s:s, s:s, s:b, s:i}], s:[o], s:[], s:[]}",
                "tool", "version", "1", "command", name, "directory", "/root of/work", "source_root", "/root of",
                "seconds", 1.5, "complete", (int)complete, "coverage", "points", 4, "points_tried", 3, "verdicts",
                "name", "crash", "meaning", name, "is_finding", 1, "runs", 3, "findings", finding, "frames", "sites");
  json_decref(frame);
  assert_non_null(document);
  return document;
}

/* The caller's text of a report, and the document's end. */
static char *written(writer *write, json_t *document) {
  char *text = NULL;
  size_t bytes;
  FILE *out = open_memstream(&text, &bytes);
  assert_non_null(out);
  assert_int_equal(write(document, out), 0);
  assert_int_equal(fclose(out), 0);
  assert_int_equal(strlen(text), bytes);
  json_decref(document);
  return text;
}

static json_t *sarif_run(json_t *document) {
  char *text = written(nomem__report_sarif, document);
  json_t *log = json_loads(text, 0, NULL);
  free(text);
  assert_non_null(log);
  assert_string_equal(nomem__json_string(log, "version"), "2.1.0");
  json_t *run = json_incref(json_array_get(json_object_get(log, "runs"), 0));
  json_decref(log);
  assert_non_null(run);
  return run;
}

static size_t count(const char *text, const char *what) {
  size_t times = 0;
  for (; (text = strstr(text, what)) != NULL; text += strlen(what)) times++;
  return times;
}

/* XML 1.0 has no way to write most control characters and two code points: none of them is in the report. */
static void test_junit_has_only_characters_that_xml_has(void **state) {
  (void)state;
  json_t *document = document_of("a\x01\x1b\x7f\xef\xbf\xbe\xef\xbf\xbf\xef\xbf\xbd", false, true);
  char *text = written(nomem__report_junit, document);
  for (const unsigned char *c = (unsigned char *)text; *c != '\0'; c++) assert_true(*c >= ' ' || *c == '\n');
  assert_null(strstr(text, "\xef\xbf\xbe"));
  assert_null(strstr(text, "\xef\xbf\xbf"));
  assert_non_null(strstr(text, "a\\x01\\x1b\\x7f\\xef\\xbf\\xbe\\xef\\xbf\\xbf\xef\xbf\xbd\""));
  free(text);
}

/* What is markup in XML is written by its name, in attributes and in content. */
static void test_junit_escapes_markup(void **state) {
  (void)state;
  char *text = written(nomem__report_junit, document_of("<a b='c'>&\"]]>\n", false, true));
  assert_null(strstr(text, "<a"));
  assert_null(strstr(text, "]]>"));
  assert_non_null(strstr(text, "classname=\"crash\" name=\"&lt;a b=&#39;c&#39;&gt;&amp;&quot;]]&gt;&#10;\""));
  free(text);
}

/* A flaky finding is a skipped case, not a failure; an exploration that was cut short is an error. */
static void test_junit_counts_what_counts(void **state) {
  (void)state;
  char *text = written(nomem__report_junit, document_of("f", true, false));
  assert_non_null(strstr(text, "tests=\"2\" failures=\"0\" errors=\"1\""));
  assert_non_null(strstr(text, "skipped=\"1\""));
  assert_int_equal(count(text, "<failure"), 0);
  assert_int_equal(count(text, "<skipped"), 1);
  assert_int_equal(count(text, "<error"), 1);
  free(text);
  text = written(nomem__report_junit, document_of("f", false, true));
  assert_non_null(strstr(text, "tests=\"2\" failures=\"1\" errors=\"0\""));
  assert_int_equal(count(text, "<error"), 0);
  free(text);
}

/* No name begins a line of TAP, ends a description early, or makes a failure one that is expected. */
static void test_tap_lines_are_its_own(void **state) {
  (void)state;
  char *text = written(nomem__report_tap, document_of("f\nok 1 # TODO \\ x", false, true));
  assert_non_null(strstr(text, "\nnot ok 1 - crash in f ok 1 \\# TODO \\\\ x\n"));
  assert_non_null(strstr(text, "\n  message: \"f\\nok 1 # TODO \\\\ x\"\n"));
  assert_int_equal(count(text, "\nok "), 1);
  assert_int_equal(count(text, "\nnot ok "), 1);
  assert_int_equal(count(text, "\n1..2\n"), 1);
  free(text);
}

/* A flaky finding is one that is expected to fail; an exploration that was cut short bails out. */
static void test_tap_tells_flaky_and_incomplete(void **state) {
  (void)state;
  char *text = written(nomem__report_tap, document_of("f", true, false));
  assert_non_null(strstr(text, "\nnot ok 1 - crash in f # TODO flaky"));
  assert_non_null(strstr(text, "\nBail out! "));
  assert_int_equal(count(text, "\nok "), 0);
  free(text);
}

/* A document whose only finding was set aside. */
static json_t *excluded_document(const char *reason) {
  json_t *document = document_of("f", false, true);
  json_t *findings = json_object_get(document, "findings");
  json_object_set_new(json_array_get(findings, 0), "exclusion", json_string(reason));
  json_object_set(document, "excluded", findings);
  json_object_set_new(document, "findings", json_array());
  return document;
}

/* What is set aside fails no test, and has its reason; nothing is annotated for it. */
static void test_excluded_does_not_count(void **state) {
  (void)state;
  char *text = written(nomem__report_tap, excluded_document("known # <why>\n"));
  assert_non_null(strstr(text, "\n1..2\nnot ok 1 - crash in f # TODO known \\# <why> \n"));
  free(text);
  text = written(nomem__report_junit, excluded_document("known <why>"));
  assert_non_null(strstr(text, "tests=\"2\" failures=\"0\""));
  assert_non_null(strstr(text, "skipped=\"1\""));
  assert_non_null(strstr(text, "<skipped message=\"known &lt;why&gt;\"/>"));
  assert_int_equal(count(text, "<failure"), 0);
  free(text);
  json_t *run = sarif_run(excluded_document("known"));
  assert_int_equal(json_array_size(json_object_get(run, "results")), 0);
  json_decref(run);
}

/* Nothing in the page's data can end the script element it is in, or begin another. */
static void test_html_data_holds_no_markup(void **state) {
  (void)state;
  char *text = written(nomem__report_html, document_of("</script><!--<script>&\xe2\x80\xa8", false, true));
  char *data = strstr(text, "id=\"document\">");
  assert_non_null(data);
  data += strlen("id=\"document\">");
  char *end = strchr(data, '<');
  assert_non_null(end);
  assert_memory_equal(end, "</script>\n<script nonce=", strlen("</script>\n<script nonce="));
  *end = '\0';
  assert_null(strpbrk(data, "<>&"));
  assert_null(strstr(data, "\xe2\x80\xa8"));
  json_t *read = json_loads(data, 0, NULL); /* and it is still what it was */
  assert_string_equal(nomem__json_string(json_array_get(json_object_get(read, "findings"), 0), "location"),
                      "</script><!--<script>&\xe2\x80\xa8");
  json_decref(read);
  assert_non_null(strstr(text, "<title>nomem: &lt;/script&gt;&lt;!--&lt;script&gt;&amp;"));
  free(text);
}

static const json_t *at(const json_t *value, const char *key) {
  const json_t *member = json_object_get(value, key);
  return json_is_array(member) ? json_array_get(member, 0) : member;
}

/* Where a file is, by how its path begins: below the source root, elsewhere, or where some library was built. */
static void test_sarif_addresses(void **state) {
  static const struct {
    const char *file, *uri;
    bool is_here, is_below;
  } cases[] = {
      {"a b/c%[].c", "work/a%20b/c%25%5B%5D.c", true, true},
      {"/root of/lib/x.c", "lib/x.c", true, true},
      {"/root of/lib/x.c", "lib/x.c", false, true},
      {"/root offside/x.c", "file:///root%20offside/x.c", true, false},
      {"/usr/include/\xc3\xa9.h", "file:///usr/include/%C3%A9.h", false, false},
      {"sysdeps/x.c", "sysdeps/x.c", false, false},
      {"C:x.c", "C%3Ax.c", false, false},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    json_t *document = document_of(cases[i].file, false, true);
    json_t *frame = (json_t *)nomem__json_stack_culprit(at(at(document, "findings"), "blow_up"));
    if (cases[i].is_here)
      json_object_set_new(frame, "source", json_pack("{s:i, s:[s, s]}", "first", 6, "lines", "before", "this"));
    json_t *run = sarif_run(document);
    const json_t *physical = at(at(at(run, "results"), "locations"), "physicalLocation");
    const json_t *artifact = at(physical, "artifactLocation"), *region = at(physical, "region");
    assert_string_equal(nomem__json_string(artifact, "uri"), cases[i].uri);
    assert_string_equal(nomem__json_string(artifact, "uriBaseId"), cases[i].is_below ? "SRCROOT" : "");
    assert_int_equal(nomem__json_count(region, "startLine"), 7);
    assert_string_equal(nomem__json_string(at(region, "snippet"), "text"), cases[i].is_here ? "this" : "");
    json_decref(run);
  }
}

/* A message is plain text: braces are doubled, what would be a link is not, and the rest is left alone. */
static void test_sarif_messages(void **state) {
  static const char *const cases[][2] = {{"f{0}", "f{{0}}"},
                                         {"[x](https://evil)", "\\[x\\](https://evil)"},
                                         {"operator[] a\\b", "operator[] a\\b"},
                                         {"operator[](int)\\", "operator\\[\\](int)\\\\"}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    json_t *run = sarif_run(document_of(cases[i][0], false, true));
    assert_string_equal(nomem__json_string(at(at(run, "results"), "message"), "text"), cases[i][1]);
    json_decref(run);
  }
}

/* The parts that the standard asks for and code hosts rely on. */
static void test_sarif_parts(void **state) {
  (void)state;
  json_t *run = sarif_run(document_of("f", true, false));
  const json_t *result = at(run, "results"), *driver = at(at(run, "tool"), "driver");
  assert_string_equal(nomem__json_string(driver, "name"), "nomem");
  assert_string_equal(nomem__json_string(at(driver, "rules"), "id"), "nomem/crash");
  assert_string_equal(nomem__json_string(result, "ruleId"), "nomem/crash");
  assert_int_equal(nomem__json_count(result, "ruleIndex"), 0);
  assert_string_equal(nomem__json_string(result, "level"), "note"); /* flaky */
  assert_string_equal(nomem__json_string(at(result, "partialFingerprints"), "nomem/v1"), "crash-1");
  assert_int_equal(json_array_size(json_object_get(result, "stacks")), 2);
  assert_int_equal(json_array_size(json_object_get(result, "relatedLocations")), 1);
  assert_int_equal(json_array_size(json_object_get(at(at(result, "codeFlows"), "threadFlows"), "locations")), 2);
  assert_true(json_is_false(at(at(run, "invocations"), "executionSuccessful")));
  assert_string_equal(nomem__json_string(at(at(run, "originalUriBaseIds"), "SRCROOT"), "uri"), "file:///root%20of/");
  json_decref(run);
}

/* The line of a caller is annotated when the culprit's own source is not here. */
static void test_sarif_annotates_what_is_here(void **state) {
  (void)state;
  json_t *document = document_of("lib.c", false, true);
  json_t *blow_up = (json_t *)at(at(document, "findings"), "blow_up");
  json_array_append_new(
      json_object_get(blow_up, "stack"),
      json_pack("{s:s, s:i, s:{s:i, s:[s]}}", "file", "mine.c", "line", 3, "source", "first", 3, "lines", "call();"));
  json_t *run = sarif_run(document);
  const json_t *physical = at(at(at(run, "results"), "locations"), "physicalLocation");
  assert_string_equal(nomem__json_string(at(physical, "artifactLocation"), "uri"), "work/mine.c");
  assert_int_equal(nomem__json_count(at(physical, "region"), "startLine"), 3);
  json_decref(run);
}

/* A finding of which next to nothing is known is reported all the same. */
static void test_all_take_a_bare_finding(void **state) {
  static writer *const writers[] = {nomem__report_json, nomem__report_junit, nomem__report_sarif, nomem__report_tap,
                                    nomem__report_html};
  (void)state;
  for (size_t i = 0; i < sizeof writers / sizeof *writers; i++) {
    json_t *document = document_of("f", false, true);
    json_t *finding = (json_t *)at(document, "findings");
    json_object_del(finding, "blow_up");
    json_object_set_new(finding, "fault", json_pack("{s:i, s:[]}", "culprit", 5, "stack"));
    free(written(writers[i], document));
  }
}

static struct nomem__trace trace_of(uint64_t offset) {
  return (struct nomem__trace){.depth = 1, .frame = {{"/nowhere/lib.so", offset, true}}};
}

/* A campaign of two sites with a finding each, which have the same names. */
struct example {
  struct nomem__campaign campaign;
  struct nomem__session session;
  struct nomem__options options;
  char *program[3], *modules[1];
  nomem_frame frames[3];
  struct nomem__campaign_site sites[2];
  struct nomem__finding findings[2];
};

static struct example *open_example(void) {
  static char module[] = "/nowhere/lib.so", word[] = "./x", odd_word[] = "\xff";
  struct example *example = calloc(1, sizeof *example); /* large for a stack */
  assert_non_null(example);
  nomem_frame frames[] = {NOMEM_FRAME(1, 16), NOMEM_FRAME(9, 32), NOMEM_FRAME(1, 16)};
  memcpy(example->frames, frames, sizeof frames);
  example->sites[0] = (struct nomem__campaign_site){
      .key = 0xabc, .count = 5, .frames = example->frames, .depth = 2, .tried = 2, .worst = NOMEM_VERDICT_CRASH};
  example->sites[1] = (struct nomem__campaign_site){
      .key = 0xdef, .count = 1, .frames = example->frames + 2, .depth = 1, .worst = NOMEM_VERDICT_COUNT};
  for (size_t i = 0; i < 2; i++) {
    struct nomem__finding *finding = &example->findings[i];
    finding->verdict = NOMEM_VERDICT_CRASH;
    finding->runs = 2 - i;
    finding->signal = SIGSEGV;
    strcpy(finding->plan, "site=00000000@1");
    finding->fault = trace_of(16);
    finding->blow_up = trace_of(16);
  }
  example->program[0] = word;
  example->program[1] = odd_word;
  example->modules[0] = module;
  example->options = (struct nomem__options){.program = example->program, .image = ""};
  example->session.options = &example->options;
  example->campaign.session = &example->session;
  example->campaign.sites = example->sites;
  example->campaign.site_count = 2;
  example->campaign.modules = example->modules;
  example->campaign.module_count = 1;
  example->campaign.findings = (struct nomem__findings){example->findings, 2, 2};
  example->session.symbols = nomem__symbols_open();
  return example;
}

static void close_example(struct example *example) {
  nomem__symbols_close(example->session.symbols);
  free(example);
}

/* A campaign's document: frames once for all sites, sites by how they fared, and findings that have the same names told
 * apart by number. */
static void test_document_of_a_campaign(void **state) {
  (void)state;
  struct example *example = open_example();
  struct nomem__campaign *campaign = &example->campaign;
  json_t *document = nomem__document_make(campaign, true);
  assert_non_null(document);
  assert_int_equal(json_array_size(json_object_get(document, "frames")), 2);
  const json_t *site = json_array_get(json_object_get(document, "sites"), 0);
  assert_string_equal(nomem__json_string(site, "worst_verdict"), "crash");
  assert_int_equal(json_array_size(json_object_get(site, "frames")), 2);
  assert_null(json_object_get(json_array_get(json_object_get(document, "sites"), 1), "worst_verdict"));
  assert_int_equal(nomem__json_count(json_object_get(document, "coverage"), "sites_tried"), 1);
  const json_t *list = json_object_get(document, "findings");
  const char *first = nomem__json_string(json_array_get(list, 0), "id");
  const char *second = nomem__json_string(json_array_get(list, 1), "id");
  assert_int_equal(strlen(second), strlen(first) + 2);
  assert_memory_equal(second, first, strlen(first));
  assert_string_equal(second + strlen(first), "-2");
  assert_string_equal(json_string_value(json_array_get(json_object_get(document, "command"), 1)), "\\xff");

  /* The second keeps its number when the first is excluded. */
  example->findings[0].exclusion_reason = "known";
  campaign->excluded = (struct nomem__findings){example->findings, 1, 1};
  campaign->findings = (struct nomem__findings){example->findings + 1, 1, 1};
  json_t *after = nomem__document_make(campaign, true);
  assert_non_null(after);
  const json_t *counted = json_object_get(after, "findings"), *excluded = json_object_get(after, "excluded");
  assert_int_equal(json_array_size(counted), 1);
  assert_int_equal(json_array_size(excluded), 1);
  assert_string_equal(nomem__json_string(json_array_get(counted, 0), "id"), second);
  assert_string_equal(nomem__json_string(json_array_get(excluded, 0), "id"), first);
  assert_string_equal(nomem__json_string(json_array_get(excluded, 0), "exclusion"), "known");
  json_decref(after);
  json_decref(document);
  close_example(example);
}

/* What of a document is the same each time it is built. */
static char *dump(json_t *document) {
  json_object_del(document, "date");
  return json_dumps(document, JSON_SORT_KEYS);
}

struct wanted {
  const void *from; /* a campaign or a document */
  writer *write;
  const char *text;
};

static bool makes_document(const void *arg) {
  const struct wanted *wanted = arg;
  json_t *document = nomem__document_make(wanted->from, true);
  char *text = dump(document);
  bool is_right = strcmp(text, wanted->text) == 0;
  free(text);
  json_decref(document);
  return is_right;
}

/* Whichever allocation fails: no document lacks something. */
static void test_document_without_memory(void **state) {
  (void)state;
  struct example *example = open_example();
  json_t *document = nomem__document_make(&example->campaign, true);
  char *text = dump(document);
  struct wanted wanted = {.from = &example->campaign, .text = text};
  assert_true(count_giving_up(makes_document, &wanted, true) > 100);
  json_decref(document);
  free(text);
  close_example(example);
}

#define REPORT_BYTES (1 << 20)

static bool writes_report(const void *arg) {
  static char text[REPORT_BYTES], buffer[BUFSIZ];
  const struct wanted *wanted = arg;
  uint64_t left = allocations_left;
  fail_never();
  FILE *out = fmemopen(text, REPORT_BYTES, "w");
  setvbuf(out, buffer, _IOFBF, sizeof buffer);
  allocations_left = left;
  int result = wanted->write(wanted->from, out);
  return result == 0 && fclose(out) == 0 && strcmp(text, wanted->text) == 0;
}

/* Whichever allocation fails: a report is whole, or there is none. */
static void test_reports_without_memory(void **state) {
  (void)state;
  static writer *const all[] = {nomem__report_json, nomem__report_junit, nomem__report_sarif, nomem__report_tap};
  json_t *document = document_of("f", false, true);
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    char *text = written(all[i], json_incref(document));
    struct wanted wanted = {document, all[i], text};
    assert_true(count_giving_up(writes_report, &wanted, true) > 0);
    free(text);
  }
  json_decref(document);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_junit_has_only_characters_that_xml_has),
      cmocka_unit_test(test_junit_escapes_markup),
      cmocka_unit_test(test_junit_counts_what_counts),
      cmocka_unit_test(test_tap_lines_are_its_own),
      cmocka_unit_test(test_tap_tells_flaky_and_incomplete),
      cmocka_unit_test(test_excluded_does_not_count),
      cmocka_unit_test(test_html_data_holds_no_markup),
      cmocka_unit_test(test_sarif_addresses),
      cmocka_unit_test(test_sarif_messages),
      cmocka_unit_test(test_sarif_parts),
      cmocka_unit_test(test_sarif_annotates_what_is_here),
      cmocka_unit_test(test_all_take_a_bare_finding),
      cmocka_unit_test(test_document_of_a_campaign),
      cmocka_unit_test(test_document_without_memory),
      cmocka_unit_test(test_reports_without_memory),
  };
  nomem__memory_set_libraries();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
