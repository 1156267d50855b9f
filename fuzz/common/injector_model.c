/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "common/injector_model.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <string.h>
#include <unistd.h>

#include "inject/call_site.h"

/* LATE_UNWINDS: of stacks that are new, after so many faults, when every call fails. */
enum { FRAMES_MAX = 2 * NOMEM_DEPTH, LATE_UNWINDS = 4096 };

/* Of this process, in all its life: not in the model, which a forked child shares. */
static unsigned recovery_calls;

/* Whether the rule names one call of one site, with all digits, and nothing else. */
static bool is_point(const struct nomem_rule *rule) {
  return rule->has == NOMEM_HAS_SITE && rule->site.digits == 16 &&
         rule->site.occurrence.first == rule->site.occurrence.last;
}

void injector_model_start(struct injector_model *model, const struct nomem_channel *channel, const char *plan,
                          bool keeps_sites) {
  struct injector_model next = {
      .main_began = model->main_began, .stops = model->stops, .stop_at_fault = channel->stop_at_fault};
  struct nomem_plan_error error;
  memcpy(next.paused, model->paused, sizeof next.paused);
  next.site_count = keeps_sites ? model->site_count : 0;
  for (unsigned label = 0; label < INJECTOR_LABELS; label++)
    next.site_of[label] = keeps_sites ? model->site_of[label] : INJECTOR_NO_SITE;
  memcpy(next.site, model->site, sizeof next.site);
  memcpy(next.key_of, model->key_of, sizeof next.key_of);
  for (unsigned s = 0; s < INJECTOR_LABELS; s++) next.site[s].count = 0;
  CHECK(reference_parse(plan, &next.plan, &error) == 0, "the reference refuses '%s': %s", plan, error.reason);
  unsigned has = next.plan.has;
  next.fails = next.plan.rule_count > 0;
  next.measures_coverage = channel->measures_coverage;
  next.keeps_blocks = channel->watch == NOMEM_WATCH_LIVE;
  next.names_sites = channel->record_sites || channel->fork.engine != NOMEM_ENGINE_EXEC ||
                     (next.measures_coverage && next.fails) ||
                     has & (NOMEM_HAS_SITE | NOMEM_HAS_FROM | NOMEM_HAS_IN | NOMEM_HAS_MODULE);
  next.keeps_live = channel->counts_live_bytes || has & NOMEM_HAS_BUDGET;
  next.known_sites = channel->known_sites;
  next.notes_recovery = next.known_sites && next.plan.rule_count == 1 && is_point(&next.plan.rule[0]) &&
                        next.plan.rule[0].site.occurrence.first == 1;
  next.is_open = true;
  *model = next;
}

void injector_model_see(struct injector_model *model, const struct injector_call *call, const void *return_address) {
  void *stack[FRAMES_MAX];
  if (call->site == INJECTOR_NO_SITE) return;
  struct injector_frames *frames = &model->site[call->site].frames;
  if (model->site[call->site].count != 1) return;
  int count = backtrace(stack, FRAMES_MAX), first = 0;
  while (first < count && stack[first] != return_address) first++;
  CHECK(first < count, "the return address is not on the stack");
  for (frames->depth = 0; first < count && frames->depth < NOMEM_DEPTH; first++)
    frames->address[frames->depth++] = (uintptr_t)stack[first];
}

void injector_model_add_live(struct injector_model *model, int64_t bytes) {
  if (model->is_open && model->keeps_live) model->live += bytes;
}

void injector_model_add_blocks(struct injector_model *model, int blocks, int64_t bytes) {
  if (model->is_open && model->keeps_blocks) model->blocks += (uint64_t)(blocks * (INT64_C(1) << 44) + bytes);
}

static int find_site(struct injector_model *model, const struct injector_call *call) {
  int *site = &model->site_of[call->label];
  if (*site == INJECTOR_NO_SITE) {
    *site = (int)model->site_count++;
    model->site[*site].first_size = call->size;
    model->site[*site].first_nth = model->calls;
    model->site[*site].fn = call->fn;
    model->site[*site].is_own = call->is_own;
    model->site[*site].before_main = !model->main_began;
  }
  model->named_calls++;
  model->site[*site].count++;
  return *site;
}

