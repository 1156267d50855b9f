#define _GNU_SOURCE
#include "ending.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/single_threaded.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ledger.h"
#include "sanitizer.h"
#include "site.h"
#include "wall.h"

/* Descriptors are dense: after so many numbers in a row that are not open, no more are looked for. */
#define GAP_MAX 32
#define DESCRIPTORS_MAX 65536
/* A millisecond each; only where the number of threads decides, and more than one is left. */
#define PAUSES_MAX 100

static uint32_t count_descriptors(void) {
  uint32_t count = 0;
  for (int fd = STDERR_FILENO + 1, gap = 0; gap < GAP_MAX && fd < DESCRIPTORS_MAX; fd++) {
    bool is_open = fcntl(fd, F_GETFD) >= 0;
    gap = is_open ? 0 : gap + 1;
    count += is_open;
  }
  return count;
}

/* The list of a new process's threads takes the kernel longer than all else here; of most processes the C library knows
 * that it is not needed. */
static uint32_t count_threads(void) {
  struct stat tasks;
  if (__libc_single_threaded || stat("/proc/self/task", &tasks) != 0 || tasks.st_nlink <= 2) return 1;
  return (uint32_t)tasks.st_nlink - 2;
}

/* A thread that was joined is on the list until the kernel, and whoever traces it, have done with it. */
static uint32_t count_threads_that_stay(void) {
  const struct timespec pause = {.tv_nsec = 1000000};
  uint32_t count = count_threads();
  for (unsigned i = 0; i < PAUSES_MAX && count > 1; i++) {
    syscall(SYS_nanosleep, &pause, NULL);
    count = count_threads();
  }
  return count;
}

/* This process's entry, a new one if need be; NULL: there is no room. */
static struct nomem_ending *find_entry(struct nomem_channel *channel) {
  int32_t pid = (int32_t)syscall(SYS_getpid), none = 0;
  struct nomem_ending *first = &channel->watched.first;
  if (atomic_compare_exchange_strong(&first->pid, &none, pid) || none == pid) return first;
  uint32_t count = atomic_load(&channel->other_count);
  for (uint32_t i = 0; i < count && i < NOMEM_OTHERS; i++)
    if (atomic_load(&channel->others[i].pid) == pid) return &channel->others[i];
  uint32_t index = count < NOMEM_OTHERS ? atomic_fetch_add(&channel->other_count, 1) : count;
  if (index >= NOMEM_OTHERS) return NULL;
  atomic_store(&channel->others[index].pid, pid);
  return &channel->others[index];
}

void nomem__ending_enter(struct nomem_channel *channel) {
  struct nomem_ending *ending = find_entry(channel);
  if (ending == NULL) return;
  size_t bytes;
  atomic_store(&ending->has_ended, 0);
  ending->stacks = nomem__site_memory(&bytes);
  ending->stacks_bytes = bytes;
  ending->ledger = nomem__ledger_address();
}

void nomem__note_end(void) {
  struct nomem_channel *channel = nomem__channel();
  if ((atomic_load(&nomem__mode) & NOMEM_MODE_BLOCKS) == 0 || channel == NULL || nomem__has_sanitizer) return;
  bool is_fork = channel->fork.engine != NOMEM_ENGINE_EXEC;
  struct nomem_ending *ending = is_fork ? &channel->watched.first : find_entry(channel);
  if (ending == NULL) return;
  int saved_errno = errno;
  siginfo_t child;
  ending->descriptors = count_descriptors();
  ending->threads = channel->watch == NOMEM_WATCH_LEDGER ? count_threads_that_stay() : count_threads();
  ending->children = waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0;
  atomic_store(&ending->has_ended, 1);
  errno = saved_errno;
}
