/* SPDX-License-Identifier: MIT */
/* A runner as Bazel is one: called "bazel", it has a server, "java" beside it, start the tests of ./run_tests, which
 * stays there for the next time, and does not start them again once they have passed, unless it is told to. */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void say(const char *fifo, char order) {
  int fd = open(fifo, O_WRONLY);
  if (fd < 0 || write(fd, &order, 1) != 1) exit(3);
  close(fd);
}

static char hear(const char *fifo) {
  char order = 0;
  int fd = open(fifo, O_RDONLY);
  if (fd < 0 || read(fd, &order, 1) != 1) exit(3);
  close(fd);
  return order;
}

static int serve(void) {
  for (;;) {
    char order = hear("orders"), answer = '0';
    if (order == 'e') unlink("server");
    if (order == 'f' || (order == 't' && access("passed", F_OK) != 0)) answer += system("sh ./run_tests") != 0;
    if (order != 'e' && answer == '0') close(open("passed", O_WRONLY | O_CREAT, 0666));
    say("answers", answer);
    if (order == 'e') return 0;
  }
}

static bool is_server_there(void) {
  FILE *file = fopen("server", "r");
  int pid = 0;
  bool is_read = file != NULL && fscanf(file, "%d", &pid) == 1;
  if (file != NULL) fclose(file);
  return is_read && kill(pid, 0) == 0;
}

static void start_server(void) {
  mkfifo("orders", 0600);
  mkfifo("answers", 0600);
  pid_t pid = fork();
  if (pid == 0) {
    setsid();
    freopen("/dev/null", "r+", stdout);
    freopen("/dev/null", "r+", stderr);
    execl("./java", "bazel(here)", (char *)NULL);
    _exit(127);
  }
  FILE *file = fopen("server", "w");
  if (file == NULL) exit(3);
  fprintf(file, "%d\n", (int)pid);
  fclose(file);
}

int main(int argc, char **argv) {
  if (strncmp(argv[0], "bazel(", 6) == 0) return serve();
  if (argc < 2) return 3;
  bool is_end = strcmp(argv[1], "shutdown") == 0, is_fresh = false;
  for (int i = 2; i < argc; i++) is_fresh |= strcmp(argv[i], "--nocache_test_results") == 0;
  if (!is_server_there() && is_end) return 0;
  if (!is_server_there()) start_server();
  say("orders", is_end ? 'e' : is_fresh ? 'f' : 't');
  return hear("answers") - '0';
}
