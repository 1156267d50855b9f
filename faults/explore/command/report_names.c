/* SPDX-License-Identifier: MIT */
#include "report_names.h"

#include <stdlib.h>

#include "../options/file_name.h"

static const char *fill(char **name, const char *pattern, const char *program) {
  *name = pattern != NULL ? nomem__file_name_make(pattern, program) : NULL;
  return *name;
}

void nomem__report_names_fill(struct nomem__report_names *names, struct nomem__options *options) {
  const char *program = options->program != NULL ? options->program[0] : "report";
  for (unsigned i = 0; i < NOMEM_REPORT_COUNT; i++)
    options->reports[i] = fill(&names->list[i], options->reports[i], program);
  options->text_path = fill(&names->list[NOMEM_REPORT_COUNT], options->text_path, program);
  options->coverage = fill(&names->list[NOMEM_REPORT_COUNT + 1], options->coverage, program);
}

void nomem__report_names_free(struct nomem__report_names *names) {
  for (unsigned i = 0; i < NOMEM_REPORT_NAMES; i++) free(names->list[i]);
  *names = (struct nomem__report_names){0};
}
