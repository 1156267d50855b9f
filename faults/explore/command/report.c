/* SPDX-License-Identifier: MIT */
/* nomem report: makes the reports of an earlier exploration anew, from its store. */
#include <stdio.h>

#include "../report/document.h"
#include "../report/report.h"
#include "../store/stored_reports.h"
#include "../suite/suite_text.h"
#include "../text/complain.h"
#include "../text/printable.h"
#include "../text/quote.h"
#include "commands.h"
#include "report_names.h"

static int list(const struct nomem__stored_reports *reports) {
  for (size_t i = 0; i < reports->count; i++) {
    printf("%4zu  ", i + 1);
    nomem__print_safe(stdout, reports->list[i].command);
    fputs(" (in ", stdout);
    nomem__print_safe(stdout, reports->list[i].directory);
    puts(")");
  }
  return NOMEM_EXIT_CLEAN;
}

static int write_reports(const struct nomem__options *options, const json_t *document) {
  bool is_suite = json_object_get(document, "cases") != NULL;
  if (nomem__reports_write(options, document, is_suite ? nomem__suite_text_print : nomem__report_text) != 0)
    return NOMEM_EXIT_FAILED;
  if (!nomem__document_has_findings(document))
    return json_is_true(json_object_get(document, "complete")) ? NOMEM_EXIT_CLEAN : NOMEM_EXIT_FAILED;
  return nomem__findings_status(options);
}

static int say_missing(const struct nomem__store *store, size_t count) {
  char quoted[NOMEM_QUOTE_BYTES];
  nomem__quote(store->path, quoted, sizeof quoted);
  if (count == 0)
    nomem__complain("store %s: it has no report: 'nomem explore' and 'nomem suite' leave one there", quoted);
  else
    nomem__complain("--number: the store %s has %zu report%s (--list lists them)", quoted, count,
                    count == 1 ? "" : "s");
  return NOMEM_EXIT_FAILED;
}

/* Makes the report that the options choose: the last, or that of a number in the list. */
static int report(const struct nomem__options *options, struct nomem__store *store,
                  const struct nomem__stored_reports *reports) {
  size_t number = options->report_number != 0 ? options->report_number : 1;
  if (number > reports->count) return say_missing(store, reports->count);
  if (options->list) return list(reports);
  json_t *document = nomem__stored_report_load(store, &reports->list[number - 1]);
  int status = document != NULL ? write_reports(options, document) : NOMEM_EXIT_FAILED;
  json_decref(document);
  return status;
}

static int report_of(const struct nomem__options *options, const char *path) {
  struct nomem__stored_reports reports = {0};
  struct nomem__store store;
  if (nomem__store_open(&store, path, NOMEM_STORE_READ, false) != 0) return NOMEM_EXIT_FAILED;
  int result = nomem__stored_reports_read(&reports, &store);
  int status = result == 0 ? report(options, &store, &reports) : NOMEM_EXIT_FAILED;
  nomem__stored_reports_free(&reports);
  nomem__store_close(&store);
  return status;
}

int nomem__report(const struct nomem__options *given) {
  struct nomem__options options = *given;
  struct nomem__report_names names = {0};
  nomem__report_names_fill(&names, &options);
  int status = NOMEM_EXIT_FAILED;
  if (nomem__reports_check(&options) == 0)
    status = report_of(&options, nomem__store_path(options.operand_count > 0 ? options.operands[0] : NULL));
  nomem__report_names_free(&names);
  return status;
}
