/* SPDX-License-Identifier: MIT */
/* What a keeper does: see keeper.h. */
#ifndef NOMEM_KEEPER_PROCESS_H
#define NOMEM_KEEPER_PROCESS_H

#include <sys/types.h>

#include "../isolation/isolation.h"

/* In a fork of the command: takes orders from the socket until the command is gone. */
_Noreturn void nomem__keeper_process(int socket, pid_t command, const struct nomem__sandbox *sandbox);

#endif
