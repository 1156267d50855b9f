/* SPDX-License-Identifier: MIT */
#include "shared_symbols.h"

#include <stdlib.h>

#include "../../program_kinds.h"
#include "../text/json_values.h"
#include "../text/memory.h"

/* Of the document: lists of offsets by the path of their module, as bytes, because a path may be no UTF-8. */
#define MEMBER "shared_frames"

static int by_value(const void *left, const void *right) {
  nomem_frame a = *(const nomem_frame *)left, b = *(const nomem_frame *)right;
  return a < b ? -1 : a > b;
}

/* Each frame of the sites once, sorted, so that those of a module stand together. The caller's. */
static nomem_frame *collect_frames(const struct nomem__campaign *campaign, size_t *count) {
  size_t total = 0, filled = 0;
  for (size_t i = 0; i < campaign->site_count; i++) total += campaign->sites[i].depth;
  nomem_frame *frames = nomem__calloc(total + 1, sizeof *frames);
  for (size_t i = 0; i < campaign->site_count; i++)
    for (unsigned f = 0; f < campaign->sites[i].depth; f++) frames[filled++] = campaign->sites[i].frames[f];
  qsort(frames, filled, sizeof *frames, by_value);
  *count = 0;
  for (size_t i = 0; i < filled; i++)
    if (i == 0 || frames[i] != frames[i - 1]) frames[(*count)++] = frames[i];
  return frames;
}

static bool is_shared(const char *module) {
  return nomem__glob("*.so*", nomem__base_name(module));
}

void nomem__shared_symbols_put(json_t *document, const struct nomem__campaign *campaign) {
  size_t count;
  nomem_frame *frames = collect_frames(campaign, &count);
  json_t *list = json_array(), *offsets = NULL;
  unsigned last = 0;
  for (size_t i = 0; i < count; i++) {
    unsigned module = NOMEM_FRAME_MODULE(frames[i]);
    if (module < 1 || module > campaign->module_count || !is_shared(campaign->modules[module - 1])) continue;
    if (module != last) {
      json_t *entry = json_object();
      offsets = json_array();
      json_object_set_new(entry, "path", nomem__json_bytes(campaign->modules[module - 1]));
      json_object_set_new(entry, "offsets", offsets);
      json_array_append_new(list, entry);
      last = module;
    }
    json_array_append_new(offsets, json_integer((json_int_t)NOMEM_FRAME_OFFSET(frames[i])));
  }
  free(frames);
  json_object_set_new(document, MEMBER, list);
}

static void learn_module(struct nomem__symbols *symbols, const json_t *entry) {
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  const json_t *offsets = json_object_get(entry, "offsets");
  char *path = nomem__json_take_bytes(json_object_get(entry, "path"));
  for (size_t i = 0; i < json_array_size(offsets) && path != NULL; i++) {
    uint64_t offset = (uint64_t)json_integer_value(json_array_get(offsets, i));
    nomem__symbols_resolve(symbols, path, offset, true, sources, NOMEM_INLINED_MAX);
  }
  free(path);
}

void nomem__shared_symbols_learn(struct nomem__symbols *symbols, json_t *document) {
  const json_t *list = json_object_get(document, MEMBER);
  for (size_t i = 0; i < json_array_size(list); i++) learn_module(symbols, json_array_get(list, i));
  if (document == NULL) return;
  json_object_del(document, MEMBER);
  json_object_del(document, "frames");
  json_object_del(document, "sites");
}
