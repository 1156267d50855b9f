/* SPDX-License-Identifier: MIT */
/* The heap and the address space, used in every way. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostile.h"

#define PAGE 4096
#define MIB (1 << 20)

static volatile size_t terabytes = (size_t)1 << 45;

/* Refused without the command's help. */
int huge_requests(void) {
  for (int i = 0; i < 10; i++) free(malloc(terabytes + (size_t)i));
  return end_of_scene();
}

int size_max(void) {
  volatile size_t most = SIZE_MAX;
  void *block = malloc(8);
  if (block == NULL) return 1;
  if (malloc(most) != NULL || calloc(most, 2) != NULL || calloc(most, most) != NULL) return SCENE_BROKEN;
  if (realloc(block, most) != NULL || reallocarray(block, most, most) != NULL) return SCENE_BROKEN;
  if (aligned_alloc(4096, most) != NULL || memalign(16, most) != NULL) return SCENE_BROKEN;
  free(block);
  return end_of_scene();
}

int million(void) {
  for (int i = 0; i < 1000000; i++) {
    void *volatile block = malloc(16);
    if (block == NULL) return 1;
    free(block);
  }
  return end_of_scene();
}

static bool branch(int depth);

static __attribute__((noinline)) bool left(int depth) {
  return branch(depth - 1);
}

static __attribute__((noinline)) bool right(int depth) {
  return branch(depth - 1);
}

static bool branch(int depth) {
  if (depth > 0) return left(depth) && right(depth);
  void *volatile block = malloc(16);
  free(block);
  return block != NULL;
}

/* More call stacks than there is room for. */
int many_sites(void) {
  if (!branch(15) || !branch(14) || !branch(13) || !branch(12) || !branch(11) || !branch(10)) return 1;
  return branch(14) ? end_of_scene() : 1;
}

static int with_blocks(void) {
  void *blocks[8] = {NULL};
  char *text = NULL;
  int result = 1;
  blocks[0] = calloc(3, 5);
  blocks[1] = aligned_alloc(64, 128);
  blocks[2] = memalign(256, 10);
  blocks[3] = valloc(10);
  blocks[4] = pvalloc(10);
  blocks[5] = strdup("text");
  if (posix_memalign(&blocks[6], 32, 10) == 0 && asprintf(&text, "%d", 7) > 0) {
    blocks[7] = reallocarray(NULL, 3, 7);
    result = 0;
    for (int i = 0; i < 8; i++)
      if (blocks[i] == NULL) result = 1;
    free(text);
  }
  for (int i = 0; i < 8; i++) free(blocks[i]);
  return result;
}

int all_functions(void) {
  return with_blocks() == 0 ? end_of_scene() : 1;
}

int tuned(void) {
  mallopt(M_MMAP_THRESHOLD, 64);
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_PERTURB, 0x5a);
  mallopt(M_CHECK_ACTION, 3);
  for (int i = 0; i < 20; i++)
    if (!allocates()) return 1;
  return 0;
}

int trimmed(void) {
  for (int i = 0; i < 20; i++) {
    if (!allocates()) return 1;
    malloc_trim(0);
    struct mallinfo2 info = mallinfo2();
    if (info.uordblks > (size_t)64 * MIB) return SCENE_BROKEN;
  }
  return 0;
}

int own_break(void) {
  char *memory = sbrk(64 << 10);
  if (memory == (void *)-1) return 1;
  memset(memory, 1, 64 << 10);
  int result = end_of_scene();
  for (int i = 0; i < 64 << 10; i++)
    if (memory[i] != 1) return SCENE_BROKEN;
  return result;
}

static char *pages(size_t bytes) {
  char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

int locked(void) {
  char *memory = pages(32 * MIB);
  if (memory == NULL) return 1;
  if (mlock(memory, 32 * MIB) != 0) return NOT_HERE;
  return end_of_scene();
}

int locked_all(void) {
  if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0) return NOT_HERE;
  return end_of_scene();
}

