#define _GNU_SOURCE
#include "exclusions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../report/document.h"
#include "../text/quote.h"
#include "fingerprint.h"

int nomem__set_aside_open(struct nomem__set_aside *rules, const struct nomem__options *options) {
  int result = options->no_default_suppressions ? 0 : nomem__suppressions_read_default(&rules->suppressions, stderr);
  for (size_t i = 0; i < options->suppress_count && result == 0; i++)
    result = nomem__suppressions_read(&rules->suppressions, options->suppress[i], false, stderr);
  if (result == 0 && options->baseline != NULL)
    result = nomem__stored_findings_open(&rules->baseline, options->baseline);
  return result;
}

static const char *suppression_reason(struct nomem__set_aside *rules, const struct nomem__suppression *rule) {
  char *text, quoted[NOMEM_QUOTE_BYTES];
  const char *slash = rule->is_default ? strrchr(rule->path, '/') : NULL;
  nomem__quote(rule->reason, quoted, sizeof quoted);
  if (asprintf(&text, "suppressed by %s:%zu: %s", slash != NULL ? slash + 1 : rule->path, rule->line, quoted) < 0)
    return NULL;
  const char *reason = nomem__strings_add(&rules->reasons, text);
  free(text);
  return reason;
}

void nomem__set_aside_mark(struct nomem__set_aside *rules, struct nomem__campaign *campaign, const json_t *documents) {
  size_t bytes;
  char *command = nomem__join_words(campaign->session->options->program, &bytes);
  for (size_t i = 0; i < campaign->findings.count && command != NULL; i++) {
    const json_t *document = json_array_get(documents, i);
    struct nomem__finding *finding = &campaign->findings.list[i];
    const struct nomem__suppression *rule = nomem__suppressions_match(&rules->suppressions, document);
    finding->set_aside = rule != NULL ? suppression_reason(rules, rule) : NULL;
    if (finding->set_aside != NULL) {
      finding->aside = NOMEM_ASIDE_SUPPRESSED;
    } else if (nomem__finding_of_test(finding, &campaign->owners) != NULL) {
      finding->aside = NOMEM_ASIDE_TEST;
      finding->set_aside = nomem__finding_of_test(finding, &campaign->owners);
    } else if (nomem__stored_findings_find(&rules->baseline, nomem__json_string(document, "id"), command, bytes) !=
               NULL) {
      finding->aside = NOMEM_ASIDE_KNOWN;
      finding->set_aside = "the baseline has it";
    } else if (!nomem__verdict_counts(finding->verdict, campaign->session->options->strict)) {
      finding->aside = NOMEM_ASIDE_ADVISORY;
      finding->set_aside = "advisory: --strict counts it";
    }
  }
  free(command);
}

int nomem__set_aside_split(struct nomem__campaign *campaign) {
  struct nomem__findings *all = &campaign->findings, *aside = &campaign->set_aside;
  aside->list = calloc(all->count + 1, sizeof *aside->list);
  if (aside->list == NULL) return -ENOMEM;
  aside->room = all->count + 1;
  size_t kept = 0;
  for (size_t i = 0; i < all->count; i++) {
    if (all->list[i].set_aside != NULL)
      aside->list[aside->count++] = all->list[i];
    else
      all->list[kept++] = all->list[i];
  }
  all->count = kept;
  return 0;
}

void nomem__set_aside_say_unused(const struct nomem__set_aside *rules) {
  char quoted[NOMEM_QUOTE_BYTES];
  for (size_t i = 0; i < rules->suppressions.count; i++) {
    const struct nomem__suppression *rule = &rules->suppressions.rules[i];
    if (!rule->is_used && !rule->is_default)
      nomem__complain("%s:%zu: this suppression matched nothing", nomem__quote(rule->path, quoted, sizeof quoted),
                      rule->line);
  }
}

void nomem__set_aside_close(struct nomem__set_aside *rules) {
  nomem__suppressions_free(&rules->suppressions);
  nomem__stored_findings_free(&rules->baseline);
  nomem__strings_free(&rules->reasons);
}
