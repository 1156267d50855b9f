/* SPDX-License-Identifier: MIT */
/* What calls a fuzz target in place of libFuzzer, in one of the ways that other fuzzers do:
 *
 *     (by default)             an ordinary reference, as in most stand-alone drivers
 *     -DWEAK_REFERENCE         a weak one, as in AFL++'s driver and centipede's runner: nothing asks for the target
 *     -DWEAK_DEFINITION        a weak definition in this very file, as in honggfuzz's
 *     -DGIVEN                  by a pointer that a main in the target's own file hands over: LLVMFuzzerRunDriver
 *     -DNEVER                  not at all: it takes the inputs, and does something else with them
 *
 * It runs a built-in list of inputs three hundred times. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#if defined WEAK_REFERENCE
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) __attribute__((weak));
#elif defined WEAK_DEFINITION
__attribute__((weak)) int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  (void)data;
  (void)size;
  puts("no target");
  return 0;
}
#else
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
#endif
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static int run(int (*target)(const uint8_t *, size_t)) {
  static const char *const inputs[] = {"", "a", "key=value", "a=b\nc=#d\n", "=\n=\n=\n", "xyz"};
  for (int round = 0; round < 300; round++)
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) target((const uint8_t *)inputs[i], strlen(inputs[i]));
  puts("done");
  return 0;
}

#ifdef GIVEN
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*target)(const uint8_t *, size_t));

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*target)(const uint8_t *, size_t)) {
  (void)argc;
  (void)argv;
  return run(target);
}
#else
#ifdef NEVER
static int something_else(const uint8_t *data, size_t size) {
  return size > 0 && data[0] == 'x';
}
#define TARGET something_else
#else
#define TARGET LLVMFuzzerTestOneInput
#endif

int main(int argc, char **argv) {
  if (&LLVMFuzzerInitialize != NULL) LLVMFuzzerInitialize(&argc, &argv);
  return run(TARGET);
}
#endif
