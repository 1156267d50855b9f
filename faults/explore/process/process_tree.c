/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "process_tree.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../text/memory.h"
#include "ptrace_events.h"

/* Processes are waited for so long before the loop has its turn, so that whatever else there is to do is seen. */
#define WAIT_MS 50
/* What was killed at the end is waited for so long. */
#define CLOSE_NS UINT64_C(30000000000)

/* While runs go on and nothing else is due, waits here for the next change of a process: a turn of the loop takes
 * several system calls, and each run takes several turns. */
static bool wait_for_change(struct nomem__trees *trees) {
  uv_update_time(trees->loop);
  int ms = uv_backend_timeout(trees->loop);
  if (ms == 0 || !uv_loop_alive(trees->loop)) return false;
  const struct timespec limit = {.tv_nsec = (ms > 0 && ms < WAIT_MS ? ms : WAIT_MS) * 1000000L};
  return sigtimedwait(&trees->awaited, NULL, &limit) > 0;
}

/* The next change of a process while the ends of some are held. The end of a keeper is seen when none is any more. */
static pid_t wait_beside_held(const struct nomem__trees *trees, int *status, struct rusage *usage) {
  pid_t tid;
  while ((tid = nomem__held_ends_wait_for_stop(status)) > 0)
    if (!nomem__keepers_have(&trees->keepers, tid)) return tid;
  for (const struct nomem__tree *tree = trees->first; tree != NULL; tree = tree->next)
    for (size_t i = 0; i < tree->tracees.count; i++)
      if ((tid = nomem__held_ends_wait(&trees->held, tree->tracees.list[i].tid, status, usage)) > 0) return tid;
  for (size_t i = 0; i < trees->unclaimed.count; i++)
    if ((tid = nomem__held_ends_wait(&trees->held, trees->unclaimed.list[i], status, usage)) > 0) return tid;
  return 0;
}

static pid_t wait_for_any(const struct nomem__trees *trees, int *status, struct rusage *usage) {
  if (trees->held.count > 0) return wait_beside_held(trees, status, usage);
  return wait4(-1, status, WNOHANG | __WALL, usage);
}

static void handle_changes(struct nomem__trees *trees) {
  int status;
  struct rusage usage;
  pid_t tid;
  while ((tid = wait_for_any(trees, &status, &usage)) > 0) nomem__ptrace_handle(trees, tid, status, &usage);
  nomem__trees_hear_keepers(trees);
}

static void reap(uv_poll_t *watcher, int result, int events) {
  (void)result, (void)events;
  struct nomem__trees *trees = watcher->data;
  struct signalfd_siginfo info;
  if (read(trees->signal_fd, &info, sizeof info) < 0 && errno != EAGAIN) return;
  do handle_changes(trees);
  while (wait_for_change(trees));
}

static int watch_children(struct nomem__trees *trees) {
  sigemptyset(&trees->awaited);
  sigaddset(&trees->awaited, SIGCHLD);
  trees->signal_fd = signalfd(-1, &trees->awaited, SFD_CLOEXEC | SFD_NONBLOCK);
  if (trees->signal_fd < 0) return -errno;
  int result = uv_poll_init(trees->loop, &trees->child_signal, trees->signal_fd);
  if (result != 0) return result;
  sigprocmask(SIG_BLOCK, &trees->awaited, &trees->blocked);
  trees->child_signal.data = trees;
  uv_poll_start(&trees->child_signal, UV_READABLE, reap); /* of a handle that is open and idle, it cannot fail */
  uv_unref((uv_handle_t *)&trees->child_signal);
  return 0;
}

static void free_trees(struct nomem__trees *trees) {
  nomem__stacks_close(trees->stacks);
  if (trees->signal_fd >= 0) close(trees->signal_fd);
  nomem__held_ends_free(&trees->held);
  free(trees);
}

int nomem__trees_open(uv_loop_t *loop, const struct nomem__isolation *isolation, struct nomem__trees **out) {
  struct nomem__trees *trees = nomem__calloc(1, sizeof *trees);
  trees->loop = loop;
  trees->isolation = isolation;
  trees->signal_fd = -1;
  int result = nomem__stacks_open(&trees->stacks);
  if (result == 0) result = watch_children(trees);
  if (result != 0) {
    free_trees(trees);
    return result;
  }
  uv_timer_init(loop, &trees->patience);
  trees->patience.data = trees;
  uv_unref((uv_handle_t *)&trees->patience);
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); /* for what a keeper that was killed has left */
  *out = trees;
  return 0;
}

void nomem__trees_set_symbols(struct nomem__trees *trees, struct nomem__symbols *symbols) {
  nomem__stacks_set_symbols(trees->stacks, symbols);
}

static void trees_closed(uv_handle_t *watcher) {
  free_trees(watcher->data);
}

static void patience_closed(uv_handle_t *timer) {
  struct nomem__trees *trees = timer->data;
  uv_close((uv_handle_t *)&trees->child_signal, trees_closed);
}

