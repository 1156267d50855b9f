/* SPDX-License-Identifier: MIT */
#include "observed_calls.h"

#include <stdlib.h>
#include <string.h>

#include "../../program_kinds.h"
#include "../code/function_code.h"
#include "../profile/allocation_checks.h"
#include "../text/grow.h"

/* A call, and the function that was called: the frame before it on the stack, or none where that is an allocation. */
struct observed {
  nomem_frame call, callee;
};

struct observed_list {
  struct observed *list;
  size_t count, room;
};

static const char *path_of(const struct nomem__campaign *campaign, nomem_frame frame) {
  unsigned module = NOMEM_FRAME_MODULE(frame);
  return module >= 1 && module <= campaign->module_count ? campaign->modules[module - 1] : NULL;
}

static bool is_of_project(const char *path) {
  return path != NULL && !nomem__is_runtime(nomem__base_name(path));
}

static void collect(const struct nomem__campaign *campaign, struct observed_list *all) {
  for (size_t i = 0; i < campaign->site_count; i++) {
    const struct nomem__campaign_site *site = &campaign->sites[i];
    for (unsigned frame = 0; frame < site->depth; frame++) {
      if (!is_of_project(path_of(campaign, site->frames[frame]))) continue;
      all->list = nomem__grow(all->list, all->count, &all->room, sizeof *all->list);
      all->list[all->count++] = (struct observed){site->frames[frame], frame > 0 ? site->frames[frame - 1] : 0};
    }
  }
}

static int by_frames(const void *left, const void *right) {
  const struct observed *a = left, *b = right;
  if (a->call != b->call) return a->call < b->call ? -1 : 1;
  return a->callee < b->callee ? -1 : a->callee > b->callee;
}

/* Puts it, unless the call names the function. */
static void put(struct nomem__json *json, json_t *calls, const struct nomem__campaign *campaign,
                const struct observed *observed) {
  struct nomem__symbols *symbols = campaign->session->symbols;
  const char *path = path_of(campaign, observed->call), *callee = path_of(campaign, observed->callee);
  uint64_t address = NOMEM_FRAME_OFFSET(observed->call), start = 0;
  const struct nomem__function_code *code = nomem__symbols_find_code(symbols, path, address - 1);
  uint32_t number = code != NULL ? nomem__function_code_find_before(code, address) : NOMEM_NO_INSTRUCTION;
  if (number == NOMEM_NO_INSTRUCTION || code->list[number].operation != NOMEM_OPERATION_CALL) return;
  const char *name = observed->callee == 0 ? NOMEM_AN_ALLOCATION : NULL;
  const struct nomem__function_code *function =
      callee != NULL ? nomem__symbols_find_code(symbols, callee, NOMEM_FRAME_OFFSET(observed->callee) - 1) : NULL;
  if (function != NULL) {
    struct nomem__source_frame frames[NOMEM_INLINED_MAX];
    start = function->start;
    if (nomem__symbols_is_call_of(symbols, path, &code->list[number], callee, start)) return;
    size_t count = nomem__symbols_resolve(symbols, callee, start, false, frames, NOMEM_INLINED_MAX);
    name = count > 0 ? frames[count - 1].function : NULL;
  }
  if (name == NULL) return;
  json_t *call = json_object();
  nomem__json_put(json, call, "module", json_string(path));
  nomem__json_number(json, call, "return_address", address);
  nomem__json_put(json, call, "callee_module", json_string(callee != NULL ? callee : ""));
  nomem__json_number(json, call, "callee", start);
  nomem__json_put(json, call, "name", json_string(name));
  nomem__json_add(json, calls, call);
}

json_t *nomem__observed_calls_make(struct nomem__json *json, const struct nomem__campaign *campaign) {
  struct observed_list all = {0};
  json_t *calls = json_array();
  collect(campaign, &all);
  if (all.count > 0) qsort(all.list, all.count, sizeof *all.list, by_frames);
  for (size_t i = 0; i < all.count; i++)
    if (i == 0 || by_frames(&all.list[i - 1], &all.list[i]) != 0) put(json, calls, campaign, &all.list[i]);
  free(all.list);
  return calls;
}
