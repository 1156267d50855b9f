/* SPDX-License-Identifier: MIT */
#include "wait_reason.h"

#include <inttypes.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>

#include "../../program_kinds.h"

/* Which 32-bit word of a mutex has its owner; word 0 is the futex (sysdeps/nptl/bits/struct_mutex.h of glibc). */
#define MUTEX_OWNER 2

enum kind {
  OTHER,
  BUSY,
  LOCK,       /* a mutex, whose words tell who holds it */
  INNER_LOCK, /* one of the C library's own locks */
  JOIN,       /* the futex word is the number of the thread that is waited for */
};

/* Functions of the C library that wait. The innermost one on the stack that is in the table counts. */
static const struct wait {
  const char *function;
  enum kind kind;
  const char *text;
} waits[] = {
    {"__lll_lock_wait_private", INNER_LOCK, "waits for a lock inside the C library"},
    {"*pthread_mutex_*lock*", LOCK, "waits for a lock"},
    {"*pthread_cond_*wait*", OTHER, "waits for a condition to be signalled"},
    {"*pthread_*join*", JOIN, "waits for another thread to end"},
    {"*pthread_barrier_wait*", OTHER, "waits at a barrier"},
    {"*pthread_rwlock_*lock*", OTHER, "waits for a read-write lock"},
    {"*pthread_once*", OTHER, "waits for an initialisation that has been begun (pthread_once)"},
    {"*sem_*wait*", OTHER, "waits for a semaphore"},
};

/* System calls that wait, and what for. */
static const struct {
  long call;
  bool has_descriptor;
  const char *text;
} system_calls[] = {
    {SYS_wait4, false, "waits for a child process to end"},
    {SYS_waitid, false, "waits for a child process to end"},
    {SYS_nanosleep, false, "sleeps"},
    {SYS_clock_nanosleep, false, "sleeps"},
    {SYS_restart_syscall, false, "sleeps"},
    {SYS_pause, false, "waits for a signal"},
    {SYS_rt_sigsuspend, false, "waits for a signal"},
    {SYS_rt_sigtimedwait, false, "waits for a signal"},
    {SYS_poll, false, "waits for events in poll"},
    {SYS_ppoll, false, "waits for events in ppoll"},
    {SYS_select, false, "waits for events in select"},
    {SYS_pselect6, false, "waits for events in pselect"},
    {SYS_epoll_wait, false, "waits for events in epoll_wait"},
    {SYS_epoll_pwait, false, "waits for events in epoll_pwait"},
    {SYS_futex, false, "waits in futex"},
    {SYS_semop, false, "waits in semop"},
    {SYS_semtimedop, false, "waits in semtimedop"},
    {SYS_msgrcv, false, "waits in msgrcv"},
    {SYS_msgsnd, false, "waits in msgsnd"},
    {SYS_open, false, "waits in open"},
    {SYS_openat, false, "waits in openat"},
    {SYS_read, true, "waits in read"},
    {SYS_readv, true, "waits in readv"},
    {SYS_write, true, "waits in write"},
    {SYS_writev, true, "waits in writev"},
    {SYS_accept, true, "waits in accept"},
    {SYS_accept4, true, "waits in accept4"},
    {SYS_connect, true, "waits in connect"},
    {SYS_recvfrom, true, "waits in recvfrom"},
    {SYS_recvmsg, true, "waits in recvmsg"},
    {SYS_sendto, true, "waits in sendto"},
    {SYS_sendmsg, true, "waits in sendmsg"},
    {SYS_flock, true, "waits in flock"},
    {SYS_fcntl, true, "waits in fcntl"},
    {SYS_fsync, true, "waits in fsync"},
};

__attribute__((format(printf, 2, 3))) static void say(struct nomem__waiter *waiter, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(waiter->what, sizeof waiter->what, format, arguments);
  va_end(arguments);
}

static bool is_over(const struct nomem__thread *thread) {
  return thread->state == 0 || thread->state == 'Z' || thread->state == 'X';
}

static const struct wait *look_up_wait(const char *function) {
  for (size_t i = 0; function != NULL && i < sizeof waits / sizeof *waits; i++)
    if (nomem__glob(waits[i].function, function)) return &waits[i];
  return NULL;
}

/* What the functions of the C library at the top of the stack wait for. NULL: not known. */
static const struct wait *find_wait(const struct nomem__trace *trace, struct nomem__symbols *symbols) {
  for (unsigned i = 0; i < trace->depth; i++) {
    const struct nomem__trace_frame *frame = &trace->frame[i];
    struct nomem__source_frame sources[NOMEM_INLINED_MAX];
    if (!nomem__is_runtime(nomem__base_name(frame->path))) return NULL;
    size_t count = nomem__symbols_resolve(symbols, frame->path, frame->offset, frame->is_return_address, sources,
                                          NOMEM_INLINED_MAX);
    for (size_t s = 0; s < count; s++)
      if (look_up_wait(sources[s].function) != NULL) return look_up_wait(sources[s].function);
  }
  return NULL;
}

