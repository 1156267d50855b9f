/* SPDX-License-Identifier: MIT */
/* Whether a line speaks of a failure. Pure. */
#ifndef NOMEM_FAILURE_WORDS_H
#define NOMEM_FAILURE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* Of an error, an exception, a want of memory, or what a test protocol says of a test that failed; "0 failed" and "no
 * errors" do not. The line need not end with a zero byte. */
bool nomem__line_reports_failure(const char *line, size_t bytes);

/* Whether it is what a test protocol says of a test that failed: "not ok 3 - name", but for one that is still to do or
 * was skipped; "FAIL: name"; "[  FAILED  ] name". */
bool nomem__line_is_not_ok(const char *line, size_t bytes);

#endif
