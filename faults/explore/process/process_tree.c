/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "process_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../channel.h"
#include "detach.h"
#include "orphans.h"
#include "syscall_effects.h"
#include "tracees.h"

/* A stopped thread is looked at once, then let go: one that does not stop in time is killed without. */
#define INTERRUPT_MS 1000
/* Programs that handle such signals as a matter of course must not cost an unwind each time. */
#define CAPTURES_MAX 8
/* Between two stacks that are taken of a thread that hangs. */
#define SAMPLE_MS 3

struct nomem__tree {
  struct nomem__trees *trees;
  struct nomem__tree *next;
  nomem__tree_done done;
  bool (*interesting)(void *user);
  bool (*forked)(void *user, pid_t child);
  void (*exiting)(void *user, pid_t pid);
  void *user;
  pid_t root;
  bool traced;
  bool root_gone;
  bool killed;
  bool watch_effects, was_watched;
  const char *made_path; /* who makes it is looked for; NULL: nobody */
  struct nomem__stack *maker;
  struct nomem__stop_watcher *stop_watcher; /* NULL: none */
  struct nomem__sampling *hang;             /* it timed out, and what its threads do is looked at; NULL: not so */
  int error_fd;                             /* the child writes errno here when it cannot execute */
  unsigned captures;
  bool is_dying; /* the stack of its first death is there */
  pid_t stack_pid;
  char *channel_entry; /* NOMEM_CHANNEL=..., by which an untraced tree's strays are known */
  bool lets_go;
  struct nomem__leaked_processes left;
  struct nomem__tracees tracees;
  struct nomem__processes *processes;
  uv_timer_t timer; /* for a run that hangs; most do without */
  bool has_timer;
  struct nomem__end end;
};

/* How long to wait for news of the processes before the loop has its turn, so that what comes by other ways is seen. */
#define WAIT_MS 50

struct nomem__trees {
  uv_loop_t *loop;
  sigset_t awaited, blocked; /* SIGCHLD; and what was blocked before it was, too */
  int signal_fd;
  uv_poll_t child_signal;
  struct nomem__stacks *stacks;
  struct nomem__tree *first;
  struct nomem__unclaimed unclaimed;
  bool closing;
};

static struct nomem__tree *find_tree(struct nomem__trees *trees, pid_t tid) {
  for (struct nomem__tree *tree = trees->first; tree != NULL; tree = tree->next)
    if (tree->root == tid || nomem__tracees_find(&tree->tracees, tid) != NULL) return tree;
  return NULL;
}

static void go_on(pid_t tid, int signal) {
  ptrace(PTRACE_CONT, tid, NULL, (void *)(intptr_t)signal);
}

static void kill_all(struct nomem__tree *tree);

/* A tracee that cannot be entered is killed: it could neither be seen nor ended later. One that was killed before its
 * creator's stop is not heard of again. */
static void claim(struct nomem__tree *tree, pid_t tid) {
  struct nomem__trees *trees = tree->trees;
  if (kill(tid, 0) != 0 && errno == ESRCH) return;
  if (nomem__tracees_add(&tree->tracees, tid) != 0 || tree->killed) kill(tid, SIGKILL);
  if (nomem__unclaimed_forget(&trees->unclaimed, tid)) go_on(tid, 0);
}

static void handle_fork(struct nomem__tree *tree, pid_t creator, pid_t child) {
  claim(tree, child);
  const struct nomem__tracee *tracee = nomem__tracees_find(&tree->tracees, child);
  if (tracee == NULL) return;
  tree->end.effects |= tracee->is_process ? NOMEM_EFFECT_PROCESSES : NOMEM_EFFECT_THREADS;
  if (tracee->is_process) nomem__processes_forked(&tree->processes, tree->root, creator, child);
}

/* Once a signal comes that nobody catches, its process is about to die, and its stack is the one to show: threads and
 * parents that die after it do so because of it. */
static void capture(struct nomem__tree *tree, pid_t tid, int signal) {
  if (!tree->traced || tree->is_dying || tree->captures++ >= CAPTURES_MAX) return;
  struct nomem__status status;
  nomem__read_status(tid, &status);
  struct nomem__stack stack;
  if (nomem__stack_capture(tree->trees->stacks, status.pid, tid, &stack) != 0) return; /* killed meanwhile */
  tree->end.stack = stack;
  tree->end.has_stack = true;
  nomem__stack_copy_memory(&stack, &tree->end.memory);
  tree->end.fatal_signal = signal;
  tree->stack_pid = status.pid;
  tree->is_dying = !((status.caught | status.ignored) >> (signal - 1) & 1);
}

