#define _GNU_SOURCE
#include <string.h>

#include "../../faults/images.h"
#include "../../faults/inject/module.h"
#include "engine.h"

#include "../../faults/inject/wall.h"

/* What a frame says of the calls made below it. */
enum kind {
  KIND_UNKNOWN, /* not looked at */
  KIND_PLAIN,
  KIND_RUNTIME, /* allocates for its caller */
  KIND_HARNESS, /* the target's own function */
  KIND_NEW,     /* operator new */
  KIND_NEVER    /* must not fail: the fuzzer, a sanitizer at work, last words, an exception, a thread variable */
};

/* Names as in the symbol table. The first that matches counts.
 *
 * The sanitizers start threads through functions of their own, which then lie below everything that the thread does.
 * An exception that cannot be allocated, and a thread variable that cannot, end the process by themselves. */
static const struct {
  const char *glob;
  enum kind kind;
} names[] = {
    {"LLVMFuzzerTestOneInput", KIND_HARNESS},
    {"_ZN6fuzzer6Fuzzer*", KIND_NEVER},
    {"_ZN6fuzzer*RssThread*", KIND_NEVER},
    {"_ZN6__asan10AsanThread*", KIND_RUNTIME},
    {"_ZN6__msan10MsanThread*", KIND_RUNTIME},
    {"_ZN6__asan*", KIND_NEVER},
    {"_ZN6__lsan*", KIND_NEVER},
    {"_ZN6__msan*", KIND_NEVER},
    {"_ZN7__ubsan*", KIND_NEVER},
    {"_ZN11__sanitizer*", KIND_NEVER},
    {"__asan_*", KIND_NEVER},
    {"__lsan_*", KIND_NEVER},
    {"__msan_*", KIND_NEVER},
    {"__ubsan_*", KIND_NEVER},
    {"__sanitizer_*", KIND_NEVER},
    {"__assert_fail*", KIND_NEVER},
    {"abort", KIND_NEVER},
    {"__cxa_allocate_exception", KIND_NEVER},
    {"__cxa_get_globals", KIND_NEVER},
    {"__tls_get_addr", KIND_NEVER},
    {"_Znwm*", KIND_NEW},
    {"_Znam*", KIND_NEW},
    {"_ZNSt*", KIND_RUNTIME},
    {"_ZNKSt*", KIND_RUNTIME},
    {"_ZSt*", KIND_RUNTIME},
    {"_ZN9__gnu_cxx*", KIND_RUNTIME},
    {"_ZNK9__gnu_cxx*", KIND_RUNTIME},
    {"_ZN18FuzzedDataProvider*", KIND_RUNTIME},
    {"__interceptor_*", KIND_RUNTIME},
    {"___interceptor_*", KIND_RUNTIME},
};

static bool find_kind(const char *name, void *argument) {
  enum kind *kind = argument;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (!nomem__glob(names[i].glob, name)) continue;
    *kind = names[i].kind;
    return true;
  }
  return false;
}

static const char *module_name(const struct nomem_channel *channel, nomem_frame frame) {
  unsigned number = NOMEM_FRAME_MODULE(frame);
  return number == 0 || number > NOMEM_MODULES ? "" : nomem__module_base_name(channel->modules[number - 1].path);
}

/* A look through a symbol table takes a tenth of a millisecond: each code address is looked up once. */
#define KINDS 16384
static struct {
  _Atomic uint64_t frame;
  _Atomic uint32_t kind;
} known[KINDS];

static enum kind kind_of(const struct nomem_channel *channel, nomem_frame frame) {
  uint64_t slot = nomem__hash(0, frame) >> 32;
  for (uint64_t probe = 0; probe < 8; probe++) {
    uint64_t free_slot = 0;
    bool is_mine = atomic_compare_exchange_strong(&known[(slot + probe) % KINDS].frame, &free_slot, frame);
    if (!is_mine && free_slot != frame) continue;
    uint32_t found = atomic_load(&known[(slot + probe) % KINDS].kind);
    if (found != KIND_UNKNOWN) return (enum kind)found;
    enum kind kind = nomem__is_runtime(module_name(channel, frame)) ? KIND_RUNTIME : KIND_PLAIN;
    nomem__module_function_is(channel, frame, find_kind, &kind);
    atomic_store(&known[(slot + probe) % KINDS].kind, kind);
    return kind;
  }
  enum kind kind = KIND_PLAIN;
  nomem__module_function_is(channel, frame, find_kind, &kind);
  return kind;
}

/* The module of the first frame that does not allocate for its caller. */
static bool is_from_module(const struct nomem_channel *channel, const struct nomem_site *site, const char *glob) {
  for (uint32_t i = 0; i < site->depth; i++)
    if (kind_of(channel, site->frame[i]) != KIND_RUNTIME)
      return nomem__glob(glob, module_name(channel, site->frame[i]));
  return false;
}

static bool has_function(const struct nomem_channel *channel, const struct nomem_site *site, const char *glob) {
  for (uint32_t i = 0; i < site->depth; i++)
    if (nomem__module_function_matches(channel, site->frame[i], glob)) return true;
  return false;
}

static bool any_rule_matches(const struct nomem_plan *plan, const struct nomem_channel *channel,
                             const struct nomem_site *site) {
  for (uint32_t r = 0; r < plan->rule_count; r++) {
    const struct nomem_rule *rule = &plan->rule[r];
    if ((rule->has & NOMEM_HAS_FN) && !(rule->fn_mask >> site->fn & 1)) continue;
    if ((rule->has & NOMEM_HAS_SITE) && (site->key ^ rule->site.key) >> (64 - 4 * rule->site.digits) != 0) continue;
    if ((rule->has & NOMEM_HAS_IN) && !has_function(channel, site, rule->in)) continue;
    if ((rule->has & NOMEM_HAS_MODULE) && !is_from_module(channel, site, rule->module)) continue;
    return true;
  }
  return false;
}

bool nomem__is_candidate(const struct nomem_channel *channel, const struct nomem_site *site) {
  enum kind caller = KIND_UNKNOWN;
  for (uint32_t i = 0; i < site->depth; i++) {
    enum kind kind = kind_of(channel, site->frame[i]);
    if (kind == KIND_NEVER || (kind == KIND_NEW && !nomem__options.new_too)) return false;
    if (caller == KIND_UNKNOWN && kind != KIND_RUNTIME && kind != KIND_NEW) caller = kind;
  }
  if (caller == KIND_HARNESS && !nomem__options.harness) return false;
  if (nomem__is_known(site->key)) return false;
  const struct nomem_plan *only = &nomem__options.only;
  if (only->rule_count > 0 && !any_rule_matches(only, channel, site)) return false;
  return !any_rule_matches(&nomem__options.not, channel, site);
}
