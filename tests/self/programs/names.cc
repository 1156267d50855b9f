// SPDX-License-Identifier: MIT
// Names that have to be demangled, and an exception that nobody catches.
#include <cstdlib>
#include <new>

namespace outer {
template <typename Item>
struct Holder {
  Item *item;
  void careless() {
    item = static_cast<Item *>(std::malloc(sizeof(Item)));
    *item = Item();
    std::free(item);
  }
};
} // namespace outer

int main() {
  outer::Holder<long> holder;
  holder.careless();
  delete new int(1);
  return 0;
}
