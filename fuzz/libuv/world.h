/* SPDX-License-Identifier: MIT */
/* What the steps of an input share: the loop, the private directory, and the way to call libuv. */
#ifndef NOMEM_FUZZ_LIBUV_WORLD_H
#define NOMEM_FUZZ_LIBUV_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/fuzz.h"

enum { WORLD_PATH_BYTES = 128, WORLD_FILE_BYTES = 64, WORLD_BUFS_MAX = 8 };

/* Makes the directory in which each input gets its own. To be called once; removed at exit. */
void world_prepare(void);

/* Begins an input. Its directory contains f (WORLD_FILE_BYTES of the pattern of seed 1), l (a link to f) and d (with a,
 * b, c). The environment is the same on every machine. */
void world_begin(const char *plan);

/* Drains and closes the loop. The input fails when something keeps the loop alive, or a descriptor or block leaked. */
void world_end(void);

extern uv_loop_t world_loop;

/* Writes the path of name in this input's directory; "" is the directory itself. */
void world_path(char path[WORLD_PATH_BYTES], const char *name);

/* A complete use of libuv: it waits for what it has started and closes what it has opened, whatever happens. Returns 0
 * or libuv's error. */
typedef int (*world_call)(void *argument);

/* Makes the call, which must return wanted. When a fault was injected during it, it may return UV_ENOMEM instead, and
 * must then return wanted when it is made again with enough memory. */
void world_try(const char *what, world_call call, void *argument, int wanted);

/* The same for a call whose answer the system decides: wanted is what it returns with enough memory. */
void world_try_as_usual(const char *what, world_call call, void *argument);

/* Judges a call that was already made in the same way. Returns true when it must be made again. before is what
 * memory_faults() returned before the call. */
bool world_judge(const char *what, int result, int wanted, uint64_t before);

/* Runs the loop until *done. The input fails when that does not happen. */
void world_wait(const char *what, const bool *done);

/* Waits until the thread pool has done all that was queued before, and the loop has called back for it. */
void world_settle(void);

/* Closes an initialised handle and waits until it is closed; the handle's data is not kept. */
void world_close(void *handle);

#endif
