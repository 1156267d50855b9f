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

/* The longest plan text in bytes, with its NUL, and the most rules: a plan must fit on the page shared with the
 * program. */
#define NOMEM_PLAN_BYTES 4096
#define NOMEM_PLAN_RULES 64
/* The longest name in in= and module=, in bytes, with its NUL. */
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
  X(NEW, new) /* C++'s operator new where it does not call malloc: see inject/operator_new.h */

enum nomem_fn {
#define X(upper, lower) NOMEM_FN_##upper,
  NOMEM_FN_MAP(X)
#undef X
      NOMEM_FN_COUNT
};

/* What an allocator may do by the C standard, and programs forget, in the order of the bits of nomem_rule.hostile: its
 * name in a plan, what it is in general, and what it is of one call. */
#define NOMEM_HOSTILE_MAP(X)                                                              \
  X(MOVES, "moves", "realloc moves the block", "moved the block")                         \
  X(FRESH, "fresh", "fresh memory is not zero", "gave memory that is not zero")           \
  X(FREED, "freed", "freed memory is overwritten", "overwrote the block")                 \
  X(ZERO, "zero", "a block of 0 bytes is NULL", "returned NULL, for it has none")         \
  X(ERRNO, "errno", "a call that succeeds changes errno", "succeeded, and changed errno") \
  X(ALIGN, "align", "blocks are aligned to 16 bytes and no more", "aligned the block to 16 bytes and no more")

/* Stands for all of them. */
#define NOMEM_HOSTILE_ALL_NAME "all"

enum nomem_hostile_number {
#define X(upper, name, meaning, effect) NOMEM_HOSTILE_NUMBER_##upper,
  NOMEM_HOSTILE_MAP(X)
#undef X
      NOMEM_HOSTILE_COUNT
};

enum nomem_hostile {
#define X(upper, name, meaning, effect) NOMEM_HOSTILE_##upper = 1 << NOMEM_HOSTILE_NUMBER_##upper,
  NOMEM_HOSTILE_MAP(X)
#undef X
      NOMEM_HOSTILE_ALL = (1 << NOMEM_HOSTILE_COUNT) - 1
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
  NOMEM_HAS_MAX = 1 << 12,
  NOMEM_HAS_HOSTILE = 1 << 13 /* the rule fails no call: it says how calls are served that succeed */
};

/* first..last, both included; last is UINT64_MAX when the text left it open. */
struct nomem_range {
  uint64_t first, last;
};

/* A site key, or its leading hexadecimal digits (4 to 16) left-aligned in key, and which of its occurrences. */
struct nomem_site_match {
  uint64_t key;
  uint32_t digits;
  uint32_t unused; /* instead of padding, which memcmp would compare */
  struct nomem_range
      occurrence; /* of site=, 1..UINT64_MAX unless the text names one; of from=, one number, 1 by default */
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
  uint32_t hostile;       /* bits of enum nomem_hostile */
  uint64_t thread_number; /* for NOMEM_THREAD_NUMBER, from 1: the main thread, then in order of first allocation */
  char in[NOMEM_PLAN_NAME_BYTES];
  char module[NOMEM_PLAN_NAME_BYTES];
};

/* A call fails if any rule without hostile= matches it; a plan without such rules fails none. */
struct nomem_plan {
  uint32_t has; /* the has of all rules, or-ed: what the injector must find out about a call */
  uint32_t rule_count;
  struct nomem_rule rule[NOMEM_PLAN_RULES];
};

/* Where a text is wrong, and why. column counts bytes from 1. reason is one line of printable ASCII, whatever the text
 * holds. */
struct nomem_plan_error {
  size_t column;
  char reason[192];
};

/* Reads text into plan; neither may be NULL. Returns 0; or -EINVAL, with an empty plan and the reason in error, which
 * may be NULL. The empty text is the empty plan. The text determines every bit of plan, so memcmp can compare plans. No
 * pointer to text is kept. */
int nomem_plan_parse(const char *text, struct nomem_plan *plan, struct nomem_plan_error *error);

/* Writes the canonical text of plan and its NUL to out. Returns its length in bytes, or -ENOSPC when it does not fit;
 * the text is then cut, but still ends with a NUL unless out_bytes is 0. NOMEM_PLAN_BYTES is always enough for a plan
 * that was parsed, because the canonical text is never longer than the one that was read. Reading it gives the same
 * plan. */
int nomem_plan_print(const struct nomem_plan *plan, char *out, size_t out_bytes);

/* Returns the name of a function, such as "malloc"; NULL when fn is out of range. */
const char *nomem_fn_name(unsigned fn);

/* Returns the name of a bit of enum nomem_hostile, by its number; NULL when that is out of range. */
const char *nomem_hostile_name(unsigned number);

/* Returns, in words, what a failed call of the function does. */
static inline const char *nomem_fn_failed(unsigned fn) {
  return fn == NOMEM_FN_NEW ? "failed" : "returned NULL";
}

/* Whether a pattern like a shell's matches the whole name: * stands for any bytes, ? for any one. There are no brackets
 * and no escapes. Takes time in proportion to the product of both lengths, at most. */
bool nomem__glob(const char *pattern, const char *name);

/* What a rule may ask about an allocation call. Only what plan->has names has to be filled in. */
struct nomem_call {
  enum nomem_fn fn;    /* NOMEM_FN_COUNT: free */
  uint32_t hostile;    /* the ways in which it may be served by nomem__plan_serve */
  uint64_t size_bytes; /* of calloc and reallocarray, the product; of free, what the block can hold */
  uint64_t live_bytes; /* in use before this call, without what a realloc gives up */
  uint64_t site;       /* key */
  uint64_t occurrence; /* of that site, from 1 */
  uint64_t thread;     /* number, from 1 */
  bool main_thread;
  uint64_t in_mask;     /* bit r: rule r's in= function is on this call's stack */
  uint64_t module_mask; /* bit r: rule r's module= is where this call came from */
};

/* The counters of a plan, which nomem__plan_decide keeps; all zero at first. All threads and processes of a run share
 * them, and every access is a lock-free atomic. */
struct nomem_plan_state {
  _Atomic uint64_t matched[NOMEM_PLAN_RULES]; /* calls that a rule's conditions other than nth, every, p, max matched */
  _Atomic uint64_t faults[NOMEM_PLAN_RULES];  /* calls that a rule failed, or served in a hostile way, by itself or
                                                 together with others */
  _Atomic uint32_t from_open[NOMEM_PLAN_RULES]; /* from= has been reached, whatever the rule's other conditions */
};

/* Decides whether a call fails. Returns the number of the first rule that fails it; -1: none does. Every rule without
 * hostile= sees every call, so that the counters of one never depend on another. Thread-safe and async-signal-safe;
 * errno does not change. */
int nomem__plan_decide(const struct nomem_plan *plan, struct nomem_plan_state *state, const struct nomem_call *call);

/* Decides how a call is served that does not fail. Returns bits of call->hostile; 0: as ever. Every rule with hostile=
 * sees every call that may be served in one of its ways. Thread-safe and async-signal-safe; errno does not change. */
uint32_t nomem__plan_serve(const struct nomem_plan *plan, struct nomem_plan_state *state,
                           const struct nomem_call *call);

#endif
