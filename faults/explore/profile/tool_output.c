/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "tool_output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../run/coverage_data.h"
#include "../text/memory.h"

#define EXIT_NOT_FOUND 127
#define SIGNAL_STATUS 128

const char *nomem__tool_name(const char *variable, const char *usual) {
  const char *name = getenv(variable);
  return name != NULL && *name != '\0' ? name : usual;
}

bool nomem__tool_is_there(const char *name) {
  if (strchr(name, '/') != NULL) return access(name, X_OK) == 0;
  const char *path = getenv("PATH");
  for (const char *part = path; part != NULL; part = strchr(part, ':'), part += part != NULL) {
    char *file = nomem__format("%.*s/%s", (int)strcspn(part, ":"), part, name);
    bool is_there = access(file, X_OK) == 0;
    free(file);
    if (is_there) return true;
  }
  return false;
}

/* It is no part of what is measured, should it measure itself. */
static _Noreturn void become_tool(char *const *words, const char *folder, int out) {
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
    _exit(EXIT_NOT_FOUND);
  nomem__coverage_unset_own();
  setenv("LC_ALL", "C", 1);
  if (chdir(folder) == 0) execvp(words[0], words);
  _exit(EXIT_NOT_FOUND);
}

static int read_all(int file, char **text, size_t *bytes) {
  struct stat status;
  if (fstat(file, &status) != 0) return -errno;
  *text = nomem__malloc((size_t)status.st_size + 1);
  ssize_t got;
  while (*bytes < (size_t)status.st_size &&
         (got = pread(file, *text + *bytes, (size_t)status.st_size - *bytes, (off_t)*bytes)) > 0)
    *bytes += (size_t)got;
  (*text)[*bytes] = '\0';
  return 0;
}

int nomem__tool_run(char *const *words, const char *folder, char **text, size_t *bytes) {
  int out = memfd_create("nomem-tool", MFD_CLOEXEC), status = 0;
  *text = NULL;
  *bytes = 0;
  if (out < 0) return -errno;
  pid_t pid = fork();
  if (pid == 0) become_tool(words, folder, out);
  int result = pid < 0 ? -errno : 0;
  while (pid > 0 && waitpid(pid, &status, 0) < 0 && result == 0)
    if (errno != EINTR) result = -errno;
  if (result == 0) result = read_all(out, text, bytes);
  close(out);
  if (result != 0) return result;
  return WIFSIGNALED(status) ? SIGNAL_STATUS + WTERMSIG(status) : WEXITSTATUS(status);
}
