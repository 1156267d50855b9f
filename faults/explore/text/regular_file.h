/* SPDX-License-Identifier: MIT */
/* Files whose names somebody else chose: an argument, a module, a source file that debug information names. */
#ifndef NOMEM_REGULAR_FILE_H
#define NOMEM_REGULAR_FILE_H

#include <sys/stat.h>

/* Opens a file to read it, if it is a regular one; anything else is not even opened, because that alone may do
 * something: whoever writes to a FIFO goes on when it has a reader, and loses what he writes. Returns the caller's
 * descriptor, and in *status, which may be NULL, what fstat says of it; or a negative error code, -EINVAL where it is
 * no regular file. */
int nomem__regular_file_open(const char *path, struct stat *status);

#endif
