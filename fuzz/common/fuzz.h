/* SPDX-License-Identifier: MIT */
/* What all targets share: reading the input, and checks that print what is wrong.
 *
 * An input is a header, whose size the target defines, and then steps of four bytes. Most targets have no mutator that
 * knows of steps: one that moves, repeats and removes whole steps was measured, and covered no more from their seeds.
 */
#ifndef NOMEM_FUZZ_H
#define NOMEM_FUZZ_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Prints one line on what is wrong, then aborts, which libFuzzer, AFL++ and a shell all notice. Unlike assert it works
 * in a build with NDEBUG, too. */
__attribute__((format(printf, 3, 4), noreturn, cold)) static inline void fuzz_fail(const char *file, int line,
                                                                                   const char *format, ...) {
  va_list arguments;
  fprintf(stderr, "%s:%d: ", file, line);
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  abort();
}

#define CHECK(condition, ...) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, __VA_ARGS__))

/* Waits for a child to end, or with WUNTRACED to stop, and returns its status. The fuzzer's timer interrupts that. */
static inline int fuzz_wait(pid_t child, int options) {
  int status = 0;
  pid_t waited;
  while ((waited = waitpid(child, &status, options)) < 0 && errno == EINTR) continue;
  CHECK(waited == child, "waiting for a child failed with errno %d", errno);
  return status;
}

/* For inner loops of a model, in which there is nothing to find. */
#ifdef __clang__
#define FUZZ_FAST __attribute__((no_sanitize("address", "undefined", "coverage")))
#else
#define FUZZ_FAST
#endif

/* For functions on the stack of calls that are distinguished by their stacks: each place that calls it remains a single
 * place, whatever the compiler does to the loop around it. (At -O1 gcc leaves loops alone.) */
#ifdef __clang__
#define FUZZ_ONE_PLACE __attribute__((noinline, noduplicate))
#else
#define FUZZ_ONE_PLACE __attribute__((noinline, noclone))
#endif

struct fuzz_input {
  const uint8_t *at, *end;
};

/* The next byte; 0 at the end of the input. */
static inline uint8_t fuzz_byte(struct fuzz_input *input) {
  return input->at < input->end ? *input->at++ : 0;
}

#define FUZZ_STEP_BYTES 4

struct fuzz_step {
  uint8_t op, a, b, c;
};

/* Returns false when no whole step is left. */
static inline bool fuzz_next(struct fuzz_input *input, struct fuzz_step *step) {
  if (input->end - input->at < FUZZ_STEP_BYTES) return false;
  *step = (struct fuzz_step){input->at[0], input->at[1], input->at[2], input->at[3]};
  input->at += FUZZ_STEP_BYTES;
  return true;
}

/* The contents of blocks: byte i of the block with this seed. */
static inline uint8_t fuzz_pattern(uint32_t seed, size_t i) {
  return (uint8_t)(seed * 31 + i * 7 + (i >> 8));
}

static inline void fuzz_fill(void *block, size_t bytes, uint32_t seed) {
  uint8_t *at = block;
  for (size_t i = 0; i < bytes; i++) at[i] = fuzz_pattern(seed, i);
}

/* The first byte that differs from the pattern; bytes when there is none. */
static inline size_t fuzz_intact(const void *block, size_t bytes, uint32_t seed) {
  const uint8_t *at = block;
  size_t i = 0;
  while (i < bytes && at[i] == fuzz_pattern(seed, i)) i++;
  return i;
}

#endif
