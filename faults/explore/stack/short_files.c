/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "short_files.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#define PAGE_BYTES UINT64_C(4096)

/* Any other SIGBUS ends the command, when the instruction is executed again. */
static void replace_page(int signal, siginfo_t *info, void *context) {
  (void)context;
  uintptr_t page = (uintptr_t)info->si_addr & ~(uintptr_t)(PAGE_BYTES - 1);
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  bool is_gone = info->si_code == BUS_ADRERR;
  /* NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel gives the address */
  if (!is_gone || mmap((void *)page, PAGE_BYTES, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED)
    sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
}

void nomem__short_files_survive(void) {
  sigaction(SIGBUS, &(struct sigaction){.sa_sigaction = replace_page, .sa_flags = SA_SIGINFO}, NULL);
}
