/* SPDX-License-Identifier: MIT */
/* says: not set yet */
/* A constructor that has no memory gives up by a function that expects a member which is not set yet, whichever of its
 * calls has failed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

struct base {
  int users;
};

struct connection {
  char *address, *path;
  int *buffer;
  struct base *base;
};

NOINLINE static void base_cancel(struct base *base) {
  base->users--;
}

NOINLINE static void connection_free(struct connection *connection) {
  free(connection->address);
  free(connection->path);
  free(connection->buffer);
#ifdef MENDED
  if (connection->base != NULL)
#endif
    base_cancel(connection->base);
  free(connection);
}

NOINLINE static int set_path(struct connection *connection, const char *path) {
  connection->path = strdup(path);
  return connection->path != NULL ? 0 : -1;
}

NOINLINE static struct connection *connection_new(struct base *base, const char *address) {
  struct connection *connection = calloc(1, sizeof *connection);
  if (connection == NULL) return NULL;
  if ((connection->address = strdup(address)) == NULL) goto failed;
  if (set_path(connection, "/") != 0) goto failed;
  int *buffer = malloc(64 * sizeof(int));
  if (buffer == NULL) goto failed;
  *buffer = 0;
  connection->buffer = buffer;
  connection->base = base;
  base->users++;
  return connection;
failed:
  connection_free(connection); /* unchecked */
  return NULL;
}

int main(void) {
  struct base base = {0};
  struct connection *connection = connection_new(&base, "127.0.0.1");
  if (connection == NULL) return 1;
  printf("%d\n", base.users);
  connection_free(connection);
  return 0;
}