static void record(struct injector_model *model, const struct injector_call *call) {
  CHECK(model->fault_count < INJECTOR_FAULTS, "the model has no room for another fault");
  unsigned f = model->fault_count++;
  model->fault[f].pid = getpid();
  model->fault[f].tid = gettid();
  model->fault[f].fn = call->fn;
  model->fault[f].size = call->size;
  model->fault[f].nth = model->calls;
  model->fault[f].site = call->site;
  model->fault[f].occurrence = call->site == INJECTOR_NO_SITE ? 0 : model->site[call->site].count;
}

static uint64_t mask_of(const struct nomem_plan *plan, unsigned condition, const struct injector_call *call) {
  uint64_t mask = 0;
  char program[NOMEM_PATH_BYTES] = "";
  if (readlink("/proc/self/exe", program, sizeof program - 1) < 0) return 0;
  const char *name = strrchr(program, '/') + 1;
  for (unsigned r = 0; r < plan->rule_count; r++) {
    const struct nomem_rule *rule = &plan->rule[r];
    if (!(rule->has & condition)) continue;
    bool matches =
        condition == NOMEM_HAS_IN ? reference_glob(rule->in, call->function) : reference_glob(rule->module, name);
    mask |= (uint64_t)matches << r;
  }
  return mask;
}

static uint64_t number_of(struct injector_model *model, unsigned thread) {
  if (thread && !model->number[thread]) model->number[thread] = 2 + model->threads_seen++;
  return thread ? model->number[thread] : 1;
}

/* Once each point has had its fault there is nothing more to decide, and no site to name but of the recovery. */
static void see_whether_spent(struct injector_model *model, const struct nomem_channel *channel) {
  for (unsigned r = 0; r < model->plan.rule_count; r++)
    if (!is_point(&model->plan.rule[r]) || !model->state.faults[r]) return;
  if (channel->record_sites) return;
  model->fails = false;
  model->names_sites = model->notes_recovery;
}

/* So many calls after a fault are looked at, and no more. */
static void note_recovery(struct injector_model *model, const struct injector_call *call) {
  if (call->site >= (int)model->known_sites && model->site[call->site].count == 1)
    model->recovery[model->recovery_count++] = (unsigned)call->site;
  if (recovery_calls++ == NOMEM_RECOVERY_CALLS) model->fails = model->names_sites = model->notes_recovery = false;
}

/* Whether the call passes after all, because only the stop was wanted. */
static bool stops_instead(struct injector_model *model) {
  uint32_t kind = model->stop_at_fault;
  if (kind == NOMEM_STOP_ONCE) model->stop_at_fault = NOMEM_STOP_NEVER;
  model->stops += kind == NOMEM_STOP_ONCE || (kind != NOMEM_STOP_NEVER && model->fault_count <= NOMEM_FAULTS);
  return kind == NOMEM_STOP_INSTEAD;
}

/* When all calls fail, and enough of them were noted, stacks that are not known are named no longer after a while. */
static bool is_site_needed(struct injector_model *model) {
  if (model->measures_coverage || model->plan.has != NOMEM_HAS_FROM || model->plan.rule_count != 1) return true;
  if (model->fault_count < NOMEM_FAULTS || !model->state.from_open[0]) return true;
  if (!model->last_unwind) model->last_unwind = nomem__site_unwinds() + LATE_UNWINDS;
  return nomem__site_unwinds() < model->last_unwind;
}

