/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "exclusions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../text/complain.h"
#include "../text/json_values.h"
#include "../text/memory.h"
#include "../text/quote.h"
#include "../text/strings.h"
#include "../text/words.h"

int nomem__exclusions_open(struct nomem__exclusions *rules, const struct nomem__options *options) {
  int result = options->no_default_suppressions ? 0 : nomem__suppressions_read_default(&rules->suppressions, stderr);
  for (size_t i = 0; i < options->suppress_count && result == 0; i++)
    result = nomem__suppressions_read(&rules->suppressions, options->suppress[i], false, stderr);
  if (result == 0 && options->baseline != NULL)
    result = nomem__stored_findings_open(&rules->baseline, options->baseline);
  return result;
}

static const char *suppression_reason(struct nomem__exclusions *rules, const struct nomem__suppression *rule) {
  char quoted[NOMEM_QUOTE_BYTES];
  const char *slash = rule->is_default ? strrchr(rule->path, '/') : NULL;
  nomem__quote(rule->reason, quoted, sizeof quoted);
  char *text = nomem__format("suppressed by %s:%zu: %s", slash != NULL ? slash + 1 : rule->path, rule->line, quoted);
  const char *reason = nomem__strings_add(&rules->reasons, text);
  free(text);
  return reason;
}

static void exclude(struct nomem__finding *finding, enum nomem__exclusion exclusion, const char *reason) {
  finding->exclusion = exclusion;
  finding->exclusion_reason = reason;
}

static void mark_finding(struct nomem__exclusions *rules, const struct nomem__campaign *campaign,
                         const json_t *document, const char *command, size_t command_bytes,
                         struct nomem__finding *finding) {
  const struct nomem__suppression *rule = nomem__suppressions_match(&rules->suppressions, document);
  const char *test_reason = nomem__finding_test_reason(finding, &campaign->code_owners);
  finding->exclusion_reason = NULL;
  const char *id = nomem__json_string(document, "id");
  if (rule != NULL)
    exclude(finding, NOMEM_EXCLUSION_SUPPRESSED, suppression_reason(rules, rule));
  else if (test_reason != NULL)
    exclude(finding, NOMEM_EXCLUSION_TEST, test_reason);
  else if (finding->is_in_baseline)
    exclude(finding, NOMEM_EXCLUSION_UNRELATED, "a run without a failure does the same");
  else if (nomem__stored_findings_find(&rules->baseline, id, command, command_bytes) != NULL)
    exclude(finding, NOMEM_EXCLUSION_KNOWN, "the baseline has it");
  else if (!nomem__verdict_counts(finding->verdict, campaign->session->options->strict))
    exclude(finding, NOMEM_EXCLUSION_ADVISORY, "advisory: --strict counts it");
}

void nomem__exclusions_mark(struct nomem__exclusions *rules, struct nomem__campaign *campaign,
                            const json_t *documents) {
  size_t bytes;
  char *command = nomem__join_words(campaign->session->options->program, &bytes);
  for (size_t i = 0; i < campaign->findings.count; i++)
    mark_finding(rules, campaign, json_array_get(documents, i), command, bytes, &campaign->findings.list[i]);
  free(command);
}

void nomem__exclusions_split(struct nomem__campaign *campaign) {
  struct nomem__findings *all = &campaign->findings, *excluded = &campaign->excluded;
  excluded->list = nomem__calloc(all->count + 1, sizeof *excluded->list);
  excluded->room = all->count + 1;
  size_t kept = 0;
  for (size_t i = 0; i < all->count; i++) {
    if (all->list[i].exclusion_reason != NULL)
      excluded->list[excluded->count++] = all->list[i];
    else
      all->list[kept++] = all->list[i];
  }
  all->count = kept;
}

void nomem__exclusions_say_unused(const struct nomem__exclusions *rules) {
  char quoted[NOMEM_QUOTE_BYTES];
  for (size_t i = 0; i < rules->suppressions.count; i++) {
    const struct nomem__suppression *rule = &rules->suppressions.rules[i];
    if (!rule->is_used && !rule->is_default)
      nomem__complain("%s:%zu: this suppression matched nothing", nomem__quote(rule->path, quoted, sizeof quoted),
                      rule->line);
  }
}

void nomem__exclusions_close(struct nomem__exclusions *rules) {
  nomem__suppressions_free(&rules->suppressions);
  nomem__stored_findings_free(&rules->baseline);
  nomem__strings_free(&rules->reasons);
}
