/* SPDX-License-Identifier: MIT */
/* nomem: make allocation calls return NULL on purpose, from a test.
 *
 *     nomem_install(uv_replace_allocator);          once, before libuv allocates
 *     nomem_begin("nth=3", NULL);                   the third allocation from here on fails
 *     result = code_under_test();
 *     nomem_end(&counters);                         nothing fails any more
 *
 * A fault is NULL and errno = ENOMEM; a failed realloc leaves the old block as it was; free never fails. The plan
 * language is in docs/plan.md, and in the manual page nomem-plan(5). Include <nomem/nomem.h> and link -lnomem. A
 * program that only wants to pause faults when it happens to run under `nomem run` or `nomem explore` defines
 * NOMEM_WEAK before including this header, links nothing, and tests `if (nomem_pause)` first.
 *
 * Threads: the plan and its counters belong to the process, pause and resume to the calling thread. nomem_begin,
 * nomem_end and nomem_install must not run at the same time as each other.
 */
#ifndef NOMEM_H
#define NOMEM_H

#include <stddef.h>
#include <stdint.h>

#include "nomem_version.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef NOMEM_WEAK
#define NOMEM_API __attribute__((weak))
#else
#define NOMEM_API __attribute__((visibility("default")))
#endif

typedef void *(*nomem_malloc_func)(size_t size);
typedef void *(*nomem_realloc_func)(void *ptr, size_t size);
typedef void *(*nomem_calloc_func)(size_t count, size_t size);
typedef void (*nomem_free_func)(void *ptr);
typedef size_t (*nomem_size_func)(void *ptr);

/* The signature of uv_replace_allocator, libuv's own and lib/'s. */
typedef int (*nomem_replace_func)(nomem_malloc_func, nomem_realloc_func, nomem_calloc_func, nomem_free_func);

/* Has replace install an allocator that can fail, which otherwise calls the C library's. Returns what replace returned
 * (0, or a negative error code), or -EINVAL when replace is NULL. Nothing fails until nomem_begin. */
NOMEM_API int nomem_install(nomem_replace_func replace);

/* The same with an allocator of the caller's in place of the C library's. size_of returns a live block's size in bytes
 * and may be NULL: then nomem_begin rejects a plan with budget=. Returns -EINVAL when one of the other functions is
 * NULL. */
NOMEM_API int nomem_install_over(nomem_replace_func replace, nomem_malloc_func malloc_func,
                                 nomem_realloc_func realloc_func, nomem_calloc_func calloc_func,
                                 nomem_free_func free_func, nomem_size_func size_of);

/* Where a plan is wrong, and why. column counts bytes of the plan from 1; 0: the plan as a whole. */
struct nomem_error {
  size_t column;
  char reason[192];
};

/* Counters since nomem_begin, over all threads. */
struct nomem_counters {
  uint64_t calls;      /* allocation calls that a plan could have failed */
  uint64_t frees;      /* calls of free, with NULL, too */
  uint64_t faults;     /* calls that were failed */
  uint64_t errno_lost; /* mistakes of the allocator given to nomem_install_over: frees that changed errno, and calls
                          that returned NULL by themselves without setting it to ENOMEM */
};

/* Begins a scope: sets the counters to zero and fails calls by this plan; "" only counts. A rule with hostile= fails
 * nothing, but has calls served in the least friendly way that the C standard allows: "hostile=moves,fresh" has realloc
 * move each block, and fills fresh memory (docs/hostile_allocator.md). Returns 0; -EINVAL with the
 * reason in error, which may be NULL; -EBUSY when a scope is open; -ENOMEM when the site table cannot be mapped. Does
 * not allocate. */
NOMEM_API int nomem_begin(const char *plan, struct nomem_error *error);

/* Ends the scope and, unless counters is NULL, stores what happened in it. Without an open scope the counters are 0. */
NOMEM_API void nomem_end(struct nomem_counters *counters);

/* Reads the counters of the open scope, or of the last one. */
NOMEM_API void nomem_read(struct nomem_counters *counters);