bool injector_model_decide(struct injector_model *model, struct injector_call *call) {
  call->site = INJECTOR_NO_SITE;
  if (!model->is_open || model->paused[call->thread]) return false;
  model->calls++;
  model->calls_of[call->fn]++;
  if (model->names_sites && is_site_needed(model)) call->site = find_site(model, call);
  if (call->is_own && call->site != INJECTOR_NO_SITE) return false;
  if (model->notes_recovery && model->fault_count && call->site != INJECTOR_NO_SITE) note_recovery(model, call);
  if (!model->fails) return false;
  int64_t live = model->live - (int64_t)call->released;
  const struct nomem_channel *channel = nomem__channel();
  struct nomem_call asked = {
      .fn = call->fn,
      .size_bytes = call->size,
      .live_bytes = live > 0 ? (uint64_t)live : 0,
      .site = call->site == INJECTOR_NO_SITE ? 0 : model->key_of[call->label],
      .occurrence = call->site == INJECTOR_NO_SITE ? 0 : model->site[call->site].count,
      .thread = model->plan.has & NOMEM_HAS_THREAD ? number_of(model, call->thread) : 0,
      .main_thread = call->thread == 0,
      .in_mask = mask_of(&model->plan, NOMEM_HAS_IN, call),
      .module_mask = mask_of(&model->plan, NOMEM_HAS_MODULE, call),
  };
  if (reference_decide(&model->plan, &model->state, &asked) < 0) return false;
  record(model, call);
  if (stops_instead(model)) return false;
  see_whether_spent(model, channel);
  return true;
}

#define SAME(what, is, expected)                                                              \
  CHECK((uint64_t)(is) == (uint64_t)(expected), what " is %llu, must be %llu; plan '%.200s'", \
        (unsigned long long)(is), (unsigned long long)(expected), channel->plan)

static void check_frames(const struct nomem_channel *channel, const nomem_frame *frame, unsigned depth,
                         const struct injector_frames *expected) {
  SAME("the depth of a stack", depth, expected->depth);
  for (unsigned i = 0; i < depth; i++) {
    Dl_info info;
    char program[NOMEM_PATH_BYTES] = "";
    unsigned module = NOMEM_FRAME_MODULE(frame[i]);
    CHECK(dladdr((void *)expected->address[i], &info) != 0, "frame %u is in no module", i);
    CHECK(readlink("/proc/self/exe", program, sizeof program - 1) > 0, "there is no /proc");
    SAME("the offset of a frame", NOMEM_FRAME_OFFSET(frame[i]), expected->address[i] - (uintptr_t)info.dli_fbase);
    CHECK(module >= 1 && module <= channel->module_count, "frame %u has module %u", i, module);
    const char *path = channel->modules[module - 1].path, *name = info.dli_fname;
    if (!strcmp(strrchr(path, '/'), strrchr(program, '/'))) name = program;
    CHECK(!strcmp(path, name), "frame %u is in '%s', not in '%s'", i, path, name);
  }
}

static void check_sites(const struct injector_model *model, const struct nomem_channel *channel) {
  SAME("the number of sites", channel->site_count, model->site_count);
  SAME("the number of calls without a site", channel->sites_lost, 0);
  for (unsigned s = 0; s < model->site_count; s++) {
    const struct nomem_site *site = &channel->sites[s];
    SAME("the count of a site", site->count, model->site[s].count);
    SAME("the first size of a site", site->first_size, model->site[s].first_size);
    SAME("the first call of a site", site->first_nth, model->site[s].first_nth);
    SAME("the function of a site", site->fn, model->site[s].fn);
    SAME("before_main of a site", site->before_main, model->site[s].before_main);
    SAME("the caller of a site", site->caller,
         model->site[s].is_own      ? NOMEM_CALLER_ALLOCATOR
         : model->measures_coverage ? NOMEM_CALLER_PROGRAM
                                    : NOMEM_CALLER_UNKNOWN);
    CHECK(site->key, "site %u has no key", s);
    for (unsigned other = 0; other < s; other++)
      CHECK(channel->sites[other].key != site->key, "two stacks have the same key");
    check_frames(channel, site->frame, site->depth, &model->site[s].frames);
  }
}

static void check_keys(struct injector_model *model, const struct nomem_channel *channel) {
  for (unsigned label = 0; label < INJECTOR_LABELS; label++) {
    if (model->site_of[label] == INJECTOR_NO_SITE) continue;
    uint64_t key = channel->sites[model->site_of[label]].key;
    if (model->key_of[label]) SAME("the key of a stack that was known", key, model->key_of[label]);
    model->key_of[label] = key;
  }
}

