/* SPDX-License-Identifier: MIT */
#include "site_order.h"

#include <stdlib.h>

#include "../judge/common_site.h"
#include "../target/program_names.h"
#include "../text/memory.h"

/* The classes of sites, in their order; those of the system follow in the same. */
enum novelty { NEW_LINE, NEW_WAY, NOTHING_NEW, NOVELTIES };

static bool is_program_of_system(const struct nomem__code_owners *code_owners, const struct nomem__trace *trace) {
  for (unsigned i = 0; i < trace->depth; i++)
    if (nomem__code_owners_has_program(code_owners, trace->frame[i].path))
      return nomem__is_part_of_system(trace->frame[i].path);
  return false;
}

/* A program's frames are the same in all of its own sites: what lies where is enough to tell them apart. */
static uint64_t key_of(const struct nomem__trace *trace, unsigned from, unsigned end) {
  struct nomem__path_frame frames[NOMEM_TRACE_DEPTH];
  for (unsigned i = from; i < end; i++)
    frames[i - from] = (struct nomem__path_frame){.module = trace->frame[i].path, .offset = trace->frame[i].offset};
  return nomem__common_site_key(frames, end - from);
}

static struct nomem__site_rank rank_of(const struct nomem__code_owners *code_owners, const struct nomem__trace *trace) {
  unsigned first = 0;
  while (first < trace->depth && nomem__code_owner_of(code_owners, &trace->frame[first]) != NOMEM_OWNER_UNDER_TEST)
    first++;
  if (first == trace->depth) return (struct nomem__site_rank){.way = key_of(trace, 0, trace->depth)};
  unsigned end = code_owners->is_divided ? nomem__next_test_call(code_owners, trace, first + 1) : trace->depth;
  return (struct nomem__site_rank){
      .line = key_of(trace, first, first + 1),
      .way = key_of(trace, 0, end),
      .is_system = nomem__is_part_of_system(trace->frame[first].path) && !is_program_of_system(code_owners, trace)};
}

struct numbered {
  uint64_t key;
  uint32_t number;
};

static int by_key(const void *left, const void *right) {
  const struct numbered *a = left, *b = right;
  if (a->key != b->key) return a->key < b->key ? -1 : 1;
  return a->number < b->number ? -1 : a->number > b->number;
}

/* Marks the first site of each key. */
static void mark_first(struct numbered *list, size_t count, bool *is_first) {
  qsort(list, count, sizeof *list, by_key);
  for (size_t i = 0; i < count; i++) is_first[list[i].number] = i == 0 || list[i].key != list[i - 1].key;
}

uint32_t *nomem__site_order_make(const struct nomem__site_rank *ranks, size_t count) {
  struct numbered *list = nomem__calloc(count + 1, sizeof *list);
  bool *has_new_line = nomem__calloc(count + 1, sizeof *has_new_line);
  bool *has_new_way = nomem__calloc(count + 1, sizeof *has_new_way);
  uint32_t *order = nomem__calloc(count + 1, sizeof *order), placed = 0;
  for (uint32_t i = 0; i < count; i++) list[i] = (struct numbered){ranks[i].line, i};
  mark_first(list, count, has_new_line);
  for (uint32_t i = 0; i < count; i++) list[i] = (struct numbered){ranks[i].way, i};
  mark_first(list, count, has_new_way);
  for (unsigned class = 0; class < 2 * NOVELTIES; class ++)
    for (uint32_t i = 0; i < count; i++) {
      unsigned novelty = has_new_line[i] ? NEW_LINE : has_new_way[i] ? NEW_WAY : NOTHING_NEW;
      if (class == novelty + (ranks[i].is_system ? NOVELTIES : 0)) order[placed++] = i;
    }
  free(list);
  free(has_new_line);
  free(has_new_way);
  return order;
}

uint32_t *nomem__site_order_of(const struct nomem__campaign_site *sites, size_t count, char *const *modules,
                               size_t module_count, const struct nomem__code_owners *code_owners) {
  struct nomem__site_rank *ranks = nomem__calloc(count + 1, sizeof *ranks);
  for (size_t i = 0; i < count; i++) {
    struct nomem__trace trace;
    if (sites[i].is_left_out || sites[i].is_tests) continue;
    nomem__site_list_trace(&sites[i], modules, module_count, &trace);
    ranks[i] = rank_of(code_owners, &trace);
  }
  uint32_t *order = nomem__site_order_make(ranks, count);
  free(ranks);
  return order;
}
