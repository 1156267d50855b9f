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

void nomem__note_end(void) {
  struct nomem_channel *channel = nomem__channel();
  if ((atomic_load(&nomem__mode) & NOMEM_MODE_BLOCKS) == 0 || channel == NULL) return;
  bool is_fork = channel->fork.engine != NOMEM_ENGINE_EXEC;
  if (!is_fork && atomic_load(&channel->watched.pid) != (int32_t)syscall(SYS_getpid)) return;
  int saved_errno = errno;
  siginfo_t child;
  channel->watched.descriptors = count_descriptors();
  channel->watched.threads = channel->watch == NOMEM_WATCH_LEDGER ? count_threads_that_stay() : count_threads();
  channel->watched.children = waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0;
  atomic_store(&channel->watched.has_ended, 1);
  errno = saved_errno;
}
