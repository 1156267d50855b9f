/* SPDX-License-Identifier: MIT */
/* The processes of one run: they are started and followed, and none of them is left behind.
 *
 * A tree is the root process and, where ptrace may be used, every process and thread that descends from it. Tracing
 * changes nothing in them, but shows their deaths, and the stack of a thread that a signal is about to kill. What is
 * not traced (without ptrace, all but the root's end; otherwise, what was started by CLONE_UNTRACED) is not followed,
 * but a keeper knows it when its parents are gone, and kills it: see keeper.h.
 *
 * All of this runs in the thread of the loop, because ptrace knows the tracer by its thread.
 */
#ifndef NOMEM_PROCESS_TREE_H
#define NOMEM_PROCESS_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "../stack/stack_capture.h"
#include "process_identity.h"
#include "processor_use.h"
#include "spawn.h"
#include "thread_sampling.h"

/* A signal that a bug raised, and that a process caught. */
struct nomem__caught_signal {
  int signal; /* 0: there was none */
  struct nomem__stack stack;
  struct nomem__stack_memory memory;
};

/* How a tree ended. */
struct nomem__end {
  int root_status;       /* as from waitpid */
  uint64_t peak_kb;      /* the most memory that the root ever had in use */
  uint64_t processor_us; /* that the root used, and those of its children for which it has waited */
  int start_error;       /* errno of a failed start; 0: the program was executed */
  unsigned fatal_deaths; /* processes killed by a signal that means a bug (SIGSEGV, SIGABRT ...), the root included */
  int fatal_signal;      /* of the process whose stack this is, else of the first that died so; 0: none did */
  bool has_stack;
  bool timed_out;
  bool was_cancelled;
  unsigned effects; /* bits of enum nomem__effect; without watch_effects, only processes, programs and threads */
  struct nomem__stack stack;                /* where it crashed, or where it hung */
  struct nomem__stack_memory memory;        /* the memory around that stack, of a crash */
  struct nomem__caught_signal caught;       /* the first that the signal watcher counts, whatever came of it */
  struct nomem__threads threads;            /* of a traced run that hung: all its threads then. Valid during done */
  const struct nomem__processes *processes; /* NULL: there was only one, or they were not traced. Valid during done */
  pid_t root;
  pid_t forked_from; /* the process that the root was forked from on its way, which its C library may still take it for;
                        0: none */
};

struct nomem__trees; /* all trees of a loop */
struct nomem__tree;

/* What a tree calls, from the loop. All but done may be NULL. */
struct nomem__tree_callbacks {
  /* Called once, when the root and everything else of the tree is gone; the tree is freed after that. */
  void (*done)(struct nomem__tree *tree, const struct nomem__end *end, void *user);

  /* Whether the stack of a process that dies, or of a signal that is caught, is worth the milliseconds that it costs.
   * NULL: never. */
  bool (*wants_stack)(void *user);
  bool (*wants_caught)(void *user);

  /* A process is about to die. */
  void (*dies)(void *user);

  /* A thread is about to run its handler for a signal that a bug may have raised. Returns whether that counts as if it
   * had died. */
  bool (*caught)(void *user, const struct nomem__stack *stack);

  /* Whether a breakpoint that this thread has come to is a bug, though its module has breakpoints for debuggers. NULL:
   * it is none. */
  bool (*is_bug_at)(void *user, const struct nomem__stack *stack);

  /* A process has stopped that belongs to no tree. True: it was forked by the injector in the root, for the command,
   * and a tree has adopted it. */
  bool (*adopts)(void *user, pid_t child);

  /* A process of the tree has executed a program, the root's first one included, and is stopped before its first
   * instruction. True: that is an effect (NOMEM_EFFECT_PROGRAMS). */
  bool (*executed)(void *user, pid_t pid);

  /* Asked after that. True: the process stays stopped until nomem__tree_begin. */
  bool (*delays)(void *user, pid_t pid);

  /* Asked before it goes on: true: the process is to go on without being traced, because it traces itself. What it
   * starts is not known then, and it is not known how it ends. It begins only after holds was asked, too. */
  bool (*lets_go)(void *user, pid_t pid);

  /* A process of a tree that was started with watch_exits has stopped on its way out, whatever the reason, while its
   * memory and its descriptors are still there. They are read through tid, its first thread unless that has gone. Not
   * called for one that the tree kills. */
  void (*exits)(void *user, pid_t pid, pid_t tid);

  /* Asked after that. True: whoever has started the process is not told of its end until nomem__tree_release, or until
   * the tree is killed, although nothing is left of it then but its number. Of a process that is to be let go, it is
   * asked before that, and the process itself waits. */
  bool (*holds)(void *user, pid_t pid);

  void *user;
};

/* Takes over SIGCHLD on this loop. isolation (NULL: none) must outlive it. Returns 0 and the caller's object, or a
 * negative error code. */
int nomem__trees_open(uv_loop_t *loop, const struct nomem__isolation *isolation, struct nomem__trees **trees);

/* As nomem__stacks_set_symbols, for the stacks of these trees. */
void nomem__trees_set_symbols(struct nomem__trees *trees, struct nomem__symbols *symbols);

/* Kills and reaps whatever still runs, without further callbacks, and frees. */
void nomem__trees_close(struct nomem__trees *trees);

/* Makes a keeper, which starts trees in this sandbox or in none (NULL), one at a time: what is left of an earlier tree
 * is being killed when the next one is started. The sandbox must outlive it.
 * Returns 0 and an object that belongs to the trees, or a negative error code. */
int nomem__trees_add_keeper(struct nomem__trees *trees, const struct nomem__sandbox *sandbox,
                            struct nomem__keeper **keeper);

/* No tree of its may be left. NULL is allowed. */
void nomem__trees_remove_keeper(struct nomem__trees *trees, struct nomem__keeper *keeper);

/* Starts a tree. Returns 0; or a negative error code, and then done is not called. -EPERM: ptrace is not allowed here.
 */
int nomem__tree_start(struct nomem__trees *trees, const struct nomem__spawn_request *start,
                      const struct nomem__tree_callbacks *callbacks, struct nomem__tree **tree);

/* Makes a tree of a process that has just been forked by the root of another tree; for adopts of that tree only.
 * Returns as nomem__tree_start. */
int nomem__tree_adopt(struct nomem__tree *parent, pid_t child, const struct nomem__tree_callbacks *callbacks,
                      struct nomem__tree **tree);

/* Ends a tree that has run for too long: records what its threads do, with the stack of the thread tid (of the root, if
 * that is no thread of the tree), then kills all of it. */
void nomem__tree_time_out(struct nomem__tree *tree, pid_t tid);

/* Kills all of it, and says nothing of why. */
void nomem__tree_stop(struct nomem__tree *tree);

/* What its threads had of the processors since this was asked last; of an untraced tree, those that descend from its
 * root. */
struct nomem__processor_step nomem__tree_use_step(struct nomem__tree *tree);

/* Lets a process begin that was delayed. */
void nomem__tree_begin(struct nomem__tree *tree, pid_t pid);

/* Whoever has started this process of the tree, whose end is held, is told of it; one that waits is let go. */
void nomem__tree_release(struct nomem__tree *tree, pid_t pid);

/* Kills all of it, because nobody wants it any more. */
void nomem__tree_cancel(struct nomem__tree *tree);

#endif
