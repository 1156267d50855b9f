/* SPDX-License-Identifier: MIT */
/* Allocation calls that are not failed, because what libuv then does is a known defect. The file has a line for each:
 * in which versions, if not in all; the plan language's in= conditions, all of which must match; and the reason:
 *
 *   ..1.50 in=uv__io_start - aborts: it cannot return an error
 *   1.45..1.46.1 in=uv_one in=uv_other - both bounds are versions that have the defect
 *
 * A line for other versions than the one that is fuzzed is left out. The word free, before in=, is about blocks of
 * another allocator that libuv frees through this one.
 */
#ifndef NOMEM_FUZZ_LIBUV_SUPPRESSIONS_H
#define NOMEM_FUZZ_LIBUV_SUPPRESSIONS_H

#include <stdbool.h>
#include <stdint.h>

/* Reads a file, of which there may be several. When it cannot be read or has another kind of line, prints one line and
 * ends the process with status 2. */
void suppressions_read(const char *path);

enum suppression { SUPPRESSION_FAULT, SUPPRESSION_FREE };

/* Whether a suppression of this kind covers a call with this stack of return addresses. May be called from any thread;
 * errno may change. */
bool suppressions_match(enum suppression kind, const uintptr_t *frame, unsigned depth);

/* Prints on stderr the line that would spare a call with this stack, without its reason. */
void suppressions_suggest(const uintptr_t *frame, unsigned depth);

/* Prints one line on stderr for each that has covered no call. */
void suppressions_report(void);

#endif
