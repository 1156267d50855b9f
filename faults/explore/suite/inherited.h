/* SPDX-License-Identifier: MIT */
/* Descriptors that a program was started with, beside the standard streams: a socket to its runner's server, say. */
#ifndef NOMEM_INHERITED_H
#define NOMEM_INHERITED_H

#include <stddef.h>
#include <sys/types.h>

/* So many at the most, with numbers below NOMEM_INHERITED_END: a program that is given more gets the first of them. */
#define NOMEM_INHERITED_MAX 32
#define NOMEM_INHERITED_END 256
/* More than /proc has to say of what a descriptor is, if that is no file; of a file, the end of a longer path is cut.
 */
#define NOMEM_INHERITED_BYTES 256

struct nomem__inherited {
  size_t count;
  int number[NOMEM_INHERITED_MAX];
  char target[NOMEM_INHERITED_MAX][NOMEM_INHERITED_BYTES]; /* what /proc says of it */
};

/* Notes those that a stopped process has. */
void nomem__inherited_note(struct nomem__inherited *inherited, pid_t pid);

/* Copies those that the stopped process still has; it must be traced by this thread. Drops the others from the list.
 * Each copy is the caller's to close. */
void nomem__inherited_copy(struct nomem__inherited *inherited, pid_t pid, int copies[NOMEM_INHERITED_MAX]);

/* Gives them to the programs that this process starts from now on, under these numbers, whatever the process itself has
 * there, except for the descriptors in own (-1: none), which are moved: their new numbers are put there. Returns 0 or a
 * negative error code. */
int nomem__inherited_place(size_t count, const int *numbers, const int *copies, int **own, size_t own_count);

#endif
