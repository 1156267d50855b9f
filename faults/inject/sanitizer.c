/* SPDX-License-Identifier: MIT */
#include "sanitizer.h"

#include <string.h>

#include "../program_kinds.h"
#include "module_names.h"

#include "forbidden_calls.h"

bool nomem__has_sanitizer;
bool nomem__measures_coverage;
const char *nomem__allocator_name;
size_t (*nomem__sanitizer_bytes)(void);

/* Whether this is a sanitizer's own function, by how the names in its symbol table begin: those that stand in for
 * functions of the C library are named otherwise. */
static bool is_internal(const char *name, void *argument) {
  static const char *const beginnings[] = {"_ZN11__sanitizer", "_ZN14__interception", "_ZN6__asan",  "_ZN6__lsan",
                                           "_ZN6__msan",       "_ZN6__tsan",          "_ZN7__ubsan", "_ZN8__hwasan",
                                           "__asan_",          "__sanitizer_",        "__msan_",     "__tsan_"};
  (void)argument;
  for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
    if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0) return true;
  return false;
}

static bool is_stand_in(const char *name, void *argument) {
  return !is_internal(name, argument);
}

/* A run-time that is linked into the program lies between the first and the last of its functions. Only an address
 * between them needs to be looked up. */
static bool may_be_inside(const struct nomem_channel *channel, nomem_frame frame) {
  static _Atomic uint64_t low, high; /* 0: not known yet */
  if (atomic_load(&high) == 0) {
    uint64_t first = UINT64_MAX, last = 1;
    nomem__module_span(channel, frame, is_internal, &first, &last);
    atomic_store(&low, first);
    atomic_store(&high, last);
  }
  return NOMEM_FRAME_OFFSET(frame) >= atomic_load(&low) && NOMEM_FRAME_OFFSET(frame) <= atomic_load(&high);
}

/* The C library allocates for whoever called it, and a function that stands in for one of its functions for its own
 * caller. In a library without a symbol table, a function without a name is the sanitizer's own. */
static bool is_from_sanitizer(const struct nomem_channel *channel, const struct nomem_site *site) {
  for (uint32_t i = 0; i < site->depth; i++) {
    unsigned module = NOMEM_FRAME_MODULE(site->frame[i]);
    if (module == 0 || module > NOMEM_MODULES) return false;
    const char *path = channel->modules[module - 1].path, *name = nomem__module_base_name(path);
    if (nomem__is_sanitizer(name)) {
      if (!nomem__module_function_is(channel, site->frame[i], is_stand_in, NULL)) return true;
    } else if (!nomem__is_runtime(name)) {
      return strncmp(path, nomem__module_program(), NOMEM_PATH_BYTES) == 0 && may_be_inside(channel, site->frame[i]) &&
             nomem__module_function_is(channel, site->frame[i], is_internal, NULL);
    }
  }
  return false;
}

/* gcc's run-time, and clang's: all that they do is done below a function with such a name. */
static bool is_of_coverage(const char *name, void *argument) {
  static const char *const beginnings[] = {"__gcov_", "gcov_", "__llvm_profile_", "lprof"};
  (void)argument;
  for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
    if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0) return true;
  return false;
}

static bool is_from_coverage(const struct nomem_channel *channel, const struct nomem_site *site) {
  for (uint32_t i = 0; i < site->depth; i++) {
    unsigned module = NOMEM_FRAME_MODULE(site->frame[i]);
    if (module == 0 || module > NOMEM_MODULES) continue;
    if (!nomem__is_runtime(nomem__module_base_name(channel->modules[module - 1].path)) &&
        nomem__module_function_is(channel, site->frame[i], is_of_coverage, NULL))
      return true;
  }
  return false;
}

/* What it calls through the run-times is its own, too. */
static bool is_from_allocator(const struct nomem_channel *channel, const struct nomem_site *site) {
  for (uint32_t i = 0; i < site->depth; i++) {
    unsigned module = NOMEM_FRAME_MODULE(site->frame[i]);
    if (module == 0 || module > NOMEM_MODULES) return false;
    const char *name = nomem__module_base_name(channel->modules[module - 1].path);
    if (!nomem__is_runtime(name)) return strncmp(name, nomem__allocator_name, NOMEM_PATH_BYTES) == 0;
  }
  return false;
}

bool nomem__is_own_call(const struct nomem_channel *channel, const struct nomem_site *site) {
  if (nomem__measures_coverage && is_from_coverage(channel, site)) return true;
  if (nomem__has_sanitizer) return is_from_sanitizer(channel, site);
  return nomem__allocator_name != NULL && is_from_allocator(channel, site);
}
