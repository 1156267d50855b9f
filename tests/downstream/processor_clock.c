/* SPDX-License-Identifier: MIT */
/* Preloaded, makes the clock show the processor time that a control group has used (NOMEM_CLOCK_FILE: its cpuacct.usage
 * or cpu.stat), so that campaigns of so many seconds can be compared on a busy machine. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

/* Asking takes as long as a run of a small target, so it is asked again only after so many cycles. */
#define CYCLES (1 << 21)

enum { BEGIN = 1700000000 }; /* any time that is not 0 */

static _Thread_local uint64_t asked, nanoseconds;

static uint64_t ask(void) {
  char text[256] = "";
  const char *name = getenv("NOMEM_CLOCK_FILE");
  int fd = name == NULL ? -1 : (int)syscall(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC);
  if (fd < 0) abort();
  if (syscall(SYS_read, fd, text, sizeof text - 1) <= 0) abort();
  syscall(SYS_close, fd);
  const char *usage = strstr(text, "usage_usec ");
  return usage != NULL ? strtoull(usage + strlen("usage_usec "), NULL, 10) * 1000 : strtoull(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) return (int)syscall(SYS_clock_gettime, clock, now);
  uint64_t cycles = __rdtsc();
  if (asked == 0 || cycles - asked > CYCLES) {
    nanoseconds = ask();
    asked = cycles;
  }
  now->tv_sec = BEGIN + (time_t)(nanoseconds / 1000000000);
  now->tv_nsec = (long)(nanoseconds % 1000000000);
  return 0;
}
