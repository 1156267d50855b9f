/* SPDX-License-Identifier: MIT */
/* Replays inputs without libFuzzer, for any compiler: each file that is named, and all files of each named folder.
 *
 *   build/fuzz/gcc/wrappers corpus/wrappers crash-1234
 *
 * Exit status: 0 all were run, 2 something could not be read. A check that fails aborts.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fuzz.h"

#pragma weak LLVMFuzzerInitialize

/* Writes the counts of a build that measures coverage. */
int __llvm_profile_write_file(void);
#pragma weak __llvm_profile_write_file

enum { PATH_BYTES = 4096 };

static unsigned inputs;
/* Prints each input's name before it runs: after an abort the last line is the one to look at. */
static bool verbose;

static bool complain(const char *path) {
  fprintf(stderr, "driver: cannot read '%s': %s\n", path, strerror(errno));
  return false;
}

static bool replay_file(const char *path, size_t bytes) {
  FILE *file = fopen(path, "rb");
  if (!file) return complain(path);
  uint8_t *data = malloc(bytes ? bytes : 1);
  bool whole = data && fread(data, 1, bytes, file) == bytes;
  fclose(file);
  if (whole) {
    if (verbose) fprintf(stderr, "%s\n", path);
    LLVMFuzzerTestOneInput(data, bytes);
    inputs++;
  }
  free(data);
  return whole || complain(path);
}

static bool replay(const char *path);

static bool replay_folder(const char *path) {
  struct dirent **entries;
  int count = scandir(path, &entries, NULL, alphasort);
  if (count < 0) return complain(path);
  bool fine = true;
  for (int i = 0; i < count; i++) {
    char inside[PATH_BYTES];
    snprintf(inside, sizeof inside, "%s/%s", path, entries[i]->d_name);
    if (entries[i]->d_name[0] != '.') fine = replay(inside) && fine;
    free(entries[i]);
  }
  free(entries);
  return fine;
}

static bool replay(const char *path) {
  struct stat status;
  if (stat(path, &status) != 0) return complain(path);
  return S_ISDIR(status.st_mode) ? replay_folder(path) : replay_file(path, (size_t)status.st_size);
}

/* What a failed input has reached counts, too. */
static void on_failure(int number) {
  __llvm_profile_write_file(); /* NOLINT(bugprone-signal-handler,cert-sig30-c): at worst the counts are lost */
  signal(number, SIG_DFL);
  raise(number);
}

int main(int argc, char **argv) {
  bool fine = true;
  if (__llvm_profile_write_file) {
    signal(SIGABRT, on_failure);
    signal(SIGSEGV, on_failure);
  }
  if (LLVMFuzzerInitialize) LLVMFuzzerInitialize(&argc, &argv);
  for (int i = 1; i < argc; i++) {
    if (!strcmp(argv[i], "-v"))
      verbose = true;
    else
      fine = replay(argv[i]) && fine;
  }
  printf("%u inputs replayed\n", inputs);
  if (!inputs) fprintf(stderr, "driver: nothing to replay: name files or folders\n");
  return fine && inputs ? 0 : 2;
}
