/* SPDX-License-Identifier: MIT */
#include "suite_findings.h"

#include <stdlib.h>
#include <string.h>

#include "../judge/verdict.h"
#include "../text/grow.h"
#include "../text/json_values.h"

/* A finding of one case. */
struct member {
  const json_t *finding;
  const struct nomem__case_findings *of;
  bool is_excluded;
};

struct members {
  struct member *list;
  size_t count, room;
};

static bool is_flaky(const json_t *finding) {
  return json_is_true(json_object_get(finding, "flaky"));
}

static void collect(struct members *members, const struct nomem__case_findings *of, const char *key, bool is_excluded) {
  const json_t *findings = json_object_get(of->document, key);
  for (size_t i = 0; i < json_array_size(findings); i++) {
    members->list = nomem__grow(members->list, members->count, &members->room, sizeof *members->list);
    members->list[members->count++] =
        (struct member){.finding = json_array_get(findings, i), .of = of, .is_excluded = is_excluded};
  }
}

static size_t rank_of(const json_t *finding) {
  const char *name = nomem__json_string(finding, "verdict");
  size_t rank = 0;
  while (rank < NOMEM_VERDICT_COUNT && strcmp(nomem__verdicts[rank].name, name) != 0) rank++;
  return rank;
}

/* Of one cause, the one to show comes first: it counts, it came again when it was repeated, it is the worst that came
 * of it, anybody can run it, and its run is short. */
static int by_cause(const void *left, const void *right) {
  const struct member *a = left, *b = right;
  int order = strcmp(nomem__json_string(a->finding, "cause"), nomem__json_string(b->finding, "cause"));
  if (order != 0) return order;
  if (a->is_excluded != b->is_excluded) return a->is_excluded ? 1 : -1;
  if (is_flaky(a->finding) != is_flaky(b->finding)) return is_flaky(a->finding) ? 1 : -1;
  if (rank_of(a->finding) != rank_of(b->finding)) return rank_of(a->finding) < rank_of(b->finding) ? -1 : 1;
  if (a->of->is_in_place != b->of->is_in_place) return a->of->is_in_place ? 1 : -1;
  if (a->of->wall_us != b->of->wall_us) return a->of->wall_us < b->of->wall_us ? -1 : 1;
  order = strcmp(a->of->name, b->of->name);
  return order != 0 ? order : strcmp(nomem__json_string(a->finding, "id"), nomem__json_string(b->finding, "id"));
}

static int by_text(const void *left, const void *right) {
  return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The names of the cases, each once, sorted. */
static json_t *list_names(struct nomem__json *json, const struct member *members, size_t count) {
  const char **names = nomem__calloc(count + 1, sizeof *names);
  json_t *list = json_array();
  for (size_t i = 0; i < count; i++) names[i] = members[i].of->name;
  qsort(names, count, sizeof *names, by_text);
  for (size_t i = 0; i < count; i++)
    if (i == 0 || strcmp(names[i], names[i - 1]) != 0) nomem__json_add(json, list, nomem__json_safe(names[i]));
  free(names);
  return list;
}

/* Which case is the quickest depends on the machine, but what a finding is called must not. */
static const char *choose_id(const struct member *members, size_t count) {
  const char *id = nomem__json_string(members[0].finding, "id");
  for (size_t i = 1; i < count; i++) {
    const char *other = nomem__json_string(members[i].finding, "id");
    if (rank_of(members[i].finding) == rank_of(members[0].finding) && strcmp(other, id) < 0) id = other;
  }
  return id;
}

static json_t *join(struct nomem__json *json, const struct member *members, size_t count) {
  json_t *finding = json_copy((json_t *)members[0].finding);
  uint64_t runs = 0;
  for (size_t i = 0; i < count; i++) runs += nomem__json_count(members[i].finding, "runs");
  nomem__json_number(json, finding, "runs", runs);
  nomem__json_put(json, finding, "cases", list_names(json, members, count));
  nomem__json_text(json, finding, "case", members[0].of->name);
  if (members[0].of->is_in_place)
    nomem__json_text(json, finding, "needs",
                     "what the runner has there when it starts the test: a server, say, or a file of an earlier test");
  nomem__json_put(json, finding, "replay", json_string(nomem__json_string(members[0].finding, "id")));
  nomem__json_put(json, finding, "id", json_string(choose_id(members, count)));
  return finding;
}

/* The worst first; of those, what most cases show. */
static int by_weight(const void *left, const void *right) {
  const json_t *a = *(json_t *const *)left, *b = *(json_t *const *)right;
  if (is_flaky(a) != is_flaky(b)) return is_flaky(a) ? 1 : -1;
  if (rank_of(a) != rank_of(b)) return rank_of(a) < rank_of(b) ? -1 : 1;
  size_t a_cases = json_array_size(json_object_get(a, "cases")), b_cases = json_array_size(json_object_get(b, "cases"));
  if (a_cases != b_cases) return a_cases > b_cases ? -1 : 1;
  int order = strcmp(nomem__json_string(a, "id"), nomem__json_string(b, "id"));
  return order != 0 ? order : strcmp(nomem__json_string(a, "cause"), nomem__json_string(b, "cause"));
}

/* Causes whose findings have the same id, because they lie in one function, are numbered. */
static void number_ids(struct nomem__json *json, json_t *const *list, size_t count) {
  for (size_t i = 1; i < count; i++) {
    const char *id = nomem__json_string(list[i], "id");
    unsigned number = 1;
    for (size_t j = 0; j < i; j++) number += strcmp(nomem__json_string(list[j], "first_id"), id) == 0;
    nomem__json_put(json, list[i], "first_id", json_string(id));
    if (number > 1) nomem__json_format(json, list[i], "id", "%s-%u", id, number);
  }
}

static void distribute(struct nomem__json *json, json_t **list, size_t count, json_t *findings, json_t *excluded) {
  if (count > 0) qsort(list, count, sizeof *list, by_weight); /* NOLINT(bugprone-sizeof-expression): of pointers */
  if (count > 0) nomem__json_put(json, list[0], "first_id", json_string(nomem__json_string(list[0], "id")));
  number_ids(json, list, count);
  for (size_t i = 0; i < count; i++) {
    json_object_del(list[i], "first_id");
    nomem__json_add(json, json_object_get(list[i], "exclusion") != NULL ? excluded : findings, list[i]);
  }
}

json_t *nomem__suite_findings_join(const struct nomem__case_findings *cases, size_t count, json_t **excluded) {
  struct nomem__json json = {0};
  struct members members = {0};
  json_t *findings = json_array();
  *excluded = json_array();
  for (size_t i = 0; i < count; i++) {
    collect(&members, &cases[i], "findings", false);
    collect(&members, &cases[i], "excluded", true);
  }
  if (members.count > 0) qsort(members.list, members.count, sizeof *members.list, by_cause);
  json_t **list = nomem__calloc(members.count + 1, sizeof *list); /* NOLINT(bugprone-sizeof-expression): of pointers */
  size_t joined = 0;
  for (size_t first = 0, end; first < members.count; first = end) {
    const char *cause = nomem__json_string(members.list[first].finding, "cause");
    for (end = first + 1;
         end < members.count && strcmp(nomem__json_string(members.list[end].finding, "cause"), cause) == 0;)
      end++;
    size_t counted = first;
    while (counted < end && members.list[counted].is_excluded == members.list[first].is_excluded) counted++;
    list[joined++] = join(&json, &members.list[first], counted - first);
  }
  distribute(&json, list, joined, findings, *excluded);
  free(list);
  free(members.list);
  return findings;
}
