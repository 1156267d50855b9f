/* SPDX-License-Identifier: MIT */
/* The processes of one run: started, followed, and none of them left behind.
 *
 * A tree is the root process and, where ptrace may be used, every process and thread that comes from it: nothing in
 * them is changed, but their deaths are seen, and the stack of one that a signal is about to kill. Without ptrace only
 * the root is followed, and the rest is found by its process group and by its environment.
 *
 * All of this runs in the loop's thread: ptrace knows its tracer by thread.
 */
#ifndef NOMEM_PROCESS_TREE_H
#define NOMEM_PROCESS_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "../stack/stack_capture.h"
#include "process_identity.h"
#include "spawn.h"
#include "thread_sampling.h"

/* What a tree came to. */
struct nomem__end {
  int root_status;       /* as from waitpid */
  uint64_t peak_kb;      /* memory of the root's largest moment */
  int start_error;       /* errno of a failed start, 0: it was executed */
  unsigned fatal_deaths; /* processes killed by a signal that means a bug (SIGSEGV, SIGABRT ...), the root included */
  int fatal_signal;      /* of the one whose stack is shown, else of the first; 0: none */
  bool has_stack;
  bool timed_out;
  bool was_cancelled;
  unsigned effects;                  /* bits of enum nomem__effect; without watch_effects, only processes and threads */
  struct nomem__stack stack;         /* where it blew up, or where it hung */
  struct nomem__stack_memory memory; /* of it, where it blew up */
  struct nomem__threads threads;     /* of a run that hung, and was traced: all there were then. Valid during done */
  const struct nomem__processes *processes; /* NULL: there was but one, or they were not traced. Valid during done */
  pid_t root;
  pid_t former; /* who forked the root on the way: its C library may still take it for that one; 0: nobody */
};

struct nomem__trees; /* all trees of a loop */
struct nomem__tree;

typedef void (*nomem__tree_done)(struct nomem__tree *tree, const struct nomem__end *end, void *user);

/* Takes SIGCHLD over on this loop. Returns 0 and the caller's object or a negative error code. */
int nomem__trees_open(uv_loop_t *loop, struct nomem__trees **trees);

/* Kills and reaps whatever still runs, without further callbacks, and frees. */
void nomem__trees_close(struct nomem__trees *trees);

/* Starts a tree; done is called once, from the loop, when its root is gone and so is everything else of it; the tree is
 * freed after that. interesting is asked whether a stack is worth the milliseconds it costs (NULL: never). Returns 0 or
 * a negative error code, and then done is not called. -EPERM: ptrace is not allowed here. */
int nomem__tree_start(struct nomem__trees *trees, const struct nomem__start *start, nomem__tree_done done,
                      bool (*interesting)(void *user), void *user, struct nomem__tree **tree);

/* Has processes offered that stop without being known: when forked returns true, the child is one that the injector in
 * the root has forked for the command, and has been adopted. */
void nomem__tree_on_fork(struct nomem__tree *tree, bool (*forked)(void *user, pid_t child));

/* Has the ends of the processes of a tree that was started with watch_ends offered, each while its memory and its
 * descriptors are still there: exiting is called with a process that has stopped on its way out, whatever the reason,
 * but not for one that the tree kills. */
void nomem__tree_on_exit(struct nomem__tree *tree, void (*exiting)(void *user, pid_t pid));

/* Notes in *maker, which is the caller's and outlives the tree, the stack of the last call that makes a file like the
 * one at path, which stays the caller's, too. For a tree that was started with watch_effects. */
void nomem__tree_watch_making(struct nomem__tree *tree, const char *path, struct nomem__stack *maker);

/* Makes a tree of a process that has just been forked, from within forked. As for nomem__tree_start. */
int nomem__tree_adopt(struct nomem__tree *parent, pid_t child, nomem__tree_done done, bool (*interesting)(void *user),
                      void *user, struct nomem__tree **tree);

/* Ends a tree that runs too long: notes where the thread hangs (tid, or the root when it is no thread of the tree),
 * then kills all of it. */
void nomem__tree_time_out(struct nomem__tree *tree, pid_t tid);

/* Kills all of it. */
void nomem__tree_cancel(struct nomem__tree *tree);

#endif
