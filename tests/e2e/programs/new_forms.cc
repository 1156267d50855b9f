/* SPDX-License-Identifier: MIT */
// Run with the plan "fn=new" under a sanitizer: every form of operator new fails as it should, and what the program
// does about it is asked first. With OWN, the program has an operator new of its own, which comes to malloc.
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>

#ifdef OWN
void *operator new(std::size_t size) {
  void *block = std::malloc(size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void operator delete(void *block) noexcept {
  std::free(block);
}
void operator delete(void *block, std::size_t) noexcept {
  std::free(block);
}
#endif

struct alignas(64) wide {
  char bytes[64];
};

static int mistakes;
static volatile std::size_t count = 100;

template <class Form>
static void expect(const char *name, const char *wanted, Form form) {
  const char *got = "thrown";
  try {
    got = form() ? "served" : "null";
  } catch (const std::bad_alloc &) {
  }
  if (std::string_view(got) == wanted) return;
  std::fprintf(stderr, "%s: %s\n", name, got);
  mistakes++;
}

/* Whether something was given; it is given back. */
template <class Type>
static bool one(Type *block) {
  delete block;
  return block != nullptr;
}

template <class Type>
static bool many(Type *blocks) {
  delete[] blocks;
  return blocks != nullptr;
}

static int handled;
static void handler() {
  if (++handled == 3) std::set_new_handler(nullptr);
}

int main(int argc, char **) {
  bool fails = argc == 1;
  const char *thrown = fails ? "thrown" : "served", *null = fails ? "null" : "served";
  expect("one", thrown, [] { return one(new int); });
  expect("many", thrown, [] { return many(new int[count]); });
  expect("one, aligned", thrown, [] { return one(new wide); });
  expect("many, aligned", thrown, [] { return many(new wide[count]); });
  expect("one, nothrow", null, [] { return one(new (std::nothrow) int); });
  expect("many, nothrow", null, [] { return many(new (std::nothrow) int[count]); });
  expect("one, aligned, nothrow", null, [] { return one(new (std::nothrow) wide); });
  expect("many, aligned, nothrow", null, [] { return many(new (std::nothrow) wide[count]); });
  expect("in the C++ library", thrown, [] { return !std::string(count, 'x').append(1000, 'y').empty(); });
  std::set_new_handler(handler);
  expect("with a handler", thrown, [] { return one(new int); });
  if (handled != (fails ? 3 : 0)) std::fprintf(stderr, "the handler was called %d times\n", handled);
  return mistakes != 0 || handled != (fails ? 3 : 0);
}
