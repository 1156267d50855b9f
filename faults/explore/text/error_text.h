/* SPDX-License-Identifier: MIT */
/* What a system call's error means, and what to do about it where that is known. */
#ifndef NOMEM_ERROR_TEXT_H
#define NOMEM_ERROR_TEXT_H

/* error: an errno value. The text is valid until the next call. */
const char *nomem__error_text(int error);

#endif
