/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "split_names.h"

#include <stdlib.h>
#include <string.h>

#include "../text/grow.h"
#include "../text/memory.h"

/* libuv's runner has no name of its own: its report of a test that failed has. */
static const struct nomem__test_framework frameworks[] = {
    {.name = "GoogleTest",
     .marks = {"gtest_list_tests", "libgtest.so"},
     .list = {"--gtest_list_tests"},
     .format = NOMEM_LIST_GTEST,
     .filter = "--gtest_filter="},
    {.name = "Catch2",
     .marks = {"list-test-names-only", NULL},
     .list = {"--list-test-names-only"},
     .format = NOMEM_LIST_LINES,
     .filter = "",
     .escaped = ",[\\\""},
    {.name = "Catch2 3",
     .marks = {"list-tags", "libCatch2.so"},
     .list = {"--list-tests", "--verbosity", "quiet"},
     .format = NOMEM_LIST_LINES,
     .filter = "",
     .escaped = ",[\\\""},
    {.name = "doctest",
     .marks = {"list-test-cases", NULL},
     .list = {"--list-test-cases", "--no-colors=true"},
     .format = NOMEM_LIST_DOCTEST,
     .filter = "--test-case=",
     .escaped = ","},
    {.name = "Criterion",
     .marks = {"libcriterion.so", NULL},
     .list = {"--list", "--color=never"},
     .format = NOMEM_LIST_CRITERION,
     .filter = "--filter="},
    {.name = "Boost.Test",
     .marks = {"libboost_unit_test_framework.so", "Boost.Test execution monitor"},
     .list = {"--list_content=HRF"},
     .lists_on_error = true,
     .format = NOMEM_LIST_BOOST,
     .filter = "--run_test="},
    {.name = "Check",
     .marks = {"libcheck.so", "CK_RUN_CASE"},
     .list_variable = "CK_VERBOSITY=verbose",
     .format = NOMEM_LIST_CHECK,
     .variable = "CK_RUN_CASE="},
    {.name = "libuv",
     .marks = {"Output from process `%s`", NULL},
     .list = {"--list"},
     .format = NOMEM_LIST_LIBUV,
     .filter = ""},
    {.name = "tinytest",
     .marks = {"Specify tests by name, or using a prefix ending with '..'", NULL},
     .list = {"--list-tests"},
     .lists_all = true,
     .format = NOMEM_LIST_TINYTEST,
     .also = "--no-fork",
     .filter = ""},
    {.name = "munit",
     .marks = {"--no-fork Do not execute tests in a child process.", NULL},
     .list = {"--list"},
     .lists_all = true,
     .format = NOMEM_LIST_LINES,
     .also = "--no-fork",
     .filter = ""},
};

const struct nomem__test_framework *nomem__test_framework_of(const char *bytes, size_t count) {
  for (size_t i = 0; i < sizeof frameworks / sizeof *frameworks; i++)
    for (size_t m = 0; m < 2 && frameworks[i].marks[m] != NULL; m++)
      if (memmem(bytes, count, frameworks[i].marks[m], strlen(frameworks[i].marks[m])) != NULL) return &frameworks[i];
  return NULL;
}

/* Adds a name, unless it is there or none. The name becomes the list's. */
static void add(struct nomem__test_names *names, char *name, bool is_repeated) {
  bool is_wanted = *name != '\0';
  for (size_t i = 0; i < names->count && is_wanted; i++) is_wanted = strcmp(names->list[i].name, name) != 0;
  if (!is_wanted) {
    free(name);
    return;
  }
  names->list = nomem__grow(names->list, names->count, &names->room, sizeof *names->list);
  names->list[names->count++] = (struct nomem__listed_test){.name = name, .is_repeated = is_repeated};
}

/* GoogleTest does not run what is named so. */
static bool is_disabled(const char *name) {
  return strncmp(name, "DISABLED_", strlen("DISABLED_")) == 0;
}

/* A suite is remembered, a test is added below it. */
static void read_gtest(struct nomem__test_names *names, char *line, char *group, size_t group_bytes) {
  char *comment = strstr(line, "  # "), *name = line + strspn(line, " ");
  if (comment != NULL) *comment = '\0';
  size_t length = strlen(line);
  if (name == line)
    snprintf(group, group_bytes, "%s", length > 0 && line[length - 1] == '.' && strchr(line, ' ') == NULL ? line : "");
  else if (*group != '\0' && !is_disabled(group) && !is_disabled(name))
    add(names, nomem__format("%s%s", group, name), false);
}

