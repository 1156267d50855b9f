/* SPDX-License-Identifier: MIT */
/* Memory files that cannot take more than so much memory, whoever writes to them, for how long, and whether or not
 * somebody watches: they lie in a file system of their own, which is nowhere mounted, and whose size the kernel keeps.
 */
#ifndef NOMEM_BOUNDED_FILES_H
#define NOMEM_BOUNDED_FILES_H

#include <stdint.h>

/* Makes so many files, all of the same name, which together have room for so many bytes: a write beyond gets ENOSPC.
 * They are otherwise as those of memfd_create, and vanish with their last descriptor. Without the right to mount, a
 * user namespace gives it to a child of the calling process, which must not have threads and is waited for. Returns 0
 * and the caller's descriptors; or a negative error code, and then that cannot be had here. */
int nomem__bounded_files_open(const char *name, uint64_t bytes, unsigned count, int *fds);

#endif
