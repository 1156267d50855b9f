/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <string.h>

#include "../../faults/inject/module_names.h"
#include "../../faults/program_kinds.h"
#include "engine.h"

#include "../../faults/inject/forbidden_calls.h"

/* Names as in the symbol table. The first that matches counts.
 *
 * The sanitizers start threads through functions of their own, which are then on the stack of everything that the
 * thread does. Where an exception or a thread variable cannot be allocated, the C++ runtime or the C library ends the
 * process. */
static const struct {
  const char *glob;
  enum nomem_frame_kind kind;
} names[] = {
    {"LLVMFuzzerTestOneInput", NOMEM_KIND_HARNESS},
    {"_ZN6fuzzer6Fuzzer*", NOMEM_KIND_NEVER},
    {"_ZN6fuzzer*RssThread*", NOMEM_KIND_NEVER},
    {"_ZN6__asan10AsanThread*", NOMEM_KIND_RUNTIME},
    {"_ZN6__msan10MsanThread*", NOMEM_KIND_RUNTIME},
    {"_ZN6__asan*", NOMEM_KIND_NEVER},
    {"_ZN6__lsan*", NOMEM_KIND_NEVER},
    {"_ZN6__msan*", NOMEM_KIND_NEVER},
    {"_ZN7__ubsan*", NOMEM_KIND_NEVER},
    {"_ZN11__sanitizer*", NOMEM_KIND_NEVER},
    {"__asan_*", NOMEM_KIND_NEVER},
    {"__lsan_*", NOMEM_KIND_NEVER},
    {"__msan_*", NOMEM_KIND_NEVER},
    {"__ubsan_*", NOMEM_KIND_NEVER},
    {"__sanitizer_*", NOMEM_KIND_NEVER},
    {"__assert_fail*", NOMEM_KIND_NEVER},
    {"abort", NOMEM_KIND_NEVER},
    {"_Exit", NOMEM_KIND_NEVER},
    {"__cxa_allocate_exception", NOMEM_KIND_NEVER},
    {"__cxa_get_globals", NOMEM_KIND_NEVER},
    {"__tls_get_addr", NOMEM_KIND_NEVER},
    {"_Znwm*", NOMEM_KIND_NEW},
    {"_Znam*", NOMEM_KIND_NEW},
    {"_ZNSt*", NOMEM_KIND_RUNTIME},
    {"_ZNKSt*", NOMEM_KIND_RUNTIME},
    {"_ZSt*", NOMEM_KIND_RUNTIME},
    {"_ZN9__gnu_cxx*", NOMEM_KIND_RUNTIME},
    {"_ZNK9__gnu_cxx*", NOMEM_KIND_RUNTIME},
    {"_ZN18FuzzedDataProvider*", NOMEM_KIND_RUNTIME},
    {"__interceptor_*", NOMEM_KIND_RUNTIME},
    {"___interceptor_*", NOMEM_KIND_RUNTIME},
};

static void find_kind(const char *name, enum nomem_frame_kind *kind) {
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (!nomem__glob(names[i].glob, name)) continue;
    *kind = names[i].kind;
    return;
  }
}

static const char *module_name(const struct nomem_channel *channel, nomem_frame frame) {
  unsigned number = NOMEM_FRAME_MODULE(frame);
  return number == 0 || number > NOMEM_MODULES ? "" : nomem__module_base_name(channel->modules[number - 1].path);
}

/* What is known of the function at a code address. */
struct function_facts {
  enum nomem_frame_kind kind;
  bool is_allocator;               /* by its name */
  uint64_t only_mask, except_mask; /* bit r: the function in= of rule r names */
};

static bool add_name(const char *name, void *argument) {
  struct function_facts *facts = argument;
  for (uint32_t r = 0; r < nomem__options.only.rule_count; r++)
    if (nomem__glob(nomem__options.only.rule[r].in, name)) facts->only_mask |= UINT64_C(1) << r;
  for (uint32_t r = 0; r < nomem__options.except.rule_count; r++)
    if (nomem__glob(nomem__options.except.rule[r].in, name)) facts->except_mask |= UINT64_C(1) << r;
  find_kind(name, &facts->kind);
  facts->is_allocator |= nomem__glob("*alloc*", name) || nomem__glob("*Alloc*", name);
  return false; /* go on with the other names of the function */
}

/* Searching a symbol table takes a tenth of a millisecond, so each code address is looked up once. Where two threads
 * look up the same one, they write the same. */
