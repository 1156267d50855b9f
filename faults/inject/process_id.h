/* SPDX-License-Identifier: MIT */
/* Which process and thread this is, without a system call where the C library knows: the program may have forbidden the
 * calls that would ask the kernel (seccomp), and a fault must not be the moment that it dies of one.
 *
 * Any thread, any time, also in a signal handler.
 */
#ifndef NOMEM_PROCESS_ID_H
#define NOMEM_PROCESS_ID_H

#include <stdint.h>

#include "injector.h"

/* Asks the kernel, once a process: called again, it is one system call in the first thread, and two in others.
 * Everything below needs it. */
NOMEM_HIDDEN void nomem__process_id_prepare(void);

/* A child of this process's own making runs, and this is its first call of the injector. */
NOMEM_HIDDEN void nomem__process_id_forked(void);

/* The fork server has made this process. is_renumbered: the C library knows its number. */
NOMEM_HIDDEN void nomem__process_id_served(bool is_renumbered);

NOMEM_HIDDEN int32_t nomem__process_id(void);
NOMEM_HIDDEN int32_t nomem__thread_id(void);

#endif
