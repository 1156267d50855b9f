/* SPDX-License-Identifier: MIT */
#include "stored_reports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../text/complain.h"
#include "../text/grow.h"
#include "../text/json_values.h"
#include "../text/memory.h"
#include "../text/quote.h"

/* The version of documents that are read (report/document.h). */
#define DOCUMENT_VERSION 2

int nomem__stored_report_write(struct nomem__store *store, const char *identity, const char *directory,
                               const char *command, const json_t *document) {
  char *text = json_dumps(document, JSON_COMPACT);
  int result = text == NULL ? -EILSEQ
                            : nomem__store_do(store,
                                              "INSERT OR REPLACE INTO reports SELECT ?,?,?,coalesce(max(written),0)+1,?"
                                              " FROM reports",
                                              "tttt", identity, directory, command, text);
  free(text);
  return result;
}

int nomem__stored_reports_read(struct nomem__stored_reports *reports, struct nomem__store *store) {
  bool failed = false;
  if (!nomem__store_has_table(store, "main", "reports")) return 0;
  sqlite3_stmt *row =
      nomem__store_prepare(store, "SELECT identity,directory,command_text FROM reports ORDER BY written DESC", "");
  if (row == NULL) return -EIO;
  while (nomem__store_step(store, row, &failed)) {
    reports->list = nomem__grow(reports->list, reports->count, &reports->room, sizeof *reports->list);
    reports->list[reports->count++] =
        (struct nomem__stored_report){.identity = nomem__strdup(nomem__store_column_text(row, 0)),
                                      .directory = nomem__strdup(nomem__store_column_text(row, 1)),
                                      .command = nomem__strdup(nomem__store_column_text(row, 2))};
  }
  sqlite3_finalize(row);
  return failed ? -EIO : 0;
}

void nomem__stored_reports_free(struct nomem__stored_reports *reports) {
  for (size_t i = 0; i < reports->count; i++) {
    free(reports->list[i].identity);
    free(reports->list[i].directory);
    free(reports->list[i].command);
  }
  free(reports->list);
  *reports = (struct nomem__stored_reports){0};
}

/* Copies a value with every text in it fit for a terminal. */
static json_t *make_safe(json_t *value) {
  const char *key;
  json_t *member, *copy;
  size_t i;
  if (json_is_string(value)) return nomem__json_safe(json_string_value(value));
  if (!json_is_object(value) && !json_is_array(value)) return json_incref(value);
  copy = json_is_object(value) ? json_object() : json_array();
  json_object_foreach(value, key, member) {
    json_t *safe = nomem__json_safe(key);
    json_object_set_new(copy, json_string_value(safe), make_safe(member));
    json_decref(safe);
  }
  json_array_foreach(value, i, member) {
    json_array_append_new(copy, make_safe(member));
  }
  return copy;
}

static json_t *parse(const char *text) {
  json_error_t error;
  json_t *document = json_loads(text, 0, &error), *safe = NULL;
  if (strcmp(nomem__json_string(document, "format"), "nomem-report") == 0 &&
      nomem__json_count(document, "version") == DOCUMENT_VERSION)
    safe = make_safe(document);
  json_decref(document);
  return safe;
}

/* The number of the first column of the first row; 0: there is none. */
static int64_t find_number(struct nomem__store *store, const char *sql, const char *text, const char *other) {
  sqlite3_stmt *row = nomem__store_prepare(store, sql, other != NULL ? "tt" : "t", text, other);
  int64_t number = row != NULL && nomem__store_step(store, row, NULL) ? sqlite3_column_int64(row, 0) : 0;
  sqlite3_finalize(row);
  return number;
}

static void put_findings(struct nomem__store *store, const char *campaign, json_t *document) {
  json_t *counted = json_array(), *excluded = json_array();
  sqlite3_stmt *row = nomem__store_prepare(
      store, "SELECT document,exclusion FROM findings WHERE campaign=? ORDER BY number", "t", campaign);
  while (row != NULL && nomem__store_step(store, row, NULL)) {
    json_error_t error;
    json_t *finding = json_loads(nomem__store_column_text(row, 0), 0, &error);
    const char *exclusion = nomem__store_column_text(row, 1);
    if (finding == NULL) continue;
    if (*exclusion != '\0') json_object_set_new(finding, "exclusion", nomem__json_safe(exclusion));
    json_array_append_new(*exclusion != '\0' ? excluded : counted, make_safe(finding));
    json_decref(finding);
  }
  sqlite3_finalize(row);
  json_object_set_new(document, "findings", counted);
  json_object_set_new(document, "excluded", excluded);
}

