/* SPDX-License-Identifier: MIT */
/*   hostile BEHAVIOUR careful|careless [ARGUMENT]
 *   hostile                                          lists the behaviours
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hostile.h"

static const struct {
  const char *name;
  int (*run)(void);
} behaviours[] = {
#define X(name) {#name, name},
    BEHAVIOUR_MAP(X)
#undef X
};

bool is_careless;
const char *behaviour_name, *argument;
char **arguments;

/* One of two functions is blamed for everything in here. */
static __attribute__((noinline)) void careless(void) {
  volatile char *block = malloc(24);
  block[0] = 1;
  free((void *)block);
}

static __attribute__((noinline)) bool careful(void) {
  volatile char *block = malloc(24);
  if (block == NULL) return false;
  block[0] = 1;
  free((void *)block);
  return true;
}

bool allocates(void) {
  if (!is_careless) return careful();
  careless();
  return true;
}

int end_of_scene(void) {
  return allocates() ? 0 : 1;
}

void execute(const char *path, const char *more) {
  char *list[] = {arguments[0], (char *)behaviour_name, is_careless ? "careless" : "careful", (char *)more, NULL};
  execv(path, list);
}

void sleep_ms(long milliseconds) {
  struct timespec left = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) continue;
}

_Noreturn void sleep_long(void) {
  sleep_ms(120000);
  _exit(0);
}

pid_t child(int (*function)(void)) {
  pid_t pid = fork();
  if (pid == 0) _exit(function());
  return pid;
}

/* Without an allocation: each behaviour makes but the one. */
pid_t grandparent(void) {
  char text[512], path[64];
  snprintf(path, sizeof path, "/proc/%d/status", (int)getppid());
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
  if (fd >= 0) close(fd);
  text[length > 0 ? length : 0] = '\0';
  const char *line = strstr(text, "\nPPid:");
  return line != NULL ? (pid_t)atoi(line + strlen("\nPPid:")) : getppid();
}

int await(pid_t pid) {
  int status;
  pid_t got;
  while ((got = waitpid(pid, &status, 0)) < 0 && errno == EINTR) continue;
  return got == pid ? status : -1;
}

const char *file_of_own(const char *folder) {
  static char path[256];
  const char *name = getenv("HOSTILE_NAME");
  snprintf(path, sizeof path, "%s/%s", folder, name != NULL ? name : "nomem-hostile-nameless");
  return path;
}

int main(int argc, char **argv) {
  for (size_t i = 0; argc < 3 && i < sizeof behaviours / sizeof *behaviours; i++) puts(behaviours[i].name);
  if (argc < 3) return argc == 1 ? 0 : 2;
  arguments = argv;
  behaviour_name = argv[1];
  is_careless = strcmp(argv[2], "careless") == 0;
  argument = argv[3];
  for (size_t i = 0; i < sizeof behaviours / sizeof *behaviours; i++)
    if (strcmp(behaviour_name, behaviours[i].name) == 0) return behaviours[i].run();
  fprintf(stderr, "hostile: no behaviour '%s'\n", behaviour_name);
  return 2;
}
