/* SPDX-License-Identifier: MIT */
/* A target with a main of its own that hands the target to the fuzzer's library: the linker's --wrap sees no reference
 * to it from outside. */
#include "../fuzz_engine/parser.c"

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*target)(const uint8_t *, size_t));

int main(int argc, char **argv) {
  return LLVMFuzzerRunDriver(&argc, &argv, LLVMFuzzerTestOneInput);
}
