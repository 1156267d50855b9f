/* SPDX-License-Identifier: MIT */
/* What is known of a tree while it runs, and how it ends: for process_tree.c and ptrace_events.c only. */
#ifndef NOMEM_TREE_STATE_H
#define NOMEM_TREE_STATE_H

#include <signal.h>

#include "detach.h"
#include "orphans.h"
#include "process_tree.h"
#include "tracees.h"

struct nomem__tree {
  struct nomem__trees *trees;
  struct nomem__tree *next;
  struct nomem__tree_callbacks callbacks;
  pid_t root;
  bool is_traced;
  bool is_root_gone;
  bool is_killed;

  bool watches_effects;
  bool was_watched;                         /* at least one system call has shown an effect */
  const char *created_path;                 /* the creator of a file like this is captured; NULL: of none */
  struct nomem__stack *creator;             /* the caller's */
  struct nomem__stop_watcher *stop_watcher; /* NULL: none */
  bool allows_detach;
  struct nomem__detached detached;

  struct nomem__sampling *sampling; /* of its threads, once it has timed out; NULL: it has not */
  int error_fd;                     /* the child writes errno here when it cannot execute the program */
  unsigned captures;                /* stacks that were captured */
  bool is_dying;                    /* the stack of the first death has been captured */
  pid_t stack_pid;                  /* the process whose stack was captured */
  char *channel_entry;              /* NOMEM_CHANNEL=..., by which the orphans of an untraced tree are recognised */
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
  bool is_closing;
};

/* The tree that a thread belongs to; NULL: none. */
struct nomem__tree *nomem__tree_find(struct nomem__trees *trees, pid_t tid);

/* Adds a tree to the list. */
void nomem__tree_link(struct nomem__trees *trees, struct nomem__tree *tree);

/* Calls back once, after so many milliseconds, in place of what was asked for before. */
void nomem__tree_set_timer(struct nomem__tree *tree, uv_timer_cb callback, uint64_t ms);

void nomem__tree_kill(struct nomem__tree *tree);

/* The last process is gone: completes what is known of the end, calls done, and frees the tree. */
void nomem__tree_finish(struct nomem__tree *tree);

/* For a tree that is not in the list. */
void nomem__tree_free(struct nomem__tree *tree);

#endif