static void set_timer(struct nomem__tree *tree, uv_timer_cb callback, uint64_t ms) {
  if (!tree->has_timer) uv_timer_init(tree->trees->loop, &tree->timer);
  tree->has_timer = true;
  tree->timer.data = tree;
  uv_timer_start(&tree->timer, callback, ms, 0);
}

static void interrupt(struct nomem__tree *tree);

static void interrupt_again(uv_timer_t *timer) {
  interrupt(timer->data);
}

/* A thread of a tree that hangs has stopped. True: it is to stay so. */
static bool look(struct nomem__tree *tree, pid_t tid) {
  switch (nomem__sampling_stopped(tree->hang, tree->trees->stacks, tid)) {
    case NOMEM_HANG_NOT_MEANT:
      return false;
    case NOMEM_HANG_AGAIN:
      set_timer(tree, interrupt_again, SAMPLE_MS);
      return false;
    case NOMEM_HANG_OTHERS:
      interrupt(tree);
      return true;
    case NOMEM_HANG_WAIT:
      return true;
    case NOMEM_HANG_DONE:
      break;
  }
  kill_all(tree);
  return true;
}

/* The first thread's end is its process's, unless it is the only one that goes. */
static void handle_exiting(struct nomem__tree *tree, pid_t tid) {
  const struct nomem__tracee *tracee = nomem__tracees_find(&tree->tracees, tid);
  if (tree->exiting == NULL || tree->killed || tracee == NULL || !tracee->is_process) return;
  long call = ptrace(PTRACE_PEEKUSER, tid, offsetof(struct user_regs_struct, orig_rax), NULL);
  bool is_alone = true;
  for (size_t i = 0; i < tree->tracees.count && is_alone; i++)
    is_alone = tree->tracees.list[i].is_process || syscall(SYS_tgkill, tid, tree->tracees.list[i].tid, 0) != 0;
  if (call != SYS_exit || is_alone) tree->exiting(tree->user, tid);
}

/* Whether a stop was for the watcher, which has then said how the thread goes on. */
static bool is_watched_stop(struct nomem__tree *tree, pid_t tid, int signal) {
  struct nomem__stop_watcher *watcher = tree->stop_watcher;
  if (watcher == NULL) return false;
  enum nomem__stop_action action = watcher->stopped(watcher, tree->trees->stacks, tid, signal);
  if (action != NOMEM_ACTION_DELIVER)
    ptrace(action == NOMEM_ACTION_STEP ? PTRACE_SINGLESTEP : PTRACE_CONT, tid, NULL, NULL);
  return action != NOMEM_ACTION_DELIVER;
}

static void note_maker(struct nomem__tree *tree, pid_t tid) {
  struct nomem__status status;
  if (tree->made_path == NULL || tree->captures >= CAPTURES_MAX || !nomem__effects_makes(tid, tree->made_path)) return;
  tree->captures++;
  nomem__read_status(tid, &status);
  nomem__stack_capture(tree->trees->stacks, status.pid, tid, tree->maker);
}

static void handle_stop(struct nomem__tree *tree, pid_t tid, int status) {
  int signal = WSTOPSIG(status);
  int event = status >> 16;
  unsigned long message = 0;
  const struct nomem__tracee *tracee = nomem__tracees_find(&tree->tracees, tid);
  if (tracee != NULL && tracee->leaves != 0 && event != PTRACE_EVENT_EXIT) {
    bool makes_one = event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE;
    if (makes_one && ptrace(PTRACE_GETEVENTMSG, tid, NULL, &message) == 0) {
      handle_fork(tree, tid, (pid_t)message);
      nomem__detach_join(&tree->tracees, tid, (pid_t)message);
    }
    nomem__detach_stopped(&tree->tracees, tid, status);
    return;
  }
  switch (event) {
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
    case PTRACE_EVENT_CLONE:
      if (ptrace(PTRACE_GETEVENTMSG, tid, NULL, &message) == 0) handle_fork(tree, tid, (pid_t)message);
      go_on(tid, 0);
      return;
    case PTRACE_EVENT_SECCOMP:
      tree->end.effects |= nomem__effects_of_stop(tid);
      tree->was_watched = true;
      note_maker(tree, tid);
      go_on(tid, 0);
      return;
    case PTRACE_EVENT_EXEC: { /* a thread that executes takes its process's number, and its own is never reaped */
      struct nomem__tracee *former = NULL;
      if (ptrace(PTRACE_GETEVENTMSG, tid, NULL, &message) == 0 && (pid_t)message != tid)
        former = nomem__tracees_find(&tree->tracees, (pid_t)message);
      if (former != NULL) nomem__tracees_remove(&tree->tracees, former);
      nomem__processes_executed(tree->processes, tid);
      go_on(tid, 0);
      return;
    }
    case PTRACE_EVENT_EXIT:
      handle_exiting(tree, tid);
      go_on(tid, 0);
      return;
    case PTRACE_EVENT_STOP:
      if (tree->hang != NULL && !tree->killed && look(tree, tid)) return;
      if (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU)
        ptrace(PTRACE_LISTEN, tid, NULL, NULL); /* stopped by job control: it stays so until SIGCONT */
      else
        go_on(tid, 0);
      return;
    case 0:
      if (is_watched_stop(tree, tid, signal)) return;
      if (tree->lets_go && nomem__detach_is_asked(tid, signal)) {
        nomem__detach_begin(&tree->left, &tree->tracees, tid);
        return;
      }
      if (nomem__is_fatal(signal) && !tree->is_dying && !tree->end.timed_out && tree->interesting != NULL &&
          tree->interesting(tree->user))
        capture(tree, tid, signal);
      go_on(tid, signal);
      return;
    default:
      go_on(tid, 0);
  }
}

