/* SPDX-License-Identifier: MIT */
/* What can be read of a process that is stopped: its memory, its registers, and what lies where in it.
 *
 * Whoever looks for pointers in it goes through this, so that a test can hand over an image that was recorded.
 */
#ifndef NOMEM_PROCESS_IMAGE_H
#define NOMEM_PROCESS_IMAGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../stack/memory_map.h"

/* Registers of x86-64 that may hold a pointer, as the kernel lists them. */
#define NOMEM__IMAGE_REGISTERS 27

struct nomem__process_image {
  /* Reads memory. Returns how many bytes from address on could be read, 0 when none. */
  size_t (*read)(const struct nomem__process_image *image, uint64_t address, void *buffer, size_t bytes);
  /* Narrows what lies between two addresses to the first stretch of it whose pages the process has ever touched; *start
   * is *end when there is none. Not for memory that is shared. NULL: it is not known. */
  void (*find_touched)(const struct nomem__process_image *image, uint64_t *start, uint64_t *end);
  pid_t pid;
  int pages; /* the open list of its pages; -1: none. Without find_touched, it tells nothing of them */
  uint64_t registers[NOMEM__IMAGE_REGISTERS];
  uint64_t stack_pointer;
  uint64_t heap_start;          /* where the kernel's heap area begins: with brk, it grows from here */
  struct nomem__memory_map map; /* owned; without modules */
};

/* Makes an image of pid, which is stopped and traced by the caller. Returns 0, or a negative error code with an image
 * that is still to be freed. */
int nomem__process_image_open(struct nomem__process_image *image, pid_t pid);

void nomem__process_image_free(struct nomem__process_image *image);

#endif
