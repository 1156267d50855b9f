/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "exit_report.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/single_threaded.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "block_table.h"
#include "call_site.h"
#include "main_frame.h"
#include "module_names.h"
#include "sanitizer.h"

#include "forbidden_calls.h"

/* Descriptors are dense: after so many numbers in a row that are not open, the search ends. */
#define GAP_MAX 32
#define DESCRIPTORS_MAX 65536
/* A millisecond each; only where the number of threads matters and more than one is left. */
#define PAUSES_MAX 100
/* The first half of a thread's status in /proc, which names the tracer. */
#define STATUS_BYTES 1024

static struct nomem_channel *attached;

void nomem__exit_report_prepare(struct nomem_channel *channel) {
  attached = channel;
}

static uint32_t count_descriptors(void) {
  uint32_t count = 0;
  for (int fd = STDERR_FILENO + 1, gap = 0; gap < GAP_MAX && fd < DESCRIPTORS_MAX; fd++) {
    bool is_open = fcntl(fd, F_GETFD) >= 0;
    gap = is_open ? 0 : gap + 1;
    count += is_open;
  }
  return count;
}

/* To list the threads of a new process takes the kernel longer than everything else here. In most processes the C
 * library knows that there is only one. */
static uint32_t count_threads(void) {
  struct stat tasks;
  if (__libc_single_threaded || stat("/proc/self/task", &tasks) != 0 || tasks.st_nlink <= 2) return 1;
  return (uint32_t)tasks.st_nlink - 2;
}

/* A joined thread stays on the list until the kernel and its tracer are done with it. */
static uint32_t count_lasting_threads(void) {
  const struct timespec pause = {.tv_nsec = 1000000};
  uint32_t count = count_threads();
  for (unsigned i = 0; i < PAUSES_MAX && count > 1; i++) {
    syscall(SYS_nanosleep, &pause, NULL);
    count = count_threads();
  }
  return count;
}

/* This process's entry, a new one if necessary, or NULL when there is no room. */
static struct nomem_exit_report *find_entry(struct nomem_channel *channel) {
  int32_t pid = (int32_t)syscall(SYS_getpid), none = 0;
  struct nomem_exit_report *first = &channel->screening.first;
  if (atomic_compare_exchange_strong(&first->pid, &none, pid) || none == pid) return first;
  uint32_t count = atomic_load(&channel->child_report_count);
  for (uint32_t i = 0; i < count && i < NOMEM_CHILD_REPORTS; i++)
    if (atomic_load(&channel->child_reports[i].pid) == pid) return &channel->child_reports[i];
  uint32_t index = count < NOMEM_CHILD_REPORTS ? atomic_fetch_add(&channel->child_report_count, 1) : count;
  if (index >= NOMEM_CHILD_REPORTS) return NULL;
  atomic_store(&channel->child_reports[index].pid, pid);
  return &channel->child_reports[index];
}

/* Without a block table: a sanitizer keeps its own record of blocks. */
static void enter_sanitized(struct nomem_channel *channel) {
  int32_t pid = (int32_t)syscall(SYS_getpid), none = 0;
  struct nomem_exit_report *first = &channel->screening.first;
  if (nomem__sanitizer_bytes == NULL) return;
  if (!atomic_compare_exchange_strong(&first->pid, &none, pid) && none != pid) return;
  atomic_store(&first->has_ended, 0);
  atomic_store(&channel->screening.has_leak_check, 1);
}

void nomem__exit_report_enter(struct nomem_channel *channel) {
  if (nomem__has_sanitizer) {
    enter_sanitized(channel);
    return;
  }
  struct nomem_exit_report *report = find_entry(channel);
  if (report == NULL) return;
  size_t bytes;
  atomic_store(&report->has_ended, 0);
  report->stacks = nomem__site_memory(&bytes);
  report->stacks_bytes = bytes;
  report->block_table = nomem__blocks_address();
  report->returned_to = report->main_frame = report->main_frame_bytes = 0;
}

void nomem__exit_report_main_returned(void *stack) {
  int saved_errno = errno;
  struct nomem_exit_report *report = attached == NULL || nomem__has_sanitizer ? NULL : find_entry(attached);
  if (report != NULL) {
    size_t bytes;
    report->main_frame = nomem__main_frame_memory(&bytes);
    report->main_frame_bytes = bytes;
    atomic_store(&report->returned_to, (uintptr_t)stack);
  }
  errno = saved_errno;
}

static bool is_first(const struct nomem_channel *channel) {
  bool is_fork = channel->fork.engine != NOMEM_ENGINE_EXEC;
  return channel->watch != NOMEM_WATCH_NONE &&
         (is_fork || atomic_load(&channel->screening.first.pid) == (int32_t)syscall(SYS_getpid));
}

/* In doubt the answer is no: a process that stops itself while nobody traces it is never woken. */
static bool is_traced(void) {
  static const char key[] = "\nTracerPid:\t";
  char status[STATUS_BYTES + 1];
  int fd = nomem__open("/proc/thread-self/status", O_RDONLY);
  if (fd < 0) return false;
  long length = syscall(SYS_read, fd, status, STATUS_BYTES);
  nomem__close(fd);
  status[length > 0 ? length : 0] = '\0';
  for (const char *line = status; (line = strchr(line, '\n')) != NULL; line++)
    if (strncmp(line, key, sizeof key - 1) == 0) return line[sizeof key - 1] != '0';
  return false;
}

/* The command recognises the signal by its value, and suppresses it. */
static void ask_for_detach(void) {
  siginfo_t stop = {.si_signo = SIGSTOP, .si_code = SI_QUEUE};
  int pid = (int)syscall(SYS_getpid);
  stop.si_pid = pid;
  stop.si_value.sival_int = NOMEM_DETACH_REQUEST;
  if (is_traced()) syscall(SYS_rt_tgsigqueueinfo, pid, syscall(SYS_gettid), SIGSTOP, &stop);
}

static void write_sanitizer_report(struct nomem_channel *channel) {
  if (nomem__sanitizer_bytes == NULL) return;
  if (is_first(channel)) {
    atomic_store(&channel->screening.live, nomem__sanitizer_bytes());
    atomic_store(&channel->screening.first.has_ended, 1);
  }
  if (channel->check_leaks) ask_for_detach();
}

static void write_residue(struct nomem_channel *channel) {
  bool is_fork = channel->fork.engine != NOMEM_ENGINE_EXEC;
  struct nomem_exit_report *report = is_fork ? &channel->screening.first : find_entry(channel);
  if (report == NULL) return;
  siginfo_t child;
  report->descriptors = count_descriptors();
  report->threads = channel->watch == NOMEM_WATCH_BLOCK_TABLE ? count_lasting_threads() : count_threads();
  report->children = waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0;
  atomic_store(&report->has_ended, 1);
}

void nomem__exit_report_write(void) {
  if (attached == NULL) return;
  int saved_errno = errno;
  atomic_store(&attached->screening.allocations, nomem__channel_calls(attached));
  if (nomem__has_sanitizer)
    write_sanitizer_report(attached);
  else if ((atomic_load(&nomem__mode) & NOMEM_MODE_BLOCKS) != 0)
    write_residue(attached);
  errno = saved_errno;
}