static void put_verdicts(struct nomem__store *store, const char *campaign, const json_t *document) {
  const json_t *verdicts = json_object_get(document, "verdicts");
  for (size_t i = 0; i < json_array_size(verdicts); i++) {
    json_t *verdict = json_array_get(verdicts, i);
    int64_t runs = find_number(store, "SELECT count(*) FROM runs WHERE campaign=? AND verdict=? AND unconfirmed=0",
                               campaign, nomem__json_string(verdict, "name"));
    json_object_set_new(verdict, "runs", json_integer(runs));
  }
}

/* The other shards' runs are no longer elsewhere. */
static void put_coverage(struct nomem__store *store, const char *campaign, const json_t *document, int64_t tried) {
  static const char calls_sql[] =
      "SELECT count(*) FROM (SELECT DISTINCT site,occurrence FROM runs WHERE campaign=? AND second='' AND "
      "unconfirmed=0 AND verdict<>'unreached')";
  static const char sites_sql[] =
      "SELECT count(DISTINCT site) FROM runs WHERE campaign=? AND second='' AND unconfirmed=0 AND verdict<>'unreached'";
  json_t *coverage = json_object_get(document, "coverage");
  json_t *reasons = json_object_get(coverage, "calls_not_exercised");
  int64_t points = find_number(store, "SELECT count(*) FROM points WHERE campaign=?", campaign, NULL);
  int64_t calls = find_number(store, calls_sql, campaign, NULL);
  int64_t gained = calls - (int64_t)nomem__json_count(coverage, "calls_exercised");
  int64_t elsewhere = (int64_t)nomem__json_count(reasons, "other_shards") - gained;
  json_object_set_new(coverage, "points", json_integer(points));
  json_object_set_new(coverage, "points_tried", json_integer(tried));
  json_object_set_new(coverage, "points_in_other_shards", json_integer(points - tried));
  json_object_set_new(coverage, "sites_exercised", json_integer(find_number(store, sites_sql, campaign, NULL)));
  json_object_set_new(coverage, "calls_exercised", json_integer(calls));
  json_object_set_new(reasons, "other_shards", json_integer(elsewhere > 0 ? elsewhere : 0));
}

/* Puts what the store has of a program's exploration, where that is more than the report had. */
static void put_merged(struct nomem__store *store, const struct nomem__stored_report *report, json_t *document) {
  int64_t id = find_number(store, "SELECT id FROM campaigns WHERE identity=? AND directory=?", report->identity,
                           report->directory);
  char campaign[32];
  if (id == 0) return;
  snprintf(campaign, sizeof campaign, "%lld", (long long)id);
  int64_t tried = find_number(store, "SELECT count(*) FROM runs WHERE campaign=? AND unconfirmed=0", campaign, NULL);
  if (tried <= (int64_t)nomem__json_count(json_object_get(document, "coverage"), "points_tried")) return;
  put_findings(store, campaign, document);
  put_verdicts(store, campaign, document);
  put_coverage(store, campaign, document, tried);
}

json_t *nomem__stored_report_load(struct nomem__store *store, const struct nomem__stored_report *report) {
  char quoted[NOMEM_QUOTE_BYTES];
  sqlite3_stmt *row = nomem__store_prepare(store, "SELECT document FROM reports WHERE identity=? AND directory=?", "tt",
                                           report->identity, report->directory);
  json_t *document =
      row != NULL && nomem__store_step(store, row, NULL) ? parse(nomem__store_column_text(row, 0)) : NULL;
  sqlite3_finalize(row);
  if (document == NULL)
    nomem__complain("store %s: its report of '%s' is damaged, or of another version: explore again",
                    nomem__quote(store->path, quoted, sizeof quoted), report->command);
  else
    put_merged(store, report, document);
  return document;
}
