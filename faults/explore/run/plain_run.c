/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "plain_run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../text/memory.h"

#define PIECE_BYTES 16384
#define SIGNAL_STATUS 128 /* of a shell, for a program that a signal ended */

/* Whether both streams end up in one place, so that what is written there has an order. */
static bool are_joined(void) {
  struct stat out, error;
  return fstat(STDOUT_FILENO, &out) == 0 && fstat(STDERR_FILENO, &error) == 0 && out.st_dev == error.st_dev &&
         out.st_ino == error.st_ino;
}

/* A file that has no name. Everybody who has it open writes at its end. */
static FILE *open_kept(void) {
  FILE *file = nomem__checked(tmpfile());
  if (file != NULL) fcntl(fileno(file), F_SETFL, fcntl(fileno(file), F_GETFL) | O_APPEND);
  return file;
}

static int keep(struct nomem__plain_run *run) {
  for (unsigned i = 0; i < (are_joined() ? 1 : NOMEM_KEPT_STREAMS); i++) {
    run->kept[i] = open_kept();
    if (run->kept[i] == NULL) return -errno;
  }
  return 0;
}

static int set_stream(int file, int stream) {
  return file < 0 || dup2(file, stream) == stream ? 0 : -errno;
}

/* In the child: becomes the program. Returns a negative error code if it cannot. */
static int become_program(const struct nomem__plain_run *run, char **program, int input, pid_t parent) {
  int out = run->kept[0] != NULL ? fileno(run->kept[0]) : -1;
  int error = run->kept[1] != NULL ? fileno(run->kept[1]) : out;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) return -ESRCH;
  int result = set_stream(input, STDIN_FILENO);
  if (result == 0) result = set_stream(out, STDOUT_FILENO);
  if (result == 0) result = set_stream(error, STDERR_FILENO);
  if (result == 0) execvp(program[0], program);
  return result == 0 ? -errno : result;
}

/* Forks the program. Returns its number once it was executed, or a negative error code. */
static pid_t start(const struct nomem__plain_run *run, char **program, int input) {
  int report[2], result = 0;
  if (pipe2(report, O_CLOEXEC) != 0) return -errno;
  pid_t parent = getpid(), pid = fork();
  if (pid == 0) {
    result = become_program(run, program, input, parent);
    ssize_t written = write(report[1], &result, sizeof result);
    (void)written;
    _exit(127);
  }
  int error = errno;
  close(report[1]);
  if (pid > 0 && read(report[0], &result, sizeof result) == sizeof result) waitpid(pid, NULL, 0);
  close(report[0]);
  return pid < 0 ? -error : result != 0 ? result : pid;
}

/* What a terminal sends to both is the program's to deal with. */
static int wait_for(pid_t pid, int *status) {
  struct sigaction ignore = {.sa_handler = SIG_IGN}, interrupt, quit;
  sigaction(SIGINT, &ignore, &interrupt);
  sigaction(SIGQUIT, &ignore, &quit);
  pid_t ended;
  do ended = waitpid(pid, status, 0);
  while (ended < 0 && errno == EINTR);
  int result = ended == pid ? 0 : -errno;
  sigaction(SIGINT, &interrupt, NULL);
  sigaction(SIGQUIT, &quit, NULL);
  return result;
}

int nomem__plain_run_make(struct nomem__plain_run *run, char **program, const char *stdin_path, bool keeps) {
  int input = -1, result = 0;
  *run = (struct nomem__plain_run){0};
  if (stdin_path != NULL) {
    input = open(stdin_path, O_RDONLY | O_CLOEXEC);
    if (input < 0) return -errno;
  }
  if (keeps) result = keep(run);
  pid_t pid = result == 0 ? start(run, program, input) : result;
  if (input >= 0) close(input);
  result = pid < 0 ? (int)pid : wait_for(pid, &run->status);
  if (result != 0) nomem__plain_run_free(run);
  return result;
}

/* A pipe of somebody else's may be one that does not wait. */
static bool write_all(int stream, const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(stream, bytes, count);
    if (written < 0 && errno == EAGAIN) {
      struct pollfd room = {.fd = stream, .events = POLLOUT};
      poll(&room, 1, -1);
    } else if (written < 0 && errno != EINTR) {
      return false;
    } else if (written > 0) {
      bytes += written;
      count -= (size_t)written;
    }
  }
  return true;
}

void nomem__plain_run_pass_on(struct nomem__plain_run *run) {
  char piece[PIECE_BYTES];
  for (int i = 0; i < NOMEM_KEPT_STREAMS; i++) {
    off_t at = 0;
    ssize_t length;
    while (run->kept[i] != NULL && (length = pread(fileno(run->kept[i]), piece, sizeof piece, at)) > 0 &&
           write_all(i == 0 ? STDOUT_FILENO : STDERR_FILENO, piece, (size_t)length))
      at += length;
  }
  nomem__plain_run_free(run);
}

void nomem__plain_run_free(struct nomem__plain_run *run) {
  for (unsigned i = 0; i < NOMEM_KEPT_STREAMS; i++) {
    if (run->kept[i] != NULL) fclose(run->kept[i]);
    run->kept[i] = NULL;
  }
}

int nomem__plain_run_end_alike(const struct nomem__plain_run *run) {
  if (!WIFSIGNALED(run->status)) return WEXITSTATUS(run->status);
  int number = WTERMSIG(run->status);
  struct rlimit none = {0};
  sigset_t set;
  fflush(NULL);
  setrlimit(RLIMIT_CORE, &none); /* the program has left its own, if it was to leave one */
  signal(number, SIG_DFL);
  sigemptyset(&set);
  sigaddset(&set, number);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  raise(number);
  return SIGNAL_STATUS + number;
}
