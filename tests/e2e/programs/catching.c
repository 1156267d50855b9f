/* SPDX-License-Identifier: MIT */
/* Programs that catch the signals which a bug raises. make_name() does not check its malloc, unless it is MENDED. What
 * happens to the signal is one of:
 *
 *   JUMPS     the handler jumps back, and the program reports a failure, as a test framework does
 *   GOES_ON   it jumps back, and the program goes on to a good end
 *   EXITS     it is a crash reporter's, and ends the process
 *   RAISES    it cleans up, and raises the signal again
 *   RESETS    it makes the signal deadly, and returns to the instruction
 *   ABORTS    it ends the process by abort()
 *   SKIPS     it returns to the instruction after the one that failed
 *   HANGS     it never returns
 *   THREADS   it runs in another thread, on a stack of its own, and jumps back
 *   FORKS     it is a child's, which exits
 *   ASSERTS   make_name() calls abort(), and the handler jumps back
 *   BARRIER   it makes memory writable that is protected until it is written to, as a garbage collector does
 *
 * And what is no crash in a program that is MENDED:
 *
 *   BARRIER   the same
 *   DEMAND    memory is mapped when it is written to
 *   PROVOKES  a null pointer is followed on purpose, with and without a fault
 *   PROBES    an instruction is tried that the processor may not have
 *   SENDS     the program sends itself the signal that its handler ends it by
 *   STOPS     and SIGABRT likewise
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE ((size_t)4096)
#define PAGES 8

static sigjmp_buf back;
static char *pages;

/* Writes to pages in a place that a run without a fault does not come to. */
static void note_failure(void) {
  for (size_t i = 1; i < PAGES && pages != NULL; i++) *(volatile char *)(pages + i * PAGE) = 1;
}

static char *make_name(void) {
  char *name = malloc(20);
  if (name == NULL) note_failure();
#ifdef MENDED
  if (name == NULL) return NULL;
#elif defined ASSERTS
  if (name == NULL) abort(); /* blow-up */
#endif
  *(volatile char *)name = 'n'; /* blow-up */
  name[1] = '\0';
  return name;
}

/* What the program does in any case, and again after a failure. */
static void provoke(void) {
#ifdef PROVOKES
  if (sigsetjmp(back, 1) == 0) *(volatile char *)NULL = 1;
#elif defined PROBES
  if (sigsetjmp(back, 1) == 0) __asm__ volatile("ud2");
#endif
}

static void handle(int signal, siginfo_t *info, void *context) {
  void *page = (void *)((uintptr_t)info->si_addr & -PAGE);
  (void)page, (void)context, (void)back;
#if defined JUMPS || defined GOES_ON || defined THREADS || defined ASSERTS || defined PROVOKES || defined PROBES
  siglongjmp(back, signal);
#elif defined RAISES
  static const char words[] = "cleaning up\n";
  ssize_t written = write(STDERR_FILENO, words, sizeof words - 1);
  (void)written;
  free(malloc(100)); /* fails, too, when all later calls do */
  sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
  kill(getpid(), signal);
#elif defined RESETS
  sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
#elif defined ABORTS
  sigaction(SIGABRT, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
  abort();
#elif defined SKIPS
  ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 3; /* movb $'n',(%rax) */
#elif defined HANGS
  for (;;) pause();
#elif defined BARRIER
  if (mprotect(page, PAGE, PROT_READ | PROT_WRITE) != 0) _exit(3);
#elif defined DEMAND
  if (mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) _exit(3);
#else
  _exit(signal != 0);
#endif
}

static int work(void) {
  provoke();
  if (pages != NULL) *(volatile char *)pages = 2;
  char *name = make_name();
  if (name == NULL) {
    provoke();
#ifdef SENDS
    raise(SIGSEGV);
#elif defined STOPS
    raise(SIGABRT);
#endif
    return 1;
  }
  puts("done");
  free(name);
  return 0;
}

static void *work_in_thread(void *unused) {
  static char stack[1 << 16];
  (void)unused;
  sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
  return (void *)(intptr_t)(sigsetjmp(back, 1) == 0 ? work() : 1);
}

static int work_elsewhere(void) {
#ifdef THREADS
  pthread_t thread;
  void *result;
  if (pthread_create(&thread, NULL, work_in_thread, NULL) != 0) return 2;
  pthread_join(thread, &result);
  return (int)(intptr_t)result;
#elif defined FORKS
  int status;
  pid_t child = fork();
  if (child == 0) exit(work());
  return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 2;
#else
  (void)work_in_thread;
  return work();
#endif
}

int main(void) {
  static const int caught[] = {SIGSEGV, SIGBUS, SIGILL, SIGABRT};
  struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  for (size_t i = 0; i < sizeof caught / sizeof *caught; i++) sigaction(caught[i], &action, NULL);
#if defined BARRIER || defined DEMAND
  pages = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
#endif
#ifdef DEMAND
  munmap(pages, PAGES * PAGE);
#endif
#if defined JUMPS || defined ASSERTS
  if (sigsetjmp(back, 1) != 0) return 1;
#elif defined GOES_ON
  if (sigsetjmp(back, 1) != 0) return puts("done") < 0;
#endif
  return work_elsewhere();
}
