/* SPDX-License-Identifier: MIT */
/* The beginning and the end of a program that has the preloaded backend: its main() is called from here. */
#define _GNU_SOURCE
#include <unistd.h>

#include "backend_preload.h"
#include "exit_report.h"
#include "main_frame.h"

#define EXPORT __attribute__((visibility("default")))

typedef int (*main_func)(int, char **, char **);
static main_func program_main;

/* What main() called does not matter any more: the stack below this function's caller is no longer in use. */
static int enter_main(int argc, char **argv, char **env) {
  atomic_store(&nomem__main_frame.caller, (uintptr_t)__builtin_frame_address(0));
  nomem__reached_main();
  int status = program_main(argc, argv, env);
  if (!(atomic_load(&nomem__mode) & NOMEM_MODE_BLOCK_TABLE)) return status;
  nomem__main_frame_copy();
  nomem__exit_report_main_returned(__builtin_dwarf_cfa());
  return status;
}

EXPORT int __libc_start_main(main_func main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                             void (*rtld_fini)(void), void *stack_end);

EXPORT int __libc_start_main(main_func main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                             void (*rtld_fini)(void), void *stack_end) {
  int (*start)(main_func, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);
  *(void **)&start = dlsym(RTLD_NEXT, "__libc_start_main");
  if (start == NULL) _exit(127); /* no C library to start */
  program_main = main;
  return start(enter_main, argc, argv, init, fini, rtld_fini, stack_end);
}

__attribute__((destructor)) static void report_at_exit(void) {
  nomem__exit_report_write();
}