static void check_fault(const struct injector_model *model, const struct nomem_channel *channel, unsigned f,
                        const struct nomem_fault *fault) {
  int site = model->fault[f].site;
  SAME("whether a fault is ready", fault->ready, 1);
  SAME("whether a fault is being written", fault->is_being_written, 0);
  SAME("the function of a fault", fault->fn, model->fault[f].fn);
  SAME("the process of a fault", fault->pid, model->fault[f].pid);
  SAME("the thread of a fault", fault->tid, model->fault[f].tid);
  SAME("the size of a fault", fault->size_bytes, model->fault[f].size);
  SAME("the call of a fault", fault->nth, model->fault[f].nth);
  SAME("the occurrence of a fault", fault->occurrence, model->fault[f].occurrence);
  SAME("the site of a fault", fault->site, site == INJECTOR_NO_SITE ? 0 : channel->sites[site].key);
  if (site == INJECTOR_NO_SITE)
    SAME("the depth of a fault without a site", fault->depth, 0);
  else
    check_frames(channel, fault->frame, fault->depth, &model->site[site].frames);
}

/* The first ones, and of the others the last. */
static void check_faults(const struct injector_model *model, const struct nomem_channel *channel) {
  SAME("the number of faults", channel->fault_count, model->fault_count);
  unsigned late = model->fault_count > NOMEM_FAULTS ? model->fault_count - NOMEM_FAULTS : 0;
  unsigned lost = late > NOMEM_LAST_FAULTS ? late - NOMEM_LAST_FAULTS : 0;
  for (unsigned f = 0; f < NOMEM_FAULTS; f++) {
    if (f < model->fault_count)
      check_fault(model, channel, f, &channel->faults[f]);
    else
      SAME("a fault that was none", channel->faults[f].ready, 0);
  }
  for (unsigned f = NOMEM_FAULTS + lost; f < model->fault_count; f++)
    check_fault(model, channel, f, &channel->last_faults[(f - NOMEM_FAULTS) % NOMEM_LAST_FAULTS]);
  for (unsigned f = late; f < NOMEM_LAST_FAULTS; f++)
    SAME("a late fault that was none", channel->last_faults[f].ready, 0);
}

static void check_recoveries(const struct injector_model *model, const struct nomem_channel *channel) {
  SAME("the number of recoveries", channel->recovery_count, model->recovery_count);
  for (unsigned i = 0; i < model->recovery_count; i++) {
    const struct nomem_recovery *recovery = &channel->recoveries[i];
    SAME("the key of a recovery", recovery->key, channel->sites[model->recovery[i]].key);
    check_frames(channel, recovery->frame, recovery->depth, &model->site[model->recovery[i]].frames);
  }
}

static void check_counts(const struct injector_model *model, const struct nomem_channel *channel) {
  struct nomem_counters counters;
  uint64_t calls_of[NOMEM_FN_COUNT] = {0};
  for (unsigned c = 0; c < NOMEM_COUNTS; c++)
    for (unsigned fn = 0; fn < NOMEM_FN_COUNT; fn++) calls_of[fn] += channel->counts[c].calls[fn];
  for (unsigned fn = 0; fn < NOMEM_FN_COUNT; fn++) SAME("the calls of a function", calls_of[fn], model->calls_of[fn]);
  nomem_read(&counters);
  SAME("calls", counters.calls, model->calls);
  SAME("frees", counters.frees, model->frees);
  SAME("faults", counters.faults, model->fault_count);
  SAME("errno_lost", counters.errno_lost, model->errno_lost);
  SAME("live bytes", channel->live_bytes, model->live);
  SAME("blocks in use", channel->screening.live, model->blocks);
  SAME("main_reached", channel->main_reached, model->main_reached);
  if (!channel->verify) return;
  SAME("stacks looked up", channel->stack_hits + channel->stack_misses, model->named_calls);
  SAME("stacks mistaken for others", channel->stack_mismatches, 0);
}

void injector_model_check(struct injector_model *model, struct nomem_channel *channel) {
  check_counts(model, channel);
  check_sites(model, channel);
  check_keys(model, channel);
  check_faults(model, channel);
  check_recoveries(model, channel);
  for (unsigned r = 0; r < NOMEM_PLAN_RULES; r++) {
    SAME("the calls that a rule counted", channel->state.matched[r], model->state.matched[r]);
    SAME("the faults of a rule", channel->state.faults[r], model->state.faults[r]);
    SAME("from= of a rule", channel->state.from_open[r], model->state.from_open[r]);
  }
}
