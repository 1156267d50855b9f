/* SPDX-License-Identifier: MIT */
#include "tree_state.h"

#include <stdlib.h>
#include <unistd.h>

#include "syscall_effects.h"

struct nomem__tree *nomem__tree_find(struct nomem__trees *trees, pid_t tid) {
  for (struct nomem__tree *tree = trees->first; tree != NULL; tree = tree->next)
    if (tree->root == tid || nomem__tracees_find(&tree->tracees, tid) != NULL) return tree;
  return NULL;
}

void nomem__tree_link(struct nomem__trees *trees, struct nomem__tree *tree) {
  tree->next = trees->first;
  trees->first = tree;
}

void nomem__tree_set_timer(struct nomem__tree *tree, uv_timer_cb callback, uint64_t ms) {
  if (!tree->has_timer) uv_timer_init(tree->trees->loop, &tree->timer);
  tree->has_timer = true;
  tree->timer.data = tree;
  uv_timer_start(&tree->timer, callback, ms, 0);
}

/* Until the tree is known to be dead, the loop may have nothing else to wait for. */
void nomem__tree_kill(struct nomem__tree *tree) {
  tree->is_killed = true;
  uv_ref((uv_handle_t *)&tree->trees->child_signal);
  for (size_t i = 0; i < tree->tracees.count; i++)
    if (tree->tracees.list[i].is_process) kill(tree->tracees.list[i].tid, SIGKILL);
  if (!tree->is_root_gone) kill(tree->root, SIGKILL);
  nomem__detached_kill(&tree->detached);
  if (!tree->is_traced || tree->detached.count > 0) nomem__orphans_kill(tree->root, tree->channel_entry);
}

/* The loop need not wait for deaths any more when no killed tree is left. */
static void unlink_tree(struct nomem__tree *tree) {
  struct nomem__tree **at = &tree->trees->first;
  while (*at != tree) at = &(*at)->next;
  *at = tree->next;
  for (at = &tree->trees->first; *at != NULL; at = &(*at)->next)
    if ((*at)->is_killed) return;
  uv_unref((uv_handle_t *)&tree->trees->child_signal);
}

void nomem__tree_free(struct nomem__tree *tree) {
  if (tree->error_fd >= 0) close(tree->error_fd);
  nomem__sampling_free(tree->sampling);
  nomem__detached_free(&tree->detached);
  free(tree->tracees.list);
  nomem__processes_free(tree->processes);
  free(tree);
}

static void timer_closed(uv_handle_t *timer) {
  nomem__tree_free(timer->data);
}

static void report_threads(struct nomem__tree *tree) {
  tree->end.threads = nomem__sampling_threads(tree->sampling);
  const struct nomem__thread *main_thread = &tree->end.threads.list[tree->end.threads.main_thread];
  if (main_thread->stack.depth == 0) return;
  tree->end.stack = main_thread->stack;
  tree->end.has_stack = true;
  tree->end.fatal_signal = 0;
}

void nomem__tree_finish(struct nomem__tree *tree) {
  nomem__unclaimed_kill_orphans(&tree->trees->unclaimed);
  tree->end.root = tree->root;
  if (tree->sampling != NULL) report_threads(tree);
  if (tree->error_fd < 0 || read(tree->error_fd, &tree->end.start_error, sizeof tree->end.start_error) < 0)
    tree->end.start_error = 0;
  if (tree->end.fatal_deaths == 0 && !tree->end.timed_out) { /* the signal was handled after all: nothing crashed */
    tree->end.has_stack = false;
    tree->end.fatal_signal = 0;
  }
  /* If any system call is seen, it is the one by which the injector opens the channel. */
  if (tree->watches_effects && !tree->was_watched) tree->end.effects |= NOMEM_EFFECT_UNKNOWN;
  unlink_tree(tree);
  tree->end.processes = tree->processes;
  if (!tree->trees->is_closing) tree->callbacks.done(tree, &tree->end, tree->callbacks.user);
  if (tree->has_timer)
    uv_close((uv_handle_t *)&tree->timer, timer_closed);
  else
    nomem__tree_free(tree);
}
