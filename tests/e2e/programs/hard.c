/* SPDX-License-Identifier: MIT */
/* hard WHAT: one uncommon place to allocate from. Each checks itself and exits 0 whether or not allocations of 4321
 * bytes fail; none may crash or hang. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <ucontext.h>

#include "check.h"

static volatile int rounds = 20000;

static __attribute__((noinline)) void touch(void) {
  char *volatile block = malloc(4321);
  if (block != NULL) *block = 1;
  free(block);
}

/* The C library's malloc cannot bear to be called from a handler that interrupted it, so this one asks for what the
 * plan always fails; only where it interrupted the injector itself, which is before the C library's turn, does the call
 * go through. */
static volatile sig_atomic_t handled;

static void on_timer(int number) {
  (void)number;
  int saved = errno;
  free(malloc(99999));
  handled = handled + 1;
  errno = saved;
}

static void signals(void) {
  struct sigaction action = {.sa_handler = on_timer, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  struct itimerval often = {{0, 100}, {0, 100}};
  setitimer(ITIMER_REAL, &often, NULL);
  for (int i = 0; i < 50 * rounds && handled < 200; i++) touch();
  setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
  CHECK(handled > 0);
}

static void on_signal(int number) {
  (void)number;
  touch();
}

static void alternate_stack(void) {
  size_t size = (size_t)sysconf(_SC_SIGSTKSZ);
  stack_t stack = {.ss_size = size};
  stack.ss_sp = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(sigaltstack(&stack, NULL) == 0);
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
  sigaction(SIGUSR1, &action, NULL);
  for (int i = 0; i < 1000; i++) raise(SIGUSR1);
}

static ucontext_t contexts[2], home;
static int current;

static void coroutine(void) {
  for (;;) {
    touch();
    ucontext_t *from = &contexts[current];
    current = !current;
    swapcontext(from, rounds-- > 0 ? &contexts[current] : &home);
  }
}

static void coroutines(void) {
  for (int i = 0; i < 2; i++) {
    getcontext(&contexts[i]);
    contexts[i].uc_stack.ss_size = 16384;
    contexts[i].uc_stack.ss_sp = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    makecontext(&contexts[i], coroutine, 0);
  }
  swapcontext(&home, &contexts[0]);
}

static __attribute__((noinline)) int deep(int depth) {
  touch();
  if (depth == 0) return 0;
  return deep(depth - 1) + 1;
}

static void *in_thread(void *unused) {
  (void)unused;
  touch();
  deep(3);
  return NULL;
}

static void tiny_stack(void) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  CHECK(pthread_attr_setstacksize(&attributes, (size_t)sysconf(_SC_THREAD_STACK_MIN)) == 0);
  for (int i = 0; i < 100; i++) {
    pthread_t thread;
    CHECK(pthread_create(&thread, &attributes, in_thread, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
  }
}

static volatile int keep_on = 1;

static void *until_cancelled(void *unused) {
  (void)unused;
  for (int i = 0; keep_on != 0; i++) {
    touch();
    if (i % 16 == 0) pthread_testcancel();
  }
  return NULL;
}

static void (*load_plugin(void **plugin))(void) {
  const char *path = getenv("PLUGIN");
  CHECK(path != NULL);
  CHECK((*plugin = dlopen(path, RTLD_NOW)) != NULL);
  void (*work)(void);
  *(void **)&work = dlsym(*plugin, "plugin_work");
  CHECK(work != NULL);
  return work;
}

/* malloc is no place where a thread may be cancelled: a lock would stay held. The module is new to the injector, which
 * reads its symbols when the plan has in=. */
static void *cancelled_in_malloc(void *reached) {
  void *plugin;
  void (*work)(void) = load_plugin(&plugin);
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
  pthread_cancel(pthread_self());
  pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
  work();
  *(int *)reached = 1;
  pthread_testcancel();
  return NULL;
}

static void cancellation(void) {
  pthread_t thread;
  int reached = 0;
  CHECK(pthread_create(&thread, NULL, cancelled_in_malloc, &reached) == 0);
  CHECK(pthread_join(thread, NULL) == 0 && reached == 1);
  for (int i = 0; i < 50; i++) {
    CHECK(pthread_create(&thread, NULL, until_cancelled, NULL) == 0);
    CHECK(pthread_cancel(thread) == 0 && pthread_join(thread, NULL) == 0);
  }
  touch();
}

static void *for_ever(void *unused) {
  (void)unused;
  while (keep_on != 0) touch();
  return NULL;
}

static void exit_with_threads(void) {
  pthread_t thread;
  for (int i = 0; i < 4; i++) CHECK(pthread_create(&thread, NULL, for_ever, NULL) == 0);
  for (int i = 0; i < rounds; i++) touch();
  exit(0);
}

static void plugins(void) {
  for (int i = 0; i < 200; i++) {
    void *plugin;
    load_plugin (&plugin)();
    CHECK(dlclose(plugin) == 0);
  }
  CHECK(dlsym(RTLD_DEFAULT, "no_such_function") == NULL && dlerror() != NULL);
}

static void no_descriptors(void) {
  closefrom(0);
  for (int i = 0; i < 100; i++) touch();
  deep(50);
}

static void little_memory(void) {
  CHECK(setrlimit(RLIMIT_AS, &(struct rlimit){64 << 20, 64 << 20}) == 0);
  for (int i = 0; i < 1000; i++) touch();
  void *block = malloc((size_t)1 << 30);
  CHECK(block == NULL && errno == ENOMEM);
}

static void recursion(void) {
  for (int i = 0; i < 3; i++) deep(20000);
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    void (*function)(void);
  } all[] = {{"signals", signals},       {"alternate-stack", alternate_stack}, {"coroutines", coroutines},
             {"tiny-stack", tiny_stack}, {"cancellation", cancellation},       {"exit-with-threads", exit_with_threads},
             {"plugins", plugins},       {"no-descriptors", no_descriptors},   {"little-memory", little_memory},
             {"recursion", recursion}};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (argc == 2 && strcmp(argv[1], all[i].name) == 0) {
      all[i].function();
      return 0;
    }
  return 2;
}
