/* SPDX-License-Identifier: MIT */
/* Reads the block table of a process at its end, and finds out which of its blocks were leaked, and which were written
 * past their end or after they were freed.
 *
 * A block is reachable when an address in it stands anywhere where the program could find it: in writable memory
 * outside the heap, on the stack, in a register, or in a block that is itself reachable. What is taken for an address
 * need not be one, so a leaked block may be missed; but no reachable block is called leaked, unless the program keeps
 * its pointers in another form.
 *
 * All of it is hostile: what is read is checked, and how much is bounded.
 */
#ifndef NOMEM_HEAP_SCAN_H
#define NOMEM_HEAP_SCAN_H

#include "../../channel.h"
#include "heap_residue.h"
#include "process_image.h"

/* pid is stopped, and traced by the caller; report is its entry in the channel. Returns 0; -ENOENT when it keeps no
 * block table; -E2BIG when there is more than can be scanned; or another negative error code. On an error heap is
 * empty. */
int nomem__heap_scan_process(pid_t pid, const struct nomem_channel *channel, const struct nomem_exit_report *report,
                             struct nomem__heap_residue *heap);

/* The same of an image of the process. */
int nomem__heap_scan(const struct nomem__process_image *image, const struct nomem_channel *channel,
                     const struct nomem_exit_report *report, struct nomem__heap_residue *heap);

#endif