/* The number of the thread that holds the mutex for which a thread waits. 0: nobody. */
static pid_t lock_owner_of(const struct nomem__thread *thread) {
  long operation = (long)thread->argument[1] & FUTEX_CMD_MASK;
  bool is_pi = operation == FUTEX_LOCK_PI || operation == FUTEX_LOCK_PI2;
  return (pid_t)(thread->word[is_pi ? 0 : MUTEX_OWNER] & FUTEX_TID_MASK);
}

/* The index of the thread that the C library knows by this number; count: there is none. */
static size_t find_thread(const struct nomem__end *end, pid_t number) {
  size_t i = 0;
  while (i < end->threads.count && end->threads.list[i].tid != number) i++;
  return i == end->threads.count && number == end->forked_from && number != 0 ? find_thread(end, end->root) : i;
}

static void say_lock(struct nomem__waiter *waiter, const struct nomem__end *end, size_t index) {
  const struct nomem__thread *thread = &end->threads.list[index];
  pid_t number = thread->has_words ? lock_owner_of(thread) : 0;
  size_t owner = number != 0 ? find_thread(end, number) : end->threads.count;
  if (number == 0)
    say(waiter, "waits for a lock");
  else if (owner == index)
    say(waiter, "waits for a lock that it holds itself");
  else if (owner < end->threads.count && !is_over(&end->threads.list[owner]))
    say(waiter, "waits for a lock that thread %zu holds", owner + 1);
  else if (end->threads.left_out > 0 && owner == end->threads.count)
    say(waiter, "waits for a lock that another thread holds");
  else
    say(waiter, "waits for a lock that a thread held to its end");
}

static void say_join(struct nomem__waiter *waiter, const struct nomem__end *end, size_t index, const char *text) {
  const struct nomem__thread *thread = &end->threads.list[index];
  size_t other = thread->has_words ? find_thread(end, (pid_t)thread->word[0]) : end->threads.count;
  if (other < end->threads.count && other != index)
    say(waiter, "waits for thread %zu to end", other + 1);
  else
    say(waiter, "%s", text);
}

static void say_call(struct nomem__waiter *waiter, const struct nomem__thread *thread) {
  for (size_t i = 0; i < sizeof system_calls / sizeof *system_calls; i++) {
    if (system_calls[i].call != thread->call) continue;
    if (system_calls[i].has_descriptor)
      say(waiter, "%s, of descriptor %" PRIu64, system_calls[i].text, thread->argument[0]);
    else
      say(waiter, "%s", system_calls[i].text);
    return;
  }
  if (thread->call >= 0)
    say(waiter, "waits in system call %ld", thread->call);
  else
    say(waiter, "waits");
}

static enum kind describe(struct nomem__waiter *waiter, const struct nomem__end *end, size_t index,
                          struct nomem__symbols *symbols) {
  const struct nomem__thread *thread = &end->threads.list[index];
  if (is_over(thread)) {
    say(waiter, "has ended");
    return OTHER;
  }
  if (thread->state == 'R' || (thread->age_ms > 0 && thread->cpu_ms >= thread->age_ms / 2)) {
    say(waiter, "busy: it used the processor for %.2f of %.2f s", (double)thread->cpu_ms / 1e3,
        (double)thread->age_ms / 1e3);
    return BUSY;
  }
  if (thread->state == 'T') {
    say(waiter, "stopped by a signal");
    return OTHER;
  }
  const struct wait *wait = thread->call == SYS_futex ? find_wait(&waiter->trace, symbols) : NULL;
  if (wait == NULL)
    say_call(waiter, thread);
  else if (wait->kind == LOCK)
    say_lock(waiter, end, index);
  else if (wait->kind == JOIN)
    say_join(waiter, end, index, wait->text);
  else
    say(waiter, "%s", wait->text);
  return wait != NULL ? wait->kind : OTHER;
}

size_t nomem__wait_reason_describe(const struct nomem__end *end, struct nomem__symbols *symbols,
                                   struct nomem__waiter *list) {
  const struct nomem__threads *threads = &end->threads;
  size_t shown_thread = threads->main_thread, first_lock = threads->count;
  enum kind main_kind = OTHER;
  for (size_t i = 0; i < threads->count; i++) {
    bool is_new = i > 0 && threads->list[i].pid != threads->list[i - 1].pid;
    list[i] = (struct nomem__waiter){.process = i == 0 ? 1 : list[i - 1].process + is_new, .number = (unsigned)i + 1};
    memcpy(list[i].name, threads->list[i].name, sizeof list[i].name);
    nomem__trace_of_stack(&threads->list[i].stack, &list[i].trace);
    enum kind kind = describe(&list[i], end, i, symbols);
    if (i == threads->main_thread) main_kind = kind;
    if ((kind == LOCK || kind == INNER_LOCK) && first_lock == threads->count) first_lock = i;
  }
  if (main_kind != BUSY && main_kind != LOCK && main_kind != INNER_LOCK && first_lock < threads->count)
    shown_thread = first_lock;
  return shown_thread;
}
