/* SPDX-License-Identifier: MIT */
// A program that leaves out the lines that it has no memory for, and prints one before it has any. With MENDED it says
// so. With TIMED it asks for the time before, which the C library tells without memory, too. What allocates are
// templates of the C++ library's, which have no part in it.
#include <cstdio>
#include <ctime>
#include <new>
#include <string>
#include <vector>

static std::vector<std::string> lines;

__attribute__((noinline)) static void add(const char *line) {
  try {
    lines.push_back(std::string(line) + ", which is long enough to need a block of memory");
  } catch (const std::bad_alloc &) {
#ifdef MENDED
    std::fprintf(stderr, "no memory for '%s'\n", line);
#endif
  }
}

int main() {
#ifdef TIMED
  const std::time_t epoch = 0;
  std::printf("a list of %d\n", 1900 + std::localtime(&epoch)->tm_year);
#else
  std::printf("a list\n");
#endif
  add("one");
  add("two");
  for (const std::string &line : lines) std::printf("%s\n", line.c_str());
  return 0;
}