static void note_death(struct nomem__tree *tree, pid_t pid, int status) {
  if (!WIFSIGNALED(status) || tree->killed) return;
  int signal = WTERMSIG(status);
  if (!nomem__is_fatal(signal)) return;
  tree->end.fatal_deaths++;
  /* Another thread may have died meanwhile, of something else: what came first is what is shown. */
  bool is_shown = tree->stack_pid == pid && tree->is_dying;
  if (!is_shown && (tree->stack_pid == pid || tree->end.fatal_signal == 0)) tree->end.fatal_signal = signal;
}

static void unlink_tree(struct nomem__tree *tree) {
  struct nomem__tree **at = &tree->trees->first;
  while (*at != tree) at = &(*at)->next;
  *at = tree->next;
  for (at = &tree->trees->first; *at != NULL; at = &(*at)->next)
    if ((*at)->killed) return;
  uv_unref((uv_handle_t *)&tree->trees->child_signal);
}

static void free_tree(struct nomem__tree *tree) {
  if (tree->error_fd >= 0) close(tree->error_fd);
  nomem__sampling_free(tree->hang);
  nomem__detach_free(&tree->left);
  free(tree->tracees.list);
  nomem__processes_free(tree->processes);
  free(tree);
}

static void timer_closed(uv_handle_t *timer) {
  free_tree(timer->data);
}

static void take_hang(struct nomem__tree *tree) {
  tree->end.threads = nomem__sampling_threads(tree->hang);
  tree->end.root = tree->root;
  const struct nomem__thread *main_thread = &tree->end.threads.list[tree->end.threads.main_thread];
  if (main_thread->stack.depth == 0) return;
  tree->end.stack = main_thread->stack;
  tree->end.has_stack = true;
  tree->end.fatal_signal = 0;
}

static void finish(struct nomem__tree *tree) {
  nomem__unclaimed_kill_orphans(&tree->trees->unclaimed);
  if (tree->hang != NULL) take_hang(tree);
  if (tree->error_fd < 0 || read(tree->error_fd, &tree->end.start_error, sizeof tree->end.start_error) < 0)
    tree->end.start_error = 0;
  if (tree->end.fatal_deaths == 0 && !tree->end.timed_out) { /* it was handled after all: no blow-up to show */
    tree->end.has_stack = false;
    tree->end.fatal_signal = 0;
  }
  /* The injector's own opening of the channel is seen, if anything is. */
  if (tree->watch_effects && !tree->was_watched) tree->end.effects |= NOMEM_EFFECT_UNKNOWN;
  unlink_tree(tree);
  tree->end.processes = tree->processes;
  if (!tree->trees->closing) tree->done(tree, &tree->end, tree->user);
  if (tree->has_timer)
    uv_close((uv_handle_t *)&tree->timer, timer_closed);
  else
    free_tree(tree);
}

/* Until it is known to be dead, the loop may have nothing else to wait for. */
static void kill_all(struct nomem__tree *tree) {
  tree->killed = true;
  uv_ref((uv_handle_t *)&tree->trees->child_signal);
  for (size_t i = 0; i < tree->tracees.count; i++)
    if (tree->tracees.list[i].is_process) kill(tree->tracees.list[i].tid, SIGKILL);
  if (!tree->root_gone) kill(tree->root, SIGKILL);
  nomem__detach_kill(&tree->left);
  if (!tree->traced || tree->left.count > 0) nomem__kill_orphans(tree->root, tree->channel_entry);
}

