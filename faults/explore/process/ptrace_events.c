/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "ptrace_events.h"

#include <signal.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "debugger_break.h"
#include "openings.h"
#include "syscall_effects.h"

/* A thread is stopped to capture its stack. A tree whose threads do not stop in time is killed without their stacks. */
#define INTERRUPT_MS 1000
/* So many stacks are captured of calls that create a file like the one that is looked for. */
#define CAPTURES_MAX 8
/* Programs that catch such signals as a matter of course: more of them are not looked at in one run. */
#define FATAL_SIGNALS_MAX 1000
/* A stop at a system call, which is asked for of a thread that is followed. */
#define SYSTEM_CALL_STOP (SIGTRAP | 0x80)
/* Between two stacks that are captured of a thread that hangs. */
#define SAMPLE_MS 3

static void resume(const struct nomem__tree *tree, pid_t tid, int signal) {
  bool is_followed = tree != NULL && nomem__delivery_follows(tree, tid);
  ptrace(is_followed ? PTRACE_SYSCALL : PTRACE_CONT, tid, NULL, (void *)(intptr_t)signal);
}

/* One that was killed before its creator stopped is never heard of again, and its number may be another's by now: of a
 * thread in another tree, or of a process that is none of the command's business. */
void nomem__ptrace_claim(struct nomem__tree *tree, pid_t tid) {
  struct nomem__trees *trees = tree->trees;
  const struct nomem__tree *owner = nomem__tree_find(trees, tid);
  if ((owner != NULL && owner != tree) || !nomem__is_waited_for(tid)) return;
  nomem__tracees_add(&tree->tracees, tid);
  if (tree->is_killed) kill(tid, SIGKILL);
  if (nomem__unclaimed_remove(&trees->unclaimed, tid)) resume(tree, tid, 0);
}

static void handle_fork(struct nomem__tree *tree, pid_t creator, pid_t child) {
  nomem__ptrace_claim(tree, child);
  const struct nomem__tracee *tracee = nomem__tracees_find(&tree->tracees, child);
  if (tracee == NULL) return;
  tree->end.effects |= tracee->is_process ? NOMEM_EFFECT_PROCESSES : NOMEM_EFFECT_THREADS;
  if (tracee->is_process) nomem__processes_forked(&tree->processes, tree->root, creator, child);
}

static bool is_wanted(const struct nomem__tree *tree, bool (*wants)(void *user)) {
  return wants != NULL && wants(tree->callbacks.user);
}

/* A process that does not catch a fatal signal is about to die, and this stack is the one to report: threads and
 * parents that die later do so because of it. */
static void capture_death(struct nomem__tree *tree, pid_t pid, pid_t tid, int signal) {
  const struct nomem__tree_callbacks *callbacks = &tree->callbacks;
  struct nomem__stack stack;
  if (nomem__stack_capture(tree->trees->stacks, pid, tid, &stack) != 0) return; /* killed meanwhile */
  if (callbacks->dies != NULL && !nomem__delivery_stands(tree)) callbacks->dies(callbacks->user);
  tree->end.stack = stack;
  tree->end.has_stack = true;
  nomem__stack_copy_memory(&stack, &tree->end.memory);
  nomem__stack_drop_guest(&tree->end.stack);
  tree->end.fatal_signal = signal;
  tree->stack_pid = pid;
  tree->is_dying = true;
}

/* A thread is about to get a signal that a bug raises. The first death, and the first one that is caught and counts, is
 * the one to report. */
static void look_at_fatal_signal(struct nomem__tree *tree, pid_t tid, int signal) {
  struct nomem__status status;
  bool wants_death = is_wanted(tree, tree->callbacks.wants_stack);
  bool wants_caught = !nomem__delivery_stands(tree) && is_wanted(tree, tree->callbacks.wants_caught);
  if (!wants_death && !wants_caught) return;
  if (tree->is_dying || tree->end.timed_out || tree->fatal_signals++ >= FATAL_SIGNALS_MAX) return;
  nomem__status_read(tid, &status);
  bool is_caught = ((status.caught | status.ignored) >> (signal - 1) & 1) != 0;
  if (is_caught && wants_caught) nomem__delivery_caught(tree, status.pid, tid, signal);
  if (!is_caught && wants_death) capture_death(tree, status.pid, tid, signal);
}

