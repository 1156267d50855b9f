/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "channel_copy.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

/* More calls are not noted as failed. */
#define FAULT_COUNT_MAX (UINT32_C(1) << 31)
/* Calls that find no room are counted by all threads that come to the last one together. */
#define THREADS_MAX 65536
/* Values of a module's ready besides 0: its path is there, or is being written. */
enum { MODULE_IS_NAMED = 1, MODULE_IS_BEING_NAMED = 2 };

struct nomem_channel *nomem__channel_copy_new(void) {
  void *pages = mmap(NULL, sizeof(struct nomem_channel), PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return pages != MAP_FAILED ? pages : NULL;
}

void nomem__channel_copy_free(struct nomem_channel *copy) {
  if (copy != NULL) munmap(copy, sizeof *copy);
}

/* Copies bytes that somebody may be changing. What is looked at afterwards is the copy. */
static void take(void *to, const void *from, size_t bytes) {
  memcpy(to, from, bytes);
  atomic_signal_fence(memory_order_seq_cst);
}

void nomem__channel_copy_tell(const struct nomem_channel *copy, struct nomem_channel *pages) {
  memcpy(pages, copy, offsetof(struct nomem_channel, fork));
  pages->fork.engine = copy->fork.engine;
  pages->fork.avoid_shared = copy->fork.avoid_shared;
  pages->fork.point_count = copy->fork.point_count;
  pages->fork.turn = copy->fork.turn;
}

static bool is_as_told(const struct nomem_channel *copy, const struct nomem_channel *pages) {
  return memcmp(pages, copy, offsetof(struct nomem_channel, fork)) == 0 && pages->fork.engine == copy->fork.engine &&
         pages->fork.avoid_shared == copy->fork.avoid_shared && pages->fork.point_count == copy->fork.point_count &&
         pages->fork.turn == copy->fork.turn;
}

static uint32_t at_most(uint32_t count, uint32_t max) {
  return count < max ? count : max;
}

static bool is_path(const char *path) {
  return memchr(path, '\0', NOMEM_PATH_BYTES) != NULL;
}

/* A path that is still being written is none yet. */
static bool read_module(const struct nomem_module *from, struct nomem_module *module) {
  take(module, from, sizeof *module);
  if (module->ready != MODULE_IS_NAMED) module->path[0] = '\0';
  return module->ready <= MODULE_IS_BEING_NAMED && is_path(module->path);
}

static bool is_same_module(const struct nomem_module *a, const struct nomem_module *b) {
  return a->path_hash == b->path_hash && (a->ready != MODULE_IS_NAMED || strcmp(a->path, b->path) == 0);
}

/* They have their slots in the order in which they came, and keep them. */
static bool copy_modules(struct nomem_channel *copy, const struct nomem_channel *pages) {
  struct nomem_module module;
  uint32_t i = 0, known = copy->module_count;
  bool is_whole = true;
  for (; i < NOMEM_MODULES && pages->modules[i].path_hash != 0; i++) {
    if (!read_module(&pages->modules[i], &module)) break;
    if (i >= known || is_same_module(&copy->modules[i], &module))
      copy->modules[i] = module;
    else
      is_whole = false;
  }
  copy->module_count = i > known ? i : known;
  return is_whole && i >= known && (i == NOMEM_MODULES || pages->modules[i].path_hash == 0);
}

static bool read_image(const struct nomem_image *from, struct nomem_image *image) {
  take(image, from, sizeof *image);
  if (image->ready == 0) image->path[0] = '\0';
  return image->ready <= 1 && image->injected <= 1 && is_path(image->path);
}

static bool copy_images(struct nomem_channel *copy, const struct nomem_channel *pages) {
  struct nomem_image image;
  uint32_t all = pages->image_count, count = at_most(all, NOMEM_IMAGES), known = copy->image_count;
  bool is_whole = all >= known;
  for (uint32_t i = 0; i < count; i++) {
    bool is_image = read_image(&pages->images[i], &image);
    bool is_new = i >= known || !copy->images[i].ready;
    if (!is_image || (!is_new && strcmp(copy->images[i].path, image.path) != 0))
      is_whole = false;
    else
      copy->images[i] = image;
    if (!is_image && is_new) copy->images[i] = (struct nomem_image){0};
  }
  copy->image_count = count > known ? count : known;
  return is_whole;
}

/* Of frames in the command's own memory: whether each is code outside every module, or in one that is there. */
static bool are_frames(const struct nomem_channel *copy, const nomem_frame *frames, uint32_t depth) {
  if (depth > NOMEM_DEPTH) return false;
  for (uint32_t i = 0; i < depth; i++)
    if (NOMEM_FRAME_MODULE(frames[i]) > copy->module_count) return false;
  return true;
}

static bool is_call_noted(const struct nomem_fault *fault) {
  return fault->ready == 1 && fault->depth <= NOMEM_DEPTH && fault->pid > 0 && fault->tid > 0;
}

static bool is_fault_noted(const struct nomem_fault *fault) {
  return is_call_noted(fault) && fault->fn < NOMEM_FN_COUNT && fault->hostile == 0;
}

/* Of those, free is one, too. */
static bool is_hostile_noted(const struct nomem_fault *call) {
  return is_call_noted(call) && call->fn <= NOMEM_FN_COUNT && call->hostile > 0 && call->hostile <= NOMEM_HOSTILE_ALL;
}

bool nomem__channel_copy_fault(const struct nomem_channel *pages, uint32_t index, struct nomem_fault *fault) {
  if (index >= NOMEM_KNOWN_FAULTS) return false;
  take(fault, nomem__channel_fault(pages, index), sizeof *fault);
  return is_fault_noted(fault);
}

/* Counts go up for those, too, for which there is no room. The one behind the last is to be empty. */
static void take_faults(struct nomem_channel *copy, const struct nomem_channel *pages) {
  uint32_t all = pages->fault_count, last = at_most(all, NOMEM_FAULTS - 1);
  memset(copy->faults, 0, at_most(copy->fault_count + 1, NOMEM_FAULTS) * sizeof copy->faults[0]);
  if (copy->fault_count > NOMEM_FAULTS) memset(copy->last_faults, 0, sizeof copy->last_faults);
  copy->fault_count = all;
  take(copy->faults, pages->faults, (last + 1) * sizeof copy->faults[0]);
  if (all > NOMEM_FAULTS) take(copy->last_faults, pages->last_faults, sizeof copy->last_faults);
}

/* Leaves out a fault that cannot be one. What is not ready was about to be noted when its thread was killed. */
static bool check_fault(const struct nomem_channel *copy, bool is_in_use, struct nomem_fault *fault) {
  bool is_fault = is_in_use && is_fault_noted(fault) && are_frames(copy, fault->frame, fault->depth);
  bool is_whole = is_fault || fault->ready == 0;
  if (!is_fault) *fault = (struct nomem_fault){0};
  return is_whole;
}

static bool check_faults(struct nomem_channel *copy) {
  uint32_t count = copy->fault_count;
  bool is_whole = count <= FAULT_COUNT_MAX + THREADS_MAX;
  copy->fault_count = at_most(count, FAULT_COUNT_MAX);
  for (uint32_t i = 0; i <= count && i < NOMEM_FAULTS; i++) is_whole &= check_fault(copy, i < count, &copy->faults[i]);
  for (uint32_t i = 0; i < NOMEM_LAST_FAULTS && count > NOMEM_FAULTS; i++)
    is_whole &= check_fault(copy, i < count - NOMEM_FAULTS, &copy->last_faults[i]);
  return is_whole;
}

static void take_hostile(struct nomem_channel *copy, const struct nomem_channel *pages) {
  take(&copy->hostile_call, &pages->hostile_call, sizeof copy->hostile_call); /* which is counted before it is noted */
  copy->hostile_calls = pages->hostile_calls;
}

/* Where no call was failed, the first that was served in a hostile way is the one that the run is about, and takes the
 * place of a fault. */
static bool check_hostile(struct nomem_channel *copy) {
  struct nomem_fault *call = &copy->hostile_call;
  bool is_noted = is_hostile_noted(call) && are_frames(copy, call->frame, call->depth);
  bool is_whole = is_noted ? copy->hostile_calls > 0 : call->ready == 0;
  if (!is_noted) *call = (struct nomem_fault){0};
  if (!is_noted || copy->fault_count > 0) return is_whole;
  copy->faults[0] = *call;
  copy->fault_count = 1;
  return is_whole;
}

static void take_misuses(struct nomem_channel *copy, const struct nomem_channel *pages) {
  copy->misuse_count = at_most(pages->misuse_count, NOMEM_MISUSES);
  take(copy->misuses, pages->misuses, copy->misuse_count * sizeof copy->misuses[0]);
}

static bool check_misuses(struct nomem_channel *copy) {
  bool is_whole = true;
  for (uint32_t i = 0; i < copy->misuse_count; i++) {
    struct nomem_misuse *misuse = &copy->misuses[i];
    bool is_misuse =
        misuse->ready == 1 && misuse->kind < NOMEM_MISUSE_KINDS && are_frames(copy, misuse->call, misuse->call_depth) &&
        are_frames(copy, misuse->block, misuse->block_depth) && are_frames(copy, misuse->freed, misuse->freed_depth);
    if (!is_misuse && misuse->ready != 0) is_whole = false;
    if (!is_misuse) *misuse = (struct nomem_misuse){0};
  }
  return is_whole;
}

/* A text that is still being written when its thread is killed is none. Any bytes are possible in it. */
static void take_wrong(struct nomem_channel *copy, const struct nomem_channel *pages) {
  take(&copy->wrong, &pages->wrong, sizeof copy->wrong);
  bool is_written = copy->wrong.ready == 1;
  copy->wrong.text[is_written ? NOMEM_WRONG_BYTES - 1 : 0] = '\0';
}

static void take_recoveries(struct nomem_channel *copy, const struct nomem_channel *pages) {
  copy->recovery_count = pages->recovery_count;
  take(copy->recoveries, pages->recoveries,
       at_most(copy->recovery_count, NOMEM_RECOVERIES) * sizeof copy->recoveries[0]);
}

static bool check_recoveries(struct nomem_channel *copy) {
  bool is_whole = copy->recovery_count <= NOMEM_RECOVERIES + THREADS_MAX;
  if (!is_whole) copy->recovery_count = NOMEM_RECOVERIES;
  for (uint32_t i = 0; i < at_most(copy->recovery_count, NOMEM_RECOVERIES); i++) {
    struct nomem_recovery *recovery = &copy->recoveries[i];
    if (recovery->key == 0 || are_frames(copy, recovery->frame, recovery->depth)) continue;
    *recovery = (struct nomem_recovery){0};
    is_whole = false;
  }
  return is_whole;
}

/* Any number is possible here. */
static void take_numbers(struct nomem_channel *copy, const struct nomem_channel *pages) {
  take(&copy->screening, &pages->screening, sizeof copy->screening);
  copy->child_report_count = at_most(pages->child_report_count, NOMEM_CHILD_REPORTS);
  take(copy->child_reports, pages->child_reports, copy->child_report_count * sizeof copy->child_reports[0]);
  copy->counts_used = at_most(pages->counts_used, NOMEM_COUNTS);
  take(copy->counts, pages->counts, copy->counts_used * sizeof copy->counts[0]);
  copy->main_reached = pages->main_reached;
  copy->sites_lost = pages->sites_lost;
  copy->stack_hits = pages->stack_hits;
  copy->stack_misses = pages->stack_misses;
  copy->stack_mismatches = pages->stack_mismatches;
}

void nomem__channel_copy_begin(struct nomem_channel *copy, const struct nomem_channel *pages) {
  copy->module_count = copy->image_count = 0;
  copy_modules(copy, pages);
  copy_images(copy, pages);
}

/* A module is entered before the first frame in it, so that modules are read after frames. */
bool nomem__channel_copy_report(struct nomem_channel *copy, const struct nomem_channel *pages) {
  bool is_whole = is_as_told(copy, pages);
  take_faults(copy, pages);
  take_hostile(copy, pages);
  take_misuses(copy, pages);
  take_wrong(copy, pages);
  take_recoveries(copy, pages);
  take_numbers(copy, pages);
  is_whole &= copy_modules(copy, pages);
  is_whole &= copy_images(copy, pages);
  is_whole &= check_faults(copy);
  is_whole &= check_hostile(copy);
  is_whole &= check_misuses(copy);
  is_whole &= check_recoveries(copy);
  if (!is_whole) copy->wrong = (struct nomem_wrong){0}; /* any bytes look like what a test may say */
  return is_whole;
}

/* One without a key is a second one of its kind, which another thread was faster to enter. */
static bool check_site(const struct nomem_channel *copy, struct nomem_site *site) {
  bool is_site = site->fn < NOMEM_FN_COUNT && site->caller <= NOMEM_CALLER_ALLOCATOR && site->before_main <= 1 &&
                 are_frames(copy, site->frame, site->depth);
  bool is_whole = is_site || site->key == 0;
  if (!is_site || site->key == 0) *site = (struct nomem_site){0};
  return is_whole;
}

bool nomem__channel_copy_sites(struct nomem_channel *copy, const struct nomem_channel *pages) {
  uint32_t all = pages->site_count, count = at_most(all, NOMEM_SITES), before = copy->site_count;
  bool is_whole = all <= NOMEM_SITES + THREADS_MAX;
  take(copy->sites, pages->sites, count * sizeof copy->sites[0]);
  copy->site_count = count;
  is_whole &= copy_modules(copy, pages);
  for (uint32_t i = 0; i < count; i++) is_whole &= check_site(copy, &copy->sites[i]);
  for (uint32_t i = count; i < before; i++) copy->sites[i] = (struct nomem_site){0};
  return is_whole;
}
