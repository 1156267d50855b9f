/* SPDX-License-Identifier: MIT */
#include "site_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../text/memory.h"

static int by_first_nth(const void *left, const void *right) {
  const struct nomem__campaign_site *a = left, *b = right;
  if (a->first_nth != b->first_nth) return a->first_nth < b->first_nth ? -1 : 1;
  return a->key < b->key ? -1 : a->key > b->key;
}

/* Never more than room: what the program writes may change under us. */
static unsigned depth_of(const struct nomem_site *site, size_t room) {
  unsigned depth = *(const volatile uint32_t *)&site->depth;
  if (depth > NOMEM_DEPTH) depth = NOMEM_DEPTH;
  return depth < room ? depth : (unsigned)room;
}

size_t nomem__site_list_read(const struct nomem_channel *channel, struct nomem__campaign_site **sites) {
  size_t count = 0, entered = channel->site_count < NOMEM_SITES ? channel->site_count : NOMEM_SITES;
  size_t frame_count = 0;
  for (size_t i = 0; i < entered; i++) frame_count += depth_of(&channel->sites[i], NOMEM_DEPTH);
  *sites = nomem__calloc(1, (entered + 1) * sizeof **sites + frame_count * sizeof(nomem_frame));
  nomem_frame *frames = (nomem_frame *)(*sites + entered + 1);
  for (size_t i = 0; i < entered; i++) {
    const struct nomem_site *site = &channel->sites[i];
    if (site->key == 0 || site->count == 0 || site->caller == NOMEM_CALLER_ALLOCATOR) continue;
    unsigned depth = depth_of(site, frame_count);
    (*sites)[count] = (struct nomem__campaign_site){.key = site->key,
                                                    .count = site->count,
                                                    .first_nth = site->first_nth,
                                                    .frames = frames,
                                                    .depth = depth,
                                                    .before_main = site->before_main,
                                                    .worst = NOMEM_VERDICT_COUNT};
    count++;
    memcpy(frames, site->frame, depth * sizeof *frames);
    frames += depth;
    frame_count -= depth;
  }
  qsort(*sites, count, sizeof **sites, by_first_nth);
  return count;
}

size_t nomem__site_list_read_modules(const struct nomem_channel *channel, char ***modules) {
  size_t count = channel->module_count < NOMEM_MODULES ? channel->module_count : NOMEM_MODULES;
  size_t room = count;
  for (size_t i = 0; i < count; i++) room += strnlen(channel->modules[i].path, NOMEM_PATH_BYTES);
  *modules = nomem__calloc(1, (count + 1) * sizeof **modules + room);
  char *path = (char *)(*modules + count + 1);
  for (size_t i = 0; i < count; i++) {
    size_t left = room - (count - i); /* each has its end */
    size_t length = strnlen(channel->modules[i].path, left < NOMEM_PATH_BYTES ? left : NOMEM_PATH_BYTES);
    (*modules)[i] = memcpy(path, channel->modules[i].path, length);
    path += length + 1;
    room -= length + 1;
  }
  return count;
}

static int by_key(const void *left, const void *right) {
  uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
  return a < b ? -1 : a > b;
}

unsigned nomem__key_digits(uint64_t *keys, size_t count) {
  unsigned digits = NOMEM_KEY_DIGITS;
  qsort(keys, count, sizeof *keys, by_key);
  for (size_t i = 1; i < count; i++)
    while (digits < NOMEM_KEY_DIGITS_ALL && keys[i] != keys[i - 1] &&
           keys[i] >> (64 - 4 * digits) == keys[i - 1] >> (64 - 4 * digits))
      digits++;
  return digits;
}

unsigned nomem__site_list_digits(const struct nomem__campaign_site *sites, size_t count) {
  uint64_t *keys = nomem__calloc(count + 1, sizeof *keys);
  for (size_t i = 0; i < count; i++) keys[i] = sites[i].key;
  unsigned digits = nomem__key_digits(keys, count);
  free(keys);
  return digits;
}

void nomem__site_list_trace(const struct nomem__campaign_site *site, char *const *modules, size_t module_count,
                            struct nomem__trace *trace) {
  *trace = (struct nomem__trace){.depth = site->depth};
  for (unsigned f = 0; f < site->depth; f++) {
    unsigned module = NOMEM_FRAME_MODULE(site->frames[f]);
    const char *path = module >= 1 && module <= module_count ? modules[module - 1] : "";
    trace->frame[f] = (struct nomem__trace_frame){path, NOMEM_FRAME_OFFSET(site->frames[f]), true};
  }
}

size_t nomem__site_list_drop_untested(struct nomem__campaign_site *sites, size_t count, char *const *modules,
                                      size_t module_count, const struct nomem__tested_modules *tested,
                                      uint64_t *calls) {
  size_t kept = 0;
  *calls = 0;
  for (size_t i = 0; i < count; i++) {
    struct nomem__trace trace;
    nomem__site_list_trace(&sites[i], modules, module_count, &trace);
    if (nomem__is_tested_call(tested, &trace))
      sites[kept++] = sites[i];
    else
      *calls += sites[i].count;
  }
  return kept;
}

void nomem__site_list_mark_test_calls(struct nomem__campaign_site *sites, size_t count, char *const *modules,
                                      size_t module_count, const struct nomem__code_owners *code_owners) {
  for (size_t i = 0; i < count && code_owners->is_divided; i++) {
    struct nomem__trace trace;
    nomem__site_list_trace(&sites[i], modules, module_count, &trace);
    sites[i].is_tests = nomem__is_test_call(code_owners, &trace);
  }
}

static int by_site_key(const void *left, const void *right) {
  const struct nomem__campaign_site *a = left, *b = right;
  return a->key < b->key ? -1 : a->key > b->key;
}

size_t nomem__site_list_count_unshared(struct nomem__campaign_site *first, size_t first_count,
                                       struct nomem__campaign_site *second, size_t second_count) {
  size_t a = 0, b = 0, unshared = 0;
  qsort(first, first_count, sizeof *first, by_site_key);
  qsort(second, second_count, sizeof *second, by_site_key);
  while (a < first_count || b < second_count) {
    bool is_only_first = b == second_count || (a < first_count && first[a].key < second[b].key);
    bool is_only_second = !is_only_first && (a == first_count || second[b].key < first[a].key);
    unshared += is_only_first || is_only_second;
    a += !is_only_second;
    b += !is_only_first;
  }
  qsort(first, first_count, sizeof *first, by_first_nth);
  qsort(second, second_count, sizeof *second, by_first_nth);
  return unshared;
}
