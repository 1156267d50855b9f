/* SPDX-License-Identifier: MIT */
/* The sites of a run: the call stacks at which the program allocates, in the order they first came. */
#ifndef NOMEM_SITE_LIST_H
#define NOMEM_SITE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../channel.h"
#include "../judge/code_owner.h"
#include "../judge/verdict.h"

/* Digits of a key that are shown, unless more are needed to tell it from every other site of the run; and all. */
#define NOMEM_KEY_DIGITS 8
#define NOMEM_KEY_DIGITS_ALL 16

struct nomem__campaign_site {
  uint64_t key, count, first_nth;
  const nomem_frame *frames; /* depth of them, innermost first; their modules are numbers in the list of modules */
  unsigned depth;
  bool before_main;
  bool is_left_out;          /* by --sites */
  bool is_tests;             /* test code makes this call itself: left out, too */
  uint64_t tried;            /* runs in which a call of it was to fail */
  enum nomem__verdict worst; /* of these runs */
};

/* The sites of a run in the order they first came. Returns how many, with the caller's array in *sites, which one
 * free() frees with all frames. */
size_t nomem__site_list_read(const struct nomem_channel *channel, struct nomem__campaign_site **sites);

/* The paths of a run's modules, by number. Returns how many, with the caller's array in *modules, which one free()
 * frees. */
size_t nomem__site_list_read_modules(const struct nomem_channel *channel, char ***modules);

/* The stack of a site. Paths are borrowed. */
void nomem__site_list_trace(const struct nomem__campaign_site *site, char *const *modules, size_t module_count,
                            struct nomem__trace *trace);

/* Drops the sites of the calls that an interpreter makes for itself. Returns how many are left; *calls is how many
 * calls the others had. */
size_t nomem__site_list_drop_untested(struct nomem__campaign_site *sites, size_t count, char *const *modules,
                                      size_t module_count, const struct nomem__tested_modules *tested, uint64_t *calls);

/* Marks the sites of the calls that test code makes itself. */
void nomem__site_list_mark_test_calls(struct nomem__campaign_site *sites, size_t count, char *const *modules,
                                      size_t module_count, const struct nomem__code_owners *code_owners);

/* How many sites are in only one of two lists. */
size_t nomem__site_list_count_unshared(struct nomem__campaign_site *first, size_t first_count,
                                       struct nomem__campaign_site *second, size_t second_count);

/* How many digits tell all of these keys apart, at least NOMEM_KEY_DIGITS. Sorts them. */
unsigned nomem__key_digits(uint64_t *keys, size_t count);

/* The same of the keys of these sites. */
unsigned nomem__site_list_digits(const struct nomem__campaign_site *sites, size_t count);

#endif
