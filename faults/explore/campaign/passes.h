/* SPDX-License-Identifier: MIT */
/* What an exploration does, one after the other, and what each takes. */
#ifndef NOMEM_PASSES_H
#define NOMEM_PASSES_H

#include <stdbool.h>
#include <stdint.h>

enum nomem__pass {
  NOMEM_PASS_BASELINE, /* runs without a fault, and the rehearsals of the engines */
  NOMEM_PASS_HOSTILE,  /* see hostile_runs.h */
  NOMEM_PASS_FIRST,    /* one call fails, or it and all later ones */
  NOMEM_PASS_SECOND,   /* one that the program makes only because another failed fails, too */
  NOMEM_PASS_RESIDUE,  /* see residue_runs.h */
  NOMEM_PASS_HEAP,     /* see heap_check.h */
  NOMEM_PASS_TOLD,     /* see told_check.h */
  NOMEM_PASS_HANDED,   /* see handed_check.h */
  NOMEM_PASS_CONFIRM,  /* see confirm.h, and the run without a fault that may come before: control_run.h */
  NOMEM__PASSES
};

struct nomem__passes {
  bool is_on; /* a pass goes on */
  enum nomem__pass now;
  uint64_t since_ns;
  struct nomem__pass_cost {
    uint64_t runs, ns;
  } costs[NOMEM__PASSES]; /* until now, of the pass that goes on until it began */
};

/* For people and reports. */
extern const char *const nomem__pass_names[NOMEM__PASSES];

/* Begins a pass, or goes on with it; the one before is over. */
void nomem__passes_begin(struct nomem__passes *passes, enum nomem__pass pass);

/* Nothing goes on until another begins. */
void nomem__passes_end(struct nomem__passes *passes);

/* Counts runs of the pass that goes on. */
void nomem__passes_count(struct nomem__passes *passes, uint64_t runs);

/* What a pass has cost until now. */
struct nomem__pass_cost nomem__passes_cost(const struct nomem__passes *passes, enum nomem__pass pass);

#endif
