/* SPDX-License-Identifier: MIT */
#include "write_error.h"

#include <errno.h>
#include <unistd.h>

/* A stream only knows that it has failed. What it has written is incomplete, so one more line end does no harm, and is
 * not taken for the same reason. */
static int ask_again(FILE *out) {
  return write(fileno(out), "\n", 1) < 0 ? -errno : -EIO;
}

int nomem__flush(FILE *out) {
  if (ferror(out)) return ask_again(out);
  return fflush(out) != 0 ? -errno : 0;
}