static void kill_late(uv_timer_t *timer) {
  nomem__tree_kill(timer->data);
}

static void sample_again(uv_timer_t *timer) {
  nomem__ptrace_sample(timer->data);
}

void nomem__ptrace_sample(struct nomem__tree *tree) {
  if (nomem__sampling_interrupt(tree->sampling))
    nomem__tree_set_timer(tree, kill_late, INTERRUPT_MS);
  else
    nomem__tree_kill(tree);
}

/* A thread has stopped whose tree has timed out. Returns whether it stays stopped. */
static bool handle_sample(struct nomem__tree *tree, pid_t tid) {
  switch (nomem__sampling_stopped(tree->sampling, tree->trees->stacks, tid)) {
    case NOMEM_SAMPLING_OTHER_STOP:
      return false;
    case NOMEM_SAMPLING_AGAIN:
      nomem__tree_set_timer(tree, sample_again, SAMPLE_MS);
      return false;
    case NOMEM_SAMPLING_NEXT_THREADS:
      nomem__ptrace_sample(tree);
      return true;
    case NOMEM_SAMPLING_WAIT:
      return true;
    case NOMEM_SAMPLING_DONE:
      break;
  }
  nomem__tree_kill(tree);
  return true;
}

/* The first thread of the process that a thread belongs to. NULL: it is not known. */
static struct nomem__tracee *find_first_thread(struct nomem__tree *tree, const struct nomem__tracee *tracee) {
  struct nomem__status status = {.pid = tracee->tid};
  if (!tracee->is_process) nomem__status_read(tracee->tid, &status);
  struct nomem__tracee *first = nomem__tracees_find(&tree->tracees, status.pid);
  return first != NULL && first->is_process ? first : NULL;
}

static bool has_other_threads(const struct nomem__tree *tree, pid_t pid, pid_t tid) {
  for (size_t i = 0; i < tree->tracees.count; i++) {
    const struct nomem__tracee *other = &tree->tracees.list[i];
    if (!other->is_process && other->tid != tid && syscall(SYS_tgkill, pid, other->tid, 0) == 0) return true;
  }
  return false;
}

/* Returns whether the end of this process is held from now on. */
static bool hold(struct nomem__tree *tree, pid_t pid) {
  bool is_held = tree->callbacks.holds != NULL && tree->callbacks.holds(tree->callbacks.user, pid);
  if (is_held) nomem__held_ends_add(&tree->trees->held, pid);
  return is_held;
}

/* Where the first thread ends, its process does, unless that thread ends alone: then it does with the last one, or with
 * one that ends all. */
static void handle_exiting(struct nomem__tree *tree, pid_t tid) {
  const struct nomem__tracee *tracee = nomem__tracees_find(&tree->tracees, tid);
  if (tree->callbacks.exits == NULL || tree->is_killed || tracee == NULL) return;
  struct nomem__tracee *first = find_first_thread(tree, tracee);
  if (first == NULL || first->has_exited) return;
  long call = ptrace(PTRACE_PEEKUSER, tid, offsetof(struct user_regs_struct, orig_rax), NULL);
  if (call == SYS_exit && has_other_threads(tree, first->tid, tid)) {
    first->has_ended |= first->tid == tid;
  } else if (first->tid == tid || first->has_ended) {
    first->has_exited = true;
    tree->callbacks.exits(tree->callbacks.user, first->tid, tid);
    hold(tree, first->tid);
  }
}

/* Whether the stop was for the watcher, which has then said how the thread goes on. */
static bool is_watched_stop(struct nomem__tree *tree, pid_t tid, int signal) {
  struct nomem__stop_watcher *watcher = tree->stop_watcher;
  if (watcher == NULL) return false;
  enum nomem__stop_action action = watcher->stopped(watcher, tree->trees->stacks, tid, signal);
  if (action != NOMEM_ACTION_DELIVER)
    ptrace(action == NOMEM_ACTION_STEP ? PTRACE_SINGLESTEP : PTRACE_CONT, tid, NULL, NULL);
  return action != NOMEM_ACTION_DELIVER;
}