/* What a fork of the program does not get. It is looked at on both sides of the allocation. */
static int with_advice(int advice) {
  char *memory = pages(4 * PAGE);
  if (memory == NULL) return 1;
  memset(memory, 7, 4 * PAGE);
  if (madvise(memory, 4 * PAGE, advice) != 0) return NOT_HERE;
  int result = end_of_scene();
  return memory[0] == 7 && memory[3 * PAGE] == 7 ? result : SCENE_BROKEN;
}

int not_forked(void) {
  return with_advice(MADV_DONTFORK);
}

int wiped_on_fork(void) {
  return with_advice(MADV_WIPEONFORK);
}

int huge_pages(void) {
  char *memory = pages(64 * MIB);
  if (memory == NULL) return 1;
  madvise(memory, 64 * MIB, MADV_HUGEPAGE);
  memset(memory, 1, 64 * MIB);
  return end_of_scene();
}

/* Every second page of another protection: a mapping each. */
int many_mappings(void) {
  char *memory = pages((size_t)20000 * PAGE);
  if (memory == NULL) return 1;
  for (size_t i = 0; i < 20000; i += 2)
    if (mprotect(memory + i * PAGE, PAGE, PROT_READ) != 0) return NOT_HERE;
  return end_of_scene();
}

int shared_memory(void) {
  int *counter = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (counter == MAP_FAILED) return 1;
  ++*counter;
  int result = end_of_scene();
  return *counter == 1 ? result : SCENE_BROKEN;
}

/* A program that may not read the time faults where the clock is read. */
int no_time_counter(void) {
  if (prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0) != 0) return NOT_HERE;
  return end_of_scene();
}

/* As what instruments itself does. */
int writes_own_text(void) {
  unsigned char *code = (unsigned char *)(uintptr_t)allocates;
  char *page = (char *)((uintptr_t)code / PAGE * PAGE);
  if (mprotect(page, (size_t)2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) return NOT_HERE;
  unsigned char first = code[0];
  *(volatile unsigned char *)code = 0xcc;
  *(volatile unsigned char *)code = first;
  return end_of_scene();
}

/* At the end of what a process can address. */
int high_places(void) {
  char *there = (char *)((UINT64_C(1) << 47) - (UINT64_C(64) << 30));
  char *memory = mmap(there, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  int fd = dup2(1, 1000);
  if (memory == MAP_FAILED || fd != 1000) return NOT_HERE;
  return end_of_scene();
}

/* A page for which whoever reads it waits until somebody provides it, and nobody does. NULL: that is not allowed here.
 */
static char *unprovided_page(void) {
  int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
  struct uffdio_api api = {.api = UFFD_API};
  if (fd < 0 || ioctl(fd, UFFDIO_API, &api) != 0) return NULL;
  char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct uffdio_register range = {.range = {(uintptr_t)page, PAGE}, .mode = UFFDIO_REGISTER_MODE_MISSING};
  if (page == MAP_FAILED || ioctl(fd, UFFDIO_REGISTER, &range) != 0) return NULL;
  return page;
}

/* The stack of a crash lies on such a page; in the second one, a child holds what could provide it, too. */
static int crash_on(char *page) {
  if (!is_careless) return end_of_scene();
  char *block = malloc(24);
  free(block);
  if (block != NULL) return 0;
  char *frame = page != NULL ? page + PAGE / 2 : __builtin_frame_address(0);
  __asm__ volatile("mov %0, %%rbp\n  movb $1, 0\n" ::"r"(frame) : "memory");
  __builtin_unreachable();
}

int unprovided_frames(void) {
  return crash_on(unprovided_page());
}

int unprovided_shared(void) {
  char *page = unprovided_page();
  pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  int status = crash_on(page);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  return status;
}

/* The kernel would wait for the name, too: it is ended by a signal. */
int unprovided_name(void) {
  const char *name = unprovided_page();
  if (name != NULL) {
    signal(SIGALRM, SIG_DFL);
    if (fork() == 0) {
      alarm(1);
      _exit(open(name, O_WRONLY) < 0);
    }
    wait(NULL);
  }
  return end_of_scene();
}
