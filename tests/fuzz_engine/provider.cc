/* SPDX-License-Identifier: MIT */
// A C++ target with FuzzedDataProvider; with -DBUG_UNCHECKED_MALLOC a planted bug behind it. It knows nothing of nomem.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <fuzzer/FuzzedDataProvider.h>

class Buffer {
 public:
  explicit Buffer(size_t size) : bytes_(static_cast<char *>(malloc(size + 1))), size_(size) {
  }
  ~Buffer() {
    free(bytes_);
  }
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;
  __attribute__((noinline)) bool Fill(const std::string &text) {
#ifndef BUG_UNCHECKED_MALLOC
    if (bytes_ == nullptr) return false;
#endif
    memcpy(bytes_, text.data(), size_);
    bytes_[size_] = '\0';
    return true;
  }

 private:
  char *bytes_;
  size_t size_;
};

__attribute__((noinline)) static bool Store(const std::string &text) {
  auto buffer = std::make_unique<Buffer>(text.size());
  return buffer->Fill(text);
}

extern "C" int LLVMFuzzerInitialize(int *, char ***) {
  void *table = malloc(64); // must not fail: no input is running yet
  memset(table, 0, 64);
  free(table);
  return 0;
}

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned) {
  std::vector<char> own(16);
  char *also = static_cast<char *>(malloc(16));
  memset(also, 0, 16);
  free(also);
  return LLVMFuzzerMutate(data, size, max_size);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  FuzzedDataProvider provider(data, size);
  unsigned count = provider.ConsumeIntegralInRange<unsigned>(0, 8);
  for (unsigned i = 0; i < count && provider.remaining_bytes() > 0; i++) {
    std::string text = provider.ConsumeRandomLengthString(64);
    try {
      if (!Store(text)) throw std::string(200, 'x');
    } catch (const std::string &) {
      return 0;
    }
  }
  return 0;
}
