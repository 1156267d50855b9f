/* SPDX-License-Identifier: MIT */
// Verdict abort, C++ terminate: a function that promises not to throw allocates. Its caller cannot catch what comes.
#include <new>

#ifdef MENDED
#define PROMISE
#else
#define PROMISE noexcept
#endif

static __attribute__((noinline)) int *planted() PROMISE {
  return new int(1); /* blow-up */
}

int main() {
  try {
    delete planted();
  } catch (const std::bad_alloc &) {
    return 1;
  }
  return 0;
}
