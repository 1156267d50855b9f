/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "coverage_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../text/complain.h"
#include "../text/error_text.h"
#include "../text/file_tree.h"
#include "../text/memory.h"
#include "../text/quote.h"
#include "gcov_data.h"
#include "llvm_data.h"
#include "tool_output.h"

/* By it a folder is known as one of these, which may be emptied. */
#define MARK "nomem-coverage"
#define ALL_RIGHTS 0777

static int complain(const char *folder, int error) {
  char quoted[NOMEM_QUOTE_BYTES];
  nomem__complain("cannot make the folder %s for coverage data: %s", nomem__quote(folder, quoted, sizeof quoted),
                  nomem__error_text(error));
  return -error;
}

/* Makes a folder and those that it lies in. */
static int make_folders(const char *path) {
  char *copy = nomem__strdup(path);
  int result = 0;
  for (char *at = copy + 1; result == 0; at++) {
    bool is_last = *at == '\0';
    if (*at != '/' && !is_last) continue;
    *at = '\0';
    if (mkdir(copy, ALL_RIGHTS) != 0 && errno != EEXIST) result = -errno;
    if (is_last) break;
    *at = '/';
  }
  free(copy);
  return result;
}

static bool is_empty(int folder) {
  int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *entries = copy >= 0 ? nomem__checked(fdopendir(copy)) : NULL;
  bool has_any = entries == NULL;
  for (const struct dirent *entry; !has_any && (entry = readdir(entries)) != NULL;)
    has_any = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
  if (entries != NULL) closedir(entries);
  return !has_any;
}

/* Removes what an earlier command has left in it. */
static int empty(const char *path, int folder) {
  if (is_empty(folder)) return 0;
  if (faccessat(folder, MARK, F_OK, 0) != 0) {
    char quoted[NOMEM_QUOTE_BYTES];
    nomem__complain("--coverage: %s has other files in it: name another one",
                    nomem__quote(path, quoted, sizeof quoted));
    return -ENOTEMPTY;
  }
  for (unsigned phase = 0; phase < NOMEM_COVERAGE_PHASES; phase++) {
    char *part = nomem__format("%s/%s", path, nomem__coverage_folders[phase]);
    nomem__file_tree_remove(part);
    free(part);
  }
  unlinkat(folder, NOMEM_COVERAGE_ERRORS, 0);
  return 0;
}

static int fill(const char *path, int folder) {
  int mark = openat(folder, MARK, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (mark < 0) return complain(path, errno);
  close(mark);
  for (unsigned phase = 0; phase < NOMEM_COVERAGE_PHASES; phase++)
    if (mkdirat(folder, nomem__coverage_folders[phase], ALL_RIGHTS) != 0 && errno != EEXIST)
      return complain(path, errno);
  return 0;
}

static int open_folder(const char *path) {
  int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return complain(path, errno);
  int result = empty(path, folder);
  if (result == 0) result = fill(path, folder);
  close(folder);
  return result;
}

int nomem__coverage_folder_open(struct nomem__options *options) {
  const char *given = options->coverage;
  if (given == NULL) return 0;
  int result = make_folders(given);
  if (result != 0) return complain(given, -result);
  char *path = nomem__checked(realpath(given, NULL));
  if (path == NULL) return complain(given, errno);
  if (strchr(path, '%') != NULL) {
    nomem__complain("--coverage: a folder whose path has a '%%' in it is none that clang's run-time can write to");
    result = -EINVAL;
  }
  if (result == 0) result = open_folder(path);
  if (result != 0) {
    free(path);
    return result;
  }
  nomem__coverage_set_own(path);
  options->coverage = path;
  options->engine = NOMEM_CHOICE_EXEC;
  options->fresh = true;
  return 0;
}

static void list_entry(void *user, FTSENT *entry) {
  struct nomem__coverage_files *files = user;
  const char *end = strrchr(entry->fts_name, '.');
  if (entry->fts_info != FTS_F || end == NULL) return;
  if (strcmp(end, ".gcda") == 0) nomem__strings_add(&files->gcc, entry->fts_path);
  if (strcmp(end, ".profraw") == 0) nomem__strings_add(&files->clang, entry->fts_path);
}

void nomem__coverage_files_list(const char *folder, enum nomem__coverage_phase phase,
                                struct nomem__coverage_files *files) {
  char *path = nomem__format("%s/%s", folder, nomem__coverage_folders[phase]);
  nomem__file_tree_walk(path, list_entry, files);
  free(path);
}

void nomem__coverage_files_free(struct nomem__coverage_files *files) {
  nomem__strings_free(&files->gcc);
  nomem__strings_free(&files->clang);
}

static int check_tool(const char *name, const char *package) {
  if (nomem__tool_is_there(name)) return 0;
  nomem__complain("--coverage: %s is not there, which reads what the program's compiler has it measure: install %s",
                  name, package);
  return -ENOENT;
}

int nomem__coverage_folder_check(const struct nomem__options *options, bool must_be_there) {
  struct nomem__coverage_files files = {0};
  if (options->coverage == NULL) return 0;
  nomem__coverage_files_list(options->coverage, NOMEM_COVERAGE_BASELINE, &files);
  int result = files.gcc.count > 0 ? check_tool(nomem__gcov_name(), "gcc") : 0;
  if (result == 0 && files.clang.count > 0) result = check_tool(nomem__llvm_profdata_name(), "llvm");
  if (result == 0 && files.clang.count > 0) result = check_tool(nomem__llvm_cov_name(), "llvm");
  if (result == 0 && must_be_there && files.gcc.count + files.clang.count == 0) {
    nomem__complain(
        "--coverage: without a failure, no coverage data is written: compile with gcc --coverage, or with "
        "clang -fprofile-instr-generate -fcoverage-mapping");
    result = -ENODATA;
  }
  nomem__coverage_files_free(&files);
  return result;
}
