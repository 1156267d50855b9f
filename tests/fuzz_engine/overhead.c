/* SPDX-License-Identifier: MIT */
/* What the engine costs an input with nothing new to fail: the target runs with and without it, in one process and in
 * turns, so that whatever else the machine does affects both. It is linked instead of the fuzzer, whose own work is the
 * same in both cases: a campaign loses less than the figure.
 *
 *     overhead FILE...     prints microseconds for one input without, with, and the difference in per cent
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* The first of these is the engine, where --wrap has put it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __real_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

enum { FILES_MAX = 64, ROUNDS = 401, WARM_UP = 400 };
/* Long enough for the clock, short enough that a round is seldom interrupted. */
static const double batch_seconds = 0.002;

static struct {
  uint8_t *data;
  size_t size;
} files[FILES_MAX];
static int file_count;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void load(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL || file_count == FILES_MAX) exit(2);
  fseek(file, 0, SEEK_END);
  size_t size = (size_t)ftell(file);
  rewind(file);
  files[file_count].data = malloc(size + 1);
  files[file_count].size = fread(files[file_count].data, 1, size, file);
  file_count++;
  fclose(file);
}

static double time_of(int (*target)(const uint8_t *, size_t), int file, int repeat) {
  double begin = now();
  for (int i = 0; i < repeat; i++) target(files[file].data, files[file].size);
  return now() - begin;
}

static int compare(const void *a, const void *b) {
  double difference = *(const double *)a - *(const double *)b;
  return (difference > 0) - (difference < 0);
}

static double median(double *values) {
  qsort(values, ROUNDS, sizeof *values, compare);
  return values[ROUNDS / 2];
}

int main(int argc, char **argv) {
  static double without[ROUNDS], with[ROUNDS], ratio[ROUNDS];
  for (int i = 1; i < argc; i++) load(argv[i]);
  if (file_count == 0) return 2;
  if (LLVMFuzzerInitialize) LLVMFuzzerInitialize(&argc, &argv);
  for (int i = 0; i < WARM_UP * file_count; i++)
    LLVMFuzzerTestOneInput(files[i % file_count].data, files[i % file_count].size);
  for (int round = 0; round < ROUNDS; round++) {
    int file = round % file_count;
    double one = time_of(__real_LLVMFuzzerTestOneInput, file, 1);
    int repeat = one * 8 > batch_seconds ? 8 : (int)(batch_seconds / one) + 1;
    double before = time_of(__real_LLVMFuzzerTestOneInput, file, repeat);
    with[round] = time_of(LLVMFuzzerTestOneInput, file, 2 * repeat) / 2;
    without[round] = (before + time_of(__real_LLVMFuzzerTestOneInput, file, repeat)) / 2;
    ratio[round] = with[round] / without[round];
    with[round] /= repeat;
    without[round] /= repeat;
  }
  double plain = median(without), engine = median(with);
  printf("%9.2f %9.2f %+6.1f %%\n", plain * 1e6, engine * 1e6, (median(ratio) - 1) * 100);
  fflush(stdout); /* a leak that a sanitizer finds at exit would lose it */
  return 0;
}
