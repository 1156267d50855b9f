/* SPDX-License-Identifier: MIT */
/* The words of a plan's text. */
#ifndef NOMEM_PLAN_WORDS_H
#define NOMEM_PLAN_WORDS_H

#define NOMEM_P_DECIMALS 9
#define NOMEM_SITE_DIGITS_MIN 4
#define NOMEM_SITE_DIGITS_MAX 16

/* The conditions of a rule, in the order of the canonical text, each with an example that errors show. */
#define NOMEM_CONDITION_MAP(X)                               \
  X(NTH, nth, "nth=3 or nth=3..5")                           \
  X(EVERY, every, "every=7")                                 \
  X(P, p, "p=0.01")                                          \
  X(SEED, seed, "p=0.01 seed=42")                            \
  X(BUDGET, budget, "budget=64K")                            \
  X(SIZE, size, "size=4096.. or size=1..64")                 \
  X(FN, fn, "fn=realloc,calloc")                             \
  X(SITE, site, "site=9f3a2c11 or site=9f3a2c11@2")          \
  X(FROM, from, "from=9f3a2c11@2")                           \
  X(IN, in, "in=uv_loop_init")                               \
  X(MODULE, module, "module=libuv.so*")                      \
  X(THREAD, thread, "thread=main, thread=other or thread=2") \
  X(MAX, max, "max=3")                                       \
  X(HOSTILE, hostile, "hostile=moves,fresh or hostile=all")

#endif
