/* SPDX-License-Identifier: MIT */
#include "target_check.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../text/quote.h"
#include "target_elf.h"

/* The folders that execvp searches when PATH is not set. */
#define DEFAULT_PATH "/bin:/usr/bin"
/* Linux reads only so much of a "#!" line, and follows only so many interpreters that are scripts themselves. */
#define SCRIPT_LINE_BYTES 256
#define SCRIPT_DEPTH 5

/* A file that is being checked. */
struct candidate {
  int fd;
  struct stat info;
  char path[PATH_MAX];
  char subject[3 * NOMEM_QUOTE_BYTES]; /* how each reason begins: the file, and whose interpreter it is */
  char *reason;
  size_t reason_bytes;
};

__attribute__((format(printf, 3, 4))) static int reject(struct candidate *candidate, int error, const char *format,
                                                        ...) {
  va_list arguments;
  int used = snprintf(candidate->reason, candidate->reason_bytes, "%s ", candidate->subject);
  if (used < 0 || (size_t)used >= candidate->reason_bytes) return error;
  va_start(arguments, format);
  vsnprintf(candidate->reason + used, candidate->reason_bytes - (size_t)used, format, arguments);
  va_end(arguments);
  return error;
}

/* Whether execvp would end its search at path. *exists says whether there is anything at all. */
static bool can_run(const char *path, bool *exists) {
  struct stat info;
  *exists = stat(path, &info) == 0;
  return *exists && S_ISREG(info.st_mode) && faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

/* Looks for name in the folders of PATH and puts the first file that can be run into candidate->path; where none can,
 * the first that exists, so that the reason is about a file. */
static int search_path(struct candidate *candidate, const char *name) {
  const char *folder = getenv("PATH");
  candidate->path[0] = '\0';
  if (!folder) folder = DEFAULT_PATH;
  for (;; folder += strcspn(folder, ":") + 1) {
    char path[PATH_MAX];
    bool exists;
    size_t length = strcspn(folder, ":");
    int written = snprintf(path, sizeof path, "%.*s%s%s", (int)(length < PATH_MAX ? length : PATH_MAX), folder,
                           length ? "/" : "", name);
    bool fits = written >= 0 && (size_t)written < sizeof path;
    bool runnable = fits && can_run(path, &exists);
    if (runnable || (fits && exists && candidate->path[0] == '\0')) memcpy(candidate->path, path, (size_t)written + 1);
    if (runnable) return 0;
    if (folder[length] == '\0') break;
  }
  if (candidate->path[0]) return 0;
  return reject(candidate, -ENOENT, "is in no folder of PATH: check the name, or give a path with a '/' in it");
}

/* Opens candidate->path and checks everything but its contents. */
static int open_file(struct candidate *candidate) {
  const char *path = candidate->path;
  if (stat(path, &candidate->info) != 0) {
    int error = errno;
    if (error == ENOENT || error == ENOTDIR) return reject(candidate, -error, "does not exist: check the path");
    return reject(candidate, -error, "cannot be examined: %s: give a path that can", strerror(error));
  }
  if (S_ISDIR(candidate->info.st_mode)) return reject(candidate, -EISDIR, "is a directory: name a program");
  if (!S_ISREG(candidate->info.st_mode)) return reject(candidate, -EACCES, "is not a regular file: name a program");
  if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0)
    return reject(candidate, -EACCES, "is not executable: use chmod +x, or put its interpreter before it");
  candidate->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (candidate->fd < 0) {
    int error = errno;
    return reject(candidate, -error, "cannot be read: %s: run a copy that can", strerror(error));
  }
  /* Somebody may have replaced the file since it was checked. */
  if (fstat(candidate->fd, &candidate->info) != 0 || !S_ISREG(candidate->info.st_mode))
    return reject(candidate, -EACCES, "changed while it was examined: try again");
  return 0;
}

/* Rejects what the kernel starts in secure mode, in which the dynamic linker ignores a preload that is given as a path.
 */
static int check_privilege(struct candidate *candidate) {
  mode_t mode = candidate->info.st_mode;
  /* Without execute permission for the group, the bit once meant mandatory locking and gives no privilege. */
  bool is_setgid = (mode & S_ISGID) && (mode & S_IXGRP);
  if ((mode & S_ISUID) || is_setgid)
    return reject(candidate, -EPERM, "is %s, so nothing can be preloaded into it: run a copy without that bit",
                  mode & S_ISUID ? "setuid" : "setgid");
  if (fgetxattr(candidate->fd, "security.capability", NULL, 0) > 0)
    return reject(candidate, -EPERM,
                  "has file capabilities, so nothing can be preloaded into it: run a copy without them");
  return 0;
}

