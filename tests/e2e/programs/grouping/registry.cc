// SPDX-License-Identifier: MIT
// A function that an exception leaves with a mutex locked. With MENDED a guard unlocks it.
#include <cstdio>
#include <mutex>
#include <new>
#include <vector>

static std::mutex lock;
static std::vector<long> items;

static void add(long item) {
#ifdef MENDED
  std::lock_guard<std::mutex> guard(lock);
  items.push_back(item);
#else
  lock.lock();
  items.push_back(item);
  lock.unlock();
#endif
}

int main() {
  try {
    for (long i = 0; i < 3; i++) add(i);
  } catch (const std::bad_alloc &) {
    std::fputs("no memory\n", stderr);
    return 1;
  }
  return 0;
}
