/* Which program images of a run are injected: programs that only start other programs are not what the user tests. */
#ifndef NOMEM_LAUNCHER_H
#define NOMEM_LAUNCHER_H

#include <stddef.h>
#include <string.h>

#include "../plan.h"

/* globs: base names joined by commas; "" stands for everything but the usual launchers. */
static inline bool nomem__is_injected(const char *globs, const char *base_name) {
  static const char *const launchers[] = {"sh",     "ash",    "bash", "dash",  "zsh",  "ksh*",  "busybox", "env",
                                          "timeout", "nice",  "nohup", "setsid", "stdbuf", "xargs", "time", "make",
                                          "ninja",  "ctest",  "prove", "perl",  "python*", "sudo", "unshare", "taskset"};
  if (globs[0] == '\0') {
    for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++)
      if (nomem__glob(launchers[i], base_name)) return false;
    return true;
  }
  while (*globs != '\0') {
    char glob[NOMEM_PLAN_NAME_BYTES];
    size_t length = strcspn(globs, ",");
    size_t kept = length < sizeof glob ? length : sizeof glob - 1;
    memcpy(glob, globs, kept);
    glob[kept] = '\0';
    if (nomem__glob(glob, base_name)) return true;
    globs += length + (globs[length] == ',');
  }
  return false;
}

#endif
