/* SPDX-License-Identifier: MIT */
/* What /proc has of a process. */
#ifndef NOMEM_PROC_FILE_H
#define NOMEM_PROC_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* Reads /proc/PID/name, of max bytes at most. Returns 0, and in *block the caller's bytes with a NUL behind them; or a
 * negative error code with nothing to free: -EFBIG for more than max, -ETIMEDOUT for what lies on a page that nobody
 * provides. For one thread. */
int nomem__proc_file_read(pid_t pid, const char *name, size_t max, char **block, size_t *bytes);

#endif
