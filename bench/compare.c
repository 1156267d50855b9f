/* SPDX-License-Identifier: MIT */
/* Compares commands side by side: runs them in turn, several rounds, and prints for each the median, the least and the
 * greatest, and its ratio to the first.
 *
 *   compare [-n ROUNDS] [-o UNIT] [-p PARTS] NAME COMMAND [NAME COMMAND]...
 *
 * It measures the wall time in milliseconds; with -o it takes the number that the command prints, which is in that
 * unit. With -p it also shows the difference to the first in nanoseconds for each of so many parts of the work.
 * Commands are run by sh; one that fails ends the comparison with exit status 2. */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS_MAX 16
#define ROUNDS_MAX 101

struct command {
  const char *name, *line;
  double value[ROUNDS_MAX];
};

static double now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static double run(const struct command *command, bool reads_number) {
  double started = now_ms(), number = 0;
  FILE *output = popen(command->line, "re"); /* NOLINT(cert-env33-c): the command lines are the point */
  bool has_number = output != NULL && fscanf(output, "%lf", &number) == 1; /* NOLINT(cert-err34-c) */
  char rest[4096];
  while (output != NULL && fread(rest, 1, sizeof rest, output) > 0) continue;
  if (output == NULL || pclose(output) != 0 || (reads_number && !has_number)) {
    fprintf(stderr, "compare: %s: failed: %s\n", command->name, command->line);
    exit(2);
  }
  return reads_number ? number : now_ms() - started;
}

static int by_value(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return a < b ? -1 : a > b;
}

int main(int argc, char **argv) {
  static struct command commands[COMMANDS_MAX];
  size_t count = 0, rounds = 5, parts = 0;
  const char *unit = NULL;
  int option;
  while ((option = getopt(argc, argv, "+n:o:p:")) != -1) {
    if (option == 'n')
      rounds = strtoul(optarg, NULL, 10);
    else if (option == 'o')
      unit = optarg;
    else if (option == 'p')
      parts = strtoul(optarg, NULL, 10);
    else
      return 2;
  }
  for (int i = optind; i + 1 < argc && count < COMMANDS_MAX; i += 2)
    commands[count++] = (struct command){.name = argv[i], .line = argv[i + 1]};
  if (count == 0 || rounds == 0 || rounds > ROUNDS_MAX) {
    fprintf(stderr, "usage: compare [-n ROUNDS] [-o UNIT] [-p PARTS] NAME COMMAND [NAME COMMAND]...\n");
    return 2;
  }
  for (size_t round = 0; round < rounds; round++)
    for (size_t i = 0; i < count; i++) commands[i].value[round] = run(&commands[i], unit != NULL);
  double first = 0;
  for (size_t i = 0; i < count; i++) {
    double *value = commands[i].value;
    qsort(value, rounds, sizeof *value, by_value);
    double median = value[rounds / 2];
    if (i == 0) first = median;
    printf("  %-34s %10.2f %-3s (%.2f to %.2f)  %7.2f x  %+9.2f", commands[i].name, median, unit != NULL ? unit : "ms",
           value[0], value[rounds - 1], median / first, median - first);
    if (parts != 0) printf("  %+6.0f ns each", (median - first) * 1e6 / (double)parts);
    putchar('\n');
  }
  return 0;
}
