/* SPDX-License-Identifier: MIT */
/* What the injector must answer to each call, and what its channel must hold then, by docs/plan.md, faults/channel.h
 * and faults/inject/injector.h. It lies in shared memory beside the channel, so that a forked child goes on with it. */
#ifndef NOMEM_FUZZ_INJECTOR_MODEL_H
#define NOMEM_FUZZ_INJECTOR_MODEL_H

#include "common/fuzz.h"
#include "common/plan_reference.h"
#include "common/step_threads.h"
#include "inject/injector.h"

enum { INJECTOR_LABELS = 16, INJECTOR_FAULTS = 16384, INJECTOR_NO_SITE = -1 };

struct injector_call {
  enum nomem_fn fn;
  uint64_t size, released;
  unsigned thread;      /* 0 is the main one */
  unsigned label;       /* of the call stack */
  const char *function; /* on the stack, which in= may name */
  bool is_own;          /* made by what measures coverage */
  int site;             /* its number, by injector_model_decide */
};

struct injector_frames {
  unsigned depth;
  uintptr_t address[NOMEM_DEPTH];
};

struct injector_model {
  bool is_open, main_began;
  unsigned stops; /* of the process at its faults, in all scopes */
  uint32_t stop_at_fault;
  unsigned paused[STEP_THREADS + 1];
  struct nomem_plan plan;
  struct reference_state state;
  bool names_sites, fails, keeps_live, notes_recovery, keeps_blocks, measures_coverage;
  uint64_t blocks, last_unwind; /* of the calls whose sites are named when all fail; 0: not known yet */
  uint64_t calls, calls_of[NOMEM_FN_COUNT], frees, errno_lost, main_reached, named_calls;
  int64_t live;
  unsigned threads_seen, number[STEP_THREADS + 1]; /* 0: it has none yet */
  int site_of[INJECTOR_LABELS];                    /* by label */
  uint64_t key_of[INJECTOR_LABELS];                /* that it had in an earlier scope; 0: not known */
  unsigned site_count, known_sites, recovery_count;
  struct {
    uint64_t count, first_size, first_nth;
    enum nomem_fn fn;
    bool before_main, is_own;
    struct injector_frames frames;
  } site[INJECTOR_LABELS];
  unsigned recovery[INJECTOR_LABELS]; /* numbers of sites */
  unsigned fault_count;
  struct {
    int32_t pid, tid;
    enum nomem_fn fn;
    uint64_t size, nth, occurrence;
    int site;
  } fault[INJECTOR_FAULTS];
};

/* A scope begins by what the channel says. Sites are known from before when keeps_sites. */
void injector_model_start(struct injector_model *model, const struct nomem_channel *channel, const char *plan,
                          bool keeps_sites);

/* Whether the call is to fail. Called in its thread. */
bool injector_model_decide(struct injector_model *model, struct injector_call *call);

/* Looks at the stack of a call from the function that it came to, whose return address this is. */
void injector_model_see(struct injector_model *model, const struct injector_call *call, const void *return_address);

void injector_model_add_blocks(struct injector_model *model, int blocks, int64_t bytes);
void injector_model_add_live(struct injector_model *model, int64_t bytes);

/* Compares all that the channel says. A stack has the same key in all scopes. */
void injector_model_check(struct injector_model *model, struct nomem_channel *channel);

#endif