void nomem__trees_close(struct nomem__trees *trees) {
  const struct timespec moment = {.tv_nsec = WAIT_MS * 1000000L};
  trees->is_closing = true;
  for (struct nomem__tree *tree = trees->first; tree != NULL; tree = tree->next) nomem__tree_kill(tree);
  uint64_t end_ns = uv_hrtime() + CLOSE_NS;
  for (handle_changes(trees); trees->first != NULL && uv_hrtime() < end_ns; handle_changes(trees))
    sigtimedwait(&trees->awaited, NULL, &moment);
  while (trees->keepers.first != NULL) nomem__keeper_close(&trees->keepers, trees->keepers.first);
  sigprocmask(SIG_SETMASK, &trees->blocked, NULL);
  uv_close((uv_handle_t *)&trees->patience, patience_closed);
}

int nomem__trees_add_keeper(struct nomem__trees *trees, const struct nomem__sandbox *sandbox,
                            struct nomem__keeper **keeper) {
  return nomem__keeper_open(&trees->keepers, sandbox, keeper);
}

void nomem__trees_remove_keeper(struct nomem__trees *trees, struct nomem__keeper *keeper) {
  nomem__keeper_close(&trees->keepers, keeper);
}

int nomem__tree_start(struct nomem__trees *trees, const struct nomem__spawn_request *start,
                      const struct nomem__tree_callbacks *callbacks, struct nomem__tree **out) {
  struct nomem__tree *tree = nomem__calloc(1, sizeof *tree);
  *tree = (struct nomem__tree){.trees = trees,
                               .callbacks = *callbacks,
                               .keeper = start->keeper,
                               .is_forked = start->is_forked,
                               .is_traced = start->trace,
                               .watches_effects = start->watch_effects,
                               .created_path = start->created_path,
                               .creator = start->creator,
                               .openings = start->openings,
                               .stop_watcher = start->stop_watcher,
                               .allows_detach = start->allow_detach,
                               .error_fd = -1};
  nomem__trees_free_keeper(trees, start->keeper);
  int result = nomem__spawn(&trees->keepers, start, &trees->blocked, &tree->root, &tree->error_fd);
  if (result != 0) {
    nomem__tree_free(tree);
    return result;
  }
  if (start->trace) nomem__tracees_add(&tree->tracees, tree->root);
  nomem__tree_link(trees, tree);
  *out = tree;
  return 0;
}

int nomem__tree_adopt(struct nomem__tree *parent, pid_t child, const struct nomem__tree_callbacks *callbacks,
                      struct nomem__tree **out) {
  struct nomem__trees *trees = parent->trees;
  struct nomem__tree *tree = nomem__calloc(1, sizeof *tree);
  *tree = (struct nomem__tree){.trees = trees,
                               .callbacks = *callbacks,
                               .keeper = parent->keeper,
                               .parent = parent,
                               .is_traced = true,
                               .root = child,
                               .error_fd = -1,
                               .end.forked_from = parent->root};
  nomem__tree_link(trees, tree);
  nomem__ptrace_claim(tree, child);
  *out = tree;
  return 0;
}

static void begin_sampling(struct nomem__tree *tree, pid_t main_thread) {
  pid_t *tids = nomem__calloc(tree->tracees.count + 1, sizeof *tids);
  for (size_t i = 0; i < tree->tracees.count; i++) tids[i] = tree->tracees.list[i].tid;
  tree->sampling = nomem__sampling_begin(tids, tree->tracees.count, main_thread);
  free(tids);
}

void nomem__tree_time_out(struct nomem__tree *tree, pid_t tid) {
  tree->end.timed_out = true;
  if (tree->is_dying && tree->end.fatal_deaths > 0) { /* it waits for a process that died: that stack is reported */
    nomem__tree_kill(tree);
    return;
  }
  pid_t main_thread = nomem__tracees_find(&tree->tracees, tid) != NULL ? tid : tree->root;
  if (!tree->is_traced) {
    nomem__tree_kill(tree);
    return;
  }
  begin_sampling(tree, main_thread);
  nomem__ptrace_sample(tree);
}

void nomem__tree_stop(struct nomem__tree *tree) {
  nomem__tree_kill(tree);
}

struct nomem__processor_step nomem__tree_use_step(struct nomem__tree *tree) {
  pid_t tids[NOMEM_USE_THREADS];
  size_t count = 0;
  if (!tree->is_traced) count = nomem__list_descendants(tree->root, tids);
  for (size_t i = 0; i < tree->tracees.count && count < NOMEM_USE_THREADS; i++)
    tids[count++] = tree->tracees.list[i].tid;
  return nomem__processor_use_step(&tree->processor_use, tids, count);
}

void nomem__tree_release(struct nomem__tree *tree, pid_t pid) {
  struct nomem__tracee *tracee = nomem__tracees_find(&tree->tracees, pid);
  if (!nomem__held_ends_remove(&tree->trees->held, pid)) return;
  nomem__trees_look_again();
  if (tracee == NULL || !tracee->waits_to_begin) return;
  tracee->waits_to_begin = false;
  nomem__detach_begin(&tree->detached, &tree->tracees, pid);
}

void nomem__tree_begin(struct nomem__tree *tree, pid_t pid) {
  struct nomem__tracee *tracee = nomem__tracees_find(&tree->tracees, pid);
  if (tracee == NULL || !tracee->is_delayed || tree->is_killed) return;
  tracee->is_delayed = false;
  nomem__ptrace_begin(tree, pid);
}

void nomem__tree_cancel(struct nomem__tree *tree) {
  tree->end.was_cancelled = true;
  nomem__tree_kill(tree);
}
