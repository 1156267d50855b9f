/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "environment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../channel.h"
#include "../target/interpreters.h"
#include "../text/memory.h"
#include "run_setup.h"

int nomem__preload_find(char *path, size_t path_bytes) {
  static const char *const places[] = {"libnomem-preload.so", "../lib/nomem/libnomem-preload.so"};
  char self[4096];
  ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  if (length <= 0) return -ENOENT;
  self[length] = '\0';
  *strrchr(self, '/') = '\0';
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    int needed = snprintf(path, path_bytes, "%s/%s", self, places[i]);
    if (needed < 0 || (size_t)needed >= path_bytes || access(path, R_OK) != 0) continue;
    return strpbrk(path, " \t\n:") == NULL ? 0 : -EINVAL;
  }
  return -ENOENT;
}

static bool is_entry(const char *entry, const char *name) {
  size_t length = strlen(name);
  return strncmp(entry, name, length) == 0 && entry[length] == '=';
}

/* What an interpreter that is injected needs in its environment, as far as the user has not set it. */
static size_t add_interpreters_entries(char **entries, size_t at, const char *image) {
  const struct nomem__interpreter *interpreter;
  for (size_t i = 0; (interpreter = nomem__interpreter_in(image, i)) != NULL; i++)
    for (size_t v = 0; v < NOMEM__INTERPRETER_VARIABLES && interpreter->variables[v] != NULL; v++) {
      char name[NOMEM_PLAN_NAME_BYTES];
      snprintf(name, sizeof name, "%.*s", (int)strcspn(interpreter->variables[v], "="), interpreter->variables[v]);
      if (getenv(name) == NULL) entries[at++] = (char *)interpreter->variables[v];
    }
  return at;
}

/* Sets LD_PRELOAD, if there is anything to preload, and the options of the sanitizers. */
static void make_entries(struct nomem__environment *environment, const struct nomem__run_setup *setup) {
  const char *inherited = getenv("LD_PRELOAD");
  bool is_ours = inherited != NULL && setup->preload != NULL && strcmp(inherited, setup->preload) == 0;
  if (inherited != NULL && (*inherited == '\0' || is_ours)) inherited = NULL;
  const char *ours = setup->preload != NULL ? setup->preload : "", *users = inherited != NULL ? inherited : "";
  bool has_both = setup->preload != NULL && inherited != NULL;
  if (setup->preload != NULL || inherited != NULL)
    environment->preload_entry = nomem__format("LD_PRELOAD=%s%s%s", ours, has_both ? ":" : "", users);
  for (unsigned phase = 0; phase < NOMEM_COVERAGE_PHASES && setup->coverage != NULL; phase++)
    nomem__coverage_entries_make(setup->coverage, phase, environment->coverage_entries[phase]);
  nomem__sanitizer_options(false, !setup->inherit, environment->checked_entries);
  nomem__sanitizer_options(setup->trace, !setup->inherit, environment->sanitizer_entries);
}

/* Which entries of the command's own environment a program has as they are. */
static bool is_kept(const char *entry, const struct nomem__run_setup *setup) {
  bool is_ours = is_entry(entry, "LD_PRELOAD") || is_entry(entry, NOMEM_CHANNEL_ENV) ||
                 is_entry(entry, NOMEM_PLAN_ENV) || (setup->coverage != NULL && nomem__coverage_is_entry(entry));
  return !is_ours && nomem__sanitizer_variable(entry) == NULL;
}

void nomem__environment_choose_coverage(struct nomem__environment *environment, enum nomem__coverage_phase phase) {
  char **entries = environment->coverage_entries[phase];
  for (unsigned i = 0; i < NOMEM_COVERAGE_VARIABLES && entries[i] != NULL; i++)
    environment->plain[environment->coverage_at + i] = environment->checked[environment->coverage_at + i] = entries[i];
}

void nomem__environment_make(struct nomem__environment *environment, const struct nomem__run_setup *setup,
                             const char *channel) {
  size_t count = 0;
  while (environ[count] != NULL) count++;
  size_t more = NOMEM__INTERPRETERS_VARIABLES + NOMEM_COVERAGE_VARIABLES + NOMEM_SANITIZER_OPTIONS;
  environment->plain = nomem__calloc(count + 3 + more, sizeof *environment->plain);
  make_entries(environment, setup);
  snprintf(environment->channel_entry, sizeof environment->channel_entry, NOMEM_CHANNEL_ENV "=%s", channel);
  size_t at = 0;
  for (size_t i = 0; i < count; i++)
    if (is_kept(environ[i], setup)) environment->plain[at++] = environ[i];
  if (environment->preload_entry != NULL) environment->plain[at++] = environment->preload_entry;
  environment->plain[at++] = environment->channel_entry;
  at = add_interpreters_entries(environment->plain, at, setup->image);
  environment->coverage_at = at;
  for (unsigned i = 0; i < NOMEM_COVERAGE_VARIABLES && setup->coverage != NULL; i++)
    environment->plain[at++] = environment->coverage_entries[NOMEM_COVERAGE_BASELINE][i];
  for (size_t i = 0; i < NOMEM_SANITIZER_OPTIONS; i++) environment->plain[at++] = environment->sanitizer_entries[i];
  environment->checked = nomem__calloc(at + 1, sizeof *environment->checked);
  size_t common = at - NOMEM_SANITIZER_OPTIONS;
  memcpy(environment->checked, environment->plain, common * sizeof *environment->plain);
  memcpy(environment->checked + common, environment->checked_entries, sizeof environment->checked_entries);
  /* A symbol that is bound before the fork need not be bound again in each child. What comes from here on, the injector
   * takes out of the program's sight. */
  static char bind_now[] = NOMEM_BIND_NOW;
  environment->forked = nomem__calloc(at + 3, sizeof *environment->forked); /* room for one more entry */
  memcpy(environment->forked, environment->plain, at * sizeof *environment->plain);
  environment->forked[at] = bind_now;
}

/* Tunables that the user has set stay. */
void nomem__environment_use_huge_pages(struct nomem__environment *environment) {
  const char *inherited = getenv("GLIBC_TUNABLES");
  bool is_tuned = inherited != NULL && strstr(inherited, "glibc.malloc.hugetlb") != NULL;
  if (environment->tunables_entry != NULL || is_tuned) return;
  char *entry = nomem__format("GLIBC_TUNABLES=%s%sglibc.malloc.hugetlb=1", inherited != NULL ? inherited : "",
                              inherited != NULL ? ":" : "");
  char **at = environment->forked;
  while (*at != NULL && !is_entry(*at, "GLIBC_TUNABLES")) at++;
  *at = environment->tunables_entry = entry;
}

void nomem__environment_free(struct nomem__environment *environment) {
  free(environment->plain);
  free(environment->forked);
  free(environment->checked);
  free(environment->preload_entry);
  free(environment->tunables_entry);
  for (unsigned phase = 0; phase < NOMEM_COVERAGE_PHASES; phase++)
    for (unsigned i = 0; i < NOMEM_COVERAGE_VARIABLES; i++) free(environment->coverage_entries[phase][i]);
  for (size_t i = 0; i < NOMEM_SANITIZER_OPTIONS; i++) {
    free(environment->sanitizer_entries[i]);
    free(environment->checked_entries[i]);
  }
}
