/* SPDX-License-Identifier: MIT */
/* What is known of a tree while it runs, and how it ends: for process_tree.c and ptrace_events.c only. */
#ifndef NOMEM_TREE_STATE_H
#define NOMEM_TREE_STATE_H

#include <signal.h>
#include <sys/resource.h>

#include "detach.h"
#include "held_ends.h"
#include "keeper.h"
#include "orphans.h"
#include "process_tree.h"
#include "signal_delivery.h"
#include "tracees.h"

struct nomem__tree {
  struct nomem__trees *trees;
  struct nomem__tree *next;
  struct nomem__tree_callbacks callbacks;
  pid_t root;
  bool is_traced;
  bool is_root_gone;
  bool is_killed;
  uint64_t killed_at_ms; /* of the loop's clock */

  struct nomem__keeper *keeper;
  struct nomem__tree *parent; /* of a tree that was adopted: whose root is its keeper's child, too; NULL: it was not */
  bool is_forked;             /* as in nomem__spawn_request */
  bool is_sweeping;           /* it waits for its keeper to kill what is left */
  bool is_swept;              /* nothing is left, or nothing that can be killed */
  bool has_lost_keeper;       /* which was killed: what is left are children of the command */
  bool has_lost_tracees;      /* threads that it waited for in vain */
  uint64_t sweeping_since_ms; /* of the loop's clock */

  bool watches_effects;
  bool was_watched;                         /* at least one system call has shown an effect */
  struct nomem__openings *openings;         /* who opens descriptors is noted here; NULL: nowhere */
  const char *created_path;                 /* the creator of a file like this is captured; NULL: of none */
  struct nomem__stack *creator;             /* the caller's */
  struct nomem__stop_watcher *stop_watcher; /* NULL: none */
  bool allows_detach;
  struct nomem__detached detached;

  struct nomem__sampling *sampling; /* of its threads, once it has timed out; NULL: it has not */
  int error_fd;                     /* the child writes errno here when it cannot execute the program */
  unsigned captures;                /* stacks of creators that were captured */
  unsigned fatal_signals;           /* that were looked at */
  struct nomem__delivery delivery;  /* of the signal in end.caught */
  bool is_dying;                    /* the stack of the first death has been captured */
  pid_t stack_pid;                  /* the process whose stack was captured */
  struct nomem__tracees tracees;
  struct nomem__processes *processes;
  struct nomem__processor_use processor_use;
  uv_timer_t timer; /* of a tree that hangs; most trees need none */
  bool has_timer;
  struct nomem__end end;
};

struct nomem__trees {
  uv_loop_t *loop;
  sigset_t awaited, blocked; /* SIGCHLD; and the signals that were blocked before it was, too */
  int signal_fd;
  uv_poll_t child_signal;
  struct nomem__stacks *stacks;
  struct nomem__tree *first;
  struct nomem__unclaimed unclaimed;
  struct nomem__keepers keepers;
  struct nomem__held_ends held;
  const struct nomem__isolation *isolation; /* whose processes are children of the command, too; NULL: none */
  uv_timer_t patience;                      /* with keepers that do not answer */
  bool has_complained;                      /* of processes that cannot be killed */
  bool is_closing;
};

/* The tree that a thread belongs to; NULL: none. */
struct nomem__tree *nomem__tree_find(struct nomem__trees *trees, pid_t tid);

/* Adds a tree to the list. */
void nomem__tree_link(struct nomem__trees *trees, struct nomem__tree *tree);

/* Calls back once, after so many milliseconds, in place of what was asked for before. */
void nomem__tree_set_timer(struct nomem__tree *tree, uv_timer_cb callback, uint64_t ms);

void nomem__tree_kill(struct nomem__tree *tree);

/* Looks again for processes that have ended, once the loop has its turn. */
void nomem__trees_look_again(void);

/* The root has ended, in whatever way that became known. usage NULL: it is not known what it used. */
void nomem__tree_end_root(struct nomem__tree *tree, int status, const struct rusage *usage);

/* Counts a process that was killed by a signal that means a bug. */
void nomem__tree_count_death(struct nomem__tree *tree, pid_t pid, int status);

/* Finishes the tree if nothing of it is left: completes what is known of its end, calls done, and frees it. Otherwise
 * does what makes it end, and is to be called again when a process has ended, or a keeper has said something. Returns
 * whether the tree is gone. */
bool nomem__tree_settle(struct nomem__tree *tree);

/* What keepers have said. */
void nomem__trees_hear_keepers(struct nomem__trees *trees);

/* A keeper is to start a tree while another of its trees is still being killed: that one is left to the command, and
 * the keeper to the new one. */
void nomem__trees_free_keeper(struct nomem__trees *trees, struct nomem__keeper *keeper);

/* A process that the command has waited for was a keeper, and did not end because it was to. Returns whether it was. */
bool nomem__trees_lost_keeper(struct nomem__trees *trees, pid_t pid);

/* For a tree that is not in the list. */
void nomem__tree_free(struct nomem__tree *tree);

#endif
