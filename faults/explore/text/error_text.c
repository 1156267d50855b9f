/* SPDX-License-Identifier: MIT */
#include "error_text.h"

#include <errno.h>
#include <string.h>

const char *nomem__error_text(int error) {
  switch (error) {
    case EMFILE:
      return "Too many open files: raise the limit (ulimit -n), or give fewer --jobs";
    case EAGAIN:
      return "Resource temporarily unavailable: raise the limit on processes (ulimit -u), or give fewer --jobs";
    default:
      return strerror(error);
  }
}
