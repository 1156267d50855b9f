/* SPDX-License-Identifier: MIT */
/* Kinds of programs and libraries, which both sides of the wall recognise by the base names of their files. Pure. */
#ifndef NOMEM_PROGRAM_KINDS_H
#define NOMEM_PROGRAM_KINDS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "plan.h"

/* Returns the part of a path after its last slash. */
static inline const char *nomem__base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

/* Whether one of the globs, which have commas between them, matches. */
static inline bool nomem__matches_any(const char *globs, const char *name) {
  while (*globs != '\0') {
    while (*globs == ' ') globs++;
    char glob[NOMEM_PLAN_NAME_BYTES];
    size_t length = strcspn(globs, ",");
    size_t kept = length < sizeof glob ? length : sizeof glob - 1;
    memcpy(glob, globs, kept);
    glob[kept] = '\0';
    if (nomem__glob(glob, name)) return true;
    globs += length + (globs[length] == ',');
  }
  return false;
}

/* Whether a program is to be injected. globs has base names with commas between them; "" stands for all programs but
 * those that only start others, which are not what the user tests. */
static inline bool nomem__is_injected(const char *globs, const char *base_name) {
  static const char *const launchers[] = {
      "sh",    "ash",  "bash",  "dash",   "zsh",    "ksh*",   "busybox", "env",     "timeout", "nice",    "nohup",
      "sudo",  "time", "make",  "gmake",  "ninja",  "cmake",  "meson",   "ctest",   "prove",   "perl*",   "python*",
      "xargs", "chrt", "flock", "chroot", "setsid", "stdbuf", "unshare", "taskset", "setarch", "setpriv", "runuser"};
  if (globs[0] != '\0') return nomem__matches_any(globs, base_name);
  for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++)
    if (nomem__glob(launchers[i], base_name)) return false;
  return true;
}

/* Whether it is the run-time of a sanitizer, as a shared library. */
static inline bool nomem__is_sanitizer(const char *base_name) {
  static const char *const globs[] = {"libasan.so.*", "libhwasan.so.*", "liblsan.so.*",
                                      "libtsan.so.*", "libubsan.so.*",  "libclang_rt.*"};
  for (size_t i = 0; i < sizeof globs / sizeof *globs; i++)
    if (nomem__glob(globs[i], base_name)) return true;
  return false;
}

/* The injector, as a library that was loaded into the program. */
#define NOMEM_GUEST "libnomem-preload.so"

/* Whether it is a run-time of C or C++. They allocate, raise and abort on behalf of their caller, so the first frame of
 * a stack that is in none of them is to blame. */
static inline bool nomem__is_runtime(const char *base_name) {
  static const char *const globs[] = {"libc.so.*",     "libc-*.so", "libstdc++.so.*",  "libc++.so.*", "libc++abi.so.*",
                                      "libgcc_s.so.*", "ld-linux*", "libpthread.so.*", NOMEM_GUEST};
  for (size_t i = 0; i < sizeof globs / sizeof *globs; i++)
    if (nomem__glob(globs[i], base_name)) return true;
  return nomem__is_sanitizer(base_name);
}

#endif
