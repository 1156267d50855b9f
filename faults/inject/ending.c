#define _GNU_SOURCE
#include "ending.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wall.h"

/* Descriptors are dense: after so many numbers in a row that are not open, no more are looked for. */
#define GAP_MAX 32
#define DESCRIPTORS_MAX 65536

static uint32_t count_descriptors(void) {
  uint32_t count = 0;
  for (int fd = 0, gap = 0; gap < GAP_MAX && fd < DESCRIPTORS_MAX; fd++) {
    bool is_open = fcntl(fd, F_GETFD) >= 0;
    gap = is_open ? 0 : gap + 1;
    count += is_open;
  }
  return count;
}

void nomem__note_end(void) {
  struct nomem_channel *channel = nomem__channel();
  if ((atomic_load(&nomem__mode) & NOMEM_MODE_BLOCKS) == 0 || channel == NULL) return;
  bool is_fork = channel->fork.engine != NOMEM_ENGINE_EXEC;
  if (!is_fork && atomic_load(&channel->watched.pid) != (int32_t)syscall(SYS_getpid)) return;
  int saved_errno = errno;
  struct stat tasks;
  siginfo_t child;
  channel->watched.descriptors = count_descriptors();
  bool is_listed = stat("/proc/self/task", &tasks) == 0 && tasks.st_nlink > 2;
  channel->watched.threads = is_listed ? (uint32_t)tasks.st_nlink - 2 : 1;
  channel->watched.children = waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0;
  atomic_store(&channel->watched.has_ended, 1);
  errno = saved_errno;
}
