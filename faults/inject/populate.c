/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "populate.h"

#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "forbidden_calls.h"

/* Older headers do not name it. */
#define POPULATE_WRITE 23
#define PAGE ((uintptr_t)4096)

void nomem__populate(const void *from, size_t bytes) {
  uintptr_t first = (uintptr_t)from & ~(PAGE - 1), end = ((uintptr_t)from + bytes + PAGE - 1) & ~(PAGE - 1);
  int saved_errno = errno;
  syscall(SYS_madvise, first, end - first, POPULATE_WRITE);
  errno = saved_errno;
}
