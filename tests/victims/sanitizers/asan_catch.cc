/* SPDX-License-Identifier: MIT */
/* AddressSanitizer: heap-use-after-free. The handler of bad_alloc frees the object, and then writes to it. */
#include <new>

struct object {
  int state;
  char *name;
};

static __attribute__((noinline)) bool planted(object *object) {
  try {
    object->name = new char[16]; /* fault */
  } catch (const std::bad_alloc &) {
#ifdef MENDED
    object->state = 1;
    delete object;
#else
    delete object;
    object->state = 1; /* blow-up */
#endif
    return false;
  }
  return true;
}

int main() {
  object *made = new (std::nothrow) object();
  if (made == nullptr || !planted(made)) return 1;
  delete[] made->name;
  delete made;
  return 0;
}