static void capture_creator(struct nomem__tree *tree, pid_t tid) {
  struct nomem__status status;
  if (tree->created_path == NULL || tree->captures >= CAPTURES_MAX) return;
  if (!nomem__effects_creates_file(tid, tree->created_path)) return;
  tree->captures++;
  nomem__status_read(tid, &status);
  nomem__stack_capture(tree->trees->stacks, status.pid, tid, tree->creator);
  nomem__stack_drop_guest(tree->creator);
}

/* A system call that the tree's filter asks for. */
static void handle_watched_call(struct nomem__tree *tree, pid_t tid) {
  if (tree->openings != NULL) {
    nomem__openings_note(tree->openings, tree->trees->stacks, tid);
    return;
  }
  tree->end.effects |= nomem__effects_of_stop(tid);
  tree->was_watched = true;
  capture_creator(tree, tid);
}

static bool is_fork_event(int event) {
  return event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE;
}

/* The number that comes with an event: of the child, or of the thread that has executed a program; 0: not known. */
static pid_t event_pid(pid_t tid) {
  unsigned long message = 0;
  return ptrace(PTRACE_GETEVENTMSG, tid, NULL, &message) == 0 ? (pid_t)message : 0;
}

/* A thread has stopped that is to be detached. */
static void handle_detaching(struct nomem__tree *tree, pid_t tid, int status) {
  pid_t child = is_fork_event(status >> 16) ? event_pid(tid) : 0;
  if (child != 0) {
    handle_fork(tree, tid, child);
    nomem__detach_child(&tree->tracees, tid, child);
  }
  nomem__detach_stopped(&tree->tracees, tid, status);
}

void nomem__ptrace_begin(struct nomem__tree *tree, pid_t pid) {
  const struct nomem__tree_callbacks *callbacks = &tree->callbacks;
  struct nomem__tracee *tracee = nomem__tracees_find(&tree->tracees, pid);
  if (callbacks->lets_go == NULL || !callbacks->lets_go(callbacks->user, pid))
    resume(tree, pid, 0);
  else if (tracee != NULL && hold(tree, pid))
    tracee->waits_to_begin = true;
  else
    nomem__detach_begin(&tree->detached, &tree->tracees, pid);
}

/* A thread that executes a program takes over the number of its process, and its own number is never reaped. */
static void handle_exec(struct nomem__tree *tree, pid_t tid) {
  pid_t former_tid = event_pid(tid);
  struct nomem__tracee *former =
      former_tid != 0 && former_tid != tid ? nomem__tracees_find(&tree->tracees, former_tid) : NULL;
  if (former != NULL) nomem__tracees_remove(&tree->tracees, former);
  nomem__delivery_lose(tree, tid);
  nomem__processes_executed(tree->processes, tid);
  struct nomem__tracee *tracee = nomem__tracees_find(&tree->tracees, tid);
  if (tracee != NULL) tracee->has_ended = tracee->has_exited = false;
  const struct nomem__tree_callbacks *callbacks = &tree->callbacks;
  if (callbacks->executed != NULL && callbacks->executed(callbacks->user, tid))
    tree->end.effects |= NOMEM_EFFECT_PROGRAMS;
  bool is_delayed = tracee != NULL && callbacks->delays != NULL && callbacks->delays(callbacks->user, tid);
  if (is_delayed)
    tracee->is_delayed = true;
  else
    nomem__ptrace_begin(tree, tid);
}

/* The stop of a group by job control lasts until SIGCONT. */
static void handle_group_stop(struct nomem__tree *tree, pid_t tid, int signal) {
  if (tree->sampling != NULL && !tree->is_killed && handle_sample(tree, tid)) return;
  if (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU)
    ptrace(PTRACE_LISTEN, tid, NULL, NULL);
  else
    resume(tree, tid, 0);
}

