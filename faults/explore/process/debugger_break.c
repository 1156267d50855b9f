/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "debugger_break.h"

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <unistd.h>

#include "../stack/memory_map.h"
#include "tree_state.h"

/* The line of /proc/self/status that has the number of the tracer: who looks for it has its name. */
#define TRACER_LINE "TracerPid"

static bool has_text(const char *path, const char *text) {
  struct stat status;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  bool is_file = fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
  void *bytes = is_file ? mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
  if (fd >= 0) close(fd);
  if (bytes == MAP_FAILED) return false;
  bool is_there = memmem(bytes, (size_t)status.st_size, text, strlen(text)) != NULL;
  munmap(bytes, (size_t)status.st_size);
  return is_there;
}

static bool looks_for_tracer(pid_t pid, pid_t tid) {
  struct nomem__memory_map map = {0};
  long ip = ptrace(PTRACE_PEEKUSER, tid, offsetof(struct user_regs_struct, rip), NULL);
  if (nomem__memory_map_read_areas(&map, pid) != 0) return false;
  const struct nomem__area *area = nomem__memory_map_find_area(&map, (uint64_t)ip);
  bool looks = area != NULL && area->path[0] == '/' && has_text(area->path, TRACER_LINE);
  nomem__memory_map_free(&map);
  return looks;
}

bool nomem__is_debugger_break(const struct nomem__tree *tree, pid_t tid) {
  const struct nomem__tree_callbacks *callbacks = &tree->callbacks;
  struct nomem__status status;
  struct nomem__stack stack;
  siginfo_t info;
  if (ptrace(PTRACE_GETSIGINFO, tid, NULL, &info) != 0 || info.si_code != SI_KERNEL) return false;
  nomem__status_read(tid, &status);
  if ((status.caught >> (SIGTRAP - 1) & 1) != 0 || !looks_for_tracer(status.pid, tid)) return false;
  if (callbacks->is_bug_at == NULL) return true;
  if (nomem__stack_capture(tree->trees->stacks, status.pid, tid, &stack) != 0) return false; /* killed meanwhile */
  return !callbacks->is_bug_at(callbacks->user, &stack);
}
