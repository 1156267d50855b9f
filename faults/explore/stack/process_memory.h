/* SPDX-License-Identifier: MIT */
/* The memory of another process.
 *
 * A page that is not in memory may be one that somebody has to provide first (userfaultfd, a file of a file system that
 * a program serves), and the kernel waits for him. What such a page holds is unreadable when that takes too long
 * (patience.h). For one thread; in a child made by fork, too.
 */
#ifndef NOMEM_PROCESS_MEMORY_H
#define NOMEM_PROCESS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads memory of a process. Returns how many bytes could be read from address on; 0: none. */
size_t nomem__process_read(pid_t pid, uint64_t address, void *buffer, size_t bytes);

/* The same by whoever reads often, with the list of its pages that nomem__process_open_pages has opened; -1: none. */
size_t nomem__process_read_by(pid_t pid, int pages, uint64_t address, void *buffer, size_t bytes);

/* Opens the list of the pages of a process (/proc/PID/pagemap), which the caller closes. -1: it cannot be had. */
int nomem__process_open_pages(pid_t pid);

/* Moves *page, the number of a page, on over those that are there, or over those that are not, up to end. There is what
 * was ever touched and is no guard page. True: nothing else is known before end. */
bool nomem__process_skip_pages(int pages, uint64_t *page, uint64_t end, bool are_there);

/* Reads a word of it. By a thread, because the first one of its process, whose number the process has, may have ended.
 */
bool nomem__read_word(pid_t tid, uint64_t address, uint64_t *word);

#endif
