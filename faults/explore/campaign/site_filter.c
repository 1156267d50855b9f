/* SPDX-License-Identifier: MIT */
#include "site_filter.h"

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../program_kinds.h"
#include "../text/complain.h"
#include "../text/memory.h"
#include "../text/quote.h"

/* A location is "file:line"; a longer one is cut. */
#define LOCATION_BYTES 4160

struct filter {
  regex_t regex;
  struct nomem__symbols *symbols;
  char **modules;
  bool *is_match; /* of each module: its name matches; owned */
  size_t module_count;
};

static int compile(regex_t *regex, const char *pattern) {
  char quoted[NOMEM_QUOTE_BYTES], reason[128];
  int error = regcomp(regex, pattern, REG_EXTENDED | REG_NOSUB);
  if (error == 0) return 0;
  if (error == REG_ESPACE) nomem__out_of_memory();
  regerror(error, regex, reason, sizeof reason);
  nomem__complain("--sites: %s: %s: give a POSIX extended regular expression, such as '^uv_' or 'reader\\.c:'",
                  nomem__quote(pattern, quoted, sizeof quoted), reason);
  return -EINVAL;
}

bool nomem__site_filter_check(const char *pattern) {
  regex_t regex;
  if (compile(&regex, pattern) != 0) return false;
  regfree(&regex);
  return true;
}

static bool matches(const struct filter *filter, const char *text) {
  errno = 0;
  bool is_match = regexec(&filter->regex, text, 0, NULL, 0) == 0;
  if (errno == ENOMEM) nomem__out_of_memory(); /* which glibc takes for no match */
  return is_match;
}

/* A library is loaded by the name of a link, but reports show the name of the file behind it: either may match. */
static bool matches_module(const struct filter *filter, const char *path) {
  if (matches(filter, nomem__base_name(path))) return true;
  char *real = nomem__checked(realpath(path, NULL));
  bool is_match = real != NULL && matches(filter, nomem__base_name(real));
  free(real);
  return is_match;
}

static bool matches_frame(const struct filter *filter, nomem_frame frame) {
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  char location[LOCATION_BYTES];
  unsigned module = NOMEM_FRAME_MODULE(frame);
  if (module == 0 || module > filter->module_count) return false;
  if (filter->is_match[module - 1]) return true;
  size_t count = nomem__symbols_resolve(filter->symbols, filter->modules[module - 1], NOMEM_FRAME_OFFSET(frame), true,
                                        sources, NOMEM_INLINED_MAX);
  for (size_t i = 0; i < count; i++) {
    if (sources[i].function != NULL && matches(filter, sources[i].function)) return true;
    if (sources[i].file == NULL) continue;
    snprintf(location, sizeof location, "%s:%u", sources[i].file, sources[i].line);
    if (matches(filter, location)) return true;
  }
  return false;
}

static bool matches_site(const struct filter *filter, const struct nomem__campaign_site *site) {
  for (unsigned i = 0; i < site->depth; i++)
    if (matches_frame(filter, site->frames[i])) return true;
  return false;
}

int64_t nomem__site_filter_apply(const char *pattern, struct nomem__symbols *symbols,
                                 struct nomem__campaign_site *sites, size_t site_count, char **modules,
                                 size_t module_count) {
  struct filter filter = {.symbols = symbols, .modules = modules, .module_count = module_count};
  char quoted[NOMEM_QUOTE_BYTES];
  int64_t left = 0;
  int result = compile(&filter.regex, pattern);
  if (result != 0) return result;
  filter.is_match = nomem__calloc(module_count + 1, sizeof *filter.is_match);
  for (size_t i = 0; i < module_count; i++) filter.is_match[i] = matches_module(&filter, modules[i]);
  for (size_t i = 0; i < site_count; i++) {
    sites[i].is_left_out = !matches_site(&filter, &sites[i]);
    left += !sites[i].is_left_out;
  }
  if (left == 0)
    nomem__complain(
        "--sites: no function, module or file:line in the stacks of %zu site%s matches %s: 'nomem sites "
        "--stacks' lists them",
        site_count, site_count == 1 ? "" : "s", nomem__quote(pattern, quoted, sizeof quoted));
  free(filter.is_match);
  regfree(&filter.regex);
  return left;
}