static void handle_exit(struct nomem__tree *tree, pid_t tid, int status, const struct rusage *usage) {
  struct nomem__tracee *tracee = nomem__tracees_find(&tree->tracees, tid);
  if (tracee == NULL || tracee->is_process) {
    note_death(tree, tid, status);
    nomem__processes_ended(tree->processes, tid, status);
  }
  if (tracee != NULL) nomem__tracees_remove(&tree->tracees, tracee);
  nomem__detach_finish(&tree->tracees);
  if (tid == tree->root) {
    tree->root_gone = true;
    tree->end.root_status = status;
    tree->end.peak_kb = (uint64_t)usage->ru_maxrss;
    kill_all(tree);
  }
  if (tree->root_gone && tree->tracees.count == 0) finish(tree);
}

/* A process that no tree knows has stopped: the injector's fork, or one whose parent's stop will say whose it is. */
static void handle_stranger(struct nomem__trees *trees, pid_t tid) {
  for (struct nomem__tree *tree = trees->first; tree != NULL; tree = tree->next)
    if (tree->forked != NULL && tree->forked(tree->user, tid)) {
      go_on(tid, 0);
      return;
    }
  nomem__unclaimed_add(&trees->unclaimed, tid);
}

static void handle(struct nomem__trees *trees, pid_t tid, int status, const struct rusage *usage) {
  struct nomem__tree *tree = find_tree(trees, tid);
  if (tree != NULL && WIFSTOPPED(status))
    handle_stop(tree, tid, status);
  else if (tree != NULL)
    handle_exit(tree, tid, status, usage);
  else if (!WIFSTOPPED(status))
    nomem__unclaimed_forget(&trees->unclaimed, tid);
  else if (status >> 16 == PTRACE_EVENT_EXIT) /* killed, before anybody said whose it is */
    go_on(tid, 0);
  else
    handle_stranger(trees, tid);
}

/* While runs go on and nothing else is due, the next news of them are waited for here: a turn of the loop takes several
 * system calls, and there are some turns for each run. */
static bool wait_for_news(struct nomem__trees *trees) {
  uv_update_time(trees->loop);
  int ms = uv_backend_timeout(trees->loop);
  if (ms == 0 || !uv_loop_alive(trees->loop)) return false;
  const struct timespec limit = {.tv_nsec = (ms > 0 && ms < WAIT_MS ? ms : WAIT_MS) * 1000000L};
  return sigtimedwait(&trees->awaited, NULL, &limit) > 0;
}

static void reap(uv_poll_t *watcher, int result, int events) {
  (void)result, (void)events;
  struct nomem__trees *trees = watcher->data;
  struct signalfd_siginfo info;
  if (read(trees->signal_fd, &info, sizeof info) < 0 && errno != EAGAIN) return;
  int status;
  struct rusage usage;
  pid_t tid;
  do
    while ((tid = wait4(-1, &status, WNOHANG | __WALL, &usage)) > 0) handle(trees, tid, status, &usage);
  while (wait_for_news(trees));
}

static int watch_children(struct nomem__trees *trees) {
  sigemptyset(&trees->awaited);
  sigaddset(&trees->awaited, SIGCHLD);
  trees->signal_fd = signalfd(-1, &trees->awaited, SFD_CLOEXEC | SFD_NONBLOCK);
  if (trees->signal_fd < 0) return -errno;
  if (sigprocmask(SIG_BLOCK, &trees->awaited, &trees->blocked) != 0) return -errno;
  int result = uv_poll_init(trees->loop, &trees->child_signal, trees->signal_fd);
  if (result != 0) return result;
  trees->child_signal.data = trees;
  result = uv_poll_start(&trees->child_signal, UV_READABLE, reap);
  uv_unref((uv_handle_t *)&trees->child_signal);
  return result;
}

static void free_trees(struct nomem__trees *trees) {
  nomem__stacks_close(trees->stacks);
  if (trees->signal_fd >= 0) close(trees->signal_fd);
  free(trees);
}

int nomem__trees_open(uv_loop_t *loop, struct nomem__trees **out) {
  struct nomem__trees *trees = calloc(1, sizeof *trees);
  if (trees == NULL) return -ENOMEM;
  trees->loop = loop;
  trees->signal_fd = -1;
  int result = nomem__stacks_open(&trees->stacks);
  if (result == 0) result = watch_children(trees);
  if (result != 0) {
    free_trees(trees);
    return result;
  }
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  *out = trees;
  return 0;
}