/* Between these two, allocations of the calling thread neither fail nor count. They nest. */
NOMEM_API void nomem_pause(void);
NOMEM_API void nomem_resume(void);

/* A function for nomem_check to try: it does the same thing at each call, from beginning to end, and frees what it
 * allocated. Returns 0 when it succeeded, anything else when it reported a failure. */
typedef int (*nomem_check_func)(void *arg);

/* What nomem_check can find. */
enum nomem_problem {
  NOMEM_NO_PROBLEM,
  NOMEM_FALSE_REPORT, /* it reported a failure although no call had failed */
  NOMEM_STICKY,       /* it fails again without a fault, after a fault that is over */
  NOMEM_LEAK          /* after a fault it leaks more memory than without one, each time it is tried */
};

struct nomem_check_result {
  enum nomem_problem problem;
  char plan[24];         /* of the last run with a fault, such as "nth=3" or "nth=3..": for nomem_begin; "": none yet */
  int returned;          /* what the function returned in the run that showed the problem */
  uint64_t calls;        /* allocation calls of a run without a fault */
  uint64_t runs;         /* how often the function was called */
  uint64_t leaked_bytes; /* with NOMEM_LEAK: in each such run, including what the allocator adds to a block */
};

/* Tries the function: twice without a fault; then, for each of its allocation calls but no more than the first
 * max_calls (0: the first 1000), with that call failed, and with it and all later ones failed; after each of these,
 * once more without a fault. So a function with N calls is called about 4 * N times. Stops at the first problem. What
 * the function keeps in caches of its own in the first two runs does not count as a leak, nor does what it keeps only
 * once. Leaks are not detected where block sizes are not known (nomem_install_over without size_of). A crash ends the
 * process as usual; the plan in result is then that of the run. The function must not open a scope, and threads that it
 * does not start should not allocate meanwhile. Returns 0 when there is no problem, 1 when there is one, -EINVAL
 * without a function or a result, or what nomem_begin returned. Does not allocate. */
NOMEM_API int nomem_check(nomem_check_func function, void *arg, uint64_t max_calls, struct nomem_check_result *result);

/* For a test that runs under `nomem explore`: says that a result is wrong, and in text what is wrong with it. The run
 * is then a finding, with that text, however the test ends: "the list has lost an item" where the list did not report a
 * failure. The test goes on. The first call of a run counts; text is cut after 255 bytes, and NULL is "". Any thread;
 * errno stays. Without the command it does nothing, and nothing has to be linked for it. */
extern void nomem__wrong(const char *text) __attribute__((weak, visibility("default")));

static inline void nomem_wrong(const char *text) {
#ifdef __x86_64__
  /* Read from the table that the dynamic linker fills in. A program that cannot be moved would have the address as a
   * constant: that of no function, as long as none is linked. */
  void (*said)(const char *);
  __asm__(".weak nomem__wrong\n\tmovq nomem__wrong@GOTPCREL(%%rip), %0" : "=r"(said));
  if (said != NULL) said(text);
#else
  if (&nomem__wrong != NULL) nomem__wrong(text);
#endif
}

/* For a fuzz target that libnomem-fuzz.a may be linked to: reports the outcome of the operation that it tries, such as
 * the library's own result. It may be called any number of times for an input, but must report the same each time that
 * input is run without a fault. The engine then finds an operation that fails for good, or once more, after a fault
 * that is over: see docs/fuzzing.md. Without the engine it does nothing, and nothing has to be linked for it. */
extern void nomem__fuzz_outcome(long outcome) __attribute__((weak));

static inline void nomem_fuzz_result(long outcome) {
  if (&nomem__fuzz_outcome != NULL) nomem__fuzz_outcome(outcome);
}

/* Does nothing. The thread whose call is about to fail calls it, for `break nomem_fault` in a debugger. */
NOMEM_API void nomem_fault(void);

#ifdef __cplusplus
}
#endif

#endif
