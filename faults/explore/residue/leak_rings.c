/* SPDX-License-Identifier: MIT */
#include "leak_rings.h"

#include <stdbool.h>
#include <stdlib.h>

#include "../text/memory.h"

/* The state of Tarjan's algorithm, which finds the strongly connected parts of a graph in one walk. */
struct walk {
  const struct nomem__leak_graph *graph;
  struct visit {
    uint64_t cursor;
    uint32_t index, low; /* 0: not visited yet */
    size_t from;         /* the block by which the walk came; NOMEM_LEAK_NONE: it began here */
    bool is_open;        /* its part is not known yet */
  } * visits;            /* by block */
  size_t *open, open_count;
  uint32_t visited, parts;
  uint32_t *part; /* by block, from 1 on */
};

static void visit(struct walk *walk, size_t block, size_t from) {
  struct visit *visit = &walk->visits[block];
  visit->index = visit->low = ++walk->visited;
  visit->from = from;
  visit->is_open = true;
  walk->open[walk->open_count++] = block;
}

static void lower(struct visit *visit, uint32_t low) {
  if (low < visit->low) visit->low = low;
}

/* All blocks that were opened since this one belong to its part. */
static void close_part(struct walk *walk, size_t block) {
  size_t member;
  walk->parts++;
  do {
    member = walk->open[--walk->open_count];
    walk->visits[member].is_open = false;
    walk->part[member] = walk->parts;
  } while (member != block);
}

/* Without recursion: a list may be longer than a stack is deep. */
static void walk_from(struct walk *walk, size_t block) {
  visit(walk, block, NOMEM_LEAK_NONE);
  while (block != NOMEM_LEAK_NONE) {
    struct visit *here = &walk->visits[block];
    size_t next = walk->graph->next(walk->graph->user, block, &here->cursor);
    if (next != NOMEM_LEAK_NONE) {
      if (walk->visits[next].index == 0) {
        visit(walk, next, block);
        block = next;
      } else if (walk->visits[next].is_open) {
        lower(here, walk->visits[next].index);
      }
      continue;
    }
    if (here->low == here->index) close_part(walk, block);
    if (here->from != NOMEM_LEAK_NONE) lower(&walk->visits[here->from], here->low);
    block = here->from;
  }
}

/* Of each part, whether it has more than one block, and nothing outside it leads there. */
static void find_first_parts(const struct walk *walk, bool *is_first) {
  const struct nomem__leak_graph *graph = walk->graph;
  size_t *members = nomem__calloc(walk->parts + 1, sizeof *members);
  for (size_t i = 0; i < graph->count; i++)
    if (walk->part[i] != 0 && ++members[walk->part[i]] > 1) is_first[walk->part[i]] = true;
  for (size_t i = 0; i < graph->count; i++) {
    uint64_t cursor = 0;
    size_t next;
    while (walk->part[i] != 0 && (next = graph->next(graph->user, i, &cursor)) != NOMEM_LEAK_NONE)
      if (walk->part[next] != walk->part[i]) is_first[walk->part[next]] = false;
  }
  free(members);
}

void nomem__leak_rings_find(const struct nomem__leak_graph *graph, const unsigned char *is_leaked, uint32_t *rings) {
  struct walk walk = {.graph = graph, .part = rings};
  walk.visits = nomem__calloc(graph->count + 1, sizeof *walk.visits);
  walk.open = nomem__calloc(graph->count + 1, sizeof *walk.open);
  for (size_t i = 0; i < graph->count; i++) rings[i] = 0;
  for (size_t i = 0; i < graph->count; i++)
    if (is_leaked[i] && walk.visits[i].index == 0) walk_from(&walk, i);
  bool *is_first = nomem__calloc(walk.parts + 1, sizeof *is_first);
  find_first_parts(&walk, is_first);
  for (size_t i = 0; i < graph->count; i++)
    if (!is_first[rings[i]]) rings[i] = 0;
  free(is_first);
  free(walk.open);
  free(walk.visits);
}
