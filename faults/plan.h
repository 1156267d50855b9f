/* SPDX-License-Identifier: MIT */
/* The fault plan: the text that says which allocation calls fail, its parsed form, and the decision about one call.
 *
 * Pure: no I/O, no allocation, no locale, no globals. It is compiled into the program under test as well as into the
 * command, so it may only use what is async-signal-safe. The grammar is in docs/plan.md.
 */
#ifndef NOMEM_PLAN_H
#define NOMEM_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest plan text in bytes, with its NUL, and most rules in it: a plan must fit the page shared with the program. */
#define NOMEM_PLAN_BYTES 4096
#define NOMEM_PLAN_RULES 64
/* Longest name in in= and module=, in bytes, with its NUL. */
#define NOMEM_PLAN_NAME_BYTES 96

/* The allocation functions a plan can name, in the order of the bits of nomem_rule.fn_mask. */
#define NOMEM_FN_MAP(X)             \
  X(MALLOC, malloc)                 \
  X(CALLOC, calloc)                 \
  X(REALLOC, realloc)               \
  X(REALLOCARRAY, reallocarray)     \
  X(ALIGNED_ALLOC, aligned_alloc)   \
  X(POSIX_MEMALIGN, posix_memalign) \
  X(MEMALIGN, memalign)             \
  X(VALLOC, valloc)                 \
  X(PVALLOC, pvalloc)               \
  X(NEW, new) /* C++'s operator new, where it does not come to malloc: see inject/new.h */

enum nomem_fn {
#define X(upper, lower) NOMEM_FN_##upper,
  NOMEM_FN_MAP(X)
#undef X
      NOMEM_FN_COUNT
};

/* The conditions of a rule, each a bit of nomem_rule.has. */
enum nomem_condition {
  NOMEM_HAS_NTH = 1 << 0,
  NOMEM_HAS_EVERY = 1 << 1,
  NOMEM_HAS_P = 1 << 2,
  NOMEM_HAS_SEED = 1 << 3,
  NOMEM_HAS_BUDGET = 1 << 4,
  NOMEM_HAS_SIZE = 1 << 5,
  NOMEM_HAS_FN = 1 << 6,
  NOMEM_HAS_SITE = 1 << 7,
  NOMEM_HAS_FROM = 1 << 8,
  NOMEM_HAS_IN = 1 << 9,
  NOMEM_HAS_MODULE = 1 << 10,
  NOMEM_HAS_THREAD = 1 << 11,
  NOMEM_HAS_MAX = 1 << 12
};

/* first..last, both included; last is UINT64_MAX when the text left it open. */
struct nomem_range {
  uint64_t first, last;
};

/* A site key, or its leading hexadecimal digits (4 to 16) left-aligned in key, and which of its occurrences. */
struct nomem_site_match {
  uint64_t key;
  uint32_t digits;
  uint32_t unused;               /* in the place of padding, which memcmp would see */
  struct nomem_range occurrence; /* site: 1..UINT64_MAX when the text names none; from: one number, 1 unless named */
};

enum nomem_thread { NOMEM_THREAD_MAIN, NOMEM_THREAD_OTHER, NOMEM_THREAD_NUMBER };

struct nomem_rule {
  uint32_t has; /* bits of enum nomem_condition */
  uint32_t fn_mask;
  struct nomem_range nth;
  struct nomem_range size; /* bytes */
  uint64_t every;
  uint64_t p_billionths; /* 0 to 1,000,000,000 */
  uint64_t seed;
  uint64_t budget; /* bytes */
  uint64_t max;
  struct nomem_site_match site;
  struct nomem_site_match from;
  enum nomem_thread thread;
  uint32_t unused;        /* in the place of padding, which memcmp would see */
  uint64_t thread_number; /* for NOMEM_THREAD_NUMBER, from 1: the main thread, then in order of first allocation */
  char in[NOMEM_PLAN_NAME_BYTES];
  char module[NOMEM_PLAN_NAME_BYTES];
};

/* Any rule that matches fails the call; a plan without rules fails none. */
struct nomem_plan {
  uint32_t has; /* all rules' has, or-ed: what the injector must find out about a call */
  uint32_t rule_count;
  struct nomem_rule rule[NOMEM_PLAN_RULES];
};

/* Where and why a text is not a plan. column counts bytes from 1. reason is one line of printable ASCII, whatever the
 * text holds. */
struct nomem_plan_error {
  size_t column;
  char reason[192];
};

/* Reads text into plan; neither may be NULL. Returns 0, or -EINVAL with error filled in (error may be NULL) and plan
 * empty. The empty text is the empty plan. Every bit of plan is determined by the text, so two equal plans are equal
 * to memcmp. Keeps no pointer to text. */
int nomem_plan_parse(const char *text, struct nomem_plan *plan, struct nomem_plan_error *error);

/* Writes the canonical text of plan and its NUL to out. Returns its length in bytes, or -ENOSPC when it does not fit;
 * what was written then is cut off, but ends in NUL unless out_bytes is 0. NOMEM_PLAN_BYTES is always enough for a
 * parsed plan: the canonical text is never longer than the text it came from. Parsing it gives the same plan. */
int nomem_plan_print(const struct nomem_plan *plan, char *out, size_t out_bytes);

/* "malloc" and so on; NULL when fn is out of range. */
const char *nomem_fn_name(unsigned fn);

/* What a failed call of it does, in words. */
static inline const char *nomem_fn_failed(unsigned fn) {
  return fn == NOMEM_FN_NEW ? "failed" : "returned NULL";
}

/* Shell-style match of a whole name: * any run, ? any one byte. No brackets, no escapes. Time at most proportional to
 * the product of the two lengths. */
bool nomem__glob(const char *pattern, const char *name);

/* What a rule may ask about one allocation call. Only what plan->has names has to be filled in. */
struct nomem_call {
  enum nomem_fn fn;
  uint64_t size_bytes; /* calloc, reallocarray: the product */
  uint64_t live_bytes; /* live before this call; what a realloc gives up is already taken off */
  uint64_t site;       /* key */
  uint64_t occurrence; /* of that site, from 1 */
  uint64_t thread;     /* number, from 1 */
  bool main_thread;
  uint64_t in_mask;     /* bit r: rule r's in= function is on this call's stack */
  uint64_t module_mask; /* bit r: rule r's module= is where this call came from */
};

/* The counters a plan runs on, kept by nomem__plan_decide: zero them to start. Shared by all threads and processes of a
 * run; every access is a lock-free atomic. */
struct nomem_plan_state {
  _Atomic uint64_t matched[NOMEM_PLAN_RULES]; /* calls that a rule's conditions other than nth, every, p, max matched */
  _Atomic uint64_t faults[NOMEM_PLAN_RULES];  /* calls that a rule failed, alone or together with other rules */
  _Atomic uint32_t from_open[NOMEM_PLAN_RULES]; /* from= has been reached, whatever the rule's other conditions */
};

/* Whether this call fails: the number of the first rule that fails it, or -1. Every rule sees every call, so that one
 * rule's counters never depend on another's. Thread-safe, async-signal-safe, leaves errno alone. */
int nomem__plan_decide(const struct nomem_plan *plan, struct nomem_plan_state *state, const struct nomem_call *call);

#endif