static void handle_signal(struct nomem__tree *tree, pid_t tid, int signal) {
  if (is_watched_stop(tree, tid, signal)) return;
  if (tree->allows_detach && nomem__detach_is_requested(tid, signal)) {
    nomem__detach_begin(&tree->detached, &tree->tracees, tid);
    return;
  }
  if (signal == SIGTRAP && nomem__is_debugger_break(tree, tid)) {
    resume(tree, tid, 0);
    return;
  }
  nomem__delivery_note_signal(tree, tid, signal);
  if (nomem__is_fatal(signal)) look_at_fatal_signal(tree, tid, signal);
  resume(tree, tid, signal);
}

static void handle_system_call(struct nomem__tree *tree, pid_t tid) {
  nomem__delivery_note_system_call(tree, tid);
  resume(tree, tid, 0);
}

static void handle_stop(struct nomem__tree *tree, pid_t tid, int status) {
  int event = status >> 16;
  pid_t child;
  const struct nomem__tracee *tracee = nomem__tracees_find(&tree->tracees, tid);
  if (event == 0 && WSTOPSIG(status) == SYSTEM_CALL_STOP) {
    handle_system_call(tree, tid);
    return;
  }
  if (tracee != NULL && tracee->detaching_pid != 0 && event != PTRACE_EVENT_EXIT) {
    handle_detaching(tree, tid, status);
    return;
  }
  switch (event) {
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
    case PTRACE_EVENT_CLONE:
      child = event_pid(tid);
      if (child != 0) handle_fork(tree, tid, child);
      resume(tree, tid, 0);
      return;
    case PTRACE_EVENT_SECCOMP:
      handle_watched_call(tree, tid);
      resume(tree, tid, 0);
      return;
    case PTRACE_EVENT_EXEC:
      handle_exec(tree, tid);
      return;
    case PTRACE_EVENT_EXIT:
      handle_exiting(tree, tid);
      resume(tree, tid, 0);
      return;
    case PTRACE_EVENT_STOP:
      handle_group_stop(tree, tid, WSTOPSIG(status));
      return;
    case 0:
      handle_signal(tree, tid, WSTOPSIG(status));
      return;
    default:
      resume(tree, tid, 0);
  }
}

static void handle_exit(struct nomem__tree *tree, pid_t tid, int status, const struct rusage *usage) {
  struct nomem__tracee *tracee = nomem__tracees_find(&tree->tracees, tid);
  if (tracee == NULL || tracee->is_process) {
    nomem__tree_count_death(tree, tid, status);
    nomem__processes_ended(tree->processes, tid, status);
  }
  if (tracee != NULL) nomem__tracees_remove(&tree->tracees, tracee);
  nomem__detach_finish(&tree->tracees);
  if (tid == tree->root) nomem__tree_end_root(tree, status, usage);
  nomem__tree_settle(tree);
}

/* A process has stopped that belongs to no tree yet: it was forked by the injector, or its parent is about to stop and
 * will show which tree it belongs to. */
static void handle_unknown(struct nomem__trees *trees, pid_t tid) {
  for (struct nomem__tree *tree = trees->first; tree != NULL; tree = tree->next)
    if (tree->callbacks.adopts != NULL && tree->callbacks.adopts(tree->callbacks.user, tid)) {
      resume(tree, tid, 0);
      return;
    }
  nomem__unclaimed_add(&trees->unclaimed, tid);
}

void nomem__ptrace_handle(struct nomem__trees *trees, pid_t tid, int status, const struct rusage *usage) {
  struct nomem__tree *tree = nomem__tree_find(trees, tid);
  if (tree != NULL && WIFSTOPPED(status))
    handle_stop(tree, tid, status);
  else if (tree != NULL)
    handle_exit(tree, tid, status, usage);
  else if (!WIFSTOPPED(status) && !nomem__trees_lost_keeper(trees, tid))
    nomem__unclaimed_remove(&trees->unclaimed, tid);
  else if (!WIFSTOPPED(status))
    return;
  else if (status >> 16 == PTRACE_EVENT_EXIT) /* it was killed before its parent's stop */
    resume(tree, tid, 0);
  else
    handle_unknown(trees, tid);
}