#define CACHED 16384
#define PROBES 8
static struct {
  _Atomic uint64_t frame;
  _Atomic uint32_t is_ready;
  struct function_facts facts;
} cache[CACHED];

static struct function_facts look_up(const struct nomem_channel *channel, nomem_frame frame) {
  struct function_facts facts = {.kind = nomem__is_runtime(module_name(channel, frame)) ? NOMEM_KIND_RUNTIME
                                                                                        : NOMEM_KIND_PLAIN};
  nomem__module_function_is(channel, frame, add_name, &facts);
  bool is_program = strcmp(module_name(channel, frame), nomem__module_base_name(nomem__module_program())) == 0;
  if (facts.kind == NOMEM_KIND_PLAIN && is_program && nomem__is_harness_code(NOMEM_FRAME_OFFSET(frame) - 1))
    facts.kind = facts.is_allocator ? NOMEM_KIND_HOOK : NOMEM_KIND_HARNESS;
  return facts;
}

static struct function_facts facts_of(const struct nomem_channel *channel, nomem_frame frame) {
  uint64_t slot = nomem__hash(0, frame) >> 32;
  for (uint64_t i = slot; i < slot + PROBES; i++) {
    uint64_t taken = 0;
    bool is_mine = atomic_compare_exchange_strong(&cache[i % CACHED].frame, &taken, frame);
    if (!is_mine && taken != frame) continue;
    if (!atomic_load_explicit(&cache[i % CACHED].is_ready, memory_order_acquire)) {
      cache[i % CACHED].facts = look_up(channel, frame);
      atomic_store_explicit(&cache[i % CACHED].is_ready, 1, memory_order_release);
    }
    return cache[i % CACHED].facts;
  }
  return look_up(channel, frame);
}

void nomem__frame_kinds_forget(void) {
  for (size_t i = 0; i < CACHED; i++) atomic_store_explicit(&cache[i].is_ready, 0, memory_order_relaxed);
}

/* What the frames of a site mean together. */
struct summary {
  enum nomem_frame_kind caller; /* of the first frame that does not allocate for another */
  const char *module;           /* its base name */
  bool never;
  uint64_t only_mask, except_mask;
};

static struct summary summarise(const struct nomem_channel *channel, const struct nomem_site *site) {
  struct summary all = {.caller = NOMEM_KIND_UNKNOWN, .module = ""};
  for (uint32_t i = 0; i < site->depth; i++) {
    struct function_facts frame = facts_of(channel, site->frame[i]);
    all.only_mask |= frame.only_mask;
    all.except_mask |= frame.except_mask;
    all.never |= frame.kind == NOMEM_KIND_NEVER || (frame.kind == NOMEM_KIND_NEW && !nomem__options.fails_new);
    if (all.caller != NOMEM_KIND_UNKNOWN || frame.kind == NOMEM_KIND_RUNTIME || frame.kind == NOMEM_KIND_NEW ||
        frame.kind == NOMEM_KIND_HOOK)
      continue;
    all.caller = frame.kind;
    all.module = module_name(channel, site->frame[i]);
  }
  return all;
}

enum nomem_frame_kind nomem__frame_kind(const struct nomem_channel *channel, nomem_frame frame) {
  return facts_of(channel, frame).kind;
}

static bool any_rule_matches(const struct nomem_plan *plan, const struct nomem_site *site, const char *module,
                             uint64_t in_mask) {
  for (uint32_t r = 0; r < plan->rule_count; r++) {
    const struct nomem_rule *rule = &plan->rule[r];
    if ((rule->has & NOMEM_HAS_FN) && !(rule->fn_mask >> site->fn & 1)) continue;
    if ((rule->has & NOMEM_HAS_SITE) && (site->key ^ rule->site.key) >> (64 - 4 * rule->site.digits) != 0) continue;
    if ((rule->has & NOMEM_HAS_IN) && !(in_mask >> r & 1)) continue;
    if ((rule->has & NOMEM_HAS_MODULE) && !nomem__glob(rule->module, module)) continue;
    return true;
  }
  return false;
}

bool nomem__may_site_fail(const struct nomem_channel *channel, const struct nomem_site *site) {
  struct summary all = summarise(channel, site);
  if (all.never || (all.caller == NOMEM_KIND_HARNESS && !nomem__options.fails_harness) ||
      nomem__is_known_site(site->key))
    return false;
  const struct nomem_plan *only = &nomem__options.only;
  if (only->rule_count > 0 && !any_rule_matches(only, site, all.module, all.only_mask)) return false;
  return !any_rule_matches(&nomem__options.except, site, all.module, all.except_mask);
}
