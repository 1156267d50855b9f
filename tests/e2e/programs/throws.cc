/* SPDX-License-Identifier: MIT */
// A library that throws what it cannot have, and a test of it that does not expect that.
#ifdef LIBRARY
int *make() {
  return new int(1);
}
#else
int *make();

int main() {
  delete make();
  return 0;
}
#endif
