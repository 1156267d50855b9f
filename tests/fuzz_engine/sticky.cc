/* SPDX-License-Identifier: MIT */
// A C++ target that reports its library's results to nomem. With -DBUG the library remembers a failure for good;
// without it, a failure empties the library's cache, which is then filled again.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

#include "../../faults/nomem.h"

namespace {

class Library {
 public:
  __attribute__((noinline)) size_t Add(const char *data, size_t size) {
#ifdef BUG
    if (failed_) throw std::runtime_error("failed before");
#endif
    char *copy = static_cast<char *>(malloc(size + 1));
    if (copy == nullptr) {
      failed_ = true;
      cache_.clear();
      throw std::runtime_error("no memory");
    }
    memcpy(copy, data, size);
    copy[size] = '\0';
    if (cache_ != copy) cache_ = copy;
    free(copy);
    return cache_.size();
  }

 private:
  std::string cache_;
  bool failed_ = false;
};

Library library;

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  try {
    nomem_fuzz_result(static_cast<long>(library.Add(reinterpret_cast<const char *>(data), size)));
  } catch (const std::runtime_error &) {
    nomem_fuzz_result(-1);
  }
  return 0;
}