/* Checks what is an ELF program. */
static int check_program(struct candidate *candidate, struct nomem__elf *elf) {
  char objection[NOMEM_QUOTE_BYTES * 2];
  int error = check_privilege(candidate);
  if (error) return error;
  error = nomem__elf_check(candidate->fd, (uint64_t)candidate->info.st_size, elf, objection, sizeof objection);
  return error ? reject(candidate, error, "%s", objection) : 0;
}

/* Reads the interpreter's path from a "#!" line as Linux does: it is the first word. */
static int read_interpreter(struct candidate *candidate, char *line, char interpreter[SCRIPT_LINE_BYTES]) {
  line += strlen("#!");
  line[strcspn(line, "\n")] = '\0';
  line += strspn(line, " \t");
  line[strcspn(line, " \t")] = '\0';
  if (*line == '\0')
    return reject(candidate, -ENOEXEC, "names no interpreter after '#!': put its path there, such as #!/bin/sh");
  size_t length = strlen(line);
  if (line[length - 1] == '\r')
    return reject(candidate, -ENOEXEC, "has a '#!' line that ends in a carriage return: end its lines in newlines");
  memcpy(interpreter, line, length + 1);
  return 0;
}

/* Checks the contents of one file. Returns 0, a negative error code, or 1 when it is a script whose interpreter has to
 * be checked next. */
static int check_file(struct candidate *candidate, char interpreter[SCRIPT_LINE_BYTES], struct nomem__elf *elf) {
  char line[SCRIPT_LINE_BYTES + 1];
  ssize_t got = pread(candidate->fd, line, SCRIPT_LINE_BYTES, 0);
  if (got < 0) {
    int error = errno;
    return reject(candidate, -error, "cannot be read: %s: run a copy that can", strerror(error));
  }
  line[got] = '\0';
  if (strncmp(line, "#!", 2) == 0) {
    int error = read_interpreter(candidate, line, interpreter);
    return error ? error : 1;
  }
  if (!nomem__elf_is_magic(line, (size_t)got))
    return reject(candidate, -ENOEXEC,
                  "is neither an ELF program nor a script that begins with '#!': put its interpreter before it");
  return check_program(candidate, elf);
}

/* Checks target->path, and as long as that is a script, its interpreter. */
static int check_chain(struct candidate *candidate, struct nomem__target *target) {
  char quoted[NOMEM_QUOTE_BYTES];
  for (int depth = 0; depth <= SCRIPT_DEPTH; depth++) {
    char interpreter[SCRIPT_LINE_BYTES];
    candidate->fd = -1;
    int result = open_file(candidate);
    if (result == 0) result = check_file(candidate, interpreter, &target->elf);
    if (candidate->fd >= 0) close(candidate->fd);
    if (result <= 0) {
      if (target->is_script) memcpy(target->interpreter, candidate->path, sizeof target->interpreter);
      return result;
    }
    target->is_script = true;
    char script[NOMEM_QUOTE_BYTES];
    nomem__quote(candidate->path, script, sizeof script);
    snprintf(candidate->path, sizeof candidate->path, "%s", interpreter);
    snprintf(candidate->subject, sizeof candidate->subject, "%s, the interpreter of %s,",
             nomem__quote(interpreter, quoted, sizeof quoted), script);
  }
  return reject(candidate, -ELOOP, "is one script too many: name the program that runs them all");
}

int nomem__target_check(const char *name, struct nomem__target *target, char *reason, size_t reason_bytes) {
  struct candidate candidate = {.fd = -1, .reason = reason, .reason_bytes = reason_bytes};
  assert(name != NULL && target != NULL && reason != NULL && reason_bytes > 0);
  memset(target, 0, sizeof *target);
  reason[0] = '\0';
  nomem__quote(name, candidate.subject, NOMEM_QUOTE_BYTES);
  if (*name == '\0') return reject(&candidate, -ENOENT, "is an empty name: name a program");
  if (strlen(name) >= sizeof candidate.path)
    return reject(&candidate, -ENAMETOOLONG, "is longer than any path: check the name");
  if (strchr(name, '/')) {
    memcpy(candidate.path, name, strlen(name) + 1);
  } else {
    int error = search_path(&candidate, name);
    if (error) return error;
    nomem__quote(candidate.path, candidate.subject, NOMEM_QUOTE_BYTES);
  }
  memcpy(target->path, candidate.path, sizeof target->path);
  return check_chain(&candidate, target);
}

int nomem__target_check_open(int fd, const char *name, char *reason, size_t reason_bytes) {
  struct candidate candidate = {.fd = fd, .reason = reason, .reason_bytes = reason_bytes};
  struct nomem__elf elf;
  nomem__quote(name, candidate.subject, NOMEM_QUOTE_BYTES);
  if (fstat(fd, &candidate.info) != 0) return reject(&candidate, -errno, "cannot be examined: %s", strerror(errno));
  return check_program(&candidate, &elf);
}
