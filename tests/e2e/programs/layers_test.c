/* SPDX-License-Identifier: MIT */
/* A test that does not look at what an inline function of the library's header returns: its own mistake. With LAYER, it
 * has an inline function make and use the object: that one's. (Two programs: a compiler makes one of what is alike.) */
#include "layers.h"

int main(void) {
  struct proxy *display = layers_connect();
  if (display == 0) return 1;
#ifdef LAYER
  int status = layers_sync_and_listen(display, 7);
#else
  struct proxy *proxy = layers_sync(display);
  int status = layers_sync_listen(proxy, 7);
  layers_free(proxy);
#endif
  layers_free(display);
  return status != 0;
}
