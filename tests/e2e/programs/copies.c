/* SPDX-License-Identifier: MIT */
/* What a forked copy of a process does not have, or has in common with its parent: 'copies WHAT' sets it up, in main()
 * or (before-...) before it, allocates, and ends with 5 when it finds that it is such a copy. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const char *what = "";
static volatile char *memory;
static volatile sig_atomic_t came;
static timer_t timer;
static pid_t self;

static int is(const char *name) {
  return strcmp(what, name) == 0;
}

static void count(int signal) {
  (void)signal;
  came++;
}

static void take_memory(int advice) {
  memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || madvise((void *)memory, 4096, advice) != 0) _exit(3);
  memory[0] = 1;
}

/* Not writable at first: only later does it show what it is for. */
static void share_memory(void) {
  memory = mmap(NULL, 4096, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || mprotect((void *)memory, 4096, PROT_READ | PROT_WRITE) != 0) _exit(3);
}

static void leave_pending(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  raise(SIGUSR1);
}

static int lock(void) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  return fcntl(STDOUT_FILENO, F_SETLK, &whole);
}

static void set_up(void) {
  self = getpid();
  if (is("unforked")) take_memory(MADV_DONTFORK);
  if (is("wiped")) take_memory(MADV_WIPEONFORK);
  if (is("shared") || is("before-shared")) share_memory();
  if (is("pending") || is("before-pending")) leave_pending();
  if (is("lock") && lock() != 0) _exit(3);
  if (is("parent") && prctl(PR_SET_PDEATHSIG, SIGUSR2, 0, 0, 0) != 0) _exit(3);
  if (is("alarm") || is("before-alarm")) alarm(1000);
  if (is("before-timer")) {
    struct sigevent event = {.sigev_notify = SIGEV_NONE};
    struct itimerspec later = {.it_value = {.tv_sec = 1000}};
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 || timer_settime(timer, 0, &later, NULL) != 0) _exit(3);
  }
  if (is("mount")) umount("/no/such/mount");
}

static int is_copy(void) {
  sigset_t set;
  int signal = 0;
  struct itimerval left;
  struct itimerspec timer_left;
  if (is("unforked") || is("wiped")) return memory[0] != 1;
  if (is("shared") || is("before-shared")) return ++memory[0] != 1;
  if (is("pending") || is("before-pending")) return sigpending(&set) != 0 || !sigismember(&set, SIGUSR1);
  if (is("lock")) return lock() != 0;
  if (is("parent")) return prctl(PR_GET_PDEATHSIG, &signal, 0, 0, 0) != 0 || signal != SIGUSR2;
  if (is("alarm") || is("before-alarm")) return getitimer(ITIMER_REAL, &left) != 0 || left.it_value.tv_sec == 0;
  if (is("before-timer")) return timer_gettime(timer, &timer_left) != 0 || timer_left.it_value.tv_sec == 0;
  if (!is("signal")) return 0;
  kill(self, SIGUSR1);
  return came != 1;
}

__attribute__((constructor)) static void begin(int argc, char **argv) {
  if (argc > 1) what = argv[1];
  if (strncmp(what, "before-", 7) == 0) set_up();
}

int main(void) {
  signal(SIGUSR1, count);
  if (strncmp(what, "before-", 7) != 0) set_up();
  void *block = malloc(10);
  int has_failed = block == NULL;
  free(block);
  if (is_copy()) return 5;
  return has_failed ? 1 : 0;
}
