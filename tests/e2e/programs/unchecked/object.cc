/* SPDX-License-Identifier: MIT */
// An object of C++ whose constructor leaves a member NULL, which a method follows.
#include <cstdlib>
#include <cstring>

#define NOINLINE __attribute__((noinline))

class Buffer {
 public:
  NOINLINE explicit Buffer(std::size_t room)
      : room_(room),
        bytes_(static_cast<char *>(std::malloc(room))) /* unchecked */
  {
  }
  NOINLINE ~Buffer() {
    std::free(bytes_);
  }
  NOINLINE bool is_good() const {
    return bytes_ != nullptr;
  }
  NOINLINE void put(const char *text) {
    std::memcpy(bytes_, text, std::strlen(text));
  }

 private:
  std::size_t room_;
  char *bytes_;
};

int main() {
  Buffer buffer(100);
#ifdef MENDED
  if (!buffer.is_good()) return 1;
#endif
  buffer.put("text");
  return 0;
}
