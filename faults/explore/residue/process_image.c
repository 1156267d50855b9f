/* SPDX-License-Identifier: MIT */
#include "process_image.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include "../text/memory.h"

_Static_assert(sizeof(struct user_regs_struct) == NOMEM__IMAGE_REGISTERS * sizeof(uint64_t), "all of them");

static size_t read_memory(const struct nomem__process_image *image, uint64_t address, void *buffer, size_t bytes) {
  return nomem__process_read(image->pid, address, buffer, bytes);
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
  *image = (struct nomem__process_image){.read = read_memory, .pid = pid};
  if (ptrace(PTRACE_GETREGS, pid, NULL, &registers) != 0) return -errno;
  memcpy(image->registers, &registers, sizeof registers);
  image->stack_pointer = registers.rsp;
  int result = read_heap_start(image);
  return result == 0 ? nomem__memory_map_read(&image->map, pid) : result;
}

void nomem__process_image_free(struct nomem__process_image *image) {
  nomem__memory_map_free(&image->map);
}
