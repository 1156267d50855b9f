/* SPDX-License-Identifier: MIT */
/* Programs that guarded blocks must leave as they are, one kind for each macro; with PLANTED each also reads a block
 * that an error path has freed. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static char *volatile extra, *volatile kept; /* lest the compiler see through it */
static volatile int seen;

static void planted(void) {
  kept = calloc(1, 64);
  extra = malloc(200);
  if (extra == NULL) free(kept);
#ifdef PLANTED
  if (kept != NULL) seen += kept[8]; /* blow-up */
#endif
  if (extra != NULL) free(kept);
  free(extra);
}

#ifdef FILTER /* is killed for protecting memory, once it has what it needs */
static void begin(void) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) exit(4);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) exit(4);
}
#elif defined HANDLER /* probes an address that may not be accessed; and after a crash it waits */
static sigjmp_buf back;
static volatile int is_probing;

static void jump(int signal) {
  (void)signal;
  if (is_probing) siglongjmp(back, 1);
  for (;;) pause(); /* for somebody to attach a debugger */
}

static int is_readable(const volatile char *address) {
  is_probing = 1;
  int was_caught = sigsetjmp(back, 1);
  if (!was_caught) seen += *address;
  is_probing = 0;
  return !was_caught;
}

static void begin(void) {
  char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  signal(SIGSEGV, jump);
  if (is_readable(page)) exit(4);
}
#elif defined SWITCH  /* protects memory of its own heap, and makes it accessible when it is needed */
static char *own;

static void unprotect(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)context;
  if ((char *)info->si_addr < own || (char *)info->si_addr >= own + 8192) _exit(5);
  mprotect(own, 8192, PROT_READ | PROT_WRITE);
}

static void begin(void) {
  struct sigaction action = {.sa_sigaction = unprotect, .sa_flags = SA_SIGINFO};
  void *pages;
  sigaction(SIGSEGV, &action, NULL);
  if (posix_memalign(&pages, 4096, 8192) != 0) exit(1);
  own = pages;
  mprotect(own, 8192, PROT_NONE);
  own[5000] = 1;
}
#elif defined READS   /* reads past the end of a block without any failure */
static void begin(void) {
  char *volatile text = malloc(32);
  if (text != NULL) seen += text[32];
  free(text);
}
#elif defined MANY    /* more blocks than are guarded */
static void begin(void) {
  static char *volatile many[10000];
  for (int i = 0; i < 10000; i++) many[i] = malloc(40);
  for (int i = 0; i < 10000; i += 2) free(many[i]);
}
#elif defined LATE    /* the same, and then reads a freed block whether a call has failed or not */
static void begin(void) {
  for (int i = 0; i < 10000; i++) free(malloc(40));
  extra = malloc(300);
  char *volatile text = calloc(1, 32);
  free(text);
  if (text != NULL) seen += text[8];
  free(extra);
}
#else
static void begin(void) {
}
#endif

int main(void) {
  begin();
  planted();
  return 0;
}
