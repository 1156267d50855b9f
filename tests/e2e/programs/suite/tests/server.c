/* SPDX-License-Identifier: MIT */
/* A server on a socket at PATH, as a runner of tests starts one. It answers each client, one at a time, and goes on
 * whatever they do; with a second word, only so many of them, and then it leaves its socket behind. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int listening = socket(AF_UNIX, SOCK_STREAM, 0);
  long clients = argc > 2 ? atol(argv[2]) : -1;
  signal(SIGPIPE, SIG_IGN);
  strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
  if (bind(listening, (struct sockaddr *)&address, sizeof address) != 0 || listen(listening, 16) != 0) return 1;
  while (clients-- != 0) {
    char line[64];
    int client = accept(listening, NULL, NULL);
    if (client < 0) return 1;
    if (read(client, line, sizeof line) > 0 && write(client, "ok\n", 3) != 3) return 1;
    close(client);
  }
  kill(getpid(), SIGKILL); /* it is no test that passes */
  return 0;
}
