/* SPDX-License-Identifier: MIT */
/* Stacks that are deep, small, somewhere else, or cannot be walked. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "hostile.h"

static volatile int depth_reached;

static __attribute__((noinline)) bool deep(int depth) {
  volatile char frame[32];
  frame[0] = (char)depth;
  depth_reached = depth;
  bool result = depth == 0 ? allocates() : deep(depth - 1);
  return frame[0] == (char)depth && result;
}

int deep_recursion(void) {
  return deep(40000) ? 0 : 1;
}

static __attribute__((noinline)) int endless(int depth) {
  volatile char frame[512];
  frame[0] = (char)depth;
  int below = endless(depth + 1);
  return frame[0] + below;
}

int stack_overflow(void) {
  return allocates() ? 0 : endless(0);
}

static int result_there;

static void *allocate_there(void *unused) {
  result_there = end_of_scene();
  return unused;
}

int small_thread_stack(void) {
  pthread_attr_t attributes;
  pthread_t thread;
  pthread_attr_init(&attributes);
  if (pthread_attr_setstacksize(&attributes, 16384) != 0) return NOT_HERE;
  if (pthread_create(&thread, &attributes, allocate_there, NULL) != 0) return 1;
  pthread_join(thread, NULL);
  pthread_attr_destroy(&attributes);
  return result_there;
}

static ucontext_t here, there;

static void allocate_in_context(void) {
  result_there = end_of_scene();
}

/* A coroutine's, of 8 KiB, in a variable. */
int own_stack(void) {
  static char stack[8192];
  if (getcontext(&there) != 0) return SCENE_BROKEN;
  there.uc_stack.ss_sp = stack;
  there.uc_stack.ss_size = sizeof stack;
  there.uc_link = &here;
  makecontext(&there, allocate_in_context, 0);
  if (swapcontext(&here, &there) != 0) return SCENE_BROKEN;
  return result_there;
}

/* Calls the function with nothing of use in the frame pointer. */
int call_with_garbage(int (*function)(void));
/* Calls it from code that no unwind table describes, with a frame like no other. */
int call_unseen(int (*function)(void));
/* Calls it with garbage in all registers that a called function has to preserve. */
int call_clobbered(int (*function)(void));

__asm__(
    ".text\n"
    ".globl call_with_garbage\n.type call_with_garbage, @function\n"
    "call_with_garbage:\n"
    "  .cfi_startproc\n"
    "  push %rbp\n  .cfi_adjust_cfa_offset 8\n  .cfi_rel_offset %rbp, 0\n"
    "  movabs $0x4141414141414141, %rbp\n"
    "  call *%rdi\n"
    "  pop %rbp\n  .cfi_adjust_cfa_offset -8\n"
    "  ret\n"
    "  .cfi_endproc\n"
    ".size call_with_garbage, . - call_with_garbage\n"
    ".globl call_unseen\n.type call_unseen, @function\n"
    "call_unseen:\n"
    "  sub $24, %rsp\n"
    "  movq $0x4242424242424242, %rax\n"
    "  mov %rax, (%rsp)\n  mov %rax, 8(%rsp)\n  mov %rax, 16(%rsp)\n"
    "  call *%rdi\n"
    "  add $24, %rsp\n"
    "  ret\n"
    ".size call_unseen, . - call_unseen\n"
    ".globl call_clobbered\n.type call_clobbered, @function\n"
    "call_clobbered:\n"
    "  push %rbx\n  push %rbp\n  push %r12\n  push %r13\n  push %r14\n  push %r15\n  sub $8, %rsp\n"
    "  mov $-1, %rbx\n  mov $-1, %rbp\n  mov $-1, %r12\n  mov $-1, %r13\n  mov $-1, %r14\n  mov $-1, %r15\n"
    "  call *%rdi\n"
    "  add $8, %rsp\n  pop %r15\n  pop %r14\n  pop %r13\n  pop %r12\n  pop %rbp\n  pop %rbx\n"
    "  ret\n"
    ".size call_clobbered, . - call_clobbered\n");

int broken_frame(void) {
  return call_with_garbage(end_of_scene);
}

int no_unwind_table(void) {
  return call_unseen(end_of_scene);
}

int clobbered_registers(void) {
  return call_clobbered(end_of_scene);
}

/* Code of the program's own making, in no module: sub $8, %rsp; call *%rdi; add $8, %rsp; ret */
int made_code(void) {
  static const unsigned char bytes[] = {0x48, 0x83, 0xec, 0x08, 0xff, 0xd7, 0x48, 0x83, 0xc4, 0x08, 0xc3};
  void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 1;
  memcpy(memory, bytes, sizeof bytes);
  if (mprotect(memory, 4096, PROT_READ | PROT_EXEC) != 0) return NOT_HERE;
  int (*call)(int (*)(void)) = (int (*)(int (*)(void)))(uintptr_t)memory;
  return call(end_of_scene);
}

/* The return address of this very function, gone while something is allocated. */
int zeroed_frames(void) {
  volatile uintptr_t *frame = __builtin_frame_address(0);
  uintptr_t above = frame[0], back = frame[1];
  frame[0] = 0;
  frame[1] = 0;
  int result = end_of_scene();
  frame[0] = above;
  frame[1] = back;
  return result;
}
