/* SPDX-License-Identifier: MIT */
#include "process_image.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <unistd.h>

#include "../stack/process_memory.h"
#include "../text/memory.h"

_Static_assert(sizeof(struct user_regs_struct) == NOMEM__IMAGE_REGISTERS * sizeof(uint64_t), "all of them");

static size_t read_memory(const struct nomem__process_image *image, uint64_t address, void *buffer, size_t bytes) {
  return nomem__process_read_by(image->pid, image->pages, address, buffer, bytes);
}

#define PAGE_BYTES UINT64_C(4096)

static void find_touched(const struct nomem__process_image *image, uint64_t *start, uint64_t *end) {
  uint64_t page = *start / PAGE_BYTES, last = (*end + PAGE_BYTES - 1) / PAGE_BYTES;
  if (nomem__process_skip_pages(image->pages, &page, last, false) && page >= last) {
    *start = *end;
    return;
  }
  if (page * PAGE_BYTES > *start) *start = page * PAGE_BYTES;
  if (nomem__process_skip_pages(image->pages, &page, last, true)) return;
  *end = page * PAGE_BYTES;
}

/* Some systems have the list, but nothing in it: the page that the stack pointer is on must be there. */
static void open_pages(struct nomem__process_image *image) {
  const uint64_t of_stack = image->stack_pointer / PAGE_BYTES;
  uint64_t page = of_stack;
  image->pages = nomem__process_open_pages(image->pid);
  nomem__process_skip_pages(image->pages, &page, of_stack + 1, true);
  if (page > of_stack) image->find_touched = find_touched;
}

static int read_heap_start(struct nomem__process_image *image) {
  char path[64], text[2048];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)image->pid);
  FILE *file = nomem__checked(fopen(path, "re"));
  size_t length = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
  if (file != NULL) fclose(file);
  text[length] = '\0';
  const char *at = strrchr(text, ')'); /* the name may have blanks and brackets in it */
  for (int field = 2; at != NULL && field < 47; field++) at = strchr(at + 1, ' ');
  return at != NULL && sscanf(at, " %" SCNu64, &image->heap_start) == 1 ? 0 : -EIO;
}

int nomem__process_image_open(struct nomem__process_image *image, pid_t pid) {
  struct user_regs_struct registers;
  *image = (struct nomem__process_image){.read = read_memory, .pid = pid, .pages = -1};
  if (ptrace(PTRACE_GETREGS, pid, NULL, &registers) != 0) return -errno;
  memcpy(image->registers, &registers, sizeof registers);
  image->stack_pointer = registers.rsp;
  open_pages(image);
  int result = read_heap_start(image);
  return result == 0 ? nomem__memory_map_read_areas(&image->map, pid) : result;
}

void nomem__process_image_free(struct nomem__process_image *image) {
  if (image->pages >= 0) close(image->pages);
  nomem__memory_map_free(&image->map);
}
