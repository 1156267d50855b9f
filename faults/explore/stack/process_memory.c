/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* process_vm_readv */
#include "process_memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../text/memory.h"
#include "patience.h"

/* Entries of /proc/PID/pagemap that are read at a time. */
#define ENTRIES 512
#define PAGE_BYTES UINT64_C(4096)
/* Bits of such an entry. What is in the swap space comes back by itself; a guard page passes for one that is there. */
#define IS_PRESENT (UINT64_C(1) << 63)
#define IS_SWAPPED (UINT64_C(1) << 62)
#define IS_GUARD (UINT64_C(1) << 58)

/* A read of pages that may not be there. */
struct read_job {
  pid_t pid;
  uint64_t address;
  size_t bytes, got;
  unsigned char buffer[];
};

static size_t read_at_once(pid_t pid, uint64_t address, void *buffer, size_t bytes) {
  struct iovec local = {buffer, bytes};
  struct iovec remote = {(void *)(uintptr_t)address, bytes}; /* NOLINT: an address in the other process */
  ssize_t got = process_vm_readv(pid, &local, 1, &remote, 1, 0);
  return got > 0 ? (size_t)got : 0;
}

static void do_read(void *argument) {
  struct read_job *job = argument;
  job->got = read_at_once(job->pid, job->address, job->buffer, job->bytes);
}

/* One wait is enough for a process: of what it has on other such pages nothing is known either. */
static size_t read_with_patience(pid_t pid, uint64_t address, void *buffer, size_t bytes) {
  static pid_t waited_for;
  if (pid == waited_for && nomem__patience_is_strained()) return 0;
  struct read_job *job = nomem__malloc(sizeof *job + bytes);
  *job = (struct read_job){.pid = pid, .address = address, .bytes = bytes};
  if (!nomem__patience_call(do_read, free, job)) {
    waited_for = pid;
    return 0;
  }
  size_t got = job->got;
  memcpy(buffer, job->buffer, got);
  free(job);
  return got;
}

static bool is_there(uint64_t entry) {
  return (entry & (IS_PRESENT | IS_SWAPPED)) != 0 && (entry & IS_GUARD) == 0;
}

bool nomem__process_skip_pages(int pages, uint64_t *page, uint64_t end, bool are_there) {
  uint64_t entries[ENTRIES];
  while (*page < end) {
    uint64_t wanted = end - *page < ENTRIES ? end - *page : ENTRIES;
    ssize_t got = pread(pages, entries, wanted * sizeof *entries, (off_t)(*page * sizeof *entries));
    if (got < (ssize_t)sizeof *entries) return true;
    for (size_t i = 0; i < (size_t)got / sizeof *entries; i++, ++*page)
      if (is_there(entries[i]) != are_there) return false;
  }
  return true;
}

/* How many bytes from address on lie on pages that are in memory; all, if nobody can know. */
static size_t count_present(int pages, uint64_t address, size_t bytes) {
  uint64_t page = address / PAGE_BYTES, end = (address + bytes - 1) / PAGE_BYTES + 1;
  if (nomem__process_skip_pages(pages, &page, end, true)) return bytes;
  return page * PAGE_BYTES > address ? (size_t)(page * PAGE_BYTES - address) : 0;
}

int nomem__process_open_pages(pid_t pid) {
  char path[32];
  snprintf(path, sizeof path, "/proc/%d/pagemap", (int)pid);
  return open(path, O_RDONLY | O_CLOEXEC);
}

size_t nomem__process_read_by(pid_t pid, int pages, uint64_t address, void *buffer, size_t bytes) {
  if (bytes == 0) return 0;
  size_t present = count_present(pages, address, bytes);
  size_t got = present < bytes ? read_with_patience(pid, address, buffer, bytes) : 0;
  return got > 0 || present == 0 ? got : read_at_once(pid, address, buffer, present);
}

size_t nomem__process_read(pid_t pid, uint64_t address, void *buffer, size_t bytes) {
  int pages = nomem__process_open_pages(pid);
  size_t got = nomem__process_read_by(pid, pages, address, buffer, bytes);
  if (pages >= 0) close(pages);
  return got;
}

bool nomem__read_word(pid_t tid, uint64_t address, uint64_t *word) {
  return nomem__process_read(tid, address, word, sizeof *word) == sizeof *word;
}
