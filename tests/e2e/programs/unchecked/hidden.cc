/* SPDX-License-Identifier: MIT */
/* A method of a class that only this file knows is inlined: it has no linkage name, and is no helper. */
/* heading: crash in .*add.* */
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {
class Words {
 public:
  __attribute__((always_inline)) bool add(const char *word) {
    char *copy = static_cast<char *>(std::malloc(std::strlen(word) + 1)); /* unchecked */
#ifdef MENDED
    if (copy == nullptr) return false;
#endif
    std::strcpy(copy, word);
    copies_[count_++] = copy;
    return true;
  }
  const char *last() const {
    return copies_[count_ - 1];
  }
  ~Words() {
    while (count_ > 0) std::free(copies_[--count_]);
  }

 private:
  char *copies_[4] = {};
  int count_ = 0;
};
} // namespace

int main() {
  Words words;
  if (!words.add("one") || !words.add("two")) {
    std::fprintf(stderr, "no memory\n");
    return 1;
  }
  std::puts(words.last());
  return 0;
}
