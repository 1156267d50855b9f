/* SPDX-License-Identifier: MIT */
// Run with the plan "in=*tested*": operator new throws bad_alloc, or returns NULL when it is asked not to throw, and
// containers stay as they were.
#include <new>
#include <string>
#include <vector>

#include "check.h"

template <class Function>
static bool throws(Function function) {
  try {
    function();
  } catch (const std::bad_alloc &) {
    return true;
  }
  return false;
}

static int *volatile kept;

__attribute__((noinline)) static void tested(std::vector<int> &numbers, std::string &text) {
  CHECK(throws([] { kept = new int; }));
  CHECK(throws([] { kept = new int[1000]; }));
  CHECK(throws([] { operator delete(operator new(64, std::align_val_t(64)), std::align_val_t(64)); }));
  CHECK(new (std::nothrow) int == nullptr);
  CHECK(throws([&] { numbers.resize(10000); }));
  CHECK(numbers.size() == 3 && numbers[2] == 3);
  CHECK(throws([&] { text.append(10000, 'x'); }));
  CHECK(text == "abc");
}

int main() {
  std::vector<int> numbers = {1, 2, 3};
  std::string text = "abc";
  tested(numbers, text);
  numbers.resize(10000);
  text.append(10000, 'x');
  CHECK(numbers.size() == 10000 && text.size() == 10003);
  return 0;
}