static void trees_closed(uv_handle_t *watcher) {
  free_trees(watcher->data);
}

void nomem__trees_close(struct nomem__trees *trees) {
  trees->closing = true;
  for (struct nomem__tree *tree = trees->first; tree != NULL; tree = tree->next) kill_all(tree);
  int status;
  struct rusage usage;
  pid_t tid;
  while (trees->first != NULL && (tid = wait4(-1, &status, __WALL, &usage)) > 0) handle(trees, tid, status, &usage);
  sigprocmask(SIG_SETMASK, &trees->blocked, NULL);
  uv_close((uv_handle_t *)&trees->child_signal, trees_closed);
}

int nomem__tree_start(struct nomem__trees *trees, const struct nomem__start *start, nomem__tree_done done,
                      bool (*interesting)(void *user), void *user, struct nomem__tree **out) {
  struct nomem__tree *tree = calloc(1, sizeof *tree);
  if (tree == NULL) return -ENOMEM;
  *tree = (struct nomem__tree){
      .trees = trees, .done = done, .interesting = interesting, .user = user, .traced = start->trace, .error_fd = -1};
  tree->watch_effects = start->watch_effects;
  tree->stop_watcher = start->stop_watcher;
  tree->lets_go = start->lets_go;
  for (char **entry = start->environment; *entry != NULL; entry++)
    if (strncmp(*entry, NOMEM_CHANNEL_ENV "=", sizeof NOMEM_CHANNEL_ENV) == 0) tree->channel_entry = *entry;
  int result = nomem__spawn(start, &trees->blocked, &tree->root, &tree->error_fd);
  if (result == 0 && start->trace && (result = nomem__tracees_add(&tree->tracees, tree->root)) != 0) {
    kill(tree->root, SIGKILL);
    waitpid(tree->root, NULL, __WALL);
  }
  if (result != 0) {
    free_tree(tree);
    return result;
  }
  tree->next = trees->first;
  trees->first = tree;
  *out = tree;
  return 0;
}

void nomem__tree_on_fork(struct nomem__tree *tree, bool (*forked)(void *user, pid_t child)) {
  tree->forked = forked;
}

void nomem__tree_watch_making(struct nomem__tree *tree, const char *path, struct nomem__stack *maker) {
  tree->made_path = path;
  tree->maker = maker;
}

int nomem__tree_adopt(struct nomem__tree *parent, pid_t child, nomem__tree_done done, bool (*interesting)(void *user),
                      void *user, struct nomem__tree **out) {
  struct nomem__trees *trees = parent->trees;
  struct nomem__tree *tree = calloc(1, sizeof *tree);
  if (tree == NULL) return -ENOMEM;
  *tree = (struct nomem__tree){.trees = trees,
                               .done = done,
                               .interesting = interesting,
                               .user = user,
                               .traced = true,
                               .root = child,
                               .error_fd = -1,
                               .end.former = parent->root};
  tree->next = trees->first;
  trees->first = tree;
  claim(tree, child);
  *out = tree;
  return 0;
}

void nomem__tree_on_exit(struct nomem__tree *tree, void (*exiting)(void *user, pid_t pid)) {
  tree->exiting = exiting;
}

static void kill_late(uv_timer_t *timer) {
  kill_all(timer->data);
}

/* Has those threads stop whose stacks are wanted. */
static void interrupt(struct nomem__tree *tree) {
  if (nomem__sampling_interrupt(tree->hang))
    set_timer(tree, kill_late, INTERRUPT_MS);
  else
    kill_all(tree);
}

static int begin_hang(struct nomem__tree *tree, pid_t main_thread) {
  pid_t *tids = calloc(tree->tracees.count + 1, sizeof *tids);
  if (tids == NULL) return -ENOMEM;
  for (size_t i = 0; i < tree->tracees.count; i++) tids[i] = tree->tracees.list[i].tid;
  int result = nomem__sampling_begin(tids, tree->tracees.count, main_thread, &tree->hang);
  free(tids);
  return result;
}

void nomem__tree_time_out(struct nomem__tree *tree, pid_t tid) {
  tree->end.timed_out = true;
  if (tree->is_dying && tree->end.fatal_deaths > 0) { /* it waits for one that died, whose stack is the one to show */
    kill_all(tree);
    return;
  }
  if (tree->traced && begin_hang(tree, nomem__tracees_find(&tree->tracees, tid) != NULL ? tid : tree->root) == 0)
    interrupt(tree);
  else
    kill_all(tree);
}

void nomem__tree_cancel(struct nomem__tree *tree) {
  tree->end.was_cancelled = true;
  kill_all(tree);
}