/* "suite: 2 tests", and below it "|-- test" or "`-- test". */
static void read_criterion(struct nomem__test_names *names, char *line, char *group, size_t group_bytes) {
  char *name = strstr(line, "── "), *colon = strchr(line, ':');
  size_t bytes = strlen("── ");
  if (name == NULL) name = strstr(line, "-- "), bytes = 3;
  if (name == NULL && colon != NULL)
    snprintf(group, group_bytes, "%.*s", (int)(colon - line), line);
  else if (name != NULL && *group != '\0')
    add(names, nomem__format("%s/%.*s", group, (int)strcspn(name + bytes, " "), name + bytes), false);
}

/* The start of a path that has so many of its parts. */
static size_t parts_length(const char *path, size_t parts) {
  const char *end = path;
  for (size_t i = 0; i < parts; i++) end += strcspn(end, "/") + (i + 1 < parts);
  return (size_t)(end - path);
}

/* "suite*: description", and below it, indented by four blanks more, "test*". Whether a line was a test shows in the
 * next one, at the latest in the empty one at the end. So the group is the line before: a digit that is how deep it
 * lies, its asterisk, or a blank, and its path. */
static void read_boost(struct nomem__test_names *names, char *line, char *group, size_t group_bytes) {
  size_t depth = strspn(line, " ") / 4, before = *group != '\0' ? (size_t)(*group - '0') : 0;
  const char *name = line + 4 * depth;
  int length = (int)strcspn(name, "*:");
  if (*group != '\0' && depth <= before && group[1] == '*') add(names, nomem__strdup(group + 2), false);
  if (depth > 9 || (depth > 0 && (*group == '\0' || depth > before + 1))) length = 0;
  char *path = length == 0 ? nomem__strdup("")
                           : nomem__format("%zu%c%.*s%s%.*s", depth, name[length] == '*' ? '*' : ' ',
                                           depth > 0 ? (int)parts_length(group + 2, depth) : 0,
                                           group + (depth > 0 ? 2 : 0), depth > 0 ? "/" : "", length, name);
  snprintf(group, group_bytes, "%s", path);
  free(path);
}

/* "file.c:12:P:case:test:0: Passed" */
static void read_check(struct nomem__test_names *names, char *line) {
  char *place = strstr(line, ":P:");
  if (place == NULL) return;
  add(names, nomem__format("%.*s", (int)strcspn(place + 3, ":"), place + 3), false);
}

/* "    group/test", or "    group/test   (Off by default)" */
static void read_tinytest(struct nomem__test_names *names, const char *line) {
  const char *name = line + strspn(line, " ");
  if (name > line && strchr(name, ' ') == NULL) add(names, nomem__strdup(name), false);
}

static void read_line(struct nomem__test_names *names, enum nomem__list_format format, char *line, char *group,
                      size_t group_bytes) {
  switch (format) {
    case NOMEM_LIST_GTEST:
      read_gtest(names, line, group, group_bytes);
      break;
    case NOMEM_LIST_CRITERION:
      read_criterion(names, line, group, group_bytes);
      break;
    case NOMEM_LIST_BOOST:
      read_boost(names, line, group, group_bytes);
      break;
    case NOMEM_LIST_CHECK:
      read_check(names, line);
      break;
    case NOMEM_LIST_DOCTEST:
      if (strncmp(line, "[doctest]", strlen("[doctest]")) != 0 && line[0] != '=')
        add(names, nomem__strdup(line), false);
      break;
    case NOMEM_LIST_LIBUV:
      add(names, nomem__format("%.*s", (int)strcspn(line, " "), line), strstr(line, "(helpers:") == NULL);
      break;
    case NOMEM_LIST_TINYTEST:
      read_tinytest(names, line);
      break;
    case NOMEM_LIST_LINES:
      add(names, nomem__strdup(line), false);
      break;
  }
}

void nomem__test_names_read(struct nomem__test_names *names, enum nomem__list_format format, const char *text) {
  char group[256] = "", *copy = nomem__strdup(text), *rest = copy, *line;
  while ((line = strsep(&rest, "\n")) != NULL) read_line(names, format, line, group, sizeof group);
  free(copy);
}

void nomem__test_names_free(struct nomem__test_names *names) {
  for (size_t i = 0; i < names->count; i++) free(names->list[i].name);
  free(names->list);
  *names = (struct nomem__test_names){0};
}

char *nomem__test_filter_make(const struct nomem__test_framework *framework, const char *name) {
  const char *before = framework->filter != NULL ? framework->filter : framework->variable;
  const char *escaped = framework->escaped != NULL ? framework->escaped : "";
  char *filter = nomem__malloc(strlen(before) + 2 * strlen(name) + 1), *end = stpcpy(filter, before);
  for (; *name != '\0'; name++) {
    if (strchr(escaped, *name) != NULL) *end++ = '\\';
    *end++ = *name;
  }
  *end = '\0';
  return filter;
}
