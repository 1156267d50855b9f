/* SPDX-License-Identifier: MIT */
/* A library whose header has a thin layer of inline functions, as a generator of code makes them. */
#ifndef LAYERS_H
#define LAYERS_H

struct proxy;

struct proxy *layers_connect(void);
struct proxy *layers_make(struct proxy *display, int kind);
int layers_listen(struct proxy *proxy, int what);
void layers_free(struct proxy *proxy);

static inline __attribute__((always_inline)) struct proxy *layers_sync(struct proxy *display) {
  return layers_make(display, 1);
}

static inline __attribute__((always_inline)) int layers_sync_listen(struct proxy *proxy, int what) {
  return layers_listen(proxy, what);
}

/* planted: it does not look at what it got */
static inline __attribute__((always_inline)) int layers_sync_and_listen(struct proxy *display, int what) {
  struct proxy *proxy = layers_make(display, 2); /* unchecked */
#ifdef MENDED
  if (proxy == 0) return -1;
#endif
  int result = layers_listen(proxy, what);
  layers_free(proxy);
  return result;
}

#endif
