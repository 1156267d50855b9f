/* SPDX-License-Identifier: MIT */
#include "tree_state.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../text/complain.h"
#include "syscall_effects.h"

/* What was killed is gone within a blink, but on a machine that hardly has time for it. */
#define PATIENCE_MS 20000
#define US_PER_S UINT64_C(1000000)

struct nomem__tree *nomem__tree_find(struct nomem__trees *trees, pid_t tid) {
  for (struct nomem__tree *tree = trees->first; tree != NULL; tree = tree->next)
    if ((tree->root == tid && !tree->is_root_gone) || nomem__tracees_find(&tree->tracees, tid) != NULL) return tree;
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

static bool is_own(pid_t pid, const void *user) {
  const struct nomem__trees *trees = user;
  return nomem__keepers_have(&trees->keepers, pid) || nomem__isolation_has_process(trees->isolation, pid);
}

static void complain_of_left(struct nomem__trees *trees) {
  if (!trees->has_complained)
    nomem__complain("a process that a run started cannot be ended: it is another user's, or hangs in the kernel");
  trees->has_complained = true;
}

/* What a lost keeper had to look after: other children than its own come to the command from nowhere else. Returns
 * whether there are any that end now. */
static bool kill_orphans(struct nomem__trees *trees) {
  struct nomem__orphans orphans = nomem__orphans_kill(is_own, trees);
  if (orphans.left > 0) complain_of_left(trees);
  return orphans.killed > 0;
}

static void lose_keeper(struct nomem__trees *trees, const struct nomem__keeper *keeper) {
  for (struct nomem__tree *tree = trees->first; tree != NULL; tree = tree->next) {
    if (tree->keeper != keeper || tree->has_lost_keeper) continue;
    tree->has_lost_keeper = true;
    nomem__tree_kill(tree);
  }
}

void nomem__trees_free_keeper(struct nomem__trees *trees, struct nomem__keeper *keeper) {
  const struct nomem__tree *tree = trees->first;
  while (tree != NULL && (tree->keeper != keeper || tree->has_lost_keeper)) tree = tree->next;
  if (tree == NULL) return;
  nomem__keeper_end(keeper);
  lose_keeper(trees, keeper);
}

bool nomem__trees_lost_keeper(struct nomem__trees *trees, pid_t pid) {
  const struct nomem__keeper *keeper = nomem__keepers_ended(&trees->keepers, pid);
  if (keeper != NULL) lose_keeper(trees, keeper);
  return keeper != NULL;
}

/* The keeper's children are the command's then, which kills them itself. If even that takes as long again, they hang in
 * the kernel. */
static void lose_patience_with(struct nomem__tree *tree) {
  struct nomem__trees *trees = tree->trees;
  tree->sweeping_since_ms = uv_now(trees->loop);
  if (!tree->has_lost_keeper) {
    nomem__keeper_end(tree->keeper);
    lose_keeper(trees, tree->keeper);
    return;
  }
  complain_of_left(trees);
  tree->is_swept = true;
  if (!tree->is_root_gone) nomem__tree_end_root(tree, SIGKILL, NULL);
}

static bool is_overdue(const struct nomem__tree *tree, uint64_t since_ms) {
  return uv_now(tree->trees->loop) - since_ms >= PATIENCE_MS;
}

/* What was taken for one of its threads is none, or its end was missed: nobody will ever tell of it. */
static void lose_tracees(struct nomem__tree *tree) {
  if (nomem__tracees_drop_gone(&tree->tracees) == 0) return;
  tree->has_lost_tracees = true;
  if (!tree->is_root_gone && nomem__tracees_find(&tree->tracees, tree->root) == NULL)
    nomem__tree_end_root(tree, SIGKILL, NULL);
}

static void check_patience(uv_timer_t *timer) {
  struct nomem__trees *trees = timer->data;
  bool is_anyone_waiting = false;
  for (struct nomem__tree *tree = trees->first; tree != NULL; tree = tree->next) {
    is_anyone_waiting |= tree->is_killed || tree->is_sweeping;
    if (tree->is_killed && is_overdue(tree, tree->killed_at_ms)) lose_tracees(tree);
    if (tree->is_sweeping && is_overdue(tree, tree->sweeping_since_ms)) lose_patience_with(tree);
  }
  if (!is_anyone_waiting) uv_timer_stop(timer);
  nomem__trees_hear_keepers(trees);
}

/* Returns the time from which on patience is counted. */
static uint64_t begin_patience(struct nomem__trees *trees) {
  uv_update_time(trees->loop);
  if (!trees->is_closing && !uv_is_active((uv_handle_t *)&trees->patience))
    uv_timer_start(&trees->patience, check_patience, PATIENCE_MS / 4, PATIENCE_MS / 4);
  return uv_now(trees->loop);
}

static void await_sweep(struct nomem__tree *tree) {
  if (!tree->is_sweeping) tree->sweeping_since_ms = begin_patience(tree->trees);
  tree->is_sweeping = true;
}

/* Its root is the keeper's to kill: only who waits for a process knows that the number is still its own. */
static void kill_root(struct nomem__tree *tree) {
  if (tree->has_lost_keeper)
    kill_orphans(tree->trees);
  else
    nomem__keeper_sweep(tree->keeper, 0);
  await_sweep(tree);
}

/* It is as if a child had ended just now: one that did so before may be waited for from now on. */
void nomem__trees_look_again(void) {
  kill(getpid(), SIGCHLD);
}

/* Until the tree is known to be dead, the loop may have nothing else to wait for. */
void nomem__tree_kill(struct nomem__tree *tree) {
  if (!tree->is_killed) tree->killed_at_ms = begin_patience(tree->trees);
  tree->is_killed = true;
  uv_ref((uv_handle_t *)&tree->trees->child_signal);
  for (size_t i = 0; i < tree->tracees.count; i++) {
    const struct nomem__tracee *tracee = &tree->tracees.list[i];
    if (tracee->is_process) kill(tracee->tid, SIGKILL);
    if (nomem__held_ends_remove(&tree->trees->held, tracee->tid)) nomem__trees_look_again();
  }
  nomem__detached_kill(&tree->detached);
  if (!tree->is_root_gone && tree->parent == NULL && nomem__tracees_find(&tree->tracees, tree->root) == NULL)
    kill_root(tree);
}

void nomem__tree_count_death(struct nomem__tree *tree, pid_t pid, int status) {
  if (!WIFSIGNALED(status) || tree->is_killed) return;
  int signal = WTERMSIG(status);
  if (!nomem__is_fatal(signal)) return;
  tree->end.fatal_deaths++;
  /* Another thread may have died of something else meanwhile: the first death is the one to report. */
  bool is_reported = tree->stack_pid == pid && tree->is_dying;
  if (!is_reported && (tree->stack_pid == pid || tree->end.fatal_signal == 0)) tree->end.fatal_signal = signal;
}

static uint64_t count_us(const struct timeval *time) {
  return (uint64_t)time->tv_sec * US_PER_S + (uint64_t)time->tv_usec;
}

void nomem__tree_end_root(struct nomem__tree *tree, int status, const struct rusage *usage) {
  tree->is_root_gone = true;
  tree->end.root_status = status;
  if (usage != NULL) tree->end.peak_kb = (uint64_t)usage->ru_maxrss;
  if (usage != NULL) tree->end.processor_us = count_us(&usage->ru_utime) + count_us(&usage->ru_stime);
  nomem__tree_kill(tree);
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

/* The last process is gone. */
static void finish(struct nomem__tree *tree) {
  pid_t subreaper = tree->has_lost_keeper ? getpid() : nomem__keeper_pid(tree->keeper);
  nomem__unclaimed_kill_orphans(&tree->trees->unclaimed, subreaper);
  nomem__delivery_end(tree);
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

/* The siblings of a root that was forked for runs do not go on without it. Returns whether there are any. */
static bool has_forks(struct nomem__tree *tree) {
  bool has_any = false;
  for (struct nomem__tree *fork = tree->trees->first; fork != NULL; fork = fork->next) {
    if (fork->parent != tree) continue;
    if (!fork->is_killed) nomem__tree_cancel(fork);
    has_any = true;
  }
  return has_any;
}

/* All that was traced is gone. What was not is known to the keeper. */
static bool is_swept(struct nomem__tree *tree) {
  if (tree->is_swept) return true;
  if (tree->has_lost_keeper) return !kill_orphans(tree->trees);
  if (tree->parent != NULL && !nomem__keeper_has_others(tree->keeper, tree->parent->root)) return true;
  bool must_ask = (tree->parent != NULL || tree->is_forked) && !tree->is_sweeping;
  if (must_ask) nomem__keeper_sweep(tree->keeper, tree->parent != NULL ? tree->parent->root : 0);
  await_sweep(tree);
  return false;
}

bool nomem__tree_settle(struct nomem__tree *tree) {
  if (tree->tracees.count > 0) return false;
  /* A root that was not traced may have been waited for by a keeper that did not come to say so. */
  if (!tree->is_root_gone && tree->has_lost_keeper && !kill_orphans(tree->trees))
    nomem__tree_end_root(tree, SIGKILL, NULL);
  if (!tree->is_root_gone || has_forks(tree) || !is_swept(tree)) return false;
  struct nomem__tree *parent = tree->parent;
  finish(tree);
  if (parent != NULL) nomem__tree_settle(parent);
  return true;
}

static bool awaits_report(const struct nomem__tree *tree) {
  if (tree->has_lost_keeper || tree->is_swept) return false;
  if (tree->is_forked || tree->parent != NULL) return tree->is_sweeping;
  return !tree->is_traced || tree->is_root_gone || tree->detached.count > 0;
}

/* Returns whether the tree is gone. */
static bool hear_keeper(struct nomem__tree *tree) {
  struct nomem__keeper_report report;
  if (awaits_report(tree) && nomem__keeper_read(tree->keeper, &report)) {
    tree->is_swept = true;
    if (report.has_found) tree->end.effects |= NOMEM_EFFECT_PROCESSES;
    if (report.has_left) complain_of_left(tree->trees);
    if (!tree->is_root_gone) {
      nomem__tree_count_death(tree, tree->root, report.status);
      nomem__processes_ended(tree->processes, tree->root, report.status);
      nomem__tree_end_root(tree, report.status, &report.usage);
    }
  }
  bool may_settle = tree->is_swept || tree->has_lost_keeper || tree->has_lost_tracees;
  return may_settle && nomem__tree_settle(tree);
}

void nomem__trees_hear_keepers(struct nomem__trees *trees) {
  struct nomem__tree *tree = trees->first;
  while (tree != NULL) tree = hear_keeper(tree) ? trees->first : tree->next; /* others may be gone with it */
}
