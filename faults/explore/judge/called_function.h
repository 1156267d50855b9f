/* SPDX-License-Identifier: MIT */
/* Which function a call instruction of a stopped thread calls. */
#ifndef NOMEM_CALLED_FUNCTION_H
#define NOMEM_CALLED_FUNCTION_H

#include <stdint.h>
#include <sys/types.h>

/* The longest call instruction that is understood. */
#define NOMEM_CALL_BYTES 6

/* The address of the function that the call before a return address calls, through a stub of the linker or not; code:
 * the bytes before that address. 0: not known. */
uint64_t nomem__called_function(pid_t tid, uint64_t return_address, const unsigned char code[NOMEM_CALL_BYTES]);

#endif
