/* SPDX-License-Identifier: MIT */
// Verdict abort, C++ terminate: two functions let bad_alloc through, as they should, and nobody catches it: main() is
// to blame, once.
#include <new>
#include <vector>

static __attribute__((noinline)) int *first() {
  return new int(1);
}

static __attribute__((noinline)) void second(std::vector<int> &list) {
  list.push_back(1);
}

static volatile int result;

static __attribute__((noinline)) int work() {
  std::vector<int> list;
  int *number = first();
  int value = *number;
  delete number;
  second(list);
  return value - list[0];
}

int main() {
#ifdef MENDED
  try {
    result = work();
  } catch (const std::bad_alloc &) {
    result = 1;
  }
#else
  result = work(); /* blow-up */
#endif
  return result;
}
