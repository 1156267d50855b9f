/* SPDX-License-Identifier: MIT */
/* Verdict leftover in a forked child: it leaves a file open when there is no memory for its contents. */
/* says: is open: '/etc/passwd', in another process of the run: 'program' */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static __attribute__((noinline)) void planted(void) {
  int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
  char *volatile contents = malloc(100); /* fault */
#ifndef MENDED
  if (contents == NULL) return;
#endif
  if (contents != NULL && read(fd, contents, 100) < 0) contents[0] = '\0';
  free(contents);
  close(fd);
}

int main(void) {
  int status = 1;
  pid_t pid = fork();
  if (pid == 0) {
    planted();
    exit(0);
  }
  waitpid(pid, &status, 0);
  return status != 0;
}
