/* SPDX-License-Identifier: MIT */
/* What the parts of suite_explore.c share: the cases that are being explored. */
#ifndef NOMEM_SUITE_EXPLORATION_H
#define NOMEM_SUITE_EXPLORATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "case_orders.h"
#include "case_process.h"
#include "case_turns.h"
#include "idle_time.h"
#include "in_place.h"
#include "set_aside.h"
#include "suite.h"
#include "suite_load.h"
#include "suite_progress.h"

/* The process of a case. */
struct nomem__case_slot {
  struct nomem__case_process process; /* pid 0: there is none */
  bool is_waiting;                    /* for its turn */
  bool is_concluding;                 /* it has had its last turn */
  uint64_t busy_us, since_ns;         /* how long it was busy before, and since when it is */
  struct nomem__case_message sites;
};

struct nomem__suite_exploration {
  struct nomem__suite *suite;
  struct nomem__case_setup setup;
  struct nomem__suite_load load;
  struct nomem__idle_time idle_time;
  struct nomem__suite_progress progress;
  struct nomem__progress_board *boards; /* one of each case, in memory shared with its process */
  struct nomem__case_slot *slots;       /* one of each case */
  struct pollfd *watched;
  struct nomem__set_aside aside;
  bool takes_turns;
  struct nomem__case_turns turns;   /* of the batch */
  uint64_t batch_end_ns;            /* no case comes into the batch after this time */
  size_t *start_order;              /* the numbers of all cases */
  size_t next;                      /* in that order */
  struct nomem__in_place *in_place; /* the suite's; NULL: it has not come to that */
  int signal_fd;
  uint64_t interrupted_ns;
};

/* Whether the time is up, or the command was interrupted. */
bool nomem__suite_is_over(const struct nomem__suite *suite);

/* Whether the processors have room for another case. */
bool nomem__suite_has_room(const struct nomem__suite_exploration *exploration);

/* How many cases have a process that does not wait for its turn. */
size_t nomem__suite_count_busy(const struct nomem__suite_exploration *exploration);

/* Whether any case has a process. */
bool nomem__suite_is_anyone_left(const struct nomem__suite_exploration *exploration);

static inline bool nomem__case_slot_is_busy(const struct nomem__case_slot *slot) {
  return slot->process.pid != 0 && !slot->is_waiting;
}

#endif
