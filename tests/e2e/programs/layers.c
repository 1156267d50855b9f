/* SPDX-License-Identifier: MIT */
#include "layers.h"

#include <stdlib.h>

struct proxy {
  int kind, listens;
};

struct proxy *layers_connect(void) {
  return calloc(1, sizeof(struct proxy));
}

struct proxy *layers_make(struct proxy *display, int kind) {
  struct proxy *proxy = malloc(sizeof *proxy);
  if (proxy == NULL) return NULL;
  *proxy = (struct proxy){display->kind + kind, 0};
  return proxy;
}

int layers_listen(struct proxy *proxy, int what) {
  proxy->listens = what;
  return 0;
}

void layers_free(struct proxy *proxy) {
  free(proxy);
}
