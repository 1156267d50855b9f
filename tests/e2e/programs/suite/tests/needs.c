/* SPDX-License-Identifier: MIT */
/* A test that needs something of its runner's: a server (socket PATH), a file (file PATH) or a descriptor (descriptor
 * NUMBER). Without it, it fails. MENDED: shelf.c has no bug in it.
 *
 * With a third word it waits so many milliseconds. Where a file named "gone" is, it waits for ever for a server that
 * has left nothing but its socket. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "../shelf.h"
#include "check.h"

static int ask_server(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  char answer[8];
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  if (fd < 0) return 0;
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
    while (errno == ECONNREFUSED && access("gone", F_OK) == 0) pause();
    return 0;
  }
  return write(fd, "hello\n", 6) == 6 && read(fd, answer, sizeof answer) == 3 && memcmp(answer, "ok\n", 3) == 0;
}

static int is_there(const char *kind, const char *what) {
  if (strcmp(kind, "socket") == 0) return ask_server(what);
  if (strcmp(kind, "descriptor") == 0) return write(atoi(what), "hello\n", 6) == 6;
  return access(what, R_OK) == 0;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  if (!is_there(argv[1], argv[2])) return 3;
  if (argc > 3) {
    long ms = atol(argv[3]);
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
  }
  struct shelf *shelf = shelf_new();
  require(shelf != NULL, "shelf_new");
  require(shelf_add(shelf, 1) == 0, "shelf_add");
  require(shelf_clear(shelf) == 0, "shelf_clear");
  shelf_free(shelf);
  return 0;
}
